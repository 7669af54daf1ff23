//! Tables in place of granules: what is read, and what is refused.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float32Array, Float64Array, Int32Array, UInt64Array};
use arrow::record_batch::RecordBatch;
use icefold::error::Kind;
use icefold::store::StoreReader;

use super::from_code::{done, partly, refused, surveyed};
use crate::support::granules::one;
use crate::support::site::Site;
use crate::support::tables::{
    Format, config, points, record_batch, table_yaml, with_metadata, write, write_batch, write_hdf5,
};

/// A table of some columns in place of those of [`points`].
fn table_with(site: &Site, name: &str, columns: &[(&str, ArrayRef)]) -> PathBuf {
    let batch = record_batch(&points()[..3]);
    let kept = batch
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect::<Vec<_>>();
    let replaced = |name: &String| !columns.iter().any(|(n, _)| n == name);
    let kept = kept.into_iter().filter(replaced);
    let kept = kept.map(|name| {
        let column = Arc::clone(batch.column_by_name(&name).unwrap());
        (name, column)
    });
    let columns = columns
        .iter()
        .map(|(name, column)| ((*name).to_owned(), Arc::clone(column)));
    let path = site.path(name);
    let batch = RecordBatch::try_from_iter(kept.chain(columns)).unwrap();
    write_batch(&path, &batch, 100);
    path
}

#[test]
fn a_folder_of_tables_is_read_and_other_files_are_not() {
    let site = Site::new();
    let config = config(&site);
    let folder = site.path("tables");
    std::fs::create_dir(&folder).unwrap();
    let rows = points();
    write(
        &folder.join("a.parquet"),
        &rows[..500],
        Format::Parquet(100),
    );
    write(
        &folder.join("b.arrow"),
        &rows[500..900],
        Format::ArrowFile(100),
    );
    write(
        &folder.join("c.arrows"),
        &rows[900..],
        Format::ArrowStream(100),
    );
    std::fs::write(folder.join("d.h5"), "no table").unwrap();
    let (report, warnings) = done(site.code(&config, &[&folder]));
    let note = format!(
        "note: not read: {} is neither Parquet nor Arrow IPC",
        folder.join("d.h5").display()
    );
    assert_eq!(warnings, note);
    let skipped = &report["granules"]["skipped"];
    assert_eq!(skipped[0]["reason"], "is neither Parquet nor Arrow IPC");
    let done = report["granules"]["done"].as_array().unwrap();
    let names: Vec<&str> = done.iter().map(|g| g["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a.parquet", "b.arrow", "c.arrows"]);
    assert_eq!(report["photons"]["kept"], 1500);
    std::fs::remove_file(folder.join("a.parquet")).unwrap();
    std::fs::remove_file(folder.join("b.arrow")).unwrap();
    std::fs::remove_file(folder.join("c.arrows")).unwrap();
    let command = site.code_to("b.zarr", &config, &[&folder]);
    refused(
        command.execute(),
        Kind::Argument,
        &["holds no granule (*.parquet, "],
    );
}

#[test]
fn what_a_table_lacks_or_cannot_be_is_refused_by_name() {
    let site = Site::new();
    let config = config(&site);
    let floats = || -> ArrayRef { Arc::new(Float64Array::from(vec![1.5, 2.5, 3.5])) };
    let texts: ArrayRef = Arc::new(arrow::array::StringArray::from(vec!["a", "b", "c"]));
    let whole: ArrayRef = Arc::new(Int32Array::from(vec![70, 71, 72]));
    let large: ArrayRef = Arc::new(UInt64Array::from(vec![1, u64::MAX, 2]));
    let text = site.path("text.parquet");
    std::fs::write(&text, "a,b,c\n1,2,3\n").unwrap();
    let short = site.path("short.parquet");
    write(&short, &points(), Format::Parquet(100));
    let bytes = std::fs::read(&short).unwrap();
    std::fs::write(&short, &bytes[..bytes.len() / 2]).unwrap();
    let hdf5 = site.path("a.h5");
    write_hdf5(&hdf5, &points());
    let misnamed = site.path("misnamed.yaml");
    std::fs::write(&misnamed, table_yaml().replace("{h: h,", "{h: hh,")).unwrap();
    let missing = table_with(&site, "missing.parquet", &[]);
    for (config, table, says) in [
        (
            &misnamed,
            &missing,
            &["missing.parquet: has no column hh, the nearest of its 6 columns is h;"][..],
        ),
        (
            &config,
            &table_with(&site, "text_h.parquet", &[("h", texts)]),
            &["column h is Utf8, and a number is needed"],
        ),
        (
            &config,
            &table_with(&site, "whole.parquet", &[("lat", whole)]),
            &["column lat is int32, and coordinates are"],
        ),
        (
            &config,
            &table_with(&site, "large.parquet", &[("k", large)]),
            &["column k row 1 is 18446744073709551615, above"],
        ),
        (&config, &text, &["text.parquet: is not a table"]),
        (
            &config,
            &short,
            &["short.parquet: cannot open it as Parquet"],
        ),
        (&config, &hdf5, &["a.h5: is HDF5, and tables are asked for"]),
    ] {
        refused(
            site.code(config, &one(table)).execute(),
            Kind::Granule,
            says,
        );
        assert!(site.written().is_empty());
    }
    // Both sides of a drift that no type holds.
    let mixed = table_with(&site, "mixed.parquet", &[("k", floats())]);
    let says = [
        "mixed.parquet: column k is float64 in granule mixed.parquet, int64 in granule missing.parquet",
    ];
    refused(
        site.code(&config, &[&mixed, &missing]).execute(),
        Kind::Granule,
        &says,
    );
    let says = [
        "missing.parquet: is a table, and config atl06 reads HDF5",
        "reader: table",
    ];
    refused(
        site.code("atl06", &one(&missing)).execute(),
        Kind::Granule,
        &says,
    );
}

