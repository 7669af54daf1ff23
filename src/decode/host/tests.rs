//! Tests: rows of chunks, those that are kept, and bytes that are none.

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
