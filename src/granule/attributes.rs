//! Attributes of datasets: text and numbers, however they are stored.
//!
//! On the line: `columns.rs` reads those that say what numbers mean (`meaning.rs`), `file.rs` and
//! `inspect.rs` read units and names. Products store attributes as scalars or as arrays of one element,
//! and text with fixed or variable length; fields of tables have them as text.

use hdf5::types::{
    FixedAscii, FixedUnicode, FloatSize, IntSize, TypeDescriptor, VarLenAscii, VarLenUnicode,
};
use hdf5::{Attribute as Stored, Dataset, Location};
use serde_json::Value;

/// Longest fixed-length text read, in bytes.
const TEXT: usize = 2048;

/// Attributes that change what the numbers of a dataset mean (CF conventions, section 8.1 and
/// appendix A; `_Unsigned` of the netCDF user's guide).
const NAMES: [&str; 8] = [
    "_FillValue",
    "missing_value",
    "scale_factor",
    "add_offset",
    "valid_min",
    "valid_max",
    "valid_range",
    "_Unsigned",
];

/// A number of any HDF5 type, without loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    Int(i128),
    Float(f64),
}

/// What an attribute holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Attribute {
    /// Numbers, none or several; `single` where they are float32.
    Numbers {
        values: Vec<Number>,
        single: bool,
    },
    Text(String),
    /// A type that is neither, in words.
    Other(String),
}

/// The attributes of a dataset that say what its numbers mean.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Attributes {
    found: Vec<(&'static str, Attribute)>,
    pub units: Option<String>,
}

impl Number {
    /// The number as a float, rounded where it has to be.
    pub fn to_f64(self) -> f64 {
        match self {
            Self::Int(n) => n as f64,
            Self::Float(x) => x,
        }
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Self::Int(n) => n.fmt(f),
            Self::Float(x) if x.abs() >= 1e16 => write!(f, "{x:e}"),
            Self::Float(x) => x.fmt(f),
        }
    }
}

impl Attributes {
    /// Those of a dataset; the error names the one that cannot be read.
    pub fn of(dataset: &Dataset) -> Result<Self, String> {
        let there = dataset
            .attr_names()
            .map_err(|e| format!("attributes cannot be listed: {e}"))?;
        let mut attributes = Self::default();
        for name in NAMES {
            if there.iter().any(|n| n == name) {
                let read = dataset.attr(name);
                let read = read.and_then(|attribute| read_any(&attribute));
                let read = read.map_err(|e| format!("attribute {name} cannot be read: {e}"))?;
                attributes.found.push((name, read));
            }
        }
        if there.iter().any(|n| n == "units") {
            attributes.units = text(dataset, "units");
        }
        Ok(attributes)
    }

    /// Those of a field of a table, whose metadata are text; `metadata` gives the one of a name.
    pub fn of_field(metadata: impl Fn(&str) -> Option<String>) -> Self {
        let named = NAMES.iter();
        let named = named.filter_map(|&name| Some((name, metadata(name)?)));
        Self {
            found: named.map(|(name, text)| (name, parsed(&text))).collect(),
            units: metadata("units")
                .map(|units| units.trim().to_owned())
                .filter(|units| !units.is_empty()),
        }
    }

    /// The attribute of this name, where there is one.
    pub fn get(&self, name: &str) -> Option<&Attribute> {
        let mut found = self.found.iter();
        found.find(|(n, _)| *n == name).map(|(_, a)| a)
    }

    /// The numbers of an attribute; none where there is no such attribute. The error says what it is
    /// in place of numbers.
    pub fn numbers(&self, name: &str) -> Result<&[Number], String> {
        let found = match self.get(name) {
            None => return Ok(&[]),
            Some(Attribute::Numbers { values, .. }) => return Ok(values),
            Some(Attribute::Text(text)) => format!("'{text}'"),
            Some(Attribute::Other(what)) => what.clone(),
        };
        Err(format!(
            "attribute {name} is {found}, and a number is expected"
        ))
    }
}

/// A number, an array of numbers, or text, as JSON has them.
fn parsed(text: &str) -> Attribute {
    let number = |value: &Value| match value {
        Value::Number(n) => match (n.as_i64(), n.as_u64()) {
            (Some(n), _) => Some(Number::Int(n.into())),
            (_, Some(n)) => Some(Number::Int(n.into())),
            _ => n.as_f64().map(Number::Float),
        },
        _ => None,
    };
    let json: Option<Value> = serde_json::from_str(text.trim()).ok();
    let values = match &json {
        Some(Value::Array(values)) => values.iter().map(number).collect(),
        Some(value) => number(value).map(|n| vec![n]),
        None => text.trim().parse().ok().map(|x| vec![Number::Float(x)]),
    };
    match values {
        Some(values) => Attribute::Numbers {
            values,
            single: false,
        },
        None => Attribute::Text(text.trim().to_owned()),
    }
}

/// The attribute of this name; `None` where the dataset has none.
fn find(dataset: &Location, name: &str) -> hdf5::Result<Option<Stored>> {
    if dataset.attr_names()?.iter().any(|n| n == name) {
        dataset.attr(name).map(Some)
    } else {
        Ok(None)
    }
}

