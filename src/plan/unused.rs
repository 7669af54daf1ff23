//! Keys of a shard map that a run does not follow, so that it can name them.
//!
//! Beside `map.rs`. Maps of other programs may hold more than icefold uses, such as an area of interest or
//! other files of a granule. Their values are skipped, however large.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Keys of a map that are read, or say only where it comes from.
const OF_MAP: [&str; 4] = ["metadata", "grid_signature", "shard_keys", "granules"];
/// Keys of a granule that are read, or only describe it.
const OF_GRANULE: [&str; 8] = [
    "id",
    "s3",
    "https",
    "path",
    "datetime",
    "time_key",
    "time_start",
    "time_end",
];

/// The other keys: `aoi_mask` of the map, `granules[].assets` of its granules. None of what is no map.
pub(super) fn unused(json: &[u8]) -> Vec<String> {
    let mut found = BTreeSet::new();
    let mut reader = serde_json::Deserializer::from_slice(json);
    let keys = Keys {
        found: &mut found,
        level: Level::Map,
    };
    match keys.deserialize(&mut reader) {
        Ok(()) => found.into_iter().collect(),
        Err(_) => Vec::new(),
    }
}

/// Those of a list of granules.
#[cfg_attr(
    not(feature = "parquet"),
    allow(dead_code, reason = "only Parquet has such lists")
)]
pub(super) fn unused_of_granules(json: &[u8]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut reader = serde_json::Deserializer::from_slice(json);
    let keys = Keys {
        found: &mut found,
        level: Level::Granules,
    };
    let read = keys.deserialize(&mut reader);
    read.map(|()| found).unwrap_or_default()
}

/// What it means for a run that a key is not used.
pub(super) fn meaning(key: &str) -> &'static str {
    match key {
        "aoi_mask" => {
            "; photons and cells outside its area count, and the store has no array of that name: give the area as a region, and \
             output.aoi_mask in the config"
        }
        "granules[].assets" => "; nothing of the files that it names is read",
        _ => "",
    }
}

/// Where in a map a value stands.
#[derive(Clone, Copy)]
enum Level {
    Map,
    Shards,
    Granules,
    Granule,
}

/// Notes the keys of a value and below.
struct Keys<'a> {
    found: &'a mut BTreeSet<String>,
    level: Level,
}

impl<'de> DeserializeSeed<'de> for Keys<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Keys<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a shard map")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let level = match self.level {
            Level::Shards => Level::Granules,
            _ => Level::Granule,
        };
        let found = self.found;
        while list.next_element_seed(Keys { found, level })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let is_map = matches!(self.level, Level::Map);
        while let Some(key) = map.next_key::<String>()? {
            if is_map && key == "granules" {
                let (found, level) = (&mut *self.found, Level::Shards);
                map.next_value_seed(Keys { found, level })?;
                continue;
            }
            let is_set = map.next_value::<IsSet>()?.0;
            if is_set && is_map && !OF_MAP.contains(&&*key) {
                self.found.insert(key);
            } else if is_set && !is_map && !OF_GRANULE.contains(&&*key) {
                self.found.insert(format!("granules[].{key}"));
            }
        }
        Ok(())
    }
}

/// Whether a value is anything but null.
struct IsSet(bool);

impl<'de> serde::Deserialize<'de> for IsSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Option::<IgnoredAny>::deserialize(deserializer)?;
        Ok(Self(value.is_some()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_no_run_follows_are_found_by_name() {
        let map = br#"{"aoi_mask": [[1, 2], [3]], "granules": [[{"id": "a", "assets": {"b": {"x": 1}}},
            {"id": "c", "time_start": "t"}], [{"id": "d", "assets": null, "extra": 1}]],
            "shard_keys": [1, 2], "metadata": {"aoi_mask": true}, "grid_signature": {}, "n": null}"#;
        let expected = ["aoi_mask", "granules[].assets", "granules[].extra"];
        assert_eq!(unused(map), expected);
    }

    #[test]
    fn what_is_no_map_has_none() {
        for text in [
            "",
            "3",
            "[]",
            "{",
            r#"{"granules": 3}"#,
            r#"{"granules": [[3]]}"#,
        ] {
            assert_eq!(unused(text.as_bytes()), [""; 0], "{text}");
        }
    }
}
