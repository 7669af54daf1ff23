//! Order-preserving keys: unsigned integers that sort as the values do.
//!
//! Keys make minima, maxima and order statistics exact and independent of order: comparing
//! integers has no NaN and no signed zero. -0 maps to the key of +0. `value.rs` makes them of values.

use crate::photon::ColumnType;

/// What a value is, as far as accumulators care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    Finite,
    Nan,
    PositiveInfinity,
    NegativeInfinity,
}

/// An order-preserving key, widened to 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(pub u64);

pub(super) const SIGN_32: u32 = 1 << 31;
pub(super) const SIGN_64: u64 = 1 << 63;

impl Key {
    /// The value of a column of this type as f64.
    #[inline]
    pub fn to_f64(self, column_type: ColumnType) -> f64 {
        match column_type {
            ColumnType::F32 => {
                let key = self.0 as u32;
                let bits = if key & SIGN_32 == 0 {
                    !key
                } else {
                    key ^ SIGN_32
                };
                f64::from(f32::from_bits(bits))
            }
            ColumnType::F64 => f64::from_bits(if self.0 & SIGN_64 == 0 {
                !self.0
            } else {
                self.0 ^ SIGN_64
            }),
            ColumnType::I64 => self.to_i64() as f64,
        }
    }

    /// The value of an integer column.
    #[inline]
    pub fn to_i64(self) -> i64 {
        (self.0 ^ SIGN_64) as i64
    }
}
