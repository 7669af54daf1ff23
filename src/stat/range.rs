//! Minimum and maximum, as order-preserving keys.

use super::order::Key;

/// Smallest and largest value that is not NaN; infinities count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    pub min: Key,
    pub max: Key,
}

impl Default for Range {
    /// Of no values: the identity of `merge`.
    fn default() -> Self {
        Self {
            min: Key(u64::MAX),
            max: Key(0),
        }
    }
}

impl Range {
    pub fn merge(&mut self, other: &Self) {
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }
}
