//! What the kept rows of a block hold, without the others.
//!
//! On the line: a block is read whole, and of its columns a batch has what is kept. Where one thread works, values move
//! up to those before them in the memory that they are in: that is half of the memory that a copy touches, and runs of
//! rows move at once. Where several do, each copies a part of what is kept to other memory.

use std::ops::Range;

use arrow::array::BooleanBufferBuilder;
use arrow::buffer::{BooleanBuffer, NullBuffer};
use bytemuck::Pod;
use rayon::prelude::*;

use super::block::Block;
use super::kept::Kept;
use super::select::TILE;
use crate::photon::{Buffer, Values};
use crate::read::buffers::Buffers;

impl Block {
    /// The values of kept rows, and which of them are null.
    pub fn picked(self, kept: &Kept, buffers: &mut Buffers) -> (Values, Option<NullBuffer>) {
        if matches!(kept, Kept::All(_)) {
            return (self.values, self.nulls);
        }
        let nulls = self.nulls.map(|nulls| pick_nulls(&nulls, kept));
        let mut values = self.values;
        if rayon::current_num_threads() == 1 {
            match &mut values {
                Values::F32(v) => close_up(v, kept),
                Values::F64(v) => close_up(v, kept),
                Values::I64(v) => close_up(v, kept),
            }
            return (values, nulls);
        }
        let mut out = buffers.take_for_batch(values.column_type(), kept.len());
        match (&values, &mut out) {
            (Values::F32(v), Values::F32(out)) => copy(v, kept, out),
            (Values::F64(v), Values::F64(out)) => copy(v, kept, out),
            (Values::I64(v), Values::I64(out)) => copy(v, kept, out),
            _ => unreachable!("a buffer has the type that was asked for"),
        }
        buffers.give(values);
        (out, nulls)
    }
}

/// Moves the values of kept rows, each of which is at its place or behind it, to the front.
fn close_up<T: Pod>(buffer: &mut Buffer<T>, kept: &Kept) {
    let values = &mut buffer[..];
    match kept {
        Kept::All(_) => {}
        Kept::Runs(runs) => {
            let mut end = 0;
            for run in runs {
                let run = run.start as usize..run.end as usize;
                let rows = run.len();
                if run.start != end {
                    values.copy_within(run, end);
                }
                end += rows;
            }
        }
        Kept::Listed(list) => {
            for (place, &row) in list.iter().enumerate() {
                values[place] = values[row as usize];
            }
        }
    }
    buffer.truncate(kept.len());
}

/// Copies the values of kept rows, some of them by each thread.
fn copy<T: Copy + Send + Sync>(values: &[T], kept: &Kept, out: &mut [T]) {
    let tiles = out.par_chunks_mut(TILE).enumerate();
    match kept {
        Kept::All(rows) => out.copy_from_slice(&values[..*rows]),
        Kept::Listed(list) => {
            let tiles = tiles.zip(list.par_chunks(TILE));
            tiles.for_each(|((_, out), rows)| {
                for (out, &row) in out.iter_mut().zip(rows) {
                    *out = values[row as usize];
                }
            });
        }
        Kept::Runs(runs) => {
            let ends: Vec<usize> = runs
                .iter()
                .scan(0, |end, run| {
                    *end += run.len();
                    Some(*end)
                })
                .collect();
            tiles.for_each(|(tile, out)| copy_runs(values, (runs, &ends), tile * TILE, out));
        }
    }
}

/// Copies the values of runs from a place on; `ends` are the places at which runs end.
fn copy_runs<T: Copy>(
    values: &[T],
    (runs, ends): (&[Range<u32>], &[usize]),
    mut place: usize,
    mut out: &mut [T],
) {
    let first = ends.partition_point(|&end| end <= place);
    for (run, &end) in runs[first..].iter().zip(&ends[first..]) {
        let rows = (end - place).min(out.len());
        let start = run.end as usize - (end - place);
        let (front, rest) = out.split_at_mut(rows);
        front.copy_from_slice(&values[start..start + rows]);
        place += rows;
        out = rest;
        if out.is_empty() {
            return;
        }
    }
}

/// Which of the kept rows are not null.
fn pick_nulls(nulls: &NullBuffer, kept: &Kept) -> NullBuffer {
    match kept {
        Kept::All(_) => nulls.clone(),
        Kept::Runs(runs) => {
            let mut bits = BooleanBufferBuilder::new(kept.len());
            for run in runs {
                bits.append_buffer(&nulls.inner().slice(run.start as usize, run.len()));
            }
            NullBuffer::new(bits.finish())
        }
        Kept::Listed(list) => {
            let is_valid = |i: usize| nulls.is_valid(list[i] as usize);
            NullBuffer::new(BooleanBuffer::collect_bool(list.len(), is_valid))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::hdf5::select::count;
    use proptest::prelude::*;

    fn block(rows: usize) -> Block {
        Block {
            values: Values::I64((0..rows as i64).map(|row| 7 * row).collect()),
            nulls: Some((0..rows).map(|row| row % 5 != 2).collect()),
            ..Block::default()
        }
    }

    proptest! {
        #[test]
        fn kept_rows_hold_what_they_held_whoever_copies(
            runs in prop::collection::vec((0_u8..2, prop_oneof![1_usize..4, 1_usize..6000]), 1..30),
        ) {
            let marks: Vec<u8> = runs.iter().flat_map(|&(mark, count)| vec![mark; count]).collect();
            let kept = Kept::of(&marks, count(&marks));
            let rows: Vec<usize> = (0..marks.len()).filter(|&row| marks[row] == 1).collect();
            let expected = Values::I64(rows.iter().map(|&row| 7 * row as i64).collect());
            let valid: Vec<bool> = rows.iter().map(|&row| row % 5 != 2).collect();
            for threads in [1, 3] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let picked = || block(marks.len()).picked(&kept, &mut Buffers::default());
                let (values, nulls) = pool.install(picked);
                prop_assert_eq!(&values, &expected);
                prop_assert_eq!(nulls.unwrap().iter().collect::<Vec<bool>>(), valid.clone());
            }
        }
    }

    #[test]
    fn rows_beside_a_rejected_one_move_in_the_memory_that_they_are_in() {
        let block = block(5000);
        let mut marks = vec![1; 5000];
        marks[70] = 0;
        let kept = Kept::of(&marks, 4999);
        let lies_at = |values: &Values| match values {
            Values::I64(v) => (v.as_ptr(), v.len()),
            _ => unreachable!("integers"),
        };
        let (before, _) = lies_at(&block.values);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .build()
            .unwrap();
        let (values, _) = pool.install(|| block.picked(&kept, &mut Buffers::default()));
        assert_eq!(lies_at(&values), (before, 4999));
    }
}
