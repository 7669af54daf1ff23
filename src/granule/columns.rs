//! One dataset as a column: its type, its rows, its nulls.
//!
//! On the line: `track.rs` opens the datasets of a ground track, `reader.rs` reads blocks of rows
//! from them.

use std::ops::Range;
use std::sync::Arc;

use hdf5::types::{FloatSize, IntSize, TypeDescriptor};
use hdf5::{Dataset, H5Type, Hyperslab};

use super::attributes::{Number, number};
use super::block::Block;
use super::file::{GranuleFile, condensed};
use crate::batch::{ColumnType, Values};
use crate::config::Dtype;
use crate::{Error, Result};

/// A dataset, or one column of a 2-D dataset, with one value per row.
#[derive(Debug)]
pub(super) struct SourceDataset {
    dataset: Dataset,
    granule: Arc<str>,
    pub path: String,
    column: Option<usize>,
    pub dtype: Dtype,
    pub rows: u64,
    fill: Option<Fill>,
}

/// The value that means null, in the dataset's own type.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fill {
    F32(f32),
    F64(f64),
    I64(i64),
    U64(u64),
}

impl SourceDataset {
    /// Opens a dataset; `column` selects one of a 2-D dataset and must be given there only.
    pub fn open(granule: &GranuleFile, path: &str, column: Option<usize>) -> Result<Self> {
        let dataset = granule.dataset(path)?;
        let read = |e: hdf5::Error| granule.damaged(format!("read {path}"), &e);
        let space = dataset.space().map_err(read)?;
        let rows = if space.is_null() {
            0
        } else {
            count_rows(&space.shape(), column)
                .map_err(|why| granule.error(format!("{path} {why}")))?
        };
        let dtype = dtype_of(&dataset).map_err(|found| {
            granule.error(format!(
                "{path} is {found}, which is not supported; integers of up to 64 bits, float32 \
                 and float64 are"
            ))
        })?;
        let fill = number(&dataset, "_FillValue")
            .map_err(|why| granule.error(format!("{path}: {why}; leave the granule out")))?;
        Ok(Self {
            dataset,
            granule: granule.name_shared(),
            path: path.to_owned(),
            column,
            dtype,
            rows,
            fill: fill.and_then(|number| Fill::new(number, dtype)),
        })
    }

    /// Bytes of `rows` values as decoded from the file.
    pub fn decoded_bytes(&self, rows: u64) -> u64 {
        rows * size_of_dtype(self.dtype)
    }

    /// Reads a block of rows, which must lie within the dataset.
    pub fn read(&self, rows: Range<u64>) -> Result<Block> {
        let block = match self.dtype {
            Dtype::F32 => {
                let values = self.slice::<f32>(&rows)?;
                Block {
                    nulls: self.mark(&values, Fill::is_f32),
                    values: Values::F32(values),
                }
            }
            Dtype::F64 => {
                let values = self.slice::<f64>(&rows)?;
                Block {
                    nulls: self.mark(&values, Fill::is_f64),
                    values: Values::F64(values),
                }
            }
            // Read as they are: libhdf5 converts to int64 by clamping.
            Dtype::U64 => {
                let values = self.slice::<u64>(&rows)?;
                let nulls = self.mark(&values, Fill::is_u64);
                let values = self.signed(&values, nulls.as_deref(), rows.start)?;
                Block {
                    values: Values::I64(values),
                    nulls,
                }
            }
            // Every narrower integer converts to int64 exactly.
            _ => {
                let values = self.slice::<i64>(&rows)?;
                Block {
                    nulls: self.mark(&values, Fill::is_i64),
                    values: Values::I64(values),
                }
            }
        };
        Ok(block)
    }

    fn slice<T: H5Type>(&self, rows: &Range<u64>) -> Result<Vec<T>> {
        let range = rows.start as usize..rows.end as usize;
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let selection = match self.column {
            Some(column) => Hyperslab::from((range, column)),
            None => Hyperslab::from(range),
        };
        let read = self.dataset.read_slice_1d::<T, _>(selection);
        let values = read.map_err(|e| {
            Error::granule(
                &*self.granule,
                format!(
                    "cannot read {} rows {} to {}: {}; fetch the granule again",
                    self.path,
                    rows.start,
                    rows.end - 1,
                    condensed(&e)
                ),
            )
        })?;
        Ok(values.into_raw_vec_and_offset().0)
    }

    /// Which values are the fill value; `None` where none is.
    fn mark<T: Copy>(&self, values: &[T], is: fn(Fill, T) -> bool) -> Option<Vec<bool>> {
        let fill = self.fill?;
        let nulls: Vec<bool> = values.iter().map(|&v| is(fill, v)).collect();
        nulls.contains(&true).then_some(nulls)
    }

    /// Unsigned values as signed; a null beyond the range becomes `i64::MAX`.
    fn signed(&self, values: &[u64], nulls: Option<&[bool]>, start: u64) -> Result<Vec<i64>> {
        let null = |i: usize| nulls.is_some_and(|n| n[i]);
        let convert = |(i, &value): (usize, &u64)| match i64::try_from(value) {
            Ok(value) => Ok(value),
            Err(_) if null(i) => Ok(i64::MAX),
            Err(_) => Err(Error::granule(
                &*self.granule,
                format!(
                    "{} row {} is {value}, above the largest integer held, {}; leave the \
                     dataset out",
                    self.path,
                    start + i as u64,
                    i64::MAX
                ),
            )),
        };
        values.iter().enumerate().map(convert).collect()
    }
}

