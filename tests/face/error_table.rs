//! The error table beside the store of a tolerant run.

use std::path::Path;

use arrow::array::{Array, AsArray};
use arrow::datatypes::UInt64Type;
use arrow::record_batch::RecordBatch;
use icefold::error::Kind;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use super::from_code::{done, looked, partly, refused, shown};
use crate::support::granules::{Heights, one};
use crate::support::site::Site;

fn read(path: &Path) -> RecordBatch {
    let file = std::fs::File::open(path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    arrow::compute::concat_batches(&batches[0].schema(), &batches).unwrap()
}

/// The texts of a column, with "-" for null.
fn texts(rows: &RecordBatch, name: &str) -> Vec<String> {
    let column = rows.column_by_name(name).unwrap().as_string::<i32>();
    column
        .iter()
        .map(|text| text.unwrap_or("-").to_owned())
        .collect()
}

/// Heights of which every photon from `first` on is out of range.
fn spoiled(lon: f64, photons: usize, first: usize) -> Heights {
    let mut heights = Heights::along(lon, photons);
    heights.h[first..].fill(1e9);
    heights
}

#[test]
fn every_row_and_granule_that_is_left_out_is_listed() {
    let site = Site::new();
    // More rows than wait in memory.
    let many = site.granule("many.h5", &[("gt2l", spoiled(-45.0, 10_500, 500))]);
    let few = site.granule("few.h5", &[("gt1r", spoiled(-30.0, 100, 98))]);
    let text = site.text("text.h5");
    // Rows of a granule that fails do not count.
    let half = site.damaged("half.h5");
    let granules = [&*many, &*text, &*half, &*few];
    let command = site.code("atl03", &granules);
    let (report, message) = partly(command.tolerant(true).batch_rows(1000));
    assert!(message.contains("the error table lists them"), "{message}");
    let errors = &report["errors"];
    assert_eq!(errors["count"], 10_004);
    assert_eq!(errors["by_code"]["out_of_range"], 10_002);
    assert_eq!(errors["by_code"]["granule_failed"], 2);
    assert!(
        errors["table"]
            .as_str()
            .unwrap()
            .ends_with("a.errors.parquet")
    );
    assert_eq!(report["rejected_rows"]["count"], 10_002);
    assert_eq!(site.written(), ["a.errors.parquet", "a.run.json", "a.zarr"]);

    let rows = read(&site.out("a.errors.parquet"));
    let schema = rows.schema();
    let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    let expected = [
        "row_id",
        "granule",
        "ground_track",
        "stage",
        "error_code",
        "column",
        "detail",
    ];
    assert_eq!(names, expected);
    assert_eq!(rows.num_rows(), 10_004);
    let ids = rows.column(0).as_primitive::<UInt64Type>();
    let (granules, tracks) = (texts(&rows, "granule"), texts(&rows, "ground_track"));
    assert_eq!((granules[0].as_str(), tracks[0].as_str()), ("text.h5", "-"));
    assert!(ids.is_null(0) && texts(&rows, "detail")[0].contains("is not HDF5"));
    let of = |name: &str| -> Vec<u64> {
        let ids = ids.iter().zip(&granules);
        ids.filter(|(_, granule)| *granule == name)
            .filter_map(|(id, _)| id)
            .collect()
    };
    assert_eq!(of("many.h5"), (500..10_500).collect::<Vec<u64>>());
    assert_eq!(of("few.h5"), [98, 99]);
    assert!(of("half.h5").is_empty());
    let last = rows.num_rows() - 1;
    assert_eq!(
        (granules[last].as_str(), tracks[last].as_str()),
        ("few.h5", "gt1r")
    );
    assert_eq!(texts(&rows, "column")[last], "h_ph");
    assert_eq!(texts(&rows, "error_code")[last], "out_of_range");
    assert!(texts(&rows, "detail")[last].starts_with("1000000000 is out of range +-"));
    let stages = texts(&rows, "stage");
    assert!(stages[0] == "survey" && stages[last] == "fold" && stages.contains(&"read".to_owned()));
    is_inspected(&site, &errors["by_code"]);
}

/// The table of the test above, for people and programs.
fn is_inspected(site: &Site, by_code: &Value) {
    let text = shown(site.out("a.errors.parquet"));
    for part in [
        "10,004 rows",
        "an error table: what a tolerant run left out, by error_code",
        "10,002  out_of_range",
        "by granule",
        "10,000  many.h5",
        "10,002  h_ph",
    ] {
        assert!(text.contains(part), "no {part}: {text}");
    }
    let found = looked(site.out("a.errors.parquet"));
    assert_eq!(found["left_out"]["by_error_code"], *by_code);
    let stages = serde_json::json!({"fold": 10_002, "read": 1, "survey": 1});
    assert_eq!(found["left_out"]["by_stage"], stages);
}

#[test]
fn there_is_no_error_table_of_nothing_and_a_stale_one_goes_when_asked() {
    let site = Site::new();
    let (good, bad) = (site.good("a.h5", -45.0), site.text("bad.h5"));
    let (report, _) = done(site.code("atl03", &one(&good)).tolerant(true));
    assert_eq!(
        report["errors"],
        serde_json::json!({"table": null, "count": 0, "by_code": {}})
    );
    assert_eq!(site.written(), ["a.run.json", "a.zarr"]);
    partly(
        site.code("atl03", &[&good, &bad])
            .tolerant(true)
            .overwrite(true),
    );
    assert_eq!(site.written(), ["a.errors.parquet", "a.run.json", "a.zarr"]);
    // A strict run that fails leaves all as it is, one that succeeds replaces all.
    refused(
        site.code("atl03", &one(&bad)).overwrite(true).execute(),
        Kind::Granule,
        &["bad.h5"],
    );
    assert_eq!(site.written(), ["a.errors.parquet", "a.run.json", "a.zarr"]);
    done(site.code("atl03", &one(&good)).overwrite(true));
    assert_eq!(site.written(), ["a.run.json", "a.zarr"]);
}

#[test]
fn an_error_table_without_its_store_is_not_replaced_unasked() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    std::fs::write(site.out("a.errors.parquet"), "of another run").unwrap();
    let says = ["a.errors.parquet exists; set overwrite to replace it"];
    refused(
        site.code("atl03", &one(&good)).execute(),
        Kind::Argument,
        &says,
    );
    let says = ["a.errors.parquet: a file is there that is no error table of icefold"];
    refused(
        site.code("atl03", &one(&good)).overwrite(true).execute(),
        Kind::Argument,
        &says,
    );
    assert_eq!(site.written(), ["a.errors.parquet"]);
}
