//! Tests: what is taken up of an earlier run, and what is not, one reason at a time.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::*;
use crate::plan::{GranulePath, ListedShard};

/// Shards 3 and 5, of granules `a.h5` and `b.h5`, in a folder.
struct Site {
    outer: tempfile::TempDir,
    pieces: Pieces,
    listed: Listed,
}

fn manifest() -> Manifest {
    let found = json!({"columns": [], "failed": [], "drift": [], "rows": 0});
    serde_json::from_value(json!({
        "schema_version": 2, "icefold_version": env!("CARGO_PKG_VERSION"),
        "config": {"name": "c.yaml", "sha256": "c0", "text": ""},
        "map": {"path": "map.json", "sha256": "a9", "shard_order": 6, "shards": [3, 5]},
        "found": found, "overviews": [10, 9], "layout": "cells",
    }))
    .unwrap()
}

impl Site {
    fn new() -> Self {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("out.zarr.pieces");
        fs::create_dir(&folder).unwrap();
        let paths = ["a.h5", "b.h5"].map(|name| outer.path().join(name));
        for path in &paths {
            fs::write(path, name_of(path)).unwrap();
        }
        let granules = paths.each_ref().map(|path| GranulePath::alone(path));
        let shard = |id, granules| ListedShard {
            id,
            granules,
            absent: Vec::new(),
        };
        let listed = Listed::new(&[shard(3, vec![0, 1]), shard(5, vec![1])], &granules);
        let pieces = Pieces {
            folder,
            manifest: manifest(),
            sha256: "5ea1".to_owned(),
        };
        Self {
            outer,
            pieces,
            listed,
        }
    }

    fn granule(&self, name: &str) -> PathBuf {
        self.outer.path().join(name)
    }

    /// A checkpoint of both granules, after a change.
    fn checkpoint(&self, change: impl FnOnce(&mut Value)) -> Checkpoint {
        let granule = |name: &str| {
            json!({"name": name, "file_bytes": 4, "read": 9, "kept": 9, "rejected": {}, "nulls": {},
                   "ground_tracks": []})
        };
        let sources =
            ["a.h5", "b.h5"].map(|name| (name, GranuleFile::of(&self.granule(name)).unwrap()));
        let mut made = json!({
            "config_sha256": "c0", "map_sha256": "a9", "manifest_sha256": "5ea1",
            "open": [3, 5],
            "granules": [granule("a.h5"), granule("b.h5")],
            "sources": std::collections::BTreeMap::from(sources),
            "contributions": {
                "3": [{"granule": "a.h5", "photons": 2}, {"granule": "b.h5", "photons": 3}],
                "5": [{"granule": "b.h5", "photons": 4}],
            },
            "conserved": {"photons": 0, "values": [0]},
            "rows": [], "rejected_rows": 0,
            "errors": {"table": null, "count": 0, "by_code": {}},
            "runs": [],
        });
        change(&mut made);
        serde_json::from_value(made).unwrap()
    }

    /// What comes of a recorded checkpoint for these shards.
    fn taken_up(
        &self,
        checkpoint: &Checkpoint,
        to_do: &[u64],
    ) -> Result<Option<Checkpoint>, String> {
        self.pieces.record(&[3, 5], checkpoint).unwrap();
        self.pieces
            .checkpoint(&[3, 5], to_do, &self.listed)
            .unwrap()
    }
}

fn name_of(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap()
}

#[test]
fn a_checkpoint_is_taken_up_by_runs_over_the_same_shards_until_it_is_forgotten() {
    let site = Site::new();
    let (pieces, made) = (&site.pieces, site.checkpoint(|_| {}));
    assert_eq!(
        pieces.checkpoint(&[3, 5], &[3, 5], &site.listed).unwrap(),
        Ok(None)
    );
    assert_eq!(site.taken_up(&made, &[3, 5]), Ok(Some(made.clone())));
    assert_eq!(site.taken_up(&made, &[5]), Ok(Some(made.clone())));
    assert_eq!(made.covered(), [(3, 5), (5, 4)].into());
    // Of other shards there is none.
    assert_eq!(
        pieces.checkpoint(&[3], &[3], &site.listed).unwrap(),
        Ok(None)
    );
    let folder = pieces.open_shards(&[3, 5]);
    assert_eq!(folder.parent(), Some(pieces.folder()));
    assert!(name_of(&folder).starts_with("open-") && folder != pieces.open_shards(&[5, 3]));
    fs::write(folder.join("sorted-000001.run"), b"").unwrap();
    pieces.forget(&[3, 5]).unwrap();
    assert!(!folder.exists());
    pieces.forget(&[3, 5]).unwrap();
    // What cannot be read or taken away is said.
    fs::create_dir_all(folder.join("checkpoint.json")).unwrap();
    assert!(pieces.checkpoint(&[3, 5], &[3], &site.listed).is_err());
    assert!(pieces.forget(&[3, 5]).is_err());
}

