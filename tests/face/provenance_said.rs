//! What a store says of its files beyond their names: hashes of all bytes, that they are synthetic, when their data end, and
//! what is cited of quick looks and odd releases.

use std::path::{Path, PathBuf};

use hdf5::types::FixedAscii;
use icefold::inspect::cite;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::from_code::{done, looked, shown};
use crate::support::granules::{one, paths};
use crate::support::odd::reopened;
use crate::support::site::{Site, long_track, tree};

/// The group `provenance` of a store.
fn said(store: &Path) -> Value {
    let text = std::fs::read(store.join("provenance/zarr.json")).unwrap();
    serde_json::from_slice::<Value>(&text).unwrap()["attributes"].take()
}

fn attributes(store: &Path) -> Value {
    let text = std::fs::read(store.join("zarr.json")).unwrap();
    serde_json::from_slice::<Value>(&text).unwrap()["attributes"].take()
}

/// SHA-256 of a file, as `sha256sum` has it.
fn sha256(path: &Path) -> String {
    format!("{:x}", Sha256::digest(std::fs::read(path).unwrap()))
}

pub(super) fn write_text(path: &Path, dataset: Option<&str>, text: &str) {
    let file = reopened(path);
    let text = FixedAscii::<64>::from_ascii(text.as_bytes()).unwrap();
    if let Some(dataset) = dataset {
        let (group, name) = dataset.rsplit_once('/').unwrap();
        let group = file.group(group).or_else(|_| file.create_group(group));
        let group = group.unwrap();
        let made = group.new_dataset::<FixedAscii<64>>().shape([1]);
        made.create(name).unwrap().write(&[text]).unwrap();
    } else {
        let made = file.new_attr::<FixedAscii<64>>().create("source").unwrap();
        made.write_scalar(&text).unwrap();
    }
}

#[test]
fn whole_files_are_hashed_where_that_is_asked_for_and_however_the_run_was_cut() {
    let site = Site::new();
    let (granules, _) = site.mapped("atl03");
    let [a, b, c] = paths(&granules);
    done(site.code("atl03", &[a, b, c]).hash_granules(true));
    let store = site.out("a.zarr");
    let of = said(&store);
    let mut expected: Vec<String> = [a, b, c].map(sha256).to_vec();
    let found = of["granules"].as_array().unwrap().iter();
    let mut found: Vec<String> = found
        .map(|granule| granule["sha256"].as_str().unwrap().to_owned())
        .collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    let command = of["command"].as_str().unwrap();
    assert!(command.ends_with(" --hash-granules"), "{command}");
    assert!(shown(&store).contains(&format!("sha256 {}", &sha256(a)[..12])));
    // The same bytes in pieces, and the bytes of before without being asked for.
    for part in ["..2", "2.."] {
        done(site.part("b.zarr", part).hash_granules(true));
    }
    done(site.making("b.zarr"));
    assert_eq!(tree(&site.out("b.zarr")), tree(&store));
    done(site.code_to("c.zarr", "atl03", &[a, b, c]));
    let without = said(&site.out("c.zarr"));
    assert_eq!(without["granules"][0]["sha256"], Value::Null);
    assert_eq!(
        attributes(&store)["icefold"]["config_sha256"],
        attributes(&site.out("c.zarr"))["icefold"]["config_sha256"]
    );
}

#[test]
fn parts_of_which_one_was_hashed_name_each_granule_once() {
    let site = Site::new();
    site.mapped("atl03");
    done(site.part("a.zarr", "..2").hash_granules(true));
    done(site.part("a.zarr", "2.."));
    done(site.making("a.zarr"));
    let of = said(&site.out("a.zarr"));
    let granules = of["granules"].as_array().unwrap();
    let mut names: Vec<&Value> = granules.iter().map(|granule| &granule["name"]).collect();
    names.dedup();
    assert_eq!(names.len(), granules.len(), "{of}");
    assert!(granules.iter().any(|granule| granule["sha256"].is_string()));
}

