//! Stores with steps of time as Python's readers see them.

use crate::support::timed::DAY;
use crate::support::{Site, icefold, python, stdout, succeed};

const CHECK: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/conformance/steps_check.py"
);

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn steps_open_in_xarray_with_their_times_and_equal_numpy() {
    let site = Site::new();
    let granules = site.two_years();
    let config = site.stepped("seasons.yaml", "time: {every: season}");
    let store = site.out("a.zarr");
    let mut run = icefold();
    run.arg("run")
        .arg(&config)
        .args(&granules)
        .arg("--store")
        .arg(&store);
    succeed(&mut run);
    let output = succeed(python().arg(CHECK).arg(&store).args(&granules));
    let said = stdout(&output);
    assert!(said.contains("at 9 steps: numpy agrees"), "{said}");
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn steps_of_tracks_with_all_cells_of_a_region_equal_numpy() {
    const CHECK: &str = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/conformance/numbers_check.py"
    );
    let site = Site::new();
    let granules = [(12, -45.0), (900, -45.7), (1387, -44.1)].map(|(rgt, lon)| {
        let name = format!("ATL03_20190215000000_{rgt:04}0305_006_01.h5");
        site.timed(&name, lon, |i| 400.0 * DAY + i as f64)
    });
    let config = site.stepped("rgts.yaml", "time: {every: rgt}");
    let (store, area) = (site.out("a.zarr"), ["-46.5", "60.3", "-43.2", "64"]);
    let mut run = icefold();
    run.arg("run")
        .arg(&config)
        .args(&granules)
        .args(["--cells-of-region", &format!("--region={}", area.join(","))])
        .arg("--store")
        .arg(&store);
    succeed(&mut run);
    let mut check = python();
    check.arg(CHECK).arg(&store).args(area).args(&granules);
    let said = stdout(&succeed(&mut check));
    assert!(said.contains("of 3 tracks: numpy agrees"), "{said}");
}
