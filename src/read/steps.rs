//! The step of time that each photon is in, by its own time.
//!
//! Beside the line: both readers ask it of the photons that they keep, which have a time between the first and the
//! last edge: filters of the config reject all others.

use std::ops::{Range, RangeInclusive};

use crate::config::{Config, Dtype, Steps, TimeAxis};
use crate::decode::extremes::Extremes;
use crate::photon::{InSteps, StepRuns, Values};

/// Finds steps between edges.
#[derive(Debug, Clone)]
pub(crate) struct StepFinder {
    /// Seconds, ascending.
    edges: Vec<f64>,
}

/// Finds steps by the values that a filter of the config compares, too.
#[derive(Debug)]
pub(crate) struct ByTime {
    pub finder: StepFinder,
    /// The place of the filter.
    pub filter: usize,
    /// Those of all that compare times.
    pub filters: Range<usize>,
}

/// Times of a block, whatever their order.
#[derive(Debug)]
pub(crate) struct Times<'a> {
    pub values: &'a Values,
    /// Of every so many of them in turn, where they are known.
    pub extremes: &'a [Extremes],
    pub together: usize,
}

impl ByTime {
    /// Of a config whose steps are periods of time.
    pub fn of(config: &Config) -> Option<Self> {
        let finder = config.axis.as_ref().and_then(StepFinder::of)?;
        let filter = config.filters.iter().position(|f| f.moment.is_some())?;
        let behind = &config.filters[filter..];
        let filters = behind.iter().take_while(|f| f.moment.is_some()).count();
        Some(Self {
            finder,
            filter,
            filters: filter..filter + filters,
        })
    }
}

impl StepFinder {
    /// Of an axis whose steps are periods of time.
    fn of(axis: &TimeAxis) -> Option<Self> {
        match &axis.steps {
            Steps::Periods { edges, .. } => Some(Self {
                edges: edges.clone(),
            }),
            _ => None,
        }
    }

    /// The steps of photons, which have ranges of times; each is between the first and the last edge.
    pub fn find(&self, times: &Times, photons: impl Iterator<Item = Range<usize>>) -> InSteps {
        match times.values {
            Values::F32(v) => self.find_in(times, photons, |i| v[i].into()),
            Values::F64(v) => self.find_in(times, photons, |i| v[i]),
            Values::I64(v) => self.find_in(times, photons, |i| v[i] as f64),
        }
    }

    fn find_in(
        &self,
        times: &Times,
        photons: impl Iterator<Item = Range<usize>>,
        time: impl Fn(usize) -> f64,
    ) -> InSteps {
        let known: Vec<_> = times.extremes.iter().map(|e| self.of_all(e)).collect();
        if let Some(&Some(step)) = known.first()
            && known.iter().all(|&other| other == Some(step))
        {
            return InSteps::One(step);
        }
        let together = times.together.max(1);
        let mut runs = StepRuns::default();
        for range in photons {
            let mut start = range.start;
            while start < range.end {
                let place = start / together;
                let known = known.get(place).copied().flatten();
                let end = range
                    .end
                    .min(place.saturating_add(1).saturating_mul(together));
                match known {
                    Some(step) => runs.push(step, end - start),
                    None => self.each(start..end, &time, &mut runs),
                }
                start = end;
            }
        }
        runs.into()
    }

    /// Finds the step of each photon, nearly always that of the one before.
    fn each(&self, photons: Range<usize>, time: impl Fn(usize) -> f64, runs: &mut StepRuns) {
        let mut start = photons.start;
        while start < photons.end {
            let step = self.step_of(time(start));
            let mut behind = start + 1..photons.end;
            let next = behind.find(|&photon| !self.holds(step, time(photon)));
            let end = next.unwrap_or(photons.end);
            runs.push(step, end - start);
            start = end;
        }
    }

    /// The step that all times between these are in, as steps ascend with times; `None` where they are in several.
    fn of_all(&self, times: &Extremes) -> Option<u32> {
        let step = self.step_of(times.least);
        (step == self.step_of(times.most)).then_some(step)
    }

    /// The step that a time is in.
    pub fn step_of(&self, time: f64) -> u32 {
        let last = self.edges.len().saturating_sub(2);
        let behind = self.edges.partition_point(|edge| *edge <= time);
        behind.saturating_sub(1).min(last) as u32
    }

