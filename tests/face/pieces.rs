//! Runs over shard maps: pieces, what fits them, and the store that is made of them.

use std::path::Path;

use icefold::error::Kind;
use icefold::piece::{Owner, Pieces};
use icefold::run::clear_pieces;
use serde_json::{Value, json};

use super::from_code::{done, looked, partly, refused, seen, shown};
use crate::support::granules::{Heights, paths};
use crate::support::site::{Site, assert_same, keys, long_track, names, tree};

#[test]
fn a_run_over_a_map_leaves_the_bytes_of_a_run_over_its_granules() {
    let site = Site::new();
    let (granules, shards) = site.mapped("atl03");
    for overviews in [&[][..], &[11, 9, 6, 4, 0]] {
        let direct = site.code("atl03", &paths(&granules));
        let (direct, _) = done(direct.overwrite(true).overviews(overviews));
        let mapped = site.over("b.zarr");
        let (mapped, _) = done(mapped.overwrite(true).overviews(overviews));
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
    let overviews = [10, 6, 3];
    let direct = site.code("atl03", &paths(&granules));
    done(direct.overviews(overviews).table(site.out("a.parquet")));
    refused(
        site.making("b.zarr").execute(),
        Kind::Pieces,
        &["b.zarr.pieces: there are none", "shards"],
    );
    let part = |range: &str| {
        let part = site.part("b.zarr", range);
        part.overviews(overviews)
    };
    let (_, message) = done(part("2.."));
    let left = format!("{} of {shards} shards are done", shards - 2);
    assert!(message.contains(&left), "{message}");
    assert!(!site.out("b.zarr").exists());
    let told = shown(Pieces::folder_of(&site.out("b.zarr")));
    assert!(
        told.contains(&format!("{} of {shards} shards", shards - 2)),
        "{told}"
    );
    assert!(
        told.contains("places 0..2 of the map") && !told.contains("at work"),
        "{told}"
    );
    let missing = format!("2 of {shards} shards are not done: 0..2 ");
    refused(
        site.making("b.zarr").execute(),
        Kind::Pieces,
        &[&missing, "resume"],
    );
    refused(seen(site.out("b.zarr")), Kind::Granule, &["b.zarr"]);
    done(part("..2"));
    assert!(site.written().contains(&"b.shards-0-2.run.json".to_owned()));
    // With a table of the same bytes.
    let table = site.out("b.parquet");
    let finalize = site.making("b.zarr");
    let (report, _) = done(finalize.table(&table));
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
    done(site.code("atl03", &paths(&granules)));
    done(site.part("b.zarr", "0..3"));
    let folder = Pieces::folder_of(&site.out("b.zarr"));
    refused(
        site.over("b.zarr").execute(),
        Kind::Pieces,
        &[
            "b.zarr.pieces: there is a piece of shard",
            "resume",
            "overwrite",
        ],
    );
    refused(
        site.over("b.zarr").resume(true).overviews([9]).execute(),
        Kind::Pieces,
        &[
            "were begun with overviews [] and this run has [9]",
            "overwrite",
        ],
    );
    let other = site.atl03_with("h_variance", "h_var");
    refused(
        site.over_as("b.zarr", &other).resume(true).execute(),
        Kind::Pieces,
        &["were begun with config", "atl03 then", "store"],
    );
    let map = std::fs::read(site.path("map.json")).unwrap();
    site.change_map(|map| {
        let first = map["granules"][0][0].clone();
        map["granules"][shards - 1]
            .as_array_mut()
            .unwrap()
            .push(first);
    });
    refused(
        site.over("b.zarr").resume(true).execute(),
        Kind::Pieces,
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
    refused(
        site.making("b.zarr").execute(),
        Kind::Pieces,
        &["shards are not done", "resume"],
    );
    let (report, message) = done(site.over("b.zarr").resume(true));
    let again = format!("the piece of shard {shard} is made again: shard-{shard}.arrow has sha256");
    assert!(message.contains(&again), "{message}");
    assert_eq!(report["pieces"]["kept"], 1);
    assert_eq!(report["pieces"]["written"], shards - 1);
    assert!(report["pieces"]["photons_kept"].as_u64() > Some(0));
    assert_same(&site.out("a.zarr"), &site.out("b.zarr"));
    assert!(!folder.exists());
}

#[test]
fn a_shard_that_another_run_works_on_is_left_alone() {
    let site = Site::new();
    let (_, shards) = site.mapped("atl03");
    done(site.part("a.zarr", "0..1"));
    let folder = Pieces::folder_of(&site.out("a.zarr"));
    let pieces = Pieces::open(&folder).unwrap().unwrap();
    let of_map = &pieces.manifest().map.shards;
    let owner = Owner::claim(&folder, Some(&of_map[2..3])).unwrap();
    let process = format!("process {}", std::process::id());
    let taken = format!("shard {} is being worked on by {process} on ", of_map[2]);
    refused(
        site.part("a.zarr", "1..").resume(true).execute(),
        Kind::Pieces,
        &[&taken, " s; let it finish or stop it", "resume"],
    );
    refused(
        site.making("a.zarr").execute(),
        Kind::Pieces,
        &["is being worked on by"],
    );
    refused(
        site.over("a.zarr").overwrite(true).execute(),
        Kind::Pieces,
        &["is being worked on by", &process],
    );
    let told = looked(&folder);
    assert!(
        told["at_work"][0].as_str().unwrap().starts_with(&process),
        "{told}"
    );
    // Others are free.
    done(site.part("a.zarr", "1..2"));
    done(site.part("a.zarr", &format!("3..{shards}")));
    drop(owner);
    done(site.part("a.zarr", "2..3"));
    done(site.making("a.zarr"));
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
        let path = site.out(store).with_extension("errors.parquet");
        looked(path)["rows"].clone()
    };
    let direct = site.code("atl03", &paths(&granules));
    partly(direct.tolerant(true));
    let strict = site.part("b.zarr", "0..2").execute();
    refused(strict, Kind::Granule, &["granule "]);
    assert!(!Pieces::folder_of(&site.out("b.zarr")).exists());
    for range in ["0..2", "2..4", "4.."] {
        partly(site.part("b.zarr", range).tolerant(true));
    }
    refused(
        site.over("b.zarr").resume(true).execute(),
        Kind::Pieces,
        &["were begun with tolerant", "c.h5", "set tolerant"],
    );
    let (kept, _) = partly(site.part("b.zarr", "0..2").tolerant(true).resume(true));
    assert_eq!(kept["pieces"]["kept"], 2);
    let (report, message) = partly(site.making("b.zarr"));
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
    let whole = site.over("a.zarr");
    let (whole, message) = done(whole);
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
        done(site.part("b.zarr", &range));
    }
    done(site.making("b.zarr"));
    assert_same(&site.out("a.zarr"), &site.out("b.zarr"));
}

