//! Tests: what is taken up of an earlier run, and what is not, one reason at a time.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::*;
use crate::plan::{GranulePath, ListedShard};

/// Shards 3 and 5, of granules `a.h5` and `b.h5`, in a folder.
pub(super) struct Site {
    pub outer: tempfile::TempDir,
    pub pieces: Pieces,
    listed: Listed,
}

pub(super) fn manifest() -> Manifest {
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
    pub fn new() -> Self {
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
    let said = lock::at_work(folder.path()).unwrap();
    assert_eq!(said.len(), 2);
    let process = format!("process {} on ", std::process::id());
    assert!(said.iter().all(|run| run.starts_with(&process)), "{said:?}");
    for shards in [", on 1 shards", ", on 2 shards"] {
        assert!(said.iter().any(|run| run.ends_with(shards)), "{said:?}");
    }
    drop((some, others));
    // Nothing of an owner stays but the door.
    let left = folders::list(&folder.path().join("owners")).unwrap();
    let left: Vec<String> = left.iter().map(|path| folders::name(path)).collect();
    assert_eq!(left, ["door"]);
    assert!(lock::at_work(folder.path()).unwrap().is_empty());
}
