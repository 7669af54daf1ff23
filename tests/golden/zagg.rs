//! Digests and hives as zagg has them: content hashes of zagg's own store of the same values.
//!
//! The values are those of the fixtures of zagg's specification (section 7), drawn by numpy from its seed; the hashes are
//! those of the stores that zagg wrote of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use icefold::inspect::{Look, inspect};
use icefold::store::StoreReader;
use icefold::{Granules, Layout, Run, Verify, config};
use serde_json::{Value, json};

use crate::support::folder;

const VALUES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/zagg_values.csv");

const CONFIG: &str = r#"
data_source:
  reader: table
  coordinates: {latitude: lat, longitude: lon}
  variables: {h: h}
aggregation:
  variables:
    count: {function: len, source: h, dtype: int32, fill_value: 0}
    h_tdigest:
      kind: ragged
      function: "zagg.stats.tdigest.build_tdigest"
      source: h
      inner_shape: [2]
      params: {delta: 16}
      dtype: float32
      fill_value: 0
output:
  store_layout: hive
  grid: {type: healpix, indexing_scheme: nested, parent_order: 4, chunk_inner: 5, child_order: 6}
"#;

/// Of the leaf 11213.zarr and of its column.
const LEAF: [(&str, &str); 3] = [
    (
        "6/count",
        "29458cad5550071cc942b81809aa26becc67c09a3e2e209e4876d8782224757b",
    ),
    (
        "6/h_tdigest",
        "ba43774865b69f60aaf42875c9c4a72edaca6058bd9a4fb95760d43f203c9d4c",
    ),
    (
        "6/morton",
        "f6282635e373d534ef4d91166d306441049e7bbed3d7d2ec8add306f62274d06",
    ),
];
const COLUMN: [(&str, &str); 6] = [
    (
        "4/count",
        "71f269d578d413efdf624d699f2d8430be995bd75dba859bd9a782e7c89c3118",
    ),
    (
        "4/h_tdigest",
        "426e08cf5ffff12ae644bfede36cf45904ad79a128d9686053b0dc08f6dede9e",
    ),
    (
        "4/morton",
        "92cedd52796c6c0844af1ce3e7e7636ed28804f6bf8f9d10ceab93edf1a29805",
    ),
    (
        "5/count",
        "6380596d3ca826d3ccda1b07f368ca3b43b486b7aaa0ca17e055ac8bf0b2c064",
    ),
    (
        "5/h_tdigest",
        "2850bd5d0e8ea6c4273a771ce6e0377a30bfe4a6dee083c08758fdf0afbe4bf4",
    ),
    (
        "5/morton",
        "2d7a07b3e2db265b2050fedfd968fb6763f5b012c87033526852bffc90b059d2",
    ),
];
const COMBINED: [&str; 2] = [
    "2f4ff37de621de05962ab720cec05fd643757977f1afbd0e859ca588a143b72e",
    "061277118c8cc4c0b8ae3c62fe6515fefa8f9ccb717bd3104f4c8797edbcc918",
];
const PATHS: [&str; 2] = ["1/1/2/1/3/11213.zarr", "1/1/2/1/3/all.pyramid.zarr"];

/// A store of the values at order 6 and the two above, laid out as asked; the report of the run.
fn made(folder: &Path, name: &str, layout: Option<Layout>) -> (PathBuf, Value) {
    let store = folder.join(name);
    let config = config::parse_yaml("zagg", CONFIG).unwrap();
    let mut run = Run::new(config, Granules::named([VALUES])).into_store(&store);
    if let Some(layout) = layout {
        run = run.layout(layout);
    }
    let outcome = run.overviews([5, 4]).threads(2).execute().unwrap();
    let icefold::Outcome::Store(done) = outcome else {
        panic!("a run over granules makes a store");
    };
    (store, json!(done.report))
}

fn inspected(store: &Path) -> Value {
    json!(inspect(store, Look::default()).unwrap())
}

#[test]
fn a_hive_has_the_content_hashes_of_zaggs_own() {
    let folder = folder();
    let (store, report) = made(folder.path(), "hive.zarr", None);
    let found = inspected(&store);
    let zarrs = found["zarrs"].as_array().unwrap();
    assert_eq!(zarrs.len(), 2);
    for (place, known) in [&LEAF[..], &COLUMN[..]].into_iter().enumerate() {
        assert_eq!(zarrs[place]["path"], PATHS[place]);
        let hashes = &zarrs[place]["content_hashes"];
        let known: BTreeMap<&str, &str> = known.iter().copied().collect();
        assert_eq!(hashes["arrays"], json!(known));
        assert_eq!(hashes["combined"], COMBINED[place]);
    }
    let all = &found["content_hashes"]["combined"];
    assert_eq!(&report["zagg_content_sha256"], all);
    let compared = Verify::stores(&store, &store).unwrap();
    assert!(compared.identical());
    assert_eq!(compared.content[0].as_deref(), all.as_str());
}

