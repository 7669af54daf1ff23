//! The reading of tables, and what they are read from.

#[path = "../../../src/read/bytes.rs"]
pub mod bytes;
#[cfg(test)]
#[path = "../../../src/read/in_memory.rs"]
mod in_memory;
pub mod table;
