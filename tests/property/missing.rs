//! The same columns with the same gaps and filters, as HDF5 and as Parquet: the same report and store,
//! however HDF5 says that a value is missing.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float32Array, Float64Array, Int8Array, Int64Array};
use arrow::record_batch::RecordBatch;
use hdf5::H5Type;
use proptest::prelude::*;
use serde_json::Value;

use crate::support::tables::write_batch;
use crate::support::{folder, icefold, stdout, succeed};

/// How HDF5 says that a value is missing.
#[derive(Debug, Clone, Copy)]
enum Gap {
    Fill,
    Missing,
    BeyondRange,
}

/// A value, or how it is missing.
type Cell<T> = Result<T, Gap>;

#[derive(Debug, Clone)]
struct Row {
    lon: Cell<f64>,
    lat: Cell<f64>,
    h: Cell<f32>,
    k: Cell<i64>,
    flag: Cell<i8>,
}

#[derive(Debug, Clone)]
struct Condition {
    column: &'static str,
    op: &'static str,
    values: Vec<f64>,
    keep: bool,
}

fn cell<T: std::fmt::Debug + Clone>(
    values: impl Strategy<Value = T>,
) -> impl Strategy<Value = Cell<T>> {
    let gap = prop_oneof![Just(Gap::Fill), Just(Gap::Missing), Just(Gap::BeyondRange)];
    prop_oneof![4 => values.prop_map(Ok), 1 => gap.prop_map(Err)]
}

fn row() -> impl Strategy<Value = Row> {
    let lon = prop_oneof![8 => -46.0f64..-44.0, 1 => Just(f64::NAN), 1 => Just(900.0)];
    let lat = prop_oneof![8 => 70.0f64..71.0, 1 => Just(95.0)];
    let h = prop_oneof![
        4 => -1.0f32..1.0,
        2 => Just(0.1f32),
        1 => Just(0.1f32.next_up()),
        1 => Just(f32::NAN),
        1 => Just(f32::INFINITY),
    ];
    (cell(lon), cell(lat), cell(h), cell(-3i64..4), cell(-1i8..5)).prop_map(
        |(lon, lat, h, k, flag)| Row {
            lon,
            lat,
            h,
            k,
            flag,
        },
    )
}

fn condition() -> impl Strategy<Value = Condition> {
    let ops = prop::sample::select(vec!["eq", "ne", "ge", "le", "gt", "lt", "in", "not_in"]);
    let threshold = prop_oneof![Just(0.1), Just(0.3), (-3i8..4).prop_map(f64::from)];
    let values = prop::collection::vec(threshold, 1..4);
    let column = prop::sample::select(vec!["h", "k", "flag"]);
    (column, ops, values, any::<bool>()).prop_map(|(column, op, mut values, keep)| {
        let equals = matches!(op, "eq" | "ne" | "in" | "not_in");
        if equals && column != "h" {
            values = values.iter().map(|value: &f64| value.round()).collect();
        }
        if !matches!(op, "in" | "not_in") {
            values.truncate(1);
        }
        Condition {
            column,
            op,
            values,
            keep,
        }
    })
}

/// A config whose paths have this in front.
fn yaml(reader: &str, prefix: &str, conditions: &[Condition]) -> String {
    let filters = conditions.iter().map(|condition| {
        let Condition {
            column,
            op,
            values,
            keep,
        } = condition;
        let values = match *op {
            "in" | "not_in" => format!("values: {values:?}"),
            _ => format!("value: {:?}", values[0]),
        };
        format!("    - {{dataset: \"{prefix}{column}\", op: {op}, {values}, keep: {keep}}}\n")
    });
    let filters: String = filters.collect();
    format!(
        r#"data_source:
  {reader}
  coordinates: {{latitude: "{prefix}lat", longitude: "{prefix}lon"}}
  variables: {{h: "{prefix}h", k: "{prefix}k"}}
  filters:
{filters}aggregation:
  variables:
    count: {{function: len, source: h, dtype: int64}}
    h_min: {{function: min, source: h}}
    h_mean: {{function: nanmean, source: h, dtype: float64}}
    k_max: {{function: max, source: k}}
    low: {{expression: "sum(where(h <= 0.1, 1, 0))", dtype: float64}}
    both: {{expression: "sum(h * k) / len(h)", dtype: float64}}
output:
  grid: {{type: healpix, parent_order: 6, child_order: 12}}
"#
    )
}

/// What stands in HDF5 for each kind of gap, and what says so.
struct Stored<T> {
    fill: T,
    missing: T,
    beyond: T,
    valid_max: T,
}

