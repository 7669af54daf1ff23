//! `aggregate --to`: cells of tables and arrays as stores and rows, and what is refused.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, TimestampSecondArray};
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int64Type, UInt64Type};
use arrow::record_batch::RecordBatch;
use icefold::arrays::npy;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use super::{Site, json, refuse};
use crate::support::granules::one;
use crate::support::tables::{Format, Row, points, record_batch, write, write_batch};
use crate::support::{icefold, stdout, succeed};

fn aggregate(site: &Site, inputs: &[&Path], to: &str) -> Command {
    let mut command = icefold();
    command
        .arg("aggregate")
        .args(inputs)
        .args(["--threads", "2"]);
    command.arg("--to").arg(site.out(to));
    command
}

fn table(site: &Site, name: &str, rows: &[Row]) -> PathBuf {
    let path = site.path(name);
    write(&path, rows, Format::Parquet(100));
    path
}

/// The same with moments beside, the integer as seconds.
fn table_in_time(site: &Site, name: &str, rows: &[Row]) -> PathBuf {
    const EPOCH: i64 = 1_514_764_800;
    let batch = record_batch(rows);
    let moments = rows.iter().map(|row| row.k.map(|k| EPOCH + k));
    let moments: TimestampSecondArray = moments.collect();
    let mut columns: Vec<(String, ArrayRef)> = vec![("t".to_owned(), Arc::new(moments))];
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        columns.push((field.name().clone(), Arc::clone(column)));
    }
    let path = site.path(name);
    write_batch(&path, &RecordBatch::try_from_iter(columns).unwrap(), 100);
    path
}

/// Rows as plain arrays in a folder, the integer as seconds.
fn arrays(site: &Site, name: &str, rows: &[Row]) -> PathBuf {
    let folder = site.folder(name);
    let column = |name: &str, of: &dyn Fn(&Row) -> f64| {
        let values: Vec<f64> = rows.iter().map(of).collect();
        npy::write(&folder.join(format!("{name}.npy")), &values).unwrap();
    };
    column("lon", &|row| row.lon);
    column("lat", &|row| row.lat);
    column("t", &|row| row.k.unwrap() as f64);
    let h: Vec<f32> = rows.iter().map(|row| row.h.unwrap()).collect();
    npy::write(&folder.join("h.npy"), &h).unwrap();
    folder
}

/// The config that a command prints in place of its work, as a file.
fn printed(site: &Site, command: &mut Command) -> PathBuf {
    let path = site.path("printed.yaml");
    std::fs::write(&path, stdout(&succeed(command.arg("--print-config")))).unwrap();
    path
}

const STATS: [&str; 2] = ["--stats", "count,min,mean,var,median,q90"];
/// Ten minutes, and the rest of the photons that `points` has a second each.
const TIMES: [&str; 4] = [
    "--time",
    "dataset=t",
    "--time",
    "edges=['2018-01-01T00:02', '2018-01-01T00:12', '2018-01-01T00:20', 2018-02]",
];

#[test]
fn cells_have_the_bits_of_a_run_whatever_they_are_written_as() {
    let site = Site::new();
    let input = table(&site, "a.parquet", &points());
    let ask = |to: &str| {
        let mut command = aggregate(&site, &one(&input), to);
        command.args(STATS).args(["--order", "10"]);
        command
    };
    let config = printed(&site, &mut ask("none.parquet"));
    let mut run = site.run_to("run.zarr", &config, &one(&input));
    let (report, _) = json(
        run.arg("--json")
            .arg("--table")
            .arg(site.out("run.parquet")),
        0,
    );
    for name in ["a.parquet", "a.arrow", "a.csv", "a.zarr"] {
        let (found, _) = json(ask(name).arg("--json"), 0);
        assert_eq!(found["content_sha256"], report["content_sha256"], "{name}");
        assert_eq!(found["outputs"], report["outputs"], "{name}");
        assert_eq!(found["cells"], report["occupied_cells"], "{name}");
        assert_eq!(found["photons"]["kept"], 1500, "{name}");
        assert_eq!(found["cell_order"], 10);
    }
    let same = std::fs::read(site.out("a.parquet")).unwrap()
        == std::fs::read(site.out("run.parquet")).unwrap();
    assert!(
        same,
        "a table beside a store, and one without, have the same bytes"
    );
    succeed(
        icefold()
            .arg("verify")
            .args([site.out("a.zarr"), site.out("run.zarr")]),
    );
    let written = site.written();
    let files = ["a.arrow", "a.csv", "a.parquet", "a.run.json", "a.zarr"];
    assert!(
        files
            .iter()
            .all(|file| written.contains(&(*file).to_owned())),
        "{written:?}"
    );
    assert!(
        !written.contains(&"a.parquet.run.json".to_owned()),
        "{written:?}"
    );
}

/// Whether a field is the number, once it has the number's width.
fn same(field: &str, number: f64, width: impl Fn(f64) -> f64) -> bool {
    let read = width(field.parse().unwrap());
    read.to_bits() == number.to_bits() || read.is_nan() && number.is_nan()
}

