//! Packed values: `scale_factor` and `add_offset` (CF conventions, section 8.1).
//!
//! On the line: `meaning.rs` unpacks the values of a block once it has found what is null among them.
//! Types and the order of operations are those of xarray's decoder: values are converted to the type,
//! multiplied, then added to, each rounded once.

use super::attributes::{Attribute, Attributes, Number};
use crate::config::Dtype;
use crate::photon::{Buffer, Values};

/// How packed values become numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Packing {
    pub scale: Option<f64>,
    pub offset: Option<f64>,
    /// The type of the numbers, float32 or float64.
    pub to: Dtype,
}

/// One of the two attributes.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Factor {
    value: f64,
    /// It is float32.
    single: bool,
}

impl Factor {
    #[expect(clippy::float_cmp, reason = "exactly this number changes nothing")]
    fn is<const NUMBER: i32>(self) -> bool {
        self.value == f64::from(NUMBER)
    }
}

impl Packing {
    /// What the attributes say of values that are stored as `stored`; `None` where they change nothing.
    /// `nan_only` where all fill values are NaN.
    ///
    /// The error names the attribute that cannot be honoured.
    pub fn new(
        attributes: &Attributes,
        stored: Dtype,
        nan_only: bool,
    ) -> Result<Option<Self>, String> {
        let scale = factor(attributes, "scale_factor")?;
        let offset = factor(attributes, "add_offset")?;
        if scale.is_some_and(|scale| scale.value == 0.0) {
            return Err(
                "attribute scale_factor is 0, which makes all values one; correct the attribute"
                    .to_owned(),
            );
        }
        if scale.is_none_or(Factor::is::<1>) && offset.is_none_or(Factor::is::<0>) {
            return Ok(None);
        }
        Ok(Some(Self {
            scale: scale.map(|scale| scale.value),
            offset: offset.map(|offset| offset.value),
            to: unpacked(stored, scale, offset, nan_only),
        }))
    }

    /// The numbers of packed values; those of uint64 beyond int64 are wrapped.
    pub fn unpack(&self, values: &Values, stored: Dtype) -> Values {
        match (values, self.to) {
            (Values::F32(v), Dtype::F32) => Values::F32(self.single(v, |x| x)),
            (Values::F64(v), Dtype::F32) => Values::F32(self.single(v, |x| x as f32)),
            (Values::I64(v), Dtype::F32) if stored == Dtype::U64 => {
                Values::F32(self.single(v, |x| x.cast_unsigned() as f32))
            }
            (Values::I64(v), Dtype::F32) => Values::F32(self.single(v, |x| x as f32)),
            (Values::F32(v), _) => Values::F64(self.double(v, f64::from)),
            (Values::F64(v), _) => Values::F64(self.double(v, |x| x)),
            (Values::I64(v), _) if stored == Dtype::U64 => {
                Values::F64(self.double(v, |x| x.cast_unsigned() as f64))
            }
            (Values::I64(v), _) => Values::F64(self.double(v, |x| x as f64)),
        }
    }

    fn double<T: Copy>(&self, values: &[T], wide: impl Fn(T) -> f64) -> Buffer<f64> {
        let (scale, offset) = (self.scale, self.offset);
        let unpack = |&value: &T| {
            let x = wide(value);
            let x = scale.map_or(x, |scale| x * scale);
            offset.map_or(x, |offset| x + offset)
        };
        values.iter().map(unpack).collect()
    }

    /// A product or sum of two float32, computed in float64 and rounded, is the float32 one: 53 bits
    /// are more than twice 24 and 2.
    fn single<T: Copy>(&self, values: &[T], narrow: impl Fn(T) -> f32) -> Buffer<f32> {
        let (scale, offset) = (self.scale, self.offset);
        let unpack = |&value: &T| {
            let x = narrow(value);
            let x = scale.map_or(x, |scale| (f64::from(x) * scale) as f32);
            offset.map_or(x, |offset| (f64::from(x) + offset) as f32)
        };
        values.iter().map(unpack).collect()
    }
}

