//! Things that a caller says in place of what a config says: a key, and its value.
//!
//! Between `tree.rs` and `nodes.rs`: a change is put into the tree of the text, so what it says is checked as if the
//! text had it, and the hash of the config is that of the changed one.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::faults::NOWHERE;
use super::tree::{Entry, Node, Tree, Value, joined, scan};
use super::yaml::check_syntax;
use crate::error::{Error, Result};

/// One key of a config, such as `output.grid.child_order` or `data_source.filters[0].value`, and what it is to be:
/// YAML, in which `null` takes the key out.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::config::{self, Change};
///
/// let all: Change = "data_source.filters=null".parse()?;
/// assert!(config::load_with("atl06", &[all])?.filters.is_empty());
///
/// let error = config::load_with("atl06", &[Change::new("output.nam", "skip")]).unwrap_err();
/// assert!(error.to_string().contains("did you mean 'nan'"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    key: String,
    value: String,
}

impl Change {
    /// This key with this value.
    pub fn new(key: impl Into<String>, value: impl fmt::Display) -> Self {
        Self {
            key: key.into(),
            value: value.to_string(),
        }
    }

    /// The key.
    pub fn key(&self) -> &str {
        &self.key
    }

    pub(super) fn value(&self) -> &str {
        &self.value
    }
}

/// `KEY=VALUE`.
impl FromStr for Change {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => Ok(Self::new(key.trim(), value.trim())),
            _ => Err(Error::argument(format!(
                "change '{}' is not KEY=VALUE, such as output.grid.child_order=10",
                text.escape_debug()
            ))),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}={}",
            self.key.escape_debug(),
            self.value.escape_debug()
        )
    }
}

/// Puts changes into a tree, in their order.
///
/// # Errors
/// In words: a key that is said twice or leads nowhere, a value that is no YAML.
pub(super) fn apply(tree: &mut Tree, changes: &[Change]) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for change in changes {
        if !seen.insert(&change.key) {
            return Err(format!(
                "{} is set twice; set it once",
                change.key.escape_debug()
            ));
        }
        let refused = |why: String| format!("cannot set {change}: {why}");
        let value = value_of(&change.value).map_err(refused)?;
        if let Some(root) = &mut tree.root {
            put(root, "", &change.key, value).map_err(refused)?;
        }
        tree.places.forget(&change.key);
    }
    Ok(())
}

/// The value, placed nowhere; `None` for null.
fn value_of(text: &str) -> Result<Option<Node>, String> {
    if text.is_empty() {
        return Err("it has no value; null takes the key out".to_owned());
    }
    let tree = scan(text)?;
    check_syntax(text)?;
    if let Some(message) = tree.faults.message(&tree.places) {
        return Err(message);
    }
    let mut node = tree.root.ok_or("its value is no YAML")?;
    if let Value::Scalar(scalar) = &node.value
        && scalar.plain
        && scalar.tag.is_none()
        && scalar.text != text
    {
        // A comment, or lines that YAML joins.
        return Err(format!(
            "YAML reads it as '{}'; put it between quotes",
            scalar.text.escape_debug()
        ));
    }
    place_nowhere(&mut node);
    let is_null = matches!(&node.value, Value::Scalar(scalar) if scalar.is_null());
    Ok((!is_null).then_some(node))
}

fn place_nowhere(node: &mut Node) {
    node.place = NOWHERE;
    match &mut node.value {
        Value::Scalar(_) => {}
        Value::List(nodes) => nodes.iter_mut().for_each(place_nowhere),
        Value::Mapping(entries) => {
            for entry in entries {
                entry.place = NOWHERE;
                place_nowhere(&mut entry.node);
            }
        }
    }
}

/// Puts a value at a path below a node, whose own path is `at`.
fn put(node: &mut Node, at: &str, path: &str, value: Option<Node>) -> Result<(), String> {
    let whole = |at: &str| {
        if at.is_empty() {
            "the config".to_owned()
        } else {
            at.to_owned()
        }
    };
    if let Some(index) = path.strip_prefix('[') {
        let Value::List(nodes) = &mut node.value else {
            return Err(format!("{} is no list", whole(at)));
        };
        return item(nodes, at, index, value);
    }
    let entries = match &mut node.value {
        Value::Mapping(entries) => entries,
        Value::Scalar(scalar) if scalar.is_null() => {
            node.value = Value::Mapping(Vec::new());
            return put(node, at, path, value);
        }
        _ => return Err(format!("{} is no mapping, and has no keys", whole(at))),
    };
    let (key, rest) = split(entries, path);
    if key.is_empty() {
        return Err(format!("a key is missing behind '{at}'"));
    }
    let place = entries.iter().position(|entry| entry.key == key);
    let path = joined(at, key);
    match (place, rest.is_empty(), value) {
        (Some(place), true, Some(value)) => entries[place].node = value,
        (Some(place), true, None) => drop(entries.remove(place)),
        (Some(place), false, value) => return put(&mut entries[place].node, &path, rest, value),
        (None, true, None) => return Err(format!("there is no {path}")),
        (None, _, value) => {
            let empty = Value::Mapping(Vec::new());
            let mut made = Node {
                place: NOWHERE,
                value: empty,
            };
            if rest.is_empty() {
                made = value.unwrap_or(made);
            } else {
                put(&mut made, &path, rest, value)?;
            }
            entries.push(Entry {
                key: key.to_owned(),
                place: NOWHERE,
                node: made,
            });
        }
    }
    Ok(())
}

