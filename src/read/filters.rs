//! Row filters: which photons are kept, and the reason under which the others are counted.
//!
//! On the line: `select.rs` narrows the photons of a block filter by filter. Comparisons are those of
//! numpy: a threshold is rounded to the type of floats that it is compared with, and is compared with
//! integers as a real number. Every operation becomes closed ranges of the values' own type, so that
//! one loop compares, in lanes.

use std::ops::Range;

use multiversion::multiversion;

use super::missing::holds;
use super::steps::StepFinder;
use crate::config::{Dtype, Filter, FilterOp};
use crate::decode::extremes::Extremes;
use crate::photon::{ColumnType, Values};

/// One filter of the config, ready to compare.
#[derive(Debug, Clone)]
pub(crate) struct RowFilter {
    /// Values in any of these ranges are inside; NaN never is.
    singles: Vec<Between<f32>>,
    doubles: Vec<Between<f64>>,
    integers: Vec<Between<i64>>,
    /// Whether those inside are kept, or the others.
    inside: bool,
    /// The key in `Counts::rejected`, e.g. `filter: signal_conf_ph[:,0] ne -2`.
    pub reason: String,
}

/// All values from `low` to `high`, both included.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Between<T> {
    low: T,
    high: T,
}

impl RowFilter {
    pub fn new(filter: &Filter) -> Self {
        let op = filter.op;
        let negative = matches!(op, FilterOp::Ne | FilterOp::NotIn);
        // A comparison has one constant.
        let constants = match op {
            FilterOp::Eq | FilterOp::Ne | FilterOp::In | FilterOp::NotIn => &filter.values[..],
            _ => &filter.values[..filter.values.len().min(1)],
        };
        let constants = || constants.iter().filter(|c| !c.is_nan());
        Self {
            singles: constants().filter_map(|&c| singles(op, c as f32)).collect(),
            doubles: constants().filter_map(|&c| doubles(op, c)).collect(),
            integers: constants().filter_map(|&c| integers(op, c)).collect(),
            inside: filter.keep != negative,
            reason: reason(filter),
        }
    }

    /// The same of values that have these names; those that it compares with have to be among them.
    pub fn of_members(filter: &Filter, members: &[(String, i64)]) -> Self {
        let numbered = filter.numbered(members);
        Self {
            reason: reason(filter),
            ..Self::new(numbered.as_ref().unwrap_or(filter))
        }
    }

    /// The ranges of values of this type, as the bits of the least and the largest, and whether those inside are kept.
    pub fn ranges(&self, of: ColumnType) -> (Vec<[u64; 2]>, bool) {
        let ranges = match of {
            ColumnType::F32 => {
                let bits = |b: &Between<f32>| [b.low, b.high].map(|x| x.to_bits().into());
                self.singles.iter().map(bits).collect()
            }
            ColumnType::F64 => {
                let bits = |b: &Between<f64>| [b.low, b.high].map(f64::to_bits);
                self.doubles.iter().map(bits).collect()
            }
            ColumnType::I64 => {
                let bits = |b: &Between<i64>| [b.low, b.high].map(i64::cast_unsigned);
                self.integers.iter().map(bits).collect()
            }
        };
        (ranges, self.inside)
    }

    /// The ranges of integers, and whether those inside are kept.
    pub(super) fn of_integers(&self) -> (Vec<[i64; 2]>, bool) {
        let ranges = self.integers.iter().map(|b| [b.low, b.high]);
        (ranges.collect(), self.inside)
    }

    /// Whether values of float64 between these are all kept, or none is; `None` where they have to be compared.
    pub fn decides(&self, of: &Extremes) -> Option<bool> {
        let [only] = &self.doubles[..] else {
            return None;
        };
        if of.least >= only.low && of.most <= only.high && !of.has_nan {
            return Some(self.inside);
        }
        // NaN is not inside, either.
        let apart = of.most < only.low || of.least > only.high;
        apart.then_some(!self.inside)
    }

