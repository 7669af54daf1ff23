//! Rasters as Python's readers see them, and cells of positions as PROJ finds them.
//!
//! `ICEFOLD_PROJ_POINTS=1000000` takes as many positions of each coordinate system.

use crate::support::{Site, data, icefold, python, stdout, succeed};

const CHECK: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/conformance/raster_check.py"
);

/// A system, the width of cells, bounds, and rows and columns of shards.
const GRIDS: [(&str, &str, [&str; 4], &str); 10] = [
    (
        "EPSG:4326",
        "0.5",
        ["-180", "-80", "180", "85"],
        "[90, 120], chunk_inner: [30, 60]",
    ),
    (
        "EPSG:3031",
        "10000",
        ["-3200000", "-3200000", "3200000", "3200000"],
        "[64, 64]",
    ),
    (
        "EPSG:3413",
        "8000",
        ["-2000000", "-4000000", "2400000", "1000000"],
        "[100, 110]",
    ),
    (
        "EPSG:3976",
        "12500",
        ["-3900000", "-3900000", "3900000", "4300000"],
        "[82, 78]",
    ),
    (
        "EPSG:32618",
        "5000",
        ["100000", "-500000", "900000", "9300000"],
        "[200, 40]",
    ),
    (
        "EPSG:32733",
        "10000",
        ["-1000000", "1000000", "2000000", "10500000"],
        "[190, 30]",
    ),
    (
        "EPSG:3411",
        "25000",
        ["-3850000", "-5350000", "3750000", "5850000"],
        "[112, 76]",
    ),
    (
        "EPSG:3412",
        "12500",
        ["-3950000", "-3950000", "3950000", "4350000"],
        "[82, 78]",
    ),
    (
        "EPSG:3573",
        "9000",
        ["-4500000", "-4500000", "4500000", "4500000"],
        "[100, 100]",
    ),
    (
        "EPSG:6933",
        "36032.220840584",
        [
            "-17367530.4451615",
            "-7314540.8306386",
            "17367530.4451615",
            "7314540.8306386",
        ],
        "[58, 82]",
    ),
];

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn rasters_have_the_rows_and_columns_of_proj_and_lie_where_it_says() {
    let count = std::env::var("ICEFOLD_PROJ_POINTS").unwrap_or_else(|_| "20000".to_owned());
    for (crs, width, bounds, shape) in GRIDS {
        let site = Site::new();
        let [points, config] = ["points.parquet", "config.yaml"].map(|name| site.path(name));
        let mut make = python();
        make.arg(CHECK).args(["points", crs, width]).args(bounds);
        succeed(make.arg(&count).arg(&points));
        let text = format!(
            "data_source:\n  reader: table\n  coordinates: {{latitude: lat, longitude: lon}}\n  variables:\n    \
             value: {{path: value, resolution: 1}}\naggregation:\n  variables:\n    count: {{function: count, source: \
             value}}\n    sum: {{function: sum, source: value, dtype: float64}}\n    bins: {{function: histogram, \
             source: value, params: {{edges: [0, 1000, 100000000]}}}}\noutput:\n  grid: {{type: rectilinear, crs: \
             {crs}, resolution: {width}, bounds: [{}], chunk_shape: {shape}}}\n",
            bounds.join(", ")
        );
        std::fs::write(&config, text).unwrap();
        let [store, report] = ["a.zarr", "a.run.json"].map(|name| site.out(name));
        let mut run = icefold();
        run.arg("run")
            .arg(&config)
            .arg(&points)
            .arg("--store")
            .arg(&store);
        succeed(run.args(["--overviews", "2"]));
        let mut check = python();
        check
            .arg(CHECK)
            .arg("check")
            .args([&store, &points, &report]);
        let said = stdout(&succeed(&mut check));
        assert!(said.contains("PROJ and numpy agree"), "{said}");
    }
}

#[test]
#[cfg_attr(
    not(all(icefold_test_python, icefold_test_data)),
    ignore = "no Python environment, or no test data"
)]
fn the_ice_sheet_has_the_rows_columns_and_numbers_of_proj_and_numpy() {
    let site = Site::new();
    let granule = data().join("icesat2/processed_ATL06_20190222155947_08580212_001_01.h5");
    let store = site.out("a.zarr");
    let mut run = icefold();
    run.args(["run", "atl06-antarctica"]);
    succeed(run.arg(&granule).arg("--store").arg(&store));
    let mut check = python();
    check.arg(CHECK).arg("ice").args([&store, &granule]);
    let said = stdout(&succeed(&mut check));
    assert!(said.contains("PROJ and numpy agree"), "{said}");
}
