//! How long memory has to be that a kernel is given: looked at before each launch, so that no launch reaches beyond
//! what it was given, whatever was asked for. What stands in place of memory that is not read may be of any length.

use crate::backend::gpu::numbers::{STATE_WORDS, TASK_WORDS, UNIT};
use crate::backend::gpu::tile::{BINS, DIGIT_BITS, FLAG_NULLS, FLAG_ORDERED, FLAG_VALUES};
use crate::photon::ColumnType;

use super::kernels::{Argument, Kernel};
use super::machine::{Fault, Result};
use super::picked::kind_of;
use super::tile::{FOLD_WORDS, ROW_WORDS, WORKGROUP, tiles};

/// Bytes of a row, of a row of runs, of a piece of a run, and of the counts of `runs.cu`.
const ROW: u64 = 4 * ROW_WORDS as u64;
const RUNS_ROW: u64 = 8 * FOLD_WORDS as u64;
const PIECE: u64 = 16;
const COUNTS: u64 = 16;
/// Bytes of a task and of the state of a chunk.
const TASK: u64 = 4 * TASK_WORDS as u64;
const STATE: u64 = 4 * STATE_WORDS as u64;
/// Bytes of the digits' counts of a whole sort.
const DIGITS: u64 = (4 * u32::BITS / DIGIT_BITS * BINS) as u64;

impl Kernel {
    /// That every argument is memory that is long enough.
    ///
    /// # Errors
    /// One is not: a defect of icefold.
    pub fn check(self, arguments: &[Argument]) -> Result<()> {
        let mut needed = self.needs(arguments).into_iter();
        for (place, argument) in arguments.iter().enumerate() {
            let Argument::Memory(span) = argument else {
                continue;
            };
            let bytes = needed.next().unwrap_or(u64::MAX);
            if span.bytes() < bytes {
                return Err(Fault::Wrong(format!(
                    "argument {place} of {} has {} bytes and needs {bytes}",
                    self.name(),
                    span.bytes()
                )));
            }
        }
        Ok(())
    }

    /// Bytes of the memory that it is given, in the order of its parameters. Where items are named by what earlier
    /// kernels wrote, only what the numbers tell.
    fn needs(self, arguments: &[Argument]) -> Vec<u64> {
        let word = |place: usize| match arguments.get(place) {
            Some(Argument::Word(word)) => *word,
            _ => 0,
        };
        let at = |place: usize| u64::from(word(place));
        let (n, unit) = (at(0), u64::from(UNIT));
        let tile_count = u64::from(tiles(word(0)));
        match self {
            Self::Locate => vec![8 * n, 8 * n, 8 * n],
            Self::LocateGroups => vec![8 * n, 8 * (at(4) + 1), 4],
            Self::LocateKeys => vec![8 * n, 8 * at(4), 4 * n],
            Self::ScanReduce | Self::ScanApply => vec![4 * n, 4 * tile_count],
            Self::ScanSums => vec![4 * (tile_count + 1)],
            Self::SortCount => vec![4 * n, 4 * tile_count * u64::from(BINS)],
            Self::Sort => {
                let items = if word(2) == 0 { 4 * n } else { 0 };
                let counts = 4 * tile_count * u64::from(BINS);
                vec![4 * n, items, counts, 4 * n, 4 * n]
            }
            Self::SweepCount => vec![4 * n, DIGITS],
            Self::SweepSums => vec![DIGITS],
            Self::Sweep => {
                let items = if word(2) == 0 { 4 * n } else { 0 };
                let states = 4 * u64::from(super::sweep::tiles(word(0))) * u64::from(BINS);
                vec![4 * n, items, DIGITS, 4, states, 4 * n, 4 * n]
            }
            Self::SegmentCount => vec![4 * n, 4 * tile_count, 8],
            // As many pieces as were counted.
            Self::Segment => {
                let ranks = 4 * tile_count * u64::from(WORKGROUP);
                vec![4 * n, 4 * tile_count, 0, 0, ranks]
            }
            Self::Reduce => of_photons(word(0), word(1), word(5), 4),
            Self::ReduceF64 | Self::ReduceI64 | Self::ReduceTerms => {
                of_photons(word(0), word(1), word(5), 8)
            }
            Self::ReduceRecords | Self::ReduceTermRecords => {
                let of_pieces = of_pieces(word(0), word(1));
                [&of_pieces[..], &[4 * n, ROW * n, ROW * at(1)]].concat()
            }
            Self::ReduceValues => of_values(word(0), word(1), 4),
            Self::ReduceValuesF64 | Self::ReduceValuesI64 => of_values(word(0), word(1), 8),
            Self::Runs => vec![8 * n, 8 * n, PIECE * at(5), 8 * (at(7) + 1), COUNTS],
            Self::RunsKeys => vec![4 * n, PIECE * at(2), 8 * (at(4) + 1), COUNTS],
            Self::RunsCells => {
                let rows = RUNS_ROW * at(3) * at(4);
                vec![8 * n, 4 * n, 8 * at(3), rows, COUNTS]
            }
            Self::RunsRows => {
                let rows = RUNS_ROW * at(1) * at(2);
                vec![COUNTS, 8 * at(1), rows, 16 * at(4)]
            }
            // Photons and rows are those that the pieces name.
            Self::Fold | Self::FoldF64 | Self::FoldI64 | Self::FoldTerms => {
                vec![COUNTS, PIECE * at(1), 0, 0, 0, 0]
            }
            // Chunks and places are those that the tasks name, which the kernels hold against these numbers.
            Self::Inflate => {
                let (of_in, of_out) = (unit * at(2), unit * at(3));
                vec![TASK * n, of_in, of_out, STATE * at(1), 4]
            }
            Self::InflateCheck | Self::UnfilterFletcher32 => {
                vec![TASK * n, unit * at(2), STATE * at(1)]
            }
            Self::UnfilterShuffle => {
                vec![TASK * n, unit * at(2), unit * at(3), STATE * at(1)]
            }
            Self::UnfilterValues => vec![TASK * n, unit * at(2), 4 * at(3), STATE * at(1)],
            Self::SelectPositions => vec![8 * n, 8 * n, n],
            Self::SelectShards => vec![8 * n, 8 * at(1), 8 * at(2), n],
            Self::SelectSpread => vec![4 * at(1), 4 * at(1), 4 * n],
            Self::SelectOdd => vec![width(word(1)) * n, 16 * u64::from(word(3) != 0), n, 4],
            Self::SelectFilter => vec![width(word(1)) * n, 8 * at(2), 16 * at(3), n],
            Self::SelectNull => vec![width(word(1)) * n, 8 * at(2), n, n],
            Self::SelectCount | Self::SelectList => vec![n, 4 * tile_count, 4 * at(1)],
            Self::SelectGather => {
                let (width, fills) = (width(word(2)), at(3));
                let valid = if fills > 0 { 4 * n.div_ceil(32) } else { 0 };
                vec![4 * n, width * at(1), 8 * fills, width * n, valid, 4]
            }
            Self::SelectRemain => vec![width(word(1)) * n, 16, n],
        }
    }
}

