//! Messages for keys and values that do not fit the shape of a pipeline file, and for text that is not YAML.
//!
//! Used by `nodes.rs`, whose error is [`Wrong`], and by `yaml.rs`.

use std::fmt;

use serde::de;
use serde_saphyr::{MessageFormatter, UserMessageFormatter};

use super::faults::{Fault, Place, located};
use super::tree::{ALIAS, joined};
use crate::expr::suggestion;

/// Why a value cannot be read, and where, once that is known.
#[derive(Debug)]
pub(super) struct Wrong {
    what: What,
    at: Option<(String, Option<Place>)>,
}

#[derive(Debug)]
enum What {
    MissingKey(&'static str),
    UnknownKey(String, &'static [&'static str]),
    UnknownValue(String, &'static [&'static str]),
    Message(String),
}

/// What to pass over so that reading can go on, by its path.
pub(super) enum Hole {
    Key(String),
    Value(String),
}

impl Wrong {
    fn new(what: What) -> Self {
        Self { what, at: None }
    }

    /// Something else stands in place of what is wanted.
    pub fn expected(wanted: &str) -> Self {
        Self::new(What::Message(format!("expected {}", kind_in_words(wanted))))
    }

    /// The place, where the error does not know it yet.
    pub fn at(mut self, path: &str, place: Option<Place>) -> Self {
        self.at.get_or_insert_with(|| (path.to_owned(), place));
        self
    }

    /// The fault, and what it makes unreadable.
    pub fn settle(self, otherwise: Place) -> (Fault, Hole) {
        let (path, place) = self.at.unwrap_or_default();
        let place = place.unwrap_or(otherwise);
        let (message, hole) = match self.what {
            What::MissingKey(key) => {
                let hole = Hole::Value(joined(&path, key));
                (format!("key '{key}' is missing"), hole)
            }
            What::UnknownKey(key, known) => {
                let message = unknown("key", &key, known, unsupported_key(&path, &key));
                (message, Hole::Key(joined(&path, &key)))
            }
            What::UnknownValue(value, known) => {
                let reason = unsupported_value(&path, &value);
                let message = unknown("value", &value, known, reason);
                (message, Hole::Value(path.clone()))
            }
            What::Message(message) => (message, Hole::Value(path.clone())),
        };
        (Fault::at(place, path, message), hole)
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.what)
    }
}

impl std::error::Error for Wrong {}

impl de::Error for Wrong {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(What::Message(message.to_string()))
    }

    fn invalid_type(found: de::Unexpected<'_>, wanted: &dyn de::Expected) -> Self {
        let found = found.to_string();
        let found = kind_in_words(&found);
        Self::custom(format_args!("expected {wanted}, found {found}"))
    }

    fn invalid_value(found: de::Unexpected<'_>, wanted: &dyn de::Expected) -> Self {
        Self::invalid_type(found, wanted)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(What::UnknownValue(variant.to_owned(), expected))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(What::UnknownKey(field.to_owned(), expected))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(What::MissingKey(field))
    }
}

/// The library's error about YAML itself in this program's words.
pub(super) fn syntax(error: &serde_saphyr::Error) -> String {
    use serde_saphyr::Error as Yaml;
    let place = error
        .location()
        .map(|at| (at.line(), at.column()))
        .filter(|(line, _)| *line > 0);
    let message = match error {
        Yaml::UnknownAnchor { .. } => ALIAS.into(),
        Yaml::Eof { .. } => EMPTY.into(),
        other => UserMessageFormatter.format_message(other).into_owned(),
    };
    located(place, "", &message)
}

pub(super) const EMPTY: &str = "the file is empty or ends too early";

/// A key or value that is refused, with the reason if one is known, else what was perhaps meant.
pub(super) fn unknown(what: &str, found: &str, known: &[&str], reason: Option<&str>) -> String {
    let shown = found.escape_debug();
    match reason {
        Some(reason) => format!("{what} '{shown}' is not supported: {reason}"),
        None => format!(
            "unknown {what} '{shown}'{}",
            suggestion(found, known.iter().copied())
        ),
    }
}

/// serde's word for a kind of value, in words of YAML.
fn kind_in_words(kind: &str) -> &str {
    match kind {
        "i64" => "a whole number",
        "u64" => "a whole number from 0",
        "f64" => "a number",
        "bool" => "true or false",
        "sequence" => "a list",
        "map" => "a mapping",
        "unit value" => "nothing",
        _ => kind,
    }
}

/// Why a key that other readers of the format know is refused.
pub(super) fn unsupported_key(parent: &str, key: &str) -> Option<&'static str> {
    Some(match (parent, key) {
        ("output", "windowing") => {
            "steps of time are asked for with time: {every: ...} or {edges: [...]}"
        }
        ("output", "time_encoding") => {
            "times are seconds, and stores have dates as CF has them; remove the key"
        }
        ("data_source", "assets") => {
            "granules of other products are joined with joins: {NAME: {product: ATL08, by: photons}}"
        }
        ("output.grid", "layout") => "stores hold occupied cells; remove the key",
        ("", "bounds") => {
            "choose granules on the command line, and photons with region: {bbox: [W, S, E, N]}"
        }
        (_, "inner_shape") if parent.starts_with("aggregation.") => NON_SCALAR,
        (_, "weights" | "gain") if parent.starts_with("aggregation.") => {
            "a digest counts its values; remove the key"
        }
        (_, "reference_index") => "links are runs given by index_beg and count",
        _ => return None,
    })
}

const NON_SCALAR: &str =
    "an output is one number per cell, or function: histogram with params.edges";

/// Why a value that other readers of the format know is refused.
fn unsupported_value(path: &str, value: &str) -> Option<&'static str> {
    Some(match (path, value) {
        ("output.grid.indexing_scheme", _) => "cells are indexed nested; use nested",
        ("output.time_source.scale", _) => {
            "seconds of UTC are of two lengths where one leaps; use gps or tai"
        }
        (_, "per-cell") if path.ends_with(".temporal") => {
            "a digest has a word for each centroid; min and max of the time say when a cell was seen"
        }
        (_, "ragged") if path.rsplit('.').next() == Some("kind") => NON_SCALAR,
        _ => return None,
    })
}
