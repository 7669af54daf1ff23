//! Results on rectilinear grids: rows and columns that are the same however a run was cut, and what does not go there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use icefold::error::Kind;
use icefold::store::StoreReader;
use icefold::{Layout, Verify};

use super::from_code::{done, looked, refused};
use crate::support::granules::{Heights, one, paths};
use crate::support::site::{Site, long_track, tree};

/// Around the photons of `long_track`, between 68 and 72 degrees north; some of them lie outside.
pub const POLAR: &str = "type: rectilinear, crs: EPSG:3413, resolution: 500, bounds: [-60000, -2350000, 60000, -1950000], \
                     chunk_shape: [96, 80]";
const DEGREES: &str = "type: rectilinear, crs: EPSG:4326, resolution: [0.25, 0.125], bounds: [-50, 68.5, -40, 72.5], \
                       chunk_shape: [8, 8], chunk_inner: [4, 2]";

pub const OUTPUTS: &str = "    count: {function: count, source: h_ph}
    h_mean: {function: mean, source: h_ph}
    h_median: {function: median, source: h_ph, dtype: float64}
    bins: {function: histogram, source: h_ph, params: {edges: [-100, 0, 10, 100]}}
    digest: {kind: ragged, function: tdigest, source: h_ph}
";

/// A config with these outputs on a grid.
pub fn config(site: &Site, grid: &str, outputs: &str) -> PathBuf {
    let text = include_str!("../../src/config/atl03.yaml");
    let (source, _) = text.split_once("aggregation:").unwrap();
    let text =
        format!("{source}aggregation:\n  variables:\n{outputs}output:\n  grid: {{{grid}}}\n");
    let path = site.path("config.yaml");
    std::fs::write(&path, text).unwrap();
    path
}

/// Whether two stores have the same files with the same bytes.
#[track_caller]
pub fn same_bytes(a: &Path, b: &Path) {
    let [a, b] = [a, b].map(tree);
    assert!(a.keys().eq(b.keys()), "{:?} {:?}", a.keys(), b.keys());
    for (path, bytes) in a {
        assert!(b[&path] == bytes, "{}", path.display());
    }
}

#[test]
fn a_raster_has_the_same_bytes_however_it_was_made() {
    let site = Site::new();
    let granules = site.three();
    let granules = paths(&granules);
    let config = config(&site, POLAR, OUTPUTS);
    let whole = || site.code_to("a.zarr", &config, &granules).overviews([2, 8]);
    let (report, _) = done(whole());
    let beyond = report["photons"]["rejected_by"]["outside_grid"].as_u64();
    assert!(beyond.unwrap() > 500, "{report}");
    let text = looked(site.out("a.zarr"));
    let base = &text["orders"][0];
    assert_eq!(base["content_sha256"], report["content_sha256"]);
    assert_eq!(base["layout"], "raster");
    assert!(base["shards"].as_u64().unwrap() > 3);

    let again = site.code_to("b.zarr", &config, &granules).overviews([8, 2]);
    done(again.threads(1).batch_rows(977));
    same_bytes(&site.out("a.zarr"), &site.out("b.zarr"));
    assert!(
        Verify::stores(&site.out("a.zarr"), &site.out("b.zarr"))
            .unwrap()
            .identical()
    );

    site.mapping(&config, &granules).execute().unwrap();
    let shards = site.map()["shard_keys"].as_array().unwrap().len();
    assert_eq!(base["shards"], shards);
    done(site.over_as("c.zarr", &config).overviews([2, 8]));
    same_bytes(&site.out("a.zarr"), &site.out("c.zarr"));
    done(site.part_as("d.zarr", &config, "0..2").overviews([2, 8]));
    done(site.part_as("d.zarr", &config, "2..").overviews([2, 8]));
    done(site.making("d.zarr"));
    same_bytes(&site.out("a.zarr"), &site.out("d.zarr"));
}

#[test]
fn cells_hold_the_photons_of_their_row_and_column_and_overviews_those_of_theirs() {
    let site = Site::new();
    let track = long_track(-45.4);
    let config = config(&site, DEGREES, OUTPUTS);
    done(
        site.code(
            &config,
            &one(&site.granule("a.h5", &[("gt1l", track.clone())])),
        )
        .overviews([4]),
    );
    // Cells of 8 x 8 in a shard halve three times.
    for (order, scale) in [(3, 1.0), (1, 4.0)] {
        let order = icefold::config::Order::new(order).unwrap();
        let store = StoreReader::open_order(site.out("a.zarr"), order).unwrap();
        let grid = store.grid().kind.rectilinear().unwrap();
        let mut expected: BTreeMap<[u32; 2], u64> = BTreeMap::new();
        for (&lon, &lat) in track.lon.iter().zip(&track.lat) {
            let (row, column) = (
                (72.5 - lat) / (0.125 * scale),
                (lon + 50.0) / (0.25 * scale),
            );
            if lat > 68.5 && lat < 72.5 && lon.is_finite() {
                *expected.entry([row as u32, column as u32]).or_default() += 1;
            }
        }
        assert!(expected.len() > 5);
        let level = grid.level(order);
        let found = store
            .cell_ids()
            .unwrap()
            .into_iter()
            .map(|id| level.row_column(id));
        let counts = store
            .read("count")
            .unwrap()
            .as_f64()
            .into_iter()
            .map(|n| n as u64);
        assert_eq!(found.zip(counts).collect::<BTreeMap<_, _>>(), expected);
    }
}

