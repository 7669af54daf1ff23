//! Values of a store as columns of rows.
//!
//! Under `rows.rs`. Values come as the little-endian bytes that a store has.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float32Array, Int32Array, LargeListArray, StructArray, TimestampMicrosecondArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Fields};

use crate::config::Dtype;
use crate::error::{Error, Result};
use crate::store::{ArrayInfo, StoredSteps, micros, values_of};

/// The values of a slot; of an array without steps those of its cell.
pub fn slot_bytes<'b>(info: &ArrayInfo, bytes: &'b [u8], (cell, step): (usize, usize)) -> &'b [u8] {
    if info.ragged.is_some() {
        return &[];
    }
    let of_cell = info.shape[1..].iter().product::<u64>() as usize * info.dtype.size();
    let of_step = if info.at_steps {
        of_cell / info.shape[1].max(1) as usize
    } else {
        of_cell
    };
    let step = if info.at_steps { step } else { 0 };
    &bytes[cell * of_cell + step * of_step..][..of_step]
}

/// The steps of rows as moments or numbers.
pub fn moments(times: &StoredSteps, steps: impl Iterator<Item = usize>) -> ArrayRef {
    if times.are_numbers() {
        let numbers = steps.map(|step| times.number(step).unwrap_or_default() as i32);
        return Arc::new(Int32Array::from_iter_values(numbers));
    }
    let starts = steps.map(|step| micros(times.start(step).unwrap_or_default()));
    Arc::new(TimestampMicrosecondArray::from_iter_values(starts).with_timezone("UTC"))
}

fn members() -> Fields {
    ["mean", "weight"]
        .into_iter()
        .map(|name| Field::new(name, DataType::Float32, false))
        .collect()
}

/// The type of an array as a column: a list where a cell has several values.
pub fn data_type(info: &ArrayInfo) -> DataType {
    let item = |of: DataType| Arc::new(Field::new("item", of, false));
    if info.ragged.is_some() {
        return DataType::LargeList(item(DataType::Struct(members())));
    }
    let one = info.dtype.data_type();
    match values_of(info) {
        None => one,
        Some(values) => DataType::FixedSizeList(item(one), values),
    }
}

/// Lists of means and weights as a column.
pub fn lists<'b>(
    info: &ArrayInfo,
    of_rows: &(impl Iterator<Item = &'b [u8]> + Clone),
) -> Result<ArrayRef> {
    if (info.dtype, info.ragged) != (Dtype::F32, Some(2)) {
        return Err(Error::argument(format!(
            "array {} has lists of {} values of {}, and a table lists of means and weights in float32; export the others by \
             name",
            info.name,
            info.ragged.unwrap_or_default(),
            info.dtype.name()
        )));
    }
    let offsets = OffsetBuffer::<i64>::from_lengths(of_rows.clone().map(|list| list.len() / 8));
    let word = |bytes: &[u8]| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    let part = |at: usize| -> ArrayRef {
        let rows = of_rows.clone().flat_map(|list| list.chunks_exact(8));
        Arc::new(Float32Array::from_iter_values(
            rows.map(|row| word(&row[at..])),
        ))
    };
    let structs = StructArray::new(members(), vec![part(0), part(4)], None);
    let item = Arc::new(Field::new("item", DataType::Struct(members()), false));
    Ok(Arc::new(LargeListArray::new(
        item,
        offsets,
        Arc::new(structs),
        None,
    )))
}
