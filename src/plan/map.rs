//! Shard maps: the file that lists the granules of every shard, in zagg's format.
//!
//! Beside the plan: `build.rs` makes maps, `resolve.rs` turns them into plans. A map is JSON, or Parquet where its name ends
//! so (`parquet_map.rs`). Shards are packed
//! morton words (of the grid), which exceed 2^53: they are read and written as unsigned 64-bit
//! integers, never through a float.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::digest::hex;
use crate::error::{Action, Error, Phrase, Result, phrase};
use crate::grid::{Grid, Latitude, Order};
use crate::place::{Artefact, Folder, write_in_parts, write_whole};

use super::entry::MapGranule;
use super::parquet_map;
use super::rectilinear;
use super::unused::{meaning, unused};

/// A shard map, each granule held once.
#[derive(Debug, Clone, PartialEq)]
pub struct ShardMap {
    /// The file that it is read from or written to.
    pub path: PathBuf,
    pub metadata: Map<String, Value>,
    /// As stored; `None` where there is none, or an empty one.
    pub signature: Option<Map<String, Value>>,
    /// The order of all shards; `None` without shards.
    pub order: Option<Order>,
    /// In the order of the file.
    pub shards: Vec<MapShard>,
    /// Each once.
    pub granules: Vec<MapGranule>,
    /// Keys that the file has and no run follows: `aoi_mask`, `granules[].assets`.
    pub unused: Vec<String>,
    /// Of each shard the words of the cells that touch the region (of rows and columns their places in it), for zagg: no run
    /// follows them, and other programs may have them in other forms.
    pub aoi_mask: Option<Vec<Value>>,
}

/// One shard of a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapShard {
    /// NESTED id.
    pub id: u64,
    /// Places in [`ShardMap::granules`], in the order of the file, each once.
    pub granules: Vec<usize>,
}

/// The granules of every shard of a HEALPix grid.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ShardMap")]
pub(super) struct RawMap {
    /// Where the map comes from; any keys. icefold's: `latitude`, `positions`.
    #[serde(default)]
    pub metadata: Option<Map<String, Value>>,
    /// The spatial grid that the map was made for; more keys are allowed.
    #[serde(default)]
    pub grid_signature: Option<Map<String, Value>>,
    /// Packed morton words, each once. They exceed 2^53.
    pub shard_keys: Vec<u64>,
    /// The granules of each shard, in the order of the keys.
    pub granules: Vec<Vec<MapGranule>>,
    /// Of each shard, in the order of the keys, the words of the cells that touch the area; no run follows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<Vec<u64>>>")]
    pub aoi_mask: Option<Value>,
}

/// The same as it is written, in the same order: a granule that is in many shards is held once.
#[derive(Debug, Serialize)]
pub(super) struct Written<'a> {
    pub metadata: &'a Map<String, Value>,
    pub grid_signature: Option<&'a Map<String, Value>>,
    pub shard_keys: Vec<u64>,
    pub granules: Vec<Vec<&'a MapGranule>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aoi_mask: Option<&'a [Value]>,
}

/// The JSON Schema of shard maps.
pub fn json_schema() -> Value {
    schemars::schema_for!(RawMap).to_value()
}

/// Whether a file is JSON by its name or its first character, and so no granule; or a map in Parquet.
pub fn looks_like_a_map(path: &Path) -> bool {
    if path
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("json"))
    {
        return true;
    }
    let mut start = [0; 64];
    let read = File::open(path).and_then(|mut file| file.read(&mut start));
    let start = &start[..read.unwrap_or(0)];
    start.trim_ascii_start().first() == Some(&b'{') || parquet_map::looks_like_a_map(path)
}

/// Whether a map of this name is Parquet.
fn is_named_parquet(path: &Path) -> bool {
    let extension = path.extension();
    extension.is_some_and(|e| e.eq_ignore_ascii_case("parquet"))
}

/// Shard maps as files.
pub const SHARD_MAP: Artefact = Artefact {
    noun: "shard map",
    needs_flag: false,
    folder: Folder::There,
    wrote,
};

/// Whether a file is a shard map that icefold made, and so may write over.
fn wrote(path: &Path) -> bool {
    /// What tells whose map it is; nothing else of it is held.
    #[derive(Deserialize)]
    struct Signed {
        metadata: Metadata,
        #[serde(rename = "shard_keys")]
        _shard_keys: IgnoredAny,
        #[serde(rename = "granules")]
        _granules: IgnoredAny,
    }
    #[derive(Deserialize)]
    struct Metadata {
        source: String,
    }
    if parquet_map::is_parquet(path) {
        return parquet_map::source(path).is_some_and(|source| source == OURS);
    }
    let file = File::open(path).ok();
    let map = file.and_then(|file| serde_json::from_reader(BufReader::new(file)).ok());
    map.is_some_and(|map: Signed| map.metadata.source == OURS)
}

