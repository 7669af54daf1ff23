//! Stores of a region against Python's fractions.

use std::path::Path;

use icefold::demo::{Recipe, write_granules_with};
use serde_json::{Value, json};

use crate::support::{folder, granule, icefold, python, stdout, succeed};

const CHECK: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/conformance/region_check.py"
);

/// Runs over granules with a region, and holds every cell of the store to what Python makes of the same photons.
fn agrees(region: &Value, granules: &[std::path::PathBuf], out: &Path) -> String {
    let file = out.join("region.geojson");
    std::fs::write(&file, region.to_string()).unwrap();
    let store = out.join("region.zarr");
    let mut run = icefold();
    run.args([
        "run",
        "atl03",
        "--json",
        "--overwrite",
        "--allow-empty",
        "--region",
    ]);
    run.arg(&file).args(granules).arg("--store").arg(&store);
    let report: Value = serde_json::from_str(&stdout(&succeed(&mut run))).unwrap();
    let output = succeed(python().arg(CHECK).arg(&file).arg(&store).args(granules));
    let said = stdout(&output);
    let kept = &report["photons"]["kept"];
    assert!(
        said.starts_with(&format!("{kept} photons")),
        "{said}: {report}"
    );
    said
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn the_photons_of_a_region_are_those_of_fractions() {
    let out = folder();
    let recipe = Recipe {
        granules: 2,
        segments_per_track: 300,
        seed: 5,
    };
    let granules = write_granules_with(&out.path().join("granules"), &recipe).unwrap();
    let file = hdf5::File::open(&granules[0]).unwrap();
    let read = |name: &str| {
        let dataset = file.dataset(&format!("gt2l/heights/{name}")).unwrap();
        let values = dataset.read_raw::<f64>().unwrap();
        values[values.len() / 2]
    };
    let (lon, lat) = (read("lon_ph"), read("lat_ph"));
    // A corner at a photon, a hole beside the track, and an edge that runs along it.
    let region = json!({"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [
            [[lon - 2.0, lat - 1.0], [lon, lat], [lon + 2.0, lat - 1.0], [lon + 0.1, lat + 0.5],
                [lon - 2.0, lat - 1.0]],
            [[lon - 0.02, lat + 0.01], [lon + 0.02, lat + 0.01], [lon, lat + 0.05], [lon - 0.02, lat + 0.01]],
        ]}},
        {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [
            [[lon - 2.0, lat - 1.0], [lon + 0.003, lat - 0.6], [lon, lat], [lon - 2.0, lat - 1.0]],
        ]}},
    ]});
    let said = agrees(&region, &granules, out.path());
    assert!(!said.starts_with("0 photons"), "{said}");
}

#[test]
#[cfg_attr(
    not(all(icefold_test_data, icefold_test_python)),
    ignore = "no test data or no Python"
)]
fn the_photons_of_a_region_at_a_pole_are_those_of_fractions() {
    let out = folder();
    let granules = [granule(
        "ATL03_20181014002445_02350104_006_02_gt1l_subset.h5",
    )];
    let file = hdf5::File::open(&granules[0]).unwrap();
    let read = |name: &str| {
        file.dataset(&format!("gt1l/heights/{name}"))
            .unwrap()
            .read_raw::<f64>()
            .unwrap()
    };
    let (lon, lat) = (read("lon_ph"), read("lat_ph"));
    let (lon, lat) = (lon[1000], lat[1000]);
    // A cap around the pole, of which the southern edge is slanted and passes through a photon.
    let cap = json!({"type": "Polygon", "coordinates": [[
        [-180.0, lat - 0.01], [lon, lat], [180.0, lat + 0.01], [180.0, 90.0], [-180.0, 90.0], [-180.0, lat - 0.01],
    ]]});
    let said = agrees(&cap, &granules, out.path());
    assert!(
        !said.starts_with("0 photons") && !said.starts_with("2909 photons"),
        "{said}"
    );
    // Cut at the antimeridian, the same photons twice over: each in one of both parts.
    let cut = json!({"type": "MultiPolygon", "coordinates": [
        [[[170.0, 60.0], [180.0, 60.0], [180.0, 90.0], [170.0, 90.0], [170.0, 60.0]]],
        [[[-180.0, 60.0], [lon, 60.0], [lon, 90.0], [-180.0, 90.0], [-180.0, 60.0]]],
    ]});
    agrees(&cut, &granules, out.path());
}
