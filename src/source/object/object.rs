//! An object as bytes by place: pages of it for whoever jumps about, joined ranges for whoever reads many.
//!
//! On the line where granules are no files. What failed once for good fails from then on: libhdf5 takes some errors of
//! reading for an answer, and what it then says must not become a number.

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes as Buffer;
use rayon::prelude::*;
use tokio::sync::Semaphore;

use super::ahead::{Ahead, Early, Held, joined, kibibytes};
use super::backend::Identity;
use super::fetch::{Fetch, GivenUp};
use super::room;
use super::shelf::{Asked, Shelf};
use super::trouble::{Failed, Trouble, What};
use crate::source::{Bytes, Seen, Sink, shown};

/// Bytes that are read of an object when it is opened: the superblock and most of what stands around it.
pub const HEAD: u64 = 512 << 10;
/// A page where nothing before it was read, and the longest where all was.
const PAGE: u64 = 64 << 10;
const LONGEST: u64 = 4 << 20;
/// Longer reads are no metadata, and are brought as they are.
const DIRECT: usize = 1 << 20;

/// What the objects of a run share.
#[derive(Debug)]
pub struct Shared {
    pub shelf: Mutex<Shelf>,
    /// Memory of what is asked for ahead, and of what is waited for, in KiB.
    pub early: Arc<Semaphore>,
    pub now: Arc<Semaphore>,
    pub early_most: u32,
    pub now_most: u32,
}

impl Shared {
    pub fn new(memory: u64) -> Self {
        let part = |share: u64| (memory / share).max(8 << 20);
        let [early_most, now_most] =
            [2, 4].map(|share| u32::try_from(part(share) / 1024).unwrap_or(u32::MAX >> 4));
        Self {
            shelf: Mutex::new(Shelf::new(part(4))),
            early: Arc::new(Semaphore::new(early_most as usize)),
            now: Arc::new(Semaphore::new(now_most as usize)),
            early_most,
            now_most,
        }
    }
}

/// An object that was opened.
#[derive(Debug)]
pub struct Object {
    number: u64,
    url: String,
    fetch: Fetch,
    known: Identity,
    shared: Arc<Shared>,
    ahead: Mutex<Ahead>,
    asked: Mutex<Asked>,
    failed: OnceLock<Failed>,
}

