//! The parts of icefold's decoder, which read no file.

#[path = "../../src/decode/blosc.rs"]
pub mod blosc;
#[path = "../../src/decode/blosclz.rs"]
pub mod blosclz;
#[path = "../../src/decode/checksum.rs"]
pub mod checksum;
#[path = "../../src/decode/codecs.rs"]
pub mod codecs;
#[path = "../../src/decode/convert.rs"]
pub mod convert;
#[path = "../../src/decode/encode.rs"]
pub mod encode;
#[path = "../../src/decode/filter.rs"]
pub mod filter;
#[path = "../../src/decode/inflate.rs"]
pub mod inflate;
#[path = "../../src/decode/unshuffle.rs"]
pub mod unshuffle;
