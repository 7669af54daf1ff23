//! Loops over the values of a block, in the widest instructions that the processor has.
//!
//! Below `eval.rs`. Each value is of its own operands alone and rounded once an operation, so all of them give the same
//! bits.

use multiversion::multiversion;

use super::eval::BLOCK;

/// Each value as f64, exact.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
    "x86_64+avx2",
    "x86_64+sse4.1"
))]
pub(super) fn widen(values: &[f32], out: &mut [f64]) {
    for (x, value) in out.iter_mut().zip(values) {
        *x = f64::from(*value);
    }
}

/// Multiplies each by a float32.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
    "x86_64+avx2",
    "x86_64+sse4.1"
))]
pub(super) fn times_f32(out: &mut [f64], by: &[f32]) {
    for (x, y) in out.iter_mut().zip(by) {
        *x *= f64::from(*y);
    }
}

/// Multiplies each.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
    "x86_64+avx2",
    "x86_64+sse4.1"
))]
pub(super) fn times(out: &mut [f64], by: &[f64]) {
    for (x, y) in out.iter_mut().zip(by) {
        *x *= *y;
    }
}

/// Every NaN among them becomes the same.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
    "x86_64+avx2",
    "x86_64+sse4.1"
))]
pub(super) fn all_one_nan(values: &mut [f64]) {
    for x in values {
        *x = if x.is_nan() { f64::NAN } else { *x };
    }
}

/// Products of two columns, every NaN among them the same: in one pass what the loops above do in three.
macro_rules! products {
    ($($name:ident: $a:ty, $b:ty;)*) => {
        $(
            #[multiversion(targets(
                "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
                "x86_64+avx2",
                "x86_64+sse4.1"
            ))]
            pub(super) fn $name(a: &[$a], b: &[$b], out: &mut [f64]) {
                for ((x, a), b) in out.iter_mut().zip(a).zip(b) {
                    let product = f64::from(*a) * f64::from(*b);
                    *x = if product.is_nan() { f64::NAN } else { product };
                }
            }
        )*
    };
}
products! {
    product_f32: f32, f32;
    product_f32_f64: f32, f64;
    product_f64: f64, f64;
}

/// Each value as f64, exact, every NaN among them the same.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl",
    "x86_64+avx2",
    "x86_64+sse4.1"
))]
pub(super) fn widen_numbers(values: &[f32], out: &mut [f64]) {
    for (x, value) in out.iter_mut().zip(values) {
        *x = if value.is_nan() {
            f64::NAN
        } else {
            f64::from(*value)
        };
    }
}

/// Each value to a power, multiplied from the left: `((x*x)*x)*...`, at most [`BLOCK`] of them.
pub(super) fn power(out: &mut [f64], times: u32, inverted: bool) {
    let mut base = [0.0; BLOCK];
    let base = &mut base[..out.len()];
    base.copy_from_slice(out);
    for _ in 1..times {
        for (x, base) in out.iter_mut().zip(&*base) {
            *x *= base;
        }
    }
    if inverted {
        for x in out.iter_mut() {
            *x = 1.0 / *x;
        }
    }
}

/// Sign and payload of a NaN differ between machines; this one does not.
pub(super) fn one_nan(x: f64) -> f64 {
    if x.is_nan() { f64::NAN } else { x }
}

#[cfg(test)]
mod tests {
    use super::super::{RowValues, parse_row};
    use crate::photon::Values;

    fn bits(values: &[f64]) -> Vec<u64> {
        values.iter().map(|x| x.to_bits()).collect()
    }

    #[test]
    fn products_of_columns_made_in_one_pass_are_those_of_other_loops() {
        let odd = [f64::NAN, 1e300, -0.0, 0.0, f64::INFINITY, 5e-324, 1.1];
        let other_nan = f32::from_bits(0xffc0_0001);
        let odd_single = [other_nan, f32::MAX, -0.0, 0.0, f32::INFINITY, 1e-45, 1.1];
        let wide = |step: usize| Values::F64((0..700).map(|i| odd[i * step / 6 % 7]).collect());
        let narrow =
            |step: usize| Values::F32((0..700).map(|i| odd_single[i * step / 6 % 7]).collect());
        for columns in [
            [wide(5), wide(9)],
            [wide(5), narrow(9)],
            [narrow(5), narrow(9)],
        ] {
            for [a, b] in [["a", "b"], ["b", "a"], ["a", "a"], ["b", "b"]] {
                let values = |text: &str| {
                    let expr = parse_row(text, &["a", "b"]).unwrap();
                    let column = |name: &str| &columns[usize::from(name == "b")];
                    let mut out = vec![0.0; 650];
                    RowValues::new(&expr, &column).fill(37, &mut out);
                    bits(&out)
                };
                let product = format!("{a} * {b}");
                assert_eq!(values(&product), values(&format!("1 * ({product})")));
                assert_eq!(values(a), values(&format!("1 * {a}")));
            }
        }
    }
}
