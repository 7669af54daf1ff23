//! Values of an answer: every statistic of every cell, rounded once into an array of its type.
//!
//! Below `answer.rs`, which has the arrays hashed and written. All statistics of some cells are made while their sums are
//! in the cache.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array,
    UInt8Array, UInt16Array, UInt32Array, UInt64Array,
};
use rayon::prelude::*;

use crate::config::Dtype;
use crate::error::{Error, Result};
use crate::finalize::{OutputArray, StoreSchema};
use crate::stat::{Finished, Job, Partials, Rounding, finish_cells};

/// Cells that one task finishes: their sums stay in the second-level cache.
const CELLS: usize = 2048;

/// Values of one output.
#[derive(Debug, Clone)]
pub enum Values {
    F32(Vec<f32>),
    F64(Vec<f64>),
    /// Integers of any type: all are within i64.
    Whole(Vec<i64>),
}

/// The values of every output; values must be selected.
///
/// # Errors
/// A value that its output's type does not hold.
pub fn finish_all(partials: &Partials, job: &Job, schema: &StoreSchema) -> Result<Vec<Values>> {
    let cells = partials.len();
    let arrays = schema.arrays.iter();
    let mut columns: Vec<Values> = arrays
        .map(|array| Values::zeros(array.dtype, cells))
        .collect();
    let mut tasks: Vec<Vec<ValuesMut>> = Vec::new();
    tasks.resize_with(cells.div_ceil(CELLS), Vec::new);
    for column in &mut columns {
        column.part(&mut tasks);
    }
    tasks
        .into_par_iter()
        .enumerate()
        .try_for_each(|(task, outputs)| {
            let cells = task * CELLS..((task + 1) * CELLS).min(cells);
            let mut outputs = outputs.into_iter().zip(&schema.arrays).enumerate();
            outputs.try_for_each(|(output, (values, array))| {
                values.finish((partials, job, output, cells.clone()), array)
            })
        })?;
    Ok(columns)
}

/// One NaN, whatever made it: its bits are part of the answer.
#[inline]
fn real(finished: &Finished, array: &OutputArray) -> f64 {
    let value = match finished {
        Finished::Real(x) => *x,
        Finished::Integer(n) => *n as f64,
        Finished::Missing => array.fill_value,
        Finished::NoWeight | Finished::Histogram(_) => f64::NAN,
    };
    if value.is_nan() { f64::NAN } else { value }
}

#[inline]
fn narrow(finished: &Finished, array: &OutputArray) -> f32 {
    match finished {
        Finished::Integer(n) => *n as f32,
        other => match real(other, array) {
            x if x.is_nan() => f32::NAN,
            x => x as f32,
        },
    }
}

#[inline]
fn whole(finished: &Finished, array: &OutputArray) -> Result<i64> {
    let value = match finished {
        Finished::Integer(n) => *n,
        _ => array.fill_value as i128,
    };
    i64::try_from(value).map_err(|_| beyond(value, array))
}

#[cold]
fn beyond(value: i128, array: &OutputArray) -> Error {
    Error::gate(format!(
        "output {}: {value} is beyond {}",
        array.name,
        array.dtype.name()
    ))
}

/// Values of one output of some cells, to be written.
enum ValuesMut<'a> {
    F32(&'a mut [f32]),
    F64(&'a mut [f64]),
    Whole(&'a mut [i64]),
}

impl ValuesMut<'_> {
    fn finish(
        self,
        (partials, job, output, cells): (&Partials, &Job, usize, Range<usize>),
        array: &OutputArray,
    ) -> Result<()> {
        let what = (job, partials, output);
        let to = To {
            array,
            failed: RefCell::new(Ok(())),
        };
        match self {
            Self::F32(values) => finish_cells(what, cells, &to, values),
            Self::F64(values) => finish_cells(what, cells, &to, values),
            Self::Whole(values) => finish_cells(what, cells, &to, values),
        }
        to.failed.into_inner()
    }
}

/// Values of an output's type, and the last that was not one.
struct To<'a> {
    array: &'a OutputArray,
    failed: RefCell<Result<()>>,
}

impl Rounding<f32> for To<'_> {
    #[inline]
    fn round(&self, finished: Finished) -> f32 {
        narrow(&finished, self.array)
    }
}

impl Rounding<f64> for To<'_> {
    #[inline]
    fn round(&self, finished: Finished) -> f64 {
        real(&finished, self.array)
    }
}

impl Rounding<i64> for To<'_> {
    #[inline]
    fn round(&self, finished: Finished) -> i64 {
        whole(&finished, self.array).unwrap_or_else(|error| {
            *self.failed.borrow_mut() = Err(error);
            0
        })
    }
}

impl Values {
    fn zeros(dtype: Dtype, cells: usize) -> Self {
        match dtype {
            Dtype::F32 => Self::F32(vec![0.0; cells]),
            Dtype::F64 => Self::F64(vec![0.0; cells]),
            _ => Self::Whole(vec![0; cells]),
        }
    }

    /// Gives each task its cells' values.
    fn part<'a>(&'a mut self, tasks: &mut [Vec<ValuesMut<'a>>]) {
        match self {
            Self::F32(v) => {
                let parts = tasks.iter_mut().zip(v.chunks_mut(CELLS));
                parts.for_each(|(task, values)| task.push(ValuesMut::F32(values)));
            }
            Self::F64(v) => {
                let parts = tasks.iter_mut().zip(v.chunks_mut(CELLS));
                parts.for_each(|(task, values)| task.push(ValuesMut::F64(values)));
            }
            Self::Whole(v) => {
                let parts = tasks.iter_mut().zip(v.chunks_mut(CELLS));
                parts.for_each(|(task, values)| task.push(ValuesMut::Whole(values)));
            }
        }
    }

    /// Little-endian, of the type: what a store has.
    pub fn bytes(&self, dtype: Dtype) -> Vec<u8> {
        match self {
            Self::F32(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Self::F64(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Self::Whole(v) => {
                let size = dtype.size();
                v.iter()
                    .flat_map(|n| n.to_le_bytes().into_iter().take(size))
                    .collect()
            }
        }
    }

    pub fn arrow(self, dtype: Dtype) -> ArrayRef {
        let whole = match self {
            Self::F32(v) => return Arc::new(Float32Array::from(v)),
            Self::F64(v) => return Arc::new(Float64Array::from(v)),
            Self::Whole(v) => v,
        };
        macro_rules! narrowed {
            ($array:ty, $of:ty) => {{
                let values = whole.into_iter().map(|n| n as $of);
                Arc::new(<$array>::from_iter_values(values))
            }};
        }
        match dtype {
            Dtype::I8 => narrowed!(Int8Array, i8),
            Dtype::I16 => narrowed!(Int16Array, i16),
            Dtype::I32 => narrowed!(Int32Array, i32),
            Dtype::U8 => narrowed!(UInt8Array, u8),
            Dtype::U16 => narrowed!(UInt16Array, u16),
            Dtype::U32 => narrowed!(UInt32Array, u32),
            Dtype::U64 => narrowed!(UInt64Array, u64),
            _ => Arc::new(Int64Array::from(whole)),
        }
    }
}
