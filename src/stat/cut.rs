//! Exact sums of many f64 terms in units of 2^-128: terms are cut on fixed grids, and what they have of each is added
//! as integers.
//!
//! Below `terms.rs`, whose sums they become, and `cuts.rs`, which cuts those of many runs at once. Adding 1.5 * 2^52 units of a grid to a float below 2^51 of them rounds it
//! half to even to whole units. Their number then stands in the low bits of the sum, so adding up the bits of such sums
//! adds up integers, and what is left of the term is a float again, without an error:
//!
//! ```text
//!   grid     a unit of it                                     terms have of it
//!   first    2^-51 of the power of two above all of them      2^51 units at most
//!   next     2^-52 of the one before, 2^-128 at least         2^51 units at most
//! ```
//!
//! Most terms have nothing left after one grid or two, and four reach 2^-128 from any term in range. There it does not
//! matter what is left: coarser units are even numbers of that one, so rounding the rest of a term half to even rounds
//! the term.

use multiversion::multiversion;

use super::exact::Signed256;
use super::resolution::power_of_two;

/// The exponent of a unit of sums.
pub(super) const UNIT: i32 = -128;
/// Terms whose integers add up to 2^62 at most.
pub(super) const BLOCK: usize = 2048;
/// Terms below which it costs more to choose among vector instructions than those save.
const FEW: usize = 12;
/// 1.5 * 2^52: an integer below 2^51 in magnitude added to it stands in the low bits.
const TO_INTEGER: f64 = 6_755_399_441_055_744.0;
/// Bits of an f64 that are 0 where it is an f32.
pub(super) const BEYOND_F32: u64 = (1 << 29) - 1;

/// The sum of terms that are all below `limit` in magnitude, which is 2^63 at most; `None` where one is not, or is NaN.
pub(super) fn sum(terms: &[f64], limit: f64) -> Option<Signed256> {
    if terms.len() < FEW {
        sum_of(terms, limit)
    } else {
        sum_of_many(terms, limit)
    }
}

#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
    "x86_64+avx2",
    "x86_64+sse4.1"
))]
fn sum_of_many(terms: &[f64], limit: f64) -> Option<Signed256> {
    sum_of(terms, limit)
}

/// The sum of terms on N grids, or `None` where those leave anything. Each grid has names of its own: loops over grids
/// are not always unrolled, and then not turned into vector instructions.
macro_rules! on_grids {
    ($terms:ident, $first:ident, $($i:literal $grid:ident $bits:ident),+) => {{
        $(
            let $grid = grid($first, $i);
            let mut $bits = 0u64;
        )+
        let mut left = 0;
        for &term in $terms {
            let rest = term;
            $(
                let shifted = rest + $grid;
                $bits = $bits.wrapping_add(shifted.to_bits());
                let rest = rest - (shifted - $grid);
            )+
            left |= rest.to_bits();
        }
        // A zero that is left may have a sign.
        let all = left << 1 == 0 || [$(unit($first, $i)),+].contains(&UNIT);
        all.then(|| {
            let mut sum = Signed256::default();
            $(
                let none = $grid.to_bits().wrapping_mul($terms.len() as u64);
                let count = $bits.wrapping_sub(none) as i64;
                sum.merge(Signed256::shifted(count.into(), (unit($first, $i) - UNIT) as u32));
            )+
            sum
        })
    }};
}

#[inline(always)]
fn sum_of(terms: &[f64], limit: f64) -> Option<Signed256> {
    let (largest, set) = extent_of(terms);
    if largest >= limit.to_bits() {
        return None;
    }
    let first = first_of(largest);
    let one_may_do = set & BEYOND_F32 == 0;
    let mut sum = Signed256::default();
    for block in terms.chunks(BLOCK) {
        let mut found = None;
        if one_may_do {
            found = on_grids!(block, first, 0 a of_a);
        }
        if found.is_none() {
            found = on_grids!(block, first, 0 a of_a, 1 b of_b);
        }
        if found.is_none() {
            found = on_grids!(block, first, 0 a of_a, 1 b of_b, 2 c of_c, 3 d of_d);
        }
        let Some(of_block) = found else {
            unreachable!("four grids reach the unit from any term in range")
        };
        sum.merge(of_block);
    }
    Some(sum)
}

/// The bits of the largest magnitude, and all bits that are set in any. Those of NaN and infinity are above all others.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
    "x86_64+avx2",
    "x86_64+sse4.1"
))]
pub(super) fn extent(terms: &[f64]) -> (u64, u64) {
    extent_of(terms)
}

#[inline(always)]
fn extent_of(terms: &[f64]) -> (u64, u64) {
    let (mut largest, mut set) = (0i64, 0);
    for term in terms {
        let bits = term.to_bits();
        largest = largest.max((bits & (u64::MAX >> 1)) as i64);
        set |= bits;
    }
    (largest as u64, set)
}

/// The exponent of a unit of the first grid, for terms of magnitudes up to the one of these bits.
#[inline(always)]
pub(super) fn first_of(largest: u64) -> i32 {
    // All are below 2^above.
    let above = (largest >> 52) as i32 - 1022;
    (above - 51).max(UNIT)
}

/// The exponent of a unit of grid `i`.
#[inline(always)]
pub(super) fn unit(first: i32, i: i32) -> i32 {
    (first - 52 * i).max(UNIT)
}