/// Bytes of a value of this kind.
fn width(kind: u32) -> u64 {
    if kind == kind_of(ColumnType::F32) {
        4
    } else {
        8
    }
}

/// Starts, heads and ranks.
fn of_pieces(n: u32, pieces: u32) -> [u64; 3] {
    let pieces = 4 * u64::from(pieces);
    [
        pieces,
        pieces,
        4 * u64::from(tiles(n)) * u64::from(WORKGROUP),
    ]
}

/// Then order, values, validity and rows.
fn of_photons(n: u32, pieces: u32, flags: u32, width: u64) -> Vec<u64> {
    let [order, values, valid] = of_column(n, flags, width);
    let rows = ROW * u64::from(pieces);
    [&of_pieces(n, pieces)[..], &[order, values, valid, rows]].concat()
}

/// Order, values, validity and keys.
fn of_values(n: u32, flags: u32, width: u64) -> Vec<u64> {
    let [order, values, valid] = of_column(n, flags | FLAG_VALUES, width);
    vec![order, values, valid, u64::from(n) * width]
}

fn of_column(n: u32, flags: u32, width: u64) -> [u64; 3] {
    let n = u64::from(n);
    let of = |flag: u32, bytes: u64| if flags & flag == 0 { 0 } else { bytes };
    [
        of(FLAG_ORDERED, 4 * n),
        of(FLAG_VALUES, width * n),
        of(FLAG_NULLS, 4 * n.div_ceil(32)),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::kernels::KERNELS;
    use super::super::machine::Block;
    use super::*;

    /// Whatever the numbers: as many lengths as there are addresses.
    #[test]
    fn every_address_of_every_kernel_has_a_length() {
        let block = Block::none();
        for kernel in KERNELS {
            let arguments: Vec<Argument> = kernel
                .parameters()
                .into_iter()
                .map(|bytes| {
                    if bytes == 4 {
                        Argument::Word(7)
                    } else {
                        Argument::Memory(block.span())
                    }
                })
                .collect();
            let addresses = arguments
                .iter()
                .filter(|a| matches!(a, Argument::Memory(_)));
            let (found, addresses) = (kernel.needs(&arguments).len(), addresses.count());
            assert_eq!(found, addresses, "{}", kernel.name());
            assert!(kernel.check(&arguments).is_err(), "{}", kernel.name());
        }
    }

    #[test]
    fn memory_that_is_too_short_is_not_launched_on() {
        let block = Block::none();
        let none = Argument::Memory(block.span());
        let word = Argument::Word;
        let why = Kernel::Locate
            .check(&[word(3), word(0), word(1), none, none, none])
            .unwrap_err();
        let Fault::Wrong(why) = why else {
            unreachable!("a defect");
        };
        assert_eq!(why, "argument 3 of locate has 0 bytes and needs 24");
        let nothing = [word(0), word(0), word(1), none, none, none];
        assert!(Kernel::Locate.check(&nothing).is_ok());
    }
}
