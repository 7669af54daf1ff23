//! Conditions over the photons of a block: which of them hold.
//!
//! Where a condition compares a float32 column with a number, the number is rounded to float32 first, as
//! numpy does: 0.1 is equal to what a float32 column holds for it.

use super::eval::{BLOCK, Bound};
use super::{Condition, RowExpr};
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
            left.fill(start, out);
            right.zip(start, out, |x, y| truth(op.holds(x, y)));
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

/// Whether a condition is of no column.
pub(super) fn is_constant(condition: &Condition<Bound>) -> bool {
    let mut all = true;
    condition.each(&mut |side| all &= side.is_constant());
    all
}
