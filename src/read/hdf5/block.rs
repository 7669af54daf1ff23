//! The values of a block of rows, and the columns that kept rows become.
//!
//! On the line: between `columns.rs`, which reads blocks, and the batch that `reader.rs` yields.
//! Values widen without loss or not at all.

use std::ops::Range;

use arrow::buffer::{BooleanBuffer, NullBuffer};
use bytemuck::Pod;
use rayon::prelude::*;

use super::kept::Kept;
use super::select::TILE;
use crate::config::Dtype;
use crate::decode::extremes::Extremes;
use crate::photon::{Buffer, Column, ColumnType, Values};
use crate::read::buffers::Buffers;
use crate::read::filters::RowFilter;
use crate::read::integers::Integers;

/// The values of a block of rows, and which of them are null (`None`: none is).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Block {
    pub values: Values,
    pub nulls: Option<NullBuffer>,
    /// Which of the nulls lie outside the valid range; `None` where none does.
    pub outside: Option<BooleanBuffer>,
    /// Some values look like fill values that no attribute declares.
    pub stray: bool,
    /// Integers as they are stored, where only filters look at them; `values` are none then.
    pub integers: Option<Integers>,
    /// Of every [`TILE`] values in turn, where photons are told by their times.
    pub extremes: Vec<Extremes>,
    /// All values, nulls included, are between these, where that is known.
    pub within: Option<Extremes>,
}

/// Index of a value that the wanted type cannot hold exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Inexact {
    pub index: u32,
}

impl Default for Block {
    fn default() -> Self {
        Self {
            values: Values::empty(ColumnType::I64),
            nulls: None,
            outside: None,
            stray: false,
            integers: None,
            extremes: Vec::new(),
            within: None,
        }
    }
}

impl Block {
    /// Clears the marks of the rows of a tile that a filter rejects; whether it may have cleared any.
    pub fn narrow(&self, filter: &RowFilter, tile: usize, marks: &mut [u8]) -> bool {
        let rows = tile * TILE..tile * TILE + marks.len();
        let decided = self.extremes.get(tile);
        match (
            &self.integers,
            decided.and_then(|times| filter.decides(times)),
        ) {
            (Some(integers), _) => filter.narrow_integers(integers, rows.clone(), marks),
            (None, Some(true)) if self.nulls.is_none() => return false,
            (None, Some(true)) => {}
            (None, Some(false)) => marks.fill(0),
            (None, None) => filter.narrow(&self.values, rows.clone(), marks),
        }
        if let Some(nulls) = &self.nulls {
            clear_nulls(nulls, rows, marks);
        }
        true
    }

    pub fn is_null(&self, i: usize) -> bool {
        self.nulls.as_ref().is_some_and(|n| n.is_null(i))
    }

    /// Forgets the rows outside a range.
    pub fn crop(&mut self, rows: &Range<usize>) {
        fn crop<T: Pod>(values: &mut Buffer<T>, rows: &Range<usize>) {
            values.copy_within(rows.clone(), 0);
            values.truncate(rows.len());
        }
        match &mut self.values {
            Values::F32(v) => crop(v, rows),
            Values::F64(v) => crop(v, rows),
            Values::I64(v) => crop(v, rows),
        }
        let nulls = self.nulls.take();
        self.nulls = nulls.map(|nulls| nulls.slice(rows.start, rows.len()));
        let outside = self.outside.take();
        self.outside = outside.map(|outside| outside.slice(rows.start, rows.len()));
        // Tiles are others now.
        self.extremes.clear();
    }

    /// How many of the kept rows are null because they lie outside the valid range.
    pub fn outside_among(&self, kept: &Kept) -> usize {
        match (&self.outside, kept) {
            (None, _) => 0,
            (Some(outside), Kept::All(_)) => outside.count_set_bits(),
            (Some(outside), Kept::Runs(runs)) => {
                let of_run = |run: &Range<u32>| {
                    let run = outside.slice(run.start as usize, run.len());
                    run.count_set_bits()
                };
                runs.iter().map(of_run).sum()
            }
            (Some(outside), Kept::Listed(list)) => {
                let is_outside = |i: &&u32| outside.value(**i as usize);
                list.iter().filter(is_outside).count()
            }
        }
    }

