//! Which of the values of a block are missing, by what the attributes of their dataset say.
//!
//! Beside `meaning.rs`: fill values and the valid range are of what is stored, so this comes before values are unpacked.

use arrow::buffer::{BooleanBuffer, NullBuffer};

use super::integers::Integers;
use super::meaning::Meaning;
use super::oddities::{has_strays, may_be_among};
use crate::decode::extremes::Extremes;
use crate::photon::Values;

/// The values of a block as they are meant.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Meant {
    pub nulls: Option<NullBuffer>,
    /// Which of the nulls lie outside the valid range; `None` where none does.
    pub outside: Option<BooleanBuffer>,
    /// Some look like fill values that no attribute declares.
    pub stray: bool,
}

impl Meaning {
    /// Finds what is missing among stored values, some of which may be known to be.
    pub fn mark(&self, values: &Values, known: Option<&NullBuffer>) -> Meant {
        let fills = self.fills.mark(values);
        let outside = self.valid().and_then(|range| range.outside(values));
        let stray = self.suspects_strays() && has_strays(values);
        meant(fills.as_ref(), outside, (known, stray))
    }

    /// As [`Meaning::mark`], of floats between these extremes: nearly always they tell of all values at once that none
    /// is missing.
    pub fn mark_within(
        &self,
        values: &Values,
        known: Option<&NullBuffer>,
        extremes: &Extremes,
    ) -> Meant {
        let fills = if self.fills.are_beyond(extremes) {
            None
        } else {
            self.fills.mark(values)
        };
        let range = self.valid();
        let range = range.filter(|range| !range.holds(extremes.least, extremes.most));
        let outside = range.and_then(|range| range.outside(values));
        let suspected = self.suspects_strays() && may_be_among(extremes);
        meant(
            fills.as_ref(),
            outside,
            (known, suspected && has_strays(values)),
        )
    }

    /// As [`Meaning::mark`], of integers as they are stored, which look like no fill value but those that are declared.
    pub fn mark_integers(&self, values: &Integers, known: Option<&NullBuffer>) -> Meant {
        let fills = self.fills.mark_integers(values);
        let outside = self.valid();
        let outside = outside.and_then(|range| range.outside_integers(values));
        meant(fills.as_ref(), outside, (known, false))
    }
}

/// What is null: fill values, what is known to be, and of the others those outside the valid range.
fn meant(
    fills: Option<&NullBuffer>,
    outside: Option<BooleanBuffer>,
    (known, stray): (Option<&NullBuffer>, bool),
) -> Meant {
    let fills = NullBuffer::union(fills, known);
    let outside = outside.map(|outside| match &fills {
        Some(fills) => &outside & fills.inner(),
        None => outside,
    });
    let outside = outside.filter(|outside| outside.count_set_bits() > 0);
    let valid = outside.as_ref().map(|outside| NullBuffer::new(!outside));
    Meant {
        nulls: NullBuffer::union(fills.as_ref(), valid.as_ref()),
        outside,
        stray,
    }
}