    /// The step that all of these times are in, if there is one.
    pub fn step_of_all(&self, times: &RangeInclusive<f64>) -> Option<u32> {
        let step = self.step_of(*times.start());
        let ends = [times.start(), times.end()];
        ends.iter()
            .all(|end| self.holds(step, **end))
            .then_some(step)
    }

    /// Whether a time is in a step.
    pub fn holds(&self, step: u32, time: f64) -> bool {
        let step = step as usize;
        let edges = self.edges.get(step).zip(self.edges.get(step + 1));
        edges.is_some_and(|(from, to)| (*from..*to).contains(&time))
    }

    /// Whether times of a type tell steps and bounds apart, in words where they do not.
    pub fn check(dtype: Dtype) -> Result<(), String> {
        match dtype {
            // Some years after the epoch, neighbours are 16 seconds apart.
            Dtype::F32 => Err(
                "is float32, in which times are many seconds apart; name times of float64 as time.dataset"
                    .to_owned(),
            ),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn finder(edges: &[f64]) -> StepFinder {
        StepFinder {
            edges: edges.to_vec(),
        }
    }

    fn plain(values: &Values) -> Times<'_> {
        Times {
            values,
            extremes: &[],
            together: 1,
        }
    }

    fn runs(steps: &[u32]) -> InSteps {
        let mut runs = StepRuns::default();
        for &step in steps {
            runs.push(step, 1);
        }
        runs.into()
    }

    #[test]
    fn a_photon_on_an_edge_is_in_the_step_that_begins_there() {
        let finder = finder(&[0.0, 10.0, 20.0, 30.0]);
        let times = [
            0.0,
            10.0_f64.next_down(),
            10.0,
            20.0_f64.next_down(),
            20.0,
            29.9,
            10.0,
        ];
        let values = Values::F64(times.to_vec().into());
        let find = |photons: &[usize]| {
            let ranges = photons.iter().map(|&photon| photon..photon + 1);
            finder.find(&plain(&values), ranges)
        };
        assert_eq!(find(&[0, 1, 2, 3, 4, 5, 6]), runs(&[0, 0, 1, 1, 2, 2, 1]));
        assert_eq!(find(&[2, 3]), InSteps::One(1));
        assert_eq!(find(&[6, 2]), InSteps::One(1));
        let whole = Values::I64(vec![9, 10, 11].into());
        let steps = finder.find(&plain(&whole), std::iter::once(0..3));
        assert_eq!(steps, runs(&[0, 1, 1]));
        assert!(StepFinder::check(Dtype::F32).is_err());
        assert!(StepFinder::check(Dtype::I64).is_ok());
    }

    proptest! {
        /// In any order, with times that filters reject and that are none among those that are not kept.
        #[test]
        fn extremes_change_no_step(
            times in prop::collection::vec(
                prop_oneof![8 => 0.0..40.0_f64, 1 => Just(f64::NAN), 1 => -1e12..1e12_f64, 2 => Just(10.0)],
                1..80,
            ),
            ascending in any::<bool>(), together in 1_usize..20, single in any::<bool>(),
        ) {
            let mut times = times;
            if ascending {
                times.sort_by(f64::total_cmp);
            }
            let finder = finder(&[0.0, 10.0, 25.0, 25.5, 40.0]);
            let is_kept = |&i: &usize| (0.0..40.0).contains(&times[i]);
            let kept: Vec<usize> = (0..times.len()).filter(is_kept).collect();
            let expected: Vec<u32> = kept.iter().map(|&i| finder.step_of(times[i])).collect();
            prop_assume!(!kept.is_empty());
            let extremes: Vec<Extremes> = times.chunks(together).map(Extremes::of).collect();
            let ranges: Vec<Range<usize>> = if single {
                kept.iter().map(|&i| i..i + 1).collect()
            } else {
                kept.chunk_by(|a, b| a + 1 == *b).map(|run| run[0]..run[run.len() - 1] + 1).collect()
            };
            let values = Values::F64(times.clone().into());
            for extremes in [&extremes[..], &[]] {
                let times = Times { values: &values, extremes, together };
                prop_assert_eq!(finder.find(&times, ranges.iter().cloned()), runs(&expected));
            }
        }
    }
}
