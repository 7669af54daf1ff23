//! T-digests of values that memory does not hold: one more pass over all of them.
//!
//! Beside `tdigest.rs`, after `choose.rs`, which found the keys where centroids begin. A value between two of those is of
//! one centroid; of values that are such a key, each centroid has as many as its ranks say.

use std::ops::Range;

use super::choose::Chosen;
use super::job::Job;
use super::order::Key;
use super::part::KeySlice;
use super::scale::ranks_of_centroids;
use super::select::ranks_of;
use super::specials::Specials;
use super::tdigest::TDigest;
use super::total::Total;
use crate::photon::ColumnType;

/// A digest on its way.
#[derive(Debug)]
pub struct Digesting {
    delta: u32,
    column_type: ColumnType,
    /// Ranks of each centroid among all values, infinities too.
    runs: Vec<Range<usize>>,
    /// Keys at which centroids begin, ascending, each once.
    begins: Vec<u64>,
    /// Ranks of finite values.
    finite: Range<usize>,
    /// Of each key of `begins`: how many values are it.
    equal: Vec<u64>,
    /// Of each: how many values are above it and below the next, and their sum; the first is of those below all.
    between: Vec<(u64, Total)>,
}

/// The ranks of finite values among `len` values.
fn finite(len: usize, specials: Specials) -> Range<usize> {
    let (below, above) = (specials.negative_infinity, specials.positive_infinity);
    below as usize..len.saturating_sub(above as usize)
}

/// The ranks at which the centroids of `len` values begin.
fn ranks_of_digest(len: usize, specials: Specials, delta: u32) -> Vec<usize> {
    let finite = finite(len, specials);
    let runs = ranks_of_centroids(finite.len(), delta).into_iter();
    runs.map(|run| run.start + finite.start).collect()
}

impl Job {
    /// The ranks that outputs need of the `len` values of a column.
    pub fn ranks(&self, column: usize, len: usize, specials: Specials) -> Vec<usize> {
        let mut ranks = ranks_of(len, &self.quantiles(column));
        for delta in self.deltas(column) {
            ranks.extend(ranks_of_digest(len, specials, delta));
        }
        ranks
    }
}

impl Digesting {
    /// Of the values that `chosen` was chosen of, with the ranks at which centroids begin.
    pub fn new(chosen: &Chosen, delta: u32, kind: (Specials, ColumnType)) -> Self {
        let (specials, column_type) = kind;
        let finite = finite(chosen.len, specials);
        let runs = ranks_of_centroids(finite.len(), delta).into_iter();
        let runs: Vec<Range<usize>> = runs
            .map(|run| run.start + finite.start..run.end + finite.start)
            .collect();
        let mut begins: Vec<u64> = runs.iter().map(|run| chosen.get(run.start).0).collect();
        begins.dedup();
        Self {
            delta,
            column_type,
            finite,
            equal: vec![0; begins.len()],
            between: vec![(0, Total::default()); begins.len() + 1],
            begins,
            runs,
        }
    }

    /// Takes some values.
    pub fn take(&mut self, values: KeySlice) {
        match values {
            KeySlice::Narrow(keys) => keys.iter().for_each(|&key| self.take_key(key.into())),
            KeySlice::Wide(keys) => keys.iter().for_each(|&key| self.take_key(key)),
        }
    }

    fn take_key(&mut self, key: u64) {
        let place = self.begins.partition_point(|&begin| begin <= key);
        if place > 0 && self.begins[place - 1] == key {
            self.equal[place - 1] += 1;
            return;
        }
        let value = Key(key).to_f64(self.column_type);
        let (count, sum) = &mut self.between[place];
        *count += 1;
        if value.is_finite() {
            sum.add(value, 1);
        }
    }

    /// The digest, once all values were taken.
    pub fn finish(self) -> (u32, TDigest) {
        let mut runs = self.runs.iter();
        let mut centroids: Vec<(Total, u64)> = vec![Default::default(); self.runs.len()];
        let mut current = runs.next().map(|run| (0, run));
        // Values below all keys are infinities.
        let mut rank = self.between[0].0 as usize;
        for (i, &begin) in self.begins.iter().enumerate() {
            let value = Key(begin).to_f64(self.column_type);
            let mut left = self.equal[i];
            while left > 0 {
                while let Some((place, run)) = current
                    && run.end <= rank
                {
                    current = runs.next().map(|run| (place + 1, run));
                }
                let Some((place, run)) = current else {
                    break;
                };
                let here = left.min((run.end - rank) as u64);
                centroids[place].0.add(value, here);
                centroids[place].1 += here;
                rank += here as usize;
                left -= here;
            }
            let (count, sum) = &self.between[i + 1];
            let count = (*count as usize).min(self.finite.end.saturating_sub(rank));
            if count == 0 {
                continue;
            }
            while let Some((place, run)) = current
                && run.end <= rank
            {
                current = runs.next().map(|run| (place + 1, run));
            }
            if let Some((place, _)) = current {
                centroids[place].0.join(sum);
                centroids[place].1 += count as u64;
                rank += count;
            }
        }
        let centroids = centroids.into_iter().filter(|(_, many)| *many > 0);
        let digest = centroids.map(|(sum, many)| (sum.over(many) as f32, many as f32));
        (self.delta, TDigest::of(digest))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::choose::Chooser;
    use super::super::ordered::Ordered;
    use super::super::tdigest::tdigest;
    use super::*;

    proptest! {
        #[test]
        fn it_is_the_digest_of_the_same_values_in_memory(
            values in prop::collection::vec(
                prop_oneof![4 => -50.0f32..50.0, 6 => (-4i16..4).prop_map(f32::from), 1 => Just(f32::INFINITY),
                            1 => Just(f32::NEG_INFINITY)],
                0..300,
            ),
            delta in prop::sample::select(vec![1u32, 2, 3, 16, 100]),
            cut in 0usize..300,
        ) {
            let mut ordered = Ordered::new(ColumnType::F32);
            ordered.push_cell(&values);
            let mut specials = Specials::default();
            specials.accumulate(&values);
            let kind = (specials, ColumnType::F32);
            let keys = ordered.values(0);
            let (first, rest) = (cut.min(keys.len()), keys.len());
            let mut chooser =
                Chooser::of_ranks(rest, ranks_of_digest(rest, specials, delta), u32::BITS);
            while !chooser.is_done() {
                match keys {
                    KeySlice::Narrow(keys) => chooser.take(keys),
                    KeySlice::Wide(keys) => chooser.take(keys),
                }
                chooser.end_pass();
            }
            let mut digesting = Digesting::new(&chooser.chosen(), delta, kind);
            digesting.take(keys.slice(first..rest));
            digesting.take(keys.slice(0..first));
            let (of, found) = digesting.finish();
            let mut sorted = ordered.clone();
            sorted.sort();
            prop_assert_eq!((of, found), (delta, tdigest(&sorted, 0, delta, kind)));
        }
    }
}