#[test]
fn a_checkpoint_that_does_not_fit_is_refused_with_the_reason() {
    type Change = fn(&mut Value);
    let cases: [(Change, &str); 10] = [
        (
            |c| c["config_sha256"] = json!("x"),
            "it is of another config, map or manifest",
        ),
        (
            |c| c["map_sha256"] = json!("x"),
            "it is of another config, map or manifest",
        ),
        (
            |c| c["manifest_sha256"] = json!("x"),
            "it is of another config, map or manifest",
        ),
        (
            |c| c["open"] = json!([3]),
            "it does not cover shard 5, which is made again",
        ),
        (
            |c| c["granules"][1]["name"] = json!("c.h5"),
            "the run has no granule c.h5",
        ),
        (
            |c| c["granules"][1]["name"] = json!("a.h5"),
            "it has granule a.h5 twice",
        ),
        (
            |c| c["contributions"]["3"][1]["granule"] = json!("a.h5"),
            "shard 3 has granule a.h5 twice",
        ),
        (
            |c| c["contributions"]["5"][0]["granule"] = json!("a.h5"),
            "shard 5 has granule a.h5, which is not merged or not listed for it",
        ),
        (
            |c| _ = c["granules"].as_array_mut().unwrap().pop(),
            "shard 3 has granule b.h5, which is not merged or not listed for it",
        ),
        (
            |c| c["contributions"] = json!({}),
            "shard 3 lacks granule a.h5",
        ),
    ];
    let site = Site::new();
    for (change, why) in cases {
        let error = site
            .taken_up(&site.checkpoint(change), &[3, 5])
            .unwrap_err();
        assert_eq!(error, format!("checkpoint.json cannot be used: {why}"));
    }
    let changed = "was changed after it was written";
    site.pieces
        .record(&[3, 5], &site.checkpoint(|_| {}))
        .unwrap();
    let path = site.pieces.open_shards(&[3, 5]).join("checkpoint.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"photons\":4", "\"photons\":5")).unwrap();
    let found = site.pieces.checkpoint(&[3, 5], &[3], &site.listed).unwrap();
    assert!(found.unwrap_err().contains(changed));
}

#[test]
fn granules_that_changed_since_they_were_read_are_found() {
    let site = Site::new();
    assert!(site.listed.lists(3, "a.h5") && site.listed.lists(5, "b.h5"));
    assert!(!site.listed.lists(5, "a.h5") && !site.listed.lists(4, "b.h5"));
    assert!(site.listed.knows("b.h5") && !site.listed.knows("c.h5"));
    let made = site.checkpoint(|_| {});
    fs::write(site.granule("b.h5"), "longer").unwrap();
    let error = site.taken_up(&made, &[3, 5]).unwrap_err();
    assert!(
        error.ends_with("granule b.h5 has another size since it was read"),
        "{error}"
    );
    let site = Site::new();
    let made = site.checkpoint(|_| {});
    fs::remove_file(site.granule("a.h5")).unwrap();
    let error = site.taken_up(&made, &[3, 5]).unwrap_err();
    assert!(
        error.ends_with("granule a.h5 cannot be read since it was read"),
        "{error}"
    );
}

/// The marker of a piece of one file, after a change.
fn marker(site: &Site, shard: u64, change: impl FnOnce(&mut Value)) -> Marker {
    let name = format!("shard-{shard}.arrow");
    fs::write(site.pieces.folder.join(&name), b"cells").unwrap();
    let file = marker::PieceFile::of(&site.pieces.folder, &name).unwrap();
    let content = marker::content(std::slice::from_ref(&file));
    let mut made = json!({
        "shard": shard,
        "config_sha256": "c0", "map_sha256": "a9", "manifest_sha256": "5ea1",
        "granules": [{"granule": "a.h5", "photons": 2}, {"granule": "b.h5", "photons": 3}],
        "sources": {"a.h5": {"bytes": 4, "modified": 1, "probe": "0123456789abcdef"}},
        "left_out": [], "photons": 5, "cells": {"12": 2}, "cells_without_weight": 0,
        "files": [file], "content_sha256": content,
    });
    change(&mut made);
    serde_json::from_value(made).unwrap()
}

