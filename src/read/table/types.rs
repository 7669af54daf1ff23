//! Which types of columns can be held, and as what.
//!
//! Beside `columns.rs`.

use arrow::datatypes::DataType;

use crate::config::Dtype;
use crate::photon::ColumnType;
use crate::read::times;

/// The type of a list's elements.
pub(super) fn list_item(data_type: &DataType) -> Option<&DataType> {
    match data_type {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            Some(item.data_type())
        }
        _ => None,
    }
}

/// The type of a column's values; booleans are 0 and 1, dates and timestamps are times.
pub(super) fn dtype_of(data_type: &DataType) -> Option<Dtype> {
    Some(match data_type {
        DataType::Dictionary(_, values) => return dtype_of(values),
        time if times::is_time(time) => Dtype::F64,
        DataType::Int8 => Dtype::I8,
        DataType::Int16 => Dtype::I16,
        DataType::Int32 => Dtype::I32,
        DataType::Int64 => Dtype::I64,
        DataType::UInt8 | DataType::Boolean => Dtype::U8,
        DataType::UInt16 => Dtype::U16,
        DataType::UInt32 => Dtype::U32,
        DataType::UInt64 => Dtype::U64,
        DataType::Float32 => Dtype::F32,
        DataType::Float64 => Dtype::F64,
        _ => return None,
    })
}

/// The type in which values are held where nothing wider is asked for.
pub(super) fn column_type(dtype: Dtype) -> ColumnType {
    match dtype {
        Dtype::F32 => ColumnType::F32,
        Dtype::F64 => ColumnType::F64,
        _ => ColumnType::I64,
    }
}
