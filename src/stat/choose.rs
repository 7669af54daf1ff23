//! Choosing: order statistics of values that memory does not hold, in a few passes over all of them.
//!
//! Beside `ordered.rs`, which selects among values in memory. A pass counts keys by their next bits,
//! within the spans of keys that hold a wanted rank; the next pass looks into the spans that are left:
//!
//! ```text
//!   pass 1   by bits 31 to 16: rank 500 is one of 12,000 keys that begin with c0a1
//!   pass 2   those by bits 15 to 0: rank 500 is the key c0a13f07
//! ```
//!
//! Once all spans together hold few keys, a pass gathers and sorts them. What is chosen is exact, in
//! whatever order the keys come.

use std::ops::Range;

use super::order::Key;
use super::select::ranks_of;
use super::tdigest::TDigest;

/// Counters of one pass, and keys that are gathered, at most: 2 MiB of either.
const AT_ONCE: usize = 1 << 18;
/// Bits that one pass counts by at most: counters of one span stay in the cache.
const BITS: u32 = 16;

/// The order statistics of one cell that its quantiles need, and how many values it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    pub len: usize,
    /// Ascending ranks, from 0, and their keys.
    keys: Vec<(usize, Key)>,
    /// The bits of the median absolute deviation, where it is asked for.
    mad: u64,
    /// Those that are asked for, by delta.
    digests: Vec<(u32, TDigest)>,
}

/// Order statistics on their way.
#[derive(Debug)]
pub struct Chooser {
    len: usize,
    /// Ascending, each once.
    ranks: Vec<usize>,
    /// Low bits of a key that no pass has counted by.
    unknown: u32,
    /// Ascending; none once all is known.
    spans: Vec<Span>,
    pass: Pass,
    at_once: usize,
    chosen: Vec<(usize, Key)>,
}

/// The keys that begin with the same bits, and the wanted ranks among them.
#[derive(Debug)]
struct Span {
    prefix: u64,
    /// Number of keys below.
    below: usize,
    len: usize,
    /// Places in the list of ranks.
    ranks: Range<usize>,
}

#[derive(Debug)]
enum Pass {
    /// By so many bits, span after span.
    Count {
        bits: u32,
        counts: Vec<usize>,
    },
    Gather(Vec<u64>),
}

impl Chosen {
    /// Of so many values, the keys at ascending ranks.
    pub(super) fn at(len: usize, keys: Vec<(usize, Key)>) -> Self {
        Self {
            len,
            keys,
            mad: f64::NAN.to_bits(),
            digests: Vec::new(),
        }
    }

    /// The median absolute deviation of all values.
    pub(super) fn mad(&self) -> f64 {
        f64::from_bits(self.mad)
    }

    /// The same with this median absolute deviation.
    #[must_use]
    pub fn with_mad(self, mad: f64) -> Self {
        let mad = mad.to_bits();
        Self { mad, ..self }
    }

    /// The same with the digest of this delta.
    #[must_use]
    pub fn with_digest(mut self, digest: (u32, TDigest)) -> Self {
        self.digests.push(digest);
        self
    }

    /// The digest of this delta, which is one of those that were asked for.
    pub(super) fn digest(&self, delta: u32) -> TDigest {
        let found = self.digests.iter().find(|(of, _)| *of == delta);
        let Some((_, digest)) = found else {
            unreachable!("the digests of all deltas of the job were made")
        };
        digest.clone()
    }

    /// Order statistic `rank`, which is one of those that were asked for.
    pub(super) fn get(&self, rank: usize) -> Key {
        let found = self.keys.binary_search_by_key(&rank, |(rank, _)| *rank);
        let Ok(at) = found else {
            unreachable!("the ranks of all quantiles of the job were chosen")
        };
        self.keys[at].1
    }
}

