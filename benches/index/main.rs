//! A synthetic index of many granules, for measuring what a plan of it takes: docs/BENCHMARKING.md.
//!
//! Beside the line. `cargo bench --bench index -- FOLDER GRANULES` makes files of the names and lengths of ATL06 granules,
//! which are empty and take no room, and an index of them, with footprints along orbits of ICESat-2's inclination and
//! period. No file has photons: a plan of the index must open none.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::time::UNIX_EPOCH;

use icefold::config::{self, Order};
use icefold::grid::{Grid, Locator};
use icefold::index::{CellRun, Entry, IndexWriter, IndexedTrack};

/// Orbits of a cycle of 91 days, and parts of an orbit that granules are of (NSIDC, "ATL03 regions").
const ORBITS: u32 = 1387;
const PARTS: u32 = 14;
const CYCLE: f64 = 91.0 * 86_400.0;
const INCLINATION: f64 = 92.0;
/// Positions of each ground track along a granule: one in some 2 km.
const STEPS: u32 = 1400;
/// Degrees across the track, of the six ground tracks: pairs of 90 m, 3.3 km apart.
const ACROSS: [f64; 6] = [-0.0304, -0.0296, -0.0004, 0.0004, 0.0296, 0.0304];
const TRACKS: [&str; 6] = ["gt1l", "gt1r", "gt2l", "gt2r", "gt3l", "gt3r"];
/// Seconds from 2018-01-01 to the first granule.
const LAUNCH: f64 = 285.0 * 86_400.0;

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with("--"))
        .collect();
    let [folder, granules] = &arguments[..] else {
        println!("give a folder and a number of granules: -- FOLDER 100000");
        return;
    };
    let granules: u32 = granules.parse().expect("a number of granules");
    let folder = Path::new(folder);
    fs::create_dir_all(folder.join("granules")).expect("the folder can be made");
    let locator = Locator::new(Order::new(9).expect("an order"), Grid::default());
    let mut writer = IndexWriter::create(&folder.join("index.parquet")).expect("an index begins");
    // Names in the order of their text, as addresses of an index are.
    let mut all: Vec<(String, u32)> = (0..granules).map(|number| (name(number), number)).collect();
    all.sort();
    let config = config::load("atl06").expect("a built-in config");
    for (name, number) in all {
        let path = folder.join("granules").join(&name);
        let bytes = 40_000_000 + u64::from(number) * 31;
        let file = File::create(&path).expect("a file can be made");
        file.set_len(bytes).expect("a file has its length");
        let modified = file
            .metadata()
            .and_then(|found| found.modified())
            .expect("a file has a time");
        let modified = modified
            .duration_since(UNIX_EPOCH)
            .expect("after 1970")
            .as_nanos() as u64;
        let start = begins(number);
        let entry = Entry {
            address: format!("granules/{name}"),
            name,
            bytes,
            modified,
            product: Some("ATL06".to_owned()),
            release: Some("006".to_owned()),
            version: Some("01".to_owned()),
            span: Some([start - 60.0, start + 470.0]),
            utc: Some(
                ["2019-06-01T12:00:00.000000Z", "2019-06-01T12:07:50.000000Z"].map(str::to_owned),
            ),
            times: Some("/{group}/land_ice_segments/delta_time".to_owned()),
            latitude: config.latitude.clone(),
            longitude: config.longitude.clone(),
            tracks: TRACKS
                .map(|name| IndexedTrack {
                    name: name.to_owned(),
                    rows: Some(130_000),
                })
                .into(),
            cells: cells(&locator, number),
            ..Entry::default()
        };
        writer.append(entry, None).expect("a row is written");
    }
    let place = writer.finish().expect("an index is written");
    let bytes = place.bytes();
    place.publish().expect("an index has its name");
    println!(
        "{granules} granules in {}, {bytes} bytes",
        folder.join("index.parquet").display()
    );
}

/// The orbit and the part of it.
fn orbit(number: u32) -> (u32, u32) {
    (number / PARTS, number % PARTS)
}

fn begins(number: u32) -> f64 {
    let period = CYCLE / f64::from(ORBITS);
    let (orbit, part) = orbit(number);
    LAUNCH + (f64::from(orbit) + f64::from(part) / f64::from(PARTS)) * period
}

fn name(number: u32) -> String {
    let (orbit, part) = orbit(number);
    let seconds = begins(number) as u64;
    let (day, second) = (seconds / 86_400, seconds % 86_400);
    // The day of the mission in place of a date: names have to be of products, and apart.
    let date = format!(
        "20{:02}{:02}{:02}",
        18 + day / 336,
        1 + day % 336 / 28,
        1 + day % 28
    );
    let time = format!(
        "{:02}{:02}{:02}",
        second / 3600,
        second / 60 % 60,
        second % 60
    );
    let (track, cycle) = (1 + orbit % ORBITS, 1 + orbit / ORBITS);
    format!(
        "ATL06_{date}{time}_{track:04}{cycle:02}{:02}_006_01.h5",
        1 + part
    )
}

/// Cells along a granule, with their ground tracks.
fn cells(locator: &Locator, number: u32) -> Vec<CellRun> {
    let (orbit, part) = orbit(number);
    let (sin, cos) = INCLINATION.to_radians().sin_cos();
    // The Earth turns under the orbit: orbits of a cycle are evenly apart.
    let node = 360.0 * f64::from(orbit % ORBITS) * 29.0 / f64::from(ORBITS);
    let mut found: BTreeMap<u64, u32> = BTreeMap::new();
    for step in 0..STEPS {
        let along = (f64::from(part) + f64::from(step) / f64::from(STEPS)) / f64::from(PARTS);
        let (s, c) = (along * std::f64::consts::TAU).sin_cos();
        let turned = -360.0 * along * 91.0 / f64::from(ORBITS);
        for (track, across) in ACROSS.iter().enumerate() {
            let lat = (s * sin).asin().to_degrees();
            let lon = (s * cos).atan2(c).to_degrees() + node + turned;
            let narrow = lat.to_radians().cos().max(0.03);
            let lon = (lon + across / narrow + 540.0).rem_euclid(360.0) - 180.0;
            *found.entry(locator.cell(lon, lat)).or_default() |= 1 << track;
        }
    }
    let mut runs: Vec<CellRun> = Vec::new();
    for (cell, tracks) in found {
        match runs.last_mut() {
            Some(last) if last.tracks == tracks && last.first + u64::from(last.count) == cell => {
                last.count += 1;
            }
            _ => runs.push(CellRun {
                first: cell,
                count: 1,
                tracks,
            }),
        }
    }
    runs
}
