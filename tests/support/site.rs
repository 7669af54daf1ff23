//! A folder for one test: granules that it can spoil, a shard map of them, and an empty folder where runs write.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use icefold::{Granules, MakeMap, Verify, config};
use serde_json::Value;
use tempfile::TempDir;

use super::folder;
use super::granules::{Heights, paths};

/// A folder with granules, and an empty folder `out` where runs write.
pub struct Site {
    folder: TempDir,
}

impl Site {
    pub fn new() -> Self {
        let folder = folder();
        std::fs::create_dir(folder.path().join("out")).unwrap();
        Self { folder }
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn out(&self, name: &str) -> PathBuf {
        self.path("out").join(name)
    }

    /// Names in `out`, hidden ones too.
    pub fn written(&self) -> Vec<String> {
        names(&self.path("out"))
    }

    /// A folder of its own.
    pub fn folder(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    /// The built-in config atl03 with a piece of its text replaced, as a file.
    #[track_caller]
    pub fn atl03_with(&self, piece: &str, replacement: &str) -> PathBuf {
        let text = include_str!("../../src/config/atl03.yaml");
        assert!(text.contains(piece), "{piece}");
        let path = self.path("changed.yaml");
        std::fs::write(&path, text.replace(piece, replacement)).unwrap();
        path
    }

    /// Makes `map.json` of these granules.
    pub fn mapping(&self, config: impl AsRef<Path>, granules: &[&Path]) -> MakeMap<'static> {
        let config = config::load(config.as_ref().to_str().unwrap()).unwrap();
        MakeMap::new(config, Granules::named(granules), self.path("map.json")).threads(2)
    }

    /// Three granules with their map; gives back how many shards it has.
    pub fn mapped(&self, config: impl AsRef<Path>) -> ([PathBuf; 3], usize) {
        let granules = self.three();
        let made = self.mapping(config, &paths(&granules)).execute().unwrap();
        (granules, made.map.shards.len())
    }

    /// What the map says.
    pub fn map(&self) -> Value {
        let text = std::fs::read(self.path("map.json")).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// Puts a map in place, with a piece of it changed.
    pub fn change_map(&self, change: impl FnOnce(&mut Value)) {
        let mut map = self.map();
        change(&mut map);
        std::fs::write(self.path("map.json"), map.to_string()).unwrap();
    }
}

/// Photons over four degrees of latitude, which cross several shards; three have no coordinates.
pub fn long_track(lon: f64) -> Heights {
    let mut heights = Heights::along(lon, 3000);
    for (i, lat) in heights.lat.iter_mut().enumerate() {
        *lat = 68.0 + i as f64 * 4.0 / 3000.0;
    }
    heights.lat[7] = 101.0;
    heights.lat[8] = f64::NAN;
    heights.lon[9] = f64::INFINITY;
    heights
}

/// The shards that a map lists, by their words.
pub fn keys(map: &Value) -> Vec<u64> {
    let keys = map["shard_keys"].as_array().unwrap().iter();
    keys.map(|key| key.as_u64().unwrap()).collect()
}

/// Sorted names in a folder, hidden ones too.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Every file below a folder, by path, with its bytes.
pub fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(inside) = folders.pop() {
        for entry in std::fs::read_dir(inside).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_path_buf();
                found.insert(name, std::fs::read(path).unwrap());
            }
        }
    }
    found
}

/// Checks that two stores hold the same bits.
#[track_caller]
pub fn assert_same(a: &Path, b: &Path) {
    let found = Verify::stores(a, b).unwrap();
    assert!(found.identical(), "{found}");
}
