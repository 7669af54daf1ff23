//! Fill values: as bytes of a type, and as Zarr writes them.
//!
//! Below `metadata.rs`.

use serde_json::{Value, json};

use crate::config::Dtype;

/// Little-endian bytes and JSON of a fill value; `None` if the dtype does not hold it.
#[allow(
    clippy::cast_lossless,
    reason = "one macro for widths that convert exactly and widths that do not"
)]
pub fn fill(dtype: Dtype, value: f64) -> Option<(Vec<u8>, Value)> {
    macro_rules! whole {
        ($t:ty) => {{
            let held = value as $t;
            // Adding zero makes -0 the 0 that an integer gives back.
            ((held as f64).to_bits() == (value + 0.0).to_bits())
                .then(|| (held.to_le_bytes().to_vec(), json!(held)))
        }};
    }
    match dtype {
        Dtype::I8 => whole!(i8),
        Dtype::I16 => whole!(i16),
        Dtype::I32 => whole!(i32),
        Dtype::I64 => whole!(i64),
        Dtype::U8 => whole!(u8),
        Dtype::U16 => whole!(u16),
        Dtype::U32 => whole!(u32),
        Dtype::U64 => whole!(u64),
        Dtype::F32 => {
            let held = value as f32;
            (held.is_finite() || !value.is_finite())
                .then(|| (held.to_le_bytes().to_vec(), float(value)))
        }
        Dtype::F64 => Some((value.to_le_bytes().to_vec(), float(value))),
    }
}

/// A float as Zarr writes it: a number, or the name of what JSON has no number for.
pub fn float(value: f64) -> Value {
    if value.is_nan() {
        json!("NaN")
    } else if value.is_infinite() {
        json!(if value > 0.0 { "Infinity" } else { "-Infinity" })
    } else {
        json!(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fill_value_that_the_type_cannot_hold_is_refused() {
        assert!(fill(Dtype::U8, -1.0).is_none());
        assert!(fill(Dtype::I32, f64::NAN).is_none());
        assert!(fill(Dtype::I16, 0.5).is_none());
        let (bytes, json) = fill(Dtype::I16, -2.0).unwrap();
        assert_eq!((bytes, json), (vec![0xfe, 0xff], json!(-2)));
        assert_eq!(fill(Dtype::F32, f64::NAN).unwrap().1, json!("NaN"));
        assert!(fill(Dtype::F32, 1e39).is_none());
    }
}
