//! Comma-separated values as tables.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array};
use arrow::record_batch::RecordBatch;
use icefold::error::Kind;
use icefold::inspect::{Look, inspect};

use super::from_code::{done, refused};
use crate::support::Site;
use crate::support::granules::one;
use crate::support::tables::{Row, config, points, record_batch, table_yaml, write_batch};

/// The rows as Parquet whose heights are float64, as those of CSV are.
fn parquet(site: &Site, rows: &[Row]) -> PathBuf {
    let batch = record_batch(rows);
    let names: Vec<String> = batch
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    let heights: Float64Array = rows.iter().map(|row| row.h.map(f64::from)).collect();
    let columns = names.into_iter().filter(|name| name != "h").map(|name| {
        let column = Arc::clone(batch.column_by_name(&name).unwrap());
        (name, column)
    });
    let heights: ArrayRef = Arc::new(heights);
    let columns = columns.chain([("h".to_owned(), heights)]);
    let path = site.path("same.parquet");
    write_batch(&path, &RecordBatch::try_from_iter(columns).unwrap(), 300);
    path
}

fn shown<T: std::fmt::Debug>(value: Option<T>, null: &str) -> String {
    value.map_or(null.to_owned(), |value| format!("{value:?}"))
}

fn write(site: &Site, name: &str, text: &str) -> PathBuf {
    let path = site.path(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn comma_separated_values_give_the_bits_of_parquet() {
    let site = Site::new();
    let mut rows = points();
    for row in rows.iter_mut().step_by(13) {
        row.h = None;
    }
    for row in rows.iter_mut().step_by(17) {
        row.k = None;
    }
    rows[5].lat = f64::NAN;
    rows[6].flag = 1;
    let mut text = "\u{feff}\"lon\", lat ,h,\"k\",flag,note\r\n".to_owned();
    for (i, row) in rows.iter().enumerate() {
        let null = ["", "NA", "null", "\"\""][i % 4];
        let h = shown(row.h.map(f64::from), null);
        let k = row.k.map_or(null.to_owned(), |k| format!("\"{k}\""));
        let end = if i % 2 == 0 { "\n" } else { "\r\n" };
        let (lon, lat, flag) = (row.lon, row.lat, row.flag);
        text.push_str(&format!(
            "{lon}, {lat:?} ,{h},{k},{flag},\"a, \"\"b\"\"\"{end}"
        ));
        if i == 100 {
            text.push('\n');
        }
    }
    let csv = write(&site, "rows.csv", text.trim_end());
    let (same, _) = done(site.code_to("a.zarr", config(&site), &one(&parquet(&site, &rows))));
    let (found, _) = done(
        site.code_to("b.zarr", config(&site), &one(&csv))
            .batch_rows(101),
    );
    assert_eq!(found["photons"], same["photons"]);
    assert_eq!(found["content_sha256"], same["content_sha256"]);
    let looked = inspect(&csv, Look::default()).unwrap().to_string();
    assert!(
        looked.contains("CSV") && looked.contains("1,500 rows\n"),
        "{looked}"
    );
    assert!(
        looked.contains("note  Utf8") && looked.contains("k     Int64"),
        "{looked}"
    );
}

#[test]
fn times_and_truths_of_csv_are_numbers() {
    let site = Site::new();
    let mut text = "lon,lat,h,k,flag,t\n".to_owned();
    for day in 1..=30 {
        text.push_str(&format!(
            "-45,70.{day:03},1.5,{day},false,2019-06-{day:02}T12:00:00Z\n"
        ));
    }
    let csv = write(&site, "times.csv", &text);
    let time = "\ntime: {from: 2019-06-11, to: 2019-06-20, dataset: t}\noutput:\n";
    let config = write(&site, "t.yaml", &table_yaml().replace("\noutput:\n", time));
    let (report, _) = done(site.code(&config, &one(&csv)));
    assert_eq!(report["photons"]["kept"], 10);
}

#[test]
fn booleans_are_compared_with_true_and_false() {
    let site = Site::new();
    let mut text = "lon,lat,h,k,flag\n".to_owned();
    for row in 0..30 {
        let flag = if row % 3 == 0 { "true" } else { "false" };
        text.push_str(&format!("-45,70.{row:03},1.5,{row},{flag}\n"));
    }
    let csv = write(&site, "flags.csv", &text);
    for (filter, kept) in [
        ("{dataset: flag, op: eq, value: true}", 10),
        ("{dataset: flag, op: ne, value: true}", 20),
        ("{dataset: flag, op: in, values: [false]}", 20),
        ("{dataset: flag, op: eq, value: 1}", 10),
    ] {
        let text = table_yaml().replace("{dataset: flag, op: ne, value: 1}", filter);
        let config = write(&site, "t.yaml", &text);
        let (report, _) = done(site.code(&config, &one(&csv)).overwrite(true));
        assert_eq!(report["photons"]["kept"], kept, "{filter}");
    }
}

#[test]
fn what_is_wrong_with_csv_is_told_by_row_and_column() {
    let site = Site::new();
    let config = config(&site);
    let head = "lon,lat,h,k,flag\n";
    let good = "-45.5,70.5,1.5,2,0\n";
    let long = format!("{head}{good}-45.5,70.5,{},2,0\n", "1".repeat(1 << 20));
    for (text, says) in [
        (
            String::new(),
            "it has no line; the first one names the columns",
        ),
        (
            format!("lon;lat;h;k;flag\n{}", good.replace(',', ";")),
            "has no column h, the nearest of its 1 columns is lon;lat;h;k;flag",
        ),
        (
            format!("{head}{good}-45.5,70.5,1.5,2\n"),
            "row 1 has 4 fields, and the first line names 5 columns",
        ),
        (
            format!("{head}{good}{good}-45.5,70.5,high,2,0\n"),
            "column h is Utf8, as 'high' in row 2 fits no other type",
        ),
        (
            format!("{head}{good}\"-45.5\n\",70.5,1.5,2,0\n"),
            "row 1 ends within quotes",
        ),
        (
            format!("{head}{good}-45.5,70.5,1.5,2,0\r{good}"),
            "row 1 has a carriage return without a line feed",
        ),
        (
            format!("{head}{good}").replace('\n', "\r"),
            "its first line has a carriage return without a line feed",
        ),
        (
            format!("{head}{good}-45.5,70.5,\"1\"2,2,0\n"),
            "row 1 has more behind the quotes of field 2",
        ),
        (long, "row 1 has more than 1048576 bytes"),
        (
            format!("lon,lat,h,h,k,flag\n{}", good.replace("1.5,", "1.5,2.5,")),
            "has several columns named h",
        ),
    ] {
        let csv = write(&site, "bad.csv", &text);
        let run = site.code(&config, &one(&csv));
        refused(run.execute(), Kind::Granule, &["bad.csv: ", says]);
    }
    let csv = write(&site, "a.csv", &format!("{head}{good}"));
    let says = ["a.csv: is a table, and config atl06 reads HDF5"];
    refused(
        site.code("atl06", &one(&csv)).execute(),
        Kind::Granule,
        &says,
    );
}

#[test]
fn csv_in_a_folder_is_passed_over_by_name() {
    let site = Site::new();
    let folder = site.folder("tables");
    write_batch(&folder.join("a.parquet"), &record_batch(&points()), 300);
    std::fs::write(folder.join("b.csv"), "x,y\n1,2\n").unwrap();
    let (report, message) = done(site.code(config(&site), &[folder.as_path()] as &[&Path]));
    assert_eq!(report["photons"]["read"], 1500);
    assert!(
        message.contains("b.csv is CSV, of which nothing tells that it holds photons"),
        "{message}"
    );
}

/// A config for the columns of these tests, with types of some and another filter.
fn typed(site: &Site, types: &str, filter: &str) -> PathBuf {
    let text = table_yaml().replace("{dataset: flag, op: ne, value: 1}", filter);
    let text = text.replace(
        "  reader: table\n",
        &format!("  reader: table\n  types: {types}\n"),
    );
    write(site, "typed.yaml", &text)
}

#[test]
fn columns_of_csv_have_the_types_that_the_config_says() {
    let site = Site::new();
    let head = "lon,lat,h,k,flag,class\n";
    let rows = |h: &str| format!("{head}-45.5,70.5,{h},2,0,1\n-45.5,70.5,{h},3,0,10\n");
    let a = write(&site, "a.csv", &rows("1"));
    let b = write(&site, "b.csv", &rows("2.5"));
    let both = [a.as_path(), b.as_path()];
    let keep_all = "{dataset: flag, op: ne, value: 1}";
    let says = ["column h"];
    let untyped = site.code(typed(&site, "{k: int64}", keep_all), &both);
    refused(untyped.execute(), Kind::Granule, &says);
    let run = site.code(typed(&site, "{h: float64}", keep_all), &both);
    let (report, _) = done(run.overwrite(true));
    assert_eq!(report["photons"]["kept"], 4);
    // Whatever it looks like.
    let run = site.code(
        typed(
            &site,
            "{class: text}",
            "{dataset: class, op: eq, value: '1'}",
        ),
        &one(&a),
    );
    let (report, _) = done(run.overwrite(true));
    assert_eq!(report["photons"]["kept"], 1);
    for (types, says) in [
        (
            "{h: int64}",
            "b.csv: column h has '2.5' in row 0, and data_source.types says int64",
        ),
        (
            "{h: time}",
            "b.csv: column h has '2.5' in row 0, and data_source.types says time",
        ),
        (
            "{k: boolean}",
            "b.csv: column k has whole numbers, and data_source.types says boolean",
        ),
    ] {
        let run = site.code(typed(&site, types, keep_all), &one(&b));
        refused(run.overwrite(true).execute(), Kind::Granule, &[says]);
    }
    let same = site.path("same.parquet");
    write_batch(&same, &record_batch(&points()), 300);
    let run = site.code(typed(&site, "{h: float64}", keep_all), &one(&same));
    let says = ["same.parquet: is a table in Parquet, which has types of its own"];
    refused(run.overwrite(true).execute(), Kind::Granule, &says);
    let hash = |types: &str| {
        let path = typed(&site, types, keep_all);
        icefold::config::load(path.to_str().unwrap())
            .unwrap()
            .sha256
    };
    assert_ne!(hash("{h: float64}"), hash("{h: text}"));
    assert_eq!(
        hash("{h: float64, k: int64}"),
        hash("{k: int64, h: float64}")
    );
    let unknown = typed(&site, "{h: float32}", keep_all);
    let says = ["data_source.types.h: unknown value 'float32', did you mean 'float64'"];
    refused(
        icefold::config::load(unknown.to_str().unwrap()),
        Kind::Config,
        &says,
    );
}

#[test]
fn text_in_csv_is_compared_by_filters() {
    let site = Site::new();
    let mut text = "lon,lat,h,k,flag,surface\n".to_owned();
    for row in 0..90 {
        let surface = ["land", "\"sea, ice\"", "NA"][row % 3];
        text.push_str(&format!("-45.5,70.5,1.5,{row},0,{surface}\n"));
    }
    let csv = write(&site, "words.csv", &text);
    let kept = |filter: &str| {
        let config = table_yaml().replace("{dataset: flag, op: ne, value: 1}", filter);
        let config = write(&site, "words.yaml", &config);
        let run = site.code(config, &one(&csv)).overwrite(true);
        done(run.batch_rows(7)).0["photons"]["kept"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(kept("{dataset: surface, op: eq, value: 'sea, ice'}"), 30);
    // A null passes no filter.
    assert_eq!(kept("{dataset: surface, op: ne, value: land}"), 30);
    assert_eq!(
        kept("{dataset: surface, op: in, values: [land, 'sea, ice']}"),
        60
    );
}
