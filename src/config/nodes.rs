//! From the tree of a text to [`RawConfig`], going on after each fault of shape so that all are found.
//!
//! Second step of `yaml.rs`, a data format of serde. A value that does not fit is noted and replaced by a
//! placeholder of its type; then everything is read again, so that the next fault shows. Keys that a mapping
//! does not have are noted and skipped.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::value::StrDeserializer;
use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::entries::{Entries, Items};
use super::faults::{Fault, Faults, Place};
use super::raw::RawConfig;
use super::scalar::{Resolved, Scalar};
use super::tree::{Entry, Node, Value, joined};
use super::words::{self, Wrong};
use crate::expr::nearest;

/// Times that a text is read at most: once for each fault that stops a reading.
const MOST_READINGS: usize = 100;

/// Reads the tree, adding every fault; `None` where there are too many to go on.
pub(super) fn fill(root: &Node, faults: &mut Faults) -> Option<RawConfig> {
    let mut passed = BTreeSet::new();
    let mut stopping = Vec::new();
    for _ in 0..MOST_READINGS {
        let walk = Walk {
            faults,
            passed: &passed,
            unknown: RefCell::default(),
            renamed: RefCell::default(),
        };
        let read = RawConfig::deserialize(Spot::of(root, String::new(), &walk));
        let (unknown, renamed) = (walk.unknown.take(), walk.renamed.take());
        let wrong = match read {
            Ok(raw) => {
                for path in renamed {
                    faults.leave_hole(path);
                }
                let all = stopping.into_iter().chain(unknown);
                all.for_each(|fault| faults.add_read(fault));
                return Some(raw);
            }
            Err(wrong) => wrong,
        };
        let (fault, hole) = wrong.settle(root.place);
        let is_new = match hole {
            words::Hole::Key(path) => passed.insert(path),
            words::Hole::Value(path) => faults.leave_hole(path),
        };
        stopping.push(fault);
        if !is_new {
            stopping.extend(unknown);
            break;
        }
    }
    for fault in stopping {
        faults.add_read(fault);
    }
    None
}

/// What is known of the text while it is read once.
pub(super) struct Walk<'a> {
    /// Holes so far.
    faults: &'a Faults,
    /// Paths of keys that are passed over.
    passed: &'a BTreeSet<String>,
    /// Faults of keys that nothing knows.
    unknown: RefCell<Vec<Fault>>,
    /// Paths of the keys that those perhaps mean.
    renamed: RefCell<Vec<String>>,
}

/// A value and where it is; without a node, a hole.
pub(super) struct Spot<'a> {
    pub node: Option<&'a Node>,
    pub path: String,
    pub walk: &'a Walk<'a>,
}

impl<'a> Spot<'a> {
    pub fn of(node: &'a Node, path: String, walk: &'a Walk<'a>) -> Self {
        let node = (!walk.faults.is_hole(&path)).then_some(node);
        Self { node, path, walk }
    }

    pub fn hole(path: String, walk: &'a Walk<'a>) -> Self {
        let node = None;
        Self { node, path, walk }
    }

    fn scalar(&self) -> Option<&'a Scalar> {
        match &self.node?.value {
            Value::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    pub fn place(&self) -> Option<Place> {
        self.node.map(|node| node.place)
    }

    /// The error of a value that is not what is wanted.
    fn no(&self, wanted: &str) -> Wrong {
        Wrong::expected(wanted).at(&self.path, self.place())
    }

    /// The same, which says what there is instead.
    fn no_but(&self, wanted: &str) -> Wrong {
        let found = match self.node.map(|node| &node.value) {
            Some(Value::List(_)) => "a list",
            Some(Value::Mapping(_)) => "a mapping",
            _ => "nothing",
        };
        Wrong::expected(&format!("{wanted}, found {found}")).at(&self.path, self.place())
    }

    fn integer<T: TryFrom<i128>>(&self, wanted: &str) -> Result<Option<T>, Wrong> {
        if self.node.is_none() {
            return Ok(None);
        }
        let value = self.scalar().and_then(Scalar::integer);
        let value = value.and_then(|value| T::try_from(value).ok());
        value.map(Some).ok_or_else(|| self.no(wanted))
    }

    /// The entries of a mapping that has these keys, or any.
    fn entries(
        &self,
        entries: &'a [Entry],
        fields: Option<&'static [&'static str]>,
    ) -> Entries<'a> {
        let mut all = Vec::new();
        for entry in entries {
            let path = joined(&self.path, &entry.key);
            if self.walk.passed.contains(&path) {
                continue;
            }
            if let Some(fields) = fields.filter(|fields| !fields.contains(&&*entry.key)) {
                self.unknown(entry, fields, entries);
                continue;
            }
            let spot = Spot::of(&entry.node, path, self.walk);
            all.push((entry.key.as_str(), Some(entry.place), spot));
        }
        for &field in fields.into_iter().flatten() {
            let path = joined(&self.path, field);
            let is_absent = entries.iter().all(|entry| entry.key != field);
            let is_meant = || self.walk.renamed.borrow().contains(&path);
            if is_absent && (self.walk.faults.is_hole(&path) || is_meant()) {
                all.push((field, None, Spot::hole(path, self.walk)));
            }
        }
        Entries::of(self, all)
    }

    /// Notes a key that the mapping does not have, and the one that it perhaps means.
    fn unknown(&self, entry: &Entry, fields: &[&'static str], entries: &[Entry]) {
        let reason = words::unsupported_key(&self.path, &entry.key);
        let message = words::unknown("key", &entry.key, fields, reason);
        let fault = Fault::at(entry.place, &*self.path, message);
        self.walk.unknown.borrow_mut().push(fault);
        let meant = nearest(&entry.key, fields.iter().copied()).filter(|_| reason.is_none());
        if let Some(meant) = meant.filter(|m| entries.iter().all(|entry| entry.key != *m)) {
            let path = joined(&self.path, meant);
            self.walk.renamed.borrow_mut().push(path);
        }
    }
}

