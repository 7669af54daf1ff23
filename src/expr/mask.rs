//! Conditions over the photons of a block: which of them hold.
//!
//! Where a condition compares a float32 column with a number, the number is rounded to float32 first, as
//! numpy does: 0.1 is equal to what a float32 column holds for it. A column of integers is compared as real numbers are:
//! those beyond 2^53 keep the digits that they would lose as float64.

use std::cmp::Ordering;
use std::ops::Range;

use super::eval::{BLOCK, Bound};
use super::{Bits, Comparison, Condition, RowExpr};
use crate::photon::Values;

/// Puts into `out` for each photon whether the condition holds; as [`eval_rows`](super::eval_rows) otherwise.
///
/// # Panics
/// If a column has fewer values than `out`.
pub fn eval_condition<'a>(
    condition: &Condition<RowExpr>,
    column: &dyn Fn(&str) -> &'a Values,
    out: &mut [bool],
) {
    let bound = bind(condition, column);
    let mut holds = [0.0; BLOCK];
    for (block, out) in out.chunks_mut(BLOCK).enumerate() {
        let holds = &mut holds[..out.len()];
        fill_condition(&bound, block * BLOCK, holds);
        for (out, holds) in out.iter_mut().zip(holds) {
            *out = *holds != 0.0;
        }
    }
}

/// A condition whose names are bound to columns, and whose numbers are rounded where float32 values are
/// compared with them.
pub(super) fn bind<'a>(
    condition: &Condition<RowExpr>,
    column: &dyn Fn(&str) -> &'a Values,
) -> Condition<Bound<'a>> {
    let mut bound = condition.map(&mut |side| Bound::new(side, column));
    round_to_singles(&mut bound);
    bound
}

fn round_to_singles(condition: &mut Condition<Bound>) {
    let rounded = |number: f64| Bound::Number(f64::from(number as f32));
    match condition {
        Condition::Compare { left, right, .. } => {
            if left.is_single()
                && let Some(number) = right.number()
            {
                *right = rounded(number);
            } else if right.is_single()
                && let Some(number) = left.number()
            {
                *left = rounded(number);
            }
        }
        Condition::And(a, b) | Condition::Or(a, b) => {
            round_to_singles(a);
            round_to_singles(b);
        }
        Condition::Not(a) => round_to_singles(a),
        Condition::IsNan(_) | Condition::IsFinite(_) | Condition::Bits { .. } => {}
    }
}

/// For each of the photons from `start`, 1 where the condition holds and 0 where it does not.
pub(super) fn fill_condition(condition: &Condition<Bound>, start: usize, out: &mut [f64]) {
    let truth = |holds: bool| f64::from(u8::from(holds));
    let each = |of: &Bound, out: &mut [f64], holds: &dyn Fn(f64) -> bool| {
        of.fill(start, out);
        for x in out {
            *x = truth(holds(*x));
        }
    };
    match condition {
        Condition::Compare { op, left, right } => {
            let rows = start..start + out.len();
            let (a, b) = (whole(left, &rows), whole(right, &rows));
            if a.is_some_and(any_wide) || b.is_some_and(any_wide) {
                compare_exactly(*op, (left, a), (right, b), start, out);
            } else {
                left.fill(start, out);
                right.zip(start, out, |x, y| truth(op.holds(x, y)));
            }
        }
        Condition::IsNan(x) => each(x, out, &f64::is_nan),
        Condition::IsFinite(x) => each(x, out, &f64::is_finite),
        Condition::Bits { test, of, mask } => each(of, out, &|x| test.holds(x, *mask)),
        Condition::And(a, b) | Condition::Or(a, b) => {
            fill_condition(a, start, out);
            let mut other = [0.0; BLOCK];
            let other = &mut other[..out.len()];
            fill_condition(b, start, other);
            let all = matches!(condition, Condition::And(..));
            for (x, y) in out.iter_mut().zip(other) {
                *x = if all { x.min(*y) } else { x.max(*y) };
            }
        }
        Condition::Not(a) => {
            fill_condition(a, start, out);
            for x in out {
                *x = 1.0 - *x;
            }
        }
    }
}

/// The values of a column of integers.
fn whole<'a>(side: &Bound<'a>, rows: &Range<usize>) -> Option<&'a [i64]> {
    match side {
        Bound::Column(Values::I64(values)) => Some(&values[rows.clone()]),
        _ => None,
    }
}

/// Whether some are beyond the integers that float64 holds all of.
fn any_wide(values: &[i64]) -> bool {
    let limit = Bits::MAX as u64;
    // Without leaving early: so it is a few instructions for all of them.
    let wide = values.iter().map(|x| x.unsigned_abs() > limit);
    wide.fold(false, |any, wide| any | wide)
}

/// Compares two sides, one of which at least is a column of integers, as the real numbers that they are.
fn compare_exactly(
    op: Comparison,
    (left, a): (&Bound, Option<&[i64]>),
    (right, b): (&Bound, Option<&[i64]>),
    start: usize,
    out: &mut [f64],
) {
    let mut other = [0.0; BLOCK];
    let other = &mut other[..out.len()];
    let (side, integers) = if a.is_some() { (right, a) } else { (left, b) };
    let integers = integers.unwrap_or_default();
    if let (Some(_), Some(b)) = (a, b) {
        for ((out, a), b) in out.iter_mut().zip(integers).zip(b) {
            *out = f64::from(u8::from(op.holds_of(Some(a.cmp(b)))));
        }
        return;
    }
    side.fill(start, other);
    for ((out, integer), float) in out.iter_mut().zip(integers).zip(other) {
        let order = order_of(*integer, *float);
        let order = if a.is_some() {
            order
        } else {
            order.map(Ordering::reverse)
        };
        *out = f64::from(u8::from(op.holds_of(order)));
    }
}

