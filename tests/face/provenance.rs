//! What a store says it was made of: the same however a run was cut, shown, cited, and kept through pieces.

use std::path::Path;

use icefold::error::Kind;
use icefold::inspect::cite;
use icefold::{Layout, Run};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::from_code::{done, looked, refused, seen, shown};
use crate::support::granules::{one, paths};
use crate::support::site::{Site, assert_same, long_track, tree};
use crate::support::tables::{self, Format};

/// A document of a store.
fn document(store: &Path, folder: &str) -> Value {
    let text = std::fs::read(store.join(folder).join("zarr.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// SHA-256 of a file's length and ends, by another program than the one that is tested.
fn probe(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap();
    let end = bytes.len().saturating_sub(65_536);
    let mut hash = Sha256::new();
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(&bytes[..bytes.len().min(65_536)]);
    hash.update(&bytes[end..]);
    format!("{:x}", hash.finalize())
}

const NAMES: [&str; 2] = [
    "ATL03_20190222155947_08580204_006_01.h5",
    "ATL03_20190307010203_10550206_006_02.h5",
];

fn two(site: &Site) -> [std::path::PathBuf; 2] {
    [(NAMES[0], -45.0), (NAMES[1], -47.0)]
        .map(|(name, lon)| site.granule(name, &[("gt1l", long_track(lon))]))
}

#[test]
fn a_store_says_which_granules_config_and_command_it_was_made_of() {
    let site = Site::new();
    let granules = two(&site);
    // One without a photon in the store is not of it.
    let none = site.granule("ATL03_20190401000000_00000304_006_01.h5", &[]);
    let mut all: Vec<&Path> = paths(&granules).to_vec();
    all.push(&none);
    done(site.code("atl03", &all).overviews([9, 6]));
    let store = site.out("a.zarr");
    let said = document(&store, "provenance")["attributes"].clone();
    let file = |place: usize, version: &str| {
        let path = &granules[place];
        json!({
            "name": NAMES[place], "product": "ATL03", "release": "006", "version": version,
            "bytes": std::fs::metadata(path).unwrap().len(), "probe": probe(path),
        })
    };
    assert_eq!(said["granules"], json!([file(0, "01"), file(1, "02")]));
    assert_eq!(
        said["command"],
        "icefold run config.yaml granules/ --store store.zarr --overviews 9,6"
    );
    let config = icefold::config::load("atl03").unwrap();
    assert_eq!(said["config_sha256"], config.sha256);
    let again = icefold::config::parse_yaml("a", said["config"].as_str().unwrap()).unwrap();
    assert_eq!(again.sha256, config.sha256);
    let product = &said["products"][0];
    assert_eq!(product["doi"], "10.5067/ATLAS/ATL03.006");
    assert_eq!(product["files"], 2);
    for group in ["", "9", "6"] {
        let attributes = &document(&store, group)["attributes"];
        assert_eq!(attributes["Conventions"], "CF-1.13, ACDD-1.3", "{group}");
        assert_eq!(attributes["source"], "2 granules of ATL03 release 006");
        assert_eq!(
            attributes["references"],
            "https://doi.org/10.5067/ATLAS/ATL03.006"
        );
        assert_eq!(attributes["time_coverage_start"], "2019-02-22T15:59:47Z");
        assert_eq!(attributes["time_coverage_end"], "2019-03-07T01:02:03Z");
        let west = attributes["geospatial_lon_min"].as_f64().unwrap();
        let east = attributes["geospatial_lon_max"].as_f64().unwrap();
        assert!(west <= -47.0 && -45.0 <= east, "{group}: {west} {east}");
    }
    // Nothing of this machine.
    let root = site.root().display().to_string();
    for (path, bytes) in tree(&store) {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(&root), "{}", path.display());
    }
}

#[test]
fn what_is_said_is_the_same_however_the_run_was_cut() {
    let site = Site::new();
    let (granules, shards) = site.mapped("atl03");
    let [a, b, c] = paths(&granules);
    done(site.code("atl03", &[a, b, c]).overviews([9]));
    let whole = tree(&site.out("a.zarr"));
    assert!(whole.contains_key(Path::new("provenance/zarr.json")));
    let again = site.code_to("b.zarr", "atl03", &[c, a, b]);
    done(again.overviews([9]).threads(1));
    assert_eq!(tree(&site.out("b.zarr")), whole);
    for part in ["..2", "2.."] {
        done(site.part("c.zarr", part).overviews([9]));
    }
    assert!(shards > 2);
    done(site.making("c.zarr"));
    assert_eq!(tree(&site.out("c.zarr")), whole);
    for layout in [Layout::FULL_SPHERE, Layout::HIVE] {
        let name = format!("{layout}.zarr");
        done(site.code_to(&name, "atl03", &[a, b, c]).layout(layout));
        let provenance = looked(site.out(&name))["provenance"].clone();
        let of_cells = looked(site.out("a.zarr"))["provenance"].clone();
        assert_eq!(provenance["granules"], of_cells["granules"], "{layout}");
        assert_eq!(
            provenance["command"],
            format!("icefold run config.yaml granules/ --store store.zarr --layout {layout}")
        );
    }
}

#[test]
fn it_is_shown_and_cited() {
    let site = Site::new();
    done(site.code("atl03", &paths(&two(&site))));
    let store = site.out("a.zarr");
    let text = shown(&store);
    for part in [
        "made of 2 files",
        "ATL03 release 006: 2 files, doi 10.5067/ATLAS/ATL03.006",
        NAMES[1],
    ] {
        assert!(text.contains(part), "{text}");
    }
    let citation = cite(&store).unwrap();
    let text = citation.to_string();
    for part in [
        "ATLAS/ICESat-2 L2A Global Geolocated Photon Data, Version 6.",
        "https://doi.org/10.5067/ATLAS/ATL03.006",
        "Subset used: 2 granules.",
        concat!("icefold, version ", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(text.contains(part), "{text}");
    }
    let bibtex = citation.bibtex();
    for part in [
        "@dataset{ATL03_006,",
        "doi = {10.5067/ATLAS/ATL03.006}",
        "@software{icefold,",
    ] {
        assert!(bibtex.contains(part), "{bibtex}");
    }
}

#[test]
fn tables_have_a_size_and_a_probe_and_no_product() {
    let site = Site::new();
    let table = site.path("points.parquet");
    tables::write(&table, &tables::points(), Format::Parquet(100));
    done(site.code(tables::config(&site), &one(&table)));
    let store = site.out("a.zarr");
    let said = document(&store, "provenance")["attributes"].clone();
    let bytes = std::fs::metadata(&table).unwrap().len();
    let file = json!({"name": "points.parquet", "bytes": bytes, "probe": probe(&table)});
    assert_eq!(said["granules"], json!([file]));
    assert_eq!(said["products"], json!([]));
    let citation = cite(&store).unwrap();
    assert_eq!((citation.products.len(), citation.other_files), (0, 1));
    assert!(
        citation
            .to_string()
            .contains("1 file whose names are of no product")
    );
}

/// The store as it was laid out before: the finest cells in a group, a root that says nothing, no provenance.
fn of_before(store: &Path) {
    let (root, group) = (document(store, ""), store.join("12"));
    std::fs::create_dir(&group).unwrap();
    for entry in std::fs::read_dir(store).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() && name.parse::<u8>().is_err() && name != "provenance" {
            std::fs::rename(&path, group.join(name)).unwrap();
        }
    }
    std::fs::remove_dir_all(store.join("provenance")).unwrap();
    let mut attributes = root["attributes"].as_object().unwrap().clone();
    attributes
        .retain(|key, _| ["dggs", "latitude", "icefold", "zarr_conventions"].contains(&&**key));
    let document = |attributes: Value| {
        json!({"zarr_format": 3, "node_type": "group", "attributes": attributes}).to_string()
    };
    std::fs::write(group.join("zarr.json"), document(json!(attributes))).unwrap();
    std::fs::write(store.join("zarr.json"), document(json!({}))).unwrap();
}

#[test]
fn stores_of_before_are_read_compared_and_replaced_and_cite_nothing() {
    let site = Site::new();
    let granules = two(&site);
    done(site.code("atl03", &paths(&granules)));
    done(site.code_to("b.zarr", "atl03", &paths(&granules)));
    let [new, old] = ["a.zarr", "b.zarr"].map(|name| site.out(name));
    of_before(&old);
    let [of_new, of_old] = [&new, &old].map(looked);
    assert_eq!(of_old["provenance"], Value::Null);
    assert_eq!(of_old["orders"][0]["path"], "12");
    assert_eq!(of_new["orders"][0]["path"], "");
    for key in ["content_sha256", "arrays", "occupied_cells", "group"] {
        assert_eq!(of_new["orders"][0][key], of_old["orders"][0][key], "{key}");
    }
    let [a, b] = [&of_new, &of_old].map(|of| of["content_hashes"]["combined"].clone());
    assert_eq!(a, b);
    assert_same(&new, &old);
    assert_same(&old, &new);
    refused(
        cite(&old),
        Kind::Store,
        &["b.zarr", "does not say which granules"],
    );
    let damaged = old.join("12/h_mean/c/0");
    std::fs::remove_file(&damaged).unwrap();
    refused(seen(&old), Kind::Store, &["12/h_mean"]);
    let again: Run = site.code_to("b.zarr", "atl03", &paths(&granules));
    done(again.overwrite(true));
    assert_eq!(tree(&new), tree(&old));
}

#[test]
fn that_stores_were_made_of_other_files_is_noted_and_no_difference() {
    let site = Site::new();
    let track = [("gt1l", long_track(-45.0))];
    let [a, b] = [NAMES[0], NAMES[1]].map(|name| site.granule(name, &track));
    done(site.code("atl03", &one(&a)));
    done(site.code_to("b.zarr", "atl03", &one(&b)));
    let report = icefold::Verify::stores(&site.out("a.zarr"), &site.out("b.zarr")).unwrap();
    assert!(report.identical(), "{report}");
    let text = report.to_string();
    assert!(
        text.contains("made of other granules: 1 in a and 1 in b"),
        "{text}"
    );
}