#[test]
fn a_piece_is_done_if_it_is_what_its_marker_says() {
    type Change = fn(&mut Value);
    let site = Site::new();
    let (pieces, folder) = (&site.pieces, &site.pieces.folder);
    assert_eq!(pieces.done(3).unwrap(), Err("it has no piece".to_owned()));
    assert_eq!((pieces.marked().unwrap(), pieces.is_marked(3)), (0, false));
    let whole = marker(&site, 3, |_| {});
    whole.write(folder).unwrap();
    assert_eq!(pieces.done(3).unwrap(), Ok(whole));
    assert_eq!((pieces.marked().unwrap(), pieces.is_marked(3)), (1, true));
    let cases: [(Change, &str); 7] = [
        (|m| m["shard"] = json!(5), "its shard is 5, not 3"),
        (
            |m| m["config_sha256"] = json!("x"),
            "its config is x, not c0",
        ),
        (
            |m| m["map_sha256"] = json!("x"),
            "its shard map is x, not a9",
        ),
        (
            |m| m["manifest_sha256"] = json!("x"),
            "its manifest is x, not 5ea1",
        ),
        (|m| m["content_sha256"] = json!("x"), ", not x"),
        (|m| m["photons"] = json!(6), "its photons is 5, not 6"),
        (
            |m| m["granules"][0]["granule"] = json!("b.h5"),
            "it has granule b.h5 twice",
        ),
    ];
    for (change, why) in cases {
        let changed = marker(&site, 3, change);
        let under = ("c0", "a9", "5ea1");
        let error = changed.check(folder, under, 3).unwrap_err();
        assert!(error.ends_with(why), "{error}");
    }
    let cells = folder.join("shard-3.arrow");
    for (bytes, why) in [
        (
            &b"cell"[..],
            "shard-3.arrow has 4 bytes, and its marker says 5",
        ),
        (b"cellz", "shard-3.arrow has sha256 "),
    ] {
        fs::write(&cells, bytes).unwrap();
        let error = pieces.done(3).unwrap().unwrap_err();
        assert!(error.starts_with(why), "{error}");
    }
    fs::remove_file(&cells).unwrap();
    let error = pieces.done(3).unwrap().unwrap_err();
    assert!(
        error.starts_with("shard-3.arrow cannot be read: "),
        "{error}"
    );
    fs::write(folder.join("shard-3.json"), b"{}").unwrap();
    assert!(
        pieces
            .done(3)
            .unwrap()
            .unwrap_err()
            .starts_with("shard-3.json ")
    );
    pieces.remove(3).unwrap();
    assert!(!pieces.is_marked(3));
    fs::create_dir(folder.join("shard-3.json")).unwrap();
    assert!(pieces.done(3).is_err() && pieces.remove(3).is_err());
}

