//! Integers of any fixed width, for sums that 256 bits do not hold.
//!
//! Beside `exact.rs`, ended by the division of `quotient.rs`: sums of squares of remainders, and the
//! numerator of a variance made of them.

use super::exact::Unsigned256;
use super::quotient::ratio;

/// An integer of N limbs of 64 bits, the least first: two's complement where it has a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wide<const N: usize>(pub [u64; N]);

/// Adds `value * 2^by` to an integer of these limbs.
#[inline]
pub(super) fn add_shifted(limbs: &mut [u64], value: i128, by: u32) {
    let sign = (value >> 127) as u64;
    let parts = [value as u64, (value >> 64) as u64];
    let (skip, bits) = ((by / 64) as usize, by % 64);
    let (mut carry, mut below) = (false, 0);
    for (i, place) in limbs.iter_mut().enumerate().skip(skip) {
        let part = parts.get(i - skip).copied().unwrap_or(sign);
        // Shifting right in two steps: a shift by 64 is none.
        let limb = part << bits | (below >> 1) >> (63 - bits);
        below = part;
        (*place, carry) = place.carrying_add(limb, carry);
    }
}

impl<const N: usize> Default for Wide<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> Wide<N> {
    /// Adds `value * 2^by`.
    #[inline]
    pub fn add_shifted(&mut self, value: i128, by: u32) {
        add_shifted(&mut self.0, value, by);
    }

    /// Adds another integer.
    pub fn merge(&mut self, other: &Self) {
        let mut carry = false;
        for (mine, more) in self.0.iter_mut().zip(other.0) {
            (*mine, carry) = mine.carrying_add(more, carry);
        }
    }

    pub fn is_negative(&self) -> bool {
        self.0[N - 1] >> 63 == 1
    }

    /// The absolute value.
    #[must_use]
    pub fn magnitude(mut self) -> Self {
        if self.is_negative() {
            let mut carry = true;
            for limb in &mut self.0 {
                (*limb, carry) = (!*limb).carrying_add(0, carry);
            }
        }
        self
    }

    /// The same integer in M limbs, which hold it.
    pub fn widened<const M: usize>(&self) -> Wide<M> {
        let sign = if self.is_negative() { u64::MAX } else { 0 };
        Wide(std::array::from_fn(|i| {
            self.0.get(i).copied().unwrap_or(sign)
        }))
    }

    /// `self * other` of integers without a sign, for products that N limbs hold.
    #[must_use]
    pub fn times<const M: usize>(&self, other: &Wide<M>) -> Self {
        let mut product = [0; N];
        for (i, &a) in self.0.iter().enumerate().filter(|(_, a)| **a != 0) {
            let mut carry = 0;
            let others = other.0.iter().chain(std::iter::repeat(&0));
            for (place, &b) in product[i..].iter_mut().zip(others) {
                (*place, carry) = a.carrying_mul_add(b, *place, carry);
            }
        }
        Self(product)
    }

    /// `self - other` of integers without a sign, for `other <= self`; else `None`.
    pub fn minus(&self, other: &Self) -> Option<Self> {
        let (mut difference, mut borrow) = ([0; N], false);
        for (i, place) in difference.iter_mut().enumerate() {
            (*place, borrow) = self.0[i].borrowing_sub(other.0[i], borrow);
        }
        (!borrow).then_some(Self(difference))
    }

    /// Number of bits up to the highest that is set, of an integer without a sign.
    pub fn bits(&self) -> u32 {
        let highest = self.0.iter().rposition(|&limb| limb != 0);
        highest.map_or(0, |i| 64 * (i as u32 + 1) - self.0[i].leading_zeros())
    }

    /// `floor(self / 2^by)` for quotients below 2^256, and whether that is all of it.
    fn shifted_right(&self, by: u32) -> (Unsigned256, bool) {
        let (skip, bits) = ((by / 64) as usize, by % 64);
        let limb = |i: usize| self.0.get(i + skip).copied().unwrap_or(0);
        let shifted = |i: usize| u128::from(limb(i) >> bits | (limb(i + 1) << 1) << (63 - bits));
        let quotient = Unsigned256 {
            high: shifted(3) << 64 | shifted(2),
            low: shifted(1) << 64 | shifted(0),
        };
        let lost = self.0.iter().take(skip).any(|&limb| limb != 0);
        let lost = lost || limb(0) & ((1 << bits) - 1) != 0;
        (quotient, !lost)
    }

    /// `self / denominator * 2^exponent` of an integer without a sign, rounded once to the nearest f64,
    /// ties to even.
    ///
    /// Of a numerator longer than needed, 66 bits more than the denominator has are kept and one that
    /// says whether there was more. Numbers where rounding changes direction are even multiples of
    /// the denominator, so what that bit stands for lies on the same side of each as the bit itself.
    ///
    /// # Panics
    /// If the denominator is 0 or at least 2^127.
    pub fn over(&self, denominator: u128, exponent: i32) -> f64 {
        let kept = 66 + 128 - denominator.leading_zeros();
        let drop = self.bits().saturating_sub(kept);
        let (top, whole) = self.shifted_right(drop);
        let doubled = Unsigned256 {
            high: top.high << 1 | top.low >> 127,
            low: top.low << 1 | u128::from(!whole),
        };
        ratio(doubled, denominator, exponent + drop as i32 - 1)
    }
}

impl Wide<4> {
    /// The same bits.
    pub fn unsigned(&self) -> Unsigned256 {
        self.shifted_right(0).0
    }
}