macro_rules! integers {
    ($($method:ident $visit:ident $wanted:literal)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
            let value = self.integer($wanted)?.unwrap_or_default();
            visitor.$visit(value).map_err(|wrong: Wrong| wrong.at(&self.path, self.place()))
        })*
    };
}

impl<'de> Deserializer<'de> for Spot<'_> {
    type Error = Wrong;

    integers! {
        deserialize_i8 visit_i8 "i64"
        deserialize_i16 visit_i16 "i64"
        deserialize_i32 visit_i32 "i64"
        deserialize_i64 visit_i64 "i64"
        deserialize_u8 visit_u8 "u64"
        deserialize_u16 visit_u16 "u64"
        deserialize_u32 visit_u32 "u64"
        deserialize_u64 visit_u64 "u64"
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let (path, place) = (self.path.clone(), self.place());
        let value = match self.node.map(|node| &node.value) {
            None => visitor.visit_str(""),
            Some(Value::List(nodes)) => visitor.visit_seq(Items::of(nodes, &self)),
            Some(Value::Mapping(entries)) => visitor.visit_map(self.entries(entries, None)),
            Some(Value::Scalar(scalar)) => match scalar.resolved() {
                Resolved::Null => visitor.visit_unit(),
                Resolved::Bool(value) => visitor.visit_bool(value),
                Resolved::Unsigned(value) => visitor.visit_u64(value),
                Resolved::Signed(value) => visitor.visit_i64(value),
                Resolved::Float(value) => visitor.visit_f64(value),
                Resolved::Text(text) => visitor.visit_str(text),
            },
        };
        value.map_err(|wrong| wrong.at(&path, place))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        if self.node.is_none() {
            return visitor.visit_bool(false);
        }
        let value = self.scalar().and_then(Scalar::boolean);
        visitor.visit_bool(value.ok_or_else(|| self.no("bool"))?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        if self.node.is_none() {
            return visitor.visit_f64(0.0);
        }
        let integer = self.scalar().and_then(Scalar::integer);
        let value = integer.map(|value| value as f64);
        let value = value.or_else(|| self.scalar().and_then(Scalar::float));
        visitor.visit_f64(value.ok_or_else(|| self.no("f64"))?)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        if self.node.is_none() {
            return visitor.visit_str("");
        }
        let scalar = self.scalar().filter(|scalar| !scalar.is_null());
        let text = &scalar.ok_or_else(|| self.no_but("text"))?.text;
        let read = visitor.visit_str(text);
        read.map_err(|wrong: Wrong| wrong.at(&self.path, self.place()))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.scalar() {
            Some(scalar) if scalar.is_null() => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let (path, place) = (self.path.clone(), self.place());
        let items = match self.node.map(|node| &node.value) {
            None => Items::of(&[], &self),
            Some(Value::List(nodes)) => Items::of(nodes, &self),
            Some(_) => return Err(self.no("sequence")),
        };
        visitor
            .visit_seq(items)
            .map_err(|wrong| wrong.at(&path, place))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let (path, place) = (self.path.clone(), self.place());
        let entries = match self.node.map(|node| &node.value) {
            None => self.entries(&[], None),
            Some(Value::Mapping(entries)) => self.entries(entries, None),
            Some(_) => return Err(self.no("map")),
        };
        visitor
            .visit_map(entries)
            .map_err(|wrong| wrong.at(&path, place))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        let (path, place) = (self.path.clone(), self.place());
        let entries = match self.node.map(|node| &node.value) {
            None => Entries::holes(&self, fields),
            Some(Value::Mapping(entries)) => self.entries(entries, Some(fields)),
            Some(_) => return Err(self.no("map")),
        };
        visitor
            .visit_map(entries)
            .map_err(|wrong| wrong.at(&path, place))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        let text = match self.node.map(|node| &node.value) {
            None => variants.first().copied().unwrap_or_default(),
            Some(Value::Scalar(scalar)) if !scalar.is_null() => &scalar.text,
            Some(_) => return Err(self.no_but("a word")),
        };
        let text: StrDeserializer<'_, Wrong> = text.into_deserializer();
        let read = visitor.visit_enum(text);
        read.map_err(|wrong| wrong.at(&self.path, self.place()))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct newtype_struct tuple tuple_struct identifier
    }
}