#[test]
fn a_store_is_made_of_all_pieces_of_the_same_files() {
    let site = Site::new();
    let folder = &site.pieces.folder;
    marker(&site, 5, |_| {}).write(folder).unwrap();
    let error = site.pieces.all_done().unwrap_err().to_string();
    let says = "1 of 2 shards are not done: 0..1 (counted from 0 in the shard map); shard 3: it has no piece";
    assert!(error.contains(says), "{error}");
    // At another time, as copies are.
    marker(&site, 3, |m| m["sources"]["a.h5"]["modified"] = json!(2))
        .write(folder)
        .unwrap();
    let all = site.pieces.all_done().unwrap();
    assert_eq!(
        all.iter().map(|marker| marker.shard).collect::<Vec<_>>(),
        [3, 5]
    );
    let content = Marker::content_of_all(&all);
    assert_eq!(content.len(), 64);
    assert_ne!(content, Marker::content_of_all(&all[..1]));
    type Change = fn(&mut Value);
    let changes: [(Change, &str); 2] = [
        (
            |m| m["sources"]["a.h5"]["bytes"] = json!(7),
            "shard 3 was made of 7 bytes (probe 0123456789ab)",
        ),
        (
            |m| m["sources"]["a.h5"]["probe"] = json!("ff"),
            "shard 3 was made of 4 bytes (probe ff)",
        ),
    ];
    for (change, says) in changes {
        marker(&site, 3, change).write(folder).unwrap();
        let error = site.pieces.all_done().unwrap_err().to_string();
        assert!(error.contains("granule a.h5 is not one file"), "{error}");
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn pieces_are_cleared_where_nothing_else_is_and_replace_the_store_that_was_there() {
    let site = Site::new();
    let folder = &site.pieces.folder;
    let store = site.outer.path().join("out.zarr");
    assert_eq!(&Pieces::folder_of(&store), folder);
    assert!(!looks_like_pieces(folder));
    let sha256 = manifest().write(folder).unwrap();
    assert!(looks_like_pieces(folder));
    let opened = Pieces::open(folder).unwrap().unwrap();
    assert_eq!(
        (opened.sha256(), opened.manifest()),
        (&*sha256, &manifest())
    );
    // Nothing is there, then a store, then another one.
    opened.will_replace(&store).unwrap();
    assert!(!Pieces::may_replace(folder, &store).unwrap());
    fs::create_dir(&store).unwrap();
    opened.will_replace(&store).unwrap();
    assert!(Pieces::may_replace(folder, &store).unwrap());
    let other = site.outer.path().join("other.zarr");
    fs::create_dir(&other).unwrap();
    assert!(!Pieces::may_replace(folder, &other).unwrap());
    fs::write(folder.join("replaces.json"), b"{}").unwrap();
    assert!(!Pieces::may_replace(folder, &store).unwrap());
    Pieces::check_place(folder).unwrap();
    fs::write(folder.join("notes.txt"), b"").unwrap();
    let error = Pieces::check_place(folder).unwrap_err().to_string();
    assert!(
        error.contains("the folder holds notes.txt, which is no piece"),
        "{error}"
    );
    Pieces::clear(folder).unwrap();
    assert!(!folder.exists());
    Pieces::clear(folder).unwrap();
    Pieces::check_place(folder).unwrap();
    fs::write(folder, b"").unwrap();
    assert!(Pieces::check_place(folder).is_err() && Pieces::clear(folder).is_err());
    assert!(Pieces::open(folder).is_err());
    assert!(!Pieces::may_replace(folder, &store).unwrap());
}

#[test]
fn a_manifest_of_another_version_is_refused_and_one_that_was_changed_too() {
    let site = Site::new();
    let folder = &site.pieces.folder;
    assert!(Pieces::open(folder).unwrap().is_none());
    let error = || Pieces::open(folder).unwrap_err().to_string();
    let path = folder.join("manifest.json");
    fs::write(
        &path,
        r#"{"schema_version": 1, "icefold_version": "0.0.1"}"#,
    )
    .unwrap();
    assert!(
        error().contains("are of icefold 0.0.1 (format 1)"),
        "{}",
        error()
    );
    fs::write(
        &path,
        r#"{"schema_version": 2, "icefold_version": "0.0.1"}"#,
    )
    .unwrap();
    assert!(
        error().contains("manifest.json carries no SHA-256 of itself"),
        "{}",
        error()
    );
    let mut other = manifest();
    other.icefold_version = "0.0.1".to_owned();
    other.write(folder).unwrap();
    assert!(
        error().contains("are of icefold 0.0.1 (format 2)"),
        "{}",
        error()
    );
    manifest().write(folder).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("map.json", "nap.json")).unwrap();
    assert!(
        error().contains("was changed after it was written"),
        "{}",
        error()
    );
}

#[test]
fn runs_at_work_are_said_while_they_live() {
    let folder = tempfile::tempdir().unwrap();
    assert!(
        lock::at_work(&folder.path().join("none"))
            .unwrap()
            .is_empty()
    );
    let some = Owner::claim(folder.path(), Some(&[3, 7])).unwrap();
    let others = Owner::claim(folder.path(), Some(&[4])).unwrap();
    let mut said = lock::at_work(folder.path()).unwrap();
    said.sort();
    let process = format!("process {} on ", std::process::id());
    assert!(said.iter().all(|run| run.starts_with(&process)), "{said:?}");
    assert!(
        said[0].ends_with(", on 1 shards") && said[1].ends_with(", on 2 shards"),
        "{said:?}"
    );
    drop((some, others));
    assert!(lock::at_work(folder.path()).unwrap().is_empty());
    // Nothing of an owner stays but the door.
    let left = fs::read_dir(folder.path().join("owners")).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["door"]);
}