/// What maps of icefold say of where they come from.
const OURS: &str = "icefold";

fn says_ours(metadata: &Map<String, Value>) -> bool {
    metadata.get("source").and_then(Value::as_str) == Some(OURS)
}

/// Of each shard what a map says of its cells.
///
/// # Errors
/// In words: not one list for each key.
fn masks(mask: Value, keys: usize) -> Result<Vec<Value>, String> {
    let Value::Array(lists) = mask else {
        return Err(format!(
            "has {keys} shard_keys and an aoi_mask that is no list of as many; there must be one list per key: make the map again"
        ));
    };
    if lists.len() != keys {
        return Err(format!(
            "has {keys} shard_keys and {} lists of aoi_mask; there must be one list per key: make the map again",
            lists.len()
        ));
    }
    Ok(lists)
}

/// A map as it is stored, and what of it no run follows.
fn stored(path: &Path) -> Result<(RawMap, Vec<String>)> {
    let refused = |message: String| Error::map(path, message);
    if parquet_map::is_parquet(path) {
        let file = File::open(path).map_err(|e| Error::io("read", path, e))?;
        return parquet_map::read(file).map_err(refused);
    }
    let bytes = std::fs::read(path).map_err(|e| Error::io("read", path, e))?;
    let raw = serde_json::from_slice(&bytes).map_err(|e| {
        refused(format!("is not a shard map: {e}"))
            .with_remedy(phrase![Action::MapSchema, " prints the format"])
            .caused_by(e)
    })?;
    Ok((raw, unused(&bytes)))
}

