//! A value that is one number, or a list of two: a side of a square, or both of a rectangle.
//!
//! Beside `shapes.rs`, for `grids.rs`.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Unexpected, Visitor};

/// Numbers as they are written; whole ones, or any. Empty where they could not be read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OneOrTwo<const WHOLE: bool> {
    is_list: bool,
    numbers: Vec<f64>,
}

impl<const WHOLE: bool> OneOrTwo<WHOLE> {
    /// The number, where there is no list.
    pub fn one(&self) -> Option<f64> {
        match self.numbers[..] {
            [one] if !self.is_list => Some(one),
            _ => None,
        }
    }

    /// The list, where there is one.
    pub fn listed(&self) -> Option<&[f64]> {
        self.is_list.then_some(&self.numbers)
    }

    /// Two numbers: those of the list, or twice the one.
    pub fn two(&self) -> Option<[f64; 2]> {
        match self.numbers[..] {
            [one] if !self.is_list => Some([one; 2]),
            [one, other] => Some([one, other]),
            _ => None,
        }
    }

    fn of_one(number: f64) -> Self {
        Self {
            is_list: false,
            numbers: vec![number],
        }
    }
}

impl<'de, const WHOLE: bool> Deserialize<'de> for OneOrTwo<WHOLE> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Numbers<const WHOLE: bool>;
        impl<'de, const WHOLE: bool> Visitor<'de> for Numbers<WHOLE> {
            type Value = OneOrTwo<WHOLE>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(if WHOLE {
                    "a whole number or a list of two"
                } else {
                    "a number or a list of two"
                })
            }

            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(OneOrTwo::of_one(number as f64))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(OneOrTwo::of_one(number as f64))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
                if WHOLE {
                    return Err(E::invalid_type(Unexpected::Float(number), &self));
                }
                Ok(OneOrTwo::of_one(number))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                // What could not be read is noted already.
                if text.is_empty() {
                    return Ok(OneOrTwo {
                        is_list: false,
                        numbers: Vec::new(),
                    });
                }
                Err(E::invalid_type(Unexpected::Str(text), &self))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut numbers = Vec::new();
                if WHOLE {
                    while let Some(number) = seq.next_element::<i64>()? {
                        numbers.push(number as f64);
                    }
                } else {
                    while let Some(number) = seq.next_element::<f64>()? {
                        numbers.push(number);
                    }
                }
                Ok(OneOrTwo {
                    is_list: true,
                    numbers,
                })
            }
        }
        deserializer.deserialize_any(Numbers::<WHOLE>)
    }
}

impl<const WHOLE: bool> JsonSchema for OneOrTwo<WHOLE> {
    fn schema_name() -> Cow<'static, str> {
        if WHOLE { "WholeOneOrTwo" } else { "OneOrTwo" }.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let number = serde_json::json!({ "type": if WHOLE { "integer" } else { "number" } });
        schemars::json_schema!({ "anyOf": [
            number,
            { "type": "array", "items": number, "minItems": 2, "maxItems": 2 }
        ] })
    }
}
