//! What icefold knows of where chunks lie, without those parts that read files.

#[path = "../../src/read/hdf5/chunk/entries.rs"]
pub mod entries;
#[path = "../../src/read/hdf5/chunk/table.rs"]
pub mod table;
