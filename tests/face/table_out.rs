//! The cells of a run as a table beside the store.

use std::path::Path;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{Float32Type, SchemaRef, UInt64Type};
use arrow::ipc::reader::FileReader;
use arrow::record_batch::RecordBatch;
use icefold::error::Kind;
use icefold::store::StoreReader;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::from_code::{done, looked, refused, shown};
use crate::support::granules::one;
use crate::support::site::Site;
use crate::support::tables::{Format, config, hdf5_yaml, points, write, write_hdf5};

/// The cells of a table that was written.
fn cells(path: &Path) -> (SchemaRef, RecordBatch) {
    let file = std::fs::File::open(path).unwrap();
    let (schema, batches): (SchemaRef, Vec<RecordBatch>) = if path.extension().unwrap() == "parquet"
    {
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let schema = Arc::clone(builder.schema());
        let reader = builder.build().unwrap();
        (schema, reader.map(Result::unwrap).collect())
    } else {
        let reader = FileReader::try_new(file, None).unwrap();
        (reader.schema(), reader.map(Result::unwrap).collect())
    };
    let rows = arrow::compute::concat_batches(&batches[0].schema(), &batches).unwrap();
    (schema, rows)
}

#[test]
fn a_table_has_the_cells_and_attributes_of_the_store() {
    let site = Site::new();
    let config = config(&site);
    let input = site.path("a.arrow");
    write(&input, &points(), Format::ArrowFile(100));
    let names = ["a.parquet", "b.arrow", "c.parquet"];
    for name in names {
        let command = site.code(&config, &one(&input));
        done(command.overwrite(true).table(site.out(name)));
    }
    let bytes = |name: &str| std::fs::read(site.out(name)).unwrap();
    assert_eq!(bytes("a.parquet"), bytes("c.parquet"));
    let store = StoreReader::open(site.out("a.zarr")).unwrap();
    for name in &names[..2] {
        let (schema, rows) = cells(&site.out(name));
        let ids = rows.column(0).as_primitive::<UInt64Type>().values();
        assert_eq!(&ids[..], store.cell_ids().unwrap());
        let h_min = rows
            .column_by_name("h_min")
            .unwrap()
            .as_primitive::<Float32Type>();
        let h_min: Vec<f64> = h_min.values().iter().map(|&x| x.into()).collect();
        assert_eq!(h_min, store.read("h_min").unwrap().as_f64());
        let bins = rows.column_by_name("bins").unwrap().as_fixed_size_list();
        assert_eq!(bins.value_length(), 3);
        assert_eq!(schema.metadata()["latitude"], "authalic-wgs84");
        let dggs: serde_json::Value = serde_json::from_str(&schema.metadata()["dggs"]).unwrap();
        assert_eq!(
            (&dggs["name"], &dggs["refinement_level"]),
            (&"healpix".into(), &12.into())
        );
        let field = schema.field_with_name("h_mean").unwrap();
        assert_eq!(field.metadata()["statistic"], "nanmean");
        assert_eq!(field.metadata()["resolution"], "2^-34");
        assert!(!field.metadata().contains_key("grid_mapping"));
    }
    let found = looked(site.out("a.parquet"));
    assert_eq!(
        (&found["format"], &found["rows"]),
        (&"Parquet".into(), &store.cells().into())
    );
    assert_eq!(found["columns"][0]["name"], "cell_ids");
    let text = shown(&input);
    assert!(text.contains("1,500 rows in 15 record batches"), "{text}");
}

#[test]
fn a_table_that_exists_or_has_no_format_is_refused_before_the_work() {
    let site = Site::new();
    let config = config(&site);
    let input = site.path("a.parquet");
    write(&input, &points(), Format::Parquet(100));
    let run = |table: &Path| {
        let run = site.code(&config, &one(&input));
        run.table(table)
    };
    std::fs::write(site.out("t.parquet"), "thesis").unwrap();
    let says = ["t.parquet exists; set overwrite to replace it"];
    refused(run(&site.out("t.parquet")).execute(), Kind::Argument, &says);
    refused(
        run(&site.out("t.csv")).execute(),
        Kind::Argument,
        &["use .parquet, or .arrow for Arrow IPC"],
    );
    refused(
        run(&site.path("out")).execute(),
        Kind::Argument,
        &["the extension tells"],
    );
    assert_eq!(site.written(), ["t.parquet"]);
    // A flag does not make somebody's file a table of icefold's.
    let says = ["t.parquet: a file is there that is no table of icefold"];
    refused(
        run(&site.out("t.parquet")).overwrite(true).execute(),
        Kind::Argument,
        &says,
    );
    assert_eq!(std::fs::read(site.out("t.parquet")).unwrap(), b"thesis");
    std::fs::remove_file(site.out("t.parquet")).unwrap();
    done(run(&site.out("t.parquet")));
    done(run(&site.out("t.parquet")).overwrite(true));
    assert_eq!(cells(&site.out("t.parquet")).1.num_columns(), 12);
    assert_eq!(site.written(), ["a.run.json", "a.zarr", "t.parquet"]);
}

#[test]
fn a_run_that_fails_leaves_no_table() {
    let site = Site::new();
    let config = config(&site);
    let mut spoiled = points();
    spoiled[3].h = Some(1e9);
    let input = site.path("a.parquet");
    write(&input, &spoiled, Format::Parquet(100));
    let command = site.code(&config, &one(&input));
    refused(
        command.table(site.out("t.arrow")).execute(),
        Kind::Granule,
        &["out of range"],
    );
    assert!(site.written().is_empty());
    let hdf5 = site.path("hdf5.yaml");
    std::fs::write(&hdf5, hdf5_yaml()).unwrap();
    let granule = site.path("a.h5");
    write_hdf5(&granule, &points());
    let command = site.code(&hdf5, &one(&granule));
    done(command.table(site.out("t.arrow")));
    assert_eq!(site.written(), ["a.run.json", "a.zarr", "t.arrow"]);
}
