//! What an index keeps of an object: served in place of a request, from memory where there is room.
//!
//! Beside `object.rs`. What is kept is read from the index when the first byte of it is asked for, and goes onto the shelf
//! of pages; where that had to make room, it is read again.

use std::io;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use bytes::Bytes as Buffer;

use super::backend::Identity;
use super::fetch::Fetch;
use super::object::{Object, Shared, lock};
use super::trouble::Failed;
use crate::source::known::{Remembered, Remembers, part_of};
use crate::source::shown;

/// The bytes that an index keeps of one object.
#[derive(Debug)]
pub struct Structure {
    index: Arc<dyn Remembers>,
    place: u64,
    /// Where they are, once they were read.
    parts: OnceLock<Vec<Range<u64>>>,
}

impl Structure {
    pub fn new(index: Arc<dyn Remembers>, place: u64) -> Self {
        Self {
            index,
            place,
            parts: OnceLock::new(),
        }
    }

    fn read(&self) -> io::Result<Vec<(u64, Buffer)>> {
        let kept = self.index.kept(self.place)?;
        let range = |(start, bytes): &(u64, Buffer)| *start..start + bytes.len() as u64;
        self.parts.get_or_init(|| kept.iter().map(range).collect());
        Ok(kept)
    }
}

impl Object {
    /// Opens an object that an index knows: as what it was then, if it is that still, and else as any other.
    pub async fn remembered(
        url: &str,
        fetch: Fetch,
        shared: Arc<Shared>,
        then: Remembered,
    ) -> Result<Self, Failed> {
        let was = Identity {
            length: then.length,
            etag: then.etag,
            modified: then.modified,
        };
        let can_be_told = was.etag.is_some() || was.modified > 0;
        if !(fetch.remote.unasked && can_be_told) {
            let first = fetch.first(1).await;
            let (is, _) = first.map_err(|e| Failed::of(&e.trouble, &shown(url), e.tries))?;
            if !(can_be_told && was.is(&is)) {
                return Self::open(url, fetch, shared).await;
            }
        }
        let structure = fetch.remote.index.clone();
        let structure = structure.map(|index| Structure::new(index, then.place));
        let mut object = Self::of(shown(url), fetch, shared, was);
        object.structure = structure;
        Ok(object)
    }

    /// Keeps in mind that a range was asked for, if that is wished and it is no longer than that.
    pub(super) fn note(&self, range: &Range<u64>, longest: u64) {
        if let Some(noted) = &self.noted
            && range.end.saturating_sub(range.start) <= longest
            && range.end <= self.known.length
        {
            lock(noted).add(range);
        }
    }

    /// What failed in the index fails for good, like what fails in the network.
    fn fail_with(&self, error: &io::Error) -> io::Error {
        let failed = Failed {
            said: format!("{}: {error}", self.url),
            kind: error.kind(),
        };
        self.failed.get_or_init(|| failed).clone().into()
    }

    /// Fills `out` with a range that the index keeps as a whole; whether it does.
    ///
    /// # Errors
    /// The index cannot be read, or keeps what is not what was written.
    pub(super) fn of_index(&self, range: &Range<u64>, out: &mut [u8]) -> io::Result<bool> {
        let Some(structure) = &self.structure else {
            return Ok(false);
        };
        let mut kept = None;
        if structure.parts.get().is_none() {
            kept = Some(structure.read().map_err(|e| self.fail_with(&e))?);
        }
        let parts = structure.parts.get().map_or(&[][..], Vec::as_slice);
        let Some(part) = part_of(parts, range) else {
            self.shelve(kept);
            return Ok(false);
        };
        let skip = (range.start - parts[part].start) as usize;
        if kept.is_none() {
            let page = lock(&self.shared.shelf).at(self.number, range.start);
            if let Some(page) = page.filter(|page| page.len() >= out.len()) {
                out.copy_from_slice(&page[..out.len()]);
                return Ok(true);
            }
            kept = Some(structure.read().map_err(|e| self.fail_with(&e))?);
        }
        let bytes = kept.as_ref().and_then(|kept| kept.get(part));
        let bytes = bytes.and_then(|(_, bytes)| bytes.get(skip..skip + out.len()));
        let found = bytes.map(|bytes| out.copy_from_slice(bytes)).is_some();
        self.shelve(kept);
        Ok(found)
    }

    /// Puts what was read of the index where it is found quickly.
    fn shelve(&self, kept: Option<Vec<(u64, Buffer)>>) {
        let mut shelf = lock(&self.shared.shelf);
        for (start, bytes) in kept.into_iter().flatten() {
            // Each by itself: parts of one buffer would hold all of it.
            shelf.put(self.number, start, Buffer::copy_from_slice(&bytes));
        }
    }
}
