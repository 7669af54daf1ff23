//! The sort whose tiles look back at each other, as launches. Twin: `kernels/sweep.cu`; the passes and their
//! permutations are those of `stages::sort`.

use crate::backend::gpu::tile::{BINS, DIGIT_BITS};

use super::kernels::Argument::Word;
use super::kernels::Kernel;
use super::machine::{Machine, Result};
use super::memory::{Gpu, Lease};
use super::stages::SortedKeys;
use super::tile::{SWEEP_ITEMS, WORKGROUP};

/// Places of digits in a key.
const DIGITS: u32 = u32::BITS / DIGIT_BITS;
/// Blocks that count digits, at most.
const BLOCKS: u32 = 1024;
/// Words before the states: the counter of tiles, and what keeps the states in sectors of their own.
const COUNTER_WORDS: u32 = 64;

/// Tiles of `n` pairs.
pub fn tiles(n: u32) -> u32 {
    n.div_ceil(WORKGROUP * SWEEP_ITEMS)
}

/// Sorts `n` keys by the digits in which they differ; `None` where they do not.
pub fn sort<M: Machine>(
    gpu: &Gpu<M>,
    keys: &Lease,
    n: u32,
    differing: u32,
) -> Result<Option<SortedKeys>> {
    let counts = gpu.scratch::<u32>(u64::from(DIGITS * BINS))?;
    gpu.fill::<u32>(&counts, u64::from(DIGITS * BINS), 0)?;
    let blocks = n.div_ceil(4 * WORKGROUP).min(BLOCKS);
    let arguments = [Word(n), Word(blocks * WORKGROUP), keys.at(), counts.at()];
    gpu.launch(Kernel::SweepCount, blocks, &arguments)?;
    gpu.launch(Kernel::SweepSums, DIGITS, &[counts.at()])?;
    let tiles = tiles(n);
    let words = u64::from(COUNTER_WORDS) + u64::from(tiles) * u64::from(BINS);
    let states = gpu.scratch::<u32>(words)?;
    let pair = || -> Result<SortedKeys> {
        Ok(SortedKeys {
            keys: gpu.scratch::<u32>(n.into())?,
            items: gpu.scratch::<u32>(n.into())?,
        })
    };
    let (mut from, mut to): (Option<SortedKeys>, _) = (None, pair()?);
    for low in (0..u32::BITS).step_by(DIGIT_BITS as usize) {
        if differing >> low & (BINS - 1) == 0 {
            continue;
        }
        gpu.fill::<u32>(&states, words, 0)?;
        // In the first pass item i is i, and what stands in place of items is not read.
        let (keys, items) = from.as_ref().map_or((keys, keys), |p| (&p.keys, &p.items));
        let arguments = [
            Word(n),
            Word(low),
            Word(u32::from(from.is_none())),
            keys.at(),
            items.at(),
            counts.at(),
            states.at(),
            states.from(u64::from(COUNTER_WORDS) * 4)?,
            to.keys.at(),
            to.items.at(),
        ];
        gpu.launch(Kernel::Sweep, tiles, &arguments)?;
        let next = from.take().map_or_else(pair, Ok)?;
        from = Some(std::mem::replace(&mut to, next));
    }
    Ok(from)
}
