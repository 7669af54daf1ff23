//! The cells of a run as a table beside the store.

use std::path::Path;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{Float32Type, Float64Type, SchemaRef, UInt64Type};
use arrow::ipc::reader::FileReader;
use arrow::record_batch::RecordBatch;
use icefold::error::Kind;
use icefold::store::{Geometry, StoreReader};
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
        let [lon, lat] = [1, 2].map(|i| rows.column(i).as_primitive::<Float64Type>().values());
        assert_eq!(
            (schema.field(1).name(), schema.field(2).name()),
            (&"lon".to_owned(), &"lat".to_owned())
        );
        let grid = store.grid();
        for (i, &id) in ids.iter().enumerate() {
            let (x, y) = grid.kind.center(grid.cell_order, id);
            assert!((lon[i] - x).abs() < 1e-11 && (lat[i] - y).abs() < 1e-11);
        }
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
fn geometries_are_columns_of_a_table_where_they_are_asked_for() {
    let site = Site::new();
    let config = config(&site);
    let input = site.path("a.parquet");
    write(&input, &points(), Format::Parquet(100));
    let run = |geometry: Geometry| {
        let run = site.code(&config, &one(&input));
        run.overwrite(true).table_geometry(geometry)
    };
    done(run(Geometry::None).table(site.out("none.parquet")));
    let (_, plain) = cells(&site.out("none.parquet"));
    for (geometry, kind) in [(Geometry::Polygon, 3), (Geometry::Point, 1)] {
        for name in ["t.parquet", "t.arrow"] {
            done(run(geometry).table(site.out(name)));
            let (schema, rows) = cells(&site.out(name));
            let count = plain.num_columns();
            assert_eq!(rows.columns()[..count], plain.columns()[..]);
            assert_eq!(rows.num_columns(), count + 2);
            let field = schema.field_with_name("geometry").unwrap();
            assert_eq!(field.metadata()["ARROW:extension:name"], "geoarrow.wkb");
            let geo: serde_json::Value = serde_json::from_str(&schema.metadata()["geo"]).unwrap();
            assert_eq!(geo["columns"]["geometry"]["encoding"], "WKB");
            let shapes = rows.column(count).as_binary::<i32>();
            let boxes = rows.column(count + 1).as_struct();
            let west = boxes.column(0).as_primitive::<Float64Type>();
            let lon = rows
                .column_by_name("lon")
                .unwrap()
                .as_primitive::<Float64Type>();
            for row in 0..rows.num_rows() {
                assert_eq!(shapes.value(row)[..5], [1, kind, 0, 0, 0]);
                assert!(west.value(row) <= lon.value(row));
            }
        }
    }
    refused(
        run(Geometry::Point).execute(),
        Kind::Argument,
        &["geometries are asked for, and no table"],
    );
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
    assert_eq!(cells(&site.out("t.parquet")).1.num_columns(), 14);
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
