//! Photons as tables of every kind, and as an HDF5 granule; configs that read either.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Float32Array, Float64Array, Int8Array, Int64Array, ListArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{Field, Schema};
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;

use super::Site;

/// One photon: position, height, an integer and a flag; values may be null.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    pub lon: f64,
    pub lat: f64,
    pub h: Option<f32>,
    pub k: Option<i64>,
    pub flag: i8,
}

/// How a table is written.
#[derive(Debug, Clone, Copy)]
pub enum Format {
    /// With so many rows in a row group.
    Parquet(usize),
    /// With so many rows in a record batch.
    ArrowFile(usize),
    ArrowStream(usize),
    /// Parquet; so many photons a row, in lists.
    Lists(usize),
}

impl Format {
    pub fn extension(self) -> &'static str {
        match self {
            Self::Parquet(_) | Self::Lists(_) => "parquet",
            Self::ArrowFile(_) => "arrow",
            Self::ArrowStream(_) => "arrows",
        }
    }
}

/// Stands for null in HDF5.
const NULL_H: f32 = -7777.0;
const NULL_K: i64 = -7777;

const OUTPUTS: &str = r#"
aggregation:
  variables:
    count: {function: len, source: h, dtype: int64}
    h_min: {function: min, source: h}
    h_max: {function: nanmax, source: h}
    h_mean: {function: nanmean, source: h, dtype: float64}
    h_median: {function: median, source: h, dtype: float64}
    k_max: {function: max, source: k}
    k_sum: {function: sum, source: k, dtype: float64}
    scaled: {expression: "sum(h * k) / len(h)", dtype: float64}
    bins: {function: histogram, source: h, params: {edges: [-10, 0, 5.5, 100]}}
output:
  grid: {type: healpix, indexing_scheme: nested, parent_order: 6, child_order: 12}
"#;

/// Photons northward from 70 N.
pub fn points() -> Vec<Row> {
    let row = |i: i32| Row {
        lon: -45.0,
        lat: 70.0 + f64::from(i) * 1e-4,
        h: Some((f64::from(i) * 0.37).sin() as f32 * 40.0),
        k: Some(i64::from(i)),
        flag: 0,
    };
    (0..1500).map(row).collect()
}

/// `table.yaml`, which reads tables of [`Row`]s.
pub fn config(site: &Site) -> PathBuf {
    let path = site.path("table.yaml");
    std::fs::write(&path, table_yaml()).unwrap();
    path
}

/// A config for tables of [`Row`]s.
pub fn table_yaml() -> String {
    let source = r"
data_source:
  reader: table
  coordinates: {latitude: lat, longitude: lon}
  variables: {h: h, k: k}
  filters: [{dataset: flag, op: ne, value: 1}]
";
    format!("{source}{OUTPUTS}")
}

/// The same config for HDF5 granules.
pub fn hdf5_yaml() -> String {
    let source = r#"
data_source:
  groups: [gt1l]
  coordinates: {latitude: "/{group}/p/lat", longitude: "/{group}/p/lon"}
  variables: {h: "/{group}/p/h", k: "/{group}/p/k"}
  filters: [{dataset: "/{group}/p/flag", op: ne, value: 1}]
"#;
    format!("{source}{OUTPUTS}")
}

/// The rows as a record batch.
pub fn record_batch(rows: &[Row]) -> RecordBatch {
    let lon: Float64Array = rows.iter().map(|row| Some(row.lon)).collect();
    let lat: Float64Array = rows.iter().map(|row| Some(row.lat)).collect();
    let h: Float32Array = rows.iter().map(|row| row.h).collect();
    let k: Int64Array = rows.iter().map(|row| row.k).collect();
    let flag: Int8Array = rows.iter().map(|row| Some(row.flag)).collect();
    let unused: Int8Array = rows.iter().map(|_| None).collect();
    let columns: [(&str, ArrayRef); 6] = [
        ("unused", Arc::new(unused)),
        ("flag", Arc::new(flag)),
        ("lat", Arc::new(lat)),
        ("h", Arc::new(h)),
        ("lon", Arc::new(lon)),
        ("k", Arc::new(k)),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

/// As [`record_batch`] with `photons` photons a row; the flag is that of the row.
pub fn lists(rows: &[Row], photons: usize) -> RecordBatch {
    let flat = record_batch(rows);
    let firsts: Vec<Row> = rows.chunks(photons).map(|chunk| chunk[0]).collect();
    let lengths = OffsetBuffer::from_lengths(rows.chunks(photons).map(<[Row]>::len));
    let columns = ["lat", "h", "lon", "k"].map(|name| {
        let values = flat.column_by_name(name).unwrap();
        let item = Field::new("item", values.data_type().clone(), true);
        let list = ListArray::new(Arc::new(item), lengths.clone(), Arc::clone(values), None);
        (name, Arc::new(list) as ArrayRef)
    });
    let flag = Arc::clone(record_batch(&firsts).column_by_name("flag").unwrap());
    RecordBatch::try_from_iter([("flag", flag)].into_iter().chain(columns)).unwrap()
}

/// Writes rows as a table.
pub fn write(path: &Path, rows: &[Row], kind: Format) {
    match kind {
        Format::Parquet(group) => write_batch(path, &record_batch(rows), group),
        Format::Lists(photons) => write_batch(path, &lists(rows, photons), 100),
        Format::ArrowFile(length) => {
            let batch = record_batch(rows);
            let file = File::create(path).unwrap();
            let mut writer = FileWriter::try_new(file, &batch.schema()).unwrap();
            for part in parts(&batch, length) {
                writer.write(&part).unwrap();
            }
            writer.finish().unwrap();
        }
        Format::ArrowStream(length) => {
            let batch = record_batch(rows);
            let file = File::create(path).unwrap();
            let mut writer = StreamWriter::try_new(file, &batch.schema()).unwrap();
            for part in parts(&batch, length) {
                writer.write(&part).unwrap();
            }
            writer.finish().unwrap();
        }
    }
}

fn parts(batch: &RecordBatch, length: usize) -> impl Iterator<Item = RecordBatch> + '_ {
    let starts = (0..batch.num_rows()).step_by(length);
    starts.map(move |start| batch.slice(start, length.min(batch.num_rows() - start)))
}

/// Writes a record batch as Parquet.
pub fn write_batch(path: &Path, batch: &RecordBatch, group_rows: usize) {
    let properties = WriterProperties::builder();
    let properties = properties.set_max_row_group_row_count(Some(group_rows));
    let file = File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties.build())).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

