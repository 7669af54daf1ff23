//! Arrow arrays as values, without loss, of the three types in which columns are held.
//!
//! On the line: between the arrays of `batches.rs` and the batch that `reader.rs` yields. A twin of
//! `block.rs` for HDF5.

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::{self as types, DataType};

use crate::photon::{Buffer, Column, ColumnType, Values};
use crate::read::Meaning;
use crate::read::times::seconds;

/// The values of some rows, and which of them are null (`None`: none is).
#[derive(Debug)]
pub(super) struct Held {
    pub values: Values,
    pub nulls: Option<NullBuffer>,
    /// Which of the nulls lie outside the valid range; `None` where none does.
    pub outside: Option<BooleanBuffer>,
    /// Some look like fill values that no metadata declare.
    pub stray: bool,
}

impl Held {
    /// The values of an array, whose type `columns.rs` has checked.
    ///
    /// # Errors
    /// The place of an unsigned integer above the largest signed one, and the integer.
    pub fn new(array: &ArrayRef) -> Result<Self, (usize, u64)> {
        let nulls = array.logical_nulls().filter(|n| n.null_count() > 0);
        let null = |i: usize| nulls.as_ref().is_some_and(|n| n.is_null(i));
        let times = seconds(array).map(|seconds| Values::F64(seconds.into()));
        let values = match array.data_type() {
            _ if times.is_some() => times.unwrap_or(Values::F64(Vec::new().into())),
            DataType::Float32 => Values::F32(slice::<types::Float32Type>(array).to_vec().into()),
            DataType::Float64 => Values::F64(slice::<types::Float64Type>(array).to_vec().into()),
            DataType::Int64 => Values::I64(slice::<types::Int64Type>(array).to_vec().into()),
            DataType::Int8 => integers::<types::Int8Type>(array),
            DataType::Int16 => integers::<types::Int16Type>(array),
            DataType::Int32 => integers::<types::Int32Type>(array),
            DataType::UInt8 => integers::<types::UInt8Type>(array),
            DataType::UInt16 => integers::<types::UInt16Type>(array),
            DataType::UInt32 => integers::<types::UInt32Type>(array),
            DataType::UInt64 => {
                let signed = |(i, &value): (usize, &u64)| match i64::try_from(value) {
                    Ok(value) => Ok(value),
                    Err(_) if null(i) => Ok(0),
                    Err(_) => Err((i, value)),
                };
                let values = slice::<types::UInt64Type>(array).iter().enumerate();
                Values::I64(values.map(signed).collect::<Result<_, _>>()?)
            }
            DataType::Boolean => {
                let bits = array.as_boolean().values();
                Values::I64(bits.iter().map(i64::from).collect())
            }
            other => unreachable!("columns of type {other} are refused when a table is opened"),
        };
        Ok(Self {
            values,
            nulls,
            outside: None,
            stray: false,
        })
    }

    /// The values that these stand for.
    pub fn meant(self, meaning: &Meaning) -> Self {
        let meant = meaning.mark(&self.values, self.nulls.as_ref());
        Self {
            values: meaning.unpack(&self.values).unwrap_or(self.values),
            nulls: meant.nulls.filter(|n| n.null_count() > 0),
            outside: meant.outside,
            stray: meant.stray,
        }
    }

    /// How many of the rows at these places are null because they lie outside the valid range.
    pub fn outside_among(&self, places: &[u32]) -> usize {
        let Some(outside) = &self.outside else {
            return 0;
        };
        let is_outside = |i: &&u32| outside.value(**i as usize);
        places.iter().filter(is_outside).count()
    }

    pub fn is_null(&self, i: u32) -> bool {
        self.nulls.as_ref().is_some_and(|n| n.is_null(i as usize))
    }

    /// The values as degrees; a null is NaN, which is no coordinate.
    pub fn into_degrees(self) -> Vec<f64> {
        let mut degrees = match self.values {
            Values::F64(v) => v.into_vec(),
            Values::F32(v) => v.iter().copied().map(f64::from).collect(),
            Values::I64(v) => v.iter().map(|&x| x as f64).collect(),
        };
        if let Some(nulls) = &self.nulls {
            for (degree, valid) in degrees.iter_mut().zip(nulls) {
                if !valid {
                    *degree = f64::NAN;
                }
            }
        }
        degrees
    }

    /// The rows in `kept`, ascending, as a column of the wanted type, to which the type of the values
    /// widens.
    pub fn take(self, kept: &[u32], wanted: ColumnType) -> Column {
        let all = kept.len() == self.values.len();
        let values = match (self.values, wanted) {
            (Values::F32(v), ColumnType::F64) => {
                let v = &*v;
                Values::F64(kept.iter().map(|&i| f64::from(v[i as usize])).collect())
            }
            (same, _) if all => same,
            (Values::F32(v), _) => Values::F32(picked(&v, kept)),
            (Values::F64(v), _) => Values::F64(picked(&v, kept)),
            (Values::I64(v), _) => Values::I64(picked(&v, kept)),
        };
        let nulls = match self.nulls {
            Some(nulls) if !all => Some(kept.iter().map(|&i| nulls.is_valid(i as usize)).collect()),
            nulls => nulls,
        };
        Column {
            values,
            nulls: nulls.filter(|n: &NullBuffer| n.null_count() > 0),
        }
    }
}

/// The values at some places.
pub(super) fn picked<T: Copy>(values: &[T], places: &[u32]) -> Buffer<T> {
    places.iter().map(|&i| values[i as usize]).collect()
}

fn slice<T: ArrowPrimitiveType>(array: &ArrayRef) -> &[T::Native] {
    array.as_primitive::<T>().values()
}

fn integers<T: ArrowPrimitiveType<Native: Into<i64>>>(array: &ArrayRef) -> Values {
    let values = slice::<T>(array).iter();
    Values::I64(values.map(|&x| x.into()).collect())
}
