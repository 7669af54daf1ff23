//! What works on HEALPix works on rectilinear grids: runs that go on, regions, steps with overviews, tables, comparisons,
//! maps.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::array::AsArray;
use arrow::datatypes::{Float32Type, Float64Type, Int32Type, UInt32Type};
use icefold::picture::{Drawn, draw};
use icefold::piece::Pieces;
use icefold::store::StoreReader;
use icefold::{Region, Verify};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::from_code::{done, looked};
use super::rasters::{OUTPUTS, POLAR, config, same_bytes};
use crate::support::granules::{one, paths};
use crate::support::site::{Site, long_track, tree};

/// The row and the column of each cell with a value, and what an array has there.
fn cells(store: &Path, order: Option<u8>, array: &str) -> BTreeMap<[u32; 2], Vec<u8>> {
    let store = match order {
        None => StoreReader::open(store),
        Some(order) => StoreReader::open_order(store, icefold::grid::Order::new(order).unwrap()),
    };
    let store = store.unwrap();
    let grid = store.grid();
    let level = grid.kind.rectilinear().unwrap().level(grid.cell_order);
    let values = store.read(array).unwrap();
    let ids = store.cell_ids().unwrap();
    let width = values.bytes.len() / ids.len();
    let places = ids.into_iter().map(|id| level.row_column(id));
    let values = values.bytes.chunks_exact(width).map(<[u8]>::to_vec);
    places.zip(values).collect()
}

fn counts(store: &Path) -> BTreeMap<[u32; 2], i32> {
    let cells = cells(store, None, "count").into_iter();
    let number = |bytes: Vec<u8>| i32::from_le_bytes(bytes.try_into().unwrap());
    cells.map(|(place, bytes)| (place, number(bytes))).collect()
}

#[test]
fn a_run_over_a_map_goes_on_with_the_shards_that_are_left() {
    let site = Site::new();
    let granules = site.three();
    let granules = paths(&granules);
    let config = config(&site, POLAR, OUTPUTS);
    done(site.code(&config, &granules).overviews([2, 8]));
    let shards = site
        .mapping(&config, &granules)
        .execute()
        .unwrap()
        .map
        .shards
        .len();
    assert!(shards > 3, "{shards}");
    let part = site.part_as("b.zarr", &config, "0..3").overviews([2, 8]);
    done(part);
    assert!(Pieces::folder_of(&site.out("b.zarr")).exists());
    let (report, _) = done(
        site.over_as("b.zarr", &config)
            .overviews([2, 8])
            .resume(true),
    );
    assert_eq!(report["pieces"]["kept"], 3);
    same_bytes(&site.out("a.zarr"), &site.out("b.zarr"));
}

#[test]
fn parts_of_a_region_add_up_on_rows_and_columns() {
    let site = Site::new();
    let granules = site.three();
    let granules = paths(&granules);
    let config = config(&site, POLAR, OUTPUTS);
    let parts = [
        ("whole.zarr", [-46.5, 69.0, -43.5, 71.0]),
        ("south.zarr", [-46.5, 69.0, -43.5, 70.2]),
        ("north.zarr", [-46.5, 70.2, -43.5, 71.0]),
    ];
    for (name, [west, south, east, north]) in parts {
        let region = Region::of_box(west, south, east, north).unwrap();
        let run = site.code_to(name, &config, &granules);
        let (report, _) = done(run.region(region));
        let photons = &report["photons"];
        assert!(photons["rejected_by"]["outside_region"].as_u64() > Some(0));
        assert!(photons["kept"].as_u64() > Some(0), "{report}");
    }
    let [whole, south, north] = parts.map(|(name, _)| counts(&site.out(name)));
    let mut both = south.clone();
    for (place, count) in &north {
        *both.entry(*place).or_default() += count;
    }
    assert_eq!(both, whole);
    assert!(
        south.keys().any(|place| north.contains_key(place)),
        "no cell is cut"
    );
}

#[test]
fn an_overview_has_at_each_step_what_a_run_with_larger_cells_has() {
    let site = Site::new();
    let granules = site.two_years();
    let granules: Vec<&Path> = granules.iter().map(PathBuf::as_path).collect();
    let stepped = site.stepped("seasons.yaml", "time: {every: season}");
    let text = std::fs::read_to_string(&stepped).unwrap();
    let on = |name: &str, resolution: f64, chunk: [u32; 2]| {
        let grid = format!(
            "{{type: rectilinear, crs: EPSG:4326, resolution: {resolution}, bounds: [-60, 50, -30, 80], chunk_shape: \
             {chunk:?}}}"
        );
        let healpix = "{type: healpix, parent_order: 5, child_order: 7}";
        assert!(text.contains(healpix));
        let path = site.path(name);
        std::fs::write(&path, text.replace(healpix, &grid)).unwrap();
        path
    };
    let fine = on("fine.yaml", 0.25, [24, 40]);
    let coarse = on("coarse.yaml", 1.0, [6, 10]);
    done(
        site.code_to("fine.zarr", &fine, &granules)
            .overviews([2, 4]),
    );
    done(site.code_to("coarse.zarr", &coarse, &granules));
    let fine = site.out("fine.zarr");
    // Shards of 24 x 40 cells halve three times, to 3 x 5: order 4 has the cells, and 2 those four times as wide.
    for array in ["n", "h_mean", "h_std", "h_max", "h_median", "bins"] {
        let overview = cells(&fine, Some(2), array);
        assert!(overview.len() > 5);
        assert_eq!(
            overview,
            cells(&site.out("coarse.zarr"), None, array),
            "{array}"
        );
    }
    let axis = &looked(&fine)["orders"][0]["axis"];
    assert!(axis["steps"].as_array().unwrap().len() > 4);
}