impl ShardMap {
    /// Reads a map.
    ///
    /// # Errors
    /// A file that cannot be read, is neither JSON nor Parquet or no shard map, whose lists are not of one length,
    /// or with a key that is no shard, comes twice or is of another order than the first.
    pub fn read(path: &Path) -> Result<Self> {
        let refused = |message: String| Error::map(path, message);
        // A device or a FIFO may give bytes without end, or none for ever.
        if std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
            return Err(refused(
                "is not a regular file; write the map to disk first".to_owned(),
            ));
        }
        let (raw, mut unused) = stored(path)?;
        let metadata = raw.metadata.unwrap_or_default();
        let is_ours = says_ours(&metadata);
        if is_ours && metadata.contains_key("region") {
            // A run over it has the region, which says the same.
            unused.retain(|key| key != "aoi_mask");
        }
        if raw.shard_keys.len() != raw.granules.len() {
            return Err(refused(format!(
                "has {} shard_keys and {} lists of granules; there must be one list per key: make \
                 the map again",
                raw.shard_keys.len(),
                raw.granules.len()
            )));
        }
        let aoi_mask = raw.aoi_mask.map(|mask| masks(mask, raw.shard_keys.len()));
        let aoi_mask = aoi_mask.transpose().map_err(refused)?;
        let signature = raw.grid_signature.filter(|signature| !signature.is_empty());
        let grid = match &signature {
            Some(signature) if rectilinear::is_of_one(signature) => {
                rectilinear::grid(signature).map_err(refused)?
            }
            _ => Grid::default(),
        };
        let (order, ids) = shards(&raw.shard_keys, grid).map_err(refused)?;
        let mut granules = Vec::new();
        let mut places: BTreeMap<(String, Option<String>), usize> = BTreeMap::new();
        let mut place_of = |granule: MapGranule| {
            let name = (granule.id.clone(), granule.path.clone());
            *places.entry(name).or_insert_with(|| {
                granules.push(granule);
                granules.len() - 1
            })
        };
        let mut list = |id: u64, listed: Vec<MapGranule>| {
            let mut granules: Vec<usize> = listed.into_iter().map(&mut place_of).collect();
            let mut seen = BTreeSet::new();
            granules.retain(|&place| seen.insert(place));
            MapShard { id, granules }
        };
        let shards = ids.into_iter().zip(raw.granules);
        let shards = shards.map(|(id, listed)| list(id, listed)).collect();
        if is_ours && granules.iter().all(MapGranule::has_joined_only) {
            // A run finds what is joined to a granule there, or beside it.
            unused.retain(|key| key != "granules[].assets");
        }
        Ok(Self {
            path: path.to_path_buf(),
            metadata,
            signature,
            order,
            shards,
            granules,
            unused,
            aoi_mask,
        })
    }

    /// Whether icefold made the map.
    pub(super) fn is_ours(&self) -> bool {
        says_ours(&self.metadata)
    }

    /// What the map says that a run does not follow, in words.
    pub fn unused_in_words(&self) -> Vec<String> {
        let words = self.unused.iter().map(|key| {
            let map = self.path.display();
            format!("{key} of shard map {map} is not used{}", meaning(key))
        });
        words.collect()
    }

    /// Writes the map to its path, as Parquet where that ends so; a reader never sees half of it.
    ///
    /// # Errors
    /// The operating system's, with the path; Parquet in a build without it.
    pub fn write(&self) -> Result<()> {
        let granules = self.shards.iter().map(|shard| {
            let places = shard.granules.iter();
            places.map(|&place| &self.granules[place]).collect()
        });
        let map = Written {
            metadata: &self.metadata,
            grid_signature: self.signature.as_ref(),
            shard_keys: self.keys(),
            granules: granules.collect(),
            aoi_mask: self.aoi_mask.as_deref(),
        };
        if is_named_parquet(&self.path) {
            let bytes = parquet_map::bytes(&map).map_err(|why| self.error(why))?;
            return write_whole(&self.path, SHARD_MAP, &bytes);
        }
        write_in_parts(&self.path, SHARD_MAP, |file| {
            serde_json::to_writer_pretty(&mut *file, &map)?;
            file.write_all(b"\n")
        })
    }

    /// The grid of its shards: on the latitude that the map names, and where it names none that is known, on the
    /// authalic one, as the format's maps are.
    pub fn grid(&self) -> Grid {
        let signature = self.signature.as_ref();
        if let Some(signature) = signature.filter(|s| rectilinear::is_of_one(s)) {
            return rectilinear::grid(signature).unwrap_or_default();
        }
        let latitude = self.metadata.get("latitude").and_then(Value::as_str);
        let latitude = latitude.and_then(Latitude::named);
        latitude.map(Grid::from).unwrap_or_default()
    }

    /// The packed morton word of each shard.
    pub fn keys(&self) -> Vec<u64> {
        let Some(order) = self.order else {
            return Vec::new();
        };
        let words = self.shards.iter().map(|s| self.grid().key(order, s.id));
        words.collect()
    }

    /// SHA-256 in hex over the shards and the granules that each lists, whatever their order in the
    /// file, and over nothing else.
    pub fn identity(&self) -> String {
        let mut shards: Vec<&MapShard> = self.shards.iter().collect();
        shards.sort_by_key(|shard| shard.id);
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        for granule in &self.granules {
            *times.entry(&granule.id).or_default() += 1;
        }
        // The path tells granules of one id apart.
        let name = |granule: &MapGranule| match &granule.path {
            Some(path) if times[&*granule.id] > 1 => format!("{} {path}", granule.id),
            _ => granule.id.clone(),
        };
        let mut hash = Sha256::new();
        hash.update(format!("order {:?}\n", self.order.map(Order::get)));
        for shard in shards {
            let names = shard.granules.iter();
            let names: BTreeSet<String> = names.map(|&g| name(&self.granules[g])).collect();
            hash.update(format!("{} {names:?}\n", shard.id));
        }
        hex(&hash.finalize())
    }

    /// Pairs of a shard and a granule.
    pub fn pairs(&self) -> usize {
        self.shards.iter().map(|shard| shard.granules.len()).sum()
    }

    /// An error about this map.
    pub(super) fn error(&self, message: impl Into<Phrase>) -> Error {
        Error::map(&self.path, message)
    }
}

/// The order that all keys have, and the NESTED id of each.
fn shards(keys: &[u64], grid: Grid) -> Result<(Option<Order>, Vec<u64>), String> {
    let mut order = None;
    let mut places = BTreeMap::new();
    let mut ids = Vec::with_capacity(keys.len());
    for (place, &key) in keys.iter().enumerate() {
        let (found, id) = grid.of_key(key).ok_or_else(|| {
            if let Some([rows, columns]) = grid.rectilinear().map(|grid| grid.shards()) {
                return format!(
                    "shard_keys[{place}] is {key}, and the grid has {rows} x {columns} shards: make the map again"
                );
            }
            format!(
                "shard_keys[{place}] is {key}, which is no morton word of a cell; keys exceed 2^53 \
                 and lose digits in programs that hold them as floats: make the map again"
            )
        })?;
        let first = *order.get_or_insert(found);
        if found != first {
            return Err(format!(
                "shard_keys[{place}] is of order {found}, shard_keys[0] of order {first}; all \
                 shards of a map have one order: make the map again"
            ));
        }
        if let Some(before) = places.insert(id, place) {
            return Err(format!(
                "shard_keys[{place}] is {key}, as is shard_keys[{before}]; each shard stands once: \
                 make the map again"
            ));
        }
        ids.push(id);
    }
    Ok((order, ids))
}