#[test]
fn parts_that_begin_anew_together_may_be_of_another_question() {
    let site = Site::new();
    site.mapped("atl03");
    let part = || site.part("b.zarr", "0..1").overviews([10]);
    done(site.part("b.zarr", "0..1"));
    let says = ["were begun with overviews"];
    refused(part().overwrite(true).execute(), Kind::Pieces, &says);
    let store = site.out("b.zarr");
    clear_pieces(&store).unwrap();
    assert!(!Pieces::folder_of(&store).exists());
    done(part().overwrite(true));
    // There may be none, and what is no piece stays.
    clear_pieces(&site.out("c.zarr")).unwrap();
    let foreign = Pieces::folder_of(&site.out("c.zarr"));
    std::fs::create_dir(&foreign).unwrap();
    std::fs::write(foreign.join("thesis.txt"), "").unwrap();
    let says = ["c.zarr.pieces: the folder holds thesis.txt"];
    refused(clear_pieces(&site.out("c.zarr")), Kind::Pieces, &says);
    assert!(foreign.join("thesis.txt").is_file());
}

#[test]
fn settings_of_parts_are_refused_where_they_mean_nothing() {
    let site = Site::new();
    site.mapped("atl03");
    refused(
        site.part("a.zarr", "0..1")
            .table(site.out("a.parquet"))
            .execute(),
        Kind::Argument,
        &["table is written with the store", "finalize"],
    );
    refused(
        site.over("a.zarr").resume(true).overwrite(true).execute(),
        Kind::Argument,
        &["to overwrite is to begin anew", "choose one"],
    );
    assert!(site.written().is_empty(), "{:?}", site.written());
    // A strict run that fails before the first piece leaves nothing.
    site.granule("b.h5", &[("gt1l", Heights::along(-45.0, 10))]);
    std::fs::remove_file(site.path("c.h5")).unwrap();
    refused(site.over("a.zarr").execute(), Kind::Argument, &["c.h5"]);
    assert!(site.written().is_empty(), "{:?}", site.written());
}
