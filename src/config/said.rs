//! Filters of what a granule says of itself, and of attributes of its ground tracks: `granule` and `track` of a filter.
//!
//! Beside `filters.rs`, which reads the filters of photons. These are looked at once per granule and ground track, and of
//! what they reject nothing is read.

use std::fmt;

use super::faults::{Fault, Faults};
use super::raw::RawFilter;
use super::shapes::RawScalar;
use super::{FilterOp, GranuleKind};

/// Keeps a ground track where what is said compares as this.
#[derive(Debug, Clone, PartialEq)]
pub struct SaidFilter {
    pub of: Said,
    pub op: FilterOp,
    /// One value, or the set of `in` and `not_in`.
    pub values: Vec<SaidValue>,
    /// `false` keeps those for which the comparison does *not* hold.
    pub keep: bool,
}

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// `cycle`, `rgt`, `region`, the name of a dataset of `orbit_info` or `ancillary_data`, or a path.
    Granule(String),
    /// An attribute of the ground track's group.
    Track(String),
}

/// A number or a text.
#[derive(Debug, Clone, PartialEq)]
pub enum SaidValue {
    Number(f64),
    Text(String),
}

/// Whether a filter is of this kind.
pub(super) fn is_said(raw: &RawFilter) -> bool {
    raw.granule.is_some() || raw.track.is_some()
}

/// The filter; what cannot be used is a fault.
pub(super) fn said(
    raw: &RawFilter,
    key: &str,
    granules: GranuleKind,
    faults: &mut Faults,
) -> Option<SaidFilter> {
    let mut refuse = |below: &str, message: String| {
        faults.add(Fault::new(format!("{key}{below}"), message));
    };
    let of = match (&raw.granule, &raw.track) {
        (Some(name), None) => Said::Granule(name.clone()),
        (None, Some(name)) => Said::Track(name.clone()),
        _ => {
            refuse(
                "",
                "has both granule and track; make two filters of it".into(),
            );
            return None;
        }
    };
    if granules == GranuleKind::Table {
        let message =
            "is not for tables (reader: table), which say nothing of granules; compare a column";
        refuse("", message.into());
    }
    for (other, given) in [
        ("dataset", raw.dataset.is_some()),
        ("column", raw.column.is_some()),
        ("level", raw.level.is_some()),
        ("expression", raw.expression.is_some()),
    ] {
        if given {
            refuse(
                "",
                format!("has {other} beside {}; make two filters of it", of.kind()),
            );
        }
    }
    let name = of.name();
    let is_path = name.starts_with('/') && !name.ends_with('/') && of.kind() == "granule";
    if name.is_empty() || (name.contains('/') && !is_path) || name.contains(['{', '}']) {
        let message = match of {
            Said::Granule(_) => {
                "is none of cycle, rgt, region, the name of a dataset of orbit_info or ancillary_data, or a path \
                 such as /orbit_info/sc_orient"
            }
            Said::Track(_) => "is not the name of an attribute, such as atlas_beam_type",
        };
        refuse(&format!(".{}", of.kind()), format!("'{name}' {message}"));
    }
    let Some(op) = raw.op else {
        refuse("", "key 'op' is missing".into());
        return None;
    };
    let is_set = matches!(op, FilterOp::In | FilterOp::NotIn);
    let values: &[RawScalar] = match (&raw.value, &raw.values) {
        (Some(value), None) if !is_set => std::slice::from_ref(value),
        (None, Some(values)) if is_set && !values.is_empty() => values,
        _ => {
            let message = if is_set {
                "in and not_in take values, a list, and no value"
            } else {
                "the comparison takes one value, and no values"
            };
            refuse("", message.into());
            return None;
        }
    };
    let values: Vec<SaidValue> = values.iter().map(SaidValue::of).collect();
    let text = values
        .iter()
        .find(|value| matches!(value, SaidValue::Text(_)));
    if let (Some(text), FilterOp::Ge | FilterOp::Le | FilterOp::Gt | FilterOp::Lt) = (text, op) {
        let message = format!(
            "'{text}' is a text, which is equal to another or not; use eq, ne, in or not_in"
        );
        refuse(".value", message);
    }
    Some(SaidFilter {
        of,
        op,
        values,
        keep: raw.keep.unwrap_or(true),
    })
}

