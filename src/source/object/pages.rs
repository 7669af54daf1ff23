//! Pages of an object that are brought together, before who needs them asks for one after the other.
//!
//! Beside `object.rs`. The structure of a granule is a chain of places, each found in what stands at the one before; where
//! several chains are known to begin, their next pages are one wait and not several.

use std::ops::Range;

use super::ahead::Held;
use super::object::{Object, PAGES, lock};

/// Longer reads are no structure.
const LONGEST: u64 = 1 << 20;

impl Object {
    /// Fills `out` from pages that are there; whether all of it was.
    pub(super) fn peek(&self, at: u64, out: &mut [u8]) -> bool {
        let mut shelf = lock(&self.shared.shelf);
        let mut done = 0;
        while done < out.len() {
            let Some(page) = shelf.at(self.number, at + done as u64) else {
                return false;
            };
            let part = page.len().min(out.len() - done);
            out[done..done + part].copy_from_slice(&page[..part]);
            done += part;
        }
        true
    }

    /// Brings the pages of these places that are not there, in requests that are made together. What fails is left to who
    /// reads it, and asks again.
    pub(super) fn bring_pages(&self, places: &[Range<u64>]) {
        if self.check().is_err() {
            return;
        }
        let pages = self.pages_of(places);
        let waiting = self.ask(pages.iter().cloned());
        for _ in 0..pages.len() {
            let Some(Ok((page, Ok(held)))) = self.came(&waiting) else {
                return;
            };
            let Held { bytes, .. } = &*held;
            lock(&self.shared.shelf).put(self.number, pages[page].start, bytes.clone());
        }
    }

    /// The pages to bring for places, none of which share a byte: short ones, as others wait beside them and not behind.
    fn pages_of(&self, places: &[Range<u64>]) -> Vec<Range<u64>> {
        let mut missing: Vec<Range<u64>> = Vec::new();
        let mut ascending: Vec<&Range<u64>> = places
            .iter()
            .filter(|place| place.end <= self.known.length && place.start < place.end)
            .filter(|place| place.end - place.start <= LONGEST)
            .collect();
        ascending.sort_by_key(|place| place.start);
        for place in ascending {
            let mut at = place.start;
            while at < place.end {
                if let Some(last) = missing.last().filter(|last| last.contains(&at)) {
                    at = last.end;
                    continue;
                }
                let there = lock(&self.shared.shelf).at(self.number, at);
                if let Some(page) = there {
                    at += page.len() as u64;
                    continue;
                }
                let mut page = self.page_of(at, place.end - at, PAGES[0]);
                if let Some(last) = missing.last() {
                    page.start = page.start.max(last.end);
                }
                at = page.end;
                missing.push(page);
            }
        }
        missing
    }
}
