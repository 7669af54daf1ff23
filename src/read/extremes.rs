//! The least and the largest of times that lie together, which decide for all of them at once.
//!
//! Beside the line: where both are within a range, everything between them is. So a filter of times, and steps of time,
//! look at single photons only where an edge lies between the two, whatever the order of the photons.

use multiversion::multiversion;

use super::oddities::may_be_stray;

/// Of some values; nothing is between them where all are NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Extremes {
    pub least: f64,
    pub most: f64,
    /// Whether some values are NaN, which are in no range.
    pub has_nan: bool,
}

impl Extremes {
    pub fn of(values: &[f64]) -> Self {
        extremes(values)
    }

    /// Whether any of the values could be a fill value that no attribute declares.
    pub fn may_be_stray(&self) -> bool {
        may_be_stray(self.least) || may_be_stray(self.most)
    }
}

/// Each lane compares with itself only, so that lanes become one vector register.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
fn extremes(values: &[f64]) -> Extremes {
    const LANES: usize = 8;
    let [mut least, mut most] = [[f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]];
    let mut odd = [0_u64; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            let x = chunk[lane];
            least[lane] = if x < least[lane] { x } else { least[lane] };
            most[lane] = if x > most[lane] { x } else { most[lane] };
            odd[lane] |= u64::from(x.is_nan());
        }
    }
    for (lane, &x) in rest.iter().enumerate() {
        least[lane] = if x < least[lane] { x } else { least[lane] };
        most[lane] = if x > most[lane] { x } else { most[lane] };
        odd[lane] |= u64::from(x.is_nan());
    }
    let smaller = |a: f64, b: f64| if b < a { b } else { a };
    let larger = |a: f64, b: f64| if b > a { b } else { a };
    Extremes {
        least: least.into_iter().fold(f64::INFINITY, smaller),
        most: most.into_iter().fold(f64::NEG_INFINITY, larger),
        has_nan: odd.into_iter().any(|odd| odd != 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photon::Values;
    use crate::read::oddities::has_strays;
    use proptest::prelude::*;

    fn numbers() -> impl Strategy<Value = Vec<f64>> {
        let odd = prop::sample::select(vec![
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MAX,
            -f64::MAX,
            f64::from(f32::MAX),
            9.969_209_968_386_869e36,
            -0.0,
        ]);
        prop::collection::vec(prop_oneof![12 => -1e9..1e9_f64, 1 => odd], 0..70)
    }

    proptest! {
        #[test]
        fn no_value_is_beyond_the_extremes_and_both_are_values(values in numbers()) {
            let found = Extremes::of(&values);
            prop_assert_eq!(found.has_nan, values.iter().any(|x| x.is_nan()));
            let real: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
            let least = real.iter().copied().fold(f64::INFINITY, f64::min);
            let most = real.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            prop_assert_eq!((found.least, found.most), (least, most));
        }

        #[test]
        fn where_no_extreme_may_be_a_fill_value_no_value_is(values in numbers()) {
            let strays = has_strays(&Values::F64(values.clone().into()));
            prop_assert!(Extremes::of(&values).may_be_stray() || !strays);
        }
    }
}
