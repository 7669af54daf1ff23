//! Which values are missing: fill values, and values outside the declared valid range.
//!
//! On the line: `meaning.rs` marks the values of a block before it unpacks them: both are in the units
//! of what is stored (CF conventions, section 2.5.1 and appendix A).

use arrow::buffer::{BooleanBuffer, NullBuffer};

use super::attributes::{Attributes, Number};
use super::integers::Integers;
use crate::config::Dtype;
use crate::decode::extremes::Extremes;
use crate::photon::Values;

/// The values that mean null, in the type in which stored values are held; uint64 wrapped.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Fills {
    pub f32: Vec<f32>,
    pub f64: Vec<f64>,
    pub i64: Vec<i64>,
    /// As they are declared.
    pub declared: Vec<Number>,
}

/// The least and the largest value that is valid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ValidRange {
    low: Option<Number>,
    high: Option<Number>,
    /// The same in the type in which stored values are held.
    pub bounds: Bounds,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Bounds {
    F32(f32, f32),
    F64(f64, f64),
    I64(i64, i64),
    U64(u64, u64),
}

impl Fills {
    /// Those that `_FillValue` and `missing_value` declare; each a scalar or an array. Declared values
    /// that no value of the type is equal to go to `warnings`.
    ///
    /// The error names an attribute that is no number.
    pub fn new(
        attributes: &Attributes,
        stored: Dtype,
        warnings: &mut Vec<String>,
    ) -> Result<Self, String> {
        let mut fills = Self::default();
        for name in ["_FillValue", "missing_value"] {
            for &value in attributes.numbers(name)? {
                if fills.add(value, stored) {
                    fills.declared.push(value);
                } else {
                    warnings.push(format!(
                        "attribute {name} is {value}, which no {} is equal to: it makes nothing null",
                        stored.name()
                    ));
                }
            }
        }
        Ok(fills)
    }

    /// Adds a value, rounded to the type; whether the type has it.
    fn add(&mut self, value: Number, stored: Dtype) -> bool {
        match stored {
            Dtype::F64 => self.f64.push(value.to_f64()),
            Dtype::F32 => {
                let wide = value.to_f64();
                let narrow = wide as f32;
                if narrow.is_infinite() && wide.is_finite() {
                    return false;
                }
                self.f32.push(narrow);
            }
            integer => match value {
                Number::Int(n) if holds(integer, n) => self.i64.push(wrapped(n)),
                Number::Float(x) if x.fract() == 0.0 && holds(integer, x as i128) => {
                    self.i64.push(wrapped(x as i128));
                }
                _ => return false,
            },
        }
        true
    }

    /// Whether there are some and all are NaN.
    pub fn only_nan(&self) -> bool {
        let floats = self.f32.iter().map(|&x| f64::from(x));
        let mut floats = floats.chain(self.f64.iter().copied());
        !self.declared.is_empty() && self.i64.is_empty() && floats.all(f64::is_nan)
    }

    /// As [`Fills::mark`], of integers as they are stored.
    pub fn mark_integers(&self, values: &Integers) -> Option<NullBuffer> {
        if self.i64.is_empty() {
            return None;
        }
        let fills: Vec<[i64; 2]> = self.i64.iter().map(|&fill| [fill, fill]).collect();
        let found = values.found(&fills, true)?;
        Some(NullBuffer::new(!&found))
    }

    /// Whether none is among floats between these.
    pub fn are_beyond(&self, extremes: &Extremes) -> bool {
        let singles = self.f32.iter().map(|&x| f64::from(x));
        let mut floats = singles.chain(self.f64.iter().copied());
        !floats.any(|fill| extremes.may_hold(fill))
    }

    /// Which values are not fill values; `None` where none is.
    #[expect(clippy::float_cmp, reason = "a fill value is one exact number")]
    pub fn mark(&self, values: &Values) -> Option<NullBuffer> {
        match values {
            Values::F32(v) => mark(v, &self.f32, |x, fill| {
                (x == fill) | (x.is_nan() & fill.is_nan())
            }),
            Values::F64(v) => mark(v, &self.f64, |x, fill| {
                (x == fill) | (x.is_nan() & fill.is_nan())
            }),
            Values::I64(v) => mark(v, &self.i64, |x, fill| x == fill),
        }
    }
}

/// Which values are not among the fill values; `None` where none is.
fn mark<T: Copy>(values: &[T], fills: &[T], is: impl Fn(T, T) -> bool) -> Option<NullBuffer> {
    match fills {
        [] => None,
        [fill] => mark_where(values, |x| is(x, *fill)),
        several => mark_where(values, |x| several.iter().any(|&fill| is(x, fill))),
    }
}

