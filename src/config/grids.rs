//! The section `output.grid`: which grid results are on.
//!
//! Below `parse.rs`. A grid of HEALPix has orders, a rectilinear one a coordinate system, bounds and sizes; keys of the
//! other kind are refused.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::GridConfig;
use super::faults::{Fault, Faults};
use super::one_or_two::OneOrTwo;
use super::raw::RawLatitude;
use crate::grid::{AskedRectilinear, Crs, Grid, Latitude, Order, Rectilinear};

const SECTION: &str = "output.grid";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawGrid {
    #[serde(rename = "type")]
    pub kind: RawGridKind,
    pub indexing_scheme: Option<RawIndexing>,
    pub parent_order: Option<i64>,
    pub chunk_inner: Option<OneOrTwo<true>>,
    pub sharded: Option<bool>,
    pub emit_cell_ids: Option<bool>,
    pub child_order: Option<i64>,
    pub crs: Option<String>,
    pub resolution: Option<OneOrTwo<false>>,
    pub bounds: Option<Vec<f64>>,
    pub chunk_shape: Option<Vec<u64>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawGridKind {
    Healpix,
    Rectilinear,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawIndexing {
    Nested,
}

/// Equal cells over the sphere, in orders.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "only a schema")]
struct RawHealpix {
    #[serde(rename = "type")]
    kind: HealpixName,
    indexing_scheme: Option<RawIndexing>,
    /// Order of the shards: the unit of work and output.
    #[schemars(range(min = 0, max = 29))]
    parent_order: i64,
    /// Order of the store's chunks, between the other two.
    #[schemars(range(min = 0, max = 29))]
    chunk_inner: Option<i64>,
    /// These have no effect: how chunks of another reader are packed, and an array that there always is.
    sharded: Option<bool>,
    emit_cell_ids: Option<bool>,
    /// Order of the cells.
    #[schemars(range(min = 0, max = 29))]
    child_order: i64,
}

/// Rows and columns of equal cells in the plane of a coordinate reference system.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "only a schema")]
struct RawRectilinear {
    #[serde(rename = "type")]
    kind: RectilinearName,
    /// Such as `EPSG:3031`.
    crs: String,
    /// Width and height of a cell, in units of the system: one number, or two.
    resolution: OneOrTwo<false>,
    /// West, south, east and north, in units of the system.
    bounds: [f64; 4],
    /// Rows and columns of cells in a shard, which is a Zarr chunk of the store.
    chunk_shape: [u64; 2],
    /// Rows and columns of cells in a Zarr chunk, where shards have several.
    chunk_inner: Option<[u64; 2]>,
    /// This has no effect: shards of several Zarr chunks are always one file.
    sharded: Option<bool>,
    emit_cell_ids: Option<bool>,
}

#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code, reason = "only a schema")]
enum HealpixName {
    Healpix,
}

#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code, reason = "only a schema")]
enum RectilinearName {
    Rectilinear,
}

impl JsonSchema for RawGrid {
    fn schema_name() -> Cow<'static, str> {
        "RawGrid".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let healpix = generator.subschema_for::<RawHealpix>();
        let rectilinear = generator.subschema_for::<RawRectilinear>();
        schemars::json_schema!({ "anyOf": [healpix, rectilinear] })
    }
}

/// The keys that each kind has alone, and whether they are written.
fn particular(raw: &RawGrid) -> [(RawGridKind, &'static str, bool); 7] {
    use RawGridKind::{Healpix, Rectilinear};
    [
        (Healpix, "indexing_scheme", raw.indexing_scheme.is_some()),
        (Healpix, "parent_order", raw.parent_order.is_some()),
        (Healpix, "child_order", raw.child_order.is_some()),
        (Rectilinear, "crs", raw.crs.is_some()),
        (Rectilinear, "resolution", raw.resolution.is_some()),
        (Rectilinear, "bounds", raw.bounds.is_some()),
        (Rectilinear, "chunk_shape", raw.chunk_shape.is_some()),
    ]
}

fn key(key: &str) -> String {
    format!("{SECTION}.{key}")
}

/// The grid; `None` after what is wrong with it was added.
pub(super) fn grid(
    raw: &RawGrid,
    latitude: Option<RawLatitude>,
    faults: &mut Faults,
) -> Option<GridConfig> {
    if faults.is_hole(&key("type")) {
        return None;
    }
    let (needs, other) = match raw.kind {
        RawGridKind::Healpix => ("parent_order and child_order", "rectilinear"),
        RawGridKind::Rectilinear => ("crs, resolution, bounds and chunk_shape", "healpix"),
    };
    let mut whole = true;
    for (kind, name, is_written) in particular(raw) {
        if kind == raw.kind {
            if !is_written && name != "indexing_scheme" {
                faults.add(Fault::new(SECTION, format!("key '{name}' is missing")));
                whole = false;
            }
        } else if is_written {
            let message = format!("belongs to grids of type: {other}; this one has {needs}");
            faults.add(Fault::new(key(name), message));
        }
    }
    if !whole {
        return None;
    }
    match raw.kind {
        RawGridKind::Healpix => healpix(raw, latitude, faults),
        RawGridKind::Rectilinear => {
            if latitude.is_some() {
                let message = "is of HEALPix grids; coordinate systems have geodetic latitudes, remove the key";
                faults.add(Fault::new("output.latitude", message));
            }
            rectilinear(raw, faults)
        }
    }
}

fn healpix(
    raw: &RawGrid,
    latitude: Option<RawLatitude>,
    faults: &mut Faults,
) -> Option<GridConfig> {
    let order = |name: &str, value: f64| {
        let order = (0.0..=255.0).contains(&value).then_some(value as u8);
        let order = order.filter(|order| f64::from(*order).to_bits() == value.to_bits());
        order.and_then(Order::new).ok_or_else(|| {
            let message = format!("is {value}; an order is 0 to {}", Order::MAX);
            Fault::new(key(name), message)
        })
    };
    let whole = |value: Option<i64>| value.unwrap_or_default() as f64;
    let shard_order = faults.keep(order("parent_order", whole(raw.parent_order)));
    let cell_order = faults.keep(order("child_order", whole(raw.child_order)));
    let chunk_order = raw.chunk_inner.as_ref().map(|chunk| {
        let value = chunk.one().ok_or_else(|| {
            let message = "expected a whole number: the order of Zarr chunks of HEALPix cells";
            Fault::new(key("chunk_inner"), message)
        })?;
        order("chunk_inner", value)
    });
    let chunk_order = faults.keep(chunk_order.transpose());
    let (shard_order, cell_order, chunk_order) = (shard_order?, cell_order?, chunk_order?);
    // Orders that could not be read have no relation to others.
    if faults.hole_in(SECTION) {
        return None;
    }
    if shard_order > cell_order {
        let message = format!(
            "is {shard_order}, finer than child_order {cell_order}; shards contain cells, so it is {cell_order} at most"
        );
        faults.add(Fault::new(key("parent_order"), message));
    } else if let Some(chunk) = chunk_order.filter(|c| *c < shard_order || *c > cell_order) {
        let message = format!(
            "is {chunk}, not between parent_order {shard_order} and child_order {cell_order}"
        );
        faults.add(Fault::new(key("chunk_inner"), message));
    }
    Some(GridConfig {
        shard_order,
        chunk_order,
        cell_order,
        steps: 1,
        kind: Grid::from(match latitude {
            None | Some(RawLatitude::AuthalicWgs84) => Latitude::AuthalicWgs84,
            Some(RawLatitude::GeodeticSpherical) => Latitude::GeodeticSpherical,
        }),
    })
}

fn rectilinear(raw: &RawGrid, faults: &mut Faults) -> Option<GridConfig> {
    let name = raw.crs.as_deref().unwrap_or_default();
    let crs = Crs::named(name).ok_or_else(|| {
        let message = format!("is '{name}'; known are {}", Crs::KNOWN);
        Fault::new(key("crs"), message)
    });
    let resolution = raw.resolution.as_ref().and_then(OneOrTwo::two);
    let resolution = resolution.ok_or_else(|| {
        let message = "is neither a number nor [width, height] of cells";
        Fault::new(key("resolution"), message)
    });
    let bounds = raw.bounds.clone().unwrap_or_default();
    let bounds = <[f64; 4]>::try_from(bounds).map_err(|bounds| {
        let message = format!(
            "has {} numbers; it is [west, south, east, north]",
            bounds.len()
        );
        Fault::new(key("bounds"), message)
    });
    let shape = raw.chunk_shape.clone().unwrap_or_default();
    let chunk_shape = sides(shape.iter().map(|&side| side as f64)).ok_or_else(|| {
        Fault::new(
            key("chunk_shape"),
            format!(
                "is {shape:?}; it is [rows, columns] of cells, each 1 or more, 2^28 cells at most"
            ),
        )
    });
    let chunk_inner = raw.chunk_inner.as_ref().map(|inner| {
        let listed = inner
            .listed()
            .and_then(|sides| self::sides(sides.iter().copied()));
        listed.ok_or_else(|| {
            let message =
                "is not [rows, columns] of cells, as Zarr chunks of rectilinear grids have";
            Fault::new(key("chunk_inner"), message)
        })
    });
    let crs = faults.keep(crs);
    let resolution = faults.keep(resolution);
    let bounds = faults.keep(bounds);
    // What could not be read is told already.
    let read = |name: &str, faults: &Faults| !faults.hole_in(&key(name));
    let chunk_shape = if read("chunk_shape", faults) {
        faults.keep(chunk_shape)
    } else {
        None
    };
    let chunk_inner = if read("chunk_inner", faults) {
        faults.keep(chunk_inner.transpose())
    } else {
        None
    };
    let asked = AskedRectilinear {
        crs: crs?,
        resolution: resolution?,
        bounds: bounds?,
        chunk_shape: chunk_shape?,
        chunk_inner: chunk_inner?,
    };
    if faults.hole_in(SECTION) {
        return None;
    }
    let grid = Rectilinear::new(&asked);
    let grid = faults.keep(grid.map_err(|(name, message)| Fault::new(key(name), message)))?;
    Some(GridConfig {
        shard_order: grid.shard_order(),
        chunk_order: None,
        cell_order: grid.finest_order(),
        steps: 1,
        kind: Grid::Rectilinear(grid),
    })
}

/// Rows and columns.
fn sides(numbers: impl Iterator<Item = f64>) -> Option<[u32; 2]> {
    let whole = |side: f64| {
        let fits = (1.0..=f64::from(u32::MAX)).contains(&side) && side.fract() == 0.0;
        fits.then_some(side as u32)
    };
    let sides: Option<Vec<u32>> = numbers.map(whole).collect();
    sides?.try_into().ok()
}