    /// Rows as degrees, in `room` where they are not held as such; a null is NaN, which is no
    /// coordinate.
    pub fn degrees<'a>(&'a self, rows: Range<usize>, room: &'a mut Vec<f64>) -> &'a [f64] {
        if let (Values::F64(v), None) = (&self.values, &self.nulls) {
            return &v[rows];
        }
        let degrees = |i| {
            if self.is_null(i) {
                f64::NAN
            } else {
                self.values.get_f64(i)
            }
        };
        room.extend(rows.map(degrees));
        room
    }

    /// The value of each index in turn: a dataset broadcast to photons.
    pub fn gather(&self, indices: &[u32], buffers: &mut Buffers) -> Self {
        fn pick<T: Copy + Send + Sync>(values: &[T], indices: &[u32], out: &mut [T]) {
            let tiles = out.par_chunks_mut(TILE).zip(indices.par_chunks(TILE));
            tiles.for_each(|(out, indices)| {
                for (out, &i) in out.iter_mut().zip(indices) {
                    *out = values[i as usize];
                }
            });
        }
        let mut out = buffers.take_for_batch(self.values.column_type(), indices.len());
        match (&self.values, &mut out) {
            (Values::F32(v), Values::F32(out)) => pick(v, indices, out),
            (Values::F64(v), Values::F64(out)) => pick(v, indices, out),
            (Values::I64(v), Values::I64(out)) => pick(v, indices, out),
            _ => unreachable!("a buffer has the type that was asked for"),
        }
        let nulls = self.nulls.as_ref().map(|n| {
            let valid = |i: usize| n.is_valid(indices[i] as usize);
            NullBuffer::new(BooleanBuffer::collect_bool(indices.len(), valid))
        });
        let outside = self.outside.as_ref().map(|outside| {
            BooleanBuffer::collect_bool(indices.len(), |i| outside.value(indices[i] as usize))
        });
        Self {
            values: out,
            nulls,
            outside,
            stray: self.stray,
            ..Self::default()
        }
    }

    /// The same where some have no value, which are null: those whose index is beyond the rows. 0 stands behind them.
    pub fn gather_some(&self, indices: &[u32], buffers: &mut Buffers) -> Self {
        fn pick<T: Pod + Send + Sync>(values: &[T], indices: &[u32], out: &mut [T]) {
            let tiles = out.par_chunks_mut(TILE).zip(indices.par_chunks(TILE));
            tiles.for_each(|(out, indices)| {
                for (out, &i) in out.iter_mut().zip(indices) {
                    *out = values.get(i as usize).copied().unwrap_or_else(T::zeroed);
                }
            });
        }
        let mut out = buffers.take_for_batch(self.values.column_type(), indices.len());
        match (&self.values, &mut out) {
            (Values::F32(v), Values::F32(out)) => pick(v, indices, out),
            (Values::F64(v), Values::F64(out)) => pick(v, indices, out),
            (Values::I64(v), Values::I64(out)) => pick(v, indices, out),
            _ => unreachable!("a buffer has the type that was asked for"),
        }
        let rows = self.values.len();
        let there = |i: usize| Some(indices[i] as usize).filter(|&row| row < rows);
        let is_valid = |i: usize| there(i).is_some_and(|row| !self.is_null(row));
        let nulls = NullBuffer::new(BooleanBuffer::collect_bool(indices.len(), is_valid));
        let outside = self.outside.as_ref().map(|outside| {
            let is_outside = |i: usize| there(i).is_some_and(|row| outside.value(row));
            BooleanBuffer::collect_bool(indices.len(), is_outside)
        });
        Self {
            values: out,
            nulls: Some(nulls).filter(|nulls| nulls.null_count() > 0),
            outside,
            stray: self.stray,
            ..Self::default()
        }
    }