#[test]
fn steps_of_time_and_a_region_are_on_rectilinear_grids_too() {
    let site = Site::new();
    let granules = site.two_years();
    let granules: Vec<&Path> = granules.iter().map(PathBuf::as_path).collect();
    let stepped = site.stepped("seasons.yaml", "time: {every: season}");
    let text = std::fs::read_to_string(&stepped).unwrap();
    let healpix = "{type: healpix, parent_order: 5, child_order: 7}";
    let degrees = "{type: rectilinear, crs: EPSG:4326, resolution: 0.25, bounds: [-60, 50, -30, 80], chunk_shape: [20, 30]}";
    assert!(text.contains(healpix));
    let path = site.path("rect.yaml");
    std::fs::write(&path, text.replace(healpix, degrees)).unwrap();
    let (report, _) = done(site.code_to("a.zarr", &path, &granules));
    done(
        site.code_to("b.zarr", &path, &granules)
            .threads(1)
            .batch_rows(501),
    );
    same_bytes(&site.out("a.zarr"), &site.out("b.zarr"));
    let found = looked(site.out("a.zarr"));
    assert_eq!(
        found["orders"][0]["content_sha256"],
        report["content_sha256"]
    );
    assert!(
        found["orders"][0]["axis"]["steps"]
            .as_array()
            .unwrap()
            .len()
            > 4
    );
}

#[test]
fn what_is_missing_or_damaged_in_a_raster_is_an_error_and_never_a_value() {
    let site = Site::new();
    let config = config(&site, POLAR, OUTPUTS);
    done(site.code(
        &config,
        &one(&site.granule("a.h5", &[("gt1l", long_track(-45.0))])),
    ));
    let store = site.out("a.zarr");
    let chunk = |array: &str| -> PathBuf {
        let files = tree(&store.join(array).join("c"));
        store
            .join(array)
            .join("c")
            .join(files.keys().next().unwrap())
    };
    for array in ["h_mean", "digest"] {
        let path = chunk(array);
        let whole = std::fs::read(&path).unwrap();
        let mut changed = whole.clone();
        let last = changed.len() - 2;
        changed[last] ^= 1;
        std::fs::write(&path, changed).unwrap();
        refused(
            Verify::stores(&store, &store),
            Kind::Store,
            &[array, "damaged"],
        );
        std::fs::remove_file(&path).unwrap();
        refused(
            Verify::stores(&store, &store),
            Kind::Store,
            &["has no file c/", "damaged"],
        );
        std::fs::write(&path, whole).unwrap();
    }
    assert!(Verify::stores(&store, &store).unwrap().identical());
    // What stands there is replaced only if it is icefold's alone.
    std::fs::write(store.join("crs/notes.txt"), "mine").unwrap();
    let again = site.code(&config, &one(&site.path("a.h5"))).overwrite(true);
    refused(
        again.execute(),
        Kind::Store,
        &["notes.txt", "icefold does not write"],
    );
}

#[test]
fn what_does_not_go_with_a_rectilinear_grid_is_refused_by_name() {
    let site = Site::new();
    let granule = site.granule("a.h5", &[("gt1l", Heights::along(-45.0, 300))]);
    let on = |grid: &str| config(&site, grid, OUTPUTS);
    let run = |grid: &str| site.code(on(grid), &one(&granule));
    for (run, says) in [
        (run(POLAR).layout(Layout::CELLS), "use the raster layout"),
        (run(POLAR).layout(Layout::HIVE), "use the raster layout"),
        (
            run(POLAR).overviews([32]),
            "divide both sides of chunk_shape [96, 80]",
        ),
        (
            run("type: healpix, parent_order: 6, child_order: 12").layout(Layout::RASTER),
            "use the cells layout",
        ),
    ] {
        let message = run.execute().unwrap_err().to_string();
        assert!(message.contains(says), "{message}");
    }
    let area = icefold::Region::of_box(-46.0, 69.0, -44.0, 71.0).unwrap();
    let cells = run(POLAR).region(area).cells_of_region(true);
    refused(
        cells.execute(),
        Kind::Argument,
        &["a raster has all of its cells"],
    );
    assert!(site.written().is_empty());
    let named = config(&site, POLAR, "    row: {function: count, source: h_ph}\n");
    let table = site
        .code(named, &one(&granule))
        .table(site.out("a.parquet"));
    refused(
        table.execute(),
        Kind::Argument,
        &["has a column row of its own"],
    );
    assert!(site.written().is_empty());
    let named = config(&site, POLAR, "    x: {function: count, source: h_ph}\n");
    refused(
        site.code(named, &one(&granule)).execute(),
        Kind::Config,
        &["name x"],
    );
    // A map of one grid is none of another.
    let map = |grid: &str| site.mapping(on(grid), &one(&granule)).execute().unwrap();
    map(POLAR);
    let other = POLAR.replace("resolution: 500", "resolution: 250");
    refused(
        site.over_as("b.zarr", on(&other)).execute(),
        Kind::Map,
        &["affine is"],
    );
    refused(site.over("b.zarr").execute(), Kind::Map, &["type is"]);
}
