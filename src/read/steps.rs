//! The step of time that each photon is in, by its own time.
//!
//! Beside the line: both readers ask it of the photons that they keep, which have a time between the first and the
//! last edge: filters of the config reject all others.

use std::ops::Range;

use crate::config::{Config, Dtype, Steps, TimeAxis};
use crate::photon::{InSteps, Values};

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

    /// The steps of photons, which are so many values; each is between the first and the last edge.
    pub fn find(&self, values: &Values, photons: impl Iterator<Item = usize> + Clone) -> InSteps {
        let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
        for photon in photons.clone() {
            let time = values.get_f64(photon);
            least = if time < least { time } else { least };
            most = if time > most { time } else { most };
        }
        let one = self.step_of(least);
        if one == self.step_of(most) {
            return InSteps::One(one);
        }
        let mut step = one;
        let steps = photons.map(|photon| {
            let time = values.get_f64(photon);
            // Nearly always that of the photon before.
            if !self.holds(step, time) {
                step = self.step_of(time);
            }
            step
        });
        InSteps::Each(steps.collect())
    }

    /// The step that a time is in.
    pub fn step_of(&self, time: f64) -> u32 {
        let last = self.edges.len().saturating_sub(2);
        let behind = self.edges.partition_point(|edge| *edge <= time);
        behind.saturating_sub(1).min(last) as u32
    }

    /// Whether a time is in a step.
    pub fn holds(&self, step: u32, time: f64) -> bool {
        let step = step as usize;
        let edges = self.edges.get(step).zip(self.edges.get(step + 1));
        edges.is_some_and(|(from, to)| (*from..*to).contains(&time))
    }

    /// Whether times of a type tell steps apart, in words where they do not.
    pub fn check(dtype: Dtype) -> Result<(), String> {
        match dtype {
            // Some years after the epoch, neighbours are 16 seconds apart.
            Dtype::F32 => Err(
                "is float32, in which times are many seconds apart; name a dataset of float64 in time.dataset"
                    .to_owned(),
            ),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_photon_on_an_edge_is_in_the_step_that_begins_there() {
        let finder = StepFinder {
            edges: vec![0.0, 10.0, 20.0, 30.0],
        };
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
        let steps = finder.find(&values, 0..times.len());
        assert_eq!(steps, InSteps::Each(vec![0, 0, 1, 1, 2, 2, 1]));
        assert_eq!(finder.find(&values, 2..4), InSteps::One(1));
        assert_eq!(finder.find(&values, [6, 2].into_iter()), InSteps::One(1));
        let whole = Values::I64(vec![9, 10, 11].into());
        assert_eq!(finder.find(&whole, 0..3), InSteps::Each(vec![0, 1, 1]));
        assert!(StepFinder::check(Dtype::F32).is_err());
        assert!(StepFinder::check(Dtype::I64).is_ok());
    }
}
