//! The values of a block of rows, and the columns that kept rows become.
//!
//! On the line: between `columns.rs`, which reads blocks, and the batch that `reader.rs` yields.
//! Values widen without loss or not at all.

use arrow::buffer::NullBuffer;

use crate::batch::{Column, ColumnType, Values};
use crate::config::Dtype;

/// The values of a block of rows; `nulls[i]`: value `i` is null (`None`: none is).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Block {
    pub values: Values,
    pub nulls: Option<Vec<bool>>,
}

/// Index of a value that the wanted type cannot hold exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Inexact {
    pub index: u32,
}

impl Block {
    pub fn is_null(&self, i: u32) -> bool {
        self.nulls.as_ref().is_some_and(|n| n[i as usize])
    }

    /// The values as degrees; a null is NaN, which is no coordinate.
    pub fn degrees(&self) -> Vec<f64> {
        let degrees = |i| {
            if self.is_null(i) {
                f64::NAN
            } else {
                self.values.get_f64(i as usize)
            }
        };
        (0..self.values.len() as u32).map(degrees).collect()
    }

    /// The value of each index in turn: a dataset broadcast to photons.
    pub fn gather(&self, indices: &[u32]) -> Self {
        fn pick<T: Copy>(values: &[T], indices: &[u32]) -> Vec<T> {
            indices.iter().map(|&i| values[i as usize]).collect()
        }
        Self {
            values: match &self.values {
                Values::F32(v) => Values::F32(pick(v, indices)),
                Values::F64(v) => Values::F64(pick(v, indices)),
                Values::I64(v) => Values::I64(pick(v, indices)),
            },
            nulls: self.nulls.as_ref().map(|n| pick(n, indices)),
        }
    }

    /// The rows in `kept` as a column of the wanted type.
    pub fn take(&self, kept: &[u32], wanted: ColumnType) -> Result<Column, Inexact> {
        let Self { values, nulls } = self.gather(kept);
        let null = |i: usize| nulls.as_ref().is_some_and(|n| n[i]);
        let inexact = |i: usize| Inexact { index: kept[i] };
        let values = match (values, wanted) {
            (Values::F32(v), ColumnType::F64) => {
                Values::F64(v.into_iter().map(f64::from).collect())
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
        let nulls = nulls
            .filter(|n| n.contains(&true))
            .map(|n| n.into_iter().map(|null| !null).collect::<NullBuffer>());
        Ok(Column { values, nulls })
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
            values: Values::I64(vec![1, large, i64::MAX]),
            nulls: Some(vec![false, false, true]),
        };
        assert_eq!(
            block.take(&[0, 1], ColumnType::F64),
            Err(Inexact { index: 1 })
        );
        let column = block.take(&[0, 2], ColumnType::F64).unwrap();
        assert!(column.is_valid(0) && !column.is_valid(1));
        assert_eq!(column.values, Values::F64(vec![1.0, i64::MAX as f64]));
        assert_eq!(block.take(&[0], ColumnType::I64).unwrap().nulls, None);
    }

    #[test]
    fn floats_never_narrow_or_become_integers() {
        assert!(widens(Dtype::F32, ColumnType::F64));
        assert!(!widens(Dtype::F32, ColumnType::I64));
        assert!(!widens(Dtype::F64, ColumnType::F32));
        assert!(widens(Dtype::I8, ColumnType::I64));
    }
}