/// How an integer lies to a real number; `None` beside NaN.
fn order_of(integer: i64, float: f64) -> Option<Ordering> {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if float.is_nan() {
        return None;
    }
    if float >= BEYOND {
        return Some(Ordering::Less);
    }
    if float < -BEYOND {
        return Some(Ordering::Greater);
    }
    let below = float.floor();
    let order = integer.cmp(&(below as i64));
    Some(order.then(if float > below {
        Ordering::Less
    } else {
        Ordering::Equal
    }))
}

/// Whether a condition is of no column.
pub(super) fn is_constant(condition: &Condition<Bound>) -> bool {
    let mut all = true;
    condition.each(&mut |side| all &= side.is_constant());
    all
}

#[cfg(test)]
mod tests {
    use num_bigint::BigInt;
    use num_rational::BigRational;
    use proptest::prelude::*;

    use super::*;
    use crate::expr::parse_condition;

    const OPERATORS: [&str; 6] = ["==", "!=", "<", "<=", ">", ">="];

    /// Such as differ in digits that float64 does not hold, and any.
    fn integers() -> impl Strategy<Value = i64> {
        let near = |at: i64| (-3_i64..=3).prop_map(move |by| at.saturating_add(by));
        prop_oneof![
            near(0),
            near(1 << 53),
            near(-(1 << 53)),
            near(1 << 60),
            near(i64::MAX),
            near(i64::MIN),
            any::<i64>()
        ]
    }

    fn answers(text: &str, a: &Values, b: &Values) -> Vec<bool> {
        let condition = parse_condition(text, &["a", "b"]).unwrap();
        let mut out = vec![false; a.len()];
        let column = |name: &str| if name == "a" { a } else { b };
        eval_condition(&condition, &column, &mut out);
        out
    }

    fn holds(operator: &str, order: Option<Ordering>) -> bool {
        match operator {
            "==" => order == Some(Ordering::Equal),
            "!=" => order != Some(Ordering::Equal),
            "<" => order == Some(Ordering::Less),
            "<=" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            ">" => order == Some(Ordering::Greater),
            _ => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        }
    }

    proptest! {
        #[test]
        fn integers_are_compared_to_the_last_digit(
            pairs in prop::collection::vec((integers(), integers()), 1..600),
        ) {
            let a = Values::I64(pairs.iter().map(|pair| pair.0).collect());
            let b = Values::I64(pairs.iter().map(|pair| pair.1).collect());
            for operator in OPERATORS {
                let expected: Vec<bool> =
                    pairs.iter().map(|(a, b)| holds(operator, Some(a.cmp(b)))).collect();
                prop_assert_eq!(answers(&format!("a {operator} b"), &a, &b), expected);
            }
        }

        #[test]
        fn integers_beside_floats_are_real_numbers(
            pairs in prop::collection::vec(
                (integers(), prop_oneof![
                    integers().prop_map(|x| x as f64), any::<f64>(), Just(f64::NAN), Just(f64::INFINITY), -3.0..3.0,
                ]),
                1..600,
            ),
        ) {
            let a = Values::I64(pairs.iter().map(|pair| pair.0).collect());
            let b = Values::F64(pairs.iter().map(|pair| pair.1).collect());
            let order = |&(a, b): &(i64, f64)| {
                let Some(b) = BigRational::from_float(b) else {
                    return if b.is_nan() { None } else { 0.0_f64.partial_cmp(&b) };
                };
                Some(BigRational::from(BigInt::from(a)).cmp(&b))
            };
            for operator in OPERATORS {
                let expected: Vec<bool> =
                    pairs.iter().map(|pair| holds(operator, order(pair))).collect();
                prop_assert_eq!(answers(&format!("a {operator} b"), &a, &b), expected);
                let turned: Vec<bool> = pairs
                    .iter()
                    .map(|pair| holds(operator, order(pair).map(Ordering::reverse)))
                    .collect();
                prop_assert_eq!(answers(&format!("b {operator} a"), &a, &b), turned);
            }
        }
    }

    #[test]
    fn a_number_is_what_it_says_or_refused() {
        let a = Values::I64(vec![1 << 60, (1 << 60) + 1, 7].into());
        assert_eq!(answers("a == 2**60", &a, &a), [true, false, false]);
        assert_eq!(answers("a > 2**60", &a, &a), [false, true, false]);
        assert_eq!(
            answers("-2**60 < -7.5 and a < 7.5", &a, &a),
            [false, false, true]
        );
        for (text, says) in [
            (
                "a == 1152921504606846977",
                "number '1152921504606846977' is beyond the whole numbers of float64",
            ),
            (
                "a == 2**60 + 1",
                "1152921504606846977 is beyond the whole numbers of float64",
            ),
            (
                "-(2**53 * 3 + 1) <= a",
                "-27021597764222977 is beyond the whole numbers of float64",
            ),
        ] {
            let refused = parse_condition(text, &["a"]).unwrap_err();
            assert!(refused.contains(says), "{text}: {refused}");
        }
    }
}
