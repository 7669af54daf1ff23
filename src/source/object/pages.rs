//! Pages of an object that are brought together, before who needs them asks for one after the other.
//!
//! Beside `object.rs`. The structure of a granule is a chain of places, each found in what stands at the one before; where
//! several chains are known to begin, their next pages are one wait and not several.

use std::collections::BTreeMap;
use std::ops::Range;

use super::ahead::Held;
use super::object::{Object, PAGES, lock};

/// Pages that are asked for together: each is a connection.
const TOGETHER: usize = 32;
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
        for pages in self.pages_of(places).chunks(TOGETHER) {
            let waiting = self.ask(pages.iter().cloned());
            for _ in 0..pages.len() {
                let Some(Ok((page, Ok(held)))) = self.came(&waiting) else {
                    return;
                };
                let Held { bytes, .. } = &*held;
                lock(&self.shared.shelf).put(self.number, pages[page].start, bytes.clone());
            }
        }
    }

    /// The pages to bring for places: short ones, as others wait beside them and not behind.
    fn pages_of(&self, places: &[Range<u64>]) -> Vec<Range<u64>> {
        let asked = places
            .iter()
            .filter(|place| place.end <= self.known.length && place.end - place.start <= LONGEST);
        pages(
            asked,
            |at| {
                let there = lock(&self.shared.shelf).at(self.number, at);
                there.map_or(0, |page| page.len() as u64)
            },
            |at, wanted| self.page_of(at, wanted, PAGES[0]),
        )
    }
}

/// Pages around places, none of which share a byte; `there` says how many bytes from a place on are there, `page` which page
/// a place is of.
fn pages<'a>(
    places: impl Iterator<Item = &'a Range<u64>>,
    there: impl Fn(u64) -> u64,
    page: impl Fn(u64, u64) -> Range<u64>,
) -> Vec<Range<u64>> {
    let mut pages: BTreeMap<u64, u64> = BTreeMap::new();
    for place in places {
        let mut at = place.start;
        while at < place.end {
            let before = pages.range(..=at).next_back().map_or(0, |(_, &end)| end);
            let known = there(at).max(before.saturating_sub(at));
            if known > 0 {
                at += known;
                continue;
            }
            let found = page(at, place.end - at);
            let behind = pages
                .range(at..)
                .next()
                .map_or(u64::MAX, |(&start, _)| start);
            let (start, end) = (found.start.max(before), found.end.min(behind));
            if !(start..end).contains(&at) {
                // Somebody else brought it just now.
                break;
            }
            pages.insert(start, end);
            at = end;
        }
    }
    pages.into_iter().map(|(start, end)| start..end).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pages_hold_all_that_is_not_there_and_share_no_byte(
            places in prop::collection::vec((0u64..400, 0u64..90), 0..20),
            here in prop::collection::vec((0u64..400, 1u64..40), 0..6),
        ) {
            let places: Vec<Range<u64>> = places.iter().map(|&(at, length)| at..at + length).collect();
            let is_here = |at: u64| here.iter().any(|&(start, length)| (start..start + length).contains(&at));
            let there = |at: u64| (at..1000).take_while(|&at| is_here(at)).count() as u64;
            let page = |at: u64, wanted: u64| at / 16 * 16..(at / 16 * 16 + 32).max(at + wanted);
            let found = pages(places.iter(), there, page);
            for (one, next) in found.iter().zip(found.iter().skip(1)) {
                prop_assert!(one.start < one.end && one.end <= next.start);
            }
            for at in places.iter().cloned().flatten() {
                prop_assert!(is_here(at) || found.iter().any(|page| page.contains(&at)), "{}", at);
            }
        }
    }
}
