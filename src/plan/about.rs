//! What a shard map says of itself, and why there is none.
//!
//! Beside `build.rs`, which makes maps.

use serde_json::{Map, Value, json};

use crate::config::{GranuleKind, TimeWindow};
use crate::error::Error;
use crate::read::named;
use crate::region::Region;

use super::build::{Build, Built};

/// Where the map comes from; keys that zagg's maps have too mean the same there.
pub(super) fn metadata(build: &Build, built: &Built) -> Map<String, Value> {
    let config = build.config;
    let superseded = build.plan.superseded.iter().map(|s| {
        let pair = named(vec![s.granule.clone(), s.by.clone()]);
        json!({"id": &*pair[0].name, "superseded_by": &*pair[1].name})
    });
    let mut left_out: Vec<Value> = superseded
        .chain((built.failed.iter()).map(|f| {
            let why = f.reason.render(config.access.dialect);
            json!({"id": f.granule, "failed": why})
        }))
        .chain((built.without_photons.iter()).map(|id| json!({"id": id, "without_photons": true})))
        .chain((built.outside_region.iter()).map(|id| json!({"id": id, "outside_region": true})))
        .chain((built.outside_grid.iter()).map(|id| json!({"id": id, "outside_grid": true})))
        .chain((built.outside_time.iter()).map(|id| json!({"id": id, "outside_time": true})))
        .collect();
    left_out.sort_by_cached_key(Value::to_string);
    let mut values = json!({
        "source": "icefold",
        "icefold_version": env!("CARGO_PKG_VERSION"),
        "latitude": config.grid.kind.latitude(),
        "positions": {
            "latitude": config.latitude,
            "longitude": config.longitude,
            "ground_tracks": config.ground_tracks,
        },
        "duplicates": config.duplicates.name(),
        "total_granules": build.plan.granules.len(),
        "granules_assigned": built.map.granules.len(),
        "total_shards": built.map.shards.len(),
        "total_pairs": built.map.pairs(),
        "left_out": left_out,
    });
    if let Some(beams) = &config.beams {
        values["positions"]["beams"] = json!(beams.to_string());
    }
    if let Some(region) = &config.region {
        values["region"] = json!(region.facts());
        values["region"]["geometry"] = region.to_geojson();
    }
    if built.map.aoi_mask.is_some() {
        values["aoi_mask"] = json!(true);
    }
    if let Some(window) = TimeWindow::of(config) {
        values["time"] = json!(window);
    }
    match values {
        Value::Object(values) => values,
        _ => unreachable!("the literal above is an object"),
    }
}

/// That no shard would list a granule, and why.
pub(super) fn nothing_to_list(build: &Build, built: &Built) -> Error {
    let granules = build.plan.granules.len();
    match built.failed.first() {
        Some(first) => Error::no_granule(granules, first.reason.clone()),
        None if !built.outside_grid.is_empty() => Error::argument(format!(
            "none of the {granules} granules has a photon on the grid, {}; name granules that reach it, or \
             other bounds",
            build.config.grid.kind.identity()
        )),
        None if !built.outside_region.is_empty() => {
            let facts = build.config.region.as_ref().map(Region::facts);
            let facts = facts.map_or(String::new(), |facts| facts.to_string());
            Error::argument(format!(
                "none of the {granules} granules has a photon in the region, {facts}; name granules that \
                 reach it, or another region"
            ))
        }
        None if !built.outside_time.is_empty() => {
            let window = TimeWindow::of(build.config);
            let window = window.map_or(String::new(), |window| window.to_string());
            Error::argument(format!(
                "none of the {granules} granules has a photon in the time, {window}; name granules of that time, or \
                 another time"
            ))
        }
        None => Error::argument(format!(
            "none of the {granules} granules has a photon with valid coordinates at {} and {}{}; \
             check that config {} fits the product",
            build.config.latitude,
            build.config.longitude,
            match build.config.granules {
                GranuleKind::Hdf5 => {
                    format!(
                        " in the ground tracks {}",
                        build.config.ground_tracks.join(", ")
                    )
                }
                GranuleKind::Table => String::new(),
            },
            build.config.name
        )),
    }
}
