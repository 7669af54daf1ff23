//! The reading of tables, and what they are read from.

#[cfg(test)]
#[path = "../../../src/read/in_memory.rs"]
mod in_memory;
pub mod table;
