//! What must hold of every document and array that somebody changed: no panic, no hang, no memory without
//! bound, and no answer that is not of what stands there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use icefold::arrays::npy::Npy;
use icefold::config::{self, Config};
use icefold::piece::{Listed, Marker, Pieces};
use icefold::place::{open, seal};
use icefold::plan::{Selection, ShardMap};
use icefold::{report, store};
use serde_json::Value;

use super::edits::{Input, edit_bytes, edit_json, edit_text};

/// Whole documents of one run, in a folder: `map.json`, `a.zarr`, `a.run.json`, `pieces` with a checkpoint
/// in it, and `a.npy`.
pub struct Seeds {
    folder: PathBuf,
    /// Where changed ones go.
    scratch: PathBuf,
    config: Config,
    files: Vec<PathBuf>,
}

/// A kind of document, and what is done with a changed one.
pub type Target = (&'static str, fn(&Seeds, &[u8]));

pub const TARGETS: [Target; 8] = [
    ("config", config_file),
    ("map", shard_map),
    ("manifest", manifest),
    ("checkpoint", checkpoint),
    ("marker", marker),
    ("report", run_report),
    ("store", zarr_store),
    ("npy", npy),
];

impl Seeds {
    pub fn open(folder: &Path, scratch: &Path) -> Self {
        let store = folder.join("a.zarr");
        copy(&store, &scratch.join("a.zarr"));
        copy(&folder.join("pieces"), &scratch.join("pieces"));
        let mut files = Vec::new();
        list(&store, &mut files);
        Self {
            folder: folder.to_path_buf(),
            scratch: scratch.to_path_buf(),
            config: config::load("atl03").expect("it is built in"),
            files: files.iter().map(|file| inside(file, &store)).collect(),
        }
    }

    /// Writes a changed document of the pieces with the right hash, does something, and puts the
    /// document back.
    fn forged(&self, name: &Path, input: &mut Input, act: impl FnOnce(&Path)) {
        let pieces = self.scratch.join("pieces");
        let path = pieces.join(name);
        let bytes = fs::read(&path).unwrap();
        let mut document: Value = open(&bytes).unwrap().document;
        if input.byte().is_multiple_of(8) {
            let mut bytes = bytes.clone();
            edit_bytes(&mut bytes, input);
            fs::write(&path, bytes).unwrap();
        } else {
            edit_json(&mut document, input);
            fs::write(&path, seal(&document, true).0).unwrap();
        }
        act(&pieces);
        fs::write(&path, bytes).unwrap();
    }

    fn pieces(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let pieces = self.folder.join("pieces");
        list(&pieces, &mut files);
        files.iter().map(|file| inside(file, &pieces)).collect()
    }
}

fn inside(file: &Path, folder: &Path) -> PathBuf {
    file.strip_prefix(folder).unwrap().to_path_buf()
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for path in icefold::folders::list(folder).unwrap() {
        if path.is_dir() {
            list(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    let mut files = Vec::new();
    list(from, &mut files);
    for file in files {
        let target = to.join(inside(&file, from));
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(file, target).unwrap();
    }
}

/// A pipeline file: whatever is accepted is accepted again with the same hash, and explained.
fn config_file(seeds: &Seeds, data: &[u8]) {
    let mut input = Input(data);
    let text = edit_text(&seeds.config.text, &mut input);
    let Ok(config) = config::parse_yaml("fuzz", &text) else {
        return;
    };
    let again = config::parse_yaml("fuzz", &text).expect("it was accepted");
    assert_eq!(config.sha256, again.sha256);
    let _ = config::explain_json(&config, &[]);
}

/// A shard map: what is read has every shard once, and is the same map when it is written.
fn shard_map(seeds: &Seeds, data: &[u8]) {
    let mut input = Input(data);
    let path = seeds.scratch.join("map.json");
    let bytes = fs::read(seeds.folder.join("map.json")).unwrap();
    let mut document: Value = serde_json::from_slice(&bytes).unwrap();
    let bytes = if input.byte().is_multiple_of(8) {
        let mut bytes = bytes;
        edit_bytes(&mut bytes, &mut input);
        bytes
    } else {
        edit_json(&mut document, &mut input);
        document.to_string().into_bytes()
    };
    fs::write(&path, bytes).unwrap();
    let Ok(map) = ShardMap::read(&path) else {
        return;
    };
    let shards: BTreeSet<u64> = map.shards.iter().map(|shard| shard.id).collect();
    assert_eq!(shards.len(), map.shards.len(), "a shard twice");
    if map.check_grid(&seeds.config).is_err() {
        return;
    }
    let selection = Selection {
        range: None,
        granule_root: None,
        config: Some(&seeds.config),
        duplicates: None,
    };
    let _ = map.plan(&selection);
    let identity = map.identity();
    fs::remove_file(&path).unwrap();
    map.write().expect("the folder can be written");
    assert_eq!(ShardMap::read(&path).unwrap().identity(), identity);
}

/// The manifest of pieces.
fn manifest(seeds: &Seeds, data: &[u8]) {
    seeds.forged(Path::new("manifest.json"), &mut Input(data), |folder| {
        let Ok(Some(pieces)) = Pieces::open(folder) else {
            return;
        };
        let manifest = pieces.manifest();
        if manifest.config(folder).is_ok() {
            let _ = (manifest.overviews(), manifest.layout());
            // Their markers are of another manifest, unless it says the same in other bytes.
            let _ = pieces.all_done();
        }
    });
}

/// A checkpoint among pieces: one that is taken up covers what it is taken up for.
fn checkpoint(seeds: &Seeds, data: &[u8]) {
    let files = seeds.pieces();
    let name = files.iter().find(|file| file.ends_with("checkpoint.json"));
    seeds.forged(name.expect("there is one"), &mut Input(data), |folder| {
        let pieces = Pieces::open(folder).unwrap().unwrap();
        let mut shards = pieces.manifest().map.shards.clone();
        shards.sort_unstable();
        for to_do in [&[][..], &shards] {
            let found = pieces.checkpoint(&shards, to_do, &Listed::default());
            if let Ok(Ok(Some(checkpoint))) = found {
                let _ = checkpoint.covered();
                assert!(to_do.iter().all(|shard| checkpoint.open.contains(shard)));
                let names: BTreeSet<&str> = checkpoint.granules.iter().map(|g| &*g.name).collect();
                assert_eq!(names.len(), checkpoint.granules.len(), "a granule twice");
            }
        }
    });
}

/// The marker of a piece: one that is done has the files that it says.
fn marker(seeds: &Seeds, data: &[u8]) {
    let of_a_shard = |file: &&PathBuf| {
        let name = file.to_string_lossy();
        name.starts_with("shard-") && name.ends_with(".json")
    };
    let files = seeds.pieces();
    let name = files.iter().find(of_a_shard).expect("one is done");
    let shard = name.file_stem().unwrap().to_string_lossy();
    let shard: u64 = shard.trim_start_matches("shard-").parse().unwrap();
    seeds.forged(name, &mut Input(data), |folder| {
        let pieces = Pieces::open(folder).unwrap().unwrap();
        let done = pieces.done(shard);
        if let Ok(Ok(marker)) = done {
            assert_eq!(marker.shard, shard);
            let _ = pieces.tables(&marker).map(Iterator::count);
        }
        let _ = Marker::read(folder, shard);
    });
}

/// A run report: what is shown of it is text.
fn run_report(seeds: &Seeds, data: &[u8]) {
    let mut input = Input(data);
    let path = seeds.scratch.join("a.run.json");
    let bytes = fs::read(seeds.folder.join("a.run.json")).unwrap();
    let mut document: Value = serde_json::from_slice(&bytes).unwrap();
    edit_json(&mut document, &mut input);
    fs::write(&path, document.to_string()).unwrap();
    if let Ok(found) = report::inspect(&path) {
        let _ = found.to_string();
    }
}

/// A store with one file changed, cut or gone: an error, a difference, or the same values.
fn zarr_store(seeds: &Seeds, data: &[u8]) {
    let mut input = Input(data);
    let name = &seeds.files[input.below(seeds.files.len())];
    let (good, other) = (seeds.folder.join("a.zarr"), seeds.scratch.join("a.zarr"));
    let path = other.join(name);
    let bytes = fs::read(&path).unwrap();
    let how = input.byte() % 8;
    if how == 0 {
        fs::remove_file(&path).unwrap();
    } else if how < 6 && name.ends_with("zarr.json") {
        let mut document: Value = serde_json::from_slice(&bytes).unwrap();
        edit_json(&mut document, &mut input);
        fs::write(&path, document.to_string()).unwrap();
    } else {
        let mut bytes = bytes.clone();
        edit_bytes(&mut bytes, &mut input);
        fs::write(&path, bytes).unwrap();
    }
    if let Ok(found) = store::inspect(&other) {
        let _ = found.to_string();
    }
    if let Ok(report) = store::verify(&good, &other) {
        let _ = report.to_string();
        if report.identical() {
            let content = |store: &Path| store::content_of(store).unwrap();
            assert_eq!(content(&good), content(&other), "{}", name.display());
        }
    }
    fs::write(&path, bytes).unwrap();
}

/// An array of numpy: as many values as it says, or an error.
fn npy(seeds: &Seeds, data: &[u8]) {
    let mut bytes = fs::read(seeds.folder.join("a.npy")).unwrap();
    edit_bytes(&mut bytes, &mut Input(data));
    let path = seeds.scratch.join("a.npy");
    fs::write(&path, bytes).unwrap();
    let Ok(mut array) = Npy::open(&path) else {
        return;
    };
    for name in [None, Some("h")] {
        if let Ok(values) = array.column(name) {
            assert_eq!(values.len(), array.rows());
        }
    }
}
