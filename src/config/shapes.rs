//! Shapes of YAML values that serde has no type for: scalars and mappings with free keys.
//!
//! Beside `raw.rs`, which uses them.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

/// A number as it was written, or text in its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum RawScalar {
    Integer(i128),
    Float(f64),
    Text(String),
}

impl RawScalar {
    /// The number, NaN and infinities as text included, where f64 holds it exactly.
    pub fn to_f64(&self) -> Result<f64, String> {
        match self {
            Self::Float(value) => Ok(*value),
            Self::Integer(value) if (*value as f64) as i128 == *value => Ok(*value as f64),
            Self::Integer(value) => Err(format!("{value} is beyond the whole numbers of float64")),
            Self::Text(text) => match text.trim_start_matches('.').to_ascii_lowercase().as_str() {
                "nan" => Ok(f64::NAN),
                "inf" | "infinity" => Ok(f64::INFINITY),
                "-inf" | "-infinity" | "-.inf" => Ok(f64::NEG_INFINITY),
                _ => Err(format!("'{text}' is not a number")),
            },
        }
    }

    /// The text for messages.
    pub fn shown(&self) -> String {
        match self {
            Self::Integer(value) => value.to_string(),
            Self::Float(value) => value.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

impl<'de> Deserialize<'de> for RawScalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Scalar;
        impl Visitor<'_> for Scalar {
            type Value = RawScalar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_i64<E>(self, value: i64) -> Result<RawScalar, E> {
                Ok(RawScalar::Integer(value.into()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<RawScalar, E> {
                Ok(RawScalar::Integer(value.into()))
            }

            fn visit_i128<E>(self, value: i128) -> Result<RawScalar, E> {
                Ok(RawScalar::Integer(value))
            }

            fn visit_f64<E>(self, value: f64) -> Result<RawScalar, E> {
                Ok(RawScalar::Float(value))
            }

            // As h5py calls the members of its booleans.
            fn visit_bool<E>(self, value: bool) -> Result<RawScalar, E> {
                Ok(RawScalar::Text(if value { "TRUE" } else { "FALSE" }.into()))
            }

            fn visit_str<E>(self, value: &str) -> Result<RawScalar, E> {
                Ok(RawScalar::Text(value.into()))
            }
        }
        deserializer.deserialize_any(Scalar)
    }
}

impl JsonSchema for RawScalar {
    fn schema_name() -> Cow<'static, str> {
        "Scalar".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": ["number", "string"] })
    }
}

/// A text, or a list of texts.
#[derive(Debug)]
pub(super) struct Texts(pub Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Several;
        impl<'de> Visitor<'de> for Several {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E>(self, value: &str) -> Result<Texts, E> {
                Ok(Texts(vec![value.into()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = seq.next_element()? {
                    texts.push(text);
                }
                Ok(Texts(texts))
            }
        }
        deserializer.deserialize_any(Several)
    }
}

impl JsonSchema for Texts {
    fn schema_name() -> Cow<'static, str> {
        "Texts".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }]
        })
    }
}

/// A mapping with free keys, in the order of the text.
#[derive(Debug)]
pub(super) struct Entries<T>(pub Vec<(String, T)>);

impl<T> Entries<T> {
    pub fn names(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| name.as_str()).collect()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Pairs<T> {
            type Value = Entries<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Pairs(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Entries<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("MapOf{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let values = generator.subschema_for::<T>();
        schemars::json_schema!({ "type": "object", "additionalProperties": values })
    }
}
