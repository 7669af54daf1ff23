//! YAML text to a tree of its values, each with its place, and the faults of the text itself.
//!
//! First step of `yaml.rs`. Refuses what no pipeline needs: anchors, aliases, tags, several
//! documents, deep nesting. `nodes.rs` fills the types from the tree.

use std::collections::BTreeSet;

use serde_saphyr::granit_parser::{Event, Marker, Parser, ScalarStyle};

use super::faults::{Fault, Faults, Place, Places, located};
use super::scalar::{Scalar, leading_zero};

/// Deepest nesting of mappings and lists.
pub(super) const MAX_DEPTH: usize = 32;

pub(super) const ALIAS: &str = "aliases are not accepted; write the value out";

/// A value of the text.
#[derive(Debug)]
pub(super) struct Node {
    pub place: Place,
    pub value: Value,
}

#[derive(Debug)]
pub(super) enum Value {
    Scalar(Scalar),
    List(Vec<Node>),
    /// Each key once.
    Mapping(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug)]
pub(super) struct Entry {
    pub key: String,
    pub place: Place,
    pub node: Node,
}

/// The path of a key's value.
pub(super) fn joined(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.into()
    } else {
        format!("{path}.{key}")
    }
}

fn place_of(marker: &Marker) -> Place {
    (marker.line() as u64, marker.col() as u64 + 1)
}

/// What the text holds; `None` where it is empty, or broken, which another reader explains better.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub root: Option<Node>,
    pub places: Places,
    pub faults: Faults,
}

/// A mapping or list that the scan is inside of.
struct Open {
    path: String,
    place: Place,
    inside: Inside,
}

enum Inside {
    List(Vec<Node>),
    Mapping {
        entries: Vec<Entry>,
        /// Keys so far, repeated ones too.
        keys: BTreeSet<String>,
        /// A key that waits for its value.
        key: Option<Key>,
    },
}

struct Key {
    name: String,
    place: Place,
    /// It stood there before, say; its value is not used.
    is_refused: bool,
}

/// Reads the text.
///
/// # Errors
/// What is refused whatever else the text says, as a message with its place.
pub(super) fn scan(text: &str) -> Result<Tree, String> {
    let mut tree = Tree::default();
    let mut open: Vec<Open> = Vec::new();
    let mut documents = 0;
    for event in Parser::new_from_str(text) {
        let Ok((event, span)) = event else {
            tree.root = None;
            break;
        };
        let place = place_of(&span.start);
        let refuse = |message: &str| Err(located(Some(place), "", message));
        if let Some(message) = surprise(&event) {
            return refuse(&message);
        }
        match event {
            Event::DocumentStart(..) => {
                documents += 1;
                if documents > 1 {
                    return refuse("a second document; a pipeline is one document");
                }
            }
            Event::Scalar(text, style, _, tag) => {
                let scalar = Scalar {
                    text: text.into_owned(),
                    plain: style == ScalarStyle::Plain,
                    tag: tag.map(|tag| tag.suffix().to_owned()),
                };
                tree.scalar(&mut open, scalar, place);
            }
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                if let Some(Inside::Mapping { key: None, .. }) = open.last().map(|o| &o.inside) {
                    return refuse("a key is a plain word, not a mapping or a list");
                }
                if open.len() >= MAX_DEPTH {
                    return refuse(&format!("nested deeper than {MAX_DEPTH}"));
                }
                let path = value_path(&open);
                tree.places.note(&path, place);
                let inside = if matches!(event, Event::MappingStart(..)) {
                    Inside::Mapping {
                        entries: Vec::new(),
                        keys: BTreeSet::new(),
                        key: None,
                    }
                } else {
                    Inside::List(Vec::new())
                };
                open.push(Open {
                    path,
                    place,
                    inside,
                });
            }
            Event::MappingEnd | Event::SequenceEnd => {
                if let Some(closed) = open.pop() {
                    let value = match closed.inside {
                        Inside::List(nodes) => Value::List(nodes),
                        Inside::Mapping { entries, .. } => Value::Mapping(entries),
                    };
                    let place = closed.place;
                    tree.put(&mut open, Node { place, value });
                }
            }
            _ => {}
        }
    }
    Ok(tree)
}

impl Tree {
    /// A scalar is a key where a mapping waits for one, else a value.
    fn scalar(&mut self, open: &mut [Open], scalar: Scalar, place: Place) {
        let Some(Open {
            path,
            inside:
                Inside::Mapping {
                    keys,
                    key: key @ None,
                    ..
                },
            ..
        }) = open.last_mut()
        else {
            let path = value_path(open);
            self.places.note_scalar(&path, place);
            self.check_number(&path, &scalar, place);
            let value = Value::Scalar(scalar);
            self.put(open, Node { place, value });
            return;
        };
        let path = joined(path, &scalar.text);
        self.check_number(&path, &scalar, place);
        let name = scalar.text;
        let why = if scalar.plain && name == "<<" {
            Some("merge keys are not accepted; write the content out")
        } else {
            (!keys.insert(name.clone())).then_some("the key is given twice")
        };
        match why {
            Some(why) => self.faults.add_read(Fault::at(place, &*path, why)),
            None => self.places.note(&path, place),
        }
        *key = Some(Key {
            name,
            place,
            is_refused: why.is_some(),
        });
    }

    fn check_number(&mut self, path: &str, scalar: &Scalar, place: Place) {
        let plain = scalar.plain && scalar.tag.is_none();
        if let Some(message) = leading_zero(&scalar.text).filter(|_| plain) {
            self.faults.add_read(Fault::at(place, path, message));
            self.faults.leave_hole(path);
        }
    }

    /// Puts a value where the scan is.
    fn put(&mut self, open: &mut [Open], node: Node) {
        match open.last_mut().map(|open| &mut open.inside) {
            None => self.root = Some(node),
            Some(Inside::List(nodes)) => nodes.push(node),
            Some(Inside::Mapping { entries, key, .. }) => {
                if let Some(key) = key.take().filter(|key| !key.is_refused) {
                    entries.push(Entry {
                        key: key.name,
                        place: key.place,
                        node,
                    });
                }
            }
        }
    }
}

/// The path of the value that starts now.
fn value_path(open: &[Open]) -> String {
    match open.last() {
        None => String::new(),
        Some(Open { path, inside, .. }) => match inside {
            Inside::List(nodes) => format!("{path}[{}]", nodes.len()),
            Inside::Mapping { key, .. } => joined(path, key.as_ref().map_or("", |key| &key.name)),
        },
    }
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
    let tag = tag?;
    let suffix = tag.suffix();
    if tag.handle() == "tag:yaml.org,2002:" {
        let known = match event {
            Event::Scalar(..) => matches!(suffix, "str" | "int" | "float" | "bool" | "null"),
            Event::SequenceStart(..) => suffix == "seq",
            _ => suffix == "map",
        };
        let suffix = suffix.escape_debug();
        return (!known).then(|| format!("tag '!!{suffix}' is not accepted; leave it out"));
    }
    Some(match suffix {
        "include" => "includes are not accepted; write the content out".into(),
        suffix => format!(
            "custom tag '!{}' is not accepted; leave it out",
            suffix.escape_debug()
        ),
    })
}
