//! Buffers of values that are used again from block to block.
//!
//! On the line: `columns.rs` takes what it decodes into from here, `reader.rs` gives back what no
//! batch took, and whoever has finished with a batch can give its columns back. Fresh memory costs a
//! page fault per 4 KiB, which is as dear as copying it.

use crate::batch::{ColumnType, PhotonBatch, Values};

/// Values of no further use, whose memory is.
#[derive(Debug, Default)]
pub struct Buffers {
    f32: Vec<Vec<f32>>,
    f64: Vec<Vec<f64>>,
    i64: Vec<Vec<i64>>,
}

impl Buffers {
    /// Takes back what a batch holds.
    pub fn recycle(&mut self, batch: PhotonBatch) {
        self.f64.push(batch.lon);
        self.f64.push(batch.lat);
        for column in batch.columns {
            self.give(column.values);
        }
    }

    /// `length` values of any content.
    pub(super) fn take(&mut self, column_type: ColumnType, length: usize) -> Values {
        match column_type {
            ColumnType::F32 => Values::F32(sized(&mut self.f32, length)),
            ColumnType::F64 => Values::F64(sized(&mut self.f64, length)),
            ColumnType::I64 => Values::I64(sized(&mut self.i64, length)),
        }
    }

    /// Takes back values.
    pub(super) fn give(&mut self, values: Values) {
        match values {
            Values::F32(v) => self.f32.push(v),
            Values::F64(v) => self.f64.push(v),
            Values::I64(v) => self.i64.push(v),
        }
    }
}

fn sized<T: Copy + Default>(buffers: &mut Vec<Vec<T>>, length: usize) -> Vec<T> {
    match buffers.pop() {
        Some(mut buffer) if buffer.capacity() >= length => {
            buffer.resize(length, T::default());
            buffer
        }
        // Zeroed by the system, page by page when first written.
        _ => vec![T::default(); length],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_is_given_back_is_taken_again() {
        let mut buffers = Buffers::default();
        let Values::F64(first) = buffers.take(ColumnType::F64, 100) else {
            unreachable!("the type that was asked for");
        };
        let address = first.as_ptr();
        buffers.give(Values::F64(first));
        let second = buffers.take(ColumnType::F64, 60);
        assert!(matches!(&second, Values::F64(v) if v.as_ptr() == address && v.len() == 60));
        assert_eq!(buffers.take(ColumnType::I64, 3), Values::I64(vec![0; 3]));
    }
}
