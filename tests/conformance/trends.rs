//! Trends of granules: fractions of Python, and numpy's least squares.

use std::path::{Path, PathBuf};

use crate::support::{folder, granule, icefold, python, stdout, succeed};

const CHECK: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/conformance/trends_check.py"
);

fn yaml(group: &str, height: &str, [lat, lon]: [&str; 2], order: u8) -> String {
    format!(
        r#"
data_source:
  groups: [gt1l, gt1r, gt2l, gt2r, gt3l, gt3r]
  coordinates: {{latitude: "/{{group}}/{group}/{lat}", longitude: "/{{group}}/{group}/{lon}"}}
  variables:
    h: "/{{group}}/{group}/{height}"
    t: "/{{group}}/{group}/delta_time"
    x: "/{{group}}/{group}/{lat}"
    y: "/{{group}}/{group}/{lon}"
aggregation:
  variables:
    slope: {{function: slope, source: h, params: {{x: t}}, dtype: float64}}
    slope_err: {{function: slope_err, source: h, params: {{x: t}}, dtype: float64}}
    intercept: {{expression: "intercept(h, t)", dtype: float64}}
    intercept_err: {{expression: "intercept_err(h, t)", dtype: float64}}
    plane: {{function: slope, source: h, params: {{x: [t, x, y]}}, dtype: float64}}
    plane_err: {{function: slope_err, source: h, params: {{x: [t, x, y]}}, dtype: float64}}
    first: {{function: first, source: h, params: {{by: t}}}}
    last: {{function: last, source: h, params: {{by: t}}}}
    mad: {{function: mad, source: h, dtype: float64}}
    tracks: {{function: n_tracks, source: h}}
    cycles: {{function: n_cycles, source: h}}
    granules: {{function: n_granules, source: h}}
output:
  nulls: exclude
  grid: {{type: healpix, parent_order: 4, child_order: {order}}}
"#
    )
}

/// The answer of the check for a store of these granules.
fn checked(out: &Path, text: &str, of: [&str; 3], granules: &[PathBuf]) -> String {
    let (config, store) = (out.join("trends.yaml"), out.join("trends.zarr"));
    std::fs::write(&config, text).unwrap();
    let mut run = icefold();
    run.arg("run").arg(&config).args(granules).arg("--store");
    succeed(run.arg(&store).args(["--overviews", "6,5", "--overwrite"]));
    let [order, group, height] = of;
    let mut check = python();
    check.arg(CHECK).arg(&store).args([order, group, height]);
    stdout(&succeed(check.args(granules)))
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn trends_of_synthetic_granules_are_those_of_fractions_and_of_lstsq() {
    let out = folder();
    let made = out.path().join("granules");
    let recipe = icefold::demo::Recipe {
        granules: 3,
        segments_per_track: 60,
        seed: 5,
    };
    icefold::demo::write_granules_with(&made, &recipe).unwrap();
    let entries = std::fs::read_dir(&made).unwrap();
    let mut granules: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    granules.sort();
    let text = yaml("heights", "h_ph", ["lat_ph", "lon_ph"], 11);
    // Coarser cells have photons of several granules.
    for order in ["11", "6", "5"] {
        let said = checked(out.path(), &text, [order, "heights", "h_ph"], &granules);
        assert!(said.contains("cells: exact"), "{order}: {said}");
    }
}

#[test]
#[cfg_attr(
    not(all(icefold_test_data, icefold_test_python)),
    ignore = "no test data or no Python"
)]
fn trends_of_real_granules_are_those_of_fractions_and_of_lstsq() {
    let out = folder();
    let granules = [
        "processed_ATL06_20190222155947_08580212_001_01.h5",
        "processed_ATL06_20181015100401_02560110_003_01.h5",
    ]
    .map(granule);
    let text = yaml("land_ice_segments", "h_li", ["latitude", "longitude"], 10);
    let of = ["10", "land_ice_segments", "h_li"];
    let said = checked(out.path(), &text, of, &granules);
    assert!(said.contains("cells: exact"), "{said}");
}
