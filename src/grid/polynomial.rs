//! Polynomials through values at a few nodes: what patches of all grids place positions by.
//!
//! Below `healpix/patch.rs`, `rectilinear/patch.rs` and `rectilinear/smooth.rs`, which say how far from the reference they are.

use std::f64::consts::FRAC_1_SQRT_2;

/// The zeros of the Chebyshev polynomial of degree 6, as fractions of the half width of a range.
pub(super) const SIX_NODES: [f64; 6] = [
    -0.965_925_826_289_068_3,
    -FRAC_1_SQRT_2,
    -0.258_819_045_102_520_74,
    0.258_819_045_102_520_74,
    FRAC_1_SQRT_2,
    0.965_925_826_289_068_3,
];

/// The zeros of that of degree 4.
pub(super) const FOUR_NODES: [f64; 4] = [
    -0.923_879_532_511_286_7,
    -0.382_683_432_365_089_8,
    0.382_683_432_365_089_8,
    0.923_879_532_511_286_7,
];

/// The polynomial through values at these places, from the constant up (Newton's divided differences).
pub(super) fn through<const N: usize>(at: [f64; N], mut values: [f64; N]) -> [f64; N] {
    for level in 1..N {
        for i in (level..N).rev() {
            values[i] = (values[i] - values[i - 1]) / (at[i] - at[i - level]);
        }
    }
    let mut polynomial = [0.0; N];
    for i in (0..N).rev() {
        // Times (s - at[i]), plus the next difference.
        for power in (1..N).rev() {
            polynomial[power] = polynomial[power - 1] - at[i] * polynomial[power];
        }
        polynomial[0] = values[i] - at[i] * polynomial[0];
    }
    polynomial
}

/// Its value by Horner's rule.
#[inline(always)]
pub(super) fn value<const N: usize>(polynomial: &[f64; N], s: f64) -> f64 {
    let mut value = polynomial[N - 1];
    for i in (0..N - 1).rev() {
        value = polynomial[i] + s * value;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_polynomial_goes_through_its_values() {
        let coefficients = [3.0, -1.5, 0.25, 2.0, -0.75, 1.0];
        let found = through(SIX_NODES, SIX_NODES.map(|s| value(&coefficients, s)));
        for (found, expected) in found.iter().zip(coefficients) {
            assert!((found - expected).abs() < 1e-14, "{found} {expected}");
        }
        let values = [2.0, -7.0, 0.5, 1e6];
        let cubic = through(FOUR_NODES, values);
        for (s, expected) in FOUR_NODES.into_iter().zip(values) {
            assert!((value(&cubic, s) - expected).abs() < 1e-9 * expected.abs());
        }
    }

    #[test]
    fn nodes_are_zeros_of_chebyshevs_polynomials() {
        let six = |x: f64| 32.0 * x.powi(6) - 48.0 * x.powi(4) + 18.0 * x * x - 1.0;
        let four = |x: f64| 8.0 * x.powi(4) - 8.0 * x * x + 1.0;
        assert!(SIX_NODES.iter().all(|&x| six(x).abs() < 1e-14));
        assert!(FOUR_NODES.iter().all(|&x| four(x).abs() < 1e-14));
    }
}
