//! Counts of values that cannot be summed: NaN and the infinities.

use super::order::Class;
use super::value::Value;

/// NaN and infinities among the values of one cell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Specials {
    pub nan: u64,
    pub positive_infinity: u64,
    pub negative_infinity: u64,
}

impl Specials {
    pub fn accumulate<T: Value>(&mut self, values: &[T]) {
        if !T::HAS_SPECIALS {
            return;
        }
        for value in values {
            match value.class() {
                Class::Finite => {}
                Class::Nan => self.nan += 1,
                Class::PositiveInfinity => self.positive_infinity += 1,
                Class::NegativeInfinity => self.negative_infinity += 1,
            }
        }
    }

    #[inline]
    pub fn merge(&mut self, other: &Self) {
        self.nan += other.nan;
        self.positive_infinity += other.positive_infinity;
        self.negative_infinity += other.negative_infinity;
    }

    #[inline]
    pub fn infinite(&self) -> u64 {
        self.positive_infinity + self.negative_infinity
    }

    #[inline]
    pub fn total(&self) -> u64 {
        self.nan + self.infinite()
    }

    /// What the infinities make of a sum: none, one infinity, or NaN for both signs.
    pub fn sum_of_infinities(&self) -> Option<f64> {
        match (self.positive_infinity > 0, self.negative_infinity > 0) {
            (false, false) => None,
            (true, false) => Some(f64::INFINITY),
            (false, true) => Some(f64::NEG_INFINITY),
            (true, true) => Some(f64::NAN),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_special_value_counts_once_under_its_kind() {
        let mut specials = Specials::default();
        let infinity = f64::INFINITY;
        specials.accumulate(&[infinity, 1.0, f64::NAN, -infinity, infinity, -infinity]);
        assert_eq!((specials.infinite(), specials.total()), (4, 5));
        assert!(specials.sum_of_infinities().is_some_and(f64::is_nan));
    }

    #[test]
    fn those_of_two_cells_add_up_kind_by_kind() {
        let of = |[nan, positive_infinity, negative_infinity]: [u64; 3]| Specials {
            nan,
            positive_infinity,
            negative_infinity,
        };
        let mut both = of([2, 3, 4]);
        both.merge(&of([10, 20, 30]));
        assert_eq!(both, of([12, 23, 34]));
        assert_eq!((both.infinite(), both.total()), (57, 69));
    }
}
