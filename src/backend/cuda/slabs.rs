//! Slabs: the bytes of storage chunks on their way to a device, some at a time.
//!
//! ```text
//!   file --positioned reads, threads side by side--> slabs of each thread, in turns --copy stream--> device
//! ```
//!
//! Slabs lie in memory for columns where there is some, which the device reads by itself. Every thread takes the next
//! chunks that nobody has taken, reads them into one of its two slabs, has the device copy it and fills the other one
//! meanwhile: no thread waits for what another one reads. Who fills a slab again waits for its copy, as with any such memory
//! (`driver/columns.rs`). They are few, as page-locking them takes half a millisecond a MiB. Where nobody lends such memory
//! the threads fill one slab together, which is copied as any memory is.
//!
//! **Order.** Uploads of one stretch go to one stream, whichever thread hands them over, and to places of which no two
//! overlap; kernels are launched once all of them have been handed over. So who takes which chunks cannot be seen.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::backend::gpu::numbers::{UNIT, units};
use crate::backend::gpu::tasks::Place;
use crate::photon::stored::{Source, StoredChunk};
use crate::photon::{Buffer, ColumnMemory};

use super::machine::{Machine, Result};
use super::memory::{Gpu, Lease};
use super::way::Bringing;

/// Bytes of a slab that threads fill together, and of one that a thread fills by itself, at most and at least; of a chunk
/// that is longer, those of the chunk. All memory for columns is of 64 KiB and more.
const TOGETHER: usize = 32 << 20;
const ALONE: Range<usize> = 64 << 10..2 << 20;
/// Bytes of a stretch that are not worth a slab for each thread.
const LITTLE: usize = 256 << 10;
/// Slabs that take turns.
const SLABS: usize = 2;
/// Times that a thread gets to take chunks, so that all end at nearly the same time.
const SHARES: usize = 4;

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

impl<'a> Turns<'a> {
    fn new(bytes: usize, memory: Option<&'a dyn ColumnMemory>) -> Self {
        Self {
            bytes,
            memory,
            filled: VecDeque::new(),
        }
    }

    /// One to fill that was lent; `None` where none is.
    fn lent(&mut self) -> Option<Buffer<u8>> {
        let more = self.filled.len() < SLABS;
        let fresh = self.memory.filter(|_| more);
        let fresh = fresh.and_then(|memory| Buffer::lent_by(memory, self.bytes));
        fresh.or_else(|| self.filled.pop_front())
    }

    /// One to fill, of whatever memory.
    fn any(&mut self) -> Buffer<u8> {
        // That is copied before the next one is filled.
        self.lent().unwrap_or_else(|| vec![0; self.bytes].into())
    }
}

/// Chunks that follow one another in device memory, and what is done with them.
struct Bring<'a, M: Machine, B> {
    gpu: &'a Gpu<M>,
    chunks: &'a [Place],
    stored: &'a [Stored<'a, B>],
    /// Where the bytes of each go, counted from the first.
    places: Vec<Range<usize>>,
    to: &'a Lease,
}

/// Where the bytes of chunks go, counted from the first of a slab, in whole units.
fn places(chunks: &[Place], stored: &[Stored<impl Source>]) -> Vec<Range<usize>> {
    let first = chunks.first().map_or(0, |place| place.stored);
    let place = |place: &Place| {
        let at = (place.stored - first) as usize * UNIT as usize;
        let bytes = units(stored[place.wanted].1.size() as u64) * u64::from(UNIT);
        at..at + bytes as usize
    };
    chunks.iter().map(place).collect()
}

/// Chunks, by number, that come in one slab of so many bytes.
fn loads(places: &[Range<usize>], bytes: usize) -> Vec<Range<usize>> {
    let mut loads = Vec::new();
    let mut at = 0;
    while at < places.len() {
        let first = places[at].start;
        let more = (at + 1..places.len()).take_while(|&next| places[next].end - first <= bytes);
        let next = more.last().unwrap_or(at) + 1;
        loads.push(at..next);
        at = next;
    }
    loads
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
    let bring = Bring {
        gpu,
        chunks,
        stored,
        places: places(chunks, stored),
        to,
    };
    let mut unread = vec![false; chunks.len()];
    let mut done = 0;
    if gpu.bringing == Bringing::Alone {
        let mut brought = Ok((0, Vec::new()));
        install(&mut || brought = bring.side_by_side(memory));
        let (chunks, lacking) = brought?;
        for chunk in lacking {
            unread[chunk] = true;
        }
        done = chunks;
    }
    for chunk in bring.together((done, memory), install)? {
        unread[chunk] = true;
    }
    Ok(unread)
}

