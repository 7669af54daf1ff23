//! Granules that cannot be used, one by one: a clear error, and nothing left.

use std::path::Path;

use icefold::error::Kind;

use super::from_code::{done, partly, refused};
use crate::support::granules::{Heights, one};
use crate::support::site::Site;
use crate::support::{data, granule};

/// A run over this granule stops with code 1 and leaves nothing.
#[track_caller]
fn unusable(site: &Site, granule: &Path, says: &[&str]) {
    refused(
        site.code("atl03", &one(granule)).execute(),
        Kind::Granule,
        says,
    );
    assert!(site.written().is_empty(), "{:?}", site.written());
}

#[test]
fn what_is_not_a_whole_granule_is_refused() {
    let site = Site::new();
    let says = ["text.h5: is not HDF5", "<!DOCTYPE html>"];
    unusable(&site, &site.text("text.h5"), &says);
    let says = ["cut.h5: is truncated", "fetch it again"];
    unusable(&site, &site.truncated("cut.h5"), &says);
    let says = ["granule harm.h5: cannot read /gt1l/heights/h_ph", "again"];
    unusable(&site, &site.damaged("harm.h5"), &says);
}

#[test]
fn a_missing_dataset_is_named_with_the_nearest() {
    let site = Site::new();
    let config = site.atl03_with(
        "h_ph: \"/{group}/heights/h_ph\"",
        "h_ph: \"/{group}/heights/h_p\"",
    );
    let good = site.good("a.h5", -45.0);
    let says = [
        "granule a.h5: /gt1l/heights/h_p does not exist",
        "nearest",
        "h_ph",
        "config",
    ];
    refused(
        site.code(config, &one(&good)).execute(),
        Kind::Granule,
        &says,
    );
    assert!(site.written().is_empty());
}

#[test]
fn a_wrong_length_names_both_datasets_and_lengths() {
    let site = Site::new();
    let says = ["granule a.h5: /gt2l/heights/h_ph has 1000 rows, lat_ph has 1200; "];
    unusable(&site, &site.wrong_length("a.h5"), &says);
}

#[test]
fn paths_without_granules_are_refused() {
    let site = Site::new();
    std::fs::create_dir(site.path("empty")).unwrap();
    let empty = site.path("empty");
    let says = [
        "directory ",
        "empty holds no granule (*.h5",
        "name the granules",
    ];
    refused(
        site.code("atl03", &one(&empty)).execute(),
        Kind::Argument,
        &says,
    );
    let none = site.path("none.h5");
    let says = ["none.h5 does not exist; check the path"];
    refused(
        site.code("atl03", &one(&none)).execute(),
        Kind::Argument,
        &says,
    );
    refused(
        site.code("atl03", &[]).execute(),
        Kind::Argument,
        &["no granules given; name"],
    );
    assert!(site.written().is_empty());
}

#[test]
fn a_granule_of_another_product_names_both() {
    let site = Site::new();
    let good = site.good("photons.h5", -45.0);
    let says = [
        "photons.h5",
        "land_ice_segments",
        "check that config atl06 fits the product",
    ];
    refused(
        site.code("atl06", &one(&good)).execute(),
        Kind::Argument,
        &says,
    );
    assert!(site.written().is_empty());
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn a_real_granule_of_another_product_is_refused() {
    let site = Site::new();
    let real = granule("processed_ATL06_20190222155947_08580212_001_01.h5");
    let says = [
        "processed_ATL06",
        "is of ATL06, and config atl03 reads ATL03 (data_source.product)",
        "such as the built-in atl06",
    ];
    refused(
        site.code("atl03", &one(&real)).execute(),
        Kind::Granule,
        &says,
    );
    assert!(site.written().is_empty());
    assert!(data().is_dir());
}

#[test]
fn bad_coordinates_are_counted_and_left_out() {
    let site = Site::new();
    let heights = Heights::along(-45.0, 3000);
    let clean = heights
        .clone()
        .without(10)
        .without(10)
        .without(10)
        .without(10);
    let mut spoiled = heights;
    spoiled.lat[10] = 90.5;
    spoiled.lat[11] = f64::NAN;
    spoiled.lon[12] = f64::NAN;
    spoiled.lon[13] = f64::INFINITY;
    let spoiled = site.granule("spoiled.h5", &[("gt1l", spoiled)]);
    let clean = site.granule("clean.h5", &[("gt1l", clean)]);
    let (a, _) = done(site.code("atl03", &one(&spoiled)));
    let (b, _) = done(site.code_to("b.zarr", "atl03", &one(&clean)));
    assert_eq!(a["photons"]["rejected_by"]["bad_coordinate"], 4);
    assert_eq!(a["photons"]["kept"], 2996);
    assert_eq!(a["content_sha256"], b["content_sha256"]);
}

#[test]
fn a_value_out_of_range_is_refused_with_the_resolution_that_holds_it() {
    let site = Site::new();
    let mut heights = Heights::along(-45.0, 3000);
    heights.h[1234] = 20_000.0;
    let bad = site.granule("high.h5", &[("gt1l", heights)]);
    unusable(
        &site,
        &bad,
        &[
            "granule high.h5: /gt1l/heights/h_ph row 1234: 20000 is out of range +-16384 at \
             resolution 2^-34; ",
            "resolution 2^-33",
        ],
    );
}

#[test]
fn a_tolerant_run_leaves_out_values_out_of_range_and_lists_them() {
    let site = Site::new();
    let mut heights = Heights::along(-45.0, 3000);
    let clean = heights.clone().without(1234);
    heights.h[1234] = 20_000.0;
    let bad = site.granule("high.h5", &[("gt1l", heights)]);
    let clean = site.granule("clean.h5", &[("gt1l", clean)]);
    let command = site.code("atl03", &one(&bad));
    let (a, message) = partly(command.tolerant(true).batch_rows(700));
    let (b, _) = done(site.code_to("b.zarr", "atl03", &one(&clean)));
    assert!(
        message.contains("granule high.h5: /gt1l/heights/h_ph row 1234: 20000"),
        "{message}"
    );
    assert_eq!(a["photons"]["rejected_by"]["out_of_range:h_ph"], 1);
    assert_eq!(a["photons"]["kept"], 2999);
    assert_eq!(a["rejected_rows"]["count"], 1);
    let row = &a["rejected_rows"]["first"][0];
    assert_eq!(
        (
            &row["granule"],
            &row["ground_track"],
            &row["row"],
            &row["value"],
            &row["dataset"]
        ),
        (
            &"high.h5".into(),
            &"gt1l".into(),
            &1234.into(),
            &20_000.0.into(),
            &"/gt1l/heights/h_ph".into()
        )
    );
    assert_eq!(a["content_sha256"], b["content_sha256"]);
}

#[test]
fn nulls_are_left_out_or_refused_as_the_config_says() {
    let site = Site::new();
    let mut heights = Heights::along(-45.0, 3000);
    heights.fill = Some(f32::MAX);
    heights.h[77] = f32::MAX;
    let bad = site.granule("null.h5", &[("gt1l", heights)]);
    let config = site.atl03_with("output:\n", "output:\n  nulls: reject\n");
    let says = ["granule null.h5: /gt1l/heights/h_ph row 77 ", "null"];
    refused(
        site.code(config, &one(&bad)).execute(),
        Kind::Granule,
        &says,
    );
    assert!(site.written().is_empty());
    let (report, _) = done(site.code("atl03", &one(&bad)));
    assert_eq!(report["photons"]["rejected_by"]["null"], 1);
}
