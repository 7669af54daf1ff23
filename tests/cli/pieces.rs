//! Runs over shard maps: pieces, what fits them, and the store that is made of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use icefold::piece::{Owner, Pieces};
use serde_json::{Value, json};

use super::granules::Heights;
use super::plan::{keys, long_track, paths};
use super::{Site, assert_same, json as json_of, names, refuse};
use crate::support::{icefold, stderr, stdout, succeed};

/// Every file below a folder, by path, with its bytes.
pub(super) fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
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

impl Site {
    /// Three granules with their map; gives back how many shards it has.
    pub(super) fn mapped(&self, config: impl AsRef<Path>) -> ([PathBuf; 3], usize) {
        let granules = self.three();
        succeed(&mut self.plan(config, &paths(&granules)));
        (granules, keys(&self.map()).len())
    }

    /// `icefold run CONFIG --plan map.json --store out/STORE`
    pub(super) fn run_map(&self, store: &str, config: impl AsRef<Path>) -> Command {
        let mut command = self.run_to(store, config, &[]);
        command.arg("--plan").arg(self.path("map.json"));
        command
    }

    pub(super) fn finalize(&self, store: &str) -> Command {
        let mut command = icefold();
        command.arg("finalize").arg(self.out(store));
        command
    }
}

#[test]
fn a_run_over_a_map_leaves_the_bytes_of_a_run_over_its_granules() {
    let site = Site::new();
    let (granules, shards) = site.mapped("atl03");
    for overviews in [&[][..], &["--overviews", "11,9,6,4,0"]] {
        let mut direct = site.run("atl03", &paths(&granules));
        let (direct, _) = json_of(direct.args(["--json", "--overwrite"]).args(overviews), 0);
        let mut mapped = site.run_plan("b.zarr");
        let (mapped, _) = json_of(mapped.args(["--json", "--overwrite"]).args(overviews), 0);
        assert_eq!(tree(&site.out("a.zarr")), tree(&site.out("b.zarr")));
        for key in [
            "photons",
            "shards",
            "occupied_cells",
            "content_sha256",
            "outputs",
            "overviews",
        ] {
            assert_eq!(direct[key], mapped[key], "{key}");
        }
        assert_eq!(direct["pieces"], Value::Null);
        assert_eq!(mapped["pieces"]["written"], shards);
        assert_eq!(
            site.written(),
            ["a.run.json", "a.zarr", "b.run.json", "b.zarr"]
        );
    }
}

#[test]
fn parts_are_finalized_when_all_are_there_and_not_before() {
    let site = Site::new();
    let (granules, shards) = site.mapped("atl03");
    let overviews = ["--overviews", "10,6,3"];
    let mut direct = site.run("atl03", &paths(&granules));
    succeed(
        direct
            .args(overviews)
            .arg("--table")
            .arg(site.out("a.parquet")),
    );
    refuse(
        &mut site.finalize("b.zarr"),
        1,
        &["b.zarr.pieces: there are none", "--shards"],
    );
    let part = |range: &str| {
        let mut command = site.run_plan("b.zarr");
        command.args(overviews).args(["--shards", range]);
        command
    };
    let output = succeed(&mut part("2.."));
    let left = format!("{} of {shards} shards are done", shards - 2);
    assert!(stderr(&output).contains(&left), "{}", stderr(&output));
    assert!(stdout(&output).contains("b.zarr.pieces"));
    assert!(!site.out("b.zarr").exists());
    let mut inspect = icefold();
    inspect
        .arg("inspect")
        .arg(Pieces::folder_of(&site.out("b.zarr")));
    let told = stdout(&succeed(&mut inspect));
    assert!(
        told.contains(&format!("{} of {shards} shards", shards - 2)),
        "{told}"
    );
    assert!(
        told.contains("places 0..2 of the map") && !told.contains("at work"),
        "{told}"
    );
    let missing = format!("2 of {shards} shards are not done: 0..2 ");
    refuse(&mut site.finalize("b.zarr"), 1, &[&missing, "--resume"]);
    let mut inspect = icefold();
    refuse(
        inspect.arg("inspect").arg(site.out("b.zarr")),
        1,
        &["b.zarr"],
    );
    succeed(&mut part("..2"));
    assert!(site.written().contains(&"b.shards-0-2.run.json".to_owned()));
    // With a table of the same bytes.
    let table = site.out("b.parquet");
    let mut finalize = site.finalize("b.zarr");
    let (report, _) = json_of(finalize.arg("--json").arg("--table").arg(&table), 0);
    assert_eq!(tree(&site.out("a.zarr")), tree(&site.out("b.zarr")));
    assert_eq!(
        std::fs::read(site.out("a.parquet")).unwrap(),
        std::fs::read(table).unwrap()
    );
    let direct: Value =
        serde_json::from_slice(&std::fs::read(site.out("a.run.json")).unwrap()).unwrap();
    for key in [
        "shards",
        "occupied_cells",
        "content_sha256",
        "outputs",
        "overviews",
    ] {
        assert_eq!(direct[key], report[key], "{key}");
    }
    assert_eq!(direct["photons"]["kept"], report["photons"]["kept"]);
    assert!(!Pieces::folder_of(&site.out("b.zarr")).exists());
}

