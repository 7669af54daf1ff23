//! Verdicts held against photons one by one.

use proptest::prelude::*;

use super::*;
use crate::config::{Change, load, load_with};
use crate::grid::{Latitude, Locator, Order};
use crate::index::entry::{IndexedTrack, runs};
use crate::region::Region;
use std::collections::BTreeMap;

const TRACKS: [&str; 3] = ["gt1l", "gt2r", "gt3l"];

/// Photons: ground track, longitude, latitude.
type Photons = Vec<(usize, f64, f64)>;

fn entry(photons: &Photons) -> Entry {
    let config = load("atl03").unwrap();
    let locator = Locator::new(order(), Grid::default());
    let mut cells: BTreeMap<u64, u32> = BTreeMap::new();
    for (track, lon, lat) in photons {
        *cells.entry(locator.cell(*lon, *lat)).or_default() |= 1 << track;
    }
    let rows = |k| photons.iter().filter(|(track, ..)| *track == k).count() as u64;
    Entry {
        latitude: config.latitude.clone(),
        longitude: config.longitude.clone(),
        product: config.product.clone(),
        tracks: (0..TRACKS.len())
            .map(|k| IndexedTrack {
                name: TRACKS[k].to_owned(),
                rows: Some(rows(k)),
            })
            .collect(),
        cells: runs(cells),
        ..Entry::default()
    }
}

fn config(tracks: &[&str], shard_order: u8, region: Option<Region>) -> Config {
    let changes = [
        Change::new("data_source.groups", format!("[{}]", tracks.join(", "))),
        Change::new("output.grid.parent_order", shard_order),
    ];
    let config = load_with("atl03", &changes).unwrap();
    match region {
        Some(region) => config.within(region),
        None => config,
    }
}

/// Tracks of a few degrees anywhere, over the poles and across the antimeridian.
fn photons() -> impl Strategy<Value = Photons> {
    let start = (
        -185.0f64..185.0,
        -90.0f64..90.0,
        -0.3f64..0.3,
        -0.05f64..0.05,
    );
    prop::collection::vec((0usize..3, start, 1usize..80), 1..4).prop_map(|parts| {
        let mut photons = Vec::new();
        for (track, (lon, lat, east, north), count) in parts {
            for i in 0..count {
                let lat = (lat + north * i as f64).clamp(-90.0, 90.0);
                photons.push((track, lon + east * i as f64, lat));
            }
        }
        photons
    })
}

/// Boxes, near what photons there are or anywhere.
fn region(around: (f64, f64), size: (f64, f64)) -> Option<Region> {
    let turned = |lon: f64| (lon + 540.0).rem_euclid(360.0) - 180.0;
    let (west, east) = (turned(around.0 - size.0), turned(around.0 + size.0));
    let (south, north) = (
        (around.1 - size.1).max(-90.0),
        (around.1 + size.1).min(90.0),
    );
    Region::of_box(west, south, east, north).ok()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn a_verdict_is_what_photons_say(
        photons in photons(),
        picked in 0usize..1000,
        shift in (-2.0f64..2.0, -2.0f64..2.0),
        size in (0.001f64..6.0, 0.001f64..6.0),
        bounded: bool,
        chosen in 1u32..8,
        shard_order in 0u8..=10,
        spherical in prop::bool::weighted(0.1),
    ) {
        let (_, lon, lat) = photons[picked % photons.len()];
        let around = (lon + shift.0, (lat + shift.1).clamp(-90.0, 90.0));
        let Some(area) = region(around, size) else { return Ok(()) };
        let region = bounded.then_some(area);
        let chosen: Vec<&str> = (0..3).filter(|k| chosen >> k & 1 == 1).map(|k| TRACKS[k]).collect();
        let mut config = config(&chosen, shard_order, region.clone());
        if spherical {
            config.grid.kind = Latitude::GeodeticSpherical.into();
        }
        let entry = entry(&photons);
        let of_config = |track: usize| chosen.contains(&TRACKS[track]);
        let all: Photons = photons.iter().copied().filter(|(k, ..)| of_config(*k)).collect();
        let counted: Photons = all
            .iter()
            .copied()
            .filter(|(_, lon, lat)| region.as_ref().is_none_or(|area| area.contains(*lon, *lat)))
            .collect();
        let locator = config.grid.shard_locator();
        let mut shards: Vec<u64> = counted.iter().map(|(_, lon, lat)| locator.cell(*lon, *lat)).collect();
        shards.sort_unstable();
        shards.dedup();
        for purpose in [Purpose::Shards, Purpose::Photons] {
            let verdict = Judge::of(&config, purpose).unwrap().verdict(&entry);
            match &verdict {
                Verdict::Open => {}
                Verdict::OutsideRegion => prop_assert!(!all.is_empty() && counted.is_empty()),
                Verdict::WithoutPhotons => prop_assert!(all.is_empty()),
                Verdict::Shards(found) => {
                    prop_assert_eq!(purpose, Purpose::Shards);
                    prop_assert_eq!(found, &shards);
                }
                Verdict::OutsideTime => prop_assert!(false, "no time is bounded"),
            }
            // Without a region nothing is open where shards are of cells.
            let is_of_cells = !spherical && shard_order <= 9;
            if region.is_none() && is_of_cells && !all.is_empty() && purpose == Purpose::Shards {
                prop_assert_ne!(verdict, Verdict::Open);
            }
        }
    }
}

