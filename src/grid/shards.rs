//! Which shards are wanted: a set of shards of one order, and ranges of places in a shard map.
//!
//! Beside the line: the reading side asks it of every photon.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use super::Order;
use crate::error::{Error, Result, Setting, phrase};

/// Shards of one order, by id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardSet {
    order: Order,
    /// Ascending, each once.
    ids: Vec<u64>,
}

/// `A..B`: the shards of a map from place A up to, not including, place B. Either may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShardRange {
    start: Option<usize>,
    end: Option<usize>,
}

impl ShardSet {
    /// A set of shards at `order`, in any order, repeated or not.
    pub fn new(order: Order, mut ids: Vec<u64>) -> Self {
        ids.sort_unstable();
        ids.dedup();
        Self { order, ids }
    }

    /// The order of the shards.
    pub fn order(&self) -> Order {
        self.order
    }

    pub fn len(&self) -> usize {
        self.ids.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The shards, ascending.
    pub fn ids(&self) -> &[u64] {
        &self.ids
    }

    pub fn contains(&self, shard: u64) -> bool {
        self.ids.binary_search(&shard).is_ok()
    }
}

impl ShardRange {
    /// The places that the range means in a map of `count` shards; at least one.
    ///
    /// # Errors
    /// An empty range, or one that reaches beyond the map.
    pub fn within(self, count: usize) -> Result<Range<usize>> {
        let range = self.start.unwrap_or(0)..self.end.unwrap_or(count);
        if range.end > count || (range.is_empty() && self.end.is_none()) {
            let message = format!(" reaches beyond the shard map, which has {count} shards");
            return Err(Error::argument(phrase![Setting::Shards.to(self), message])
                .with_remedy(format!("choose within 0..{count}")));
        }
        if range.is_empty() {
            let (start, next) = (range.start, range.start.saturating_add(1));
            let message = phrase![
                Setting::Shards.to(self),
                " is empty: A..B ends before B; for one shard write ",
                format!("{start}..{next}")
            ];
            return Err(Error::argument(message));
        }
        Ok(range)
    }
}

impl FromStr for ShardRange {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refused = || {
            Error::argument(phrase![Setting::Shards.to(text), " is not a range"]).with_remedy(
                "write A..B, from place A in the shard map up to, not including, place B, counted \
                 from 0",
            )
        };
        let place = |text: &str| -> Result<Option<usize>> {
            if text.is_empty() {
                return Ok(None);
            }
            // `parse` alone would take a sign.
            let digits = text.bytes().all(|c| c.is_ascii_digit());
            let place = text.parse().ok().filter(|_| digits);
            place.map(Some).ok_or_else(refused)
        };
        let (start, end) = text.split_once("..").ok_or_else(refused)?;
        Ok(Self {
            start: place(start)?,
            end: place(end)?,
        })
    }
}

impl fmt::Display for ShardRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = |place: Option<usize>| place.map_or_else(String::new, |n| n.to_string());
        write!(f, "{}..{}", place(self.start), place(self.end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn order(k: u8) -> Order {
        Order::new(k).unwrap()
    }

    proptest! {
        #[test]
        fn a_set_contains_what_it_was_made_of(ids in prop::collection::vec(0_u64..192, 0..12)) {
            let set = ShardSet::new(order(2), ids.clone());
            prop_assert!(set.ids().is_sorted_by(|a, b| a < b));
            for shard in 0..192 {
                prop_assert_eq!(set.contains(shard), ids.contains(&shard));
            }
        }
    }

    #[test]
    fn ranges_are_those_of_the_map() {
        let within = |text: &str| -> Result<Range<usize>> {
            text.parse::<ShardRange>().and_then(|r| r.within(4))
        };
        for (text, range) in [("1..3", 1..3), ("..2", 0..2), ("3..", 3..4), ("..", 0..4)] {
            assert_eq!(within(text).unwrap(), range, "{text}");
        }
        for (text, says) in [
            ("2", "is not a range"),
            ("1..x", "is not a range"),
            ("-1..2", "is not a range"),
            ("+1..2", "is not a range"),
            ("99999999999999999999..", "is not a range"),
            (
                "2..2",
                "is empty: A..B ends before B; for one shard write 2..3",
            ),
            ("3..1", "is empty"),
            ("2..5", "which has 4 shards; choose within 0..4"),
            ("4..", "which has 4 shards"),
        ] {
            let error = within(text).unwrap_err().to_string();
            assert!(error.contains(says) && error.contains(text), "{error}");
        }
    }

    #[test]
    fn a_set_has_as_many_shards_as_differ() {
        let of = |ids: &[u64]| ShardSet::new(order(2), ids.to_vec());
        let (none, three) = (of(&[]), of(&[7, 3, 7, 190, 3]));
        assert_eq!((none.len(), three.len()), (0, 3));
        assert!(none.is_empty() && !three.is_empty());
    }
}