/// Of the fixtures with strata and with times: outputs, their arrays and the hashes of those.
const STRATA: &str = r#"
    h_tdigest_signal:
      kind: ragged
      function: "zagg.stats.tdigest.build_tdigest_where"
      source: h
      location: leaf_id
      inner_shape: [2]
      params: {delta: 16, where: "(c0 >= 2) | (c1 >= 2) | (c2 >= 2) | (c3 >= 2) | (c4 >= 2)"}
      attrs: {stratum: signal, signal_threshold: 2}
    h_tdigest_noise:
      kind: ragged
      function: "zagg.stats.tdigest.build_tdigest_where"
      source: h
      location: leaf_id
      inner_shape: [2]
      params: {delta: 16, where: "~((c0 >= 2) | (c1 >= 2) | (c2 >= 2) | (c3 >= 2) | (c4 >= 2))"}
      attrs: {stratum: noise, signal_threshold: 2}
    composition:
      function: "zagg.stats.composition.pack_composition"
      source: h
      dtype: uint64
      fill_value: 0
      params: {conf_land: c0, conf_ocean: c1, conf_sea_ice: c2, conf_land_ice: c3, conf_inland_water: c4, threshold: 2}
      attrs: {composition: {of: h_tdigest_signal}}
"#;
const OF_STRATA: [(&str, &str); 7] = [
    (
        "6/composition",
        "04886a9dfb60c8a53de48202dc3d5ac694698864825426f084be961aa678acd5",
    ),
    LEAF[0],
    (
        "6/h_tdigest_noise",
        "201816825f7fce3daaa77c2375c00ed996f67f3ca1e626fce8fa263be97a8191",
    ),
    (
        "6/h_tdigest_noise_locations",
        "c4f7ad04676c14620794d6437ddb2ae75ad968c46eb7d735022190eb0f695c3a",
    ),
    (
        "6/h_tdigest_signal",
        "1de09e1b805883d1427c77bd46540a2f2771a6c5a2566b187b50e9192e0de078",
    ),
    (
        "6/h_tdigest_signal_locations",
        "11e0a598b7f695d7fe816ecc853deba86d2006b8470bb94a49acc36db9de8af9",
    ),
    LEAF[2],
];
const TIMES: &str = r#"
    h_tdigest:
      kind: ragged
      function: "zagg.stats.tdigest.build_tdigest"
      source: h
      location: leaf_id
      temporal: per-centroid
      inner_shape: [2]
      params: {delta: 16}
"#;
const OF_TIMES: [(&str, &str); 5] = [
    LEAF[0],
    (
        "6/h_tdigest",
        "1a01aead34deea92e5ada3d2e6bf42f40dbd8ab81d648ac34c1835bebb2a9518",
    ),
    (
        "6/h_tdigest_locations",
        "ed579d637a4af027d2842c87af2968002b68e3af0b80997f7438ef91ad493640",
    ),
    (
        "6/h_tdigest_times",
        "84b51ac52e36710701238d3599dd6947818f20f9ca66a54ae1597b4b53471488",
    ),
    LEAF[2],
];

/// Of the column of the fixture with times.
const COLUMN_OF_TIMES: [(&str, &str); 10] = [
    (
        "4/count",
        "71f269d578d413efdf624d699f2d8430be995bd75dba859bd9a782e7c89c3118",
    ),
    (
        "4/h_tdigest",
        "5d0ed5f48cd76f4ba11b8eea66e9b30b1a8c3aebc266164d95c6c8e9129d97a3",
    ),
    (
        "4/h_tdigest_locations",
        "19a334339a7f39cb61b79065841fcdac2cb94423e872bcb571543cfafea215c1",
    ),
    (
        "4/h_tdigest_times",
        "f4a1fa9471b1fbb9b20397074195e5df3248a083ecd1f59eae2b57f89e4cb65d",
    ),
    (
        "4/morton",
        "92cedd52796c6c0844af1ce3e7e7636ed28804f6bf8f9d10ceab93edf1a29805",
    ),
    (
        "5/count",
        "6380596d3ca826d3ccda1b07f368ca3b43b486b7aaa0ca17e055ac8bf0b2c064",
    ),
    (
        "5/h_tdigest",
        "990da3f3e099e188748a022e7205d25b3b33114ccb7188245aa456a9c4133497",
    ),
    (
        "5/h_tdigest_locations",
        "f0f2ef5c0dee840a58c1bde560d39ca265016df125ef01dae816c3a5e6898f40",
    ),
    (
        "5/h_tdigest_times",
        "9594edbc3a78644568e4838474e739d48292b836a16ebbfc664e6d20adcc068e",
    ),
    (
        "5/morton",
        "2d7a07b3e2db265b2050fedfd968fb6763f5b012c87033526852bffc90b059d2",
    ),
];

