//! Trends and counts of granules, from granules to a store.

use std::path::{Path, PathBuf};

use icefold::error::Kind;
use icefold::store::StoreReader;

use super::from_code::{done, refused};
use crate::support::Site;
use crate::support::granules::Heights;
use crate::support::site::{assert_same, keys};
use crate::support::tables::{Format, Row, points, table_yaml, write};

const OUTPUTS: &str = r#"
aggregation:
  variables:
    count: {function: count, source: h_ph}
    tilt: {function: slope, source: h_ph, params: {x: lat}, dtype: float64}
    tilt_err: {expression: "slope_err(h_ph, lat)", dtype: float64}
    last: {function: last, source: h_ph, params: {by: lat}}
    mad: {function: mad, source: h_ph}
    granules: {function: n_granules, source: h_ph}
    cycles: {function: n_cycles, source: h_ph}
    tracks: {function: n_tracks, source: h_ph, dtype: int8}
    high: {function: n_cycles, source: h_ph, where: "h_ph > 39.9 and lat > 70.1"}
"#;

/// Counts over photons of ATL03 granules, with these outputs.
fn config(site: &Site, outputs: &str) -> PathBuf {
    let path = site.path("trends.yaml");
    let source = r#"
data_source:
  groups: [gt1l]
  coordinates: {latitude: "/{group}/heights/lat_ph", longitude: "/{group}/heights/lon_ph"}
  variables: {h_ph: "/{group}/heights/h_ph", lat: "/{group}/heights/lat_ph"}
"#;
    let grid = "output:\n  grid: {type: healpix, parent_order: 6, child_order: 12}\n";
    std::fs::write(&path, format!("{source}{outputs}{grid}")).unwrap();
    path
}

/// Passes over the same cells: of two tracks, and of two cycles of one of them; one pass in two files, which share no photon but
/// cells.
fn passes(site: &Site) -> Vec<PathBuf> {
    let names = [
        "ATL03_20190105163308_01260202_006_02.h5",
        "ATL03_20190406121308_01260302_006_02.h5",
        "ATL03_20190409091308_01720302_006_02.h5",
    ];
    let mut granules: Vec<PathBuf> = names
        .iter()
        .enumerate()
        .map(|(i, name)| {
            let mut heights = Heights::along(-45.0, 2000 + 500 * i);
            heights
                .lat
                .iter_mut()
                .for_each(|lat| *lat += i as f64 * 1e-7);
            heights.h.iter_mut().for_each(|h| *h += i as f32 * 0.5);
            site.granule(name, &[("gt1l", heights)])
        })
        .collect();
    let mut rest = Heights::along(-45.0, 500);
    rest.lat.iter_mut().for_each(|lat| *lat += 0.1 + 5e-8);
    let part = "ATL03_20190105163308_01260202_006_02_rest.h5";
    granules.push(site.granule(part, &[("gt1l", rest)]));
    granules
}

fn read(store: &Path, name: &str) -> Vec<f64> {
    StoreReader::open(store)
        .unwrap()
        .read(name)
        .unwrap()
        .as_f64()
}

#[test]
fn passes_over_a_cell_are_counted_once_each_and_parts_of_one_granule_are_one() {
    let site = Site::new();
    let granules = passes(&site);
    let paths: Vec<&Path> = granules.iter().map(PathBuf::as_path).collect();
    done(site.code(config(&site, OUTPUTS), &paths));
    let store = site.out("a.zarr");
    let [granules, cycles, tracks, high] =
        ["granules", "cycles", "tracks", "high"].map(|name| read(&store, name));
    // The first cells have all passes, the last ones the longest alone.
    assert_eq!((granules[0], cycles[0], tracks[0]), (3.0, 2.0, 2.0));
    let sets: Vec<[f64; 3]> = (0..cycles.len())
        .map(|i| [granules[i], cycles[i], tracks[i]])
        .collect();
    assert!(sets.contains(&[2.0, 1.0, 2.0]), "{sets:?}");
    assert!(sets.contains(&[1.0, 1.0, 1.0]), "{sets:?}");
    assert_eq!(sets.iter().filter(|set| set[0] > 3.0).count(), 0);
    assert!(high.iter().zip(&cycles).all(|(high, all)| high <= all));
    assert!(
        high.contains(&0.0) && high.iter().any(|&n| n > 0.0),
        "{high:?}"
    );
}

