//! YAML text to [`RawConfig`], with limits, and errors that say where: before `parse.rs`.
//!
//! The text is scanned twice. The first pass refuses what no pipeline needs (anchors, aliases,
//! tags, several documents, deep nesting) and notes the line and column of every key and value;
//! the second fills the types. Later checks name a key's path and get its place from the first.

use std::collections::BTreeMap;

use serde_saphyr::granit_parser::{Event, Marker, Parser};
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy};
use serde_saphyr::{MessageFormatter, UserMessageFormatter};

use super::raw::RawConfig;
use crate::expr::suggestion;

/// Largest text, in bytes.
pub(super) const MAX_BYTES: u64 = 1 << 20;
/// Deepest nesting of mappings and lists.
const MAX_DEPTH: usize = 32;

const ALIAS: &str = "aliases are not accepted; write the value out";

/// What is wrong with the value at a key's path, e.g. `output.grid.parent_order`.
#[derive(Debug)]
pub(super) struct Fault {
    pub path: String,
    pub message: String,
}

impl Fault {
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            message: message.into(),
        }
    }
}

/// Line and column, both from 1.
type Place = (u64, u64);

/// Where each key and value stands in the text.
#[derive(Debug, Default)]
pub(super) struct Places {
    by_path: BTreeMap<String, Place>,
    by_place: BTreeMap<Place, Spot>,
}

/// What stands at a place: a value, or the key in front of one.
#[derive(Debug)]
struct Spot {
    path: String,
    is_key: bool,
}

impl Places {
    /// The fault's message with the place of the nearest enclosing key that the text has.
    pub fn describe(&self, fault: &Fault) -> String {
        let mut path = fault.path.as_str();
        let place = loop {
            match self.by_path.get(path) {
                Some(place) => break Some(*place),
                None if path.is_empty() => break None,
                None => path = path.rfind(['.', '[']).map_or("", |end| &path[..end]),
            }
        };
        located(place, &fault.path, &fault.message)
    }

    /// Notes a key or value. A mapping without braces starts where its first key does, and keeps
    /// the place.
    fn note(&mut self, path: &str, marker: &Marker, is_key: bool) {
        let place = place_of(marker);
        self.by_path.entry(path.into()).or_insert(place);
        self.by_place.entry(place).or_insert_with(|| Spot {
            path: path.into(),
            is_key,
        });
    }

    /// The path of the mapping that has or lacks a key, from the place of such an error.
    fn mapping_at(&self, place: Option<Place>) -> &str {
        match place.and_then(|place| self.by_place.get(&place)) {
            Some(spot) if spot.is_key => spot.path.rfind('.').map_or("", |end| &spot.path[..end]),
            Some(spot) => &spot.path,
            None => "",
        }
    }
}

fn place_of(marker: &Marker) -> Place {
    (marker.line() as u64, marker.col() as u64 + 1)
}

fn located(place: Option<Place>, path: &str, message: &str) -> String {
    let place = place.map_or(String::new(), |(line, column)| {
        format!("line {line}, column {column}: ")
    });
    if path.is_empty() {
        format!("{place}{message}")
    } else {
        format!("{place}{path}: {message}")
    }
}

/// Reads the text into its raw shape. The error is a message with its place.
pub(super) fn read(text: &str) -> Result<(RawConfig, Places), String> {
    if text.len() as u64 > MAX_BYTES {
        return Err(format!(
            "{} bytes of YAML, the limit is {MAX_BYTES}",
            text.len()
        ));
    }
    let places = scan(text)?;
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_anchors: 0,
            max_aliases: 0,
            max_documents: 1,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Error,
        non_finite_float_policy: serde_saphyr::options::NonFiniteFloatPolicy::PassThrough,
        reject_unsupported_tags: true,
        strict_booleans: true,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options(text, options) {
        Ok(raw) => Ok((raw, places)),
        Err(error) => Err(explain(&error, &places)),
    }
}

/// A mapping or list that the scan is inside of.
enum Open {
    Mapping { path: String, key: Option<String> },
    List { path: String, next: usize },
}

/// The first pass. Syntax errors are left to the second, whose messages know more.
fn scan(text: &str) -> Result<Places, String> {
    let mut places = Places::default();
    let mut open: Vec<Open> = Vec::new();
    let mut documents = 0;
    for event in Parser::new_from_str(text) {
        let Ok((event, span)) = event else { break };
        let at = |message: &str| Err(located(Some(place_of(&span.start)), "", message));
        if let Some(message) = surprise(&event) {
            return at(&message);
        }
        match event {
            Event::DocumentStart(..) => {
                documents += 1;
                if documents > 1 {
                    return at("a second document; a pipeline is one document");
                }
            }
            Event::Scalar(value, ..) => {
                if let Some(Open::Mapping {
                    path,
                    key: key @ None,
                }) = open.last_mut()
                {
                    places.note(&joined(path, &value), &span.start, true);
                    *key = Some(value.into_owned());
                } else {
                    let path = value_path(&mut open);
                    places.by_path.insert(path.clone(), place_of(&span.start));
                    places.note(&path, &span.start, false);
                }
            }
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                if let Some(Open::Mapping { key: None, .. }) = open.last() {
                    return at("a key is a plain word, not a mapping or a list");
                }
                if open.len() >= MAX_DEPTH {
                    return at(&format!("nested deeper than {MAX_DEPTH}"));
                }
                let path = value_path(&mut open);
                places.note(&path, &span.start, false);
                open.push(if matches!(event, Event::MappingStart(..)) {
                    Open::Mapping { path, key: None }
                } else {
                    Open::List { path, next: 0 }
                });
            }
            Event::MappingEnd | Event::SequenceEnd => {
                open.pop();
            }
            _ => {}
        }
    }
    Ok(places)
}