#[test]
fn a_table_has_the_row_the_column_and_the_place_of_each_cell() {
    let site = Site::new();
    let granules = site.three();
    let granules = paths(&granules);
    let config = config(&site, POLAR, OUTPUTS);
    done(site.code(&config, &granules).table(site.out("a.parquet")));
    let read = |name: &str| {
        let file = std::fs::File::open(site.out(name)).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let schema = std::sync::Arc::clone(reader.schema());
        let batches: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
        (
            arrow::compute::concat_batches(&schema, &batches).unwrap(),
            schema,
        )
    };
    let (rows, schema) = read("a.parquet");
    let names: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| &**field.name())
        .collect();
    let expected = ["row", "column", "y", "x", "lon", "lat", "count", "h_mean"];
    assert_eq!(names[..8], expected);
    assert_eq!(schema.field(3).metadata()["crs"], "EPSG:3413");
    let [row, column] = [0, 1].map(|i| rows.column(i).as_primitive::<UInt32Type>().values());
    let [y, x] = [2, 3].map(|i| rows.column(i).as_primitive::<Float64Type>().values());
    for i in 0..rows.num_rows() {
        assert_eq!(x[i], -60_000.0 + (f64::from(column[i]) + 0.5) * 500.0);
        assert_eq!(y[i], -1_950_000.0 - (f64::from(row[i]) + 0.5) * 500.0);
    }
    let number = rows.column(6).as_primitive::<Int32Type>().values().iter();
    let found = row.iter().zip(column).zip(number);
    let found: BTreeMap<[u32; 2], i32> = found.map(|((&r, &c), &n)| ([r, c], n)).collect();
    assert_eq!(found, counts(&site.out("a.zarr")));
    let mean = rows.column(7).as_primitive::<Float32Type>().values().iter();
    let found = row.iter().zip(column).zip(mean);
    let found: BTreeMap<[u32; 2], Vec<u8>> = found
        .map(|((&r, &c), mean)| ([r, c], mean.to_le_bytes().to_vec()))
        .collect();
    assert_eq!(found, cells(&site.out("a.zarr"), None, "h_mean"));
    // Pieces make the same table.
    site.mapping(&config, &granules).execute().unwrap();
    done(site.part_as("b.zarr", &config, "0..2"));
    done(site.part_as("b.zarr", &config, "2.."));
    done(site.making("b.zarr").table(site.out("b.parquet")));
    assert_eq!(read("b.parquet").0, rows);
}

#[test]
fn what_differs_between_two_rasters_is_named_with_its_array_and_cell() {
    let site = Site::new();
    let config = config(&site, POLAR, OUTPUTS);
    let mut track = long_track(-45.0);
    let granule = site.granule("a.h5", &[("gt1l", track.clone())]);
    done(site.code(&config, &one(&granule)).overviews([4]));
    let inside = track.lat.iter().position(|lat| (70.0..71.0).contains(lat));
    let inside = inside.unwrap();
    track.h[inside] += 1000.0;
    let granule = site.granule("b.h5", &[("gt1l", track)]);
    done(
        site.code_to("b.zarr", &config, &one(&granule))
            .overviews([4]),
    );
    let report = Verify::stores(&site.out("a.zarr"), &site.out("b.zarr")).unwrap();
    assert!(!report.identical());
    let report = report.to_string();
    for part in ["h_mean: 1 of ", "bins", "digest", "count: identical"] {
        assert!(report.contains(part), "{part}: {report}");
    }
    let itself = Verify::stores(&site.out("a.zarr"), &site.out("a.zarr")).unwrap();
    assert!(itself.identical());
}

#[test]
fn a_map_is_drawn_of_a_raster_and_of_its_overviews() {
    let site = Site::new();
    let granules = site.three();
    let config = config(&site, POLAR, OUTPUTS);
    done(site.code(&config, &paths(&granules)).overviews([2, 4]));
    let store = site.out("a.zarr");
    let picture = |name: &str, order: Option<u8>, variable: &str| {
        let drawn = Drawn {
            variable,
            order: order.and_then(icefold::grid::Order::new),
            time: None,
            title: Some("same"),
        };
        let path = site.path(name);
        draw(&store, drawn, &path).unwrap();
        std::fs::read(path).unwrap()
    };
    let fine = picture("a.png", None, "h_mean");
    assert!(fine == picture("b.png", None, "h_mean"));
    // Larger cells cover more of the map, and other values have other colours.
    assert!(fine != picture("c.png", Some(3), "h_mean"));
    assert!(fine != picture("d.png", None, "count"));
    let drawn = Drawn {
        variable: "bins",
        order: None,
        time: None,
        title: None,
    };
    let error = draw(&store, drawn, &site.path("e.png")).unwrap_err();
    assert!(
        error.to_string().contains("has 3 values per cell"),
        "{error}"
    );
    assert!(!tree(&store).is_empty());
}
