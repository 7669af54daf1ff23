//! Tables of which more would be in memory at once than `--memory` allows: read in pieces, or refused with the
//! memory that would do; lengths that ask for more are not believed.
#![cfg(target_os = "linux")]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, ListArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::Field;
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::granules::one;
use super::{Site, assert_same, json, refuse};
use crate::support::tables::{Row, WAYS, compressed, points, record_batch, table_yaml};

const LEAST: u64 = 96 << 20;

/// A config of a column without quantiles, which memory does not bound.
fn config(site: &Site) -> PathBuf {
    let path = site.path("heights.yaml");
    let text = r"data_source:
  reader: table
  coordinates: {latitude: lat, longitude: lon}
  variables: {h: h}
aggregation:
  variables:
    n: {function: count, source: h}
    h_mean: {function: nanmean, source: h, dtype: float64}
output:
  grid: {type: healpix, indexing_scheme: nested, parent_order: 6, child_order: 12}
";
    std::fs::write(&path, text).unwrap();
    path
}

/// So many photons, and a column that nothing reads.
fn photons(count: usize) -> Vec<(&'static str, ArrayRef)> {
    let of = |value: &dyn Fn(f64) -> f64| -> ArrayRef {
        Arc::new(
            (0..count)
                .map(|i| Some(value(i as f64)))
                .collect::<Float64Array>(),
        )
    };
    vec![
        ("unused", of(&|i| i)),
        ("lon", of(&|i| -45.0 + (i * 0.61).sin())),
        ("lat", of(&|i| 70.0 + i * 1e-7)),
        ("h", of(&|i| (i * 0.37).sin() * 40.0)),
    ]
}