    /// Clears the marks of the rows that the filter rejects, of those in `rows` that `marks` holds.
    pub fn narrow(&self, values: &Values, rows: Range<usize>, marks: &mut [u8]) {
        match values {
            Values::F32(v) => narrow_f32(&v[rows], &self.singles, self.inside, marks),
            Values::F64(v) => narrow_f64(&v[rows], &self.doubles, self.inside, marks),
            Values::I64(v) => narrow_i64(&v[rows], &self.integers, self.inside, marks),
        }
    }
}

impl Filter {
    /// The same, with numbers in place of the names of members of an enum.
    ///
    /// The error names the one that there is none of.
    pub(crate) fn numbered(&self, members: &[(String, i64)]) -> Result<Self, String> {
        let mut values = self.values.clone();
        for word in &self.words {
            let known = members.iter().find(|(name, _)| name == word);
            let Some((_, value)) = known else {
                let there = if members.is_empty() {
                    "its values have no names, as those of an enum and booleans have".to_owned()
                } else {
                    let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
                    format!("its values are called {}", names.join(", "))
                };
                return Err(format!(
                    "{} compares with '{word}', and {there}; correct the value in the config",
                    reason(self)
                ));
            };
            values.push(*value as f64);
        }
        Ok(Self {
            values,
            words: Vec::new(),
            ..self.clone()
        })
    }

    /// Whether values of this type and these units can be told apart by the filter.
    ///
    /// The error names the number that no value of the type is equal to, or the units that are no time.
    pub(crate) fn check(&self, dtype: Dtype, units: Option<&str>) -> Result<(), String> {
        if self.moment.is_some() {
            check_epoch(units)?;
            StepFinder::check(dtype)?;
        }
        if !matches!(
            self.op,
            FilterOp::Eq | FilterOp::Ne | FilterOp::In | FilterOp::NotIn
        ) {
            return Ok(());
        }
        let has = |c: f64| match dtype {
            Dtype::F32 => (c as f32).is_finite() || !c.is_finite(),
            Dtype::F64 => true,
            integer => c.fract() == 0.0 && holds(integer, c as i128),
        };
        match self.values.iter().find(|&&c| !has(c)) {
            None => Ok(()),
            Some(c) => Err(format!(
                "{} compares with {c}, which no {} is equal to; correct the value in the config",
                reason(self),
                dtype.name()
            )),
        }
    }
}

/// Whether the units are those of the times of a config.
fn check_epoch(units: Option<&str>) -> Result<(), String> {
    let Some(units) = units else {
        return Err(
            "has no attribute units, and times are 'seconds since 2018-01-01'; name the dataset of \
             times in time.dataset"
                .to_owned(),
        );
    };
    let lower = units.trim().to_lowercase();
    let epoch = lower
        .strip_prefix("seconds since 2018-01-01")
        .map(str::trim);
    let midnight = |rest: &str| {
        let rest = rest.trim_start_matches('t').trim_end_matches(['z', ' ']);
        let clock = rest.trim_end_matches("utc").trim();
        clock.bytes().all(|b| matches!(b, b'0' | b':' | b'.'))
    };
    if epoch.is_some_and(midnight) {
        return Ok(());
    }
    Err(format!(
        "attribute units is '{units}', and times are 'seconds since 2018-01-01'; name the dataset of times \
         in time.dataset"
    ))
}

macro_rules! floats {
    ($name:ident, $float:ty) => {
        /// The floats x for which `x op c` holds, or would for the operation that `op` negates.
        fn $name(op: FilterOp, c: $float) -> Option<Between<$float>> {
            let between = |low, high| Some(Between { low, high });
            match op {
                FilterOp::Eq | FilterOp::Ne | FilterOp::In | FilterOp::NotIn => between(c, c),
                FilterOp::Ge => between(c, <$float>::INFINITY),
                FilterOp::Le => between(<$float>::NEG_INFINITY, c),
                FilterOp::Gt if c == <$float>::INFINITY => None,
                FilterOp::Gt => between(c.next_up(), <$float>::INFINITY),
                FilterOp::Lt if c == <$float>::NEG_INFINITY => None,
                FilterOp::Lt => between(<$float>::NEG_INFINITY, c.next_down()),
            }
        }
    };
}

