//! Values of a store as columns.
//!
//! Beside `stored_rows.rs`, which gives the little-endian bytes that they are made of.

use std::sync::Arc;

use arrow::array::{ArrayRef, FixedSizeListArray, PrimitiveArray};
use arrow::datatypes::{self as types, Field};

use super::open::ArrayInfo;
use crate::config::Dtype;
use crate::error::{Error, Result};

/// Values of a cell along dimensions of their own; `None` of a number.
pub fn values_of(info: &ArrayInfo) -> Option<i32> {
    let own = &info.shape[1 + usize::from(info.at_steps)..];
    (!own.is_empty()).then(|| own.iter().product::<u64>() as i32)
}

/// Little-endian values as a column.
macro_rules! primitive {
    ($t:ty, $native:ty, $bytes:expr) => {{
        let (words, _) = $bytes.as_chunks::<{ size_of::<$native>() }>();
        let values = words.iter().map(|word| <$native>::from_le_bytes(*word));
        Arc::new(PrimitiveArray::<$t>::from_iter_values(values)) as ArrayRef
    }};
}

/// The values of rows as a column.
pub fn column(info: &ArrayInfo, bytes: &[u8]) -> Result<ArrayRef> {
    let values = match info.dtype {
        Dtype::I8 => primitive!(types::Int8Type, i8, bytes),
        Dtype::I16 => primitive!(types::Int16Type, i16, bytes),
        Dtype::I32 => primitive!(types::Int32Type, i32, bytes),
        Dtype::I64 => primitive!(types::Int64Type, i64, bytes),
        Dtype::U8 => primitive!(types::UInt8Type, u8, bytes),
        Dtype::U16 => primitive!(types::UInt16Type, u16, bytes),
        Dtype::U32 => primitive!(types::UInt32Type, u32, bytes),
        Dtype::U64 => primitive!(types::UInt64Type, u64, bytes),
        Dtype::F32 => primitive!(types::Float32Type, f32, bytes),
        Dtype::F64 => primitive!(types::Float64Type, f64, bytes),
    };
    let Some(size) = values_of(info) else {
        return Ok(values);
    };
    let item = Arc::new(Field::new("item", info.dtype.data_type(), false));
    let lists = FixedSizeListArray::try_new(item, size, values, None);
    Ok(Arc::new(
        lists.map_err(|e| Error::gate(format!("{}: {e}", info.name)))?,
    ))
}