/// Why the event is refused, if it is one that could surprise: an anchor, an alias or a tag.
fn surprise(event: &Event<'_>) -> Option<String> {
    let (anchor, tag) = match event {
        Event::Scalar(_, _, anchor, tag)
        | Event::SequenceStart(_, anchor, tag)
        | Event::MappingStart(_, anchor, tag) => (*anchor, tag.as_ref()),
        Event::Alias(_) => return Some(ALIAS.into()),
        _ => return None,
    };
    if anchor != 0 {
        return Some("anchors are not accepted; write the value where it is used".into());
    }
    let tag = tag.filter(|tag| tag.handle() != "tag:yaml.org,2002:")?;
    Some(match tag.suffix() {
        "include" => "includes are not accepted; write the content out".into(),
        suffix => format!(
            "custom tag '!{}' is not accepted; leave it out",
            suffix.escape_debug()
        ),
    })
}

/// The path of the value that starts now; takes the pending key or counts the list's item.
fn value_path(open: &mut [Open]) -> String {
    match open.last_mut() {
        Some(Open::Mapping { path, key }) => joined(path, &key.take().unwrap_or_default()),
        Some(Open::List { path, next }) => {
            *next += 1;
            format!("{path}[{}]", *next - 1)
        }
        None => String::new(),
    }
}

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.into()
    } else {
        format!("{path}.{key}")
    }
}

/// The library's error in this program's words.
fn explain(error: &serde_saphyr::Error, places: &Places) -> String {
    use serde_saphyr::Error as Yaml;
    let place = error
        .location()
        .map(|at| (at.line(), at.column()))
        .filter(|(line, _)| *line > 0);
    let spot = place.and_then(|place| places.by_place.get(&place));
    let path = spot.map_or("", |spot| spot.path.as_str());
    let (path, message) = match error {
        Yaml::SerdeUnknownField {
            field, expected, ..
        } => {
            let parent = places.mapping_at(place);
            let message = unknown("key", field, expected, unsupported_key(parent, field));
            (parent, message)
        }
        Yaml::SerdeUnknownVariant {
            variant, expected, ..
        } => {
            let reason = unsupported_value(path, variant);
            let message = unknown("value", variant, expected, reason);
            (path, message)
        }
        Yaml::SerdeMissingField { field, .. } => (
            places.mapping_at(place),
            format!("key '{field}' is missing"),
        ),
        Yaml::InvalidScalar { ty, .. } => (path, format!("expected {}", kind_in_words(ty))),
        Yaml::UnknownAnchor { .. } => (path, ALIAS.into()),
        Yaml::DuplicateMappingKey { .. } => (path, "the key is given twice".into()),
        Yaml::SerdeInvalidType {
            unexpected,
            expected,
            ..
        }
        | Yaml::SerdeInvalidValue {
            unexpected,
            expected,
            ..
        } => {
            let found = kind_in_words(unexpected);
            (path, format!("expected {expected}, found {found}"))
        }
        Yaml::Unexpected { expected, .. } => {
            (path, format!("expected {}", kind_in_words(expected)))
        }
        Yaml::Eof { .. } => (path, "the file is empty or ends too early".into()),
        other => (
            path,
            UserMessageFormatter.format_message(other).into_owned(),
        ),
    };
    located(place, path, &message)
}

/// A key or value that is refused, with the reason if one is known, else what was perhaps meant.
fn unknown(what: &str, found: &str, known: &[&'static str], reason: Option<&str>) -> String {
    let shown = found.escape_debug();
    match reason {
        Some(reason) => format!("{what} '{shown}' is not supported: {reason}"),
        None => format!(
            "unknown {what} '{shown}'{}",
            suggestion(found, known.iter().copied())
        ),
    }
}

/// The library's word for a kind of value, in words of YAML.
fn kind_in_words(kind: &str) -> &str {
    match kind {
        "i64" => "a whole number",
        "u32" | "u64" => "a whole number from 0",
        "f64" => "a number",
        "bool" => "true or false",
        "sequence" | "sequence start" => "a list",
        "map" | "mapping start" => "a mapping",
        "unit value" => "nothing",
        _ => kind,
    }
}

/// Why a key that other readers of the format know is refused.
fn unsupported_key(parent: &str, key: &str) -> Option<&'static str> {
    Some(match (parent, key) {
        ("output.grid", "crs" | "resolution" | "bounds" | "chunk_shape") => {
            "it belongs to rectilinear grids; use type: healpix with parent_order and child_order, or the built-in config atl03 or atl06"
        }
        ("output.grid", "layout") => "stores hold occupied cells; remove the key",
        ("", "bounds") => "choose granules on the command line",
        (_, "trailing_shape" | "inner_shape") if parent.starts_with("aggregation.") => NON_SCALAR,
        (_, "reference_index") => "links are runs given by index_beg and count",
        (_, "expression") if parent.starts_with("data_source.filters") => {
            "a filter is dataset, op and value"
        }
        _ => return None,
    })
}

const NON_SCALAR: &str =
    "an output is one number per cell, or function: histogram with params.edges";

/// Why a value that other readers of the format know is refused.
fn unsupported_value(path: &str, value: &str) -> Option<&'static str> {
    Some(match (path, value) {
        ("output.grid.type", "rectilinear") => {
            "results are on HEALPix grids only; use type: healpix with parent_order and child_order, or the built-in config atl03 or atl06"
        }
        ("output.grid.indexing_scheme", _) => "cells are indexed nested; use nested",
        (_, "vector" | "ragged") if path.rsplit('.').next() == Some("kind") => NON_SCALAR,
        _ => return None,
    })
}