/// Ways in which Arrow IPC is written: compressed how, and whether as a stream.
pub const WAYS: [(Option<CompressionType>, bool); 6] = [
    (None, false),
    (None, true),
    (Some(CompressionType::LZ4_FRAME), false),
    (Some(CompressionType::LZ4_FRAME), true),
    (Some(CompressionType::ZSTD), false),
    (Some(CompressionType::ZSTD), true),
];

/// Writes a record batch as Arrow IPC in parts of 600 rows.
pub fn compressed(path: &Path, batch: &RecordBatch, how: (Option<CompressionType>, bool)) {
    let options = IpcWriteOptions::default()
        .try_with_compression(how.0)
        .unwrap();
    let file = File::create(path).unwrap();
    if how.1 {
        let mut writer =
            StreamWriter::try_new_with_options(file, &batch.schema(), options).unwrap();
        parts(batch, 600).for_each(|part| writer.write(&part).unwrap());
        writer.finish().unwrap();
    } else {
        let mut writer = FileWriter::try_new_with_options(file, &batch.schema(), options).unwrap();
        parts(batch, 600).for_each(|part| writer.write(&part).unwrap());
        writer.finish().unwrap();
    }
}

/// A record batch of columns whose fields have metadata.
pub fn with_metadata(batch: &RecordBatch, column: &str, pairs: &[(&str, &str)]) -> RecordBatch {
    let schema = batch.schema();
    let fields = schema.fields().iter().map(|field| {
        let field = field.as_ref().clone();
        if field.name() != column {
            return field;
        }
        let pairs = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        field.with_metadata(pairs.collect::<std::collections::HashMap<_, _>>())
    });
    let changed = Schema::new(fields.collect::<Vec<_>>());
    RecordBatch::try_new(Arc::new(changed), batch.columns().to_vec()).unwrap()
}

/// Writes rows as an HDF5 granule with one ground track.
pub fn write_hdf5(path: &Path, rows: &[Row]) {
    let file = hdf5::File::create(path).unwrap();
    let put = |name: &str, values: &[f64]| {
        let builder = file.new_dataset::<f64>().shape(values.len());
        builder.create(name).unwrap().write_raw(values).unwrap();
    };
    put(
        "gt1l/p/lon",
        &rows.iter().map(|r| r.lon).collect::<Vec<_>>(),
    );
    put(
        "gt1l/p/lat",
        &rows.iter().map(|r| r.lat).collect::<Vec<_>>(),
    );
    let h: Vec<f32> = rows.iter().map(|r| r.h.unwrap_or(NULL_H)).collect();
    let data = file.new_dataset::<f32>().shape(h.len());
    let data = data.create("gt1l/p/h").unwrap();
    data.write_raw(&h).unwrap();
    let fill = data.new_attr::<f32>().create("_FillValue").unwrap();
    fill.write_scalar(&NULL_H).unwrap();
    let k: Vec<i64> = rows.iter().map(|r| r.k.unwrap_or(NULL_K)).collect();
    let data = file.new_dataset::<i64>().shape(k.len());
    let data = data.create("gt1l/p/k").unwrap();
    data.write_raw(&k).unwrap();
    let fill = data.new_attr::<i64>().create("_FillValue").unwrap();
    fill.write_scalar(&NULL_K).unwrap();
    let flag: Vec<i8> = rows.iter().map(|r| r.flag).collect();
    let data = file.new_dataset::<i8>().shape(flag.len());
    data.create("gt1l/p/flag")
        .unwrap()
        .write_raw(&flag)
        .unwrap();
    file.close().unwrap();
}
