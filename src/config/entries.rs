//! The items of lists and the entries of mappings, handed to serde one after the other.
//!
//! Used by `nodes.rs`.

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess};

use super::faults::Place;
use super::nodes::{Spot, Walk};
use super::tree::{Node, joined};
use super::words::Wrong;

/// The items of a list.
pub(super) struct Items<'a> {
    path: String,
    next: usize,
    rest: std::slice::Iter<'a, Node>,
    walk: &'a Walk<'a>,
}

impl<'a> Items<'a> {
    pub fn of(nodes: &'a [Node], spot: &Spot<'a>) -> Self {
        Self {
            path: spot.path.clone(),
            next: 0,
            rest: nodes.iter(),
            walk: spot.walk,
        }
    }
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Wrong;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Wrong> {
        let Some(node) = self.rest.next() else {
            return Ok(None);
        };
        let path = format!("{}[{}]", self.path, self.next);
        self.next += 1;
        seed.deserialize(Spot::of(node, path, self.walk)).map(Some)
    }
}

/// Keys and values of a mapping.
pub(super) struct Entries<'a> {
    /// Of the mapping.
    path: String,
    place: Option<Place>,
    rest: std::vec::IntoIter<Entry<'a>>,
    value: Option<Spot<'a>>,
}

/// A key, its place where the text has it, and its value.
pub(super) type Entry<'a> = (&'a str, Option<Place>, Spot<'a>);

impl<'a> Entries<'a> {
    /// These of the mapping at the spot.
    pub fn of(spot: &Spot<'a>, entries: Vec<Entry<'a>>) -> Self {
        Self {
            path: spot.path.clone(),
            place: spot.place(),
            rest: entries.into_iter(),
            value: None,
        }
    }

    /// A mapping of which nothing could be read.
    pub fn holes(spot: &Spot<'a>, fields: &'static [&'static str]) -> Self {
        let hole = |field: &&'static str| {
            let path = joined(&spot.path, field);
            (*field, None, Spot::hole(path, spot.walk))
        };
        Self::of(spot, fields.iter().map(hole).collect())
    }
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Wrong;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Wrong> {
        let Some((key, place, spot)) = self.rest.next() else {
            return Ok(None);
        };
        self.value = Some(spot);
        let text: StrDeserializer<'_, Wrong> = key.into_deserializer();
        let read = seed.deserialize(text);
        read.map(Some)
            .map_err(|wrong| wrong.at(&self.path, place.or(self.place)))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Wrong> {
        match self.value.take() {
            Some(spot) => seed.deserialize(spot),
            None => Err(Wrong::expected("a key before its value")),
        }
    }
}
