//! Folders of granules: what is read, what is passed over, and which of several files of a granule count.

use std::path::Path;

use icefold::error::Kind;
use serde_json::Value;

use super::from_code::{done, partly, refused, shown};
use crate::support::granules::{Heights, one};
use crate::support::site::{Site, assert_same};
use crate::support::tables::{Format, config, points, table_yaml, write};

const NAME: &str = "ATL03_20190105163308_01260202_006_02.h5";
const LATER: &str = "ATL03_20190105163308_01260202_007_01.h5";

/// Names of granules that were read, sorted.
fn read_by(report: &Value) -> Vec<String> {
    let done = report["granules"]["done"].as_array().unwrap().iter();
    let mut names: Vec<String> = done
        .map(|g| g["name"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_folder_with_an_index_and_what_macos_leaves_runs() {
    let site = Site::new();
    let folder = site.folder("g");
    site.folder("g/index");
    let mut names = Vec::new();
    for day in 1..=8 {
        let name = format!("ATL03_201901{day:02}163308_01260202_006_02.h5");
        site.good(&format!("g/{name}"), -45.0 + f64::from(day));
        site.other_file(&format!("g/index/{name}"), "index/bin_1/offset");
        std::fs::write(folder.join(format!("._{name}")), b"\0\x05\x16\x07").unwrap();
        std::fs::write(folder.join(format!("{name}.xml")), "<x/>").unwrap();
        names.push(name);
    }
    let (report, message) = done(site.code("atl03", &[&folder]));
    assert_eq!(read_by(&report), names);
    assert_eq!(report["photons"]["kept"], 8 * 3000);
    assert_eq!(report["granules"]["skipped"].as_array().unwrap().len(), 16);
    assert_eq!(report["granules"]["not_data"], 8);
    for says in [
        "(and 7 more) is what macOS puts beside a file (AppleDouble)",
        "has none of the groups that are asked for, and ",
        "8 files that are no data",
    ] {
        assert!(message.contains(says), "{message}");
    }
    // Named, a hidden file is read, and an index is an error.
    std::fs::copy(folder.join(&names[0]), folder.join(".hidden.h5")).unwrap();
    let hidden = folder.join(".hidden.h5");
    let (named, _) = done(site.code_to("b.zarr", "atl03", &one(&hidden)));
    assert_eq!(read_by(&named), [".hidden.h5"]);
    let index = folder.join("index").join(&names[0]);
    let whole = folder.join(&names[0]);
    refused(
        site.code_to("c.zarr", "atl03", &[&whole, &index]).execute(),
        Kind::Granule,
        &["has none of the groups", "can be used", "tolerant"],
    );
}

#[test]
fn a_damaged_release_stops_a_strict_run_and_makes_way_in_a_tolerant_one() {
    let site = Site::new();
    let (folder, other) = (site.folder("g"), site.good("b.h5", -30.0));
    let old = site.good(&format!("g/{NAME}"), -45.0);
    site.truncated(&format!("g/{LATER}"));
    let says = [LATER, "is truncated", NAME, "can be used", "tolerant"];
    refused(
        site.code("atl03", &[&folder, &other]).execute(),
        Kind::Granule,
        &says,
    );
    refused(
        site.mapping("atl03", &[&folder, &other]).execute(),
        Kind::Granule,
        &says,
    );
    let command = site.code("atl03", &[&folder, &other]);
    let (report, message) = partly(command.tolerant(true));
    assert!(message.contains("left out: "), "{message}");
    assert_eq!(read_by(&report), [NAME, "b.h5"]);
    assert_eq!(report["granules"]["failed"][0]["granule"], LATER);
    done(site.code_to("b.zarr", "atl03", &[&old, &other]));
    assert_same(&site.out("a.zarr"), &site.out("b.zarr"));
    let command = site.mapping("atl03", &[&folder, &other]);
    let (said, _) = partly(command.tolerant(true));
    assert_eq!((&said["granules"], &said["failed"]), (&2.into(), &1.into()));
    done(site.over("c.zarr"));
    assert_same(&site.out("a.zarr"), &site.out("c.zarr"));
}

#[test]
fn two_regions_of_a_granule_are_both_read_under_names_of_their_own() {
    let site = Site::new();
    let all = Heights::along(-45.0, 3000);
    let part = |rows: std::ops::Range<usize>| Heights {
        lat: all.lat[rows.clone()].to_vec(),
        lon: all.lon[rows.clone()].to_vec(),
        h: all.h[rows].to_vec(),
        fill: None,
    };
    let folders = ["north", "south"].map(|name| site.folder(name));
    let north = site.granule(&format!("north/{NAME}"), &[("gt1l", part(1000..3000))]);
    let south = site.granule(&format!("south/{NAME}"), &[("gt1l", part(0..1000))]);
    let whole = site.granule("whole.h5", &[("gt1l", all.clone())]);
    let [a, b] = &folders;
    let (report, message) = done(site.code("atl03", &[a, b]));
    let names = ["north", "south"].map(|folder| format!("{folder}/{NAME}"));
    assert_eq!(read_by(&report), names);
    assert_eq!(report["granules"]["parts"][0].as_array().unwrap().len(), 2);
    assert!(message.contains("are parts of one granule"), "{message}");
    done(site.code_to("b.zarr", "atl03", &one(&whole)));
    assert_same(&site.out("a.zarr"), &site.out("b.zarr"));
    // A shard map has both, and its runs call them the same.
    done(site.mapping("atl03", &[b, a]));
    let (report, _) = done(site.over("c.zarr"));
    assert_eq!(read_by(&report), names);
    assert_same(&site.out("a.zarr"), &site.out("c.zarr"));
    let moved = site.folder("moved");
    for folder in &folders {
        std::fs::rename(folder, moved.join(folder.file_name().unwrap())).unwrap();
    }
    let absent = format!("granule {}: shard map ", names[0]);
    refused(
        site.over("d.zarr").execute(),
        Kind::Argument,
        &[&absent, "no such file", "(and 1 more granules)"],
    );
    done(site.over_in("d.zarr", &moved));
    assert_same(&site.out("a.zarr"), &site.out("d.zarr"));
    std::fs::rename(moved.join("north"), a).unwrap();
    std::fs::rename(moved.join("south"), b).unwrap();
    // The whole granule beside a part of it.
    let full = site.path(LATER).with_file_name(NAME);
    std::fs::rename(&whole, &full).unwrap();
    let (report, message) = done(site.code_to("e.zarr", "atl03", &[&north, &full]));
    assert!(
        message.contains("takes its place (a part of its photons)"),
        "{message}"
    );
    assert_eq!(read_by(&report), [NAME]);
    // Regions that overlap.
    site.granule(&format!("south/{NAME}"), &[("gt1l", part(0..1001))]);
    let says = ["share 1 photons, of 1001 and 2000", "keep_all"];
    refused(
        site.code_to("f.zarr", "atl03", &[&north, &south]).execute(),
        Kind::Argument,
        &says,
    );
    let command = site.code_to("f.zarr", "atl03", &[&south, &north]);
    let (report, _) = partly(command.tolerant(true));
    assert_eq!(report["photons"]["kept"], 2000);
    let failed = report["granules"]["failed"][0]["granule"].as_str().unwrap();
    assert_eq!(failed, names[1]);
}

#[test]
fn granules_of_one_file_name_keep_their_rows_apart_in_tables_and_pieces() {
    let site = Site::new();
    let mut spoiled = Heights::along(-45.0, 900);
    spoiled.h[7] = 1e9;
    let mut paths = Vec::new();
    for (folder, lon) in [("a", -45.0), ("b", -30.0)] {
        site.folder(folder);
        spoiled.lon = vec![lon; 900];
        paths.push(site.granule(&format!("{folder}/g.h5"), &[("gt1l", spoiled.clone())]));
    }
    let (a, b) = (&paths[0], &paths[1]);
    done(site.mapping("atl03", &[a, b]));
    for (store, run) in [
        ("a.zarr", site.code("atl03", &[a, b])),
        ("b.zarr", site.over("b.zarr")),
    ] {
        let (report, _) = partly(run.tolerant(true));
        assert_eq!(read_by(&report), ["a/g.h5", "b/g.h5"]);
        assert_eq!(report["rejected_rows"]["count"], 2);
        let table = site.out(store).with_extension("errors.parquet");
        let text = shown(table);
        assert!(text.contains("a/g.h5") && text.contains("b/g.h5"), "{text}");
    }
    assert_same(&site.out("a.zarr"), &site.out("b.zarr"));
    // One of them cannot be opened: the other is read.
    std::fs::write(a, "no granule").unwrap();
    let command = site.code_to("c.zarr", "atl03", &[a, b]);
    let (report, _) = partly(command.tolerant(true));
    assert_eq!(read_by(&report), ["b/g.h5"]);
    assert_eq!(report["granules"]["failed"][0]["granule"], "a/g.h5");
}

#[cfg(unix)]
#[test]
fn a_pipe_is_never_opened() {
    let site = Site::new();
    let folder = site.folder("g");
    site.good("g/a.h5", -45.0);
    let pipe = folder.join("p.h5");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let (report, _) = done(site.code("atl03", &[&folder]));
    assert_eq!(
        report["granules"]["skipped"][0]["reason"],
        "is a named pipe"
    );
    refused(
        site.code_to("b.zarr", "atl03", &[&pipe]).execute(),
        Kind::Argument,
        &["p.h5 is a named pipe"],
    );
}

#[test]
fn a_granule_of_another_product_stops_a_strict_run() {
    let site = Site::new();
    // A config that does not name its product.
    let atl03 = site.atl03_with("  product: ATL03\n", "");
    let good = site.good(NAME, -45.0);
    let other = site.other_file(
        "ATL08_20190105163308_01260202_006_02.h5",
        "gt1l/land_segments/latitude",
    );
    let nameless = site.other_file("x.h5", "gt1l/land_ice_segments/latitude");
    for (other, says) in [
        (
            &other,
            &["ATL08_", "is of ATL08", "gt1l holds land_segments"][..],
        ),
        (
            &nameless,
            &[
                "x.h5",
                "has no /{group}/heights",
                "gt1l holds land_ice_segments",
            ],
        ),
    ] {
        refused(
            site.code_to("c.zarr", &atl03, &[&good, other]).execute(),
            Kind::Granule,
            says,
        );
        refused(
            site.mapping(&atl03, &[&good, other]).execute(),
            Kind::Granule,
            says,
        );
        let command = site.code(&atl03, &[&good, other]);
        let (report, _) = partly(command.tolerant(true).overwrite(true));
        assert_eq!(read_by(&report), [NAME]);
        assert_eq!(report["granules"]["failed"].as_array().unwrap().len(), 1);
        let command = site.mapping(&atl03, &[&good, other]);
        assert_eq!(partly(command.tolerant(true)).0["failed"], 1);
    }
    // A granule of the product without photons is none.
    let empty = site.other_file(
        "ATL03_20190205163308_01260202_006_02.h5",
        "gt1l/geolocation/segment_id",
    );
    let (_, message) = done(site.code_to("b.zarr", &atl03, &[&good, &empty]));
    assert!(message.contains("has no photons"), "{message}");
}

#[test]
fn a_ground_track_that_no_granule_can_have_is_an_error_with_the_nearest() {
    let site = Site::new();
    let good = site.granule("a.h5", &[("gt1l", Heights::along(-45.0, 300))]);
    for (groups, says) in [
        (
            "[gt1L, gt1l]",
            "no granule has a ground track gt1L (the nearest is gt1l)",
        ),
        (
            "[gt4r, gt1l]",
            "no granule has a ground track gt4r (the nearest is gt1l)",
        ),
        (
            "[pt1, gt1l]",
            "no granule has a ground track pt1 (the nearest is gt1l)",
        ),
    ] {
        let config = site.atl03_with("[gt1l, gt1r, gt2l, gt2r, gt3l, gt3r]", groups);
        let says = [
            "data_source.groups: ",
            says,
            "the granules hold gt1l; correct",
        ];
        refused(
            site.code(&config, &one(&good)).execute(),
            Kind::Config,
            &says,
        );
        refused(
            site.code(&config, &one(&good)).tolerant(true).execute(),
            Kind::Config,
            &says,
        );
        refused(
            site.mapping(&config, &one(&good)).execute(),
            Kind::Config,
            &says,
        );
    }
    // Subsets lack ground tracks: the summary says which.
    let outcome = site.code("atl03", &one(&good)).execute().unwrap();
    let run = outcome.done().unwrap();
    let text = run.report.summary(&run.tally);
    let says = "gt1r, gt2l, gt2r, gt3l, gt3r without photons in all granules";
    assert!(text.contains(says), "{text}");
}

#[test]
fn folders_named_with_keys_are_columns_of_the_tables_in_them() {
    let site = Site::new();
    let rows = points();
    let config = config(&site);
    let cut = |rows: &[_], name: &str| {
        let path = site.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        write(&path, rows, Format::Parquet(100));
        path
    };
    cut(&rows[..400], "hive/cycle=1/beam=gt1l/x.parquet");
    cut(&rows[400..900], "hive/cycle=2/beam=gt1l/x.parquet");
    cut(&rows[900..], "hive/cycle=2/beam=gt1r/x.parquet");
    let whole = cut(&rows, "whole.parquet");
    let hive = site.path("hive");
    let (report, _) = done(site.code(&config, &[&hive]));
    let names = ["1/beam=gt1l", "2/beam=gt1l", "2/beam=gt1r"];
    assert_eq!(
        read_by(&report),
        names.map(|name| format!("cycle={name}/x.parquet"))
    );
    done(site.code_to("b.zarr", &config, &one(&whole)));
    assert_same(&site.out("a.zarr"), &site.out("b.zarr"));

    let filtered = |column: &str| {
        let filter =
            format!("  filters:\n    - {{dataset: {column}, op: eq, value: 2}}\naggregation:");
        let text = table_yaml();
        // Of the last filters only these are left.
        let start = text.find("  filters:").unwrap();
        let end = text.find("aggregation:").unwrap();
        let path = site.path("filtered.yaml");
        let end = end + "aggregation:".len();
        std::fs::write(&path, format!("{}{filter}{}", &text[..start], &text[end..])).unwrap();
        path
    };
    let command = site.code_to("c.zarr", filtered("cycle"), &[&hive]);
    let (report, _) = done(command);
    assert_eq!(report["photons"]["rejected_by"]["filter: cycle eq 2"], 400);
    assert_eq!(report["photons"]["kept"], 1100);
    let says =
        ["column beam is text, and a filter compares it with the number 2; write it in quotes"];
    refused(
        site.code_to("d.zarr", filtered("beam"), &[&hive]).execute(),
        Kind::Granule,
        &says,
    );
    // A copy of the same bytes counts once.
    std::fs::copy(&whole, site.path("copy.parquet")).unwrap();
    let copy = site.path("copy.parquet");
    let both: [&Path; 2] = [&whole, &copy];
    let (report, message) = done(site.code_to("e.zarr", &config, &both));
    assert!(
        message.contains("takes its place (the same bytes)"),
        "{message}"
    );
    assert_eq!(report["photons"]["read"], 1500);
}