floats!(singles, f32);
floats!(doubles, f64);

/// The integers for which it holds, compared as real numbers.
fn integers(op: FilterOp, c: f64) -> Option<Between<i64>> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0; // 2^63
    let (low, high) = match op {
        FilterOp::Eq | FilterOp::Ne | FilterOp::In | FilterOp::NotIn => (c.ceil(), c.floor()),
        FilterOp::Ge => (c.ceil(), f64::INFINITY),
        FilterOp::Le => (f64::NEG_INFINITY, c.floor()),
        FilterOp::Gt => (c.floor(), f64::INFINITY),
        FilterOp::Lt => (f64::NEG_INFINITY, c.ceil()),
    };
    if low >= LIMIT || high < -LIMIT || low > high {
        return None;
    }
    // Exact: a float of magnitude below 2^63 without fraction is an i64; others saturate.
    let (low_integer, high_integer) = (low as i64, high as i64);
    let between = Between {
        low: match op {
            FilterOp::Gt if low >= -LIMIT => low_integer.checked_add(1)?,
            _ => low_integer,
        },
        high: match op {
            FilterOp::Lt if high < LIMIT => high_integer.checked_sub(1)?,
            _ => high_integer,
        },
    };
    Some(between)
}

macro_rules! narrow {
    ($values:ident, $between:ident, $inside:ident, $marks:ident) => {
        match $between {
            [only] => {
                for (mark, &x) in $marks.iter_mut().zip($values) {
                    let hit = (x >= only.low) & (x <= only.high);
                    *mark &= u8::from(hit == $inside);
                }
            }
            several => {
                for (mark, &x) in $marks.iter_mut().zip($values) {
                    let hit = several.iter().any(|b| (x >= b.low) & (x <= b.high));
                    *mark &= u8::from(hit == $inside);
                }
            }
        }
    };
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
fn narrow_f32(values: &[f32], between: &[Between<f32>], inside: bool, marks: &mut [u8]) {
    narrow!(values, between, inside, marks);
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
fn narrow_f64(values: &[f64], between: &[Between<f64>], inside: bool, marks: &mut [u8]) {
    narrow!(values, between, inside, marks);
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
fn narrow_i64(values: &[i64], between: &[Between<i64>], inside: bool, marks: &mut [u8]) {
    narrow!(values, between, inside, marks);
}

/// `filter: <dataset>[:,<column>] <op> <value>`, as the config declares it.
fn reason(filter: &Filter) -> String {
    if let Some(moment) = &filter.moment {
        return match filter.op {
            FilterOp::Ge => format!("time: before {moment}"),
            _ => format!("time: not before {moment}"),
        };
    }
    let dataset = filter.dataset.rsplit('/').next().unwrap_or(&filter.dataset);
    let column = filter.column.map_or(String::new(), |c| format!("[:,{c}]"));
    let op = match filter.op {
        FilterOp::Eq => "eq",
        FilterOp::Ne => "ne",
        FilterOp::Ge => "ge",
        FilterOp::Le => "le",
        FilterOp::Gt => "gt",
        FilterOp::Lt => "lt",
        FilterOp::In => "in",
        FilterOp::NotIn => "not_in",
    };
    let numbers = filter.values.iter().map(f64::to_string);
    let numbers: Vec<String> = numbers.chain(filter.words.iter().cloned()).collect();
    let values = match filter.op {
        FilterOp::In | FilterOp::NotIn => format!("[{}]", numbers.join(", ")),
        _ => numbers.join(", "),
    };
    let inverted = if filter.keep { "" } else { " (keep: false)" };
    format!("filter: {dataset}{column} {op} {values}{inverted}")
}

#[cfg(test)]
mod tests;
