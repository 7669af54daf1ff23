//! Rasters as Python's readers see them, and cells of positions as PROJ finds them.
//!
//! A million positions of each coordinate system are located, or `ICEFOLD_PROJ_POINTS`; 20,000 go through a run.

use std::fs::File;
use std::path::Path;

use arrow::array::AsArray;
use arrow::datatypes::Float64Type;
use icefold::grid::{AskedRectilinear, Crs, Grid, Locator, Rectilinear};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::support::{Site, data, icefold, python, stdout, succeed};

const CHECK: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/conformance/raster_check.py"
);

/// A system, the width of cells, bounds, and rows and columns of shards.
const GRIDS: [(&str, &str, [&str; 4], &str); 10] = [
    (
        "EPSG:4326",
        "0.5",
        ["-180", "-80", "180", "85"],
        "[90, 120], chunk_inner: [30, 60]",
    ),
    (
        "EPSG:3031",
        "10000",
        ["-3200000", "-3200000", "3200000", "3200000"],
        "[64, 64]",
    ),
    (
        "EPSG:3413",
        "8000",
        ["-2000000", "-4000000", "2400000", "1000000"],
        "[100, 110]",
    ),
    (
        "EPSG:3976",
        "12500",
        ["-3900000", "-3900000", "3900000", "4300000"],
        "[82, 78]",
    ),
    (
        "EPSG:32618",
        "5000",
        ["100000", "-500000", "900000", "9300000"],
        "[200, 40]",
    ),
    (
        "EPSG:32733",
        "10000",
        ["-1000000", "1000000", "2000000", "10500000"],
        "[190, 30]",
    ),
    (
        "EPSG:3411",
        "25000",
        ["-3850000", "-5350000", "3750000", "5850000"],
        "[112, 76]",
    ),
    (
        "EPSG:3412",
        "12500",
        ["-3950000", "-3950000", "3950000", "4350000"],
        "[82, 78]",
    ),
    (
        "EPSG:3573",
        "9000",
        ["-4500000", "-4500000", "4500000", "4500000"],
        "[100, 100]",
    ),
    (
        "EPSG:6933",
        "36032.220840584",
        [
            "-17367530.4451615",
            "-7314540.8306386",
            "17367530.4451615",
            "7314540.8306386",
        ],
        "[58, 82]",
    ),
];

/// The systems that those of `GRIDS` leave, each like one of them.
const OTHERS: [(&str, usize); 5] = [
    ("EPSG:3571", 8),
    ("EPSG:3572", 8),
    ("EPSG:3574", 8),
    ("EPSG:3575", 8),
    ("EPSG:3576", 8),
];

