//! Tables of photons: the same answer and the same counts as the HDF5 granule of these photons,
//! however they are stored, ordered, split, batched and pruned.

use std::path::{Path, PathBuf};

use icefold::photon::ColumnType;
use icefold::piece::{Marker, Pieces};
use icefold::read::table::TableReader;
use proptest::prelude::*;
use serde_json::Value;

use super::shuffle;
use crate::support::tables::{Format, Row, hdf5_yaml, table_yaml, write, write_hdf5};
use crate::support::{folder, icefold, stdout, succeed};

/// Positions in several shards, and some that are none.
fn position() -> impl Strategy<Value = (f64, f64)> {
    prop_oneof![
        20 => (0u8..6, 0.0f64..0.3, 0.0f64..0.3).prop_map(|(place, x, y)| {
            (-45.0 + f64::from(place) * 7.0 + x, 70.0 + f64::from(place % 3) * 3.0 + y)
        }),
        1 => Just((f64::NAN, 70.0)),
        1 => Just((-45.0, f64::NAN)),
        1 => Just((-45.0, 101.0)),
        1 => Just((f64::INFINITY, 70.0)),
        1 => Just((315.0, 70.0)),
    ]
}

fn height() -> impl Strategy<Value = Option<f32>> {
    prop_oneof![
        12 => (-500.0f32..4000.0).prop_map(Some),
        2 => Just(None),
        1 => Just(Some(f32::NAN)),
        1 => Just(Some(f32::INFINITY)),
        1 => Just(Some(-0.0)),
    ]
}

prop_compose! {
    fn rows()(
        rows in prop::collection::vec(
            (position(), height(), prop::option::weighted(0.8, -1000i64..1000), 0i8..4),
            1..200,
        ),
    ) -> Vec<Row> {
        let row = |((lon, lat), h, k, flag): ((f64, f64), Option<f32>, Option<i64>, i8)| {
            Row { lon, lat, h, k, flag }
        };
        rows.into_iter().map(row).collect()
    }
}

fn kind() -> impl Strategy<Value = Format> {
    prop_oneof![
        (1usize..80).prop_map(Format::Parquet),
        (1usize..80).prop_map(Format::ArrowFile),
        (1usize..80).prop_map(Format::ArrowStream),
    ]
}

/// The report of a run of these granules; all is read in batches of `batch_rows`.
fn run(config: &Path, granules: &[PathBuf], store: &Path, more: &[&str]) -> Value {
    let mut command = icefold();
    command.arg("run").arg(config).args(granules);
    // Of photons made at random, none may pass the filter.
    command.arg("--allow-empty");
    command
        .args(["--json", "--overwrite", "--threads", "2", "--store"])
        .arg(store);
    serde_json::from_str(&stdout(&succeed(command.args(more)))).unwrap()
}

/// The hash of each of the first pieces of a store.
fn pieces(store: &Path, count: usize) -> Vec<String> {
    let folder = Pieces::folder_of(store);
    let pieces = Pieces::open(&folder).unwrap().unwrap();
    let shards = &pieces.manifest().map.shards[..count];
    let content = |shard: &u64| {
        let marker = Marker::read(&folder, *shard).unwrap().unwrap().unwrap();
        marker.content_sha256
    };
    shards.iter().map(content).collect()
}

