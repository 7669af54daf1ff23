//! Shard maps as Parquet as pyarrow sees them, which zagg reads and writes them with.

use std::path::Path;

use icefold::plan::ShardMap;
use serde_json::Value;

use crate::support::{Site, data, icefold, python, stdout, succeed};

const CHECK: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/conformance/maps_check.py"
);

fn shards(path: &Path) -> Value {
    let mut inspect = icefold();
    let said = stdout(&succeed(inspect.arg("inspect").arg(path).arg("--json")));
    let mut found: Value = serde_json::from_str(&said).unwrap();
    found.as_object_mut().unwrap().remove("map");
    found
}

#[test]
#[cfg_attr(
    not(all(icefold_test_python, icefold_test_data)),
    ignore = "no Python environment, or no test data"
)]
fn a_map_that_zagg_makes_is_read_as_that_in_json() {
    let site = Site::new();
    let json = data().join("pipelines/shardmap_healpix_o9.json");
    let parquet = site.path("map.parquet");
    succeed(python().arg(CHECK).arg("write").args([&json, &parquet]));
    assert_eq!(shards(&json), shards(&parquet));
    let [a, b] = [&json, &parquet].map(|path| ShardMap::read(path).unwrap());
    assert_eq!(a.identity(), b.identity());
    assert_eq!((a.granules, a.unused), (b.granules, b.unused));
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn a_map_of_icefold_is_one_that_zagg_reads() {
    let site = Site::new();
    let granules = site.three();
    let rows = "  grid: {type: rectilinear, crs: EPSG:3413, resolution: 1000, bounds: [-500000, -3000000, 500000, -1000000], \
                chunk_shape: [100, 100]}\n";
    let (source, rest) = include_str!("../../src/config/atl03.yaml")
        .split_once("output:\n")
        .unwrap();
    let region = "region: {bbox: [-46.2, 68.3, -44.1, 70.4]}\n";
    for (name, text) in [
        (
            "healpix.yaml",
            format!("{source}{region}output:\n  aoi_mask: true\n{rest}"),
        ),
        ("rows.yaml", format!("{source}output:\n{rows}")),
    ] {
        let config = site.path(name);
        std::fs::write(&config, text).unwrap();
        let maps = ["map.json", "map.parquet"].map(|name| site.path(name));
        for map in &maps {
            let mut plan = icefold();
            plan.arg("plan").arg(&config).args(&granules);
            succeed(plan.arg("-o").arg(map));
        }
        let said = stdout(&succeed(python().arg(CHECK).arg("read").args(&maps)));
        assert!(said.contains("pyarrow agrees"), "{said}");
    }
}
