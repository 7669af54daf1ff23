//! Stores with steps of time as Python's readers see them.

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
