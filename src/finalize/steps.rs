//! The steps of time of a store: those of the config, from the first to the last that it has.
//!
//! Below `schema.rs`. How many steps a run has is known once all granules are read: those between steps with photons
//! belong to the store, and those that the config bounds.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::config::{Numbered, Steps, TimeAxis};

/// Steps of time, numbered as the config numbers them.
#[derive(Debug, Clone, PartialEq)]
pub struct StoreSteps {
    axis: Arc<TimeAxis>,
    range: Range<u32>,
    /// Those with photons, ascending, once they are known.
    seen: Arc<[u32]>,
    /// Whether only these belong to the store.
    only_seen: bool,
}

impl StoreSteps {
    /// All steps of an axis.
    pub fn all(axis: &TimeAxis) -> Self {
        Self {
            range: 0..axis.count(),
            axis: Arc::new(axis.clone()),
            seen: Arc::new([]),
            only_seen: false,
        }
    }

    /// Only those from the first to the last with photons, and those that the config bounds; of numbers that say
    /// nothing of what is between them, only those with photons.
    pub fn narrow(&mut self, seen: &BTreeMap<u32, u64>) {
        self.seen = seen.keys().copied().collect();
        let numbered = self.axis.numbered();
        self.only_seen = numbered.is_some_and(|number| !number.is_dense());
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

    /// The number of granules that they are, if they are one.
    pub fn numbered(&self) -> Option<Numbered> {
        self.axis.numbered()
    }

    /// All of them, ascending.
    pub fn numbers(&self) -> Vec<u32> {
        if self.only_seen {
            return self.seen.to_vec();
        }
        self.range.clone().collect()
    }

    /// Those with photons, ascending, once all granules are read.
    pub fn seen(&self) -> &[u32] {
        &self.seen
    }

    /// Where a step is among them, from 0.
    pub fn place(&self, step: u32) -> Option<u64> {
        if self.only_seen {
            return self
                .seen
                .binary_search(&step)
                .ok()
                .map(|place| place as u64);
        }
        let holds = self.range.contains(&step);
        holds.then(|| u64::from(step - self.range.start))
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        if self.only_seen {
            return self.seen.len() as u64;
        }
        u64::from(self.range.end - self.range.start)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Edges of the steps, one more than there are steps: seconds since 2018-01-01; `None` of numbers.
    pub fn edges(&self) -> Option<&[f64]> {
        match &self.axis.steps {
            Steps::Periods { edges, .. } => {
                edges.get(self.range.start as usize..=self.range.end as usize)
            }
            _ => None,
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
        assert_eq!(steps.seen(), seen);
        let found: Vec<u32> = steps.range.clone().collect();
        assert_eq!(steps.numbers(), found);
        for (place, step) in found.into_iter().enumerate() {
            assert_eq!(steps.place(step), Some(place as u64));
        }
        assert_eq!(steps.place(steps.range.end), None);
        steps.range
    }

    #[test]
    fn numbers_that_say_nothing_of_what_is_between_them_are_steps_alone() {
        let of = |steps: Steps, seen: &[u32]| {
            let mut steps = StoreSteps::all(&TimeAxis {
                every: String::new(),
                whole: [false, false],
                steps,
            });
            steps.narrow(&seen.iter().map(|&step| (step, 1)).collect());
            let places: Vec<_> = [3, 4, 700].map(|step| steps.place(step)).into();
            (steps.numbers().len(), steps.len(), places)
        };
        let some = vec![Some(0), None, Some(1)];
        assert_eq!(of(Steps::Rgts, &[3, 700]), (2, 2, some));
        assert_eq!(
            of(Steps::Cycles, &[3, 6]),
            (4, 4, vec![Some(0), Some(1), None])
        );
        assert_eq!(of(Steps::Regions, &[]), (0, 0, vec![None; 3]));
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
