//! A column still in chunks: rows of a dataset as a file stores them, before any of them is decoded.
//!
//! On the line: what reading hands to decoding. It says how the column is stored and where the bytes of each
//! chunk lie. Whoever decodes (`src/decode/host.rs`) has them brought chunk by chunk into memory of its own, so
//! no column is held twice.

use std::io;
use std::ops::Range;
use std::sync::Arc;

/// Filters that a mask has bits for; libhdf5 writes no more.
pub const MOST_STEPS: usize = 32;

/// Some rows of a column, in the storage chunks that hold them.
#[derive(Debug, Clone)]
pub struct StoredColumn<B> {
    pub form: Arc<Form>,
    /// What the places of chunks are in.
    pub bytes: B,
    /// Rows of the dataset that are wanted.
    pub rows: Range<u64>,
    /// The chunks that hold some of them, ascending. Rows in none are not stored: whatever the dataset's fill
    /// value is, they are null, and 0 stands behind that.
    pub chunks: Vec<StoredChunk>,
}

/// What the bytes of chunks are in.
pub trait Source: Sync {
    /// Fills `out` with the bytes from `at` on.
    ///
    /// # Errors
    /// They cannot be had, or end before `out` is full.
    fn bring(&self, at: u64, out: &mut [u8]) -> io::Result<()>;
}

impl<S: Source> Source for &S {
    fn bring(&self, at: u64, out: &mut [u8]) -> io::Result<()> {
        S::bring(self, at, out)
    }
}

impl Source for Vec<u8> {
    fn bring(&self, at: u64, out: &mut [u8]) -> io::Result<()> {
        let from = usize::try_from(at).ok().and_then(|at| self.get(at..));
        let from = from.and_then(|rest| rest.get(..out.len()));
        out.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// How a column is stored: what decoding needs to know beside its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    pub element: Element,
    pub pipeline: Pipeline,
    /// Rows of the dataset, and of a chunk; the last chunk may have more than are left.
    pub rows: u64,
    pub chunk_rows: u64,
    /// Where the column stands in a decoded chunk.
    pub stride: Stride,
    /// Rows stand one behind the other, unfiltered: chunks are as many of them as are read together.
    pub is_plain: bool,
}

/// One storage chunk as it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredChunk {
    /// Counted through the dataset.
    pub number: u64,
    /// The rows that are wanted, from the first of the chunk on.
    pub rows: Range<usize>,
    /// Its bytes, counted from the start of what it is in.
    pub place: Range<u64>,
    /// The row that the bytes begin with, and how many they are decoded.
    pub begins: usize,
    pub length: usize,
    /// Bit i is set where filter i was left out.
    pub mask: u32,
}

/// How the elements of a dataset are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element {
    pub kind: Kind,
    pub order: Order,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F32,
    F64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Little,
    Big,
}

/// Where the elements of consecutive rows stand in the bytes of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stride {
    /// Byte of the first row's element.
    pub first: usize,
    /// Bytes from one row to the next.
    pub step: usize,
}

/// One filter, as it was applied when writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Groups bytes of elements of so many bytes by significance.
    Shuffle {
        element: usize,
    },
    /// A zlib stream.
    Deflate,
    /// Four bytes of checksum behind the others.
    Fletcher32,
    /// What other tools compress with.
    Lzf,
    Lz4,
    Zstd,
    Blosc,
}

/// The filters of a dataset in the order of writing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    steps: Vec<Step>,
}

impl<B> StoredColumn<B> {
    /// The rows of the dataset that a chunk has.
    pub fn rows_of(&self, chunk: &StoredChunk) -> Range<u64> {
        let first = chunk.number.saturating_mul(self.form.chunk_rows);
        let end = first.saturating_add(self.form.chunk_rows);
        first..end.min(self.form.rows)
    }
}

impl StoredChunk {
    /// Bytes as they lie.
    pub fn size(&self) -> usize {
        (self.place.end - self.place.start) as usize
    }
}

impl Element {
    /// Bytes of one element.
    pub fn size(self) -> usize {
        match self.kind {
            Kind::I8 | Kind::U8 => 1,
            Kind::I16 | Kind::U16 => 2,
            Kind::I32 | Kind::U32 | Kind::F32 => 4,
            Kind::I64 | Kind::U64 | Kind::F64 => 8,
        }
    }

    /// Whether bytes stand in the order of this machine.
    pub fn is_native(self) -> bool {
        let native = if cfg!(target_endian = "little") {
            Order::Little
        } else {
            Order::Big
        };
        self.size() == 1 || self.order == native
    }
}

impl Pipeline {
    /// No filters.
    pub fn none() -> Self {
        Self { steps: Vec::new() }
    }

    /// `None` where there are more filters than a mask has bits.
    pub fn new(steps: Vec<Step>) -> Option<Self> {
        (steps.len() <= MOST_STEPS).then_some(Self { steps })
    }

    /// Whether a chunk with this mask would not be unshuffled: no writer leaves that filter out, which
    /// cannot fail, and nothing else tells that its bytes stand in another order.
    pub fn skips_shuffle(&self, mask: u32) -> bool {
        let mut numbered = self.steps.iter().enumerate();
        numbered.any(|(i, step)| matches!(step, Step::Shuffle { .. }) && mask >> i & 1 == 1)
    }

    /// Filters that change bytes of a chunk with this mask, in the order of writing.
    pub fn active(&self, mask: u32) -> impl DoubleEndedIterator<Item = Step> + '_ {
        let numbered = self.steps.iter().enumerate();
        numbered
            .filter(move |(i, _)| mask >> i & 1 == 0)
            .map(|(_, &step)| step)
    }
}