fn configs(folder: &Path) -> (PathBuf, PathBuf) {
    let (hdf5, table) = (folder.join("hdf5.yaml"), folder.join("table.yaml"));
    std::fs::write(&hdf5, hdf5_yaml()).unwrap();
    std::fs::write(&table, table_yaml()).unwrap();
    (hdf5, table)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn tables_give_the_bits_and_counts_of_the_granule(
        rows in rows(),
        seed in any::<u64>(),
        kinds in prop::collection::vec(kind(), 1..5),
        batch_rows in 1usize..100,
    ) {
        let folder = folder();
        let (hdf5, table) = configs(folder.path());
        let granule = folder.path().join("a.h5");
        write_hdf5(&granule, &rows);
        let expected = run(&hdf5, &[granule], &folder.path().join("a.zarr"), &[]);

        let mut places: Vec<usize> = (0..rows.len()).collect();
        shuffle(&mut places, seed);
        let shuffled: Vec<Row> = places.iter().map(|&place| rows[place]).collect();
        let each = rows.len().div_ceil(kinds.len());
        let mut tables = Vec::new();
        for (i, (part, kind)) in shuffled.chunks(each).zip(&kinds).enumerate() {
            let path = folder.path().join(format!("{i}.{}", kind.extension()));
            write(&path, part, *kind);
            tables.push(path);
        }
        let batch_rows = batch_rows.to_string();
        let store = folder.path().join("b.zarr");
        let found = run(&table, &tables, &store, &["--batch-rows", &batch_rows]);
        prop_assert_eq!(&found["content_sha256"], &expected["content_sha256"]);
        prop_assert_eq!(&found["photons"], &expected["photons"]);
    }

    #[test]
    fn photons_in_lists_are_those_in_rows(
        rows in rows(),
        photons in 1usize..20,
        batch_rows in 1usize..100,
    ) {
        // Photons of one row of lists share its flag.
        let mut rows = rows;
        for chunk in rows.chunks_mut(photons) {
            let flag = chunk[0].flag;
            for row in chunk {
                row.flag = flag;
            }
        }
        let folder = folder();
        let (_, table) = configs(folder.path());
        let [flat, lists] = [Format::Parquet(100), Format::Lists(photons)].map(|kind| {
            let path = folder.path().join("a.parquet");
            write(&path, &rows, kind);
            let batch_rows = batch_rows.to_string();
            let store = folder.path().join("a.zarr");
            run(&table, &[path], &store, &["--batch-rows", &batch_rows])
        });
        prop_assert_eq!(&lists["content_sha256"], &flat["content_sha256"]);
        prop_assert_eq!(&lists["photons"], &flat["photons"]);
    }

    #[test]
    fn pruning_changes_no_bit_and_no_count(
        rows in rows(),
        group in 1usize..40,
        sorted: bool,
        filtered: bool,
        cut in 1usize..6,
    ) {
        let mut rows = rows;
        if sorted {
            rows.sort_by(|a, b| a.lon.total_cmp(&b.lon));
        }
        // One position that is one, so that there is a map.
        rows.push(Row { lon: -45.0, lat: 70.0, h: Some(1.0), k: Some(1), flag: 0 });
        let folder = folder();
        let (_, table) = configs(folder.path());
        if !filtered {
            let text = table_yaml();
            let line = "  filters: [{dataset: flag, op: ne, value: 1}]\n";
            assert!(text.contains(line));
            std::fs::write(&table, text.replace(line, "")).unwrap();
        }
        let run_part = |name: &str, kind: Format| {
            let path = folder.path().join(name);
            write(&path, &rows, kind);
            let map = folder.path().join("map.json");
            let mut plan = icefold();
            plan.arg("plan").arg(&table).arg(&path).arg("-o").arg(&map);
            let found = stdout(&succeed(plan.arg("--json")));
            let found: Value = serde_json::from_str(&found).unwrap();
            let cut = cut.min(found["shards"].as_u64().unwrap() as usize);
            let (map, range) = (map.to_str().unwrap().to_owned(), format!("..{cut}"));
            let store = folder.path().join(name).with_extension(format!("{name}.zarr"));
            let report = run(&table, &[], &store, &["--plan", &map, "--shards", &range]);
            (report, pieces(&store, cut))
        };
        let (pruned, pruned_pieces) = run_part("a.parquet", Format::Parquet(group));
        // Arrow IPC has no statistics: every row is read.
        let (whole, whole_pieces) = run_part("a.arrow", Format::ArrowFile(group));
        prop_assert_eq!(pruned_pieces, whole_pieces);
        prop_assert_eq!(&pruned["photons"], &whole["photons"]);
    }
}