impl Chooser {
    /// For what these quantiles of `len` values need; keys have so many bits.
    pub fn new(len: usize, quantiles: &[f64], bits: u32) -> Self {
        Self::of_ranks(len, ranks_of(len, quantiles), bits)
    }

    /// For these ranks of `len` values.
    pub fn of_ranks(len: usize, ranks: Vec<usize>, bits: u32) -> Self {
        Self::within(len, ranks, bits, AT_ONCE)
    }

    fn within(len: usize, mut ranks: Vec<usize>, bits: u32, at_once: usize) -> Self {
        ranks.sort_unstable();
        ranks.dedup();
        let all = Span {
            prefix: 0,
            below: 0,
            len,
            ranks: 0..ranks.len(),
        };
        let mut chooser = Self {
            len,
            spans: if ranks.is_empty() {
                Vec::new()
            } else {
                vec![all]
            },
            ranks,
            unknown: bits,
            pass: Pass::Gather(Vec::new()),
            at_once,
            chosen: Vec::new(),
        };
        chooser.begin();
        chooser
    }

    /// Whether no pass is needed any more.
    pub fn is_done(&self) -> bool {
        self.spans.is_empty()
    }

    /// Takes some keys of this pass.
    pub fn take<T: Copy + Into<u64>>(&mut self, keys: &[T]) {
        let (spans, unknown) = (&*self.spans, self.unknown);
        let wanted = keys.iter().filter_map(|&key| {
            let key = key.into();
            Some((slot(spans, key.checked_shr(unknown).unwrap_or(0))?, key))
        });
        match &mut self.pass {
            Pass::Count { bits, counts } => {
                let (shift, mask) = (unknown - *bits, (1 << *bits) - 1);
                for (slot, key) in wanted {
                    counts[(slot << *bits) | ((key >> shift) & mask) as usize] += 1;
                }
            }
            Pass::Gather(gathered) => gathered.extend(wanted.map(|(_, key)| key)),
        }
    }

    /// All keys were taken in this pass.
    pub fn end_pass(&mut self) {
        match std::mem::replace(&mut self.pass, Pass::Gather(Vec::new())) {
            Pass::Count { bits, counts } => self.narrow(bits, &counts),
            Pass::Gather(gathered) => self.settle(gathered),
        }
        self.begin();
    }

    /// What was chosen.
    pub fn chosen(self) -> Chosen {
        Chosen::at(self.len, self.chosen)
    }

    fn begin(&mut self) {
        let left: usize = self.spans.iter().map(|span| span.len).sum();
        self.pass = if left <= self.at_once {
            Pass::Gather(Vec::with_capacity(left))
        } else {
            let bits = (self.at_once / self.spans.len()).max(2).ilog2();
            let bits = bits.min(BITS).min(self.unknown);
            Pass::Count {
                bits,
                counts: vec![0; self.spans.len() << bits],
            }
        };
    }

    fn narrow(&mut self, bits: u32, counts: &[usize]) {
        let mut narrowed = Vec::new();
        for (span, counts) in self.spans.iter().zip(counts.chunks_exact(1 << bits)) {
            let (mut below, mut ranks) = (span.below, span.ranks.clone());
            for (digit, &len) in (0..).zip(counts) {
                let here = self.ranks[ranks.clone()].partition_point(|rank| *rank < below + len);
                if here > 0 {
                    narrowed.push(Span {
                        prefix: (span.prefix << bits) | digit,
                        below,
                        len,
                        ranks: ranks.start..ranks.start + here,
                    });
                }
                ranks.start += here;
                below += len;
            }
        }
        self.unknown -= bits;
        self.spans = narrowed;
        if self.unknown == 0 {
            for span in self.spans.drain(..) {
                let ranks = self.ranks[span.ranks].iter();
                self.chosen
                    .extend(ranks.map(|&rank| (rank, Key(span.prefix))));
            }
        }
    }