fn batch(columns: Vec<(&'static str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).unwrap()
}

/// Photons in lists of these lengths.
fn listed(lengths: &[usize]) -> RecordBatch {
    let flat = photons(lengths.iter().sum());
    let offsets = OffsetBuffer::from_lengths(lengths.iter().copied());
    let columns = flat.into_iter().map(|(name, values)| {
        let item = Arc::new(Field::new("item", values.data_type().clone(), true));
        (
            name,
            Arc::new(ListArray::new(item, offsets.clone(), values, None)) as ArrayRef,
        )
    });
    batch(columns.collect())
}

fn arrow(path: &Path, batch: &RecordBatch, codec: Option<CompressionType>) {
    let options = IpcWriteOptions::default()
        .try_with_compression(codec)
        .unwrap();
    let file = File::create(path).unwrap();
    if path.extension().is_some_and(|e| e == "arrows") {
        let mut writer =
            StreamWriter::try_new_with_options(file, &batch.schema(), options).unwrap();
        writer.write(batch).unwrap();
        writer.finish().unwrap();
    } else {
        let mut writer = FileWriter::try_new_with_options(file, &batch.schema(), options).unwrap();
        writer.write(batch).unwrap();
        writer.finish().unwrap();
    }
}

/// Parquet of one row group, with pages of so many rows.
fn parquet(path: &Path, batch: &RecordBatch, page: usize) {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_dictionary_enabled(false)
        .set_max_row_group_row_count(Some(usize::MAX))
        .set_data_page_size_limit(if page > 1 << 20 { 1 << 30 } else { 1 << 20 })
        .set_data_page_row_count_limit(page)
        .set_write_batch_size(page.min(1 << 16))
        .build();
    let file = File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

/// Runs with so much memory, keeps so many photons, and takes no more.
#[track_caller]
fn fits(site: &Site, store: &str, table: &Path, memory: u64) -> u64 {
    let mut run = site.run_to(store, config(site), &one(table));
    let memory_text = format!("{}MiB", memory >> 20);
    let (report, _) = json(run.args(["--memory", &memory_text, "--json"]), 0);
    let peak = report["peak_resident_bytes"].as_u64().unwrap();
    assert!(peak < memory, "{}: {peak} of {memory}", table.display());
    report["photons"]["kept"].as_u64().unwrap()
}

/// What a run says with so much memory, and the memory that it is told to have.
#[track_caller]
fn told(site: &Site, table: &Path, memory: u64) -> (String, u64) {
    let mut run = site.run(config(site), &one(table));
    let said = refuse(
        run.arg("--memory").arg(memory.to_string()),
        1,
        &["granule "],
    );
    let (_, told) = said.split_once("give at least --memory ").unwrap();
    let (number, _) = told.split_once("MiB").unwrap();
    let told = number.parse::<u64>().unwrap() << 20;
    assert!(told > memory, "{said}");
    (said, told)
}

#[test]
fn a_record_batch_larger_than_the_memory_is_read_in_the_memory() {
    const ROWS: usize = 4_000_000;
    let site = Site::new();
    let all = batch(photons(ROWS));
    let codecs = [
        None,
        Some(CompressionType::LZ4_FRAME),
        Some(CompressionType::ZSTD),
    ];
    for (number, codec) in codecs.into_iter().enumerate() {
        let table = site.path(if number == 1 { "a.arrows" } else { "a.arrow" });
        arrow(&table, &all, codec);
        // Decoders of LZ4 have blocks of 4 MiB for each of three columns.
        let memory = if number == 1 { 2 * LEAST } else { LEAST };
        let store = format!("{number}.zarr");
        assert_eq!(fits(&site, &store, &table, memory), ROWS as u64);
        assert_same(&site.out("0.zarr"), &site.out(&store));
    }
}

#[test]
fn a_page_that_does_not_fit_is_refused_with_the_memory_that_would_do() {
    const ROWS: usize = 2_000_000;
    let site = Site::new();
    let all = batch(photons(ROWS));
    let (small, large) = (site.path("small.parquet"), site.path("large.parquet"));
    parquet(&small, &all, 20_000);
    parquet(&large, &all, ROWS);
    assert_eq!(fits(&site, "small.zarr", &small, LEAST), ROWS as u64);
    let (said, memory) = told(&site, &large, LEAST);
    assert!(
        said.contains("granule large.parquet: has pages of 16"),
        "{said}"
    );
    assert_eq!(fits(&site, "large.zarr", &large, memory), ROWS as u64);
    assert_same(&site.out("small.zarr"), &site.out("large.zarr"));
}

#[test]
fn rows_of_long_lists_are_read_in_the_memory() {
    let site = Site::new();
    let mut lengths = vec![3; 200_000];
    lengths[777] = 60_000;
    lengths[778] = 0;
    lengths.extend([20_000; 20]);
    let photons = lengths.iter().sum::<usize>() as u64;
    let (a, b) = (site.path("a.parquet"), site.path("b.arrow"));
    arrow(&b, &listed(&lengths), Some(CompressionType::ZSTD));
    // Rows without a photon, as geolocation segments often are.
    lengths.extend(vec![0; 4_000_000]);
    parquet(&a, &listed(&lengths), 5000);
    assert_eq!(fits(&site, "a.zarr", &a, LEAST), photons);
    assert_eq!(fits(&site, "b.zarr", &b, LEAST), photons);
    assert_same(&site.out("a.zarr"), &site.out("b.zarr"));
}

#[test]
fn a_row_whose_lists_do_not_fit_is_refused_by_name() {
    let site = Site::new();
    let mut lengths = vec![3; 1000];
    lengths[500] = 2_000_000;
    let all = listed(&lengths);
    let (a, b) = (site.path("a.parquet"), site.path("b.arrow"));
    parquet(&a, &all, 100);
    arrow(&b, &all, None);
    let photons = 2_000_000 + 999 * 3;
    let (said, memory) = told(&site, &b, LEAST);
    assert!(
        said.contains("granule b.arrow: row 500 has 2000000 values in column l"),
        "{said}"
    );
    assert_eq!(fits(&site, "arrow.zarr", &b, memory), photons);
    // First its pages do not fit, then what they decode to.
    let (said, memory) = told(&site, &a, LEAST);
    assert!(
        said.contains("granule a.parquet: has pages of 16"),
        "{said}"
    );
    let (said, memory) = told(&site, &a, memory);
    let row = "granule a.parquet: row 500 has a list of 2000000 values in column l";
    assert!(said.contains(row), "{said}");
    assert_eq!(fits(&site, "parquet.zarr", &a, memory), photons);
    assert_same(&site.out("parquet.zarr"), &site.out("arrow.zarr"));
}

/// Parquet of one row group that is twice as large as the memory of a run.
#[test]
fn a_table_far_larger_than_the_memory_is_read_in_the_memory() {
    let site = Site::new();
    let row = |i: i32| Row {
        lon: -45.0,
        lat: 70.0 + f64::from(i) * 1e-6,
        h: Some((f64::from(i) * 0.37).sin() as f32 * 40.0),
        k: Some(i64::from(i)),
        flag: 0,
    };
    let part = record_batch(&(0..500_000).map(row).collect::<Vec<_>>());
    let table = site.path("a.parquet");
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_max_row_group_row_count(Some(usize::MAX))
        .build();
    let file = File::create(&table).unwrap();
    let writer = ArrowWriter::try_new(file, part.schema(), Some(properties));
    let mut writer = writer.unwrap();
    for _ in 0..14 {
        writer.write(&part).unwrap();
    }
    assert_eq!(writer.close().unwrap().num_row_groups(), 1);
    let memory = 96 << 20;
    assert!(std::fs::metadata(&table).unwrap().len() > 2 * memory);
    // Values retained for a quantile are the answer, which memory does not bound.
    let config = site.path("table.yaml");
    let lines = table_yaml();
    let lines = lines.lines().filter(|line| !line.contains("h_median"));
    std::fs::write(&config, lines.collect::<Vec<_>>().join("\n")).unwrap();
    let mut run = site.run(&config, &one(&table));
    let (report, _) = json(run.args(["--memory", "96MiB", "--json"]), 0);
    assert_eq!(report["photons"]["kept"], 7_000_000);
    let peak = report["peak_resident_bytes"].as_u64().unwrap();
    assert!(peak < memory, "{peak}");
}

/// Tables with one length before a compressed buffer replaced.
fn with_lengths(site: &Site, how: (Option<CompressionType>, bool)) -> Vec<(i64, PathBuf)> {
    let path = site.path("whole.arrow");
    let rows = points();
    compressed(&path, &record_batch(&rows), how);
    let whole = std::fs::read(&path).unwrap();
    // Of 600 numbers of 8 bytes.
    let mut windows = whole.windows(8);
    let place = windows.position(|w| w == 4800_i64.to_le_bytes()).unwrap();
    let lengths = [
        0,
        4799,
        4801,
        1 << 20,
        1 << 31,
        1 << 40,
        i64::MAX,
        -2,
        i64::MIN,
        -1,
    ];
    let write = |length: i64| {
        let mut bytes = whole.clone();
        bytes[place..place + 8].copy_from_slice(&length.to_le_bytes());
        let path = site.path(&format!("{length}.arrow"));
        std::fs::write(&path, bytes).unwrap();
        (length, path)
    };
    lengths.into_iter().map(write).collect()
}

#[test]
fn lengths_of_compressed_buffers_are_not_believed() {
    for how in &WAYS[2..] {
        let site = Site::new();
        let config = crate::support::tables::config(&site);
        for (length, path) in with_lengths(&site, *how) {
            // What is left to a run is a little more than the program takes.
            let run = site.run(&config, &one(&path));
            let mut limited = Command::new("sh");
            limited.args(["-c", "ulimit -v 2000000; exec \"$0\" \"$@\""]);
            limited.arg(run.get_program()).args(run.get_args());
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let said = refuse(
                &mut limited,
                1,
                &[&format!("granule {name}: "), "record batch 0: "],
            );
            assert!(said.contains("a buffer of column l"), "{length}: {said}");
        }
    }
}