impl Fill {
    /// The fill value as a value of the dataset's type; `None` where no value of it is the fill.
    fn new(number: Number, dtype: Dtype) -> Option<Self> {
        let as_f64 = match number {
            Number::Int(n) => n as f64,
            Number::Float(x) => x,
        };
        match dtype {
            Dtype::F64 => Some(Self::F64(as_f64)),
            Dtype::F32 => {
                let narrow = as_f64 as f32;
                (narrow.is_finite() || !as_f64.is_finite()).then_some(Self::F32(narrow))
            }
            _ => {
                let integer = match number {
                    Number::Int(n) => n,
                    Number::Float(x) if x.fract() == 0.0 => x as i128,
                    Number::Float(_) => return None,
                };
                if dtype == Dtype::U64 {
                    u64::try_from(integer).ok().map(Self::U64)
                } else {
                    i64::try_from(integer).ok().map(Self::I64)
                }
            }
        }
    }

    #[expect(clippy::float_cmp, reason = "a fill value is an exact bit pattern")]
    fn is_f32(self, x: f32) -> bool {
        matches!(self, Self::F32(fill) if x == fill || (x.is_nan() && fill.is_nan()))
    }

    #[expect(clippy::float_cmp, reason = "a fill value is an exact bit pattern")]
    fn is_f64(self, x: f64) -> bool {
        matches!(self, Self::F64(fill) if x == fill || (x.is_nan() && fill.is_nan()))
    }

    fn is_i64(self, x: i64) -> bool {
        matches!(self, Self::I64(fill) if x == fill)
    }

    fn is_u64(self, x: u64) -> bool {
        matches!(self, Self::U64(fill) if x == fill)
    }
}

/// Rows of a dataset of this shape with this column chosen, or why it has not one value per row.
fn count_rows(shape: &[usize], column: Option<usize>) -> Result<u64, String> {
    match (shape, column) {
        (&[rows], None) => Ok(rows as u64),
        (&[rows, columns], Some(column)) if column < columns => Ok(rows as u64),
        (&[_], Some(column)) => Err(format!(
            "is 1-D and column {column} is asked for; leave `column` out"
        )),
        (&[_, columns], Some(column)) => Err(format!(
            "has {columns} columns and column {column} is asked for; columns count from 0"
        )),
        (&[_, columns], None) => Err(format!(
            "is 2-D with {columns} columns and no column is chosen; give `column` in a filter, or \
             use a 1-D dataset as a variable"
        )),
        (shape, _) => Err(format!(
            "has {} dimensions; use a dataset with one value per row",
            shape.len()
        )),
    }
}

/// The type in which a dataset's values are held where nothing wider is asked for.
pub(super) fn column_type(dtype: Dtype) -> ColumnType {
    match dtype {
        Dtype::F32 => ColumnType::F32,
        Dtype::F64 => ColumnType::F64,
        _ => ColumnType::I64,
    }
}

/// The type of a dataset, or the name of a type that is not supported.
pub(super) fn dtype_of(dataset: &Dataset) -> Result<Dtype, String> {
    let dtype = dataset.dtype().map_err(|e| condensed(&e))?;
    match dtype.to_descriptor() {
        Ok(TypeDescriptor::Integer(IntSize::U1)) => Ok(Dtype::I8),
        Ok(TypeDescriptor::Integer(IntSize::U2)) => Ok(Dtype::I16),
        Ok(TypeDescriptor::Integer(IntSize::U4)) => Ok(Dtype::I32),
        Ok(TypeDescriptor::Integer(IntSize::U8)) => Ok(Dtype::I64),
        Ok(TypeDescriptor::Unsigned(IntSize::U1)) => Ok(Dtype::U8),
        Ok(TypeDescriptor::Unsigned(IntSize::U2)) => Ok(Dtype::U16),
        Ok(TypeDescriptor::Unsigned(IntSize::U4)) => Ok(Dtype::U32),
        Ok(TypeDescriptor::Unsigned(IntSize::U8)) => Ok(Dtype::U64),
        Ok(TypeDescriptor::Float(FloatSize::U4)) => Ok(Dtype::F32),
        Ok(TypeDescriptor::Float(FloatSize::U8)) => Ok(Dtype::F64),
        Ok(other) => Err(format!("of type {other}")),
        Err(_) => Err(format!("of an unusual {}-byte type", dtype.size())),
    }
}

fn size_of_dtype(dtype: Dtype) -> u64 {
    match dtype {
        Dtype::I8 | Dtype::U8 => 1,
        Dtype::I16 | Dtype::U16 => 2,
        Dtype::I32 | Dtype::U32 | Dtype::F32 => 4,
        Dtype::I64 | Dtype::U64 | Dtype::F64 => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fill_value_is_compared_in_the_datasets_own_type() {
        let wide = Number::Float(3.402_823_466_385_288_6e38);
        assert_eq!(Fill::new(wide, Dtype::F32), Some(Fill::F32(f32::MAX)));
        assert_eq!(Fill::new(Number::Float(f64::MAX), Dtype::F32), None);
        assert_eq!(
            Fill::new(Number::Float(127.0), Dtype::I8),
            Some(Fill::I64(127))
        );
        assert_eq!(Fill::new(Number::Float(0.5), Dtype::I8), None);
        let top = Number::Int(i128::from(u64::MAX));
        assert_eq!(Fill::new(top, Dtype::U64), Some(Fill::U64(u64::MAX)));
        assert_eq!(Fill::new(top, Dtype::I64), None);
        let nan = Fill::new(Number::Float(f64::NAN), Dtype::F32).unwrap();
        assert!(nan.is_f32(f32::NAN) && !nan.is_f32(0.0));
    }
}