/// What rounds to units of grid `i`.
#[inline(always)]
pub(super) fn grid(first: i32, i: i32) -> f64 {
    TO_INTEGER * power_of_two(unit(first, i))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::terms::TermSum;
    use super::*;

    const LIMIT: f64 = TermSum::RANGE;

    /// Term by term.
    fn plain(terms: &[f64]) -> Option<Signed256> {
        let mut sum = Signed256::default();
        let in_range = terms.iter().all(|term| term.abs() < LIMIT);
        in_range.then(|| {
            for &term in terms {
                sum.merge(Signed256::scaled(term, -UNIT));
            }
            sum
        })
    }

    /// Terms of some shapes, most of them in range: of any magnitude, alike, ties of units, integers and float32.
    fn term() -> impl Strategy<Value = f64> {
        let unit = 2f64.powi(UNIT);
        let sign = prop_oneof![Just(1.0), Just(-1.0)];
        let magnitude = prop_oneof![
            4 => (-140f64..63.0, 0.0f64..1.0).prop_map(|(e, x)| x * e.exp2()),
            4 => 0.0f64..4000.0,
            4 => (0.0f32..4000.0, 0.25f32..400.0).prop_map(|(h, w)| f64::from(h) * f64::from(w)),
            3 => (0.25f32..400.0).prop_map(f64::from),
            2 => (0u32..1000).prop_map(f64::from),
            2 => (0u32..40).prop_map(move |halves| f64::from(halves) * 0.5 * unit),
            1 => (0u64..1 << 52).prop_map(f64::from_bits),
            1 => (-76i32..63).prop_map(|e| 2f64.powi(e)),
            1 => (-76i32..63).prop_map(|e| 2f64.powi(e).next_down()),
            1 => Just(0.0),
            1 => Just(LIMIT.next_down()),
        ];
        (sign, magnitude).prop_map(|(sign, magnitude)| sign * magnitude)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

        #[test]
        fn a_sum_is_that_of_terms_one_by_one(terms in prop::collection::vec(term(), 0..200)) {
            prop_assert_eq!(sum(&terms, LIMIT), plain(&terms));
        }

        #[test]
        fn a_sum_of_terms_of_one_shape_is_that_of_terms_one_by_one(
            shape in prop::collection::vec(term(), 1..4),
            n in 0usize..6000,
            down in -20i32..140,
        ) {
            // Repeated and scaled: all that is exact stays exact until it is below a unit.
            let scale = 2f64.powi(-down);
            let terms: Vec<f64> = (0..n).map(|i| shape[i % shape.len()] * scale).collect();
            prop_assert_eq!(sum(&terms, LIMIT), plain(&terms));
        }

        #[test]
        fn terms_of_any_bits_have_their_sum_or_none(
            bits in prop::collection::vec(any::<u64>(), 0..60),
            exponent in 0u64..0x7ff,
        ) {
            let any: Vec<f64> = bits.iter().map(|&bits| f64::from_bits(bits)).collect();
            prop_assert_eq!(sum(&any, LIMIT), plain(&any));
            // All of one exponent or the one above.
            let alike = bits.iter().map(|bits| bits & !(0x7fe << 52) | (exponent & 0x7fe) << 52);
            let alike: Vec<f64> = alike.map(f64::from_bits).collect();
            prop_assert_eq!(sum(&alike, LIMIT), plain(&alike));
        }
    }

    #[test]
    fn one_term_that_is_not_in_range_leaves_no_sum() {
        for n in [1, 7, FEW, 3 * BLOCK] {
            for wrong in [
                f64::NAN,
                -f64::NAN,
                f64::INFINITY,
                f64::NEG_INFINITY,
                LIMIT,
                -LIMIT,
                f64::MAX,
            ] {
                for at in [0, n / 2, n - 1] {
                    let mut terms = vec![0.5; n];
                    terms[at] = wrong;
                    assert_eq!(sum(&terms, LIMIT), None, "{wrong} at {at} of {n}");
                }
            }
        }
    }

    #[test]
    fn blocks_of_the_largest_terms_do_not_wrap() {
        let largest = LIMIT.next_down();
        for term in [
            largest,
            -largest,
            2f64.powi(62),
            1.0f64.next_down(),
            2f64.powi(-77).next_down(),
        ] {
            for n in [FEW - 1, BLOCK, 2 * BLOCK + 1] {
                let terms = vec![term; n];
                assert_eq!(sum(&terms, LIMIT), plain(&terms), "{n} of {term}");
            }
        }
    }

    #[test]
    fn terms_on_both_sides_of_a_unit_round_half_to_even_whatever_is_beside_them() {
        let unit = 2f64.powi(UNIT);
        let halves: Vec<f64> = (-9..=9).map(|i| f64::from(i) * 0.5 * unit).collect();
        for beside in [
            0.0,
            2f64.powi(-77),
            2f64.powi(-76),
            2f64.powi(-25),
            2f64.powi(27),
            LIMIT.next_down(),
        ] {
            for copies in [1, 20] {
                let mut terms = halves.repeat(copies);
                terms.push(beside);
                assert_eq!(sum(&terms, LIMIT), plain(&terms), "{beside}");
            }
        }
        assert_eq!(sum(&[-0.0; 100], LIMIT), Some(Signed256::default()));
    }
}
