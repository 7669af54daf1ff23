//! Pages of objects that were read before, within a budget of memory: metadata, mostly.
//!
//! Beside `object.rs`. Who reads metadata jumps to and fro in a granule and comes back when it is read after it was
//! looked at. Of all objects of a run, what was used longest ago makes room.

use std::collections::BTreeMap;
use std::ops::Range;

use bytes::Bytes;

/// An object and the place where a page begins.
type Place = (u64, u64);

/// Pages by place.
#[derive(Debug, Default)]
pub struct Shelf {
    pages: BTreeMap<Place, (Bytes, u64)>,
    /// Places by when they were used last.
    used: BTreeMap<u64, Place>,
    clock: u64,
    bytes: u64,
    most: u64,
}

impl Shelf {
    pub fn new(most: u64) -> Self {
        Self {
            most,
            ..Self::default()
        }
    }

    /// Bytes from a place on that stand in one page.
    pub fn at(&mut self, object: u64, place: u64) -> Option<Bytes> {
        let (&key, (page, used)) = self
            .pages
            .range_mut((object, 0)..=(object, place))
            .next_back()?;
        let skip = place - key.1;
        if skip >= page.len() as u64 {
            return None;
        }
        self.clock += 1;
        self.used.remove(used);
        *used = self.clock;
        self.used.insert(self.clock, key);
        Some(page.slice(skip as usize..))
    }

    /// Where the next page after a place begins.
    pub fn next(&self, object: u64, place: u64) -> Option<u64> {
        let mut after = self.pages.range((object, place)..=(object, u64::MAX));
        after.next().map(|((_, start), _)| *start)
    }

    /// The length of the page that ends where this begins, or a little before.
    pub fn before(&self, object: u64, place: u64, gap: u64) -> Option<u64> {
        let ((_, start), (page, _)) = self.pages.range((object, 0)..(object, place)).next_back()?;
        let length = page.len() as u64;
        (start + length + gap >= place).then_some(length)
    }

    /// Whether all bytes of a range are there.
    pub fn has(&mut self, object: u64, range: &Range<u64>) -> bool {
        let mut at = range.start;
        while at < range.end {
            match self.at(object, at) {
                Some(page) => at += page.len() as u64,
                None => return false,
            }
        }
        true
    }

    /// Adds a page.
    pub fn put(&mut self, object: u64, place: u64, page: Bytes) {
        if page.is_empty() || page.len() as u64 > self.most {
            return;
        }
        self.clock += 1;
        self.bytes += page.len() as u64;
        if let Some((old, used)) = self.pages.insert((object, place), (page, self.clock)) {
            self.bytes -= old.len() as u64;
            self.used.remove(&used);
        }
        self.used.insert(self.clock, (object, place));
        while self.bytes > self.most {
            let Some((_, oldest)) = self.used.pop_first() else {
                break;
            };
            if let Some((page, _)) = self.pages.remove(&oldest) {
                self.bytes -= page.len() as u64;
            }
        }
    }

    /// Forgets an object.
    pub fn forget(&mut self, object: u64) {
        let places: Vec<Place> = self
            .pages
            .range((object, 0)..=(object, u64::MAX))
            .map(|(place, _)| *place)
            .collect();
        for place in places {
            if let Some((page, used)) = self.pages.remove(&place) {
                self.bytes -= page.len() as u64;
                self.used.remove(&used);
            }
        }
    }
}

/// Ranges that were asked for, each byte once.
#[derive(Debug, Default)]
pub struct Asked(BTreeMap<u64, u64>);

impl Asked {
    /// All of them, joined where they touch, ascending.
    pub fn ranges(&self) -> impl Iterator<Item = Range<u64>> {
        self.0.iter().map(|(&start, &end)| start..end)
    }

    /// Adds a range; how many of its bytes are new.
    pub fn add(&mut self, range: &Range<u64>) -> u64 {
        if range.is_empty() {
            return 0;
        }
        let (mut start, mut end) = (range.start, range.end);
        let mut known = 0;
        let touching: Vec<(u64, u64)> = {
            let first = self
                .0
                .range(..start)
                .next_back()
                .filter(|(_, e)| **e >= start)
                .map(|(s, e)| (*s, *e));
            let others = self.0.range(start..=end).map(|(s, e)| (*s, *e));
            first.into_iter().chain(others).collect()
        };
        for (s, e) in touching {
            self.0.remove(&s);
            known += e.min(range.end).saturating_sub(s.max(range.start));
            start = start.min(s);
            end = end.max(e);
        }
        self.0.insert(start, end);
        range.end - range.start - known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_counted_once() {
        let mut asked = Asked::default();
        for (range, new) in [
            (10..20, 10),
            (15..25, 5),
            (0..5, 5),
            (0..30, 10),
            (3..3, 0),
            (30..31, 1),
            (0..31, 0),
        ] {
            assert_eq!(asked.add(&range), new, "{range:?}");
        }
        assert_eq!(asked.0.len(), 1);
    }

    #[test]
    fn pages_are_found_and_the_oldest_make_room() {
        let mut shelf = Shelf::new(10);
        shelf.put(1, 100, Bytes::from_static(b"abcd"));
        shelf.put(1, 104, Bytes::from_static(b"efgh"));
        assert_eq!(shelf.at(1, 102).as_deref(), Some(&b"cd"[..]));
        assert!(
            shelf.has(1, &(101..107)) && !shelf.has(1, &(101..109)) && !shelf.has(2, &(101..107))
        );
        assert_eq!(
            (
                shelf.next(1, 101),
                shelf.next(1, 105),
                shelf.before(1, 110, 2)
            ),
            (Some(104), None, Some(4))
        );
        let _ = shelf.at(1, 100);
        shelf.put(2, 0, Bytes::from_static(b"xyz"));
        assert!(shelf.at(1, 104).is_none() && shelf.at(1, 100).is_some());
        shelf.forget(1);
        assert_eq!(
            (shelf.bytes, shelf.used.len(), shelf.pages.len()),
            (3, 1, 1)
        );
    }
}
