//! Buffers of values that are used again from block to block.
//!
//! On the line: `columns.rs` takes what it decodes into from here, `reader.rs` gives back what no
//! batch took, and whoever has finished with a batch can give its columns back. Fresh memory costs a
//! page fault per 4 KiB, which is as dear as copying it. What a batch will hold comes from the memory of the backend
//! where it has some (`src/photon/buffer.rs`), and goes back there.

use std::sync::Arc;

use bytemuck::Pod;

use super::integers::{Bits, Integers};
use crate::config::Dtype;
use crate::photon::{Buffer, ColumnMemory, ColumnType, PhotonBatch, Values};

/// Values of no further use, whose memory is.
#[derive(Debug, Default)]
pub struct Buffers {
    f32: Shelf<f32>,
    f64: Shelf<f64>,
    i64: Shelf<i64>,
    /// Of integers as they are stored.
    b8: Shelf<u8>,
    b16: Shelf<u16>,
    b32: Shelf<u32>,
    marks: Shelf<u8>,
    memory: Option<Arc<dyn ColumnMemory>>,
}

/// Buffers of one type. It takes back no more than were taken of it, so that memory which comes from
/// elsewhere does not gather here.
#[derive(Debug, Default)]
struct Shelf<T: Pod> {
    buffers: Vec<Buffer<T>>,
    taken: usize,
}

impl Buffers {
    /// What batches hold comes from this memory from now on, as far as it has some.
    pub fn lend(&mut self, memory: Option<Arc<dyn ColumnMemory>>) {
        self.memory = memory;
    }

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

    /// The same for values that a batch will hold.
    pub(super) fn take_for_batch(&mut self, column_type: ColumnType, length: usize) -> Values {
        let lent = self.memory.as_deref();
        let lent = lent.and_then(|memory| Values::lent_by(memory, column_type, length));
        lent.unwrap_or_else(|| self.take(column_type, length))
    }

    /// Integers as they are stored, of a type that is held so, of any content.
    pub(super) fn take_integers(&mut self, dtype: Dtype, length: usize) -> Integers {
        let bits = match dtype.size() {
            1 => Bits::B8(self.b8.take(length).into_vec()),
            2 => Bits::B16(self.b16.take(length).into_vec()),
            _ => Bits::B32(self.b32.take(length).into_vec()),
        };
        Integers::new(dtype, bits)
    }

    /// Takes back integers as they are stored.
    pub(super) fn give_integers(&mut self, integers: Integers) {
        match integers.bits {
            Bits::B8(v) => self.b8.give(v.into()),
            Bits::B16(v) => self.b16.give(v.into()),
            Bits::B32(v) => self.b32.give(v.into()),
        }
    }

    /// Marks of so many rows, of any content.
    pub(super) fn take_marks(&mut self, length: usize) -> Vec<u8> {
        self.marks.take(length).into_vec()
    }

    /// Takes back marks.
    pub(super) fn give_marks(&mut self, marks: Vec<u8>) {
        self.marks.give(marks.into());
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

impl<T: Pod> Shelf<T> {
    /// Keeps a buffer, unless it has no memory: what was moved into a batch leaves such behind. What is lent goes
    /// back to where it came from.
    fn give(&mut self, buffer: Buffer<T>) {
        if buffer.capacity() > 0 && self.taken > 0 {
            self.taken -= 1;
            self.buffers.push(buffer);
        }
    }

    /// The smallest buffer that is large enough, or a new one in place of one too small.
    fn take(&mut self, length: usize) -> Buffer<T> {
        self.taken += 1;
        let buffers = &mut self.buffers;
        let fitting = (0..buffers.len()).filter(|&i| buffers[i].capacity() >= length);
        if let Some(best) = fitting.min_by_key(|&i| buffers[i].capacity()) {
            let mut buffer = buffers.swap_remove(best);
            buffer.to_mut().resize(length, T::zeroed());
            return buffer;
        }
        buffers.pop();
        // Zeroed by the system, page by page when first written.
        vec![T::zeroed(); length].into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photon::buffer::tests::Lender;

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
        assert_eq!(
            buffers.take(ColumnType::I64, 3),
            Values::I64(vec![0; 3].into())
        );
    }

    #[test]
    fn buffers_without_memory_do_not_hide_those_with() {
        let mut buffers = Buffers::default();
        let large = buffers.take(ColumnType::I64, 1000);
        buffers.give(large);
        let small = buffers.take(ColumnType::I64, 2);
        let large = buffers.take(ColumnType::I64, 1000);
        buffers.give(large);
        buffers.give(Values::empty(ColumnType::I64));
        buffers.give(small);
        let Values::I64(taken) = buffers.take(ColumnType::I64, 1000) else {
            unreachable!("the type that was asked for");
        };
        // A new buffer would hold zeros, and have no more room than it was asked for.
        assert_eq!(buffers.i64.buffers.len(), 1);
        assert_eq!((taken.len(), buffers.i64.buffers[0].len()), (1000, 2));
    }

    #[test]
    fn what_a_batch_holds_is_lent_as_long_as_there_is_some() {
        let memory = Arc::new(Lender::of(1));
        let mut buffers = Buffers::default();
        buffers.lend(Some(Arc::clone(&memory) as Arc<dyn ColumnMemory>));
        let is_lent = |values: &Values| matches!(values, Values::F32(v) if v.lent().is_some());
        let filter = buffers.take(ColumnType::F32, 10);
        let first = buffers.take_for_batch(ColumnType::F32, 10);
        let second = buffers.take_for_batch(ColumnType::F32, 10);
        assert_eq!(
            [&filter, &first, &second].map(is_lent),
            [false, true, false]
        );
        // It goes back to its owner, and is not kept here.
        buffers.give(first);
        assert!(buffers.f32.buffers.is_empty());
        assert!(is_lent(&buffers.take_for_batch(ColumnType::F32, 10)));
        buffers.give(second);
        assert_eq!(buffers.f32.buffers.len(), 1);
    }

    #[test]
    fn memory_from_elsewhere_does_not_gather() {
        let mut buffers = Buffers::default();
        for _ in 0..10 {
            let taken = buffers.take(ColumnType::F32, 10);
            buffers.give(Values::F64(vec![1.0; 10].into()));
            buffers.give(Values::F32(vec![1.0; 10].into()));
            buffers.give(taken);
        }
        assert_eq!(buffers.f64.buffers.len() + buffers.f32.buffers.len(), 1);
    }
}
