//! Runs over several granules of which some are bad, doubled or of another kind.

use std::path::Path;

use icefold::error::Kind;

use super::from_code::{done, partly, refused};
use crate::support::granules::{Heights, one};
use crate::support::site::{Site, assert_same};

/// A tolerant run over good granules and `bad` reports it, and writes what a run without it does.
#[track_caller]
fn left_out(site: &Site, bad: &Path, says: &str) {
    let (a, b) = (site.good("good_a.h5", -45.0), site.good("good_b.h5", -30.0));
    let name = bad.file_name().unwrap().to_str().unwrap();
    let command = site.code("atl03", &[&a, bad, &b]);
    let (report, message) = partly(command.tolerant(true).batch_rows(300));
    let warning = format!("{name}: ");
    assert!(
        message.starts_with("warning: left out: granule ")
            && message.contains(&warning)
            && message.contains(says),
        "{message}"
    );

    let failed = report["granules"]["failed"].as_array().unwrap();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(failed[0]["granule"], name);
    assert!(
        failed[0]["reason"].as_str().unwrap().contains(says),
        "{failed:?}"
    );
    assert_eq!(report["granules"]["done"].as_array().unwrap().len(), 2);
    assert_eq!(report["photons"]["kept"], 6000);
    let on_disk = std::fs::read(site.out("a.run.json")).unwrap();
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&on_disk).unwrap(),
        report
    );

    let (clean, _) = done(site.code_to("b.zarr", "atl03", &[&a, &b]));
    assert_eq!(report["content_sha256"], clean["content_sha256"]);
    assert_same(&site.out("a.zarr"), &site.out("b.zarr"));
    // Strict is the default.
    refused(
        site.code_to("c.zarr", "atl03", &[&a, bad, &b]).execute(),
        Kind::Granule,
        &[&warning, says],
    );
}

#[test]
fn a_text_file_among_granules_is_left_out() {
    let site = Site::new();
    left_out(&site, &site.text("bad.h5"), "is not HDF5");
}

#[test]
fn a_truncated_granule_is_left_out() {
    let site = Site::new();
    left_out(&site, &site.truncated("bad.h5"), "is truncated");
}

#[test]
fn a_granule_that_fails_after_its_first_batches_is_left_out_whole() {
    let site = Site::new();
    left_out(
        &site,
        &site.damaged("bad.h5"),
        "cannot read /gt1l/heights/h_ph",
    );
}

#[test]
fn a_granule_whose_second_ground_track_is_wrong_is_left_out_whole() {
    let site = Site::new();
    left_out(
        &site,
        &site.wrong_length("bad.h5"),
        "has 1000 rows, lat_ph has 1200",
    );
}

#[test]
fn a_run_of_bad_granules_only_is_an_error() {
    let site = Site::new();
    let (text, short) = (site.text("text.h5"), site.wrong_length("short.h5"));
    for granules in [vec![&*text, &*short], vec![&*short], vec![&*text]] {
        let says = [
            "none of the ",
            "granules can be used; the first says: granule ",
        ];
        refused(
            site.code("atl03", &granules).tolerant(true).execute(),
            Kind::NoGranule,
            &says,
        );
        assert!(site.written().is_empty(), "{:?}", site.written());
    }
}

#[test]
fn a_run_of_bad_granules_only_leaves_the_store_that_is_there() {
    let site = Site::new();
    let (good, bad) = (site.good("a.h5", -45.0), site.damaged("bad.h5"));
    done(site.code("atl03", &one(&good)));
    done(site.code_to("b.zarr", "atl03", &one(&good)));
    let command = site.code("atl03", &one(&bad));
    let says = ["none of the 1 granules can be used; the first says: granule bad.h5"];
    refused(
        command.tolerant(true).overwrite(true).execute(),
        Kind::NoGranule,
        &says,
    );
    assert_same(&site.out("a.zarr"), &site.out("b.zarr"));
}

#[test]
fn the_same_granule_twice_counts_once() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let (twice, message) = done(site.code("atl03", &[&good, &good]));
    assert!(
        message.contains("warning: granule ") && message.contains("is left out"),
        "{message}"
    );
    let (once, _) = done(site.code_to("b.zarr", "atl03", &one(&good)));
    assert_eq!(twice["photons"], once["photons"]);
    assert_eq!(twice["content_sha256"], once["content_sha256"]);
    assert_eq!(twice["granules"]["superseded"].as_array().unwrap().len(), 1);
}

#[test]
fn of_two_releases_the_latest_counts() {
    let site = Site::new();
    let old = site.good("ATL03_20190105163308_01260202_006_02.h5", -30.0);
    let new = site.good("ATL03_20190105163308_01260202_007_01.h5", -45.0);
    let (both, message) = done(site.code("atl03", &[&old, &new]));
    assert!(message.contains("_006_02.h5 is left out: "), "{message}");
    let superseded = &both["granules"]["superseded"];
    let named = |key: &str| superseded[0][key].as_str().unwrap().to_owned();
    assert!(named("granule").ends_with("_006_02.h5") && named("by").ends_with("_007_01.h5"));
    let (latest, _) = done(site.code_to("b.zarr", "atl03", &one(&new)));
    assert_eq!(both["content_sha256"], latest["content_sha256"]);

    let config = site.atl03_with("output:\n", "output:\n  duplicates: error\n");
    let says = [
        "_006_02.h5",
        "_007_01.h5",
        "are the same granule",
        "duplicates",
    ];
    refused(
        site.code_to("c.zarr", config, &[&old, &new]).execute(),
        Kind::Argument,
        &says,
    );
    let config = site.atl03_with("output:\n", "output:\n  duplicates: keep_all\n");
    let (all, _) = done(site.code_to("c.zarr", config, &[&old, &new]));
    assert_eq!(all["photons"]["kept"], 6000);
}

#[test]
fn a_granule_without_photons_is_worth_a_warning() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let empty = site.granule("empty.h5", &[("gt1l", Heights::along(-45.0, 0))]);
    let (_, message) = done(site.code("atl03", &[&good, &empty]));
    assert!(
        message.contains("granule empty.h5 has no photons"),
        "{message}"
    );
}
