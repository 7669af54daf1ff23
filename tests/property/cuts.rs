//! Regions and times that are cut in two: the parts have each photon once, and are the whole.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float32Array, Float64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use icefold::store::{StoreReader, StoredSteps};
use icefold::{Granules, Region, Run, config};
use parquet::arrow::ArrowWriter;
use proptest::prelude::*;
use serde_json::json;

use crate::support::folder;

/// Seconds from 2018 to 2019, and of a day.
const YEAR: f64 = 31_536_000.0;
const DAY: f64 = 86_400.0;
const BOX: [f64; 4] = [-45.5, 69.0, -44.5, 70.5];

/// Longitude, latitude, height in 64ths, and day of 2019.
pub type Photon = (f64, f64, i32, u32);

fn photons() -> impl Strategy<Value = Vec<Photon>> {
    let [west, south, east, north] = BOX;
    // Some outside, and some on lines that regions and times may be cut along.
    let lon = prop_oneof![4 => west - 0.1..east + 0.1, 1 => Just(-45.0), 1 => Just(west)];
    let lat = prop_oneof![4 => south - 0.1..north + 0.1, 1 => Just(69.75), 1 => Just(north)];
    prop::collection::vec((lon, lat, -6400i32..64_000, 0u32..365), 1..300)
}

pub fn write(path: &Path, photons: &[Photon]) {
    let column = |of: &dyn Fn(&Photon) -> f64| -> ArrayRef {
        Arc::new(photons.iter().map(of).collect::<Float64Array>())
    };
    let h: Float32Array = photons.iter().map(|p| p.2 as f32 / 64.0).collect();
    let units = HashMap::from([("units".to_owned(), "seconds since 2018-01-01".to_owned())]);
    let field = |name: &str| Field::new(name, DataType::Float64, false);
    let fields = vec![
        field("lon"),
        field("lat"),
        field("t").with_metadata(units),
        Field::new("h", DataType::Float32, false),
    ];
    let columns = vec![
        column(&|p| p.0),
        column(&|p| p.1),
        column(&|p| YEAR + f64::from(p.3) * DAY),
        Arc::new(h),
    ];
    let rows = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
    let file = std::fs::File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, rows.schema(), None).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
}

/// Count, sum, smallest and largest height by cell, of each step.
type Cells = BTreeMap<u64, [f64; 4]>;

fn run(folder: &Path, region: &Region, time: &str) -> Vec<Cells> {
    let text = format!(
        "data_source:\n  reader: table\n  coordinates: {{latitude: lat, longitude: lon}}\n  variables: {{h: h}}\n\
         aggregation:\n  variables:\n    n: {{function: count, source: h}}\n    \
         h_sum: {{expression: \"sum(h)\", dtype: float64}}\n    h_min: {{function: min, source: h}}\n    \
         h_max: {{function: max, source: h}}\n\
         output:\n  grid: {{type: healpix, parent_order: 6, child_order: 9}}\ntime: {{dataset: t, {time}}}\n"
    );
    let (config, store) = (folder.join("a.yaml"), folder.join("a.zarr"));
    std::fs::write(&config, text).unwrap();
    let config = config::load(config.to_str().unwrap()).unwrap();
    let granules = Granules::named([folder.join("photons.parquet")]);
    let run = Run::new(config, granules).into_store(&store);
    let run = run.region(region.clone()).overwrite(true).threads(1);
    run.execute().unwrap();
    let store = StoreReader::open(&store).unwrap();
    let ids = store.cell_ids().unwrap();
    let steps = store.times().map_or(1, StoredSteps::len) as usize;
    let columns = ["n", "h_sum", "h_min", "h_max"].map(|name| store.read(name).unwrap().as_f64());
    let of_step = |step: usize| {
        let cells = ids.iter().enumerate();
        let cells = cells.map(|(i, &id)| (id, columns.each_ref().map(|c| c[i * steps + step])));
        cells.filter(|(_, values)| values[0] > 0.0).collect()
    };
    (0..steps).map(of_step).collect()
}

fn merged(parts: &[&Cells]) -> Cells {
    let mut all = Cells::new();
    for (&cell, &[n, sum, min, max]) in parts.iter().copied().flatten() {
        let none = [0.0, 0.0, f64::INFINITY, f64::NEG_INFINITY];
        let of = all.entry(cell).or_insert(none);
        *of = [of[0] + n, of[1] + sum, of[2].min(min), of[3].max(max)];
    }
    all
}

/// The box, and what of it is on each side of a line between its western and its eastern edge.
fn cut(from: f64, to: f64) -> [Region; 3] {
    let [west, south, east, north] = BOX;
    let polygon = |ring: [[f64; 2]; 5]| {
        let text = json!({"type": "Polygon", "coordinates": [ring]}).to_string();
        Region::of_geojson(&text).unwrap()
    };
    let (left, right) = ([west, from], [east, to]);
    let below = [[west, south], [east, south], right, left, [west, south]];
    let above = [left, right, [east, north], [west, north], left];
    let whole = Region::of_box(west, south, east, north).unwrap();
    [whole, polygon(below), polygon(above)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    #[test]
    fn parts_of_a_region_and_of_a_time_merge_to_the_whole(
        photons in photons(),
        from in prop_oneof![69.1f64..70.4, Just(69.75)],
        to in prop_oneof![69.1f64..70.4, Just(69.75)],
        month in 2u32..12,
    ) {
        let folder = folder();
        write(&folder.path().join("photons.parquet"), &photons);
        let [whole, below, above] = cut(from, to);
        let at = |region, time: &str| run(folder.path(), region, time);
        // On either side of the first of a month; a whole month as the end of a period is included.
        let (first, second) = (
            format!("from: 2019-01, to: 2019-{:02}", month - 1),
            format!("from: 2019-{month:02}, to: 2019-12"),
        );
        let edges = format!("edges: [2019-01-01, 2019-{month:02}-01, 2020-01-01]");
        let all = at(&whole, "from: 2019, to: 2019").remove(0);
        let inside = photons.iter().filter(|p| whole.contains(p.0, p.1)).count();
        prop_assert_eq!(all.values().map(|cell| cell[0]).sum::<f64>(), inside as f64);
        let steps = at(&whole, &edges);
        prop_assert_eq!(steps.len(), 2);
        prop_assert_eq!(&merged(&[&steps[0], &steps[1]]), &all);
        for (step, time) in steps.iter().zip([&first, &second]) {
            prop_assert_eq!(&at(&whole, time).remove(0), step);
        }
        let (south, north) = (at(&below, &edges), at(&above, &edges));
        for step in 0..2 {
            prop_assert_eq!(&merged(&[&south[step], &north[step]]), &steps[step]);
        }
    }
}
