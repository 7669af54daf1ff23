//! What arrays of lists say of themselves in zagg's words: what rows are of, and which arrays go with which.
//!
//! Beside `metadata.rs`, for the layouts that have lists as bytes. Source: zagg's store specification, sections 1.2, 8.3
//! and 9. Words are read off the array that has them, and found by the name that the digest's array says.

use serde_json::{Value, json};

use super::hive::vlen;
use super::metadata::{Attributes, object};
use crate::finalize::{Kind, OutputArray};
use crate::stat::Channel;

/// The attribute of a digest that names its words of places.
pub const LOCATIONS: &str = "locations";
/// The attribute of a digest that names its words of times.
pub const TIMES: &str = "times";

/// The digest that words are of, by the name of their array.
pub fn digest_of_words(output: &OutputArray) -> &str {
    let Kind::Words(channel) = output.kind else {
        return &output.name;
    };
    let suffix = suffix(channel);
    let digest = output.name.strip_suffix(suffix);
    digest
        .and_then(|name| name.strip_suffix('_'))
        .unwrap_or(&output.name)
}

fn suffix(channel: Channel) -> &'static str {
    match channel {
        Channel::Location => LOCATIONS,
        Channel::Time => TIMES,
    }
}

/// What arrays of a digest and of its words declare, in every layout.
pub fn of_kind(output: &OutputArray) -> Attributes {
    let block = |spec: &str, grammar: &str| json!({"spec": spec, "shape": "per-centroid", "grammar": grammar});
    match &output.kind {
        Kind::Digest { channels, .. } => {
            let names = channels.all().map(suffix);
            names
                .map(|suffix| {
                    (
                        suffix.to_owned(),
                        json!(format!("{}_{suffix}", output.name)),
                    )
                })
                .collect()
        }
        Kind::Words(Channel::Location) => {
            object(json!({"located": block("zagg-located/1", "mortie-morton/1")}))
        }
        Kind::Words(Channel::Time) => {
            object(json!({"temporal": block("zagg-toc/1", "mortie-toc/1")}))
        }
        _ => Attributes::new(),
    }
}

/// What an array of lists says of itself where it is one of bytes: words say nothing else.
pub fn of_lists(output: &OutputArray, attributes: &Attributes) -> Attributes {
    let mut rest = match output.kind {
        Kind::Words(_) => of_kind(output),
        _ => attributes.clone(),
    };
    let shape = match output.kind.element() {
        Some(values @ 2..) => json!([-1, values]),
        _ => json!([-1]),
    };
    let mut ragged = json!({
        "spec": vlen::SPEC,
        "element": {"dtype": output.dtype.name(), "shape": shape},
    });
    if let (Some(name), Value::Object(ragged)) = (rest.shift_remove(LOCATIONS), &mut ragged) {
        ragged.insert(LOCATIONS.to_owned(), name);
    }
    let mut all = object(json!({"ragged": ragged}));
    all.extend(rest);
    all
}
