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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Dtype;
    use crate::read::attributes::{Attribute, Attributes, Number};
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = f64> {
        let odd = [
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            -0.0,
            0.0,
            f32::MAX.into(),
            f64::MAX,
            -999.0,
            9.969_209_968_386_869e36,
        ];
        prop_oneof![6 => -1000.0..1000.0_f64, 1 => prop::sample::select(odd.to_vec())]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

        #[test]
        fn what_extremes_tell_of_all_values_is_what_each_of_them_tells(
            values in prop::collection::vec(value(), 0..40),
            fills in prop::collection::vec(value(), 0..3),
            bounds in (prop::option::of(-800.0..0.0_f64), prop::option::of(0.0..800.0_f64)),
            single in any::<bool>(),
            wider in prop::option::of(value()),
        ) {
            let dtype = if single { Dtype::F32 } else { Dtype::F64 };
            let numbers = [
                ("_FillValue", fills),
                ("valid_min", bounds.0.into_iter().collect()),
                ("valid_max", bounds.1.into_iter().collect()),
            ];
            let there = numbers.into_iter().filter(|(_, values): &(_, Vec<f64>)| !values.is_empty());
            let found = there.map(|(name, values)| {
                let values = values.into_iter().map(Number::Float).collect();
                (name, Attribute::Numbers { values, single: false })
            });
            let attributes = Attributes { found: found.collect(), units: None };
            let meaning = Meaning::new(&attributes, dtype).unwrap();
            let narrow: Vec<f32> = values.iter().map(|&x| x as f32).collect();
            let (values, extremes) = if single {
                let extremes = Extremes::of_f32(&narrow);
                (Values::F32(narrow.into()), extremes)
            } else {
                let extremes = Extremes::of(&values);
                (Values::F64(values.into()), extremes)
            };
            let extremes = wider.map_or(extremes, |x| extremes.join(Extremes::of(&[x])));
            let each = meaning.mark(&values, None);
            prop_assert_eq!(meaning.mark_within(&values, None, &extremes), each);
        }
    }
}