impl<T: H5Type + Copy> Stored<T> {
    fn write(&self, file: &hdf5::File, name: &str, cells: &[Cell<T>]) {
        let stored = cells.iter().map(|cell| match cell {
            Ok(value) => *value,
            Err(Gap::Fill) => self.fill,
            Err(Gap::Missing) => self.missing,
            Err(Gap::BeyondRange) => self.beyond,
        });
        let stored: Vec<T> = stored.collect();
        let builder = file.new_dataset::<T>().shape(stored.len());
        let data = builder.create(format!("gt1l/p/{name}").as_str()).unwrap();
        data.write_raw(&stored).unwrap();
        for (attribute, value) in [
            ("_FillValue", self.fill),
            ("missing_value", self.missing),
            ("valid_max", self.valid_max),
        ] {
            let attribute = data.new_attr::<T>().create(attribute).unwrap();
            attribute.write_scalar(&value).unwrap();
        }
    }
}

fn write_hdf5(path: &Path, rows: &[Row]) {
    let file = hdf5::File::create(path).unwrap();
    let degrees = Stored {
        fill: f64::MAX,
        missing: -9999.0,
        beyond: 1000.0,
        valid_max: 999.0,
    };
    let cells: Vec<_> = rows.iter().map(|row| row.lon).collect();
    degrees.write(&file, "lon", &cells);
    let cells: Vec<_> = rows.iter().map(|row| row.lat).collect();
    degrees.write(&file, "lat", &cells);
    let heights = Stored {
        fill: f32::MAX,
        missing: -9999.0,
        beyond: f32::MAX.next_down(),
        valid_max: f32::MAX.next_down().next_down(),
    };
    // Infinity is beyond any range: a null in a table.
    let cells: Vec<_> = rows.iter().map(|row| row.h).collect();
    heights.write(&file, "h", &cells);
    let integers = Stored {
        fill: i64::MIN,
        missing: -9999,
        beyond: 1000,
        valid_max: 999,
    };
    let cells: Vec<_> = rows.iter().map(|row| row.k).collect();
    integers.write(&file, "k", &cells);
    let flags = Stored {
        fill: 127,
        missing: -100,
        beyond: 101,
        valid_max: 100_i8,
    };
    let cells: Vec<_> = rows.iter().map(|row| row.flag).collect();
    flags.write(&file, "flag", &cells);
    file.close().unwrap();
}

fn write_parquet(path: &Path, rows: &[Row]) {
    let valid_h = |row: &Row| row.h.ok().filter(|h| *h != f32::INFINITY);
    let columns: [(&str, ArrayRef); 5] = [
        (
            "lon",
            Arc::new(
                rows.iter()
                    .map(|row| row.lon.ok())
                    .collect::<Float64Array>(),
            ),
        ),
        (
            "lat",
            Arc::new(
                rows.iter()
                    .map(|row| row.lat.ok())
                    .collect::<Float64Array>(),
            ),
        ),
        (
            "h",
            Arc::new(rows.iter().map(valid_h).collect::<Float32Array>()),
        ),
        (
            "k",
            Arc::new(rows.iter().map(|row| row.k.ok()).collect::<Int64Array>()),
        ),
        (
            "flag",
            Arc::new(rows.iter().map(|row| row.flag.ok()).collect::<Int8Array>()),
        ),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns
            .into_iter()
            .map(|(name, column)| (name, column, true)),
    );
    write_batch(path, &batch.unwrap(), 17);
}

/// What a run says of photons and content; counts of the valid range are HDF5's alone.
fn told(folder: &Path, kind: &str, config: &str, granule: &Path, batch_rows: usize) -> Value {
    let yaml = folder.join(format!("{kind}.yaml"));
    std::fs::write(&yaml, config).unwrap();
    let mut run = icefold();
    run.arg("run").arg(&yaml).arg(granule).arg("--store");
    run.arg(folder.join(format!("{kind}.zarr")));
    run.args(["--json", "--allow-empty", "--threads", "2", "--batch-rows"]);
    let output = stdout(&succeed(run.arg(batch_rows.to_string())));
    let mut report: Value = serde_json::from_str(&output).unwrap();
    report["photons"]["outside_valid_range_by"] = Value::Null;
    serde_json::json!([report["photons"], report["content_sha256"]])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn gaps_and_filters_are_the_same_in_hdf5_and_in_parquet(
        rows in prop::collection::vec(row(), 1..120),
        conditions in prop::collection::vec(condition(), 0..3),
        batch_rows in 1usize..150,
    ) {
        let folder = folder();
        let folder = folder.path();
        let (granule, table) = (folder.join("a.h5"), folder.join("a.parquet"));
        write_hdf5(&granule, &rows);
        write_parquet(&table, &rows);
        let hdf5 = yaml("groups: [gt1l]", "/{group}/p/", &conditions);
        let expected = told(folder, "hdf5", &hdf5, &granule, batch_rows);
        let columns = yaml("reader: table", "", &conditions);
        let found = told(folder, "table", &columns, &table, 37);
        prop_assert_eq!(found, expected);
    }
}
