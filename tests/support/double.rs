//! Numbers of about 31 digits: the unevaluated sum of two f64.
//!
//! Dekker, *A floating-point technique for extending the available precision* (Numerische Mathematik 18,
//! 1971), and Knuth's sum (*The Art of Computer Programming*, volume 2, 4.2.2). Each operation is off by less
//! than 2^-100 of its result. Slow and plain: what it is compared with has f64 only.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// `0 + 1`, of which the second is at most half a unit in the last place of the first.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Double(pub f64, pub f64);

/// pi to 107 bits: the f64 below it and what is left.
pub const PI: Double = Double(std::f64::consts::PI, 1.224_646_799_147_353_2e-16);

/// `a + b` and what rounding takes from it.
fn sum(a: f64, b: f64) -> Double {
    let high = a + b;
    let of_b = high - a;
    Double(high, (a - (high - of_b)) + (b - of_b))
}

/// Two halves of a value that have 26 bits each.
fn halves(a: f64) -> (f64, f64) {
    let shifted = a * 134_217_729.0;
    let high = shifted - (shifted - a);
    (high, a - high)
}

/// `a * b` and what rounding takes from it.
fn product(a: f64, b: f64) -> Double {
    let high = a * b;
    let ((a, a_low), (b, b_low)) = (halves(a), halves(b));
    Double(
        high,
        ((a * b - high) + a * b_low + a_low * b) + a_low * b_low,
    )
}

impl Double {
    pub const ZERO: Self = Self(0.0, 0.0);
    pub const ONE: Self = Self(1.0, 0.0);

    /// The largest integer not above it.
    pub fn floor(self) -> Self {
        let high = self.0.floor();
        if high < self.0 {
            Self(high, 0.0)
        } else {
            sum(high, self.1.floor())
        }
    }

    /// Below 0 it has no root.
    pub fn sqrt(self) -> Self {
        if self.0 <= 0.0 {
            return Self::ZERO;
        }
        // One step of Newton's method from a root to 53 bits.
        let root = Self::from(self.0.sqrt());
        root + (self - root * root) / (root + root)
    }

    pub fn abs(self) -> Self {
        if self.0 < 0.0 { -self } else { self }
    }

    /// The sine of this many degrees, at most 50: the Taylor series, whose first omitted term is below 1e-33.
    pub fn sine_of_degrees(self) -> Self {
        let x = self * PI / 180.0.into();
        let square = x * x;
        let terms = (1..=14).rev();
        let series = terms.fold(Self::ONE, |series, k| {
            let k = f64::from(k);
            Self::ONE - square * series / ((2.0 * k) * (2.0 * k + 1.0)).into()
        });
        x * series
    }

    /// The inverse hyperbolic tangent of x over x, where this is x squared, at most 0.007: the Taylor series,
    /// whose first omitted term is below 1e-33.
    pub fn atanh_over_root(self) -> Self {
        let terms = (0..=14).rev();
        terms.fold(Self::ZERO, |series, k| {
            Self::ONE / (2.0 * f64::from(k) + 1.0).into() + self * series
        })
    }
}

impl From<f64> for Double {
    fn from(value: f64) -> Self {
        Self(value, 0.0)
    }
}

impl Add for Double {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let (high, low) = (sum(self.0, other.0), sum(self.1, other.1));
        let carried = sum(high.0, high.1 + low.0);
        sum(carried.0, carried.1 + low.1)
    }
}

impl Neg for Double {
    type Output = Self;

    fn neg(self) -> Self {
        Self(-self.0, -self.1)
    }
}

impl Sub for Double {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Double {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let high = product(self.0, other.0);
        sum(high.0, high.1 + (self.0 * other.1 + self.1 * other.0))
    }
}

impl Div for Double {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        // Long division: three quotients of 53 bits.
        let first = self.0 / other.0;
        let rest = self - other * first.into();
        let second = rest.0 / other.0;
        let third = (rest - other * second.into()).0 / other.0;
        sum(first, second) + third.into()
    }
}

mod tests {
    use super::*;
    use num_bigint::BigInt;
    use num_rational::BigRational;
    use proptest::prelude::*;

    fn exact(value: Double) -> BigRational {
        BigRational::from_float(value.0).unwrap() + BigRational::from_float(value.1).unwrap()
    }

    /// Off by less than 2^-100 of `scale`.
    fn near(found: Double, expected: &BigRational, scale: &BigRational) -> bool {
        let off = exact(found) - expected;
        let zero = BigRational::from(BigInt::from(0));
        let size = |x: BigRational| if x < zero { -x } else { x };
        size(off) * BigRational::from(BigInt::from(1) << 100) <= size(scale.clone())
    }

    /// Numbers as they come up here, of both signs and not near overflow.
    fn double() -> impl Strategy<Value = Double> {
        let part = (-1.0f64..1.0, -40i32..40).prop_map(|(m, e)| m * f64::from(e).exp2());
        (part, -1.0f64..1.0).prop_map(|(high, low)| sum(high, high * low * 2f64.powi(-54)))
    }

    proptest! {
        #[test]
        fn arithmetic_is_that_of_rationals_to_a_hundred_bits(a in double(), b in double()) {
            let (x, y) = (exact(a), exact(b));
            let size = |v: &BigRational| if a.0 < 0.0 { -v.clone() } else { v.clone() };
            let larger = size(&x).max(if b.0 < 0.0 { -y.clone() } else { y.clone() });
            prop_assert!(near(a + b, &(&x + &y), &larger));
            prop_assert!(near(a - b, &(&x - &y), &larger));
            prop_assert!(near(a * b, &(&x * &y), &(&x * &y)));
            prop_assert!(near(a / b, &(&x / &y), &(&x / &y)));
            let root = a.abs().sqrt();
            prop_assert!(near(root * root, &exact(a.abs()), &x));
            prop_assert_eq!(exact(a.floor()), x.floor());
        }
    }

    #[test]
    fn sines_and_inverse_tangents_have_their_published_digits() {
        // sin 18 degrees is (sqrt 5 - 1) / 4, sin 30 is 1/2 and sin 45 is sqrt(1/2).
        let five = Double::from(5.0).sqrt();
        let off = |a: Double, b: Double| (a - b).abs().0;
        let eighteen = (five - Double::ONE) / 4.0.into();
        assert!(off(Double::from(18.0).sine_of_degrees(), eighteen) < 1e-31);
        assert!(off(Double::from(30.0).sine_of_degrees(), 0.5.into()) < 1e-31);
        let half = Double::from(0.5).sqrt();
        assert!(off(Double::from(45.0).sine_of_degrees(), half) < 1e-31);
        // atanh(1/13) is ln(14/12) / 2, and ln(7/6) = 0.15415067982725830429287538506247...
        let found = (Double::ONE / 169.0.into()).atanh_over_root();
        let ln = Double(0.154_150_679_827_258_3, 1.980_488_212_456_81e-18);
        assert!(off(found * 2.0.into() / 13.0.into(), ln) < 1e-31);
    }
}
