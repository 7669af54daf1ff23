//! Conditions: comparisons of two expressions, tests of one, and what `and`, `or` and `not` make of them.
//!
//! A condition holds or does not, also of NaN: every comparison with NaN is false but `!=`, as in numpy.

use std::cmp::Ordering;

/// What is true or false of a photon, or of a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition<E> {
    Compare {
        op: Comparison,
        left: E,
        right: E,
    },
    /// `isnan(x)`.
    IsNan(E),
    /// `isfinite(x)`: neither NaN nor infinite.
    IsFinite(E),
    /// `has(x, mask)` and `lacks(x, mask)`, of an integer; what is none has no bits and lacks none.
    Bits {
        test: Bits,
        of: E,
        mask: u64,
    },
    And(Box<Condition<E>>, Box<Condition<E>>),
    Or(Box<Condition<E>>, Box<Condition<E>>),
    Not(Box<Condition<E>>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// Which bits of an integer have to be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bits {
    /// All of the mask's.
    Has,
    /// None of the mask's.
    Lacks,
}

impl<E> Condition<E> {
    /// Shows every operand to `look`, from left to right.
    pub fn each<'a>(&'a self, look: &mut dyn FnMut(&'a E)) {
        match self {
            Self::Compare { left, right, .. } => {
                look(left);
                look(right);
            }
            Self::IsNan(x) | Self::IsFinite(x) | Self::Bits { of: x, .. } => look(x),
            Self::And(a, b) | Self::Or(a, b) => {
                a.each(look);
                b.each(look);
            }
            Self::Not(a) => a.each(look),
        }
    }

    /// The same condition of other operands, changed from left to right.
    pub fn map<F>(&self, change: &mut dyn FnMut(&E) -> F) -> Condition<F> {
        match self {
            Self::Compare { op, left, right } => Condition::Compare {
                op: *op,
                left: change(left),
                right: change(right),
            },
            Self::IsNan(x) => Condition::IsNan(change(x)),
            Self::IsFinite(x) => Condition::IsFinite(change(x)),
            Self::Bits { test, of, mask } => Condition::Bits {
                test: *test,
                of: change(of),
                mask: *mask,
            },
            Self::And(a, b) => Condition::And(Box::new(a.map(change)), Box::new(b.map(change))),
            Self::Or(a, b) => Condition::Or(Box::new(a.map(change)), Box::new(b.map(change))),
            Self::Not(a) => Condition::Not(Box::new(a.map(change))),
        }
    }
}

impl Condition<f64> {
    /// Whether it holds of these numbers.
    pub(super) fn holds(&self) -> bool {
        match self {
            Self::Compare { op, left, right } => op.holds(*left, *right),
            Self::IsNan(x) => x.is_nan(),
            Self::IsFinite(x) => x.is_finite(),
            Self::Bits { test, of, mask } => test.holds(*of, *mask),
            Self::And(a, b) => a.holds() && b.holds(),
            Self::Or(a, b) => a.holds() || b.holds(),
            Self::Not(a) => !a.holds(),
        }
    }
}

impl Comparison {
    #[allow(clippy::float_cmp, reason = "the language's == and != are exact")]
    pub(super) fn holds(self, a: f64, b: f64) -> bool {
        match self {
            Self::Eq => a == b,
            Self::Ne => a != b,
            Self::Lt => a < b,
            Self::Le => a <= b,
            Self::Gt => a > b,
            Self::Ge => a >= b,
        }
    }

    /// Whether it holds of sides that lie so to each other; `None` where one is NaN.
    pub(super) fn holds_of(self, order: Option<Ordering>) -> bool {
        let Some(order) = order else {
            return self == Self::Ne;
        };
        match self {
            Self::Eq => order.is_eq(),
            Self::Ne => order.is_ne(),
            Self::Lt => order.is_lt(),
            Self::Le => order.is_le(),
            Self::Gt => order.is_gt(),
            Self::Ge => order.is_ge(),
        }
    }

    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        }
    }
}

impl Bits {
    /// Integers to which f64 is exact; those of more bits have lost some.
    pub(super) const MAX: f64 = 9_007_199_254_740_992.0;

    pub(super) fn holds(self, x: f64, mask: u64) -> bool {
        if x.fract() != 0.0 || x.is_nan() || x.abs() >= Self::MAX {
            return false;
        }
        // Negative ones as the two's complement that is stored.
        let bits = x as i64 as u64;
        match self {
            Self::Has => bits & mask == mask,
            Self::Lacks => bits & mask == 0,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Has => "has",
            Self::Lacks => "lacks",
        }
    }
}
