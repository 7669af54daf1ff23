//! What resumed runs and `Finalize` trust: no changed byte, and no change of what a document says, makes
//! another store.

use std::path::{Path, PathBuf};
use std::time::Duration;

use icefold::Run;
use icefold::error::Kind;
use icefold::piece::{Listed, Marker, Pieces};
use icefold::place::{open, seal};
use serde_json::Value;

use super::from_code::{done, partly, refused};
use crate::support::granules::paths;
use crate::support::site::{Site, long_track, names, tree};

/// A site with the store `a.zarr` of a whole run, and pieces of `b.zarr` that a run left that failed at
/// its last granule: some done, and a checkpoint.
fn stopped(site: &Site) -> (PathBuf, PathBuf) {
    let (granules, _) = site.mapped("atl03");
    done(site.code("atl03", &paths(&granules)));
    stop(site, site.over("b.zarr"));
    let folder = Pieces::folder_of(&site.out("b.zarr"));
    let entries = std::fs::read_dir(&folder).unwrap();
    let checkpoint = entries
        .map(|entry| entry.unwrap().path().join("checkpoint.json"))
        .find(|path| path.is_file());
    (folder, checkpoint.expect("the run left a checkpoint"))
}

/// Puts documents of one run into a folder: `map.json`, `a.zarr`, `a.run.json`, and `pieces` of a run that
/// was stopped.
pub(crate) fn stopped_site(into: &Path) {
    let site = Site::new();
    let (folder, _) = stopped(&site);
    let renamed = [
        (site.path("map.json"), "map.json"),
        (site.out("a.zarr"), "a.zarr"),
        (site.out("a.run.json"), "a.run.json"),
        (folder, "pieces"),
    ];
    for (from, name) in renamed {
        std::fs::rename(from, into.join(name)).unwrap();
    }
}

/// Ends a run over the map by a granule that fails when others are merged, and mends that granule.
pub(super) fn stop(site: &Site, run: Run) {
    site.while_spoiled(|| {
        let says = ["granule b.h5: /gt1l/heights/h_ph row 100: "];
        let stopped = run.checkpoint(Duration::ZERO).execute();
        refused(stopped, Kind::Granule, &says);
    });
}

/// Reads a document, or says why not.
type Read<'a> = &'a dyn Fn(&Path) -> Result<(), String>;

/// What a document is made to say, and words of what a run says of it.
type Change<'a> = (&'a str, &'a dyn Fn(&mut Value));

/// The markers that are there.
fn markers(folder: &Path) -> Vec<PathBuf> {
    let names = names(folder).into_iter();
    let names = names.filter(|n| {
        n.strip_prefix("shard-")
            .is_some_and(|n| n.strip_suffix(".json").is_some())
    });
    names.map(|name| folder.join(name)).collect()
}

/// Changes what a document says, and gives it the right hash.
fn forge(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut document: Value = open(&std::fs::read(path).unwrap()).unwrap().document;
    change(&mut document);
    std::fs::write(path, seal(&document, true).0).unwrap();
}

#[test]
fn a_changed_byte_of_any_document_is_noticed() {
    let site = Site::new();
    let (folder, checkpoint) = stopped(&site);
    let pieces = Pieces::open(&folder).unwrap().unwrap();
    let mut shards = pieces.manifest().map.shards.clone();
    shards.sort_unstable();
    let of_manifest = |_: &Path| Pieces::open(&folder).map(|_| ()).map_err(|e| e.to_string());
    let of_checkpoint = |_: &Path| {
        let read = pieces.checkpoint(&shards, &[], &Listed::default()).unwrap();
        read.map(|_| ())
    };
    let of_marker = |path: &Path| {
        let digits = path.file_stem().unwrap().to_str().unwrap();
        let shard = digits.trim_start_matches("shard-").parse().unwrap();
        Marker::read(&folder, shard).unwrap().unwrap().map(|_| ())
    };
    let marker = markers(&folder).remove(0);
    let documents: [(PathBuf, Read); 3] = [
        (folder.join("manifest.json"), &of_manifest),
        (checkpoint, &of_checkpoint),
        (marker, &of_marker),
    ];
    for (path, read) in documents {
        let bytes = std::fs::read(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            std::fs::write(&path, changed).unwrap();
            let error = read(&path).unwrap_err();
            assert!(error.contains(name), "{name}, byte {at}: {error}");
        }
        std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        assert!(read(&path).is_err());
        std::fs::write(&path, bytes).unwrap();
    }
    assert_eq!(of_manifest(&folder), Ok(()));
}

