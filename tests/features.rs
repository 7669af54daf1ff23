//! What a build says of its features: what it has, and what it refuses for the want of one.
//!
//! The other tests are of a build that has all of them. This one is built with any: those of its tests that are
//! of a build without a feature are there in such a build.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected fails"
)]

use icefold::backend::{Device, DeviceChoice};
use icefold::features::{Feature, built_in};

/// A build that was asked for a device says whether it was left out; without its feature always.
fn refuses(device: &str, feature: Feature) {
    let choice: DeviceChoice = device.parse().unwrap();
    let opened = Device::open(&choice, 1);
    let lacking = opened.is_err_and(|error| error.to_string().ends_with(&feature.lacking()));
    assert_eq!(lacking, !feature.is_built_in(), "{device}");
}

#[test]
fn a_device_whose_backend_was_left_out_is_refused_by_its_feature() {
    refuses("cuda", Feature::Cuda);
    refuses("wgpu:no such adapter", Feature::Wgpu);
    let cpu = Device::open(&"cpu".parse().unwrap(), 1);
    assert_eq!(cpu.unwrap().name(), "cpu");
}

#[test]
fn what_is_built_in_is_named() {
    let named = built_in();
    for feature in Feature::ALL {
        let names = named.split(", ").any(|name| name == feature.name());
        assert_eq!(names, feature.is_built_in(), "{named}");
        let needed = feature.needed_for("do it").map_err(|e| e.to_string());
        let lacking = format!("cannot do it: {}", feature.lacking());
        assert_eq!(needed.is_ok(), feature.is_built_in());
        assert_eq!(needed.err().unwrap_or_else(|| lacking.clone()), lacking);
    }
}

#[cfg(not(feature = "hdf5"))]
#[test]
fn granules_as_hdf5_are_refused_by_name_where_they_were_left_out() {
    use icefold::config;
    use icefold::read::{Input, Probe};

    let folder = tempfile::tempdir().unwrap();
    let path = folder
        .path()
        .join("ATL06_20200101000000_00010104_006_01.h5");
    // A superblock of version 0 whose end of file is that of the file.
    let mut bytes = vec![0; 96];
    bytes[..8].copy_from_slice(b"\x89HDF\r\n\x1a\n");
    (bytes[13], bytes[14], bytes[40]) = (8, 8, 96);
    std::fs::write(&path, &bytes).unwrap();
    let config = config::load("atl06").unwrap();
    let Probe::Broken(error) = Input::probe(&path, &config) else {
        panic!("a granule was opened");
    };
    let error = error.to_string();
    assert!(
        error.contains("ATL06_20200101000000_00010104_006_01.h5: "),
        "{error}"
    );
    assert!(error.ends_with(&Feature::Hdf5.lacking()), "{error}");
    let made = icefold::demo::write_granules(folder.path());
    let error = made.unwrap_err().to_string();
    assert_eq!(
        error,
        format!("cannot make granules: {}", Feature::Hdf5.lacking())
    );
}

#[cfg(not(feature = "parquet"))]
#[test]
fn tables_are_refused_by_name_where_they_were_left_out() {
    use icefold::error::Neutral;
    use icefold::pipeline::absent;
    use icefold::plan::Plan;
    use icefold::read::table::TableFile;
    use icefold::store::TableFormat;
    use std::path::Path;

    let says = |error: icefold::Error, of: &str| {
        let error = error.to_string();
        assert!(
            error.contains(of) && error.ends_with(&Feature::Parquet.lacking()),
            "{error}"
        );
    };
    says(
        TableFile::open(Path::new("points.parquet")).unwrap_err(),
        "points.parquet",
    );
    says(
        TableFormat::of(Path::new("cells.arrow")).unwrap_err(),
        "cells.arrow",
    );
    let plan = Plan::default();
    says(
        absent(&plan, true, &Neutral).unwrap_err(),
        "a tolerant run leaves out",
    );
    assert!(absent(&plan, false, &Neutral).unwrap().is_empty());
}

#[cfg(not(feature = "picture"))]
#[test]
fn maps_are_refused_by_name_where_they_were_left_out() {
    let map = icefold::picture::MapData {
        order: icefold::grid::Order::new(12).unwrap(),
        grid: icefold::grid::Grid::default(),
        cells: Vec::new(),
        values: Vec::new(),
        title: String::new(),
        label: String::new(),
        note: String::new(),
    };
    let folder = tempfile::tempdir().unwrap();
    let error = icefold::picture::render(&map, &folder.path().join("map.png")).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot draw a map: {}", Feature::Picture.lacking())
    );
}

#[cfg(not(feature = "picture"))]
#[test]
fn pages_are_refused_by_name_where_they_were_left_out() {
    use icefold::view::{Viewed, page, write_page};

    let viewed = Viewed::new("a.zarr");
    let folder = tempfile::tempdir().unwrap();
    let says = format!("cannot make a page: {}", Feature::Picture.lacking());
    assert_eq!(page(&viewed).unwrap_err().to_string(), says);
    let written = write_page(&viewed, &folder.path().join("page.html"));
    assert_eq!(written.unwrap_err().to_string(), says);
}
