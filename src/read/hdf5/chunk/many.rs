//! Rows of several datasets at once: one task per (dataset, storage chunk) in the rayon pool that
//! the caller runs in.
//!
//! On the line: `columns.rs` asks here for all datasets of a block of rows together, so that the
//! pool waits for its slowest thread once per block. Bytes come from where they are (`src/source/bytes.rs`) straight
//! into the memory of whoever decodes them (`src/decode/host.rs`).

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::dataset::ChunkedDataset;
use crate::decode::convert::Target;
use crate::decode::extremes::Extremes;
use crate::decode::host::{Defect, Kept, Piece, PieceSpent, pieces};
use crate::decode::inflate::with_tools;
use crate::photon::stored::StoredColumn;
use crate::read::spent::Spent;
use crate::source::Bytes;

/// Rows of one dataset, and the values to fill: as many as rows, of the dataset's own kind.
#[derive(Debug)]
pub struct Request<'a> {
    pub dataset: &'a ChunkedDataset,
    pub rows: Range<u64>,
    pub target: Target<'a>,
}

/// The first request that failed, and the rows of the chunk that did.
#[derive(Debug)]
pub struct Failure {
    pub request: usize,
    pub rows: Range<u64>,
    pub defect: Defect,
}

/// What became of requests.
#[derive(Debug)]
pub struct Filled {
    pub spent: Spent,
    /// Of the values of each; `None` of integers.
    pub extremes: Vec<Option<Extremes>>,
}

/// A piece of a request, and what became of it.
struct Task<'a> {
    request: usize,
    rows: Range<u64>,
    place: Range<u64>,
    piece: Mutex<Option<Piece<'a>>>,
    done: Mutex<Option<Result<PieceSpent, Defect>>>,
}

type Column = StoredColumn<Arc<dyn Bytes>>;

/// Fills the values of all requests, no more than `at_once` chunks at a time; gives back between which numbers those of each
/// lie, where that is known. Which failure is reported does not depend on threads.
pub fn decode(requests: Vec<Request>, at_once: usize) -> Result<Filled, Failure> {
    let started = Instant::now();
    let asked: Vec<_> = requests.iter().map(|r| (r.dataset, r.rows.end)).collect();
    let columns: Vec<Column> = requests
        .iter()
        .map(|request| request.dataset.stored(request.rows.clone()))
        .collect();
    let mut kept: Vec<Kept> = requests.iter().map(|r| r.dataset.take_kept()).collect();
    let mut tasks: Vec<Task> = Vec::new();
    // Where bytes lie that columns of 2-D datasets share.
    let mut shared: BTreeMap<(u64, u64), usize> = BTreeMap::new();
    let mut next = Vec::with_capacity(requests.len());
    // Rows that are not stored are 0.
    let mut extremes = vec![Some(Extremes::NONE); requests.len()];
    for (i, (request, kept)) in requests.into_iter().zip(&mut kept).enumerate() {
        let (pieces, mut keep) = pieces(&columns[i], request.target, kept);
        let stored: usize = pieces.iter().map(Piece::rows).sum();
        if (stored as u64) < request.rows.end - request.rows.start {
            extremes[i] = Some(Extremes::ZERO);
        }
        for piece in pieces {
            let number = piece.chunk.number;
            let place = (piece.chunk.place.start, piece.chunk.place.end);
            let other = shared.get(&place).map(|&other| &mut tasks[other]);
            let other = other.filter(|o| Arc::ptr_eq(&columns[o.request].bytes, &columns[i].bytes));
            let left = match other {
                Some(other) => other.take_on(piece),
                None => Some(piece),
            };
            let Some(piece) = left else {
                // The other column keeps it, and nobody looks at what it has of this one.
                extremes[i] = None;
                keep = keep.filter(|kept| *kept != number);
                continue;
            };
            shared.insert(place, tasks.len());
            tasks.push(Task {
                request: i,
                rows: columns[i].rows_of(piece.chunk),
                place: piece.place(),
                piece: Mutex::new(Some(piece)),
                done: Mutex::new(None),
            });
        }
        next.push(keep);
    }
    let (mut reading, mut decoding, mut stored) = (Duration::ZERO, Duration::ZERO, 0);
    for together in tasks.chunks(at_once.max(1)) {
        bring(&columns, together);
        for task in together {
            let piece = task.result()?;
            reading += piece.reading;
            decoding += piece.decoding;
            stored += piece.stored;
            let of = &mut extremes[task.request];
            *of = of.zip(piece.extremes).map(|(of, more)| of.join(more));
        }
    }
    drop(tasks);
    for (((dataset, done), kept), next) in asked.into_iter().zip(kept).zip(next) {
        dataset.give_back(kept.after(next), done);
    }
    let spent = Spent {
        reading: Spent::share(started.elapsed(), reading, decoding),
        stored,
        decoded: 0,
    };
    Ok(Filled { spent, extremes })
}

/// Has the bytes of tasks brought, those of each source together, and decodes them as they come.
fn bring(columns: &[Column], tasks: &[Task]) {
    let source = |task: &Task| &columns[task.request].bytes;
    let mut left: Vec<&Task> = tasks.iter().collect();
    while let Some(first) = left.first() {
        let bytes = source(first);
        let (these, others) = left
            .into_iter()
            .partition::<Vec<_>, _>(|task| Arc::ptr_eq(source(task), bytes));
        let places: Vec<Range<u64>> = these.iter().map(|task| task.place.clone()).collect();
        bytes.read_many(&places, &|number, bring| {
            if let Some(task) = these.get(number) {
                task.run(bring);
            }
        });
        left = others;
    }
}

impl<'a> Task<'a> {
    /// Has another column of the same bytes decoded with its own; gives it back where it is none.
    fn take_on(&mut self, other: Piece<'a>) -> Option<Piece<'a>> {
        let own = self.piece.get_mut().unwrap_or_else(PoisonError::into_inner);
        match own {
            Some(own) => own.take_on(other),
            None => Some(other),
        }
    }
}

impl Task<'_> {
    fn run(&self, bring: &mut dyn FnMut(&mut [u8]) -> io::Result<()>) {
        let piece = self
            .piece
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(piece) = piece else {
            return;
        };
        let done = with_tools(|tools| piece.decode(tools, bring));
        *self.done.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
    }

    fn result(&self) -> Result<PieceSpent, Failure> {
        let done = self
            .done
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let never = || Err(Defect::Unread(io::ErrorKind::UnexpectedEof.into()));
        done.unwrap_or_else(never).map_err(|defect| Failure {
            request: self.request,
            rows: self.rows.clone(),
            defect,
        })
    }
}