/// A text attribute, trimmed; `None` where it is absent, empty, not one text, or unreadable: it
/// describes the data and is never needed to read it.
pub(super) fn text(dataset: &Location, name: &str) -> Option<String> {
    text_of(&find(dataset, name).ok()??)
}

fn text_of(attribute: &Stored) -> Option<String> {
    if attribute.space().ok()?.size() != 1 {
        return None;
    }
    let bytes = match attribute.dtype().ok()?.to_descriptor().ok()? {
        TypeDescriptor::FixedAscii(n) if n <= TEXT => {
            let read = attribute.read_raw::<FixedAscii<TEXT>>().ok()?;
            read.first()?.as_bytes().to_vec()
        }
        TypeDescriptor::FixedUnicode(n) if n <= TEXT => {
            let read = attribute.read_raw::<FixedUnicode<TEXT>>().ok()?;
            read.first()?.as_bytes().to_vec()
        }
        TypeDescriptor::VarLenAscii => {
            let read = attribute.read_raw::<VarLenAscii>().ok()?;
            read.first()?.as_bytes().to_vec()
        }
        TypeDescriptor::VarLenUnicode => {
            let read = attribute.read_raw::<VarLenUnicode>().ok()?;
            read.first()?.as_bytes().to_vec()
        }
        _ => return None,
    };
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    (!text.is_empty()).then(|| text.to_owned())
}

/// An attribute of any type.
fn read_any(attribute: &Stored) -> hdf5::Result<Attribute> {
    let none = attribute.space()?.is_null();
    let dtype = attribute.dtype()?;
    let mut single = false;
    let values =
        match dtype.to_descriptor() {
            Ok(
                TypeDescriptor::Integer(_) | TypeDescriptor::Unsigned(_) | TypeDescriptor::Float(_),
            ) if none => Vec::new(),
            Ok(TypeDescriptor::Integer(_)) => {
                let values = attribute.read_raw::<i64>()?;
                values.iter().map(|&v| Number::Int(v.into())).collect()
            }
            Ok(TypeDescriptor::Unsigned(IntSize::U1 | IntSize::U2 | IntSize::U4 | IntSize::U8)) => {
                let values = attribute.read_raw::<u64>()?;
                values.iter().map(|&v| Number::Int(v.into())).collect()
            }
            Ok(TypeDescriptor::Float(size @ (FloatSize::U4 | FloatSize::U8))) => {
                single = size == FloatSize::U4;
                let values = attribute.read_raw::<f64>()?;
                values.iter().map(|&v| Number::Float(v)).collect()
            }
            _ => {
                return Ok(match text_of(attribute) {
                    Some(text) => Attribute::Text(text),
                    None => Attribute::Other(dtype.to_string()),
                });
            }
        };
    Ok(Attribute::Numbers { values, single })
}

/// A numeric attribute that is a scalar or an array of one element; `None` where it is absent or
/// has no value.
///
/// The error says why the attribute is not one number.
pub(super) fn number(dataset: &Dataset, name: &str) -> Result<Option<Number>, String> {
    let read = |e: hdf5::Error| format!("attribute {name} cannot be read: {e}");
    let Some(attribute) = find(dataset, name).map_err(read)? else {
        return Ok(None);
    };
    match read_any(&attribute).map_err(read)? {
        Attribute::Numbers { values, .. } => match values[..] {
            [] => Ok(None),
            [value] => Ok(Some(value)),
            _ => Err(format!(
                "attribute {name} has {} values, and one is expected",
                values.len()
            )),
        },
        Attribute::Text(text) => Err(format!(
            "attribute {name} is '{text}', and a number is expected"
        )),
        Attribute::Other(what) => Err(format!(
            "attribute {name} is {what}, and a number is expected"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_of_a_field_are_numbers_lists_of_them_or_text() {
        let numbers = |values: Vec<Number>| Attribute::Numbers {
            values,
            single: false,
        };
        for (text, expected) in [
            ("127", numbers(vec![Number::Int(127)])),
            (" 0.01 ", numbers(vec![Number::Float(0.01)])),
            (
                "[-1, 1.5]",
                numbers(vec![Number::Int(-1), Number::Float(1.5)]),
            ),
            ("-inf", numbers(vec![Number::Float(f64::NEG_INFINITY)])),
            ("true", Attribute::Text("true".to_owned())),
            ("low", Attribute::Text("low".to_owned())),
        ] {
            assert_eq!(parsed(text), expected, "{text}");
        }
        let metadata = [("units", " m "), ("scale_factor", "2"), ("other", "3")];
        let attributes = Attributes::of_field(|name| {
            let found = metadata.iter().find(|(key, _)| *key == name);
            found.map(|(_, text)| (*text).to_owned())
        });
        assert_eq!(attributes.units.as_deref(), Some("m"));
        assert_eq!(
            attributes.numbers("scale_factor"),
            Ok(&[Number::Int(2)][..])
        );
        assert_eq!(
            (attributes.found.len(), attributes.numbers("_FillValue")),
            (1, Ok(&[][..]))
        );
    }
}