#[test]
fn a_changed_letter_of_a_granules_name_does_not_count_it_twice() {
    let site = Site::new();
    let (folder, checkpoint) = stopped(&site);
    let whole = tree(&site.out("a.zarr"));
    let text = std::fs::read_to_string(&checkpoint).unwrap();
    assert!(text.contains("a.h5"));
    std::fs::write(&checkpoint, text.replacen("a.h5", "x.h5", 1)).unwrap();
    let (report, message) = done(site.over("b.zarr").resume(true));
    let says = "warning: granules are read again: checkpoint.json was changed";
    assert!(message.contains(says), "{message}");
    assert_eq!(report["pieces"]["granules_resumed"], 0);
    assert_eq!(tree(&site.out("b.zarr")), whole);
    assert!(!folder.exists());
}

#[test]
fn a_checkpoint_that_says_what_cannot_be_is_left_aside() {
    let site = Site::new();
    let (granules, _) = site.mapped("atl03");
    done(site.code("atl03", &paths(&granules)));
    let whole = tree(&site.out("a.zarr"));
    let rename = |value: &mut Value| {
        let text = value.to_string().replace("\"a.h5\"", "\"x.h5\"");
        *value = serde_json::from_str(&text).unwrap();
    };
    let first = |value: &mut Value, change: &dyn Fn(&mut Vec<Value>)| {
        let shards = value["contributions"].as_object_mut().unwrap();
        let mut lists = shards.values_mut().filter_map(Value::as_array_mut);
        change(lists.find(|list| !list.is_empty()).unwrap());
    };
    let changes: [Change; 6] = [
        ("the run has no granule x.h5", &rename),
        (" twice", &|value| {
            let again = value["granules"][0].clone();
            value["granules"].as_array_mut().unwrap().push(again);
        }),
        (" twice", &|value| {
            first(value, &|list| list.push(list[0].clone()));
        }),
        ("lacks granule", &|value| first(value, &Vec::clear)),
        (" photons, and its granules added ", &|value| {
            first(value, &|list| list[0]["photons"] = 1.into());
        }),
        ("has another size", &|value| {
            value["sources"]["a.h5"]["bytes"] = 1.into();
        }),
    ];
    for (says, change) in changes {
        stop(&site, site.over("b.zarr"));
        let folder = Pieces::folder_of(&site.out("b.zarr"));
        let entries = std::fs::read_dir(&folder).unwrap();
        let open = entries.map(|entry| entry.unwrap().path());
        let path = open
            .map(|path| path.join("checkpoint.json"))
            .find(|path| path.is_file());
        forge(&path.unwrap(), change);
        let (_, message) = done(site.over("b.zarr").resume(true));
        assert!(
            message.contains("granules are read again: ") && message.contains(says),
            "{says}: {message}"
        );
        assert_eq!(tree(&site.out("b.zarr")), whole, "{says}");
        std::fs::remove_dir_all(site.out("b.zarr")).unwrap();
    }
}

#[test]
fn a_marker_that_says_what_cannot_be_is_refused_and_its_piece_made_again() {
    let site = Site::new();
    let (granules, shards) = site.mapped("atl03");
    done(site.code("atl03", &paths(&granules)));
    let whole = tree(&site.out("a.zarr"));
    let folder = Pieces::folder_of(&site.out("b.zarr"));
    let all = format!("0..{shards}");
    let changes: [Change; 4] = [
        ("which the shard map does not list", &|value| {
            value["granules"][0]["granule"] = "A.h5".into();
        }),
        ("is missing in it", &|value| {
            value["granules"].as_array_mut().unwrap().clear();
            value["photons"] = 0.into();
        }),
        ("its manifest is ", &|value| {
            value["manifest_sha256"] = "0".into();
        }),
        ("its photons is ", &|value| value["photons"] = 7.into()),
    ];
    for (says, change) in changes {
        done(site.part("b.zarr", &all));
        forge(&markers(&folder)[0], change);
        let (_, message) = done(site.over("b.zarr").resume(true));
        assert!(
            message.contains("is made again: ") && message.contains(says),
            "{says}: {message}"
        );
        assert_eq!(tree(&site.out("b.zarr")), whole, "{says}");
        std::fs::remove_dir_all(site.out("b.zarr")).unwrap();
    }
    done(site.part("b.zarr", &all));
    let marker = markers(&folder).remove(0);
    let bytes = std::fs::read(&marker).unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    std::fs::write(&marker, text.replace("\"photons\": ", "\"photons\":  ")).unwrap();
    let name = marker.file_name().unwrap().to_str().unwrap();
    refused(
        site.making("b.zarr").execute(),
        Kind::Pieces,
        &[name, "was changed after it was written"],
    );
    std::fs::write(&marker, bytes).unwrap();
    done(site.making("b.zarr"));
    assert_eq!(tree(&site.out("b.zarr")), whole);
}

