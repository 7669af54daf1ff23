//! The types that datasets are stored in, as far as they are read, and the shapes that have one value per row.
//!
//! Used by `columns.rs`.

use hdf5::Dataset;
use hdf5::types::{FloatSize, IntSize, TypeDescriptor};

use crate::config::Dtype;
use crate::photon::ColumnType;
use crate::text::condensed;

/// Rows of a dataset of this shape with this column chosen, or why it has not one value per row.
pub(super) fn count_rows(shape: &[usize], column: Option<usize>) -> Result<u64, String> {
    match (shape, column) {
        (&[rows], None) => Ok(rows as u64),
        (&[rows, columns], Some(column)) if column < columns => Ok(rows as u64),
        (&[rows], Some(column)) => Err(format!(
            "is 1-D and column {column} is asked for, of shape ({rows}); leave `column` out"
        )),
        (&[rows, columns], Some(column)) => Err(format!(
            "has {columns} columns and column {column} is asked for, of shape ({rows}, {columns}); columns \
             count from 0"
        )),
        (&[rows, columns], None) => Err(format!(
            "is 2-D with {columns} columns, of shape ({rows}, {columns}), and none is chosen; give `column`, 0 to {}, of the \
             variable or filter",
            columns.saturating_sub(1)
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

/// Names that a type has for some of its integers.
pub(super) fn members(dataset: &Dataset) -> Vec<(String, i64)> {
    let descriptor = dataset.dtype().and_then(|dtype| dtype.to_descriptor());
    match descriptor {
        Ok(TypeDescriptor::Boolean) => vec![("FALSE".into(), 0), ("TRUE".into(), 1)],
        Ok(TypeDescriptor::Enum(of)) => {
            // Held without a sign: what is above the bits of the type is that of the sign.
            let above = 64 - 8 * of.size as u32;
            let value = |raw: u64| {
                if of.signed {
                    (raw << above).cast_signed() >> above
                } else {
                    raw.cast_signed()
                }
            };
            let members = of.members.iter();
            members
                .map(|member| (member.name.clone(), value(member.value)))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// The type of a dataset, or the name of a type that is not supported.
pub(super) fn dtype_of(dataset: &Dataset) -> Result<Dtype, String> {
    let dtype = dataset.dtype().map_err(|e| condensed(&e))?;
    match dtype.to_descriptor() {
        // Booleans as h5py writes them: an enum of one byte, 0 and 1.
        Ok(TypeDescriptor::Integer(IntSize::U1) | TypeDescriptor::Boolean) => Ok(Dtype::I8),
        Ok(TypeDescriptor::Integer(IntSize::U2)) => Ok(Dtype::I16),
        Ok(TypeDescriptor::Integer(IntSize::U4)) => Ok(Dtype::I32),
        Ok(TypeDescriptor::Integer(IntSize::U8)) => Ok(Dtype::I64),
        Ok(TypeDescriptor::Unsigned(IntSize::U1)) => Ok(Dtype::U8),
        Ok(TypeDescriptor::Unsigned(IntSize::U2)) => Ok(Dtype::U16),
        Ok(TypeDescriptor::Unsigned(IntSize::U4)) => Ok(Dtype::U32),
        Ok(TypeDescriptor::Unsigned(IntSize::U8)) => Ok(Dtype::U64),
        Ok(TypeDescriptor::Enum(of)) => Ok(match (of.size, of.signed) {
            (IntSize::U1, true) => Dtype::I8,
            (IntSize::U2, true) => Dtype::I16,
            (IntSize::U4, true) => Dtype::I32,
            (IntSize::U8, true) => Dtype::I64,
            (IntSize::U1, false) => Dtype::U8,
            (IntSize::U2, false) => Dtype::U16,
            (IntSize::U4, false) => Dtype::U32,
            (IntSize::U8, false) => Dtype::U64,
        }),
        Ok(TypeDescriptor::Float(FloatSize::U4)) => Ok(Dtype::F32),
        Ok(TypeDescriptor::Float(FloatSize::U8)) => Ok(Dtype::F64),
        Ok(other) => Err(format!("of type {other}")),
        Err(_) => Err(format!("of an unusual {}-byte type", dtype.size())),
    }
}