/// Puts a value at the item of a list whose number and what follows are `path`: one behind the last is added.
fn item(nodes: &mut Vec<Node>, at: &str, path: &str, value: Option<Node>) -> Result<(), String> {
    let parsed = path.split_once(']').and_then(|(number, rest)| {
        let rest = if rest.is_empty() || rest.starts_with('[') {
            rest
        } else {
            rest.strip_prefix('.')?
        };
        Some((number.parse::<usize>().ok()?, rest))
    });
    let Some((place, rest)) = parsed else {
        return Err(format!(
            "'{at}[{path}' does not go on as [0] or [0].key does"
        ));
    };
    let count = nodes.len();
    if place > count || (place == count && (value.is_none() || !rest.is_empty())) {
        return Err(format!("{at} has {count} items, counted from 0"));
    }
    match (rest.is_empty(), value) {
        (true, Some(value)) if place == count => nodes.push(value),
        (true, Some(value)) => nodes[place] = value,
        (true, None) => drop(nodes.remove(place)),
        (false, value) => return put(&mut nodes[place], &format!("{at}[{place}]"), rest, value),
    }
    Ok(())
}

/// The first key of a path, and what follows: of keys with a dot inside, the longest that the mapping has.
fn split<'a>(entries: &[Entry], path: &'a str) -> (&'a str, &'a str) {
    let after = |key: &str| {
        let rest = path.strip_prefix(key)?;
        (rest.is_empty() || rest.starts_with(['.', '['])).then_some(key.len())
    };
    let known = entries.iter().filter_map(|entry| after(&entry.key)).max();
    let end = known.unwrap_or_else(|| path.find(['.', '[']).unwrap_or(path.len()));
    let (key, rest) = path.split_at(end);
    (key, rest.strip_prefix('.').unwrap_or(rest))
}

#[cfg(test)]
mod tests {
    use super::super::emit::emitted;
    use super::*;

    fn changed(text: &str, changes: &[&str]) -> Result<String, String> {
        let changes: Vec<Change> = changes.iter().map(|c| c.parse().unwrap()).collect();
        let mut tree = scan(text).unwrap();
        apply(&mut tree, &changes)?;
        Ok(emitted(&tree.root.unwrap()))
    }

    #[test]
    fn a_change_replaces_adds_and_takes_out() {
        let text = "a: {b: 1, c: [x, {d: 2}]}\ne.f: 3\n";
        for (change, expected) in [
            (
                "a.b=5",
                "a:\n  b: 5\n  c:\n    - x\n    -\n      d: 2\ne.f: 3\n",
            ),
            ("a.b=null", "a:\n  c:\n    - x\n    -\n      d: 2\ne.f: 3\n"),
            (
                "a.c[1].d='2'",
                "a:\n  b: 1\n  c:\n    - x\n    -\n      d: \"2\"\ne.f: 3\n",
            ),
            (
                "a.c[2]=y",
                "a:\n  b: 1\n  c:\n    - x\n    -\n      d: 2\n    - y\ne.f: 3\n",
            ),
            (
                "a.c[0]=null",
                "a:\n  b: 1\n  c:\n    -\n      d: 2\ne.f: 3\n",
            ),
            (
                "e.f=4",
                "a:\n  b: 1\n  c:\n    - x\n    -\n      d: 2\ne.f: 4\n",
            ),
            ("a={}", "a: {}\ne.f: 3\n"),
            ("a=[]", "a: []\ne.f: 3\n"),
            (
                "g.h.i=7",
                "a:\n  b: 1\n  c:\n    - x\n    -\n      d: 2\ne.f: 3\ng:\n  h:\n    i: 7\n",
            ),
        ] {
            assert_eq!(
                changed(text, &[change]).as_deref(),
                Ok(expected),
                "{change}"
            );
        }
    }

    #[test]
    fn a_change_that_leads_nowhere_is_refused_by_its_key() {
        let text = "a: {b: 1, c: [x]}\n";
        for (change, says) in [
            (
                "a.b.c=1",
                "cannot set a.b.c=1: a.b is no mapping, and has no keys",
            ),
            ("a[0]=1", "a is no list"),
            ("a.c[3]=1", "a.c has 1 items, counted from 0"),
            ("a.c[1].d=1", "a.c has 1 items"),
            ("a.c[one]=1", "does not go on as [0]"),
            ("a.c[0]d=1", "does not go on as [0]"),
            ("a..b=1", "a key is missing behind 'a'"),
            ("a.z=null", "there is no a.z"),
            ("a.b=", "it has no value; null takes the key out"),
            ("a.b={", "cannot set a.b={: "),
            ("a.b=010", "has a 0 in front"),
            ("a.b=x #2", "YAML reads it as 'x'; put it between quotes"),
            ("a.b=*x", "aliases are not accepted"),
        ] {
            let message = changed(text, &[change]).unwrap_err();
            assert!(message.contains(says), "{change}: {message}");
        }
        let message = changed(text, &["a.b=1", "a.b=2"]).unwrap_err();
        assert_eq!(message, "a.b is set twice; set it once");
        for text in ["a.b", "=1", ""] {
            let message = text.parse::<Change>().unwrap_err().to_string();
            assert!(message.contains("is not KEY=VALUE"), "{message}");
        }
    }
}