/// The type of unpacked values, as xarray chooses it; an integer `scale_factor` counts as float64.
fn unpacked(stored: Dtype, scale: Option<Factor>, offset: Option<Factor>, nan_only: bool) -> Dtype {
    let of = |single: bool| if single { Dtype::F32 } else { Dtype::F64 };
    match (scale, offset) {
        _ if stored.is_float() && nan_only => stored,
        (Some(scale), Some(offset)) if scale.single && offset.single => {
            // 32 bits do not fit the 24 of a float32.
            of(!matches!(stored, Dtype::I32 | Dtype::U32))
        }
        (Some(scale), None) => of(scale.single),
        _ => Dtype::F64,
    }
}

/// One finite number.
fn factor(attributes: &Attributes, name: &str) -> Result<Option<Factor>, String> {
    let Some(attribute) = attributes.get(name) else {
        return Ok(None);
    };
    let refuse = |what: String| {
        Err(format!(
            "attribute {name} {what}, and one finite number is expected; correct the attribute"
        ))
    };
    match attribute {
        Attribute::Numbers { values, single } => match values[..] {
            [value] if value.to_f64().is_finite() => Ok(Some(Factor {
                value: value.to_f64(),
                single: *single && matches!(value, Number::Float(_)),
            })),
            [value] => refuse(format!("is {value}")),
            _ => refuse(format!("has {} values", values.len())),
        },
        Attribute::Text(text) => refuse(format!("is '{text}'")),
        Attribute::Other(what) => refuse(format!("is {what}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_those_that_xarray_chooses() {
        let factor = |single| Some(Factor { value: 0.5, single });
        let (single, double) = (factor(true), factor(false));
        for (stored, scale, offset, expected) in [
            (Dtype::I16, single, None, Dtype::F32),
            (Dtype::I32, single, None, Dtype::F32),
            (Dtype::F64, single, None, Dtype::F32),
            (Dtype::I16, double, None, Dtype::F64),
            (Dtype::F32, double, None, Dtype::F64),
            (Dtype::I16, single, single, Dtype::F32),
            (Dtype::I32, single, single, Dtype::F64),
            (Dtype::U32, single, single, Dtype::F64),
            (Dtype::I64, single, single, Dtype::F32),
            (Dtype::I16, single, double, Dtype::F64),
            (Dtype::I16, double, single, Dtype::F64),
            (Dtype::F32, None, single, Dtype::F64),
        ] {
            let found = unpacked(stored, scale, offset, false);
            assert_eq!(found, expected, "{stored:?} {scale:?} {offset:?}");
        }
        assert_eq!(unpacked(Dtype::F32, double, None, true), Dtype::F32);
        assert_eq!(unpacked(Dtype::I16, single, None, true), Dtype::F32);
    }

    #[test]
    fn each_operation_rounds_once_in_the_type_of_the_result() {
        let packing = |to| Packing {
            scale: Some(0.01),
            offset: Some(900.0),
            to,
        };
        let packed = Values::I64(vec![12_345, -1].into());
        let double = packing(Dtype::F64).unpack(&packed, Dtype::I32);
        assert_eq!(
            double,
            Values::F64(vec![12_345.0 * 0.01 + 900.0, -0.01 + 900.0].into())
        );
        let single = Packing {
            scale: Some(f64::from(0.01_f32)),
            ..packing(Dtype::F32)
        };
        let expected = [12_345_f32, -1.0].map(|x| x * 0.01_f32 + 900.0);
        assert_eq!(
            single.unpack(&packed, Dtype::I16),
            Values::F32(expected.to_vec().into())
        );
        let top = Values::I64(vec![-1].into());
        let unsigned = packing(Dtype::F64).unpack(&top, Dtype::U64);
        assert_eq!(
            unsigned,
            Values::F64(vec![u64::MAX as f64 * 0.01 + 900.0].into())
        );
    }
}
