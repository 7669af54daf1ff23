//! What comparisons alone tell of stored values: which are null, and which are odd.
//!
//! Beside `meaning.rs`, for a device that compares as it does: numbers are the bits of values as they are held.

use super::meaning::Meaning;
use super::missing::Bounds;
use crate::config::Dtype;

/// What a stored value is compared with; numbers as bits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Compared {
    /// Values that mean null.
    pub fills: Vec<u64>,
    /// The least and the largest valid value.
    pub valid: Option<[u64; 2]>,
    /// Whether values that look like fill values are to be told of.
    pub suspicious: bool,
}

impl Meaning {
    /// What comparisons tell, where that is all; the error says what else there is to do.
    pub(crate) fn compared(&self) -> Result<Compared, &'static str> {
        if self.packing.is_some() {
            return Err("values are packed");
        }
        if self.dtype() == Dtype::U64 {
            return Err("values are uint64, which may not fit int64");
        }
        let fills = match self.dtype() {
            Dtype::F32 => self.fills.f32.iter().map(|x| x.to_bits().into()).collect(),
            Dtype::F64 => self.fills.f64.iter().map(|x| x.to_bits()).collect(),
            _ => self.fills.i64.iter().map(|x| x.cast_unsigned()).collect(),
        };
        let range = self.range.as_ref().ok().and_then(Option::as_ref);
        let valid = range
            .filter(|_| !self.implied)
            .map(|range| match range.bounds {
                Bounds::F32(a, b) => [a, b].map(|x| x.to_bits().into()),
                Bounds::F64(a, b) => [a, b].map(f64::to_bits),
                Bounds::I64(a, b) => [a, b].map(i64::cast_unsigned),
                Bounds::U64(a, b) => [a, b],
            });
        Ok(Compared {
            fills,
            valid,
            suspicious: self.suspects_strays(),
        })
    }
}
