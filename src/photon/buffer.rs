//! Values of one type and the memory that holds them: their own, or memory that a backend lent.
//!
//! On the line: what columns are decoded into, and what a batch holds of them. A device reads page-locked memory by
//! itself, while the host goes on. So lent memory waits, before it is written again, until nobody reads it any more,
//! and goes back to where it came from when it is dropped: its owner alone may use it again or free it.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use bytemuck::Pod;

/// Memory that a backend has for columns, from which it uploads without a copy in between.
pub trait ColumnMemory: fmt::Debug + Send + Sync {
    /// So many bytes or more, aligned for every value, of any content. `None` where it has none left, or where so few
    /// are not worth it: ordinary memory does as well, and gives the same values.
    fn take(&self, bytes: usize) -> Option<Box<dyn ColumnBlock>>;

    /// What it took of the host's memory so far.
    fn taken(&self) -> MemoryTaken;
}

/// A piece of such memory, which goes back when it is dropped.
pub trait ColumnBlock: Any + fmt::Debug + Send + Sync {
    fn bytes(&self) -> &[u8];

    /// The bytes, to write them; waits until nobody reads them.
    fn bytes_mut(&mut self) -> &mut [u8];
}

/// What column memory took of the host's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryTaken {
    /// Bytes that it may take.
    pub most: u64,
    /// Bytes that it had at a time, at most.
    pub peak: u64,
    /// Why the system gives no more, where it does not.
    pub refused: Option<String>,
}

/// Values that follow one another in memory.
pub struct Buffer<T>(Held<T>);

enum Held<T> {
    Own(Vec<T>),
    Lent(Lent<T>),
    Shared(Shared<T>),
}

/// Memory of somebody else, who may read it meanwhile: it is never written.
struct Shared<T> {
    owner: Arc<dyn AsRef<[T]> + Send + Sync>,
    length: usize,
}

impl<T> Shared<T> {
    fn values(&self) -> &[T] {
        &(*self.owner).as_ref()[..self.length]
    }
}

struct Lent<T> {
    block: Box<dyn ColumnBlock>,
    /// Values, which the block has room for.
    length: usize,
    of: PhantomData<T>,
}

impl<T: Pod> Lent<T> {
    fn values(&self) -> &[T] {
        let bytes = self.length * size_of::<T>();
        bytemuck::cast_slice(&self.block.bytes()[..bytes])
    }

    fn values_mut(&mut self) -> &mut [T] {
        let bytes = self.length * size_of::<T>();
        bytemuck::cast_slice_mut(&mut self.block.bytes_mut()[..bytes])
    }
}

impl<T: Pod> Buffer<T> {
    /// Room for so many values, of any content, in memory that is lent; `None` where there is none.
    pub fn lent_by(memory: &dyn ColumnMemory, length: usize) -> Option<Self> {
        let bytes = length.checked_mul(size_of::<T>())?;
        let block = memory.take(bytes)?;
        let values = block.bytes().get(..bytes)?;
        bytemuck::try_cast_slice::<u8, T>(values).is_ok().then(|| {
            Self(Held::Lent(Lent {
                block,
                length,
                of: PhantomData,
            }))
        })
    }

    /// Values where they lie, without a copy, as long as this lives: those of an array of another library, say.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use icefold::arrays::Buffer;
    ///
    /// let theirs = Arc::new(vec![70.0, 70.5]);
    /// let mine = Buffer::shared(theirs.clone());
    /// assert_eq!(mine.as_ptr(), theirs.as_ptr());
    /// ```
    pub fn shared(owner: Arc<dyn AsRef<[T]> + Send + Sync>) -> Self {
        let length = (*owner).as_ref().len();
        Self(Held::Shared(Shared { owner, length }))
    }

    /// The values in memory that is lent, copied there; as they are where there is none.
    #[must_use]
    pub fn moved_into(self, memory: &dyn ColumnMemory) -> Self {
        let Some(mut lent) = Self::lent_by(memory, self.len()) else {
            return self;
        };
        lent.copy_from_slice(&self);
        lent
    }

