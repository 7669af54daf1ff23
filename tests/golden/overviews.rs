//! Overviews through the program: each is the store of a run at its order, to the bit.

use std::path::{Path, PathBuf};

use icefold::grid::Order;
use icefold::store::StoreReader;
use serde_json::Value;

use crate::support::{folder, granule, icefold, stdout, succeed};

const ORDERS: &str = "parent_order: 6, child_order: 12";

/// The report of a run with these settings.
fn run(config: &Path, granules: &[PathBuf], store: &Path, settings: &[&str]) -> Value {
    let mut command = icefold();
    command.arg("run").arg(config).args(granules).args(settings);
    let output = succeed(command.arg("--json").arg("--store").arg(store));
    serde_json::from_str(&stdout(&output)).unwrap()
}

/// A built-in config with cells of this order, as a file.
fn config_at(text: &str, order: u8, folder: &Path) -> PathBuf {
    assert!(text.contains(ORDERS));
    let path = folder.join(format!("order_{order}.yaml"));
    let shard_order = order.min(6);
    let orders = format!("parent_order: {shard_order}, child_order: {order}");
    std::fs::write(&path, text.replace(ORDERS, &orders)).unwrap();
    path
}

/// Checks all overviews of a config's store against runs at their orders.
fn overviews_are_runs(text: &str, granules: &[PathBuf]) {
    let folder = folder();
    let store = folder.path().join("all.zarr");
    let config = config_at(text, 12, folder.path());
    let report = run(&config, granules, &store, &["--overviews", "11,10,..0"]);
    let overviews = report["overviews"].as_array().unwrap();
    assert_eq!(overviews.len(), 12);
    for overview in overviews {
        let order = overview["order"].as_u64().unwrap() as u8;
        let config = config_at(text, order, folder.path());
        let alone = folder.path().join(format!("{order}.zarr"));
        let direct = run(&config, granules, &alone, &[]);
        for key in ["content_sha256", "outputs", "occupied_cells"] {
            assert_eq!(overview[key], direct[key], "order {order}: {key}");
        }
        let order = Order::new(order).unwrap();
        let [ours, theirs] =
            [&store, &alone].map(|path| StoreReader::open_order(path, order).unwrap());
        assert_eq!(ours.grid(), theirs.grid());
        for name in ours.arrays() {
            assert_eq!(ours.read(name).unwrap(), theirs.read(name).unwrap());
        }
    }
    // The cells themselves are those of a run without overviews.
    let plain = folder.path().join("plain.zarr");
    let plain = run(&config, granules, &plain, &["--threads", "1"]);
    assert_eq!(report["content_sha256"], plain["content_sha256"]);
    assert_eq!(plain["overviews"], serde_json::json!([]));
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn overviews_of_real_granules_are_runs_at_their_orders() {
    let names = [
        "processed_ATL06_20190222155947_08580212_001_01.h5",
        "processed_ATL06_20181015100401_02560110_003_01.h5",
    ];
    overviews_are_runs(
        include_str!("../../src/config/atl06.yaml"),
        &names.map(granule),
    );
    let name = "ATL03_20181014002445_02350104_006_02_gt1l_subset.h5";
    overviews_are_runs(
        include_str!("../../src/config/atl03.yaml"),
        &[granule(name)],
    );
}

#[test]
fn overviews_of_synthetic_granules_are_runs_at_their_orders() {
    let folder = folder();
    let granules = folder.path().join("granules");
    icefold::demo::write_granules(&granules).unwrap();
    overviews_are_runs(include_str!("../../src/config/atl03.yaml"), &[granules]);
}
