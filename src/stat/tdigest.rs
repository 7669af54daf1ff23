//! T-digests: centroids of a cell's values, made once of all of them in ascending order.
//!
//! Beside `ordered.rs`. A centroid holds values that follow one another in rank, as many as span one unit of Dunning's
//! scale k1(q) = delta (asin(2q - 1) / pi + 1/2): few at the tails, many in the middle. Which ranks those are depends
//! on the number of values and on delta alone, and their mean is exact and rounded once, so a digest depends on the
//! multiset of values and on nothing else. `digesting.rs` makes the same of values that are not in memory.
//! Source: Dunning and Ertl, Computing Extremely Accurate Quantiles Using t-Digests (2019).

use super::centroid::mean;
use super::clock::either_time;
use super::job::{Job, JobOutput};
use super::members::{Channel, Channels};
use super::order::Key;
use super::ordered::Ordered;
use super::part::KeySlice;
use super::partial::Partials;
use super::scale::{are_apart, ranks_of_centroids, runs};
use super::specials::Specials;
use super::total::Total;
use crate::grid::common_word;
use crate::photon::ColumnType;

/// Means and weights of centroids, ascending by mean, and where and when their photons are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TDigest {
    /// Bits of float32.
    centroids: Vec<[u32; 2]>,
    /// Words of places and of times, as many as centroids; none where they are not told.
    words: [Vec<u64>; 2],
}

/// A centroid with its words; 0 of those that are not told.
type Centroid = (f32, f32, [u64; 2]);

impl TDigest {
    /// Of these means and weights.
    pub fn of(centroids: impl IntoIterator<Item = (f32, f32)>) -> Self {
        let centroids = centroids.into_iter();
        Self {
            centroids: centroids
                .map(|(mean, weight)| [mean.to_bits(), weight.to_bits()])
                .collect(),
            words: Default::default(),
        }
    }

    /// Of these means, weights and words.
    pub fn with_words(channels: Channels, centroids: impl Iterator<Item = Centroid>) -> Self {
        let mut digest = Self::default();
        for (mean, weight, words) in centroids {
            digest.centroids.push([mean.to_bits(), weight.to_bits()]);
            let told = [channels.location, channels.time];
            let columns = digest.words.iter_mut().zip(words).zip(told);
            columns
                .filter(|(_, told)| *told)
                .for_each(|((column, word), _)| column.push(word));
        }
        digest
    }

    /// The words of places or of times.
    pub fn words(&self, of: Channel) -> &[u64] {
        &self.words[match of {
            Channel::Location => 0,
            Channel::Time => 1,
        }]
    }

    /// The same with these words, as many as it has centroids.
    #[must_use]
    pub fn telling(mut self, of: Channel, words: Vec<u64>) -> Self {
        match of {
            Channel::Location => self.words[0] = words,
            Channel::Time => self.words[1] = words,
        }
        self
    }

    /// Means, weights and words.
    fn whole(&self) -> impl Iterator<Item = Centroid> + '_ {
        let centroids = self.iter().enumerate();
        centroids.map(|(i, (mean, weight))| {
            let words = self.words.each_ref();
            let words = words.map(|column| column.get(i).copied().unwrap_or_default());
            (mean, weight, words)
        })
    }

    pub fn len(&self) -> usize {
        self.centroids.len()
    }

    pub fn is_empty(&self) -> bool {
        self.centroids.is_empty()
    }

    /// Means and weights.
    pub fn iter(&self) -> impl Iterator<Item = (f32, f32)> + '_ {
        let centroids = self.centroids.iter();
        centroids.map(|centroid| (f32::from_bits(centroid[0]), f32::from_bits(centroid[1])))
    }

    /// The centroids of several digests together, in as many as delta allows: the same in whatever order they come. Of
    /// one digest it is that digest.
    #[must_use]
    pub fn merged(digests: &[Self], delta: u32) -> Self {
        let some: Vec<&Self> = digests.iter().filter(|digest| !digest.is_empty()).collect();
        if let [] | [_] = some[..] {
            return some.first().map_or_else(Self::default, |&one| one.clone());
        }
        let mut all: Vec<Centroid> = some.iter().flat_map(|digest| digest.whole()).collect();
        all.sort_unstable_by(|a, b| {
            let means = a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1));
            means.then(a.2.cmp(&b.2))
        });
        let mut total = 0.0;
        let weights = all.iter().map(|&(_, weight, _)| {
            // Whole numbers: exact below 2^53.
            total += f64::from(weight);
            total
        });
        let until: Vec<f64> = weights.collect();
        let part = |i: usize| until[i] / total;
        let within = |q: f64| until.partition_point(|&until| until <= q * total);
        let runs = runs(until.len(), delta, (part, within));
        let channels = Channels {
            location: !some[0].words(Channel::Location).is_empty(),
            time: !some[0].words(Channel::Time).is_empty(),
        };
        let centroids = runs.into_iter().map(|run| {
            let (mut sum, mut many) = (Total::default(), 0.0);
            for &(mean, weight, _) in &all[run.clone()] {
                sum.add(f64::from(mean) * f64::from(weight), 1);
                many += f64::from(weight);
            }
            let of_words = |place: usize, both: fn(u64, u64) -> u64| {
                let words = all[run.clone()].iter().map(|(.., words)| words[place]);
                words.reduce(both).unwrap_or_default()
            };
            let words = [of_words(0, common_word), of_words(1, either_time)];
            (sum.over(many as u64) as f32, many as f32, words)
        });
        Self::with_words(channels, centroids)
    }
}