    /// The memory, where it is lent; the values are the first of it.
    pub fn lent(&self) -> Option<&dyn ColumnBlock> {
        match &self.0 {
            Held::Own(_) | Held::Shared(_) => None,
            Held::Lent(lent) => Some(&*lent.block),
        }
    }

    /// Values that its own memory has room for; none where it is lent.
    pub fn capacity(&self) -> usize {
        match &self.0 {
            Held::Own(values) => values.capacity(),
            Held::Lent(_) | Held::Shared(_) => 0,
        }
    }

    /// Forgets the values behind the first so many.
    pub fn truncate(&mut self, length: usize) {
        match &mut self.0 {
            Held::Own(values) => values.truncate(length),
            Held::Lent(lent) => lent.length = lent.length.min(length),
            Held::Shared(shared) => shared.length = shared.length.min(length),
        }
    }

    /// The values in memory of their own, copied there if they are not.
    pub fn to_mut(&mut self) -> &mut Vec<T> {
        match &self.0 {
            Held::Own(_) => {}
            Held::Lent(lent) => self.0 = Held::Own(lent.values().to_vec()),
            Held::Shared(shared) => self.0 = Held::Own(shared.values().to_vec()),
        }
        match &mut self.0 {
            Held::Own(values) => values,
            Held::Lent(_) | Held::Shared(_) => unreachable!("copied above"),
        }
    }

    /// As [`Buffer::to_mut`].
    pub fn into_vec(mut self) -> Vec<T> {
        std::mem::take(self.to_mut())
    }
}

impl<T: Pod> Deref for Buffer<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        match &self.0 {
            Held::Own(values) => values,
            Held::Lent(lent) => lent.values(),
            Held::Shared(shared) => shared.values(),
        }
    }
}

impl<T: Pod> DerefMut for Buffer<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        if matches!(self.0, Held::Shared(_)) {
            return self.to_mut();
        }
        match &mut self.0 {
            Held::Own(values) => values,
            Held::Lent(lent) => lent.values_mut(),
            Held::Shared(_) => unreachable!("copied above"),
        }
    }
}

impl<T> Default for Buffer<T> {
    fn default() -> Self {
        Self(Held::Own(Vec::new()))
    }
}

impl<T: Pod> Clone for Buffer<T> {
    /// In memory of its own.
    fn clone(&self) -> Self {
        self.to_vec().into()
    }
}

impl<T: Pod + fmt::Debug> fmt::Debug for Buffer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: Pod + PartialEq> PartialEq for Buffer<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T> From<Vec<T>> for Buffer<T> {
    fn from(values: Vec<T>) -> Self {
        Self(Held::Own(values))
    }
}

impl<T> FromIterator<T> for Buffer<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Vec::from_iter(values).into()
    }
}

impl<T: Pod> Extend<T> for Buffer<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, more: I) {
        self.to_mut().extend(more);
    }
}

