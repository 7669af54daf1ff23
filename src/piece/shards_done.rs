//! Tests: when a piece is done, when all of them are one store, and what may stand where pieces are.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::taken_up::{Site, manifest};
use super::*;
use crate::digest::hex;

type Change = fn(&mut Value);

/// The marker of a piece of one file, after a change.
fn marker(site: &Site, shard: u64, change: impl FnOnce(&mut Value)) -> Marker {
    let name = format!("shard-{shard}.arrow");
    fs::write(site.pieces.folder.join(&name), b"cells").unwrap();
    let file = marker::PieceFile::of(&site.pieces.folder, &name).unwrap();
    let cells = hex(&Sha256::digest(b"cells"));
    let content = hex(&Sha256::digest(format!("{name} 5 {cells}\n")));
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
    fs::remove_file(folder.join("replaces.json")).unwrap();
    fs::create_dir(folder.join("replaces.json")).unwrap();
    assert!(Pieces::may_replace(folder, &store).is_err());
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
    assert!(error().contains("begin anew with "), "{}", error());
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