#[test]
fn lines_read_back_as_the_values_that_they_are_of() {
    let site = Site::new();
    let mut rows = points();
    rows[0].h = Some(f32::NAN);
    rows[900].h = Some(f32::INFINITY);
    let input = table(&site, "a.parquet", &rows);
    let (found, _) = json(aggregate(&site, &one(&input), "a.csv").arg("--json"), 0);
    let text = std::fs::read_to_string(site.out("a.csv")).unwrap();
    assert!(
        text.starts_with("cell_ids,lon,lat,count,min,max,mean,var\n"),
        "{text}"
    );
    assert_eq!(
        text.lines().count() as u64,
        found["cells"].as_u64().unwrap() + 1
    );
    assert!(text.contains(",NaN") && text.contains(",inf"), "{text}");
    let total: u64 = text
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(3).unwrap().parse::<u64>().unwrap())
        .sum();
    assert_eq!(total, 1500);
    // Every number is that of the table, and back to its bits.
    json(aggregate(&site, &one(&input), "a.parquet").arg("--json"), 0);
    let file = std::fs::File::open(site.out("a.parquet")).unwrap();
    let batches = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let batches: Vec<_> = batches.build().unwrap().map(Result::unwrap).collect();
    let mut lines = text.lines().skip(1);
    for batch in &batches {
        for row in 0..batch.num_rows() {
            let fields: Vec<&str> = lines.next().unwrap().split(',').collect();
            for (column, field) in batch.columns().iter().zip(fields) {
                let same = match column.data_type() {
                    DataType::UInt64 => {
                        field.parse() == Ok(column.as_primitive::<UInt64Type>().value(row))
                    }
                    DataType::Int64 => {
                        field.parse() == Ok(column.as_primitive::<Int64Type>().value(row))
                    }
                    DataType::Float32 => same(
                        field,
                        column.as_primitive::<Float32Type>().value(row).into(),
                        |x| f64::from(x as f32),
                    ),
                    _ => same(
                        field,
                        column.as_primitive::<Float64Type>().value(row),
                        |x| x,
                    ),
                };
                assert!(same, "{field} in row {row}");
            }
        }
    }
    assert!(lines.next().is_none());
    // icefold reads them, too.
    let looked = stdout(&succeed(
        icefold().args(["inspect", "--json"]).arg(site.out("a.csv")),
    ));
    let looked: Value = serde_json::from_str(&looked).unwrap();
    assert!(looked.to_string().contains("\"mean\""), "{looked}");
}

#[test]
fn times_and_areas_are_those_of_a_run_and_arrays_give_what_tables_give() {
    // Of the second no value is a whole number of units, and each has its remainder in its cell and step.
    for scale in [1.0, 1e-6] {
        times_and_areas(scale);
    }
}

fn times_and_areas(scale: f32) {
    let site = Site::new();
    let mut rows = points();
    for row in &mut rows {
        row.h = row.h.map(|h| h * scale);
    }
    let input = table_in_time(&site, "a.parquet", &rows);
    let folder = arrays(&site, "arrays", &rows);
    let area = ["--region", "-46,70.01,-44,70.12"];
    let ask = |input: &Path, to: &str| {
        let mut command = aggregate(&site, &one(input), to);
        command.args(STATS).args(TIMES);
        command
    };
    let config = printed(&site, &mut ask(&input, "none.csv"));
    let mut run = site.run_to("run.zarr", &config, &one(&input));
    let (report, _) = json(run.args(area).arg("--json"), 0);
    for (input, to) in [
        (&input, "a.parquet"),
        (&input, "a.csv"),
        (&input, "a.zarr"),
        (&folder, "b.parquet"),
        (&folder, "b.csv"),
    ] {
        let (found, _) = json(ask(input, to).args(area).arg("--json"), 0);
        assert_eq!(found["content_sha256"], report["content_sha256"], "{to}");
        assert_eq!(
            found["photons"]["rejected_by"], report["photons"]["rejected_by"],
            "{to}"
        );
        assert_eq!(found["cells"], report["occupied_cells"], "{to}");
    }
    let text = |name: &str| std::fs::read_to_string(site.out(name)).unwrap();
    assert_eq!(text("a.csv"), text("b.csv"));
    assert!(
        text("a.csv").starts_with("cell_ids,time,lon,lat,count,"),
        "{}",
        text("a.csv")
    );
    assert!(
        text("a.csv").contains(",2018-01-01T00:12:00Z,"),
        "{}",
        text("a.csv")
    );
}

#[test]
fn photons_that_are_null_in_all_columns_are_counted_as_in_a_run() {
    let site = Site::new();
    let mut rows = points();
    rows[7].h = None;
    rows.iter_mut().skip(1000).for_each(|row| row.h = None);
    let input = table(&site, "a.parquet", &rows);
    let (found, _) = json(aggregate(&site, &one(&input), "a.csv").arg("--json"), 0);
    assert_eq!(found["photons"]["rejected_by"]["null"], 501);
    assert_eq!(found["photons"]["kept"], 999);
}

