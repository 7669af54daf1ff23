//! How work is cut for CUDA: constants defined once, and emitted as `kernels/constants.cu`, which
//! every kernel begins with. What does not depend on the device is shared with the shaders.

use std::fmt::Write as _;

use crate::backend::gpu::tile::{
    BINS, DIGIT_BITS, FLAG_MOMENTS, FLAG_NULLS, FLAG_ORDERED, FLAG_VALUES, ITEMS,
};
use crate::grid;

/// Threads of a block: one per value of a digit, and half of what a multiprocessor's registers serve.
pub const WORKGROUP: u32 = BINS;
/// Consecutive items that one block owns.
pub const TILE: u32 = WORKGROUP * ITEMS;
/// Words of the sums in a row: S and Q in 128 bits each, or the sum of terms in 256.
pub const SUM_WORDS: u32 = 8;
/// Words of a row: key, photons, values, NaN, both infinities, out of range, one free, smallest and
/// largest key in 64 bits each, sums.
pub const ROW_WORDS: u32 = 12 + SUM_WORDS;
/// Words of 64 bits of a row that pieces of runs are added up in: photons and values, NaN and one infinity,
/// the other and out of range, in 32 bits each; the complement of the smallest key, and the largest; sums in
/// limbs; two free, so that rows are 32-byte sectors.
pub const FOLD_WORDS: u32 = 12;
/// Pairs that a thread of the sort without counts of tiles has (`kernels/sweep.cu`): as many as fit the registers
/// where two blocks share a multiprocessor.
pub const SWEEP_ITEMS: u32 = 24;
/// Photons of a batch on a device at most. A row holds their sums: 2^28 values below 2^48, squares
/// below 2^96, terms below 2^191.
pub const BATCH: usize = 1 << 28;
/// Sums are asked for.
pub const FLAG_SUMS: u32 = FLAG_MOMENTS;

// One block scans the sums of all tiles of counts.
const _: () = assert!((BATCH as u64 / TILE as u64) * BINS as u64 <= TILE as u64 * TILE as u64);
// A word holds the sum of a tile of values, and of limbs of 32 bits.
const _: () = assert!(TILE as u64 <= 1 << 12);

const CONSTANTS: [(&str, u32); 13] = [
    ("WORKGROUP", WORKGROUP),
    ("ITEMS", ITEMS),
    ("TILE", TILE),
    ("DIGIT_BITS", DIGIT_BITS),
    ("BINS", BINS),
    ("ROW_WORDS", ROW_WORDS),
    ("SUM_WORDS", SUM_WORDS),
    ("FOLD_WORDS", FOLD_WORDS),
    ("SWEEP_ITEMS", SWEEP_ITEMS),
    ("FLAG_ORDERED", FLAG_ORDERED),
    ("FLAG_NULLS", FLAG_NULLS),
    ("FLAG_VALUES", FLAG_VALUES),
    ("FLAG_SUMS", FLAG_SUMS),
];

/// What `kernels/constants.cu` holds.
pub fn constants() -> String {
    let mut text = "// constants: emitted from `src/backend/cuda/tile.rs` and `src/grid/`; a test \
                    compares, and writes\n// this file where ICEFOLD_WRITE_CONSTANTS is set. \
                    Numbers are written in full, in hexadecimal.\n\n"
        .to_owned();
    for (name, value) in CONSTANTS {
        let _ = writeln!(text, "static constexpr unsigned int {name} = {value};");
    }
    text.push('\n');
    for (name, value) in grid::numbers() {
        let _ = writeln!(
            text,
            "static constexpr double {name} = {};",
            hexadecimal(value)
        );
    }
    text
}

/// A normal number as C++ writes it without rounding.
fn hexadecimal(value: f64) -> String {
    let bits = value.to_bits();
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let exponent = (bits >> 52 & 0x7ff) as i64 - 1023;
    format!("{sign}0x1.{:013x}p{exponent:+}", bits & ((1 << 52) - 1))
}

/// Tiles of `n` items.
pub fn tiles(n: u32) -> u32 {
    n.div_ceil(TILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_without_rounding() {
        assert_eq!(hexadecimal(1.0), "0x1.0000000000000p+0");
        assert_eq!(hexadecimal(-0.75), "-0x1.8000000000000p-1");
        assert_eq!(hexadecimal(0.1), "0x1.999999999999ap-4");
    }

    /// `kernels/constants.cu` is what the PTX and the emulation are built from.
    #[test]
    fn the_constants_of_the_kernels_are_these() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/kernels/constants.cu");
        if std::env::var_os("ICEFOLD_WRITE_CONSTANTS").is_some() {
            std::fs::write(path, constants()).unwrap();
        }
        let found = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            found == constants(),
            "kernels/constants.cu is not what the crate defines: set ICEFOLD_WRITE_CONSTANTS=1 and \
             run this test, then scripts/ptx"
        );
    }
}