/// A hive of these outputs of a table beside this file.
fn hive_of(folder: &Path, table: &str, columns: &str, outputs: &str) -> Value {
    let text = format!(
        "data_source:\n  reader: table\n  coordinates: {{latitude: lat, longitude: lon}}\n  variables: {{{columns}}}\n\
         aggregation:\n  variables:\n    count: {{function: len, source: h, dtype: int32}}{outputs}\
         output:\n  store_layout: hive\n  time_source: {{field: {}, epoch: \"2018-01-01T00:00:00\", scale: gps}}\n  \
         grid: {{type: healpix, parent_order: 4, chunk_inner: 5, child_order: 6}}\n",
        if columns.contains("t: t") { "t" } else { "h" }
    );
    let config = config::parse_yaml("zagg", &text).unwrap();
    let table = format!("{}/tests/golden/{table}", env!("CARGO_MANIFEST_DIR"));
    let store = folder.join("hive.zarr");
    let run = Run::new(config, Granules::named([table])).into_store(&store);
    run.overviews([5, 4]).threads(2).execute().unwrap();
    inspected(&store)
}

#[test]
fn strata_and_compositions_have_the_content_hashes_of_zaggs_own() {
    let folder = folder();
    let columns = "h: h, c0: c0, c1: c1, c2: c2, c3: c3, c4: c4";
    let found = hive_of(folder.path(), "zagg_strata.csv", columns, STRATA);
    let known: BTreeMap<&str, &str> = OF_STRATA.into_iter().collect();
    assert_eq!(found["zarrs"][0]["content_hashes"]["arrays"], json!(known));
    let combined = "7ee8ad9278eaa6ccbfa95aed978d09768ff0865b569c025b6f8e2b91e46843c7";
    assert_eq!(found["zarrs"][0]["content_hashes"]["combined"], combined);
}

#[test]
fn places_and_times_of_centroids_have_the_content_hashes_of_zaggs_own() {
    let folder = folder();
    let found = hive_of(folder.path(), "zagg_times.csv", "h: h, t: t", TIMES);
    let known: BTreeMap<&str, &str> = OF_TIMES.into_iter().collect();
    assert_eq!(found["zarrs"][0]["content_hashes"]["arrays"], json!(known));
    let of_column = COLUMN_OF_TIMES.into_iter().collect::<BTreeMap<_, _>>();
    assert_eq!(
        found["zarrs"][1]["content_hashes"]["arrays"],
        json!(of_column)
    );
}

#[test]
fn a_digest_is_the_same_in_every_layout_and_coarser_ones_are_of_all_values() {
    let folder = folder();
    let (hive, of_hive) = made(folder.path(), "hive.zarr", None);
    let (cells, of_cells) = made(folder.path(), "cells.zarr", Some(Layout::CELLS));
    assert_eq!(of_hive["content_sha256"], of_cells["content_sha256"]);
    assert_eq!(of_hive["outputs"], of_cells["outputs"]);
    let combined = &inspected(&cells)["content_hashes"]["combined"];
    assert_eq!(&of_cells["zagg_content_sha256"], combined);
    let found = Verify::stores(&hive, &cells).unwrap();
    let differing: Vec<&str> = found.differences.iter().map(|d| &*d.array).collect();
    // Those of zagg are digests of digests.
    assert_eq!(differing, ["4/h_tdigest", "5/h_tdigest"], "{found}");
    let digest = |store: &Path, order: u8| {
        let order = config::Order::new(order).unwrap();
        let reader = StoreReader::open_order(store, order).unwrap();
        assert!(reader.read("h_tdigest").is_err());
        reader.cells()
    };
    assert_eq!([6, 5, 4].map(|order| digest(&cells, order)), [4, 3, 1]);
    assert_eq!([6, 5, 4].map(|order| digest(&hive, order)), [4, 3, 1]);
}
