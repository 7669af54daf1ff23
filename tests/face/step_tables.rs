//! Steps of time of photons in tables, and of cells as a table.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float32Array, Float64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, TimestampMicrosecondType, UInt64Type};
use icefold::error::Kind;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::from_code::{done, refused};
use crate::support::granules::paths;
use crate::support::site::Site;
use crate::support::timed::{DAY, PHOTONS, values};

/// The photons of a granule of both ground tracks as a table, in another order; times as this type.
fn as_table(site: &Site, granule: &Path, times: DataType) -> PathBuf {
    let file = hdf5::File::open(granule).unwrap();
    let column = |name: &str| -> Vec<f64> {
        let of_track = |track: &str| {
            let dataset = file.dataset(&format!("{track}/heights/{name}")).unwrap();
            dataset.read_raw::<f64>().unwrap()
        };
        let all = [of_track("gt1l"), of_track("gt2r")].concat();
        (0..all.len()).map(|i| all[i * 1_009 % all.len()]).collect()
    };
    let heights = column("h_ph").into_iter().map(|h| h as f32);
    let t: ArrayRef = Arc::new(Float64Array::from(column("delta_time")));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Float64Array::from(column("lat_ph"))),
        Arc::new(Float64Array::from(column("lon_ph"))),
        Arc::new(Float32Array::from_iter_values(heights)),
        arrow::compute::cast(&t, &times).unwrap(),
    ];
    let units = HashMap::from([("units".to_owned(), "seconds since 2018-01-01".to_owned())]);
    let fields = vec![
        Field::new("lat", DataType::Float64, false),
        Field::new("lon", DataType::Float64, false),
        Field::new("h", DataType::Float32, false),
        Field::new("t", times, false).with_metadata(units),
    ];
    let rows = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
    let path = site.path("photons.parquet");
    let out = std::fs::File::create(&path).unwrap();
    let mut writer = ArrowWriter::try_new(out, rows.schema(), None).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
    path
}

/// The config for tables with the outputs of another one.
fn for_tables(site: &Site, config: &Path, time: &str) -> PathBuf {
    let text = std::fs::read_to_string(config).unwrap();
    let (_, outputs) = text.split_once("aggregation:").unwrap();
    let (outputs, _) = outputs.split_once("time:").unwrap();
    let path = site.path("table.yaml");
    let text = format!(
        "data_source:\n  reader: table\n  coordinates: {{latitude: lat, longitude: lon}}\n  \
         variables: {{h: h}}\naggregation:{outputs}\n{time}\n"
    );
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn photons_of_a_table_are_in_the_steps_of_those_of_a_granule() {
    let site = Site::new();
    let [_, granule] = site.two_years();
    let config = site.stepped("a.yaml", "time: {every: month}");
    done(site.code(&config, &[&granule]));
    let table = as_table(&site, &granule, DataType::Float64);
    let for_table = for_tables(&site, &config, "time: {every: month, dataset: t}");
    let run = || {
        site.code_to("b.zarr", &for_table, &[&table])
            .overwrite(true)
    };
    for rows in [50, 100_000] {
        let report = done(run().batch_rows(rows)).0;
        assert_eq!(report["photons"]["kept"], 2 * PHOTONS);
        assert_eq!(
            values(&site.out("a.zarr"), 7),
            values(&site.out("b.zarr"), 7),
            "{rows}"
        );
    }
}

#[test]
fn tables_have_no_cycles_and_times_of_single_precision_are_none() {
    let site = Site::new();
    let [granule, _] = site.two_years();
    let config = site.stepped("a.yaml", "time: {every: month}");
    let refuse = |time: &str| {
        let path = for_tables(&site, &config, time);
        icefold::config::load(path.to_str().unwrap())
            .unwrap_err()
            .to_string()
    };
    let message = refuse("time: {every: cycle}");
    assert!(
        message.contains("time.every: is cycle, which tables do not say"),
        "{message}"
    );
    let message = refuse("time: {every: month}");
    assert!(
        message.contains("time: key 'dataset' is missing"),
        "{message}"
    );
    let table = as_table(&site, &granule, DataType::Float32);
    let says = ["column t: is float32", "time.dataset"];
    for time in ["every: month", "from: 2019", "to: 2019-06"] {
        let path = for_tables(&site, &config, &format!("time: {{{time}, dataset: t}}"));
        refused(site.code(path, &[&table]).execute(), Kind::Granule, &says);
    }
}

/// The rows of a table of cells.
fn rows(path: &Path) -> RecordBatch {
    let file = std::fs::File::open(path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .unwrap()
        .build()
        .unwrap();
    let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    arrow::compute::concat_batches(&batches[0].schema(), &batches).unwrap()
}

#[test]
fn a_table_of_cells_has_a_row_for_each_cell_and_step_with_photons() {
    let site = Site::new();
    let granules = site.two_years();
    let config = site.stepped("a.yaml", "time: {every: year, from: 2018-12, to: 2020}");
    done(
        site.code(&config, &paths(&granules))
            .table(site.out("a.parquet")),
    );
    let rows = rows(&site.out("a.parquet"));
    let ids = rows.column(0).as_primitive::<UInt64Type>();
    let times = rows
        .column_by_name("time")
        .unwrap()
        .as_primitive::<TimestampMicrosecondType>();
    assert_eq!(rows.schema().field(1).name(), "time");
    assert_eq!(times.timezone(), Some("UTC"));
    let counts = rows
        .column_by_name("n")
        .unwrap()
        .as_primitive::<Int32Type>();
    let mut found = BTreeMap::new();
    for row in 0..rows.num_rows() {
        let days = times.value(row) as f64 / 1e6 / DAY;
        let step = match days as i64 {
            17_866 => "2018-12-01 to 2019-01-01",
            17_897 => "2019-01-01 to 2020-01-01",
            18_262 => "2020-01-01 to 2021-01-01",
            other => panic!("{other}"),
        };
        let key = ("n".to_owned(), step.to_owned(), ids.value(row));
        assert_eq!(
            found.insert(key, counts.value(row).to_le_bytes().to_vec()),
            None
        );
    }
    let mut expected = values(&site.out("a.zarr"), 7);
    expected.retain(|(name, ..), _| name == "n");
    assert_eq!(found, expected);
}