#[test]
fn an_entry_of_other_positions_tells_nothing() {
    let photons: Photons = vec![(0, 10.0, 20.0), (1, 10.0, 20.0)];
    let config = config(&["gt1l"], 6, None);
    let verdict = |entry: &Entry| Judge::of(&config, Purpose::Shards).unwrap().verdict(entry);
    let plain = entry(&photons);
    assert!(matches!(verdict(&plain), Verdict::Shards(shards) if shards.len() == 1));
    let changes: [fn(&mut Entry); 5] = [
        |e| e.latitude = "/{group}/other/lat".to_owned(),
        |e| e.longitude = "/{group}/other/lon".to_owned(),
        |e| e.product = Some("ATL06".to_owned()),
        |e| e.tracks[0].name = "gt2l".to_owned(),
        |e| e.tracks[0].rows = Some(0),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut other = plain.clone();
        change(&mut other);
        assert_eq!(verdict(&other), Verdict::Open, "{number}");
    }
}

#[test]
fn chosen_beams_rule_out_and_prove_nothing() {
    let photons: Photons = vec![(0, 10.0, 20.0)];
    let beams = [Change::new("data_source.beams", "strong")];
    let config = load_with("atl03", &beams).unwrap();
    let mut entry = entry(&photons);
    entry.tracks = config
        .ground_tracks
        .iter()
        .map(|name| IndexedTrack {
            name: name.clone(),
            rows: Some(1),
        })
        .collect();
    let verdict = |config: &Config| Judge::of(config, Purpose::Shards).unwrap().verdict(&entry);
    assert_eq!(verdict(&config), Verdict::Open);
    let near = config
        .clone()
        .within(Region::of_box(9.0, 19.0, 11.0, 21.0).unwrap());
    assert_eq!(verdict(&near), Verdict::Open);
    let far = config.within(Region::of_box(50.0, 19.0, 51.0, 21.0).unwrap());
    assert_eq!(verdict(&far), Verdict::OutsideRegion);
}

#[test]
fn a_time_rules_out_where_the_same_times_were_looked_at() {
    let mut entry = entry(&vec![(0, 10.0, 20.0)]);
    entry.span = Some([1e8, 1e8 + 300.0]);
    let timed = |from: &str| {
        let changes = [
            Change::new("data_source.groups", "[gt1l]"),
            Change::new("time.from", from),
        ];
        load_with("atl03", &changes).unwrap()
    };
    let verdict = |config: &Config, entry: &Entry| {
        Judge::of(config, Purpose::Photons).unwrap().verdict(entry)
    };
    // 1e8 seconds after 2018-01-01 is in March 2021.
    let (before, after) = (timed("2021-01-01"), timed("2022-01-01"));
    assert_eq!(verdict(&after, &entry), Verdict::Open);
    entry.times = Some("/{group}/heights/delta_time".to_owned());
    assert_eq!(verdict(&after, &entry), Verdict::OutsideTime);
    assert_eq!(verdict(&before, &entry), Verdict::Open);
    entry.times = Some("/{group}/heights/other".to_owned());
    assert_eq!(verdict(&after, &entry), Verdict::Open);
}

#[test]
fn ranges_are_cut_as_they_meet() {
    assert_eq!(common(&[0..4, 6..9, 12..13], &(3..7)), [3..4, 6..7]);
    assert_eq!(without(&(3..10), &[3..4, 6..7]), [4..6, 7..10]);
    assert!(without(&(3..10), std::slice::from_ref(&(0..20))).is_empty());
    assert_eq!(without(&(3..10), &[]).first(), Some(&(3..10)));
    assert!(Order::new(9) == Some(order()));
}
