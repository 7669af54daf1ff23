//! Types of values, as datasets and arrays name them.
//!
//! Below everything that holds values.

use std::ops::RangeInclusive;

use arrow::datatypes::DataType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The type of a dataset, a column or an output array.
///
/// ```
/// use icefold::config::Dtype;
///
/// assert_eq!(serde_json::to_string(&Dtype::F32).unwrap(), "\"float32\"");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Dtype {
    #[serde(rename = "int8")]
    I8,
    #[serde(rename = "int16")]
    I16,
    #[serde(rename = "int32")]
    I32,
    #[serde(rename = "int64")]
    I64,
    #[serde(rename = "uint8")]
    U8,
    #[serde(rename = "uint16")]
    U16,
    #[serde(rename = "uint32")]
    U32,
    #[serde(rename = "uint64")]
    U64,
    #[serde(rename = "float32")]
    F32,
    #[serde(rename = "float64")]
    F64,
}

impl Dtype {
    /// All that there are.
    pub const ALL: [Self; 10] = [
        Self::I8,
        Self::I16,
        Self::I32,
        Self::I64,
        Self::U8,
        Self::U16,
        Self::U32,
        Self::U64,
        Self::F32,
        Self::F64,
    ];

    /// The type of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dtype| dtype.name() == name)
    }

    /// The numpy and Zarr name, e.g. `float32`.
    pub fn name(self) -> &'static str {
        match self {
            Self::I8 => "int8",
            Self::I16 => "int16",
            Self::I32 => "int32",
            Self::I64 => "int64",
            Self::U8 => "uint8",
            Self::U16 => "uint16",
            Self::U32 => "uint32",
            Self::U64 => "uint64",
            Self::F32 => "float32",
            Self::F64 => "float64",
        }
    }

    /// Bytes of a value.
    pub fn size(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 => 8,
        }
    }

    pub fn is_signed(self) -> bool {
        matches!(self, Self::I8 | Self::I16 | Self::I32 | Self::I64)
    }

    /// The smallest and the largest value of an integer type; `None` of a float.
    pub fn whole_numbers(self) -> Option<RangeInclusive<i128>> {
        if self.is_float() {
            return None;
        }
        let bits = 8 * self.size() as u32;
        Some(if self.is_signed() {
            -(1 << (bits - 1))..=(1 << (bits - 1)) - 1
        } else {
            0..=(1 << bits) - 1
        })
    }

    /// The type of a column of such values.
    pub fn data_type(self) -> DataType {
        match self {
            Self::I8 => DataType::Int8,
            Self::I16 => DataType::Int16,
            Self::I32 => DataType::Int32,
            Self::I64 => DataType::Int64,
            Self::U8 => DataType::UInt8,
            Self::U16 => DataType::UInt16,
            Self::U32 => DataType::UInt32,
            Self::U64 => DataType::UInt64,
            Self::F32 => DataType::Float32,
            Self::F64 => DataType::Float64,
        }
    }

    /// The narrowest dtype that holds the values of both, but int64 for uint64 beside a signed
    /// integer, and the float for an integer beside one.
    pub fn wider(self, other: Self) -> Self {
        let bits = |dtype: Self| 8 * dtype.size();
        let signed = Self::is_signed;
        let (small, large) = if bits(self) <= bits(other) {
            (self, other)
        } else {
            (other, self)
        };
        if small.is_float() != large.is_float() {
            return if small.is_float() { small } else { large };
        }
        if large.is_float() || signed(small) == signed(large) {
            return large;
        }
        // One signed, one unsigned: a signed type wider than the unsigned one.
        let unsigned_bits = if signed(small) {
            bits(large)
        } else {
            bits(small)
        };
        match unsigned_bits.max(bits(if signed(small) { small } else { large }) / 2) {
            8 => Self::I16,
            16 => Self::I32,
            _ => Self::I64,
        }
    }

    pub fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_holds_the_whole_numbers_of_its_bytes() {
        assert_eq!(Dtype::I8.whole_numbers(), Some(-128..=127));
        assert_eq!(Dtype::U16.whole_numbers(), Some(0..=65_535));
        let most = i128::from(i64::MIN)..=i128::from(i64::MAX);
        assert_eq!(Dtype::I64.whole_numbers(), Some(most));
        assert_eq!(Dtype::U64.whole_numbers(), Some(0..=i128::from(u64::MAX)));
        assert_eq!(Dtype::F32.whole_numbers(), None);
    }

    #[test]
    fn a_type_is_found_by_its_name_and_its_column_has_its_bytes() {
        for dtype in Dtype::ALL {
            assert_eq!(Dtype::named(dtype.name()), Some(dtype));
            assert_eq!(dtype.data_type().primitive_width(), Some(dtype.size()));
            assert_eq!(dtype.data_type().is_floating(), dtype.is_float());
        }
        assert_eq!(Dtype::named("int128"), None);
    }
}
