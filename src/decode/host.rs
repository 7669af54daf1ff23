//! Columns still in chunks to values, on threads of the host: one chunk at a time.
//!
//! On the line: between the bytes of chunks, which somebody else brings, and the columns of a batch. A chunk of
//! which only part is wanted is kept decoded, because the next rows begin in it.

use std::io;
use std::ops::Range;
use std::time::{Duration, Instant};

use super::convert::Target;
use super::extremes::Extremes;
use super::filter::Damage;
use super::inflate::{Tools, sized};
use crate::photon::stored::{Form, StoredChunk, StoredColumn, Stride};

/// Puts the bytes of a chunk, as they lie, into memory of just their length.
pub type Bring<'a> = dyn FnMut(&mut [u8]) -> io::Result<()> + 'a;

/// A decoded chunk, and room for the next one to keep.
#[derive(Debug, Default)]
pub struct Kept {
    chunk: Option<u64>,
    bytes: Vec<u8>,
    spare: Vec<u8>,
}

/// The rows that are wanted of one chunk, and where their values go.
#[derive(Debug)]
pub struct Piece<'a> {
    form: &'a Form,
    pub chunk: &'a StoredChunk,
    target: Target<'a>,
    origin: Origin<'a>,
    /// Other columns of the same bytes.
    others: Vec<(&'a Form, Target<'a>)>,
}

/// Where the decoded bytes of a piece come from.
#[derive(Debug)]
enum Origin<'a> {
    /// What is brought.
    Brought,
    /// What is brought; decoded bytes are kept here.
    BroughtAndKept(&'a mut Vec<u8>),
    /// Decoded before.
    Decoded(&'a [u8]),
}

/// What one piece took of a thread.
#[derive(Debug, Clone, Copy, Default)]
pub struct PieceSpent {
    /// Waiting for bytes, and how many came.
    pub reading: Duration,
    pub stored: u64,
    pub decoding: Duration,
    /// Of the values of its own column, where they are floats.
    pub extremes: Option<Extremes>,
}

/// Why a chunk has no values.
#[derive(Debug)]
pub enum Defect {
    Unread(io::Error),
    Damaged(Damage),
}

impl Kept {
    /// What is kept once all pieces are decoded, of which `next` was one to keep.
    #[must_use]
    pub fn after(mut self, next: Option<u64>) -> Self {
        if next.is_some() {
            std::mem::swap(&mut self.bytes, &mut self.spare);
            self.chunk = next;
        }
        self
    }
}

/// The pieces that fill `target` with the rows of a column, as many as it has room for, and the chunk that
/// becomes the one to keep. Rows that are not stored are 0.
pub fn pieces<'a, B>(
    column: &'a StoredColumn<B>,
    mut target: Target<'a>,
    kept: &'a mut Kept,
) -> (Vec<Piece<'a>>, Option<u64>) {
    let form = &*column.form;
    let mut pieces = Vec::with_capacity(column.chunks.len());
    let mut next = None;
    let mut spare = Some(&mut kept.spare);
    let mut row = column.rows.start;
    for chunk in &column.chunks {
        let of_chunk = column.rows_of(chunk);
        let start = of_chunk.start + chunk.rows.start as u64;
        let (gap, rest) = target.split((start - row) as usize);
        gap.clear();
        let (front, rest) = rest.split(chunk.rows.len());
        target = rest;
        row = start + chunk.rows.len() as u64;
        // More of this chunk follows behind the rows; those in no chunks are read as wanted.
        let straddles = !form.is_plain && row == column.rows.end && row < of_chunk.end;
        let origin = match (kept.chunk == Some(chunk.number), straddles, &mut spare) {
            (true, _, _) => Origin::Decoded(&kept.bytes),
            (false, true, spare) => match spare.take() {
                Some(spare) => {
                    next = Some(chunk.number);
                    Origin::BroughtAndKept(spare)
                }
                None => Origin::Brought,
            },
            (false, false, _) => Origin::Brought,
        };
        pieces.push(Piece {
            form,
            chunk,
            target: front,
            origin,
            others: Vec::new(),
        });
    }
    target.clear();
    (pieces, next)
}