    /// The rows in `kept` as a column of the wanted type.
    pub fn take(
        self,
        kept: &Kept,
        wanted: ColumnType,
        buffers: &mut Buffers,
    ) -> Result<Column, Inexact> {
        let (values, nulls) = self.picked(kept, buffers);
        let null = |i: usize| nulls.as_ref().is_some_and(|n| n.is_null(i));
        let inexact = |i: usize| Inexact { index: kept.row(i) };
        let values = match (values, wanted) {
            (Values::F32(v), ColumnType::F64) => {
                let wide = v.iter().copied().map(f64::from).collect();
                buffers.give(Values::F32(v));
                Values::F64(wide)
            }
            (Values::I64(v), ColumnType::F64) => {
                let exact = |(i, &x): (usize, &i64)| {
                    let wide = x as f64;
                    let same = wide as i128 == i128::from(x);
                    if same || null(i) {
                        Ok(wide)
                    } else {
                        Err(inexact(i))
                    }
                };
                Values::F64(v.iter().enumerate().map(exact).collect::<Result<_, _>>()?)
            }
            (Values::I64(v), ColumnType::F32) => {
                let exact = |(i, &x): (usize, &i64)| {
                    let wide = x as f32;
                    let same = wide as i128 == i128::from(x);
                    if same || null(i) {
                        Ok(wide)
                    } else {
                        Err(inexact(i))
                    }
                };
                Values::F32(v.iter().enumerate().map(exact).collect::<Result<_, _>>()?)
            }
            // `widens` has refused every other pair of different types.
            (same, _) => same,
        };
        let nulls = nulls.filter(|n| n.null_count() > 0);
        Ok(Column { values, nulls })
    }
}

/// Clears the marks of nulls: a null compares with nothing, whatever the operation.
fn clear_nulls(nulls: &NullBuffer, rows: Range<usize>, marks: &mut [u8]) {
    for (mark, row) in marks.iter_mut().zip(rows) {
        *mark &= u8::from(nulls.is_valid(row));
    }
}

/// Whether values of `dtype` may be held as `wanted` (integers as floats: value by value).
pub(super) fn widens(dtype: Dtype, wanted: ColumnType) -> bool {
    match dtype {
        Dtype::F32 => wanted != ColumnType::I64,
        Dtype::F64 => wanted == ColumnType::F64,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_become_floats_only_when_exact() {
        let large = (1_i64 << 53) + 1;
        let block = Block {
            values: Values::I64(vec![1, large, i64::MAX].into()),
            nulls: Some(NullBuffer::from(vec![true, true, false])),
            ..Block::default()
        };
        let take = |kept: &[u32], wanted| {
            let kept = Kept::Listed(kept.to_vec());
            block.clone().take(&kept, wanted, &mut Buffers::default())
        };
        assert_eq!(take(&[0, 1], ColumnType::F64), Err(Inexact { index: 1 }));
        let column = take(&[0, 2], ColumnType::F64).unwrap();
        assert!(column.is_valid(0) && !column.is_valid(1));
        assert_eq!(
            column.values,
            Values::F64(vec![1.0, i64::MAX as f64].into())
        );
        assert_eq!(take(&[0], ColumnType::I64).unwrap().nulls, None);
    }

    #[test]
    fn a_dataset_of_segments_is_brought_to_photons() {
        let block = Block {
            values: Values::I64((0..1000).map(|row| 7 * row).collect()),
            ..Block::default()
        };
        // Segments without photons leave numbers out, others are there several times.
        let of_segments: Vec<u32> = (0..64).map(|i| if i < 62 { i / 2 } else { i }).collect();
        let spread = block.gather(&of_segments, &mut Buffers::default());
        let expected = of_segments.iter().map(|&i| 7 * i64::from(i)).collect();
        assert_eq!(spread.values, Values::I64(expected));
    }

    #[test]
    fn floats_never_narrow_or_become_integers() {
        assert!(widens(Dtype::F32, ColumnType::F64));
        assert!(!widens(Dtype::F32, ColumnType::I64));
        assert!(!widens(Dtype::F64, ColumnType::F32));
        assert!(widens(Dtype::I8, ColumnType::I64));
    }
}