#[test]
fn pieces_that_are_done_are_kept_on_request_and_never_mixed_up() {
    let site = Site::new();
    let (granules, shards) = site.mapped("atl03");
    succeed(&mut site.run("atl03", &paths(&granules)));
    succeed(site.run_plan("b.zarr").args(["--shards", "0..3"]));
    let folder = Pieces::folder_of(&site.out("b.zarr"));
    refuse(
        &mut site.run_plan("b.zarr"),
        1,
        &[
            "b.zarr.pieces: there is a piece of shard",
            "--resume",
            "--overwrite",
        ],
    );
    refuse(
        site.run_plan("b.zarr")
            .args(["--resume", "--overviews", "9"]),
        1,
        &[
            "were begun with overviews [] and this run has [9]",
            "--overwrite",
        ],
    );
    let other = site.atl03_with("h_variance", "h_var");
    refuse(
        site.run_map("b.zarr", &other).arg("--resume"),
        1,
        &["were begun with config", "atl03 then", "--store"],
    );
    let map = std::fs::read(site.path("map.json")).unwrap();
    site.change_map(|map| {
        let first = map["granules"][0][0].clone();
        map["granules"][shards - 1]
            .as_array_mut()
            .unwrap()
            .push(first);
    });
    refuse(
        site.run_plan("b.zarr").arg("--resume"),
        1,
        &["were begun with shard map"],
    );
    std::fs::write(site.path("map.json"), map).unwrap();
    // Of three pieces one is damaged, and of one the marker is missing.
    let marked = |folder: &Path| -> Vec<String> {
        let names = names(folder).into_iter();
        names
            .filter(|n| n.starts_with("shard-") && !n.contains(".arrow"))
            .collect()
    };
    let markers = marked(&folder);
    assert_eq!(markers.len(), 3);
    std::fs::remove_file(folder.join(&markers[0])).unwrap();
    let piece = folder.join(markers[1].replace(".json", ".arrow"));
    let mut bytes = std::fs::read(&piece).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&piece, bytes).unwrap();
    let shard = markers[1]
        .trim_start_matches("shard-")
        .trim_end_matches(".json");
    refuse(
        &mut site.finalize("b.zarr"),
        1,
        &["shards are not done", "--resume"],
    );
    let (report, message) = json_of(site.run_plan("b.zarr").args(["--resume", "--json"]), 0);
    let again = format!("the piece of shard {shard} is made again: shard-{shard}.arrow has sha256");
    assert!(message.contains(&again), "{message}");
    assert_eq!(report["pieces"]["kept"], 1);
    assert_eq!(report["pieces"]["written"], shards - 1);
    assert!(report["pieces"]["photons_kept"].as_u64() > Some(0));
    assert_same(&site.out("a.zarr"), &site.out("b.zarr"));
    assert!(!folder.exists());
}

#[test]
fn a_shard_that_another_process_works_on_is_left_alone() {
    let site = Site::new();
    let (_, shards) = site.mapped("atl03");
    succeed(site.run_plan("a.zarr").args(["--shards", "0..1"]));
    let folder = Pieces::folder_of(&site.out("a.zarr"));
    let pieces = Pieces::open(&folder).unwrap().unwrap();
    let of_map = &pieces.manifest().map.shards;
    let owner = Owner::claim(&folder, Some(&of_map[2..3])).unwrap();
    let process = format!("process {}", std::process::id());
    let taken = format!("shard {} is being worked on by {process} on ", of_map[2]);
    refuse(
        site.run_plan("a.zarr")
            .args(["--shards", "1..", "--resume"]),
        1,
        &[&taken, " s; let it finish or stop it", "--resume"],
    );
    refuse(&mut site.finalize("a.zarr"), 1, &["is being worked on by"]);
    refuse(
        site.run_plan("a.zarr").arg("--overwrite"),
        1,
        &["is being worked on by", &process],
    );
    let mut inspect = icefold();
    let (told, _) = json_of(inspect.args(["inspect", "--json"]).arg(&folder), 0);
    assert!(
        told["at_work"][0].as_str().unwrap().starts_with(&process),
        "{told}"
    );
    // Others are free.
    succeed(site.run_plan("a.zarr").args(["--shards", "1..2"]));
    succeed(
        site.run_plan("a.zarr")
            .args(["--shards", &format!("3..{shards}")]),
    );
    drop(owner);
    succeed(site.run_plan("a.zarr").args(["--shards", "2..3"]));
    succeed(&mut site.finalize("a.zarr"));
}

