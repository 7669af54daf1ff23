//! Strategies: in which order the stages run, chosen by a cheap sample of the batch.

use std::ops::Range;

use rayon::prelude::*;

use super::blocks::BLOCK;

/// In which order the stages run; every one gives the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// Whichever a sample of the batch calls for.
    Auto,
    /// Fold runs of photons, sort their records.
    Runs,
    /// Fold blocks of photons in no order, sort their records.
    Blocks,
    /// Sort photons, fold segments.
    Sort,
}

/// Photons in a window of the sample.
const WINDOW: usize = 64;
/// Windows are at least this many photons apart, so that a sample costs little beside the batch.
const STRIDE: usize = 64 * WINDOW;
/// Most windows.
const WINDOWS: usize = 128;
/// Mean photons in a run from which on folding runs first pays.
const LONG_RUN: usize = 4;
/// Mean photons of a cell in a block from which on folding blocks first pays: where photons are sorted by key, and
/// where they are sorted part by part.
const BUSY_CELL: [f64; 2] = [8.0, 48.0];

impl Strategy {
    /// The strategy itself, or what the cells of some ranges of the batch call for; `parted`: whether *Sort* can
    /// sort part by part.
    pub fn settle(
        self,
        photons: usize,
        parted: bool,
        cells: impl Fn(Range<usize>) -> Vec<u64> + Sync,
    ) -> Self {
        if self != Self::Auto || photons == 0 {
            return if self == Self::Auto { Self::Runs } else { self };
        }
        let stride = (photons / WINDOWS).max(STRIDE);
        let starts: Vec<usize> = (0..photons).step_by(stride).collect();
        // On all threads: whoever asks for a fold waits for it.
        let windows = starts.into_par_iter().with_min_len(8);
        let windows: Vec<Vec<u64>> = windows
            .map(|start| cells(start..(start + WINDOW).min(photons)))
            .collect();
        let (mut sample, mut runs) = (Vec::new(), 0);
        for window in windows {
            runs += 1 + window.windows(2).filter(|pair| pair[0] != pair[1]).count();
            sample.extend(window);
        }
        if sample.len() >= LONG_RUN * runs {
            return Self::Runs;
        }
        let drawn = sample.len() as f64;
        sample.sort_unstable();
        sample.dedup();
        let busy = BUSY_CELL[usize::from(parted)];
        if sample.len() as f64 <= drawn * distinct_share(drawn, BLOCK as f64 / busy) {
            Self::Blocks
        } else {
            Self::Sort
        }
    }
}

/// Of `drawn` cells out of so many equally likely ones the share that is distinct: N (1 - (1 - 1/N)^drawn) / drawn.
fn distinct_share(drawn: f64, cells: f64) -> f64 {
    let ratio = drawn / cells;
    // 1 - exp(-r) over r; a series where r is small.
    if ratio < 1e-3 {
        1.0 - 0.5 * ratio
    } else {
        (1.0 - libm::exp(-ratio)) / ratio
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(cells: &[u64]) -> Strategy {
        Strategy::Auto.settle(cells.len(), false, |range| cells[range].to_vec())
    }

    fn scattered(n: u64, cells: u64) -> Vec<u64> {
        (0..n)
            .map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20) % cells)
            .collect()
    }

    #[test]
    fn long_runs_few_cells_and_many_cells_have_their_strategies() {
        let along: Vec<u64> = (0..1_000_000).map(|i| i / 100).collect();
        assert_eq!(settled(&along), Strategy::Runs);
        assert_eq!(settled(&scattered(1_000_000, 4096)), Strategy::Blocks);
        assert_eq!(settled(&scattered(1_000_000, 10_000_000)), Strategy::Sort);
        assert_eq!(settled(&[]), Strategy::Runs);
    }

    #[test]
    fn a_forced_strategy_stays() {
        let never = |_| -> Vec<u64> { unreachable!("no sample is needed") };
        assert_eq!(Strategy::Sort.settle(10, true, never), Strategy::Sort);
    }

    #[test]
    fn blocks_are_for_fewer_cells_where_photons_can_be_sorted_part_by_part() {
        for (cells, parted, strategy) in [
            (16_384, false, Strategy::Blocks),
            (16_384, true, Strategy::Sort),
            (2048, true, Strategy::Blocks),
        ] {
            let mixed = |i: u64| {
                let x = i.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                ((x ^ x >> 31).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 20) % cells
            };
            let cells: Vec<u64> = (0..1_000_000).map(mixed).collect();
            let settled = Strategy::Auto.settle(cells.len(), parted, |range| cells[range].to_vec());
            assert_eq!(settled, strategy, "{parted}");
        }
    }
}