/// Of the values of cell `i`, which are sorted; infinities are none of them.
pub fn tdigest(
    ordered: &Ordered,
    i: usize,
    delta: u32,
    (specials, column_type): (Specials, ColumnType),
) -> TDigest {
    if let Some(chosen) = ordered.chosen_of(i) {
        return chosen.digest(delta);
    }
    let below = specials.negative_infinity as usize;
    let above = specials.positive_infinity as usize;
    let values = ordered.values(i);
    let finite = values.slice(below..values.len() - above);
    if are_apart(finite.len(), delta) {
        let alone = |key: u64| (Key(key).to_f64(column_type) as f32, 1.0);
        return match finite {
            KeySlice::Narrow(keys) => TDigest::of(keys.iter().map(|&key| alone(key.into()))),
            KeySlice::Wide(keys) => TDigest::of(keys.iter().map(|&key| alone(key))),
        };
    }
    let runs = ranks_of_centroids(finite.len(), delta);
    TDigest::of(runs.into_iter().map(|run| {
        let many = run.len() as f32;
        (mean(finite.slice(run), column_type) as f32, many)
    }))
}

impl Partials {
    /// The digest of a column in row `i`; values must be selected.
    pub fn digest(&self, job: &Job, column: usize, i: usize, delta: u32) -> TDigest {
        let (described, values) = (&job.columns[column], &self.columns[column]);
        let kind = (values.specials[i], described.column_type);
        let ordered = values.ordered.as_ref();
        ordered.map_or_else(TDigest::default, |ordered| tdigest(ordered, i, delta, kind))
    }
}

impl Job {
    /// The deltas of the digests that outputs have of a column, each once.
    pub fn deltas(&self, column: usize) -> Vec<u32> {
        let mut found = Vec::new();
        for output in &self.outputs {
            match output {
                JobOutput::Digest {
                    column: of,
                    delta,
                    coarser,
                    members: None,
                } if *of == column => found.extend([*delta, *coarser]),
                _ => {}
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use proptest::prelude::*;

    use super::*;

    fn of(values: &[f64], delta: u32) -> Vec<(f32, f32)> {
        let mut ordered = Ordered::new(ColumnType::F64);
        ordered.push_cell(values);
        ordered.sort();
        let mut specials = Specials::default();
        specials.accumulate(values);
        let kind = (specials, ColumnType::F64);
        tdigest(&ordered, 0, delta, kind).iter().collect()
    }

    /// The definition as it is written down: one value after another, each asked whether it still fits.
    fn one_by_one(values: &[f64], delta: u32) -> Vec<(f32, f32)> {
        let mut values: Vec<f64> = values.iter().copied().filter(|x| x.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let n = values.len() as f64;
        let scale =
            |q: f64| f64::from(delta) * (libm::asin(2.0 * q.clamp(0.0, 1.0) - 1.0) / PI + 0.5);
        let mut centroids: Vec<Vec<f64>> = Vec::new();
        let mut before = scale(0.0);
        for (rank, &value) in values.iter().enumerate() {
            let fits = scale((rank + 1) as f64 / n) <= before + 1.0;
            match centroids.last_mut() {
                Some(last) if fits => last.push(value),
                _ => {
                    if rank > 0 {
                        before = scale(rank as f64 / n);
                    }
                    centroids.push(vec![value]);
                }
            }
        }
        let centroid = |values: Vec<f64>| {
            let mut sum = Total::default();
            for &value in &values {
                sum.add(value, 1);
            }
            let many = values.len();
            (sum.over(many as u64) as f32, many as f32)
        };
        centroids.into_iter().map(centroid).collect()
    }

    proptest! {
        #[test]
        fn it_is_what_the_definition_says_one_by_one(
            values in prop::collection::vec(
                prop_oneof![8 => -50.0f64..50.0, 4 => (-4i32..4).prop_map(f64::from), 1 => Just(f64::INFINITY),
                            1 => Just(f64::NEG_INFINITY), 1 => Just(f64::NAN)],
                0..400,
            ),
            delta in prop::sample::select(vec![1u32, 2, 3, 16, 100, 512]),
        ) {
            let found = of(&values, delta);
            prop_assert_eq!(&found, &one_by_one(&values, delta));
            let weights: f32 = found.iter().map(|(_, weight)| weight).sum();
            prop_assert_eq!(weights as usize, values.iter().filter(|x| x.is_finite()).count());
            prop_assert!(found.windows(2).all(|pair| pair[0].0 <= pair[1].0));
        }
    }

    #[test]
    fn few_values_are_their_own_centroids_and_many_are_about_delta() {
        let few: Vec<f64> = (0..16).map(f64::from).collect();
        let own = few.iter().map(|&x| (x as f32, 1.0));
        assert!(of(&few, 64).into_iter().eq(own));
        let many: Vec<f64> = (0..100_000).map(f64::from).collect();
        let digest = of(&many, 64);
        assert!((60..=70).contains(&digest.len()), "{}", digest.len());
        assert!(digest[0].1 < 200.0 && digest[digest.len() / 2].1 > 2000.0);
        assert!(of(&[], 16).is_empty() && of(&[f64::NAN], 16).is_empty());
    }

    #[test]
    fn merging_does_not_ask_for_an_order_and_leaves_one_digest_as_it_is() {
        let [a, b, c] = [0, 300, 450].map(|from| {
            let values: Vec<f64> = (from..from + 200).map(f64::from).collect();
            TDigest::of(of(&values, 16))
        });
        let none = TDigest::default();
        let merged = TDigest::merged(&[a.clone(), b.clone(), c.clone()], 16);
        assert_eq!(
            merged,
            TDigest::merged(&[c, none.clone(), a.clone(), b], 16)
        );
        assert_eq!(merged.iter().map(|(_, weight)| weight).sum::<f32>(), 600.0);
        assert_eq!(TDigest::merged(&[none.clone(), a.clone()], 2), a);
        assert_eq!(TDigest::merged(&[none], 2), TDigest::default());
    }
}
