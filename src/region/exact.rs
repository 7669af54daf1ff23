//! On which side of a line a point lies, decided without any rounding.
//!
//! Beside the line: `ring.rs` asks. Doubles are whole multiples of 2^-1074, so the sign of the determinant is that
//! of a difference of products of integers. Doubles themselves settle nearly all of them: Shewchuk's bound
//! ("Adaptive precision floating-point arithmetic", 1997, section 4) says when their sign is sure.

use std::cmp::Ordering;

/// A position in degrees: longitude, latitude.
pub(super) type Point = [f64; 2];

/// Above Shewchuk's (3 + 16 u) u, where u = 2^-53, by more than what products that underflow can add.
const SURE: f64 = 4e-16;
/// Sums of products below are left to integers: what is lost in underflow is nothing beside those above.
const LEAST: f64 = 1e-250;

/// Words of a number below 2^14 in units of 2^-1074.
const WORDS: usize = 17;

/// `Greater` where `p` lies left of the line from `a` to `b`, `Less` where right of it, `Equal` where on it.
/// No coordinate is beyond 512.
pub(super) fn side_of(a: Point, b: Point, p: Point) -> Ordering {
    let left = (b[0] - a[0]) * (p[1] - a[1]);
    let right = (b[1] - a[1]) * (p[0] - a[0]);
    let (sign, size) = (left - right, left.abs() + right.abs());
    if size > LEAST && sign.abs() > SURE * size {
        return sign.total_cmp(&0.0);
    }
    let product =
        |[a, b]: [f64; 2], [c, d]: [f64; 2]| Fixed::between(a, b).times(&Fixed::between(c, d));
    let left = product([a[0], b[0]], [a[1], p[1]]);
    let right = product([a[1], b[1]], [a[0], p[0]]);
    left.compare(&right)
}

/// An integer by its sign and magnitude, least significant word first.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fixed<const N: usize> {
    negative: bool,
    words: [u64; N],
}

impl Fixed<WORDS> {
    /// A double in units of 2^-1074.
    fn of(x: f64) -> Self {
        let bits = x.to_bits();
        let (exponent, fraction) = ((bits >> 52) as usize & 0x7ff, bits & ((1 << 52) - 1));
        // Of subnormal numbers the leading bit is not implied, and the exponent is that of the smallest others.
        let (digits, shift) = match exponent {
            0 => (fraction, 0),
            _ => (fraction | 1 << 52, exponent - 1),
        };
        let mut words = [0; WORDS];
        let both = u128::from(digits) << (shift % 64);
        words[shift / 64] = both as u64;
        if let Some(next) = words.get_mut(shift / 64 + 1) {
            *next = (both >> 64) as u64;
        }
        Self {
            negative: x.is_sign_negative(),
            words,
        }
    }

    /// `to - from`.
    fn between(from: f64, to: f64) -> Self {
        let (from, to) = (Self::of(from), Self::of(to));
        if from.negative != to.negative {
            return Self {
                negative: to.negative,
                words: sum(&to.words, &from.words),
            };
        }
        let larger = magnitude(&to.words, &from.words) == Ordering::Greater;
        let (more, less) = if larger { (&to, &from) } else { (&from, &to) };
        Self {
            negative: to.negative == larger,
            words: difference(&more.words, &less.words),
        }
    }

    fn times(&self, other: &Self) -> Fixed<{ 2 * WORDS }> {
        let mut words = [0_u64; 2 * WORDS];
        for (i, &a) in self.words.iter().enumerate() {
            let mut carry = 0_u128;
            for (j, &b) in other.words.iter().enumerate() {
                carry += u128::from(a) * u128::from(b) + u128::from(words[i + j]);
                words[i + j] = carry as u64;
                carry >>= 64;
            }
            words[i + WORDS] = carry as u64;
        }
        Fixed {
            negative: self.negative != other.negative,
            words,
        }
    }
}

impl<const N: usize> Fixed<N> {
    fn compare(&self, other: &Self) -> Ordering {
        // Zero has no sign.
        let is_negative =
            |number: &Self| number.negative && number.words.iter().any(|&word| word > 0);
        match (is_negative(self), is_negative(other)) {
            (false, false) => magnitude(&self.words, &other.words),
            (true, true) => magnitude(&other.words, &self.words),
            (negative, _) if negative => Ordering::Less,
            _ => Ordering::Greater,
        }
    }
}

fn magnitude(a: &[u64], b: &[u64]) -> Ordering {
    a.iter().rev().cmp(b.iter().rev())
}

fn sum(a: &[u64; WORDS], b: &[u64; WORDS]) -> [u64; WORDS] {
    let mut carry = 0_u128;
    std::array::from_fn(|i| {
        carry += u128::from(a[i]) + u128::from(b[i]);
        let word = carry as u64;
        carry >>= 64;
        word
    })
}

/// Of a magnitude and one that is not larger.
fn difference(more: &[u64; WORDS], less: &[u64; WORDS]) -> [u64; WORDS] {
    let mut borrow = false;
    std::array::from_fn(|i| {
        let (word, one) = more[i].overflowing_sub(less[i]);
        let (word, two) = word.overflowing_sub(u64::from(borrow));
        borrow = one || two;
        word
    })
}

#[cfg(test)]
mod tests {
    use num_rational::BigRational;
    use proptest::prelude::*;

    use super::*;

    /// The sign by another library's rational numbers.
    fn expected(a: Point, b: Point, p: Point) -> Ordering {
        let exact = |x: f64| BigRational::from_float(x).unwrap();
        let by = |from: f64, to: f64| exact(to) - exact(from);
        let left = by(a[0], b[0]) * by(a[1], p[1]);
        left.cmp(&(by(a[1], b[1]) * by(a[0], p[0])))
    }

    fn coordinate() -> impl Strategy<Value = f64> {
        prop_oneof![
            -180.0f64..180.0,
            (-720i32..720).prop_map(|i| f64::from(i) / 4.0),
            (-5i32..5, 0i32..1074).prop_map(|(i, k)| f64::from(i) * 2f64.powi(-k)),
            Just(-0.0),
            Just(f64::MIN_POSITIVE),
            Just(5e-324),
        ]
    }

    fn point() -> impl Strategy<Value = Point> {
        [coordinate(), coordinate()]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

        #[test]
        fn the_side_is_that_of_rational_numbers(a in point(), b in point(), p in point()) {
            prop_assert_eq!(side_of(a, b, p), expected(a, b, p));
        }

        #[test]
        fn the_side_of_points_next_to_a_line_is_that_of_rational_numbers(
            a in point(), b in point(), t in 0.0f64..1.0, ulps in -2i64..3,
        ) {
            let on = [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])];
            let moved = |x: f64| if x.abs() < 1e-300 { x } else { f64::from_bits((x.to_bits() as i64 + ulps) as u64) };
            for p in [on, [moved(on[0]), on[1]], [on[0], moved(on[1])]] {
                prop_assert_eq!(side_of(a, b, p), expected(a, b, p));
            }
        }
    }

    #[test]
    fn doubles_alone_would_take_this_point_for_one_on_the_line() {
        let (a, b, p) = ([0.0, 0.0], [3.0, 1.0], [1.0, 1.0 / 3.0]);
        assert_eq!(3.0 * p[1] - p[0], 0.0);
        // A third is rounded down, so the point lies below the line.
        assert_eq!(side_of(a, b, p), Ordering::Less);
    }
}
