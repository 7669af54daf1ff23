//! The parts of icefold's chunk decoder that read no file.

#[path = "../../src/granule/chunk/blosc.rs"]
pub mod blosc;
#[path = "../../src/granule/chunk/blosclz.rs"]
pub mod blosclz;
#[path = "../../src/granule/chunk/checksum.rs"]
pub mod checksum;
#[path = "../../src/granule/chunk/codecs.rs"]
pub mod codecs;
#[path = "../../src/granule/chunk/convert.rs"]
pub mod convert;
#[path = "../../src/granule/chunk/encode.rs"]
pub mod encode;
#[path = "../../src/granule/chunk/entries.rs"]
pub mod entries;
#[path = "../../src/granule/chunk/filter.rs"]
pub mod filter;
#[path = "../../src/granule/chunk/inflate.rs"]
pub mod inflate;
#[path = "../../src/granule/chunk/table.rs"]
pub mod table;
#[path = "../../src/granule/chunk/unshuffle.rs"]
pub mod unshuffle;
