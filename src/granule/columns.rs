//! One dataset as a column: its type, its rows, its nulls.
//!
//! On the line: `track.rs` opens the datasets of a ground track and reads blocks of rows from them,
//! through `chunk/` where it understands how they are stored, else through libhdf5.

use std::ops::Range;
use std::sync::Arc;

use arrow::buffer::{BooleanBuffer, NullBuffer};
use hdf5::types::{FloatSize, IntSize, TypeDescriptor};
use hdf5::{Dataset, H5Type, Hyperslab};
use rayon::prelude::*;

use super::attributes::{Number, number};
use super::block::Block;
use super::buffers::Buffers;
use super::chunk::{ChunkedDataset, Failure, Request, decode};
use super::file::{GranuleFile, condensed};
use super::spent::Spent;
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
    /// Present once indexed, where storage chunks can be read without libhdf5.
    chunked: Option<ChunkedDataset>,
}

/// Bytes of all values, and of what is in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Storage {
    pub raw: u64,
    pub stored: u64,
    pub shuffled: bool,
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
            chunked: None,
        })
    }

    /// Looks up the storage chunks, so that reading does without libhdf5 where it can.
    ///
    /// # Errors
    /// A chunk that is where it cannot be.
    pub fn index(&mut self, granule: &GranuleFile) -> Result<()> {
        self.chunked = granule.chunks(&self.dataset, &self.path, self.dtype, self.column)?;
        Ok(())
    }

    /// Whether storage chunks are read without libhdf5.
    pub fn is_indexed(&self) -> bool {
        self.chunked.is_some()
    }

    /// How the whole dataset is stored.
    ///
    /// The error says why libhdf5 does not tell.
    pub fn storage(&self) -> Result<Storage, String> {
        let failed = |e: hdf5::Error| format!("cannot describe {}: {}", self.path, condensed(&e));
        let size = self.dataset.dtype().map_err(failed)?.size();
        Ok(Storage {
            raw: (self.dataset.size() * size) as u64,
            stored: self.dataset.storage_size(),
            shuffled: self
                .dataset
                .filters()
                .contains(&hdf5::filters::Filter::Shuffle),
        })
    }

    /// Bytes of `rows` values as decoded from the file.
    fn decoded_bytes(&self, rows: u64) -> u64 {
        rows * size_of_dtype(self.dtype)
    }

    /// Reads rows, which must lie within the dataset.
    pub fn read(&self, rows: Range<u64>) -> Result<Block> {
        let (mut blocks, _) = read_all(&[(self, rows)], &mut Buffers::default())?;
        Ok(blocks.pop().unwrap_or_default())
    }

    /// Rows through libhdf5; those of u64 beyond i64 wrap.
    fn read_hdf5(&self, rows: &Range<u64>) -> Result<Values> {
        Ok(match self.dtype {
            Dtype::F32 => Values::F32(self.slice(rows)?),
            Dtype::F64 => Values::F64(self.slice(rows)?),
            // Read as they are: libhdf5 converts to int64 by clamping.
            Dtype::U64 => {
                let values = self.slice::<u64>(rows)?;
                Values::I64(values.into_iter().map(u64::cast_signed).collect())
            }
            // Every narrower integer converts to int64 exactly.
            _ => Values::I64(self.slice(rows)?),
        })
    }

    /// Finds nulls, and refuses what i64 cannot hold.
    fn finish(&self, mut values: Values, start: u64) -> Result<Block> {
        let nulls = self.fill.and_then(|fill| match &values {
            Values::F32(v) => mark(v, |x| fill.is_f32(x)),
            Values::F64(v) => mark(v, |x| fill.is_f64(x)),
            Values::I64(v) => mark(v, |x| fill.is_i64(x)),
        });
        if let (Dtype::U64, Values::I64(v)) = (self.dtype, &mut values) {
            self.check_signed(v, nulls.as_ref(), start)?;
        }
        Ok(Block { values, nulls })
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

    /// Refuses unsigned values that wrapped; a null among them becomes `i64::MAX`.
    fn check_signed(
        &self,
        values: &mut [i64],
        nulls: Option<&NullBuffer>,
        start: u64,
    ) -> Result<()> {
        for (i, value) in values.iter_mut().enumerate().filter(|(_, v)| **v < 0) {
            if !nulls.is_some_and(|n| n.is_null(i)) {
                return Err(Error::granule(
                    &*self.granule,
                    format!(
                        "{} row {} is {}, above the largest integer held, {}; leave the dataset \
                         out",
                        self.path,
                        start + i as u64,
                        value.cast_unsigned(),
                        i64::MAX
                    ),
                ));
            }
            *value = i64::MAX;
        }
        Ok(())
    }

    fn damaged(&self, failure: &Failure) -> Error {
        let Failure { rows, defect, .. } = failure;
        let message = format!(
            "cannot read {} rows {} to {}, a storage chunk: {defect}; fetch the granule again",
            self.path,
            rows.start,
            rows.end - 1
        );
        Error::granule(&*self.granule, message)
    }
}

/// Reads rows of several datasets; their storage chunks in parallel, in the rayon pool of the
/// caller.
pub(super) fn read_all(
    wanted: &[(&SourceDataset, Range<u64>)],
    buffers: &mut Buffers,
) -> Result<(Vec<Block>, Spent)> {
    let mut read = Vec::with_capacity(wanted.len());
    let mut spent = Spent::default();
    for (source, rows) in wanted {
        let bytes = source.decoded_bytes(rows.end - rows.start);
        spent.decoded += bytes;
        read.push(if source.chunked.is_some() {
            let length = (rows.end - rows.start) as usize;
            buffers.take(column_type(source.dtype), length)
        } else {
            spent.stored += bytes;
            spent.read(|| source.read_hdf5(rows))?
        });
    }
    let mut sources = Vec::with_capacity(wanted.len());
    let mut requests = Vec::with_capacity(wanted.len());
    for ((source, rows), values) in wanted.iter().zip(&mut read) {
        if let Some(dataset) = &source.chunked {
            sources.push(source);
            requests.push(Request {
                dataset,
                rows: rows.clone(),
                values,
            });
        }
    }
    spent += decode(&mut requests).map_err(|failure| sources[failure.request].damaged(&failure))?;
    let finished = read.into_par_iter().zip(wanted);
    let finished: Vec<Result<Block>> = finished
        .map(|(values, (source, rows))| source.finish(values, rows.start))
        .collect();
    let blocks = finished.into_iter().collect::<Result<_>>()?;
    Ok((blocks, spent))
}

/// Which values are not the fill value; `None` where none is.
fn mark<T: Copy>(values: &[T], is_fill: impl Fn(T) -> bool) -> Option<NullBuffer> {
    // Counted without a branch; most blocks have none.
    let fills: usize = values.iter().map(|&v| usize::from(is_fill(v))).sum();
    (fills > 0).then(|| {
        let valid = BooleanBuffer::collect_bool(values.len(), |i| !is_fill(values[i]));
        NullBuffer::new(valid)
    })
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
        match self {
            Self::I64(fill) => x == fill,
            Self::U64(fill) => x.cast_unsigned() == fill,
            _ => false,
        }
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
