//! Types of values, as datasets and arrays name them.
//!
//! Below everything that holds values.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The type of a dataset, a column or an output array.
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

    /// The narrowest dtype that holds the values of both, but int64 for uint64 beside a signed
    /// integer, and the float for an integer beside one.
    pub fn wider(self, other: Self) -> Self {
        let bits = |dtype: Self| match dtype {
            Self::I8 | Self::U8 => 8,
            Self::I16 | Self::U16 => 16,
            Self::I32 | Self::U32 | Self::F32 => 32,
            Self::I64 | Self::U64 | Self::F64 => 64,
        };
        let signed = |dtype: Self| matches!(dtype, Self::I8 | Self::I16 | Self::I32 | Self::I64);
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