impl From<Unsigned256> for Wide<4> {
    fn from(value: Unsigned256) -> Self {
        let (low, high) = (value.low, value.high);
        Self([low, low >> 64, high, high >> 64].map(|part| part as u64))
    }
}

#[cfg(test)]
mod tests {
    use num_bigint::{BigInt, BigUint};
    use proptest::prelude::*;

    use super::*;

    fn signed<const N: usize>(value: &Wide<N>) -> BigInt {
        let bytes: Vec<u8> = value.0.iter().flat_map(|limb| limb.to_le_bytes()).collect();
        BigInt::from_signed_bytes_le(&bytes)
    }

    fn unsigned<const N: usize>(value: &Wide<N>) -> BigUint {
        let bytes: Vec<u8> = value.0.iter().flat_map(|limb| limb.to_le_bytes()).collect();
        BigUint::from_bytes_le(&bytes)
    }

    /// Nearest f64 of a / b * 2^exponent, by comparing with both neighbours in exact integers.
    fn is_nearest(found: f64, a: &BigUint, b: u128, exponent: i32) -> bool {
        // |x - a/b 2^e| for x = m 2^k, times b 2^1200, which makes all of it whole.
        let distance = |x: f64| {
            let bits = x.to_bits();
            let (biased, fraction) = ((bits >> 52) as i32, bits & ((1 << 52) - 1));
            let mantissa = BigInt::from(fraction | u64::from(biased > 0) << 52);
            let ours = (mantissa * b) << (biased.max(1) - 1075 + 1200);
            let theirs = BigInt::from(a.clone()) << (exponent + 1200);
            BigInt::from((ours - theirs).magnitude().clone())
        };
        let (here, bits) = (distance(found), found.to_bits());
        let neighbours = [bits.wrapping_sub(1), bits + 1].map(f64::from_bits);
        neighbours
            .iter()
            .filter(|x| x.is_finite())
            .all(|&x| here < distance(x) || (here == distance(x) && bits & 1 == 0))
    }

    fn limbs<const N: usize>() -> impl Strategy<Value = Wide<N>> {
        let limb = prop_oneof![4 => any::<u64>(), 1 => Just(0), 1 => Just(u64::MAX)];
        let limbs = prop::collection::vec(limb, N);
        (limbs, 0..=N).prop_map(|(limbs, used)| {
            Wide(std::array::from_fn(|i| if i < used { limbs[i] } else { 0 }))
        })
    }

    proptest! {
        #[test]
        fn sums_of_shifted_terms_are_those_of_integers(
            terms in prop::collection::vec((any::<i128>(), 0u32..220), 0..20),
        ) {
            let (mut sum, mut parts, mut expected) = (Wide::<6>::default(), Wide::<6>::default(), BigInt::ZERO);
            for (i, &(value, by)) in terms.iter().enumerate() {
                if i % 2 == 0 { &mut sum } else { &mut parts }.add_shifted(value, by);
                expected += BigInt::from(value) << by;
            }
            sum.merge(&parts);
            prop_assert_eq!(signed(&sum), expected.clone());
            prop_assert_eq!(signed(&sum.widened::<8>()), expected.clone());
            prop_assert_eq!(sum.is_negative(), expected < BigInt::ZERO);
            prop_assert_eq!(&unsigned(&sum.magnitude()), expected.magnitude());
        }

        #[test]
        fn products_and_differences_are_those_of_integers(a in limbs::<4>(), b in limbs::<4>()) {
            let a = Wide::<8>(std::array::from_fn(|i| *a.0.get(i).unwrap_or(&0)));
            let product = a.times(&b);
            prop_assert_eq!(unsigned(&product), unsigned(&a) * unsigned(&b));
            prop_assert_eq!(u64::from(product.bits()), unsigned(&product).bits());
            let difference = product.minus(&a);
            let fits = unsigned(&product) >= unsigned(&a);
            prop_assert_eq!(difference.is_some(), fits);
            if let Some(difference) = difference {
                prop_assert_eq!(unsigned(&difference), unsigned(&product) - unsigned(&a));
            }
        }

        #[test]
        fn a_quotient_is_the_nearest_number(
            a in limbs::<8>(),
            b in 1u128..1 << 127,
            narrow in 0u32..127,
            exponent in -600i32..400,
        ) {
            let b = (b >> narrow).max(1);
            let found = a.over(b, exponent);
            prop_assert!(is_nearest(found, &unsigned(&a), b, exponent), "{} / {} is no {}", unsigned(&a), b, found);
        }

        #[test]
        fn a_quotient_at_a_tie_and_beside_it_rounds_the_right_way(
            mantissa in 1u64 << 53..1 << 54,
            b in 1u128..1 << 120,
            narrow in 0u32..120,
            up in 0u32..250,
            beside in -1i64..=1,
        ) {
            // A tie of f64: 54 bits, the last of them set.
            let b = (b >> narrow).max(1);
            let tie = (BigUint::from(mantissa | 1) * b) << up;
            let tie = (BigInt::from(tie) + beside).magnitude().clone();
            let limbs = tie.to_u64_digits();
            let a = Wide::<8>(std::array::from_fn(|i| *limbs.get(i).unwrap_or(&0)));
            prop_assert!(is_nearest(a.over(b, 0), &tie, b, 0));
        }
    }

    #[test]
    fn a_quotient_of_nothing_is_zero() {
        assert_eq!(Wide::<8>::default().over(7, 3), 0.0);
    }
}
