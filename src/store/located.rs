//! Columns that say where the cells of rows are: longitude and latitude of their middles, and geometries on request.
//!
//! Under `table.rs` and `csv.rs`, and under `src/export/`.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, Float64Array, StringArray, StructArray};
use arrow::datatypes::{DataType, Field, Fields};
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::geometry::{BBOX, GEOMETRY, Geometry, Shape, extension};
use super::places::PLACES;
use crate::grid::GridConfig;

/// The names of the columns of positions.
pub const POSITIONS: [&str; 2] = ["lon", "lat"];
/// The column of geometries in a file of text: GDAL takes one of this name for it.
pub const WKT: &str = "WKT";
/// Sides of the boxes around geometries.
const SIDES: [&str; 4] = ["xmin", "ymin", "xmax", "ymax"];
/// Cells that one thread looks at.
const BLOCK: usize = 1024;

/// Where the cells of a grid are.
#[derive(Debug, Clone, Copy)]
pub struct Located {
    pub grid: GridConfig,
    pub geometry: Geometry,
}

/// A column of a schema: name, type and attributes.
pub type Described = (&'static str, DataType, Map<String, Value>);

impl Located {
    /// Names that no output may have beside these columns.
    pub fn names(&self) -> Vec<&'static str> {
        let mut names = POSITIONS.to_vec();
        if self.grid.kind.rectilinear().is_some() {
            names.extend(PLACES);
        }
        if self.geometry != Geometry::None {
            names.extend([GEOMETRY, BBOX]);
        }
        names
    }

    /// The columns of positions.
    pub fn positions() -> [Described; 2] {
        let about = |name: &str, units: &str| {
            let entries = [
                ("standard_name", json!(name)),
                (
                    "long_name",
                    json!(format!("{name} of the middle of the cell, on WGS84")),
                ),
                ("units", json!(units)),
            ];
            entries
                .map(|(key, value)| (key.to_owned(), value))
                .into_iter()
                .collect()
        };
        let [lon, lat] = POSITIONS;
        [
            (lon, DataType::Float64, about("longitude", "degrees_east")),
            (lat, DataType::Float64, about("latitude", "degrees_north")),
        ]
    }

    /// Their values.
    pub fn positions_of(&self, ids: &[u64]) -> [ArrayRef; 2] {
        let GridConfig {
            kind, cell_order, ..
        } = self.grid;
        let all = each(ids, |cell| kind.middle(cell_order, cell));
        [
            Arc::new(Float64Array::from_iter_values(all.iter().map(|at| at.0))),
            Arc::new(Float64Array::from_iter_values(all.iter().map(|at| at.1))),
        ]
    }

    /// The columns of geometries in well-known binary and of their boxes, where there are any.
    pub fn geometries(&self) -> Vec<Described> {
        if self.geometry == Geometry::None {
            return Vec::new();
        }
        vec![
            (GEOMETRY, DataType::Binary, extension(&self.grid)),
            (BBOX, DataType::Struct(sides()), Map::new()),
        ]
    }

    /// The shapes of cells; none where there are no geometries.
    pub fn shapes(&self, ids: &[u64]) -> Vec<Shape> {
        let shapes = each(ids, |cell| Shape::of(&self.grid, cell, self.geometry));
        shapes.into_iter().flatten().collect()
    }

    /// Values of the columns of geometries, and a box around all of them.
    pub fn geometries_of(&self, shapes: &[Shape]) -> (Vec<ArrayRef>, [f64; 4]) {
        let start = [
            f64::INFINITY,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NEG_INFINITY,
        ];
        if self.geometry == Geometry::None {
            return (Vec::new(), start);
        }
        let bounds: Vec<[f64; 4]> = shapes.iter().map(Shape::bounds).collect();
        let side = |side: usize| -> ArrayRef {
            Arc::new(Float64Array::from_iter_values(
                bounds.iter().map(|bounds| bounds[side]),
            ))
        };
        let boxes = StructArray::new(sides(), (0..4).map(side).collect(), None);
        let binary = BinaryArray::from_iter_values(shapes.iter().map(Shape::wkb));
        let all = bounds.iter().fold(start, |all, of| joined(all, *of));
        (vec![Arc::new(binary), Arc::new(boxes)], all)
    }
}

/// A box around two.
pub fn joined(a: [f64; 4], b: [f64; 4]) -> [f64; 4] {
    [
        a[0].min(b[0]),
        a[1].min(b[1]),
        a[2].max(b[2]),
        a[3].max(b[3]),
    ]
}

/// Shapes as a column of text.
pub fn texts(shapes: &[Shape]) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(shapes.iter().map(Shape::wkt)))
}

fn sides() -> Fields {
    SIDES
        .map(|name| Field::new(name, DataType::Float64, false))
        .into_iter()
        .collect()
}

fn each<T: Send>(ids: &[u64], of: impl Fn(u64) -> T + Sync) -> Vec<T> {
    // Rows of one cell at several steps follow one another; each finds its own.
    let blocks = ids
        .par_chunks(BLOCK)
        .map(|ids| ids.iter().map(|&id| of(id)).collect::<Vec<T>>());
    blocks.collect::<Vec<_>>().into_iter().flatten().collect()
}