#[test]
fn synthetic_granules_have_no_doi_and_are_nothing_to_cite() {
    let site = Site::new();
    let names = [
        "ATL03_20190222155947_08580204_006_01.h5",
        "ATL03_20190307010203_10550206_006_02.h5",
    ];
    let track = [("gt1l", long_track(-45.0))];
    let [real, invented] = names.map(|name| site.granule(name, &track));
    write_text(&invented, None, "synthetic");
    done(site.code("atl03", &[&real, &invented]));
    let store = site.out("a.zarr");
    let of = said(&store);
    let products = of["products"].as_array().unwrap();
    assert_eq!(products.len(), 2, "{of}");
    let (first, second) = (&products[0], &products[1]);
    assert_eq!(first["doi"], "10.5067/ATLAS/ATL03.006");
    assert_eq!(
        (&second["synthetic"], &second["doi"]),
        (&true.into(), &Value::Null)
    );
    let source = attributes(&store)["source"].clone();
    assert_eq!(
        source,
        "1 granule of ATL03 release 006, 1 synthetic granule of ATL03 release 006"
    );
    let citation = cite(&store).unwrap();
    assert_eq!((citation.products.len(), citation.synthetic_files), (1, 1));
    assert_eq!(
        (citation.products[0].granules, citation.other_files),
        (1, 0)
    );
    let text = citation.to_string();
    assert!(text.contains("1 synthetic granule: no data"), "{text}");
    assert!(shown(&store).contains("ATL03 release 006 (synthetic): 1 file"));
    // Of synthetic ones alone there is icefold to cite.
    done(site.code_to("b.zarr", "atl03", &one(&invented)));
    let alone = cite(&site.out("b.zarr")).unwrap();
    assert!(!alone.bibtex().contains("doi") && !alone.to_string().contains("doi.org"));
    let root = attributes(&site.out("b.zarr"));
    assert_eq!(root["references"], Value::Null);
}

#[test]
fn quick_looks_and_releases_of_zeros_have_entries_of_their_own() {
    let site = Site::new();
    let names = [
        ("ATL03_20190222155947_08580204_007_01.h5", -45.0),
        ("ATL03QL_20190307010203_10550206_007_01.h5", -46.0),
        ("ATL03_20190401000000_00000304_000_01.h5", -47.0),
    ];
    let granules = names.map(|(name, lon)| site.granule(name, &[("gt1l", long_track(lon))]));
    done(site.code("atl03", &paths(&granules)));
    let store = site.out("a.zarr");
    let citation = cite(&store).unwrap();
    let bibtex = citation.bibtex();
    let keys = bibtex.lines().filter_map(|line| line.strip_prefix('@'));
    let keys: Vec<&str> = keys
        .filter_map(|line| line.split(['{', ',']).nth(1))
        .collect();
    assert_eq!(
        keys,
        ["ATL03_000", "ATL03_007_quick_look", "ATL03_007", "icefold"]
    );
    assert!(bibtex.contains(", Version 0}"), "{bibtex}");
    assert!(bibtex.contains(", Version 7 (quick look)}"), "{bibtex}");
    // Authors of products are behind their DOIs: none is made up.
    let datasets = bibtex.split("@software").next().unwrap();
    assert!(!datasets.contains("author ="), "{bibtex}");
    assert!(looked(&store)["provenance"]["products"].is_array());
}

#[test]
fn the_time_covered_ends_where_the_last_granule_ends_if_all_say_so() {
    let names = [
        "ATL03_20190222155947_08580204_006_01.h5",
        "ATL03_20190307010203_10550206_006_02.h5",
    ];
    let covered = |ends: [Option<&str>; 2]| {
        let site = Site::new();
        let granules: Vec<PathBuf> = names
            .iter()
            .zip(ends)
            .map(|(name, end)| {
                let granule = site.granule(name, &[("gt1l", long_track(-45.0))]);
                if let Some(end) = end {
                    write_text(&granule, Some("ancillary_data/data_end_utc"), end);
                }
                granule
            })
            .collect();
        done(site.code("atl03", &[&granules[0], &granules[1]]));
        let root = attributes(&site.out("a.zarr"));
        assert_eq!(root["time_coverage_start"], "2019-02-22T15:59:47Z");
        root["time_coverage_end"].as_str().unwrap().to_owned()
    };
    let [first, last] = ["2019-02-22T16:05:00.000000Z", "2019-03-07T01:10:33.250000Z"];
    assert_eq!(covered([Some(first), Some(last)]), last);
    // One that says nothing, nonsense, or an end before the last one begins: when that begins.
    let begin = "2019-03-07T01:02:03Z";
    assert_eq!(covered([None, Some(last)]), begin);
    assert_eq!(covered([Some(first), Some("soon")]), begin);
    assert_eq!(covered([Some(first), Some(first)]), begin);
}
