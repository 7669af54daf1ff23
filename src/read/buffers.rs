//! Buffers of values that are used again from block to block.
//!
//! On the line: `columns.rs` takes what it decodes into from here, `reader.rs` gives back what no
//! batch took, and whoever has finished with a batch can give its columns back. Fresh memory costs a
//! page fault per 4 KiB, which is as dear as copying it.

use crate::photon::{ColumnType, PhotonBatch, Values};

/// Values of no further use, whose memory is.
#[derive(Debug, Default)]
pub struct Buffers {
    f32: Shelf<f32>,
    f64: Shelf<f64>,
    i64: Shelf<i64>,
    marks: Shelf<u8>,
}

/// Buffers of one type. It takes back no more than were taken of it, so that memory which comes from
/// elsewhere does not gather here.
#[derive(Debug, Default)]
struct Shelf<T> {
    buffers: Vec<Vec<T>>,
    taken: usize,
}

impl Buffers {
    /// Takes back what a batch holds.
    pub fn recycle(&mut self, batch: PhotonBatch) {
        self.give(Values::F64(batch.lon));
        self.give(Values::F64(batch.lat));
        for column in batch.columns {
            self.give(column.values);
        }
    }

    /// `length` values of any content.
    pub(super) fn take(&mut self, column_type: ColumnType, length: usize) -> Values {
        match column_type {
            ColumnType::F32 => Values::F32(self.f32.take(length)),
            ColumnType::F64 => Values::F64(self.f64.take(length)),
            ColumnType::I64 => Values::I64(self.i64.take(length)),
        }
    }

    /// Marks of so many rows, of any content.
    pub(super) fn take_marks(&mut self, length: usize) -> Vec<u8> {
        self.marks.take(length)
    }

    /// Takes back marks.
    pub(super) fn give_marks(&mut self, marks: Vec<u8>) {
        self.marks.give(marks);
    }

    /// Takes back values.
    pub(super) fn give(&mut self, values: Values) {
        match values {
            Values::F32(v) => self.f32.give(v),
            Values::F64(v) => self.f64.give(v),
            Values::I64(v) => self.i64.give(v),
        }
    }
}

impl<T: Copy + Default> Shelf<T> {
    /// Keeps a buffer, unless it has no memory: what was moved into a batch leaves such behind.
    fn give(&mut self, buffer: Vec<T>) {
        if buffer.capacity() > 0 && self.taken > 0 {
            self.taken -= 1;
            self.buffers.push(buffer);
        }
    }

    /// The smallest buffer that is large enough, or a new one in place of one too small.
    fn take(&mut self, length: usize) -> Vec<T> {
        self.taken += 1;
        let buffers = &mut self.buffers;
        let fitting = (0..buffers.len()).filter(|&i| buffers[i].capacity() >= length);
        if let Some(best) = fitting.min_by_key(|&i| buffers[i].capacity()) {
            let mut buffer = buffers.swap_remove(best);
            buffer.resize(length, T::default());
            return buffer;
        }
        buffers.pop();
        // Zeroed by the system, page by page when first written.
        vec![T::default(); length]
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

    #[test]
    fn buffers_without_memory_do_not_hide_those_with() {
        let mut buffers = Buffers::default();
        let large = buffers.take(ColumnType::I64, 1000);
        buffers.give(large);
        let small = buffers.take(ColumnType::I64, 2);
        let large = buffers.take(ColumnType::I64, 1000);
        buffers.give(large);
        buffers.give(Values::I64(Vec::new()));
        buffers.give(small);
        let Values::I64(taken) = buffers.take(ColumnType::I64, 1000) else {
            unreachable!("the type that was asked for");
        };
        // A new buffer would hold zeros, and have no more room than it was asked for.
        assert_eq!(buffers.i64.buffers.len(), 1);
        assert_eq!((taken.len(), buffers.i64.buffers[0].len()), (1000, 2));
    }

    #[test]
    fn memory_from_elsewhere_does_not_gather() {
        let mut buffers = Buffers::default();
        for _ in 0..10 {
            let taken = buffers.take(ColumnType::F32, 10);
            buffers.give(Values::F64(vec![1.0; 10]));
            buffers.give(Values::F32(vec![1.0; 10]));
            buffers.give(taken);
        }
        assert_eq!(buffers.f64.buffers.len() + buffers.f32.buffers.len(), 1);
    }
}