#[test]
fn the_same_table_twice_is_said_as_in_a_run() {
    let site = Site::new();
    let input = table(&site, "a.parquet", &points());
    let config = printed(&site, &mut aggregate(&site, &one(&input), "none.csv"));
    let run = site
        .run_to("run.zarr", &config, &[&input, &input])
        .output()
        .unwrap();
    let rows = aggregate(&site, &[&input, &input], "a.csv")
        .output()
        .unwrap();
    assert_eq!(run.status.code(), rows.status.code());
    assert_eq!(run.stderr, rows.stderr);
}

#[test]
fn nothing_is_written_over_and_what_cannot_be_honoured_is_refused() {
    let site = Site::new();
    let input = table(&site, "a.parquet", &points());
    let folder = arrays(&site, "arrays", &points());
    let ask = |to: &str| aggregate(&site, &one(&input), to);
    succeed(&mut ask("a.csv"));
    let before = std::fs::read(site.out("a.csv")).unwrap();
    refuse(
        &mut ask("a.csv"),
        2,
        &["CSV file", "a.csv exists; pass --overwrite"],
    );
    succeed(ask("a.csv").arg("--overwrite"));
    assert_eq!(std::fs::read(site.out("a.csv")).unwrap(), before);
    std::fs::write(site.out("theirs.csv"), "lon,lat\n1,2\n").unwrap();
    let says = ["theirs.csv", "no CSV file of icefold"];
    refuse(ask("theirs.csv").arg("--overwrite"), 2, &says);
    let says = ["--to", "use .zarr, .parquet, .csv, or .arrow"];
    refuse(&mut ask("a.xlsx"), 2, &says);
    refuse(ask("b.csv").args(["--values", "hh"]), 1, &["no column hh"]);
    refuse(ask("b.csv").args(["--time", "from=2019"]), 2, &["dataset"]);
    refuse(
        ask("b.csv").args(["--time", "form=2019", "--time", "dataset=k"]),
        2,
        &["unknown key 'form', did you mean 'from'"],
    );
    refuse(
        ask("b.csv").args(["--time", "2019"]),
        2,
        &["--time 2019 is not KEY=VALUE"],
    );
    refuse(
        ask("b.csv").args(["--time", "every=cycle"]),
        2,
        &["tables do not say"],
    );
    refuse(
        &mut aggregate(&site, &one(&folder), "b.zarr"),
        2,
        &["only tables do"],
    );
    refuse(
        &mut aggregate(&site, &[&folder, &input], "b.csv"),
        2,
        &["some inputs are arrays"],
    );
    refuse(
        &mut aggregate(&site, &[&folder, &folder], "b.csv"),
        2,
        &["is named twice; name it once"],
    );
    let mixed = arrays(&site, "mixed", &points());
    table(&site, "mixed/a.parquet", &points());
    refuse(
        &mut aggregate(&site, &one(&mixed), "b.csv"),
        2,
        &["has arrays, and the table", "name one or the other"],
    );
    refuse(
        ask("b.csv").args(["--values", "column_1,h h"]),
        2,
        &["columns column_1 and h h would both be called column_1"],
    );
    let says = ["nothing says what becomes of the cells", "--to"];
    refuse(icefold().arg("aggregate").arg(&input), 2, &says);
    let mut beside = icefold();
    beside
        .arg("aggregate")
        .arg(&input)
        .arg("--to")
        .arg(&input)
        .arg("--overwrite");
    refuse(&mut beside, 2, &["which this run reads"]);
    let written: Vec<String> = site
        .written()
        .into_iter()
        .filter(|name| Path::new(name).extension().is_none_or(|e| e != "lock"))
        .collect();
    assert_eq!(written, ["a.csv", "theirs.csv"]);
}

#[test]
fn where_no_photon_is_kept_it_is_said_and_the_code_is_3() {
    let site = Site::new();
    let input = table(&site, "a.parquet", &points());
    let folder = arrays(&site, "arrays", &points());
    for (input, to) in [(&input, "a.csv"), (&input, "a.zarr"), (&folder, "b.csv")] {
        let ask = || {
            let mut command = aggregate(&site, &one(input), to);
            command.args(["--region", "0,0,1,1", "--json", "--overwrite"]);
            command
        };
        let (found, said) = json(&mut ask(), 3);
        assert_eq!(
            (found["cells"].as_u64(), found["photons"]["kept"].as_u64()),
            (Some(0), Some(0)),
            "{to}"
        );
        assert!(said.contains("no photon was kept"), "{to}: {said}");
        json(ask().arg("--allow-empty"), 0);
    }
    let lines = std::fs::read_to_string(site.out("a.csv")).unwrap();
    assert_eq!(lines, "cell_ids,lon,lat,count,min,max,mean,var\n");
}
