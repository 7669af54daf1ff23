//! Slabs: the bytes of storage chunks on their way to a device, some MiB at a time.
//!
//! ```text
//!   file --positioned reads, several threads--> slab --copy stream--> device
//! ```
//!
//! Slabs lie in memory for columns where there is some, which the device reads by itself: while it copies one, the next
//! is filled. Who fills one again waits for its copy, as with any such memory (`driver/columns.rs`). They are long, as
//! threads that fill one have to be woken for it, and few, as page-locking them takes half a millisecond a MiB.

use std::collections::VecDeque;
use std::ops::Range;

use rayon::prelude::*;

use crate::backend::gpu::numbers::{UNIT, units};
use crate::backend::gpu::tasks::Place;
use crate::photon::stored::{Source, StoredChunk};
use crate::photon::{Buffer, ColumnMemory};

use super::machine::{Machine, Result};
use super::memory::{Gpu, Lease};

/// Bytes of a slab; of a chunk that is longer, those of the chunk.
const SLAB: usize = 32 << 20;
/// Slabs that take turns.
const SLABS: usize = 2;

/// A chunk, and what its bytes are in.
pub type Stored<'a, B> = (&'a B, &'a StoredChunk);

/// Slabs that take turns.
struct Turns<'a> {
    /// Of how many bytes each is.
    bytes: usize,
    memory: Option<&'a dyn ColumnMemory>,
    /// Those that were filled; the one that waited longest comes first.
    filled: VecDeque<Buffer<u8>>,
}

impl Turns<'_> {
    /// One to fill.
    fn next(&mut self) -> Buffer<u8> {
        let lent = || Buffer::lent_by(self.memory?, self.bytes);
        let fresh = if self.filled.len() < SLABS {
            lent()
        } else {
            None
        };
        let slab = fresh.or_else(|| self.filled.pop_front());
        // That is copied before the next one is filled.
        slab.unwrap_or_else(|| vec![0; self.bytes].into())
    }
}

/// Where the bytes of a chunk go, counted from the first of a slab, in whole units.
fn places(chunks: &[Place], stored: &[Stored<impl Source>]) -> Vec<Range<usize>> {
    let first = chunks.first().map_or(0, |place| place.stored);
    let place = |place: &Place| {
        let at = (place.stored - first) as usize * UNIT as usize;
        let bytes = units(stored[place.wanted].1.size() as u64) * u64::from(UNIT);
        at..at + bytes as usize
    };
    chunks.iter().map(place).collect()
}

/// Brings the bytes of chunks, which follow one another in device memory, there. Which of them did not come. `install`
/// runs work on several threads.
pub fn bring<M: Machine, B: Source>(
    gpu: &Gpu<M>,
    (chunks, stored): (&[Place], &[Stored<B>]),
    to: &Lease,
    memory: Option<&dyn ColumnMemory>,
    install: &(dyn Fn(&mut (dyn FnMut() + Send)) + Sync),
) -> Result<Vec<bool>> {
    let places_of_all = places(chunks, stored);
    let end = |place: usize| places_of_all[place].end;
    let all = places_of_all.last().map_or(0, |place| place.end);
    let longest = places_of_all.iter().map(Range::len).max().unwrap_or(0);
    let mut turns = Turns {
        bytes: all.min(SLAB.max(longest)),
        memory,
        filled: VecDeque::new(),
    };
    let mut unread = Vec::with_capacity(chunks.len());
    let mut at = 0;
    while at < chunks.len() {
        let first = places_of_all[at].start;
        let more = (at + 1..chunks.len()).take_while(|&next| end(next) - first <= SLAB);
        let last = more.last().unwrap_or(at);
        let together = &chunks[at..=last];
        let mut slab = turns.next();
        let mut came = Vec::new();
        install(&mut || came = fill(&mut slab, together, stored));
        unread.extend(came.into_iter().map(|came| !came));
        let sent = gpu.upload_to(to, first as u64, &slab, end(last) - first);
        turns.filled.push_back(slab);
        sent?;
        at = last + 1;
    }
    Ok(unread)
}

/// Reads chunks that follow one another; which came.
fn fill<B: Source>(slab: &mut Buffer<u8>, chunks: &[Place], stored: &[Stored<B>]) -> Vec<bool> {
    let mut rest: &mut [u8] = slab;
    let mut pieces = Vec::with_capacity(chunks.len());
    for (place, bytes) in chunks.iter().zip(places(chunks, stored)) {
        let (piece, behind) = rest.split_at_mut(bytes.len());
        rest = behind;
        pieces.push((stored[place.wanted], piece));
    }
    let read = pieces.into_par_iter().map(|((bytes, chunk), piece)| {
        let (out, behind) = piece.split_at_mut(chunk.size());
        // Kernels may look at whole units.
        behind.fill(0);
        bytes.bring(chunk.place.start, out).is_ok()
    });
    read.collect()
}