impl Said {
    /// The key of a filter.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Granule(_) => "granule",
            Self::Track(_) => "track",
        }
    }

    /// What of it.
    pub fn name(&self) -> &str {
        match self {
            Self::Granule(name) | Self::Track(name) => name,
        }
    }
}

impl SaidValue {
    fn of(raw: &RawScalar) -> Self {
        match raw {
            RawScalar::Integer(number) => Self::Number(*number as f64),
            RawScalar::Float(number) => Self::Number(*number),
            RawScalar::Text(text) => Self::Text(text.trim().to_owned()),
        }
    }

    /// Whether this is said, in numbers or in letters of either case; `None` where a text is held against a number.
    fn is(&self, said: &Self) -> Option<bool> {
        match (self, said) {
            (Self::Number(mine), said) => said.number().map(|said| said == *mine),
            (Self::Text(mine), Self::Text(said)) => Some(said.eq_ignore_ascii_case(mine)),
            (Self::Text(mine), Self::Number(said)) => Some(mine.parse() == Ok(*said)),
        }
    }

    fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.parse().ok(),
        }
    }
}

impl SaidFilter {
    /// Whether what is said is kept.
    ///
    /// # Errors
    /// In words, a text that is held against a number.
    pub fn keeps(&self, said: &SaidValue) -> Result<bool, String> {
        let mismatch = || format!("is '{said}', which is no number to compare with");
        let equal = || {
            let mut any = false;
            for value in &self.values {
                any |= value.is(said).ok_or_else(mismatch)?;
            }
            Ok::<bool, String>(any)
        };
        let ordered = |holds: fn(f64, f64) -> bool| {
            let constant = self.values.first().and_then(SaidValue::number);
            let both = said.number().zip(constant);
            both.map(|(said, constant)| holds(said, constant))
                .ok_or_else(mismatch)
        };
        let holds = match self.op {
            FilterOp::Eq | FilterOp::In => equal()?,
            FilterOp::Ne | FilterOp::NotIn => !equal()?,
            FilterOp::Ge => ordered(|a, b| a >= b)?,
            FilterOp::Le => ordered(|a, b| a <= b)?,
            FilterOp::Gt => ordered(|a, b| a > b)?,
            FilterOp::Lt => ordered(|a, b| a < b)?,
        };
        Ok(holds == self.keep)
    }

    /// Under which what it rejects is counted.
    pub fn reason(&self) -> String {
        format!("filter: {self}")
    }
}

/// As reports and explanations say it.
impl fmt::Display for SaidFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values: Vec<String> = self.values.iter().map(ToString::to_string).collect();
        let values = match self.op {
            FilterOp::In | FilterOp::NotIn => format!("[{}]", values.join(", ")),
            _ => values.join(", "),
        };
        let inverted = if self.keep { "" } else { " (keep: false)" };
        let (kind, name, op) = (self.of.kind(), self.of.name(), self.op.name());
        write!(f, "{kind} {name} {op} {values}{inverted}")
    }
}

impl fmt::Display for SaidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_as_numbers_and_texts_whatever_their_case() {
        let filter = |op, values: &[SaidValue], keep| SaidFilter {
            of: Said::Track("a".into()),
            op,
            values: values.to_vec(),
            keep,
        };
        let number = SaidValue::Number;
        let text = |text: &str| SaidValue::Text(text.into());
        for (op, values, said, expected) in [
            (FilterOp::Ge, vec![number(5.0)], number(5.0), Ok(true)),
            (FilterOp::Gt, vec![number(5.0)], text("5"), Ok(false)),
            (FilterOp::Eq, vec![text("strong")], text("Strong"), Ok(true)),
            (FilterOp::Eq, vec![text("3")], number(3.0), Ok(true)),
            (
                FilterOp::In,
                vec![number(1.0), number(3.0)],
                text("3"),
                Ok(true),
            ),
            (
                FilterOp::NotIn,
                vec![text("a"), text("b")],
                text("B"),
                Ok(false),
            ),
            (FilterOp::Ne, vec![number(1.0)], number(2.0), Ok(true)),
        ] {
            assert_eq!(
                filter(op, &values, true).keeps(&said),
                expected,
                "{op:?} {values:?}"
            );
            let other = filter(op, &values, false).keeps(&said);
            assert_eq!(other, expected.map(|kept| !kept));
        }
        let error = filter(FilterOp::Lt, &[number(5.0)], true).keeps(&text("strong"));
        assert!(error.unwrap_err().contains("'strong', which is no number"));
    }
}
