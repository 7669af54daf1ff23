//! Attributes that say what numbers mean: text and numbers, of a dataset or of a field of a table.
//!
//! Read before the values they are about, and turned into what is done to those values by `meaning.rs`.
//! HDF5 stores them in many ways (`hdf5/attributes.rs`); fields of tables have them as text.

use serde_json::Value;

/// Attributes that change what the numbers of a dataset mean (CF conventions, section 8.1 and
/// appendix A; `_Unsigned` of the netCDF user's guide).
pub(super) const NAMES: [&str; 8] = [
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
    pub(super) found: Vec<(&'static str, Attribute)>,
    pub units: Option<String>,
}

impl Attributes {
    /// The name of the first of them that changes what numbers mean.
    #[cfg(feature = "parquet")]
    pub fn first(&self) -> Option<&'static str> {
        self.found.first().map(|(name, _)| *name)
    }
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