impl<M: Machine, B: Source> Bring<'_, M, B> {
    /// Every thread by itself, as long as there is memory for columns for each. How many chunks, from the first on, have
    /// been brought, and which of them could not be read.
    fn side_by_side(&self, memory: Option<&dyn ColumnMemory>) -> Result<(usize, Vec<usize>)> {
        let threads = rayon::current_num_threads();
        let longest = self.places.iter().map(Range::len).max().unwrap_or(0);
        let all = self.places.last().map_or(0, |place| place.end);
        if all < LITTLE {
            return Ok((0, Vec::new()));
        }
        let share = (all / (SHARES * threads)).clamp(ALONE.start, ALONE.end);
        let bytes = share.max(longest);
        let loads = loads(&self.places, bytes);
        // No more page-locked memory than that of threads that fill slabs together.
        let readers = (TOGETHER / bytes).clamp(1, threads);
        let next = AtomicUsize::new(0);
        let read = |_| {
            let mut turns = Turns::new(bytes, memory);
            let mut lacking = Vec::new();
            // A slab first: chunks that were taken have to be brought.
            while let Some(mut slab) = turns.lent() {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(load) = loads.get(number) else {
                    break;
                };
                let pieces = self.pieces(&mut slab, load.clone());
                let came = pieces.into_iter().map(read_one);
                let came: Vec<bool> = came.collect();
                let missing = load.clone().zip(came).filter(|(_, came)| !came);
                lacking.extend(missing.map(|(chunk, _)| chunk));
                let sent = self.send(&slab, load);
                turns.filled.push_back(slab);
                sent?;
            }
            Ok(lacking)
        };
        let lacking: Result<Vec<Vec<usize>>> = (0..readers).into_par_iter().map(read).collect();
        let taken = next.into_inner().min(loads.len());
        let chunks = taken.checked_sub(1).map_or(0, |last| loads[last].end);
        Ok((chunks, lacking?.concat()))
    }

    /// All threads one slab after the other, from a chunk on. Those that could not be read.
    fn together(
        &self,
        (from, memory): (usize, Option<&dyn ColumnMemory>),
        install: &(dyn Fn(&mut (dyn FnMut() + Send)) + Sync),
    ) -> Result<Vec<usize>> {
        let places = &self.places[from..];
        let longest = places.iter().map(Range::len).max().unwrap_or(0);
        let all = places.last().map_or(0, |last| last.end - places[0].start);
        let bytes = all.min(TOGETHER.max(longest));
        let mut turns = Turns::new(bytes, memory);
        let mut lacking = Vec::new();
        for load in loads(places, TOGETHER) {
            let load = from + load.start..from + load.end;
            let mut slab = turns.any();
            let pieces = self.pieces(&mut slab, load.clone());
            let mut came = Vec::new();
            let mut pieces = Some(pieces);
            install(&mut || {
                let pieces = pieces.take().unwrap_or_default();
                came = pieces.into_par_iter().map(read_one).collect();
            });
            let missing = load.clone().zip(came).filter(|(_, came)| !came);
            lacking.extend(missing.map(|(chunk, _)| chunk));
            let sent = self.send(&slab, &load);
            turns.filled.push_back(slab);
            sent?;
        }
        Ok(lacking)
    }

    /// Where in a slab the bytes of each chunk go.
    fn pieces<'s>(&'s self, slab: &'s mut Buffer<u8>, load: Range<usize>) -> Vec<Piece<'s, B>> {
        let mut rest: &mut [u8] = slab;
        let mut pieces = Vec::with_capacity(load.len());
        for chunk in load {
            let (piece, behind) = std::mem::take(&mut rest).split_at_mut(self.places[chunk].len());
            rest = behind;
            pieces.push((self.stored[self.chunks[chunk].wanted], piece));
        }
        pieces
    }

    /// Has the device copy a slab to where its chunks belong.
    fn send(&self, slab: &Buffer<u8>, load: &Range<usize>) -> Result<()> {
        let first = self.places[load.start].start;
        let bytes = self.places[load.end - 1].end - first;
        self.gpu.upload_to(self.to, first as u64, slab, bytes)
    }
}

/// A chunk, and its room in a slab.
type Piece<'a, B> = (Stored<'a, B>, &'a mut [u8]);

/// Whether a chunk came.
fn read_one<B: Source>(((bytes, chunk), piece): Piece<B>) -> bool {
    let (out, behind) = piece.split_at_mut(chunk.size());
    // Kernels may look at whole units.
    behind.fill(0);
    bytes.bring(chunk.place.start, out).is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Every chunk comes once, in its order, in slabs that hold it.
        #[test]
        fn loads_are_all_chunks_one_after_the_other(lengths in prop::collection::vec(1_usize..500, 0..60), bytes in 1_usize..2000) {
            let mut end = 0;
            let places: Vec<Range<usize>> = lengths.iter().map(|length| {
                end += length;
                end - length..end
            }).collect();
            let loads = loads(&places, bytes);
            let chunks: Vec<usize> = loads.iter().cloned().flatten().collect();
            prop_assert_eq!(chunks, (0..places.len()).collect::<Vec<_>>());
            for load in loads {
                let long = places[load.end - 1].end - places[load.start].start;
                prop_assert!(long <= bytes || load.len() == 1);
            }
        }
    }
}
