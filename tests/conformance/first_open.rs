//! Stores as they are opened the first time: from their path and over plain HTTP, with nothing said of them.

use crate::support::granules::paths;
use crate::support::site::long_track;
use crate::support::{Site, icefold, python, stdout, succeed};

const CHECK: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/conformance/first_open.py"
);

const RASTER: &str = "output:
  grid: {type: rectilinear, crs: EPSG:3413, resolution: 2000, bounds: [-240000, -2560000, 240000, -1920000], chunk_shape: \
  [80, 80]}
";

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn stores_open_by_their_path_and_their_address_alone() {
    let site = Site::new();
    let granules = [
        ("ATL03_20190222155947_08580204_006_01.h5", -45.0),
        ("ATL03_20190307010203_10550206_006_02.h5", 179.9),
    ]
    .map(|(name, lon)| site.granule(name, &[("gt1l", long_track(lon))]));
    let atl03 = icefold::config::load("atl03").unwrap().text;
    let raster = site.path("raster.yaml");
    let (head, _) = atl03.split_once("\noutput:\n").unwrap();
    std::fs::write(&raster, format!("{head}\n{RASTER}")).unwrap();
    let raster = raster.to_str().unwrap().to_owned();
    let asked = [
        ("cells.zarr", "atl03", &[][..]),
        ("tree.zarr", "atl03", &["--overviews", "11,9,4"]),
        ("raster.zarr", &raster, &["--overviews", "2,4"]),
    ];
    for (store, config, settings) in asked {
        let mut run = icefold();
        run.arg("run")
            .arg(config)
            .args(paths(&granules))
            .args(settings);
        succeed(run.arg("--store").arg(site.out(store)));
    }
    let mut check = python();
    check.arg(CHECK).arg(site.path("out"));
    let output = succeed(check.args(asked.map(|(store, ..)| store)));
    let text = stdout(&output);
    for part in [
        "cells.zarr: ",
        "tree.zarr: ",
        "3 overviews",
        "raster.zarr: ",
        "2 overviews",
    ] {
        assert!(text.contains(part), "{text}");
    }
}