#[test]
fn promoted_widths_and_added_columns_are_reported_and_no_reason_to_stop() {
    let site = Site::new();
    let config = config(&site);
    let narrow = site.path("a.parquet");
    write(&narrow, &points()[..3], Format::Parquet(100));
    let wide: ArrayRef = Arc::new(Float64Array::from(vec![0.1, 0.2, 0.3]));
    let short: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3]));
    let lon: ArrayRef = Arc::new(Float32Array::from(vec![-45.0, -45.0, -45.0]));
    let columns = vec![
        ("h", Arc::clone(&wide)),
        ("k", short),
        ("lon", lon),
        ("added", wide),
    ];
    let wide = table_with(&site, "b.parquet", &columns);
    let survey = surveyed(site.code(&config, &[&narrow, &wide]));
    let dtype = |i: usize| survey.columns[i].dtype.name();
    assert_eq!((dtype(0), dtype(1)), ("float64", "int64"));
    let (report, warnings) = done(site.code(&config, &[&narrow, &wide]));
    assert_eq!(report["photons"]["kept"], 6);
    assert!(
        warnings.contains("granule a.parquet: column h is float32 and read as float64"),
        "{warnings}"
    );
    let drift = report["drift"].as_array().unwrap();
    let says = [
        "granule b.parquet: has added, which granule a.parquet has not; not read",
        "granule b.parquet: column h is Float64, in granule a.parquet Float32; read in the wider type",
        "granule b.parquet: column k is Int32, in granule a.parquet Int64; read in the wider type",
        "granule b.parquet: column lon is Float32, in granule a.parquet Float64; read in the wider type",
    ];
    assert_eq!(drift, &says);
    for says in says {
        assert!(warnings.contains(&format!("note: {says}")), "{warnings}");
    }
}

#[test]
fn units_and_rows_in_messages_are_the_tables() {
    let site = Site::new();
    let config = config(&site);
    let mut rows = points();
    rows[1234].h = Some(1e9);
    let batch = with_metadata(
        &record_batch(&rows),
        "h",
        &[("units", "metres"), ("long_name", "height")],
    );
    let table = site.path("a.parquet");
    write_batch(&table, &batch, 700);
    let says = ["granule a.parquet: h row 1234: 1000000000 is out of range"];
    refused(
        site.code(&config, &one(&table)).execute(),
        Kind::Granule,
        &says,
    );
    let (report, _) = partly(site.code(&config, &one(&table)).tolerant(true));
    assert_eq!(report["rejected_rows"]["first"][0]["row"], 1234);
    let store = StoreReader::open(site.out("a.zarr")).unwrap();
    let attributes = store.read("h_mean").unwrap().info.attributes;
    assert_eq!(attributes["units"], "metres");
    assert_eq!(attributes["long_name"], "nanmean of height");
}

#[test]
fn nulls_can_be_an_error_and_a_null_passes_no_filter() {
    let site = Site::new();
    let config = config(&site);
    let flags: ArrayRef = Arc::new(arrow::array::Int8Array::from(vec![Some(0), None, Some(1)]));
    let table = table_with(&site, "a.parquet", &[("flag", flags)]);
    let (report, _) = done(site.code(&config, &one(&table)));
    assert_eq!(report["photons"]["rejected_by"]["filter: flag ne 1"], 2);
    let mut rows = points();
    rows[40].k = None;
    let table = site.path("b.parquet");
    write(&table, &rows, Format::Parquet(7));
    let reject = site.path("reject.yaml");
    std::fs::write(
        &reject,
        table_yaml().replace("output:\n", "output:\n  nulls: reject\n"),
    )
    .unwrap();
    let says = ["b.parquet: column k row 40 is null and the config says `nulls: reject`"];
    refused(
        site.code_to("b.zarr", &reject, &one(&table)).execute(),
        Kind::Granule,
        &says,
    );
}

#[test]
fn a_config_for_tables_has_columns_and_no_ground_tracks() {
    let site = Site::new();
    for (from, to, says) in [
        (
            "  reader: table\n",
            "  reader: table\n  groups: [gt1l]\n",
            "data_source.groups: is not for tables",
        ),
        ("  reader: table\n", "", "key 'groups' is missing"),
        (
            "op: ne",
            "column: 0, op: ne",
            "filters[0].column: is not for tables",
        ),
        (
            "{h: h,",
            "{h: \"/{group}/h\",",
            "is not the name of a table's column",
        ),
    ] {
        let path = site.path("changed.yaml");
        std::fs::write(&path, table_yaml().replacen(from, to, 1)).unwrap();
        let loaded = icefold::config::load(path.to_str().unwrap());
        refused(loaded, Kind::Config, &[says]);
    }
    let config = icefold::config::load(config(&site).to_str().unwrap()).unwrap();
    let text = icefold::config::explain(&config, &[]);
    assert!(
        text.contains("data_source.reader") && !text.contains("data_source.groups"),
        "{text}"
    );
}
