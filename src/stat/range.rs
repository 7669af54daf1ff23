//! Minimum and maximum, as order-preserving keys.

use super::key::{Class, Key, Value};

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
    pub fn accumulate<T: Value>(&mut self, values: &[T]) {
        for value in values {
            if value.class() != Class::Nan {
                let key = value.key();
                self.min = self.min.min(key);
                self.max = self.max.max(key);
            }
        }
    }

    pub fn merge(&mut self, other: &Self) {
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }
}