impl<'a, T: Pod> IntoIterator for &'a Buffer<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Memory that lends so many blocks at a time, and says how often one was written.
    #[derive(Debug, Default)]
    pub struct Lender {
        pub blocks: usize,
        pub out: Arc<AtomicUsize>,
        pub written: Arc<Mutex<usize>>,
        /// Bytes by which blocks begin beside where values may.
        pub beside: usize,
    }

    #[derive(Debug)]
    struct Block {
        words: Vec<u64>,
        beside: usize,
        out: Arc<AtomicUsize>,
        written: Arc<Mutex<usize>>,
    }

    impl Lender {
        pub fn of(blocks: usize) -> Self {
            Self {
                blocks,
                ..Self::default()
            }
        }
    }

    impl ColumnMemory for Lender {
        fn take(&self, bytes: usize) -> Option<Box<dyn ColumnBlock>> {
            (self.out.load(Ordering::Relaxed) < self.blocks).then(|| {
                self.out.fetch_add(1, Ordering::Relaxed);
                Box::new(Block {
                    words: vec![0x5a5a_5a5a_5a5a_5a5a; bytes / 8 + 2],
                    beside: self.beside,
                    out: Arc::clone(&self.out),
                    written: Arc::clone(&self.written),
                }) as Box<dyn ColumnBlock>
            })
        }

        fn taken(&self) -> MemoryTaken {
            MemoryTaken::default()
        }
    }

    impl Drop for Block {
        fn drop(&mut self) {
            self.out.fetch_sub(1, Ordering::Relaxed);
        }
    }

    impl ColumnBlock for Block {
        fn bytes(&self) -> &[u8] {
            &bytemuck::cast_slice(&self.words)[self.beside..]
        }

        fn bytes_mut(&mut self) -> &mut [u8] {
            *self.written.lock().unwrap() += 1;
            &mut bytemuck::cast_slice_mut(&mut self.words)[self.beside..]
        }
    }

    #[test]
    fn lent_memory_holds_values_and_goes_back_when_it_is_dropped() {
        let memory = Lender::of(1);
        let mut lent = Buffer::<f32>::lent_by(&memory, 3).unwrap();
        assert!(Buffer::<f32>::lent_by(&memory, 3).is_none());
        lent.copy_from_slice(&[1.0, 2.0, 3.0]);
        assert_eq!((lent.len(), lent[2]), (3, 3.0));
        assert!(lent.lent().is_some());
        lent.truncate(2);
        assert_eq!(lent, Buffer::from(vec![1.0, 2.0]));
        // A copy has memory of its own.
        let copy = lent.clone();
        assert!(copy.lent().is_none() && copy == lent);
        drop(lent);
        assert_eq!(memory.out.load(Ordering::Relaxed), 0);
        let (moved, left) = (copy.clone().moved_into(&memory), copy.clone());
        assert!(moved.lent().is_some() && moved == copy);
        assert!(left.moved_into(&memory).lent().is_none());
    }

    #[test]
    fn reading_lent_memory_does_not_wait_and_writing_does() {
        let memory = Lender::of(1);
        let mut lent = Buffer::<i64>::lent_by(&memory, 4).unwrap();
        assert!(lent.iter().all(|&value| value == 0x5a5a_5a5a_5a5a_5a5a));
        assert_eq!(*memory.written.lock().unwrap(), 0);
        lent[3] = 7;
        assert_eq!(*memory.written.lock().unwrap(), 1);
        assert_eq!(lent[3], 7);
    }

    #[test]
    fn values_that_grow_leave_lent_memory() {
        let memory = Lender::of(1);
        let mut lent = Buffer::<i64>::lent_by(&memory, 1).unwrap();
        lent[0] = 5;
        lent.to_mut().push(6);
        assert_eq!(memory.out.load(Ordering::Relaxed), 0);
        assert_eq!(lent.into_vec(), [5, 6]);
    }

    #[test]
    fn shared_values_are_read_where_they_lie_and_copied_before_they_are_written() {
        let theirs = Arc::new(vec![1.0, 2.0, 3.0]);
        let mut mine = Buffer::<f64>::shared(theirs.clone());
        mine.truncate(2);
        assert_eq!((mine.as_ptr(), mine.len()), (theirs.as_ptr(), 2));
        assert!(mine.lent().is_none() && mine.capacity() == 0);
        mine[0] = 7.0;
        assert_eq!((&*mine, theirs[0]), (&[7.0, 2.0][..], 1.0));
        assert_eq!(Buffer::shared(theirs.clone()).into_vec(), *theirs);
        assert_eq!(Arc::strong_count(&theirs), 1);
    }

    #[test]
    fn a_block_in_which_values_do_not_fit_is_not_used() {
        let memory = Lender {
            beside: 1,
            ..Lender::of(1)
        };
        assert!(Buffer::<f64>::lent_by(&memory, 2).is_none());
        assert_eq!(memory.out.load(Ordering::Relaxed), 0);
        assert!(Buffer::<f64>::lent_by(&Lender::of(1), usize::MAX).is_none());
    }
}
