//! The reading of tables.

pub mod table;
