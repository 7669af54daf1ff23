//! How stores describe rectilinear grids: attributes, written and read.
//!
//! Beside the line. Sources: CF Conventions 1.11 (grid mappings), GDAL's raster data model (`GeoTransform`, as rioxarray
//! reads it, too), the zarr-conventions `proj` and `spatial` at version 1, and zagg's own group attributes.

use serde_json::{Map, Value, json};

use super::{Asked, Rectilinear};
use crate::grid::Order;
use crate::grid::projection::Crs;

impl Rectilinear {
    /// The grid in words, with cells of an order.
    pub fn in_words(&self, order: Order) -> String {
        let [rows, columns] = self.shape(order);
        let ([width, height], [high, wide]) = (self.resolution(order), self.block(order));
        format!(
            "rectilinear {}, {rows} x {columns} cells of {width:?} x {height:?} from {:?} {:?}, shards of {high} x {wide}",
            self.crs, self.west, self.north
        )
    }

    /// Attributes of the grid mapping of an order.
    pub(super) fn mapping(&self, order: Order) -> Map<String, Value> {
        let mut attributes = self.crs.mapping();
        let wkt = self.crs.wkt();
        attributes.insert("crs_wkt".to_owned(), json!(wkt));
        attributes.insert("spatial_ref".to_owned(), json!(wkt));
        let [width, height] = self.resolution(order);
        let numbers = [self.west, width, 0.0, self.north, 0.0, -height];
        let numbers = numbers.map(|number| number.to_string()).join(" ");
        attributes.insert("GeoTransform".to_owned(), json!(numbers));
        attributes
    }

    /// Where the cells of an order are, as programs find it on the group: zagg's keys, and those of the conventions.
    pub(super) fn described(&self, order: Order) -> Map<String, Value> {
        let [width, height] = self.resolution(order);
        object(json!({
            "crs": self.crs.to_string(),
            "resolution": [width, height],
            "bounds": self.bounds(),
            "proj:code": self.crs.to_string(),
            "spatial:dimensions": ["y", "x"],
            "spatial:shape": self.shape(order),
            "spatial:bbox": self.bounds(),
            "spatial:transform_type": "affine",
            "spatial:transform": [width, 0.0, self.west, 0.0, -height, self.north],
            "spatial:registration": "pixel",
        }))
    }

    /// The grid, so that [`of_attributes`](Self::of_attributes) has all of it.
    pub fn stated(&self, order: Order) -> Map<String, Value> {
        let mut stated = object(json!({
            "type": "rectilinear",
            "crs": self.crs.to_string(),
            "resolution": self.cell,
            "bounds": self.bounds(),
            "chunk_shape": self.block,
            "order": order.get(),
        }));
        if let Some(inner) = self.inner {
            stated.insert("chunk_inner".to_owned(), json!(inner));
        }
        stated
    }

    /// The grid that a group states, and the order of its cells; `None` where it states none.
    ///
    /// # Errors
    /// In words, what is no grid.
    pub fn of_attributes(attributes: &Map<String, Value>) -> Option<Result<(Self, Order), String>> {
        let stated = attributes.get("icefold")?.get("grid")?;
        Some(Self::of_stated(stated).ok_or_else(|| {
            format!("attribute icefold.grid is {stated}, which is no rectilinear grid that icefold knows")
        }))
    }

    fn of_stated(stated: &Value) -> Option<(Self, Order)> {
        let numbers = |key: &str| -> Option<Vec<f64>> {
            stated[key].as_array()?.iter().map(Value::as_f64).collect()
        };
        let shape = |key: &str| -> Option<[u32; 2]> {
            let sides = stated[key].as_array()?.iter();
            let sides: Option<Vec<u32>> = sides
                .map(|side| side.as_u64().and_then(|side| u32::try_from(side).ok()))
                .collect();
            sides?.try_into().ok()
        };
        let asked = Asked {
            crs: Crs::named(stated["crs"].as_str()?)?,
            resolution: numbers("resolution")?.try_into().ok()?,
            bounds: numbers("bounds")?.try_into().ok()?,
            chunk_shape: shape("chunk_shape")?,
            chunk_inner: match &stated["chunk_inner"] {
                Value::Null => None,
                _ => Some(shape("chunk_inner")?),
            },
        };
        let grid = Self::whole(&asked).ok()?;
        let order = u8::try_from(stated["order"].as_u64()?).ok().map(Order)?;
        (order <= grid.finest_order()).then_some((grid, order))
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