#[test]
fn what_parts_leave_out_is_in_the_error_table_of_the_store_once() {
    let site = Site::new();
    let (granules, _) = site.mapped("atl03");
    // What was whole when the map was made is not when it is run.
    let mut spoiled = long_track(-44.9);
    spoiled.h[100] = 1e9;
    spoiled.h[2500] = 1e9;
    site.granule("b.h5", &[("gt1l", spoiled)]);
    site.truncated("c.h5");
    let rows = |store: &str| {
        let mut count = icefold();
        let path = site.out(store).with_extension("errors.parquet");
        json_of(count.args(["inspect", "--json"]).arg(path), 0).0["rows"].clone()
    };
    let mut direct = site.run("atl03", &paths(&granules));
    json_of(direct.args(["--tolerant", "--json"]), 3);
    let strict = site
        .run_plan("b.zarr")
        .args(["--shards", "0..2"])
        .output()
        .unwrap();
    assert_eq!(strict.status.code(), Some(1), "{}", stderr(&strict));
    assert!(!Pieces::folder_of(&site.out("b.zarr")).exists());
    for range in ["0..2", "2..4", "4.."] {
        let part = ["--tolerant", "--json", "--shards", range];
        json_of(site.run_plan("b.zarr").args(part), 3);
    }
    refuse(
        site.run_plan("b.zarr").arg("--resume"),
        1,
        &["were begun with --tolerant", "c.h5", "pass --tolerant"],
    );
    let (kept, _) = json_of(
        site.run_plan("b.zarr")
            .args(["--tolerant", "--resume", "--json", "--shards", "0..2"]),
        3,
    );
    assert_eq!(kept["pieces"]["kept"], 2);
    let (report, message) = json_of(site.finalize("b.zarr").arg("--json"), 3);
    assert!(message.contains("left out: granule c.h5"), "{message}");
    assert_eq!(report["granules"]["left_out"], json!(["c.h5"]));
    let by_code = json!({"granule_failed": 1, "out_of_range": 2});
    assert_eq!(report["errors"]["by_code"], by_code);
    assert_eq!(rows("b.zarr"), rows("a.zarr"));
    assert_same(&site.out("a.zarr"), &site.out("b.zarr"));
}

#[test]
fn photons_where_the_map_does_not_list_their_granule_are_counted_and_named() {
    let site = Site::new();
    site.mapped("atl03");
    // As a map from footprints would: of the second granule, a shard at an edge is missing.
    let mut dropped = 0;
    site.change_map(|map| {
        for granules in map["granules"].as_array_mut().unwrap() {
            let granules = granules.as_array_mut().unwrap();
            let before = granules.len();
            if dropped == 0 && before > 1 {
                granules.retain(|granule| granule["path"] != "b.h5");
                dropped += before - granules.len();
            }
        }
    });
    assert_eq!(dropped, 1);
    let mut whole = site.run_plan("a.zarr");
    let (whole, message) = json_of(whole.arg("--json"), 0);
    let unlisted = whole["photons"]["rejected_by"]["unlisted_shard"]
        .as_u64()
        .unwrap();
    assert!(unlisted > 0);
    let says =
        format!("granule b.h5: {unlisted} photons lie in shards that the shard map does not");
    assert!(message.contains(&says), "{message}");
    // Parts agree with the whole, whichever granules each of them reads.
    let shards = keys(&site.map()).len();
    for place in 0..shards {
        let range = format!("{place}..{}", place + 1);
        succeed(site.run_plan("b.zarr").args(["--shards", &range]));
    }
    succeed(&mut site.finalize("b.zarr"));
    assert_same(&site.out("a.zarr"), &site.out("b.zarr"));
}

#[test]
fn flags_of_parts_are_refused_where_they_mean_nothing() {
    let site = Site::new();
    let (granules, _) = site.mapped("atl03");
    refuse(
        site.run("atl03", &paths(&granules)).arg("--resume"),
        2,
        &[
            "--resume goes on with a run over a shard map",
            "icefold plan",
        ],
    );
    refuse(
        site.run_plan("a.zarr")
            .args(["--shards", "0..1", "--table"])
            .arg(site.out("a.parquet")),
        2,
        &["--table is written with the store", "icefold finalize"],
    );
    refuse(
        site.run_plan("a.zarr").args(["--resume", "--overwrite"]),
        2,
        &["--resume", "cannot be used with"],
    );
    assert!(site.written().is_empty(), "{:?}", site.written());
    // A strict run that fails before the first piece leaves nothing.
    site.granule("b.h5", &[("gt1l", Heights::along(-45.0, 10))]);
    std::fs::remove_file(site.path("c.h5")).unwrap();
    refuse(&mut site.run_plan("a.zarr"), 2, &["c.h5"]);
    assert!(site.written().is_empty(), "{:?}", site.written());
}
