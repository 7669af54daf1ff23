//! Stores of joined granules against numpy.

use crate::support::joined::Track;
use crate::support::{Site, icefold, python, stdout, succeed};

const CHECK: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/conformance/join_check.py"
);

const CONFIG: &str = r#"
data_source:
  groups: [gt1l, gt1r, gt2r]
  coordinates: {latitude: "/{group}/heights/lat_ph", longitude: "/{group}/heights/lon_ph"}
  joins:
    canopy: {product: ATL08, by: photons}
    land: {product: ATL08, by: segments}
    ice: {product: ATL06, by: segments}
  variables:
    h_ph: "/{group}/heights/h_ph"
    land_conf: {path: "/{group}/heights/signal_conf_ph", column: 3}
    conf: {path: "/{group}/heights/signal_conf_ph", columns: [0, 1, 2, 3, 4]}
    two: {path: "/{group}/heights/signal_conf_ph", columns: [0, 3]}
    class: {path: classed_pc_flag, join: canopy}
    ph_h: {path: ph_h, join: canopy}
    terrain: {path: terrain/h_te_best_fit, join: land}
    h_li: {path: h_li, join: ice}
aggregation:
  variables:
    photons: {function: count, source: h_ph}
    classed: {function: count, source: class}
    ground: {expression: "sum(class == 1)", dtype: float64}
    above: {expression: "sum(ph_h)", dtype: float64}
    terrain: {expression: "sum(terrain)", dtype: float64}
    ice: {expression: "sum(h_li)", dtype: float64}
    canopy: {expression: "sum(h_ph)", where: "class == 2 or class == 3", dtype: float64}
    signal: {expression: "sum(land_conf)", dtype: float64}
    any: {function: count, source: h_ph, where: "any(conf >= 4)"}
    every: {expression: "sum(all(two >= 0))", dtype: float64}
output:
  grid: {type: healpix, parent_order: 6, child_order: 12}
"#;

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn joined_granules_equal_numpy() {
    let site = Site::new();
    let tracks = [
        ("gt1l", Track::along(-45.0, 900)),
        ("gt1r", Track::along(-44.9, 400)),
        ("gt2r", Track::along(-44.5, 333)),
    ];
    let granules = site.pass(&tracks);
    let config = site.path("joined.yaml");
    std::fs::write(&config, CONFIG).unwrap();
    let store = site.out("a.zarr");
    let mut run = icefold();
    run.arg("run")
        .arg(&config)
        .arg(site.root())
        .arg("--store")
        .arg(&store);
    let said = stdout(&succeed(run.args(["--batch-rows", "1000"])));
    assert!(said.contains("joined"), "{said}");
    let output = succeed(python().arg(CHECK).arg(&store).args(granules));
    let said = stdout(&output);
    assert!(said.contains("numpy agrees"), "{said}");
    assert!(!said.starts_with("1 cells"), "{said}");
}