impl Piece<'_> {
    /// Takes on the rows of another column that stands in the same bytes, which are then decoded once; gives the piece
    /// back where it is of others.
    pub fn take_on(&mut self, other: Self) -> Option<Self> {
        let (form, theirs) = (self.form, other.form);
        let several = form.stride.step > form.element.size();
        let of_column = |form: &Form| {
            (
                form.element,
                form.stride.step,
                form.chunk_rows,
                form.is_plain,
            )
        };
        let same_form = of_column(form) == of_column(theirs) && form.pipeline == theirs.pipeline;
        if !several || !same_form || self.chunk != other.chunk || !other.others.is_empty() {
            return Some(other);
        }
        self.others.push((other.form, other.target));
        None
    }

    /// How many rows it fills.
    pub fn rows(&self) -> usize {
        self.chunk.rows.len()
    }

    /// Where the bytes lie that have to be brought; none of what was decoded before.
    pub fn place(&self) -> Range<u64> {
        match self.origin {
            Origin::Decoded(_) => 0..0,
            _ => self.chunk.place.clone(),
        }
    }

    /// Fills the target.
    ///
    /// # Errors
    /// Bytes that do not come, or are damaged.
    pub fn decode(self, tools: &mut Tools, bring: &mut Bring) -> Result<PieceSpent, Defect> {
        let started = Instant::now();
        let mut spent = PieceSpent::default();
        let mut timed = |out: &mut [u8]| {
            let started = Instant::now();
            let brought = bring(out).map_err(Defect::Unread);
            spent.reading = started.elapsed();
            spent.stored = out.len() as u64;
            brought
        };
        let extremes = self.fill(tools, &mut timed)?;
        spent.extremes = extremes;
        spent.decoding = started.elapsed().saturating_sub(spent.reading);
        Ok(spent)
    }

    fn fill(
        self,
        tools: &mut Tools,
        bring: &mut impl FnMut(&mut [u8]) -> Result<(), Defect>,
    ) -> Result<Option<Extremes>, Defect> {
        let Self {
            form,
            chunk,
            mut target,
            origin,
            others,
        } = self;
        let (stride, element) = (form.stride, form.element);
        let as_it_is = stride.step == element.size() && target.holds(element);
        let is_whole = chunk.rows.start == chunk.begins && target.bytes().len() == chunk.length;
        let is_stored = form.pipeline.active(chunk.mask).next().is_none();
        if is_stored && chunk.size() != chunk.length {
            return Err(Defect::Damaged(Damage::Length));
        }
        let Tools {
            work,
            stored,
            decoded,
        } = tools;
        let mut inflate = |out: &mut [u8]| {
            if is_stored {
                return bring(out);
            }
            let stored = sized(stored, chunk.size());
            bring(stored)?;
            let done = form.pipeline.decode(chunk.mask, stored, work, out);
            done.map_err(Defect::Damaged)
        };
        let bytes = match origin {
            Origin::Decoded(bytes) => bytes,
            Origin::BroughtAndKept(kept) => {
                let kept = sized(kept, chunk.length);
                inflate(kept)?;
                &*kept
            }
            Origin::Brought if is_whole && as_it_is => {
                inflate(target.bytes())?;
                return Ok(target.extremes());
            }
            Origin::Brought => {
                let decoded = sized(decoded, chunk.length);
                inflate(decoded)?;
                &*decoded
            }
        };
        let from = |stride: Stride| Stride {
            first: stride.first + (chunk.rows.start - chunk.begins) * stride.step,
            ..stride
        };
        element.convert(bytes, from(stride), &mut target);
        for (form, mut target) in others {
            form.element.convert(bytes, from(form.stride), &mut target);
        }
        Ok(target.extremes())
    }
}

impl std::fmt::Display for Defect {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Self::Unread(error) => write!(f, "it cannot be read: {error}"),
            Self::Damaged(damage) => f.write_str(damage.words()),
        }
    }
}

#[cfg(test)]
mod tests;
