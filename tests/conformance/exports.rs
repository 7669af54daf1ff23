//! Exports of stores as programs of maps see them: GeoPandas, OGR, rasterio and rioxarray, held against healpix-geo, PROJ and
//! Shapely.

use std::path::{Path, PathBuf};

use icefold::export::{Export, export};

use crate::support::{Site, icefold, python, stdout, succeed};

const CHECK: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/conformance/export_check.py"
);

/// A store of HEALPix cells of an order with a photon at each position, and more around some.
fn store(site: &Site, name: &str, order: &str, positions: &[(f64, f64)]) -> PathBuf {
    let points = site.path(&format!("{name}.csv"));
    let mut text = "lon,lat,h\n".to_owned();
    for (i, (lon, lat)) in positions.iter().enumerate() {
        text += &format!("{lon},{lat},{}\n", (i % 97) as f64 * 1.5 - 20.0);
        if i % 3 == 0 {
            text += &format!("{lon},{lat},{}\n", (i % 13) as f64 * 2.25);
        }
    }
    std::fs::write(&points, text).unwrap();
    let store = site.out(&format!("{name}.zarr"));
    let mut run = icefold();
    run.arg("aggregate").arg(&points).arg("--to").arg(&store);
    succeed(run.args(["--order", order, "--stats", "count,min,mean"]));
    store
}

/// So many positions between these, evenly spread by a golden ratio.
fn spread(count: usize, [west, south, east, north]: [f64; 4]) -> Vec<(f64, f64)> {
    let at = |i: usize| {
        let turn = (i as f64 * 0.618_033_988_749_894_9).fract();
        let lon = west + (east - west) * turn;
        let lat = south + (north - south) * (i as f64 + 0.5) / count as f64;
        ((lon + 540.0).rem_euclid(360.0) - 180.0, lat)
    };
    (0..count).map(at).collect()
}

/// What `icefold export` prints.
fn exported(store: &Path, output: &Path, more: &[&str]) -> String {
    let mut command = icefold();
    command.arg("export").arg(store).arg("-o").arg(output);
    stdout(&succeed(command.args(more)))
}

fn agree(arguments: &[&str], files: &[&Path]) -> String {
    let mut check = python();
    let said = stdout(&succeed(check.arg(CHECK).args(arguments).args(files)));
    assert!(said.contains("all agree"), "{said}");
    said
}