impl Object {
    /// Opens an object by reading its head.
    pub async fn open(url: &str, fetch: Fetch, shared: Arc<Shared>) -> Result<Self, Failed> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let url = shown(url);
        let first = fetch.first(HEAD).await;
        let (known, head) = first.map_err(|e| Failed::of(&e.trouble, &url, e.tries))?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        lock(&shared.shelf).put(number, 0, head.into());
        fetch.remote.traffic.object();
        Ok(Self {
            number,
            url,
            fetch,
            known,
            shared,
            ahead: Mutex::default(),
            asked: Mutex::default(),
            failed: OnceLock::new(),
        })
    }

    pub fn identity(&self) -> &Identity {
        &self.known
    }

    pub fn seen(&self) -> Seen {
        Seen {
            bytes: self.known.length,
            modified: self.known.modified,
        }
    }

    /// All of it, in parts that are asked for together; each is given to `take` with its place.
    pub fn whole(&self, mut take: impl FnMut(u64, &[u8]) -> io::Result<()>) -> io::Result<()> {
        let starts = (0..self.known.length).step_by(LONGEST as usize);
        let parts: Vec<Range<u64>> = starts
            .map(|at| at..self.known.length.min(at + LONGEST))
            .collect();
        let waiting = self.ask(parts.iter().cloned());
        for _ in 0..parts.len() {
            let (part, held) = self.next(&waiting)?;
            take(parts[part].start, &held.bytes)?;
        }
        Ok(())
    }

    fn check(&self) -> io::Result<()> {
        match self.failed.get() {
            Some(failed) => Err(failed.clone().into()),
            None => Ok(()),
        }
    }

    /// Keeps why a read failed for good.
    fn fail(&self, given_up: &GivenUp) -> io::Error {
        let failed = Failed::of(&given_up.trouble, &self.url, given_up.tries);
        if given_up.trouble.what == What::Stopped {
            return failed.into();
        }
        self.failed.get_or_init(|| failed).clone().into()
    }

    fn need(&self, ranges: &[Range<u64>]) {
        let mut asked = lock(&self.asked);
        let new: u64 = ranges.iter().map(|range| asked.add(range)).sum();
        self.fetch.remote.traffic.needed(new);
    }

    /// Starts requests for ranges, within the budget of those that are waited for.
    fn ask(
        &self,
        ranges: impl Iterator<Item = Range<u64>>,
    ) -> mpsc::Receiver<(usize, Result<Arc<Held>, GivenUp>)> {
        let (done, waiting) = mpsc::channel();
        let Ok(runtime) = room::runtime() else {
            return waiting;
        };
        for (number, range) in ranges.enumerate() {
            let (fetch, known, done) = (self.fetch.clone(), self.known.clone(), done.clone());
            let (budget, share) = (
                Arc::clone(&self.shared.now),
                kibibytes(&range).min(self.shared.now_most),
            );
            runtime.spawn(async move {
                let room = budget.acquire_many_owned(share).await.ok();
                if fetch.remote.is_stopped() {
                    return;
                }
                let came = fetch.range(&known, range).await;
                // Nobody may wait any more.
                let _ = done.send((number, came.map(|bytes| Arc::new(Held::new(bytes, room)))));
            });
        }
        waiting
    }

    fn next(
        &self,
        waiting: &mpsc::Receiver<(usize, Result<Arc<Held>, GivenUp>)>,
    ) -> io::Result<(usize, Arc<Held>)> {
        match room::next(&self.fetch.remote, waiting) {
            Some(Ok((number, Ok(held)))) => Ok((number, held)),
            Some(Ok((_, Err(given_up)))) => Err(self.fail(&given_up)),
            Some(Err(trouble)) => Err(self.fail(&GivenUp { trouble, tries: 1 })),
            None => Err(self.fail(&stopped())),
        }
    }

    /// The bytes of one range, now.
    fn bring(&self, range: Range<u64>) -> io::Result<Buffer> {
        let waiting = self.ask(std::iter::once(range));
        Ok(self.next(&waiting)?.1.bytes.clone())
    }

    /// The bytes of a request that was made ahead; `None` where nobody had asked for them yet.
    fn early(&self, early: &Early) -> Option<io::Result<Arc<Held>>> {
        if !early.is_coming() {
            return None;
        }
        let coming = early.coming();
        let came = room::wait(&self.fetch.remote, async move { Ok(coming.await) });
        match came {
            Ok(Some(Ok(held))) => Some(Ok(held)),
            Ok(Some(Err(given_up))) => Some(Err(self.fail(&given_up))),
            Ok(None) => None,
            Err(trouble) => Some(Err(self.fail(&GivenUp { trouble, tries: 1 }))),
        }
    }

    /// A page that has a place, of which nothing is there: longer where what lies before it was read, too.
    fn page(&self, at: u64, wanted: u64) -> io::Result<Buffer> {
        let range = {
            let shelf = lock(&self.shared.shelf);
            let start = at / 4096 * 4096;
            let before = shelf.before(self.number, at, PAGE);
            let start = if before.is_some() {
                at.min(start.max(at))
            } else {
                start
            };
            let length = before.map_or(PAGE, |before| (before * 4).clamp(PAGE, LONGEST));
            let mut end = start.saturating_add(length).max(at + wanted);
            if let Some(next) = shelf.next(self.number, at) {
                end = end.min(next);
            }
            start..end.min(self.known.length)
        };
        let start = range.start;
        let page = self.bring(range)?;
        lock(&self.shared.shelf).put(self.number, start, page.clone());
        Ok(page.slice((at - start) as usize..))
    }

    fn fill(&self, at: u64, out: &mut [u8]) -> io::Result<()> {
        let mut done = 0;
        while done < out.len() {
            let place = at + done as u64;
            let left = out.len() - done;
            let known = lock(&self.shared.shelf).at(self.number, place);
            let page = match known {
                Some(page) => page,
                None if left >= DIRECT => self.bring(place..place + left as u64)?,
                None => self.page(place, left as u64)?,
            };
            let part = page.len().min(left);
            out[done..done + part].copy_from_slice(&page[..part]);
            done += part;
        }
        Ok(())
    }
}

impl Bytes for Object {
    fn name(&self) -> &str {
        &self.url
    }

    fn length(&self) -> u64 {
        self.known.length
    }

    fn read_at(&self, at: u64, out: &mut [u8]) -> io::Result<()> {
        self.check()?;
        let end = at
            .checked_add(out.len() as u64)
            .filter(|end| *end <= self.known.length);
        let Some(end) = end else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        let range = at..end;
        self.need(std::slice::from_ref(&range));
        let early = lock(&self.ahead).of(&range);
        if let Some(early) = early
            && let Some(held) = self.early(&early)
        {
            let from = (at - early.range.start) as usize;
            out.copy_from_slice(&held?.bytes[from..from + out.len()]);
            lock(&self.ahead).read(&early, 1);
            return Ok(());
        }
        self.fill(at, out)
    }

    fn read_many(&self, ranges: &[Range<u64>], sink: &Sink) {
        let many = Many::of(self, ranges);
        many.bring(sink);
    }

    fn expect(&self, blocks: &[Vec<Range<u64>>]) {
        if self.check().is_err() {
            return;
        }
        let mut shelf = lock(&self.shared.shelf);
        let missing =
            |range: &&Range<u64>| !shelf.has(self.number, range) && range.end <= self.known.length;
        let mut missing = missing;
        let blocks: Vec<Vec<Range<u64>>> = blocks
            .iter()
            .map(|ranges| ranges.iter().filter(&mut missing).cloned().collect())
            .collect();
        drop(shelf);
        lock(&self.ahead).expect(
            &blocks,
            (&self.fetch, &self.known),
            (&self.shared.early, self.shared.early_most),
        );
    }