fn mark_where<T: Copy>(values: &[T], is: impl Fn(T) -> bool) -> Option<NullBuffer> {
    let found = found(values, is)?;
    Some(NullBuffer::new(!&found))
}

/// For which values it holds; `None` where for none.
fn found<T: Copy>(values: &[T], is: impl Fn(T) -> bool) -> Option<BooleanBuffer> {
    // Counted without a branch; in most blocks there are none.
    let count: usize = values.iter().map(|&v| usize::from(is(v))).sum();
    (count > 0).then(|| BooleanBuffer::collect_bool(values.len(), |i| is(values[i])))
}

impl ValidRange {
    /// The range that `valid_min` and `valid_max`, or `valid_range`, declare of stored values.
    ///
    /// The error names the attribute that cannot be understood.
    pub fn new(attributes: &Attributes, stored: Dtype) -> Result<Option<Self>, String> {
        let one = |name: &str| match attributes.numbers(name)? {
            [] => Ok(None),
            [value] => Ok(Some(*value)),
            several => Err(format!(
                "attribute {name} has {} values, and one is expected",
                several.len()
            )),
        };
        let (min, max) = (one("valid_min")?, one("valid_max")?);
        let (low, high) = match attributes.numbers("valid_range")? {
            [] => (min, max),
            [_, _] if min.is_some() || max.is_some() => {
                let other = if min.is_some() {
                    "valid_min"
                } else {
                    "valid_max"
                };
                return Err(format!(
                    "attributes valid_range and {other} both stand there, and one of the two kinds is \
                     expected"
                ));
            }
            [low, high] => (Some(*low), Some(*high)),
            other => {
                return Err(format!(
                    "attribute valid_range has {} values, and two are expected",
                    other.len()
                ));
            }
        };
        if low.is_none() && high.is_none() {
            return Ok(None);
        }
        let is_nan = |bound: Option<Number>| bound.is_some_and(|b| b.to_f64().is_nan());
        let bounds = Bounds::new(low, high, stored);
        if is_nan(low) || is_nan(high) || bounds.is_empty() {
            let shown = |bound: Option<Number>| bound.map_or("none".to_owned(), |b| b.to_string());
            return Err(format!(
                "the valid range from {} to {} holds no {}",
                shown(low),
                shown(high),
                stored.name()
            ));
        }
        Ok(Some(Self { low, high, bounds }))
    }

    /// The least and the largest valid value, as they are declared.
    pub fn declared(&self) -> [Option<Number>; 2] {
        [self.low, self.high]
    }

    /// Whether a bound is a float.
    pub fn is_float(&self) -> bool {
        let bounds = self.declared();
        bounds.iter().any(|b| matches!(b, Some(Number::Float(_))))
    }

    /// Whether every number from `low` to `high` is in the range.
    pub fn holds(&self, low: f64, high: f64) -> bool {
        match self.bounds {
            Bounds::F32(a, b) => f64::from(a) <= low && high <= f64::from(b),
            Bounds::F64(a, b) => a <= low && high <= b,
            _ => false,
        }
    }

    /// Which values lie outside; `None` where none does. NaN is neither below nor above.
    pub fn outside(&self, values: &Values) -> Option<BooleanBuffer> {
        match (values, self.bounds) {
            (Values::F32(v), Bounds::F32(a, b)) => found(v, |x| (x < a) || (x > b)),
            (Values::F64(v), Bounds::F64(a, b)) => found(v, |x| (x < a) || (x > b)),
            (Values::I64(v), Bounds::I64(a, b)) => found(v, |x| (x < a) || (x > b)),
            (Values::I64(v), Bounds::U64(a, b)) => {
                found(v, |x| (x.cast_unsigned() < a) | (x.cast_unsigned() > b))
            }
            _ => unreachable!("bounds are of the type of the values"),
        }
    }
}

impl ValidRange {
    /// As [`ValidRange::outside`], of integers as they are stored.
    pub fn outside_integers(&self, values: &Integers) -> Option<BooleanBuffer> {
        match self.bounds {
            Bounds::I64(a, b) => values.found(&[[a, b]], false),
            _ => unreachable!("bounds are of the type of the values"),
        }
    }
}

