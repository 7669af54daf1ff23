//! Vectors of zagg's own pipeline files, on a real granule, beside `numpy.histogram`.

use crate::support::{Site, data, granule, icefold, python, stdout, succeed};

const CHECK: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/conformance/vectors_check.py"
);

#[test]
#[cfg_attr(
    not(all(icefold_test_python, icefold_test_data)),
    ignore = "no Python environment, or no test data"
)]
fn vectors_of_cells_and_chunks_are_those_of_numpy() {
    let granule = granule("ATL03_20181014002445_02350104_006_02_gt1l_subset.h5");
    for name in [
        "atl03_gain_bias_healpix",
        "atl03_gain_bias_healpix_o10",
        "atl03_waveform_chunk",
        "atl03_waveform_counts",
    ] {
        let site = Site::new();
        let config = data().join("pipelines/zagg").join(format!("{name}.yaml"));
        let store = site.out("a.zarr");
        let mut run = icefold();
        run.arg("run").arg(&config).arg(&granule);
        succeed(run.arg("--store").arg(&store));
        let mut check = python();
        check.arg(CHECK).arg(&store).arg(&config).arg(&granule);
        let said = stdout(&succeed(&mut check));
        assert!(said.contains("numpy agrees"), "{name}: {said}");
    }
}
