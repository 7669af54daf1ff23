//! The reading of tables, and what they are read from.

#[path = "../../../src/read/bytes.rs"]
pub mod bytes;
pub mod table;
