//! How work is cut for GPUs: constants defined once, and emitted as the first lines of every shader
//! and kernel.

use std::fmt::Write as _;

/// Invocations of a workgroup. Every device runs 128, and its slots and ranks fit 16 KiB.
pub const WORKGROUP: u32 = 128;
/// Consecutive items that one invocation owns.
pub const ITEMS: u32 = 16;
/// Consecutive items that one workgroup owns.
pub const TILE: u32 = WORKGROUP * ITEMS;
/// Bits of the digit of one pass of the radix sort.
pub const DIGIT_BITS: u32 = 8;
/// Values of a digit.
pub const BINS: u32 = 1 << DIGIT_BITS;
/// Words of a row: key, photons, values, NaN, both infinities, out of range, smallest and largest
/// key, sum in 96 bits, sum of squares in 128 bits.
pub const ROW_WORDS: u32 = 16;
/// Photons of a batch on a device: a column takes 64 MiB, which fits every default limit and stays
/// clear of watchdogs. Its sums fit a row: 2^24 values below 2^48, and squares below 2^96.
pub const BATCH: u32 = 1 << 24;

/// Items are in another order than they lie in memory.
pub const FLAG_ORDERED: u32 = 1;
/// Some values are null.
pub const FLAG_NULLS: u32 = 2;
/// The values themselves matter, not only how many there are.
pub const FLAG_VALUES: u32 = 4;
/// Sums are asked for.
pub const FLAG_MOMENTS: u32 = 8;

// A grid of one dimension holds all tiles, and one workgroup scans the sums of all tiles of counts.
const _: () = assert!(BATCH / TILE <= 65_535);
const _: () = assert!((BATCH / TILE) * BINS <= TILE * TILE);
// Limbs of 16 bits: five times 2^16 for each photon of a tile stay below 2^32.
const _: () = assert!(5 * (1 << 16) * (TILE as u64) < 1 << 32);

const CONSTANTS: [(&str, u32); 10] = [
    ("WORKGROUP", WORKGROUP),
    ("ITEMS", ITEMS),
    ("TILE", TILE),
    ("DIGIT_BITS", DIGIT_BITS),
    ("BINS", BINS),
    ("ROW_WORDS", ROW_WORDS),
    ("FLAG_ORDERED", FLAG_ORDERED),
    ("FLAG_NULLS", FLAG_NULLS),
    ("FLAG_VALUES", FLAG_VALUES),
    ("FLAG_MOMENTS", FLAG_MOMENTS),
];

/// The constants in WGSL.
pub fn wgsl() -> String {
    let mut text = String::new();
    for (name, value) in CONSTANTS {
        let _ = writeln!(text, "const {name}: u32 = {value}u;");
    }
    text
}

/// Tiles of `n` items.
pub fn tiles(n: u32) -> u32 {
    n.div_ceil(TILE)
}