impl Bounds {
    fn new(low: Option<Number>, high: Option<Number>, stored: Dtype) -> Self {
        let float = |bound: Option<Number>, none: f64| bound.map_or(none, Number::to_f64);
        let (from, to) = (float(low, f64::NEG_INFINITY), float(high, f64::INFINITY));
        match stored {
            Dtype::F32 => Self::F32(from as f32, to as f32),
            Dtype::F64 => Self::F64(from, to),
            integer => {
                // Whole numbers are compared as such; a float saturates far beyond all of them.
                let from = low.map_or(i128::MIN, |low| match low {
                    Number::Int(n) => n,
                    Number::Float(x) => x.ceil() as i128,
                });
                let to = high.map_or(i128::MAX, |high| match high {
                    Number::Int(n) => n,
                    Number::Float(x) => x.floor() as i128,
                });
                if integer == Dtype::U64 {
                    let clamp = |n: i128| n.clamp(0, u64::MAX.into()) as u64;
                    Self::U64(clamp(from), clamp(to))
                } else {
                    let clamp = |n: i128| n.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
                    Self::I64(clamp(from), clamp(to))
                }
            }
        }
    }

    fn is_empty(self) -> bool {
        match self {
            Self::F32(a, b) => a > b,
            Self::F64(a, b) => a > b,
            Self::I64(a, b) => a > b,
            Self::U64(a, b) => a > b,
        }
    }
}

/// Whether an integer is a value of the type.
pub(super) fn holds(dtype: Dtype, n: i128) -> bool {
    let whole = dtype.whole_numbers();
    whole.is_some_and(|whole| whole.contains(&n))
}

/// An integer of any of the types as it is held.
fn wrapped(n: i128) -> i64 {
    n as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fills(values: &[Number], stored: Dtype) -> (Fills, usize) {
        let mut fills = Fills::default();
        let added = values.iter().filter(|&&v| fills.add(v, stored)).count();
        (fills, values.len() - added)
    }

    fn nulls(fills: &Fills, values: &Values) -> Vec<usize> {
        let marked = fills.mark(values);
        let is_null = |&i: &usize| marked.as_ref().is_some_and(|m| m.is_null(i));
        (0..values.len()).filter(is_null).collect()
    }

    #[test]
    fn a_fill_value_is_compared_in_the_datasets_own_type() {
        let wide = Number::Float(3.402_823_466_385_288_6e38);
        let (single, _) = fills(&[wide, Number::Float(0.1), Number::Int(7)], Dtype::F32);
        let values = Values::F32(vec![f32::MAX, 1.0, 0.1, 7.0, f32::NAN].into());
        assert_eq!(nulls(&single, &values), [0, 2, 3]);
        assert_eq!(fills(&[Number::Float(f64::MAX)], Dtype::F32).1, 1);
        let (byte, odd) = fills(&[127.0, 0.5, 300.0, f64::NAN].map(Number::Float), Dtype::I8);
        assert_eq!(nulls(&byte, &Values::I64(vec![127, 0, 44].into())), [0]);
        assert_eq!(odd, 3);
        let top = Number::Int(u64::MAX.into());
        let (unsigned, _) = fills(&[top], Dtype::U64);
        assert_eq!(nulls(&unsigned, &Values::I64(vec![0, -1].into())), [1]);
        assert_eq!(fills(&[top], Dtype::I64).1, 1);
        let (nan, _) = fills(&[Number::Float(f64::NAN)], Dtype::F64);
        assert_eq!(nulls(&nan, &Values::F64(vec![0.0, f64::NAN].into())), [1]);
    }

    #[test]
    fn a_bound_is_compared_in_the_datasets_own_type() {
        let outside = |low: Number, high: Number, stored, values: &Values| {
            let bounds = Bounds::new(Some(low), Some(high), stored);
            let range = ValidRange {
                low: Some(low),
                high: Some(high),
                bounds,
            };
            let marked = range.outside(values);
            let is = |&i: &usize| marked.as_ref().is_some_and(|m| m.value(i));
            (0..values.len()).filter(is).collect::<Vec<_>>()
        };
        let [low, high] = [-1.0, 0.1].map(Number::Float);
        let values = Values::F32(vec![0.1, 0.11, f32::NAN, -1.0, f32::NEG_INFINITY].into());
        assert_eq!(outside(low, high, Dtype::F32, &values), [1, 4]);
        let integers = Values::I64(vec![-1, 0, 1, -2].into());
        assert_eq!(outside(low, high, Dtype::I8, &integers), [2, 3]);
        let far = Number::Float(1e300);
        let everything = Values::I64(vec![0, -1].into());
        assert!(outside(Number::Int(0), far, Dtype::U64, &everything).is_empty());
    }
}
