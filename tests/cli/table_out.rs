//! `--table`: the cells of a run as a table beside the store.

use std::path::Path;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{Float32Type, SchemaRef, UInt64Type};
use arrow::ipc::reader::FileReader;
use arrow::record_batch::RecordBatch;
use icefold::store::StoreReader;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::granules::one;
use super::tables::{config, points};
use super::{Site, json, refuse};
use crate::support::tables::{Kind, hdf5_yaml, write, write_hdf5};
use crate::support::{icefold, stdout, succeed};

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
    write(&input, &points(), Kind::ArrowFile(100));
    let names = ["a.parquet", "b.arrow", "c.parquet"];
    for name in names {
        let mut command = site.run(&config, &one(&input));
        succeed(
            command
                .arg("--overwrite")
                .arg("--table")
                .arg(site.out(name)),
        );
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
    let (found, _) = json(
        icefold()
            .args(["inspect", "--json"])
            .arg(site.out("a.parquet")),
        0,
    );
    assert_eq!(
        (&found["format"], &found["rows"]),
        (&"Parquet".into(), &store.cells().into())
    );
    assert_eq!(found["columns"][0]["name"], "cell_ids");
    let text = stdout(&succeed(icefold().arg("inspect").arg(&input)));
    assert!(text.contains("1,500 rows in 15 record batches"), "{text}");
}

#[test]
fn a_table_that_exists_or_has_no_format_is_refused_before_the_work() {
    let site = Site::new();
    let config = config(&site);
    let input = site.path("a.parquet");
    write(&input, &points(), Kind::Parquet(100));
    let run = |table: &Path| {
        let mut command = site.run(&config, &one(&input));
        command.arg("--table").arg(table);
        command
    };
    std::fs::write(site.out("t.parquet"), "thesis").unwrap();
    let says = ["t.parquet exists; pass --overwrite to replace it"];
    refuse(&mut run(&site.out("t.parquet")), 2, &says);
    refuse(
        &mut run(&site.out("t.csv")),
        2,
        &["use .parquet, or .arrow for Arrow IPC"],
    );
    refuse(&mut run(&site.path("out")), 2, &["the extension tells"]);
    assert_eq!(site.written(), ["t.parquet"]);
    // A flag does not make somebody's file a table of icefold's.
    let says = ["t.parquet: a file is there that is no table of icefold"];
    refuse(run(&site.out("t.parquet")).arg("--overwrite"), 2, &says);
    assert_eq!(std::fs::read(site.out("t.parquet")).unwrap(), b"thesis");
    std::fs::remove_file(site.out("t.parquet")).unwrap();
    succeed(&mut run(&site.out("t.parquet")));
    succeed(run(&site.out("t.parquet")).arg("--overwrite"));
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
    write(&input, &spoiled, Kind::Parquet(100));
    let mut command = site.run(&config, &one(&input));
    refuse(
        command.arg("--table").arg(site.out("t.arrow")),
        1,
        &["out of range"],
    );
    assert!(site.written().is_empty());
    let hdf5 = site.path("hdf5.yaml");
    std::fs::write(&hdf5, hdf5_yaml()).unwrap();
    let granule = site.path("a.h5");
    write_hdf5(&granule, &points());
    let mut command = site.run(&hdf5, &one(&granule));
    succeed(command.arg("--table").arg(site.out("t.arrow")));
    assert_eq!(site.written(), ["a.run.json", "a.zarr", "t.arrow"]);
}