#[test]
fn a_piece_with_other_cells_or_photons_than_its_marker_says_makes_no_store() {
    let site = Site::new();
    let (_, shards) = site.mapped("atl03");
    let folder = Pieces::folder_of(&site.out("b.zarr"));
    let all = format!("0..{shards}");
    let more = |value: &mut Value| *value = (value.as_u64().unwrap() + 1).into();
    let changes: [Change; 2] = [
        (" cells and its marker says ", &|value| {
            more(&mut value["cells"]["12"]);
        }),
        ("the partials of its piece have ", &|value| {
            more(&mut value["photons"]);
            more(&mut value["granules"][0]["photons"]);
        }),
    ];
    for (says, change) in changes {
        done(site.part("b.zarr", &all).overviews([9, 4]));
        forge(&markers(&folder)[0], change);
        refused(
            site.making("b.zarr").execute(),
            Kind::Gate,
            &["shard ", says],
        );
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

#[test]
fn a_manifest_that_was_changed_is_refused_with_or_without_its_hash() {
    let site = Site::new();
    let (_, shards) = site.mapped("atl03");
    let folder = Pieces::folder_of(&site.out("b.zarr"));
    done(site.part("b.zarr", &format!("0..{shards}")));
    let manifest = folder.join("manifest.json");
    let bytes = std::fs::read(&manifest).unwrap();
    // A shard that is taken out would be missing from the store.
    forge(&manifest, |value| {
        _ = value["map"]["shards"].as_array_mut().unwrap().pop();
    });
    let lists = format!(
        "lists {} shards, and not those of the shard map",
        shards - 1
    );
    refused(
        site.over("b.zarr").resume(true).execute(),
        Kind::Pieces,
        &["manifest.json", &lists],
    );
    refused(
        site.making("b.zarr").execute(),
        Kind::Pieces,
        &["its manifest is "],
    );
    std::fs::write(&manifest, &bytes).unwrap();
    forge(&manifest, |value| {
        value["found"]["columns"][0]["units"] = "feet".into();
    });
    refused(
        site.making("b.zarr").execute(),
        Kind::Pieces,
        &["its manifest is "],
    );
    // One of before documents had hashes.
    let mut old: Value = open(&bytes).unwrap().document;
    std::fs::write(&manifest, old.to_string()).unwrap();
    refused(
        site.making("b.zarr").execute(),
        Kind::Pieces,
        &["manifest.json carries no SHA-256"],
    );
    old["schema_version"] = 1.into();
    std::fs::write(&manifest, old.to_string()).unwrap();
    let says = "are of icefold 0.1.0 (format 1), and this is";
    refused(
        site.making("b.zarr").execute(),
        Kind::Pieces,
        &[says, "begin anew with overwrite"],
    );
    std::fs::write(&manifest, bytes).unwrap();
    done(site.making("b.zarr"));
}

#[test]
fn pieces_of_another_version_are_refused_even_where_their_format_is_the_same() {
    let site = Site::new();
    site.mapped("atl03");
    done(site.part("b.zarr", "0..1"));
    let manifest = site.out("b.zarr.pieces").join("manifest.json");
    forge(&manifest, |value| value["icefold_version"] = "0.0.9".into());
    let says = [
        "are of icefold 0.0.9 (format 2), and this is ",
        "finish with",
    ];
    refused(
        site.over("b.zarr").resume(true).execute(),
        Kind::Pieces,
        &says,
    );
    refused(site.making("b.zarr").execute(), Kind::Pieces, &says);
}

#[test]
fn a_granule_that_changed_is_read_again_for_every_piece_that_it_is_in() {
    let site = Site::new();
    let (_, shards) = site.mapped("atl03");
    done(site.part("b.zarr", "1.."));
    let mut other = long_track(-44.9);
    other.h.iter_mut().for_each(|h| *h += 1.0);
    let b = site.granule("b.h5", &[("gt1l", other)]);
    let granules = [site.path("a.h5"), b, site.path("c.h5")];
    let (report, message) = done(site.over("b.zarr").resume(true));
    assert!(
        message.contains("is made again: granule b.h5 "),
        "{message}"
    );
    assert!(message.contains(" since it was read"), "{message}");
    done(site.code("atl03", &paths(&granules)));
    assert_eq!(tree(&site.out("a.zarr")), tree(&site.out("b.zarr")));
    let kept = report["pieces"]["kept"].as_u64().unwrap();
    assert!(kept > 0 && kept < shards as u64 - 1, "{report}");
}

#[test]
fn an_error_table_among_the_pieces_that_was_changed_is_refused() {
    let site = Site::new();
    site.mapped("atl03");
    let mut spoiled = long_track(-44.9);
    spoiled.h[100] = 1e9;
    site.granule("b.h5", &[("gt1l", spoiled)]);
    partly(site.part("b.zarr", "..").tolerant(true));
    let folder = Pieces::folder_of(&site.out("b.zarr")).join("errors");
    let path = folder.join(&names(&folder)[0]);
    let bytes = std::fs::read(&path).unwrap();
    let mut changed = bytes.clone();
    changed[20] ^= 1;
    std::fs::write(&path, changed).unwrap();
    refused(
        site.making("b.zarr").execute(),
        Kind::Pieces,
        &["errors/b.h5.", "was changed after it was written"],
    );
    std::fs::write(&path, bytes).unwrap();
    partly(site.making("b.zarr"));
}
