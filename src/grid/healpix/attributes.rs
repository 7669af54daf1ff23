//! How stores describe HEALPix cells: attributes, written and read.
//!
//! Beside the line. Sources: the zarr-conventions `dggs` convention v1, xdggs 0.6 (`cell_ids`), CF 1.13 (grid
//! mapping). Readers spell the axis of the ellipsoid differently, so each place has the spelling of its reader.

use serde_json::{Map, Value, json};

use crate::grid::{Latitude, Order};

const SEMI_MAJOR_AXIS: f64 = 6_378_137.0;
const INVERSE_FLATTENING: f64 = 298.257_223_563;
/// Radius of the sphere that the `dggs` convention's own example names.
const SPHERE_RADIUS: f64 = 6_370_997.0;

/// Attributes of the array of nested ids.
pub fn of_ids(order: Order, latitude: Latitude) -> Map<String, Value> {
    object(json!({
        "grid_name": "healpix",
        "level": order.get(),
        "indexing_scheme": "nested",
        "ellipsoid": ellipsoid(latitude, "semimajor_axis"),
    }))
}

/// The grid of a group's cells, as the `dggs` convention has it.
pub fn of_group(order: Order, latitude: Latitude) -> Map<String, Value> {
    object(json!({
        "name": "healpix",
        "refinement_level": order.get(),
        "indexing_scheme": "nested",
        "spatial_dimension": "cells",
        "ellipsoid": ellipsoid(latitude, "semi_major_axis"),
    }))
}

/// Attributes of the grid mapping.
pub fn of_mapping(order: Order, latitude: Latitude) -> Map<String, Value> {
    let mut attributes = object(json!({
        "grid_mapping_name": "healpix",
        "refinement_level": order.get(),
        "indexing_scheme": "nested",
    }));
    attributes.extend(object(match latitude {
        Latitude::AuthalicWgs84 => json!({
            "reference_ellipsoid_name": "WGS 84",
            "semi_major_axis": SEMI_MAJOR_AXIS,
            "inverse_flattening": INVERSE_FLATTENING,
        }),
        Latitude::GeodeticSpherical => json!({"earth_radius": SPHERE_RADIUS}),
    }));
    attributes
}

/// The latitude of the cells that a group's attributes describe.
///
/// # Errors
/// In words, attributes that do not describe nested cells of this order on a latitude that is known.
pub fn latitude(attributes: &Map<String, Value>, order: Order) -> Result<Latitude, String> {
    let dggs = |key: &str| attributes.get("dggs").and_then(|map| map.get(key));
    let level = dggs("refinement_level").and_then(Value::as_u64);
    let indexing = dggs("indexing_scheme").and_then(Value::as_str);
    if level != Some(order.get().into()) || indexing != Some("nested") {
        return Err(format!(
            "attribute dggs does not describe nested healpix cells of order {order}; \
             it is not a store of icefold"
        ));
    }
    let name = attributes.get("latitude").and_then(Value::as_str);
    let name = name.unwrap_or("");
    Latitude::named(name).ok_or_else(|| {
        format!("attribute latitude is {name:?}; known are authalic-wgs84 and geodetic-spherical")
    })
}

/// The body on which ids and positions agree for a reader that knows no latitude convention.
///
/// Geodetic latitudes hashed as they stand are what such a reader does on a sphere; naming WGS84
/// there would place every cell up to 14 km away from its photons.
fn ellipsoid(latitude: Latitude, axis: &str) -> Value {
    match latitude {
        Latitude::AuthalicWgs84 => json!({
            "name": "WGS84",
            axis: SEMI_MAJOR_AXIS,
            "inverse_flattening": INVERSE_FLATTENING,
        }),
        Latitude::GeodeticSpherical => json!({"name": "sphere", "radius": SPHERE_RADIUS}),
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spherical_ids_are_described_as_on_a_sphere() {
        let sphere = ellipsoid(Latitude::GeodeticSpherical, "semi_major_axis");
        assert_eq!(sphere, json!({"name": "sphere", "radius": 6_370_997.0}));
    }
}
