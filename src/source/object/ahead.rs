//! Ranges that will be read soon are asked for before they are: joined where they nearly touch, in order, as many at a
//! time as memory allows.
//!
//! Beside `object.rs`. A reader says block by block what it will read. A request that waits for memory when its bytes are
//! wanted is taken over by who wants them, so nobody waits for somebody who waits for him.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;

use super::backend::Identity;
use super::fetch::{Fetch, GivenUp};
use super::room;

/// Bytes between two ranges that are fetched with them rather than asked for apart.
const GAP: u64 = 64 << 10;
/// Bytes of one request.
const LONGEST: u64 = 4 << 20;
/// Of the bytes of a request this part may be gaps.
const WASTE: u64 = 20;

/// A request for several ranges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    pub range: Range<u64>,
    /// Positions of the ranges in the list that they are of.
    pub members: Vec<usize>,
}

/// Joins ranges that nearly touch.
pub fn joined(ranges: &[Range<u64>]) -> Vec<Span> {
    let mut order: Vec<usize> = (0..ranges.len())
        .filter(|&i| !ranges[i].is_empty())
        .collect();
    order.sort_by_key(|&i| (ranges[i].start, ranges[i].end));
    let mut spans: Vec<Span> = Vec::new();
    let mut needed = 0;
    for i in order {
        let range = &ranges[i];
        if let Some(last) = spans.last_mut() {
            let gap = range.start.saturating_sub(last.range.end);
            let end = last.range.end.max(range.end);
            let all = end - last.range.start;
            let more = needed + range.end.saturating_sub(range.start.max(last.range.end));
            let inside = range.end <= last.range.end;
            if inside || (gap <= GAP && all <= LONGEST && (all - more) * WASTE <= all) {
                last.range.end = end;
                last.members.push(i);
                needed = more;
                continue;
            }
        }
        needed = range.end - range.start;
        spans.push(Span {
            range: range.clone(),
            members: vec![i],
        });
    }
    spans
}

/// Bytes that came, and the memory that they take of the budget.
#[derive(Debug)]
pub struct Held {
    pub bytes: Bytes,
    _room: Option<OwnedSemaphorePermit>,
}

impl Held {
    pub fn new(bytes: Vec<u8>, room: Option<OwnedSemaphorePermit>) -> Self {
        Self {
            bytes: bytes.into(),
            _room: room,
        }
    }
}

type Coming = Shared<BoxFuture<'static, Option<Result<Arc<Held>, GivenUp>>>>;

const WAITS: u8 = 0;
const RUNS: u8 = 1;
const TAKEN: u8 = 2;

/// A request that was made ahead.
#[derive(Debug)]
pub struct Early {
    pub range: Range<u64>,
    /// The block of rows in which it is read last.
    block: usize,
    /// Ranges that are still to be read of it.
    left: AtomicUsize,
    state: Arc<AtomicU8>,
    coming: Coming,
    task: AbortHandle,
}

impl Early {
    /// Whether its bytes are on their way, or here: if not, nobody will ask for them but who wants them now.
    pub fn is_coming(&self) -> bool {
        self.state
            .compare_exchange(WAITS, TAKEN, Ordering::AcqRel, Ordering::Acquire)
            .is_err()
            && self.state.load(Ordering::Acquire) == RUNS
    }

    pub fn coming(&self) -> Coming {
        self.coming.clone()
    }
}

impl Drop for Early {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Requests that were made ahead, in the order of what they are read for.
#[derive(Debug, Default)]
pub struct Ahead {
    early: Vec<Arc<Early>>,
}

impl Ahead {
    /// Asks for these, block by block, in place of those before.
    pub fn expect(
        &mut self,
        blocks: &[Vec<Range<u64>>],
        fetch: (&Fetch, &Identity),
        (budget, most): (&Arc<Semaphore>, u32),
    ) {
        self.early.clear();
        let Ok(runtime) = room::runtime() else {
            return;
        };
        let of_block = blocks
            .iter()
            .enumerate()
            .flat_map(|(block, ranges)| joined(ranges).into_iter().map(move |span| (block, span)));
        for (block, span) in of_block {
            let state = Arc::new(AtomicU8::new(WAITS));
            let (own, known) = (fetch.0.clone(), fetch.1.clone());
            let share = kibibytes(&span.range).min(most);
            let (budget, range, started) =
                (Arc::clone(budget), span.range.clone(), Arc::clone(&state));
            let task = runtime.spawn(async move {
                let room = budget.acquire_many_owned(share).await.ok();
                started
                    .compare_exchange(WAITS, RUNS, Ordering::AcqRel, Ordering::Acquire)
                    .ok()?;
                if own.remote.is_stopped() {
                    return None;
                }
                let came = own.range(&known, range).await;
                Some(came.map(|bytes| Arc::new(Held::new(bytes, room))))
            });
            let abort = task.abort_handle();
            let coming = async move { task.await.ok().flatten() }.boxed().shared();
            self.early.push(Arc::new(Early {
                range: span.range,
                block,
                left: AtomicUsize::new(span.members.len()),
                state,
                coming,
                task: abort,
            }));
        }
    }

    /// The request that has a range, if there is one; those of blocks before it are given up.
    pub fn of(&mut self, range: &Range<u64>) -> Option<Arc<Early>> {
        let has =
            |early: &&Arc<Early>| early.range.start <= range.start && range.end <= early.range.end;
        let found = Arc::clone(self.early.iter().find(has)?);
        self.early.retain(|early| early.block >= found.block);
        Some(found)
    }

    /// So many ranges of a request were read.
    pub fn read(&mut self, early: &Arc<Early>, ranges: usize) {
        let left = early.left.load(Ordering::Acquire);
        early
            .left
            .store(left.saturating_sub(ranges), Ordering::Release);
        if left <= ranges {
            self.early.retain(|other| !Arc::ptr_eq(other, early));
        }
    }
}

/// The share of a budget that a range takes: one unit is a KiB, so that all fit their type.
pub fn kibibytes(range: &Range<u64>) -> u32 {
    u32::try_from((range.end - range.start).div_ceil(1024)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_nearly_touch_are_one_request() {
        let of = |ranges: &[Range<u64>]| -> Vec<(Range<u64>, usize)> {
            joined(ranges)
                .into_iter()
                .map(|span| (span.range, span.members.len()))
                .collect()
        };
        let mib = 1 << 20;
        assert_eq!(of(&[0..mib, mib..2 * mib]), [(0..2 * mib, 2)]);
        assert_eq!(of(&[mib..2 * mib, 0..mib, 5..5]), [(0..2 * mib, 2)]);
        // A gap is fetched with them where it is little of all.
        assert_eq!(of(&[0..mib, mib + 1000..2 * mib]).len(), 1);
        assert_eq!(of(&[0..1000, 2000..3000]).len(), 2);
        assert_eq!(of(&[0..mib, mib + GAP + 1..2 * mib]).len(), 2);
        assert_eq!(of(&[0..3 * mib, 3 * mib..5 * mib]).len(), 2);
        // One that is long is one request, and what lies in it is of it.
        assert_eq!(of(&[0..9 * mib, mib..2 * mib]), [(0..9 * mib, 2)]);
    }
}
