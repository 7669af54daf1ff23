//! The steps of time of a store: those of the config, from the first to the last that it has.
//!
//! Below `schema.rs`. How many steps a run has is known once all granules are read: those between steps with photons
//! belong to the store, and those that the config bounds.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::config::{Steps, TimeAxis};

/// Steps of time, numbered as the config numbers them.
#[derive(Debug, Clone, PartialEq)]
pub struct StoreSteps {
    axis: Arc<TimeAxis>,
    range: Range<u32>,
}

impl StoreSteps {
    /// All steps of an axis.
    pub fn all(axis: &TimeAxis) -> Self {
        Self {
            range: 0..axis.count(),
            axis: Arc::new(axis.clone()),
        }
    }

    /// Only those from the first to the last with photons, and those that the config bounds.
    pub fn narrow(&mut self, seen: &BTreeMap<u32, u64>) {
        let [from_start, to_end] = self.axis.whole;
        let first = seen.first_key_value().map(|(&step, _)| step);
        let last = seen.last_key_value().map(|(&step, _)| step + 1);
        let start = if from_start { Some(0) } else { first };
        let end = if to_end {
            Some(self.axis.count())
        } else {
            last
        };
        self.range = match (start, end) {
            (Some(start), Some(end)) => start..end.max(start),
            // Without photons nothing says where an end is.
            (Some(start), None) => start..start,
            (None, Some(end)) => end..end,
            (None, None) => 0..0,
        };
    }

    /// The name of the dimension, and of its coordinate.
    pub fn name(&self) -> &'static str {
        self.axis.name()
    }

    pub fn range(&self) -> Range<u32> {
        self.range.clone()
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        u64::from(self.range.end - self.range.start)
    }

    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// Edges of the steps, one more than there are steps: seconds since 2018-01-01; `None` of cycles.
    pub fn edges(&self) -> Option<&[f64]> {
        match &self.axis.steps {
            Steps::Periods { edges, .. } => {
                edges.get(self.range.start as usize..=self.range.end as usize)
            }
            Steps::Cycles => None,
        }
    }

    /// A step for people.
    pub fn said(&self, step: u32) -> String {
        self.axis.said(step)
    }
}

/// How many numbers there are among ascending ones that are not the one before; the last stays in `last`.
pub fn distinct(numbers: impl IntoIterator<Item = u64>, last: &mut Option<u64>) -> u64 {
    let mut found = 0;
    for number in numbers {
        if *last != Some(number) {
            found += 1;
            *last = Some(number);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(whole: [bool; 2], seen: &[u32]) -> Range<u32> {
        let mut steps = StoreSteps::all(&TimeAxis {
            steps: Steps::Periods {
                dataset: "t".to_owned(),
                edges: vec![0.0, 1.0, 2.0, 3.0, 4.0],
            },
            whole,
            every: "PT1S".to_owned(),
        });
        steps.narrow(&seen.iter().map(|&step| (step, 1)).collect());
        steps.range()
    }

    #[test]
    fn a_store_has_the_steps_between_photons_and_those_that_the_config_bounds() {
        assert_eq!(steps([true, true], &[2]), 0..4);
        assert_eq!(steps([false, false], &[1, 3]), 1..4);
        assert_eq!(steps([true, false], &[2]), 0..3);
        assert_eq!(steps([false, true], &[2]), 2..4);
        for (whole, none) in [
            ([true, true], 0..4),
            ([true, false], 0..0),
            ([false, true], 4..4),
        ] {
            assert_eq!(steps(whole, &[]), none);
        }
        assert_eq!(steps([false, false], &[]).len(), 0);
    }

    #[test]
    fn numbers_that_follow_themselves_are_counted_once_across_tables_too() {
        let mut last = None;
        assert_eq!(distinct([3, 3, 4], &mut last), 2);
        assert_eq!(distinct([4, 4, 7], &mut last), 1);
    }
}