#[test]
fn order_pieces_batches_and_overviews_do_not_change_a_bit() {
    let site = Site::new();
    let granules = passes(&site);
    let config = config(&site, OUTPUTS);
    let paths: Vec<&Path> = granules.iter().map(PathBuf::as_path).collect();
    let reversed: Vec<&Path> = paths.iter().rev().copied().collect();
    let run = |name: &str, paths: &[&Path]| site.code_to(name, &config, paths).overviews([9, 4]);
    done(run("a.zarr", &paths));
    done(run("b.zarr", &reversed).threads(1));
    assert_same(&site.out("a.zarr"), &site.out("b.zarr"));
    done(site.mapping(&config, &paths));
    let shards = keys(&site.map()).len();
    for part in [0..1, 1..shards] {
        let range = format!("{}..{}", part.start, part.end);
        if !part.is_empty() {
            done(site.part_as("c.zarr", &config, &range).overviews([9, 4]));
        }
    }
    done(site.making("c.zarr"));
    assert_same(&site.out("a.zarr"), &site.out("c.zarr"));
}

#[test]
fn a_slope_has_the_unit_of_its_value_by_that_of_the_other() {
    let site = Site::new();
    let granules = passes(&site);
    for (path, unit) in [("h_ph", "meters"), ("lat_ph", "degrees")] {
        for granule in &granules {
            let file = hdf5::File::open_rw(granule).unwrap();
            let dataset = file.dataset(&format!("gt1l/heights/{path}")).unwrap();
            let attribute = dataset
                .new_attr::<hdf5::types::VarLenUnicode>()
                .create("units")
                .unwrap();
            let unit: hdf5::types::VarLenUnicode = unit.parse().unwrap();
            attribute.write_scalar(&unit).unwrap();
            file.close().unwrap();
        }
    }
    let paths: Vec<&Path> = granules.iter().map(PathBuf::as_path).collect();
    done(site.code(config(&site, OUTPUTS), &paths));
    let store = StoreReader::open(site.out("a.zarr")).unwrap();
    let attributes = |name: &str| {
        let text = std::fs::read(store.path().join(name).join("zarr.json")).unwrap();
        let found: serde_json::Value = serde_json::from_slice(&text).unwrap();
        found["attributes"].clone()
    };
    assert_eq!(
        attributes("tilt")["units"],
        "meters/degrees",
        "{}",
        attributes("tilt")
    );
    assert_eq!(attributes("tilt")["statistic"], "slope by lat");
    assert_eq!(attributes("last")["units"], "meters");
    assert_eq!(attributes("cycles")["units"], "1");
}

#[test]
fn what_a_name_does_not_say_cannot_be_counted() {
    let site = Site::new();
    let granule = site.good("a.h5", -45.0);
    let config = config(&site, OUTPUTS);
    let says = "granule a.h5: its name does not say its cycle, which n_cycles counts";
    refused(
        site.code(&config, &[&granule]).tolerant(true).execute(),
        Kind::Granule,
        &[says],
    );
    // Granules are counted by any name.
    let counted = "    granules: {function: n_granules, source: h}\n    bins:";
    let yaml = table_yaml().replacen("    bins:", counted, 1);
    let path = site.path("table.yaml");
    std::fs::write(&path, yaml).unwrap();
    let tables = [("a", 0.0), ("b", 1e-7)].map(|(name, north)| {
        let path = site.path(&format!("{name}.parquet"));
        let row = |row: Row| Row {
            lat: row.lat + north,
            ..row
        };
        let rows: Vec<Row> = points().into_iter().map(row).collect();
        write(&path, &rows, Format::Parquet(400));
        path
    });
    let run = site.code_to("t.zarr", &path, &[&tables[0], &tables[1]]);
    done(run);
    assert!(
        read(&site.out("t.zarr"), "granules")
            .iter()
            .all(|&n| n == 2.0)
    );
}

#[test]
fn photons_in_memory_are_of_no_granule() {
    let yaml = table_yaml().replacen(
        "    bins:",
        "    n: {function: n_granules, source: h}\n    bins:",
        1,
    );
    let config = icefold::config::parse_yaml("test", &yaml).unwrap();
    let site = Site::new();
    let table = site.path("a.parquet");
    write(&table, &points(), Format::Parquet(400));
    let error = icefold::arrays::read(&[table], &config)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("photons in memory are of no granule"),
        "{error}"
    );
}

#[test]
fn values_beyond_what_products_hold_stop_a_run_or_are_left_out() {
    let site = Site::new();
    let name = "ATL03_20190105163308_01260202_006_02.h5";
    let mut heights = Heights::along(-45.0, 1000);
    heights.h[7] = 1e30;
    let granule = site.granule(name, &[("gt1l", heights)]);
    let tilt = "\naggregation:\n  variables:\n    tilt: {function: slope, source: h_ph, params: {x: lat}}\n";
    let config = config(&site, tilt);
    let says = "row 7";
    refused(
        site.code(&config, &[&granule]).execute(),
        Kind::Granule,
        &[says, "2^-128"],
    );
    let (report, _) = super::from_code::partly(site.code(&config, &[&granule]).tolerant(true));
    assert_eq!(report["photons"]["kept"], 999);
    assert_eq!(
        report["photons"]["rejected_by"]["out_of_range:h_ph"], 1,
        "{report}"
    );
}