#[test]
fn row_groups_far_from_the_wanted_shards_are_not_read() {
    let along = |lon: f64| (0..1000).map(move |i| (lon, 70.0 + f64::from(i) * 1e-4));
    let row = |(lon, lat)| Row {
        lon,
        lat,
        h: Some(1.0),
        k: Some(2),
        flag: 0,
    };
    let mut rows: Vec<Row> = along(-45.0).chain(along(30.0)).map(row).collect();
    let folder = folder();
    let (_, filtered) = configs(folder.path());
    let unfiltered = folder.path().join("unfiltered.yaml");
    let line = "  filters: [{dataset: flag, op: ne, value: 1}]\n";
    std::fs::write(&unfiltered, table_yaml().replace(line, "")).unwrap();
    let table = folder.path().join("a.parquet");
    let map = folder.path().join("map.json");
    let mut runs = 0;
    let mut bytes = |spoil: bool, config: &Path| {
        if spoil {
            rows[1500].lat = f64::NAN;
        }
        write(&table, &rows, Format::Parquet(1000));
        let mut plan = icefold();
        succeed(plan.arg("plan").arg(config).arg(&table).arg("-o").arg(&map));
        let keys: Value = serde_json::from_slice(&std::fs::read(&map).unwrap()).unwrap();
        // The shards of one of the two places: the packed words of a base cell ascend together.
        let shards = keys["shard_keys"].as_array().unwrap().len();
        let map = map.to_str().unwrap();
        runs += 1;
        let report = |range: &str| {
            let store = folder.path().join(format!("{runs}.zarr"));
            run(config, &[], &store, &["--plan", map, "--shards", range])
        };
        let (first, last) = (report("..1"), report(&format!("{}..", shards - 1)));
        let read = |report: &Value| report["stages"]["decode"]["bytes"].as_u64().unwrap();
        let outside = |report: &Value| {
            report["photons"]["rejected_by"]["outside_shards"]
                .as_u64()
                .unwrap()
        };
        assert!(outside(&first) >= 999 && outside(&last) >= 999);
        assert_eq!(first["photons"]["read"], 2000);
        read(&first).max(read(&last))
    };
    // Positions of 16 bytes, values of 12, a flag of 1.
    assert_eq!(bytes(false, &unfiltered), 28 * 1000);
    assert_eq!(bytes(false, &filtered), 29 * 1000);
    // A hidden NaN takes a look at the positions.
    assert_eq!(bytes(true, &unfiltered), 28 * 1000 + 16 * 1000);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_spoiled_table_is_read_or_refused_and_never_a_panic(
        kind in prop_oneof![
            Just(Format::Parquet(20)),
            Just(Format::ArrowFile(20)),
            Just(Format::ArrowStream(20)),
            Just(Format::Lists(3)),
        ],
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let row = |i: i32| Row {
            lon: -45.0,
            lat: 70.0 + f64::from(i) * 1e-4,
            h: Some(1.0),
            k: Some(2),
            flag: 0,
        };
        let folder = folder();
        let path = folder.path().join("a");
        write(&path, &(0..60).map(row).collect::<Vec<_>>(), kind);
        let mut bytes = std::fs::read(&path).unwrap();
        for (place, value) in places {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        std::fs::write(&path, bytes).unwrap();
        let config = icefold::config::parse_yaml("test", &table_yaml()).unwrap();
        let types = [ColumnType::F64, ColumnType::I64];
        let mut rows = 0;
        if let Ok(mut reader) = TableReader::open(&path, &config, &types, 7, None) {
            while let Ok(Some(batch)) = reader.next_batch() {
                rows += batch.len();
                prop_assert!(rows < 1_000_000);
            }
        }
        // Metadata alone is read in another way.
        let _ = icefold::read::table::inspect(&path);
    }
}
