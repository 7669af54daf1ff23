//! Columns still in chunks to values, on threads of the host: one chunk at a time.
//!
//! On the line: between the bytes of chunks, which somebody else brings, and the columns of a batch. A chunk of
//! which only part is wanted is kept decoded, because the next rows begin in it.

use std::io;
use std::ops::Range;
use std::time::{Duration, Instant};

use super::convert::Target;
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
        });
    }
    target.clear();
    (pieces, next)
}

impl Piece<'_> {
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
        self.fill(tools, &mut timed)?;
        spent.decoding = started.elapsed().saturating_sub(spent.reading);
        Ok(spent)
    }

    fn fill(
        self,
        tools: &mut Tools,
        bring: &mut impl FnMut(&mut [u8]) -> Result<(), Defect>,
    ) -> Result<(), Defect> {
        let Self {
            form,
            chunk,
            mut target,
            origin,
        } = self;
        let (stride, element) = (form.stride, form.element);
        let as_it_is = stride.step == element.size() && element.is_native();
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
            Origin::Brought if is_whole && as_it_is => return inflate(target.bytes()),
            Origin::Brought => {
                let decoded = sized(decoded, chunk.length);
                inflate(decoded)?;
                &*decoded
            }
        };
        let stride = Stride {
            first: stride.first + (chunk.rows.start - chunk.begins) * stride.step,
            ..stride
        };
        element.convert(bytes, stride, &mut target);
        Ok(())
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
mod tests {
    use std::sync::Arc;

    use libdeflater::{CompressionLvl, Compressor};

    use super::*;
    use crate::photon::stored::{Element, Kind, Order, Pipeline, Step};

    const ROWS: u64 = 47;
    const CHUNK: u64 = 10;

    fn deflated(bytes: &[u8]) -> Vec<u8> {
        let mut compressor = Compressor::new(CompressionLvl::fastest());
        let mut out = vec![0; compressor.zlib_compress_bound(bytes.len())];
        let length = compressor.zlib_compress(bytes, &mut out).unwrap();
        out.truncate(length);
        out
    }

    /// What `row` of the dataset holds beside its neighbour in another column.
    fn value(row: u64) -> [i32; 2] {
        [row as i32 * 3 - 50, -1]
    }

    /// Chunks of two columns, one behind the other; that of rows 20 to 30 is not stored, and the last filter
    /// was left out of the first.
    struct Stored {
        form: Arc<Form>,
        chunks: Vec<(u64, Range<u64>, u32)>,
        bytes: Vec<u8>,
    }

    fn stored() -> Stored {
        let mut bytes = b"before".to_vec();
        let mut chunks = Vec::new();
        for number in [0, 1, 3, 4] {
            let rows = number * CHUNK..(number + 1) * CHUNK;
            let plain: Vec<u8> = rows.flat_map(value).flat_map(i32::to_be_bytes).collect();
            let (stored, mask) = if number == 0 {
                (plain, 1)
            } else {
                (deflated(&plain), 0)
            };
            let start = bytes.len() as u64;
            bytes.extend(stored);
            chunks.push((number, start..bytes.len() as u64, mask));
        }
        let form = Form {
            element: Element {
                kind: Kind::I32,
                order: Order::Big,
            },
            pipeline: Pipeline::new(vec![Step::Deflate]).unwrap(),
            rows: ROWS,
            chunk_rows: CHUNK,
            stride: Stride { first: 0, step: 8 },
            is_plain: false,
        };
        Stored {
            form: Arc::new(form),
            chunks,
            bytes,
        }
    }

    impl Stored {
        fn column(&self, rows: Range<u64>) -> StoredColumn<&[u8]> {
            let of = |(number, place, mask): &(u64, Range<u64>, u32)| {
                let first = number * CHUNK;
                let end = rows.end.min(first + CHUNK);
                let start = rows.start.max(first);
                (start < end).then(|| StoredChunk {
                    number: *number,
                    rows: (start - first) as usize..(end - first) as usize,
                    place: place.clone(),
                    begins: 0,
                    length: 80,
                    mask: *mask,
                })
            };
            StoredColumn {
                form: Arc::clone(&self.form),
                bytes: &self.bytes,
                chunks: self.chunks.iter().filter_map(of).collect(),
                rows,
            }
        }
    }

    /// The rows of a column; how many bytes had to be brought.
    fn decoded(column: &StoredColumn<&[u8]>, kept: &mut Kept) -> (Vec<i64>, u64) {
        let mut out = vec![77; (column.rows.end - column.rows.start) as usize];
        let mut taken = std::mem::take(kept);
        let (pieces, next) = pieces(column, Target::I64(&mut out), &mut taken);
        let mut stored = 0;
        for piece in pieces {
            let place = piece.place();
            let mut bring = |out: &mut [u8]| {
                out.copy_from_slice(&column.bytes[place.start as usize..place.end as usize]);
                Ok(())
            };
            stored += piece.decode(&mut Tools::new(), &mut bring).unwrap().stored;
        }
        *kept = taken.after(next);
        (out, stored)
    }

    fn expected(rows: Range<u64>) -> Vec<i64> {
        let of = |row| {
            if (20..30).contains(&row) {
                0
            } else {
                value(row)[0].into()
            }
        };
        rows.map(of).collect()
    }

    #[test]
    fn rows_are_decoded_from_the_chunks_that_hold_them_and_others_are_0() {
        let stored = stored();
        for start in 0..ROWS {
            for end in start..=ROWS {
                let column = stored.column(start..end);
                let (values, _) = decoded(&column, &mut Kept::default());
                assert_eq!(values, expected(start..end), "{start} to {end}");
            }
        }
    }

    #[test]
    fn a_chunk_in_which_the_next_rows_begin_is_brought_once() {
        let stored = stored();
        let (_, all) = decoded(&stored.column(0..ROWS), &mut Kept::default());
        for step in 1..=ROWS as usize {
            let mut kept = Kept::default();
            let mut brought = 0;
            for start in (0..ROWS).step_by(step) {
                let rows = start..ROWS.min(start + step as u64);
                let (values, bytes) = decoded(&stored.column(rows.clone()), &mut kept);
                assert_eq!(values, expected(rows));
                brought += bytes;
            }
            assert_eq!(brought, all, "{step}");
        }
    }

    #[test]
    fn bytes_that_do_not_come_or_are_others_are_no_values() {
        let stored = stored();
        let column = stored.column(10..20);
        let with = |bring: &mut Bring| {
            let mut out = [0; 10];
            let mut kept = Kept::default();
            let (mut pieces, _) = pieces(&column, Target::I64(&mut out), &mut kept);
            let piece = pieces.pop().unwrap();
            piece
                .decode(&mut Tools::new(), bring)
                .unwrap_err()
                .to_string()
        };
        let said = with(&mut |_| Err(io::Error::other("gone")));
        assert_eq!(said, "it cannot be read: gone");
        let said = with(&mut |out| {
            out.fill(7);
            Ok(())
        });
        assert!(said.contains("damaged"), "{said}");
    }
}
