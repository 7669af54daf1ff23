//! Rows of several datasets at once: one task per (dataset, storage chunk) in the rayon pool that
//! the caller runs in.
//!
//! On the line: `columns.rs` asks here for all datasets of a block of rows together, so that the
//! pool waits for its slowest thread once per block.

use std::ops::Range;
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::dataset::{ChunkedDataset, Defect, Kept, PieceSpent};
use crate::decode::convert::Target;
use crate::decode::inflate::with_tools;
use crate::photon::Values;
use crate::read::spent::Spent;

/// Rows of one dataset, and the values to fill: as many as rows, of the dataset's own kind.
#[derive(Debug)]
pub struct Request<'a> {
    pub dataset: &'a ChunkedDataset,
    pub rows: Range<u64>,
    pub values: &'a mut Values,
}

/// The first request that failed, and the rows of the chunk that did.
#[derive(Debug)]
pub struct Failure {
    pub request: usize,
    pub rows: Range<u64>,
    pub defect: Defect,
}

/// Fills the values of all requests, no more than `at_once` chunks at a time. Which failure is reported
/// does not depend on threads.
pub fn decode(requests: &mut [Request], at_once: usize) -> Result<Spent, Failure> {
    let started = Instant::now();
    let mut kept: Vec<Kept> = requests.iter().map(|r| r.dataset.take_kept()).collect();
    let mut tasks = Vec::new();
    let mut next = Vec::with_capacity(requests.len());
    for (i, (request, kept)) in requests.iter_mut().zip(&mut kept).enumerate() {
        let target = match request.values {
            Values::F32(v) => Target::F32(v),
            Values::F64(v) => Target::F64(v),
            Values::I64(v) => Target::I64(v),
        };
        let dataset = request.dataset;
        let (pieces, keep) = dataset.pieces(request.rows.clone(), target, kept);
        next.push(keep);
        tasks.extend(pieces.into_iter().map(|piece| (i, dataset, piece)));
    }
    let (mut reading, mut decoding, mut stored) = (Duration::ZERO, Duration::ZERO, 0);
    let mut tasks = tasks.into_iter();
    while tasks.len() > 0 {
        let together: Vec<_> = tasks.by_ref().take(at_once).collect();
        let done: Vec<Result<PieceSpent, Failure>> = together
            .into_par_iter()
            .with_max_len(1)
            .map(|(request, dataset, piece)| {
                let chunk = piece.chunk;
                let done = with_tools(|tools| dataset.decode(piece, tools));
                done.map_err(|defect| Failure {
                    request,
                    rows: dataset.rows_of(chunk),
                    defect,
                })
            })
            .collect();
        for piece in done {
            let piece = piece?;
            reading += piece.reading;
            decoding += piece.decoding;
            stored += piece.stored;
        }
    }
    for ((request, kept), next) in requests.iter().zip(kept).zip(next) {
        request.dataset.give_back(kept, next, request.rows.end);
    }
    Ok(Spent {
        reading: Spent::share(started.elapsed(), reading, decoding),
        stored,
        decoded: 0,
    })
}
