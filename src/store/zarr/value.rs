//! Values of an array as bytes and as numbers.
//!
//! Below all of this folder: bytes are little-endian, as in the store.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{self as types, DataType};

use super::metadata::ArrayLayout;
use crate::config::Dtype;

/// One value of an array, exact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scalar {
    Whole(i128),
    Float(f64),
}

/// The value in these little-endian bytes.
pub fn scalar(dtype: Dtype, bytes: &[u8]) -> Scalar {
    let mut word = [0; 8];
    let length = bytes.len().min(8);
    word[..length].copy_from_slice(&bytes[..length]);
    let bits = u64::from_le_bytes(word);
    match dtype {
        Dtype::I8 => Scalar::Whole((bits as i8).into()),
        Dtype::I16 => Scalar::Whole((bits as i16).into()),
        Dtype::I32 => Scalar::Whole((bits as i32).into()),
        Dtype::I64 => Scalar::Whole(bits.cast_signed().into()),
        Dtype::U8 | Dtype::U16 | Dtype::U32 | Dtype::U64 => Scalar::Whole(bits.into()),
        Dtype::F32 => Scalar::Float(f32::from_bits(bits as u32).into()),
        Dtype::F64 => Scalar::Float(f64::from_bits(bits)),
    }
}

/// Turns values of the machine's byte order into little-endian ones.
pub fn into_little_endian(bytes: &mut [u8], size: usize) {
    if cfg!(target_endian = "big") {
        bytes.chunks_exact_mut(size).for_each(<[u8]>::reverse);
    }
}

/// Values per cell of a column of lists.
fn per_cell(column: &ArrayRef) -> Option<u64> {
    match column.data_type() {
        DataType::FixedSizeList(_, size) => Some(*size as u64),
        _ => None,
    }
}

/// The values in a column of lists, one after another.
pub fn list_values(column: &ArrayRef) -> Option<&dyn Array> {
    Some(&**column.as_fixed_size_list_opt()?.values())
}

/// A column's values as little-endian bytes; an error in words if they are not of the layout's type.
pub fn little_endian_bytes(column: &ArrayRef, layout: &ArrayLayout) -> Result<Vec<u8>, String> {
    let values = list_values(column).unwrap_or(column);
    macro_rules! bytes {
        ($t:ty) => {
            values.as_primitive_opt::<$t>().map(|array| {
                let mut bytes = bytemuck::cast_slice(array.values()).to_vec();
                into_little_endian(&mut bytes, layout.dtype.size());
                bytes
            })
        };
    }
    let bytes: Option<Vec<u8>> = match layout.dtype {
        Dtype::I8 => bytes!(types::Int8Type),
        Dtype::I16 => bytes!(types::Int16Type),
        Dtype::I32 => bytes!(types::Int32Type),
        Dtype::I64 => bytes!(types::Int64Type),
        Dtype::U8 => bytes!(types::UInt8Type),
        Dtype::U16 => bytes!(types::UInt16Type),
        Dtype::U32 => bytes!(types::UInt32Type),
        Dtype::U64 => bytes!(types::UInt64Type),
        Dtype::F32 => bytes!(types::Float32Type),
        Dtype::F64 => bytes!(types::Float64Type),
    };
    bytes
        .filter(|_| per_cell(column) == layout.values)
        .ok_or_else(|| {
            let (name, dtype) = (&layout.name, layout.dtype.name());
            let width = layout
                .values
                .map_or(String::new(), |values| format!(" x {values}"));
            format!(
                "column {name} is {}, the array {dtype}{width}",
                column.data_type()
            )
        })
}
