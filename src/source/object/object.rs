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
use tokio::sync::Semaphore;

use super::ahead::{Ahead, Early, Held, kibibytes};
use super::backend::Identity;
use super::fetch::{Fetch, GivenUp};
use super::many::Many;
use super::room;
use super::shelf::{Asked, Shelf};
use super::structure::Structure;
use super::trouble::{Failed, Trouble, What};
use crate::source::{Bytes, Seen, Sink, shown};

/// Bytes that are read of an object when it is opened: the superblock and most of what stands around it.
pub const HEAD: u64 = 256 << 10;
/// The least page where nothing before it was read, the most, and what of an object it is between them: metadata stand in
/// some hundred places at most that are far apart.
pub(super) const PAGES: [u64; 2] = [16 << 10, 128 << 10];
const PARTS: u64 = 512;
/// The longest page where all before it was read.
const LONGEST: u64 = 4 << 20;
/// Longer reads are no metadata, and are brought as they are.
const DIRECT: usize = 1 << 20;
/// Reads of values that an index keeps, too: of numbers that stand alone.
const SMALL: u64 = 4 << 10;

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

/// A range that was asked for, by its number, or why it did not come.
pub(super) type Came = (usize, Result<Arc<Held>, GivenUp>);
type Waiting = mpsc::Receiver<Came>;

/// An object that was opened.
#[derive(Debug)]
pub struct Object {
    pub(super) number: u64,
    pub(super) url: String,
    pub(super) fetch: Fetch,
    pub(super) known: Identity,
    pub(super) shared: Arc<Shared>,
    pub(super) ahead: Mutex<Ahead>,
    asked: Mutex<Asked>,
    /// What an index keeps of it.
    pub(super) structure: Option<Structure>,
    /// What was asked for as structure, where that is noted.
    pub(super) noted: Option<Mutex<Asked>>,
    pub(super) failed: OnceLock<Failed>,
}

impl Object {
    /// Opens an object by reading its head.
    pub async fn open(url: &str, fetch: Fetch, shared: Arc<Shared>) -> Result<Self, Failed> {
        let url = shown(url);
        let first = fetch.first(HEAD).await;
        let (known, head) = first.map_err(|e| Failed::of(&e.trouble, &url, e.tries))?;
        if known.length > HEAD && known.etag.is_none() && known.modified == 0 {
            let why = "the server gives it neither an ETag nor a date, so that a change while it is read would not be seen";
            return Err(Failed::of(&Trouble::new(What::Unfit, why), &url, 1));
        }
        let opened = Self::of(url, fetch, shared, known);
        lock(&opened.shared.shelf).put(opened.number, 0, head.into());
        Ok(opened)
    }

    pub(super) fn of(url: String, fetch: Fetch, shared: Arc<Shared>, known: Identity) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        fetch.remote.traffic.object();
        Self {
            number: NUMBER.fetch_add(1, Ordering::Relaxed),
            url,
            noted: fetch.remote.noting.then(Mutex::default),
            fetch,
            known,
            shared,
            ahead: Mutex::default(),
            asked: Mutex::default(),
            structure: None,
            failed: OnceLock::new(),
        }
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

    pub(super) fn check(&self) -> io::Result<()> {
        match self.failed.get() {
            Some(failed) => Err(failed.clone().into()),
            None => Ok(()),
        }
    }

    /// Keeps why a read failed for good.
    pub(super) fn fail(&self, given_up: &GivenUp) -> io::Error {
        let mut failed = Failed::of(&given_up.trouble, &self.url, given_up.tries);
        if given_up.trouble.what == What::Changed && self.structure.is_some() {
            failed.said = format!(
                "{}: it is not the object that the index knows (its ETag, length or date is another); index it again",
                self.url
            );
        }
        if given_up.trouble.what == What::Stopped {
            return failed.into();
        }
        self.failed.get_or_init(|| failed).clone().into()
    }

    pub(super) fn need(&self, ranges: &[Range<u64>]) {
        let mut asked = lock(&self.asked);
        let new: u64 = ranges.iter().map(|range| asked.add(range)).sum();
        self.fetch.remote.traffic.needed(new);
    }

    /// Starts requests for ranges, within the budget of those that are waited for.
    pub(super) fn ask(&self, ranges: impl Iterator<Item = Range<u64>>) -> Waiting {
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

    /// What comes next of what was asked for; `None` once nothing more will.
    pub(super) fn came(&self, waiting: &Waiting) -> Option<Result<Came, Trouble>> {
        room::next(&self.fetch.remote, waiting)
    }

    pub(super) fn next(&self, waiting: &Waiting) -> io::Result<(usize, Arc<Held>)> {
        match self.came(waiting) {
            Some(Ok((number, Ok(held)))) => Ok((number, held)),
            Some(Ok((_, Err(given_up)))) => Err(self.fail(&given_up)),
            Some(Err(trouble)) => Err(self.fail(&GivenUp { trouble, tries: 1 })),
            None => Err(self.fail(&stopped())),
        }
    }

    /// The bytes of one range, now.
    pub(super) fn bring(&self, range: Range<u64>) -> io::Result<Buffer> {
        let waiting = self.ask(std::iter::once(range));
        Ok(self.next(&waiting)?.1.bytes.clone())
    }

    /// The bytes of a request that was made ahead; `None` where nobody had asked for them yet.
    pub(super) fn early(&self, early: &Early) -> Option<io::Result<Arc<Held>>> {
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

    /// The page to bring for a place of which nothing is there: longer where what lies before it was read, too.
    pub(super) fn page_of(&self, at: u64, wanted: u64, least: u64) -> Range<u64> {
        let shelf = lock(&self.shared.shelf);
        let start = at / 4096 * 4096;
        let before = shelf.before(self.number, at, least);
        // A page that goes on from another begins where that ends.
        let start = if before.is_some() { at } else { start };
        let length = before.map_or(least, |before| (before * 4).clamp(least, LONGEST));
        let mut end = start.saturating_add(length).max(at + wanted);
        if let Some(next) = shelf.next(self.number, at) {
            end = end.min(next);
        }
        start..end.min(self.known.length)
    }

    fn page(&self, at: u64, wanted: u64) -> io::Result<Buffer> {
        let least = (self.known.length / PARTS).clamp(PAGES[0], PAGES[1]);
        let range = self.page_of(at, wanted, least);
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
        self.note(&range, SMALL);
        if self.of_index(&range, out)? {
            return Ok(());
        }
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
        for range in ranges {
            self.note(range, SMALL);
        }
        let many = Many::of(self, ranges);
        many.bring(sink);
    }

    fn structure_at(&self, at: u64, out: &mut [u8]) -> io::Result<()> {
        self.note(&(at..at.saturating_add(out.len() as u64)), u64::MAX);
        self.read_at(at, out)
    }

    fn noted(&self) -> Vec<Range<u64>> {
        let noted = self.noted.as_ref();
        noted.map_or(Vec::new(), |noted| lock(noted).ranges().collect())
    }

    fn etag(&self) -> Option<String> {
        self.known.etag.clone()
    }

    fn is_remembered(&self) -> bool {
        self.structure.is_some()
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

    fn at_hand(&self, at: u64, out: &mut [u8]) -> io::Result<bool> {
        self.check()?;
        Ok(self.peek(at, out))
    }

    fn bring_around(&self, places: &[Range<u64>]) {
        self.bring_pages(places);
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

pub(super) fn stopped() -> GivenUp {
    GivenUp {
        trouble: Trouble::new(What::Stopped, ""),
        tries: 1,
    }
}

pub(super) fn lock<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