    fn settle(&mut self, mut gathered: Vec<u64>) {
        gathered.sort_unstable();
        let mut start = 0;
        for span in self.spans.drain(..) {
            let keys = &gathered[start..start + span.len];
            let ranks = self.ranks[span.ranks].iter();
            let key = |&rank: &usize| (rank, Key(keys[rank - span.below]));
            self.chosen.extend(ranks.map(key));
            start += span.len;
        }
    }
}

/// The span of keys that begin so.
#[inline]
fn slot(spans: &[Span], prefix: u64) -> Option<usize> {
    match spans {
        [one] => (one.prefix == prefix).then_some(0),
        _ => spans.binary_search_by_key(&prefix, |span| span.prefix).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What is chosen of these keys in parts, and in how many passes.
    fn chosen<T: Copy + Into<u64>>(
        keys: &[T],
        quantiles: &[f64],
        at_once: usize,
    ) -> (Vec<(usize, u64)>, usize) {
        let bits = 8 * size_of::<T>() as u32;
        let ranks = ranks_of(keys.len(), quantiles);
        let mut chooser = Chooser::within(keys.len(), ranks, bits, at_once);
        let mut passes = 0;
        while !chooser.is_done() {
            if let Pass::Count { counts, .. } = &chooser.pass {
                let least = 2 * chooser.spans.len();
                assert!(counts.len() <= at_once.max(least), "{}", counts.len());
            }
            keys.chunks(7).for_each(|part| chooser.take(part));
            chooser.end_pass();
            passes += 1;
        }
        let chosen = chooser.chosen();
        assert_eq!(chosen.len, keys.len());
        (
            chosen
                .keys
                .iter()
                .map(|(rank, key)| (*rank, key.0))
                .collect(),
            passes,
        )
    }

    fn sorted<T: Copy + Into<u64>>(keys: &[T], quantiles: &[f64]) -> Vec<(usize, u64)> {
        let mut sorted: Vec<u64> = keys.iter().map(|&key| key.into()).collect();
        sorted.sort_unstable();
        let ranks = ranks_of(keys.len(), quantiles).into_iter();
        ranks.map(|rank| (rank, sorted[rank])).collect()
    }

    proptest! {
        #[test]
        fn what_is_chosen_is_what_sorting_gives(
            keys in prop::collection::vec(prop_oneof![any::<u64>(), 0u64..40, (1u64 << 40)..(1 << 40) + 9], 0..300),
            quantiles in prop::collection::vec(0.0f64..=1.0, 0..12),
            at_once in prop::sample::select(vec![1usize, 2, 5, 64, 1000, AT_ONCE]),
        ) {
            prop_assert_eq!(chosen(&keys, &quantiles, at_once).0, sorted(&keys, &quantiles));
            let narrow: Vec<u32> = keys.iter().map(|key| *key as u32).collect();
            prop_assert_eq!(chosen(&narrow, &quantiles, at_once).0, sorted(&narrow, &quantiles));
        }
    }

    #[test]
    fn keys_of_32_bits_take_two_passes_and_few_keys_one() {
        let keys: Vec<u32> = (0..600_000u32)
            .map(|i| i.wrapping_mul(2_654_435_761))
            .collect();
        let quantiles = [0.0, 0.25, 0.5, 1.0];
        let (found, passes) = chosen(&keys, &quantiles, AT_ONCE);
        assert_eq!((found, passes), (sorted(&keys, &quantiles), 2));
        // Equal keys are one span to the end.
        let equal = vec![7u64; 300_000];
        let (found, passes) = chosen(&equal, &quantiles, AT_ONCE);
        assert_eq!((found, passes), (sorted(&equal, &quantiles), 4));
        let (found, passes) = chosen(&keys[..1000], &quantiles, AT_ONCE);
        assert_eq!((found, passes), (sorted(&keys[..1000], &quantiles), 1));
        assert_eq!(chosen::<u64>(&[], &quantiles, AT_ONCE), (Vec::new(), 0));
    }
}