    fn is_far(&self) -> bool {
        true
    }

    fn trouble(&self) -> Option<String> {
        self.failed.get().map(|failed| failed.said.clone())
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        lock(&self.shared.shelf).forget(self.number);
    }
}

/// Ranges that are read together, by where they come from.
struct Many<'a> {
    object: &'a Object,
    ranges: &'a [Range<u64>],
    /// Ranges of requests that were made ahead.
    early: Vec<(Arc<Early>, Vec<usize>)>,
    /// Those that are asked for now.
    now: Vec<usize>,
    /// Those in pages, and those that nothing is to be read of.
    here: Vec<usize>,
}

impl<'a> Many<'a> {
    fn of(object: &'a Object, ranges: &'a [Range<u64>]) -> Self {
        object.need(ranges);
        let mut many = Self {
            object,
            ranges,
            early: Vec::new(),
            now: Vec::new(),
            here: Vec::new(),
        };
        let mut ahead = lock(&object.ahead);
        for (number, range) in ranges.iter().enumerate() {
            let bad = range.end > object.known.length;
            if range.is_empty() || bad || lock(&object.shared.shelf).has(object.number, range) {
                many.here.push(number);
            } else if let Some(early) = ahead.of(range) {
                match many
                    .early
                    .iter_mut()
                    .find(|(other, _)| Arc::ptr_eq(other, &early))
                {
                    Some((_, numbers)) => numbers.push(number),
                    None => many.early.push((early, vec![number])),
                }
            } else {
                many.now.push(number);
            }
        }
        many
    }

    fn bring(mut self, sink: &Sink) {
        // Those that nobody has asked for yet are asked for with the others.
        let mut coming = Vec::new();
        for (early, numbers) in std::mem::take(&mut self.early) {
            if early.is_coming() {
                coming.push((early, numbers));
            } else {
                lock(&self.object.ahead).read(&early, usize::MAX);
                self.now.extend(numbers);
            }
        }
        let places: Vec<Range<u64>> = self
            .now
            .iter()
            .map(|&number| self.ranges[number].clone())
            .collect();
        let spans = joined(&places);
        let waiting = Mutex::new(self.object.ask(spans.iter().map(|span| span.range.clone())));
        self.here.par_iter().with_max_len(1).for_each(|&number| {
            sink(number, &mut |out| {
                self.object.read_at(self.ranges[number].start, out)
            });
        });
        coming
            .par_iter()
            .with_max_len(1)
            .for_each(|(early, numbers)| {
                let came = self.object.early(early);
                let came = came.unwrap_or_else(|| {
                    self.object
                        .bring(early.range.clone())
                        .map(|bytes| Arc::new(Held::new(bytes.to_vec(), None)))
                });
                self.give(numbers, early.range.start, &came, sink);
                lock(&self.object.ahead).read(early, numbers.len());
            });
        let done: Vec<OnceLock<()>> = spans.iter().map(|_| OnceLock::new()).collect();
        (0..spans.len())
            .into_par_iter()
            .with_max_len(1)
            .for_each(|_| {
                let next = self.object.next(&lock(&waiting));
                if let Ok((span, held)) = next {
                    let numbers: Vec<usize> =
                        spans[span].members.iter().map(|&i| self.now[i]).collect();
                    let _ = done[span].set(());
                    self.give(&numbers, spans[span].range.start, &Ok(held), sink);
                }
            });
        // What did not come says why, each range by itself.
        for (span, done) in spans.iter().zip(&done) {
            if done.get().is_none() {
                for &i in &span.members {
                    sink(self.now[i], &mut |_| {
                        Err(self
                            .object
                            .check()
                            .err()
                            .unwrap_or_else(|| self.object.fail(&stopped())))
                    });
                }
            }
        }
    }

    fn give(&self, numbers: &[usize], start: u64, came: &io::Result<Arc<Held>>, sink: &Sink) {
        for &number in numbers {
            let range = &self.ranges[number];
            let from = (range.start - start) as usize;
            let to = from + (range.end - range.start) as usize;
            sink(number, &mut |out| match came {
                Ok(held) => match held
                    .bytes
                    .get(from..to)
                    .filter(|bytes| bytes.len() == out.len())
                {
                    Some(bytes) => {
                        out.copy_from_slice(bytes);
                        Ok(())
                    }
                    None => Err(io::ErrorKind::UnexpectedEof.into()),
                },
                Err(error) => Err(self
                    .object
                    .check()
                    .err()
                    .unwrap_or_else(|| error.kind().into())),
            });
        }
    }
}

fn stopped() -> GivenUp {
    GivenUp {
        trouble: Trouble::new(What::Stopped, ""),
        tries: 1,
    }
}

fn lock<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