/// A name, the order, positions of photons, and what is asked of the raster.
type Case<'a> = (&'a str, &'a str, &'a [(f64, f64)], &'a [&'a str]);

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn rows_are_cells_at_their_places_for_geopandas_and_ogr() {
    let site = Site::new();
    let all = spread(40_000, [-180.0, -90.0, 180.0, 90.0]);
    let fiji = spread(3000, [176.0, -20.0, 184.0, -15.0]);
    let ross = spread(3000, [172.0, -79.0, 188.0, -74.0]);
    let mut poles = spread(400, [-180.0, 89.9, 180.0, 90.0]);
    poles.extend(spread(400, [-180.0, -90.0, 180.0, -89.9]));
    for (name, order, positions) in [
        ("o0", "0", &all),
        ("o3", "3", &all),
        ("fiji", "9", &fiji),
        ("ross", "9", &ross),
        ("poles", "10", &poles),
    ] {
        let store = store(&site, name, order, positions);
        let [parquet, fgb, csv, points] = ["parquet", "fgb", "csv", "points.parquet"]
            .map(|end| site.out(&format!("{name}.{end}")));
        exported(&store, &parquet, &[]);
        exported(&store, &fgb, &[]);
        exported(&store, &csv, &["--geometry", "polygon"]);
        exported(&store, &points, &["--geometry", "point"]);
        let said = agree(&["rows"], &[&store, &parquet, &fgb, &csv, &points]);
        // Around the poles cells have a side along the antimeridian, and none is across it.
        let cut = !said.contains(" 0 across");
        assert_eq!(cut, !["poles", "ross"].contains(&name), "{name}: {said}");
        // Again the same bytes, and nothing is replaced that was not asked for.
        for file in [&parquet, &fgb, &csv] {
            let before = std::fs::read(file).unwrap();
            let asked = Export {
                geometry: Some(icefold::store::Geometry::Polygon),
                ..Export::new(&store, file)
            };
            let refused = export(&asked).unwrap_err().to_string();
            assert!(refused.contains("exists"), "{refused}");
            let asked = Export {
                overwrite: true,
                ..asked
            };
            export(&asked).unwrap();
            assert!(std::fs::read(file).unwrap() == before, "{}", file.display());
        }
    }
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
#[expect(clippy::too_many_lines, reason = "a list of cases")]
fn pixels_have_the_cells_that_they_are_on() {
    let site = Site::new();
    let greenland = spread(1500, [-48.0, 68.0, -44.0, 70.0]);
    let pole = spread(500, [-180.0, 89.7, 180.0, 90.0]);
    let ross = spread(1200, [178.0, -77.0, 182.0, -76.0]);
    let tropics = spread(1500, [-61.0, -3.0, -58.0, 1.0]);
    let coarse = spread(3000, [-180.0, -85.0, 180.0, 85.0]);
    let cases: [Case; 12] = [
        (
            "greenland",
            "10",
            &greenland,
            &["--crs", "EPSG:3413", "--resolution", "5000"],
        ),
        (
            "pole",
            "9",
            &pole,
            &["--crs", "EPSG:3575", "--resolution", "4000"],
        ),
        ("pole", "9", &pole, &[]),
        ("ross", "10", &ross, &[]),
        (
            "ross",
            "10",
            &ross,
            &[
                "--crs",
                "EPSG:4326",
                "--resolution",
                "0.1,0.05",
                "--bounds",
                "177,-77.5,183,-75.5",
            ],
        ),
        (
            "ross",
            "10",
            &ross,
            &["--crs", "EPSG:6933", "--resolution", "20000,2000"],
        ),
        (
            "ross",
            "10",
            &ross,
            &[
                "--crs",
                "EPSG:6933",
                "--resolution",
                "9000,1000",
                "--bounds",
                "17100000,-7160000,17640000,-7110000",
            ],
        ),
        (
            "tropics",
            "9",
            &tropics,
            &["--crs", "EPSG:32721", "--resolution", "7000"],
        ),
        (
            "tropics",
            "9",
            &tropics,
            &["--crs", "EPSG:6933", "--resolution", "9000"],
        ),
        (
            "coarse",
            "2",
            &coarse,
            &["--crs", "EPSG:4326", "--resolution", "4"],
        ),
        // Wider than the Earth is around.
        (
            "coarse",
            "2",
            &coarse,
            &["--crs", "EPSG:4326", "--resolution", "7"],
        ),
        (
            "coarse",
            "2",
            &coarse,
            &[
                "--crs",
                "EPSG:4326",
                "--resolution",
                "7",
                "--bounds",
                "2,-90,362,90",
            ],
        ),
    ];
    for (name, order, positions, how) in cases {
        let path = site.out(&format!("{name}.zarr"));
        let store = if path.exists() {
            path
        } else {
            store(&site, name, order, positions)
        };
        let out = |end: &str| site.out(&format!("{name}.{end}"));
        let [parquet, nearest, share, counts] =
            ["parquet", "nearest.tif", "share.tif", "counts.tif"].map(out);
        exported(&store, &parquet, &["--overwrite"]);
        let with = |more: &[&'static str]| [how, &["--overwrite"], more].concat();
        exported(&store, &nearest, &with(&["mean"]));
        exported(
            &store,
            &share,
            &with(&["mean", "--resampling", "share", "--threads", "1"]),
        );
        exported(&store, &counts, &with(&["count", "--resampling", "share"]));
        agree(&["raster"], &[&store, &parquet, &nearest, &share, &counts]);
        let one = std::fs::read(&share).unwrap();
        exported(
            &store,
            &share,
            &with(&["mean", "--resampling", "share", "--threads", "3"]),
        );
        assert!(std::fs::read(&share).unwrap() == one, "{name}");
    }
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn cells_of_rows_and_columns_are_squares_in_their_system() {
    let site = Site::new();
    for (code, resolution, bounds, chunk) in [
        (
            "EPSG:3413",
            "25000",
            "-400000, -2500000, 400000, -2000000",
            "[5, 8]",
        ),
        (
            "EPSG:3412",
            "50000",
            "-400000, -2500000, 400000, -2000000",
            "[5, 8]",
        ),
        (
            "EPSG:3574",
            "25000",
            "-400000, -2500000, 400000, -2000000",
            "[5, 8]",
        ),
        (
            "EPSG:6933",
            "100000",
            "-6000000, -1000000, 6000000, 1000000",
            "[20, 20]",
        ),
        (
            "EPSG:32721",
            "50000",
            "0, 9000000, 1000000, 10000000",
            "[20, 20]",
        ),
        ("EPSG:4326", "1", "170, -80, 190, 80", "[20, 20]"),
    ] {
        let points = site.path("p.csv");
        let mut text = "lon,lat,h\n".to_owned();
        for (lon, lat) in spread(30_000, [-180.0, -89.0, 180.0, 89.0]) {
            text += &format!("{lon},{lat},{}\n", lon + lat);
        }
        std::fs::write(&points, text).unwrap();
        let config = site.path("p.yaml");
        let yaml = format!(
            "data_source:\n  reader: table\n  coordinates: {{latitude: lat, longitude: lon}}\n  variables: {{h: h}}\n\
             aggregation:\n  variables:\n    count: {{function: count, source: h}}\n\
             output:\n  grid: {{type: rectilinear, crs: '{code}', resolution: {resolution}, bounds: [{bounds}], chunk_shape: {chunk}}}\n"
        );
        std::fs::write(&config, yaml).unwrap();
        let [store, parquet, fgb, csv] =
            ["r.zarr", "r.parquet", "r.fgb", "r.csv"].map(|name| site.out(name));
        let mut run = icefold();
        run.arg("run")
            .arg(&config)
            .arg(&points)
            .arg("--store")
            .arg(&store);
        succeed(run.arg("--overwrite"));
        exported(&store, &parquet, &["--overwrite"]);
        exported(&store, &fgb, &["--overwrite"]);
        exported(&store, &csv, &["--overwrite", "--geometry", "polygon"]);
        agree(&["placed"], &[&store, &parquet, &fgb, &csv]);
    }
}