/// The columns of a file of positions.
fn columns(path: &Path) -> [Vec<f64>; 4] {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let mut columns = [const { Vec::new() }; 4];
    for batch in builder.build().unwrap() {
        let batch = batch.unwrap();
        for (column, name) in columns.iter_mut().zip(["lon", "lat", "x", "y"]) {
            let values = batch.column_by_name(name).unwrap();
            column.extend_from_slice(values.as_primitive::<Float64Type>().values());
        }
    }
    columns
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn a_million_positions_of_each_system_are_in_the_cells_of_proj() {
    let count = std::env::var("ICEFOLD_PROJ_POINTS").unwrap_or_else(|_| "1000000".to_owned());
    let least = count.parse::<usize>().unwrap() / 2;
    let others = OTHERS.map(|(crs, like)| (crs, GRIDS[like].1, GRIDS[like].2));
    let all = GRIDS.map(|(crs, width, bounds, _)| (crs, width, bounds));
    for (crs, width, bounds) in all.into_iter().chain(others) {
        let site = Site::new();
        let points = site.path("points.parquet");
        let mut make = python();
        make.arg(CHECK).args(["points", crs, width]).args(bounds);
        succeed(make.arg(&count).arg(&points));
        let [lon, lat, x, y] = columns(&points);
        assert!(lon.len() > least, "{crs}: {}", lon.len());
        let width: f64 = width.parse().unwrap();
        let asked = AskedRectilinear {
            crs: Crs::named(crs).unwrap(),
            resolution: [width; 2],
            bounds: bounds.map(|edge| edge.parse().unwrap()),
            chunk_shape: [16, 16],
            chunk_inner: None,
        };
        let grid = Rectilinear::new(&asked).unwrap();
        let order = grid.finest_order();
        let (level, shape) = (grid.level(order), grid.shape(order));
        let [west, _, _, north] = grid.bounds();
        let mut cells = vec![0; lon.len()];
        Grid::Rectilinear(grid)
            .locator(order)
            .cells(&lon, &lat, &mut cells);
        let mut inside = 0;
        for (i, cell) in cells.iter().enumerate() {
            let place = [(north - y[i]) / width, (x[i] - west) / width].map(f64::floor);
            let is_inside = (0..2).all(|side| (0.0..f64::from(shape[side])).contains(&place[side]));
            let expected = is_inside.then(|| place.map(|index| index as u32));
            let found = (*cell != Locator::OUTSIDE).then(|| level.row_column(*cell));
            assert_eq!(found, expected, "{crs}: {} {}", lon[i], lat[i]);
            inside += usize::from(is_inside);
        }
        assert!(
            2 * inside > lon.len() && inside < lon.len(),
            "{crs}: {inside}"
        );
    }
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn rasters_have_the_rows_and_columns_of_proj_and_lie_where_it_says() {
    let count = "20000";
    for (crs, width, bounds, shape) in GRIDS {
        let site = Site::new();
        let [points, config] = ["points.parquet", "config.yaml"].map(|name| site.path(name));
        let mut make = python();
        make.arg(CHECK).args(["points", crs, width]).args(bounds);
        succeed(make.arg(count).arg(&points));
        let text = format!(
            "data_source:\n  reader: table\n  coordinates: {{latitude: lat, longitude: lon}}\n  variables:\n    \
             value: {{path: value, resolution: 1}}\naggregation:\n  variables:\n    count: {{function: count, source: \
             value}}\n    sum: {{function: sum, source: value, dtype: float64}}\n    bins: {{function: histogram, \
             source: value, params: {{edges: [0, 1000, 100000000]}}}}\noutput:\n  grid: {{type: rectilinear, crs: \
             {crs}, resolution: {width}, bounds: [{}], chunk_shape: {shape}}}\n",
            bounds.join(", ")
        );
        std::fs::write(&config, text).unwrap();
        let [store, report] = ["a.zarr", "a.run.json"].map(|name| site.out(name));
        let mut run = icefold();
        run.arg("run")
            .arg(&config)
            .arg(&points)
            .arg("--store")
            .arg(&store);
        succeed(run.args(["--overviews", "2"]));
        let mut check = python();
        check
            .arg(CHECK)
            .arg("check")
            .args([&store, &points, &report]);
        let said = stdout(&succeed(&mut check));
        assert!(said.contains("PROJ and numpy agree"), "{said}");
    }
}

#[test]
#[cfg_attr(
    not(all(icefold_test_python, icefold_test_data)),
    ignore = "no Python environment, or no test data"
)]
fn the_ice_sheet_has_the_rows_columns_and_numbers_of_proj_and_numpy() {
    let site = Site::new();
    let granule = data().join("icesat2/processed_ATL06_20190222155947_08580212_001_01.h5");
    let store = site.out("a.zarr");
    let mut run = icefold();
    run.args(["run", "atl06-antarctica"]);
    succeed(run.arg(&granule).arg("--store").arg(&store));
    let mut check = python();
    check.arg(CHECK).arg("ice").args([&store, &granule]);
    let said = stdout(&succeed(&mut check));
    assert!(said.contains("PROJ and numpy agree"), "{said}");
}
