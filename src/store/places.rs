//! Where the cells of a rectilinear grid are, as columns of a table: in place of ids, which are this program's own.
//!
//! Under `table.rs`. Rows come in the order of the store's shards.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, UInt32Array};
use arrow::datatypes::DataType;
use serde_json::{Map, Value, json};

use crate::grid::{GridConfig, Order, Rectilinear};

/// The names of the columns: row and column in the grid, and the middle of the cell.
pub const PLACES: [&str; 4] = ["row", "column", "y", "x"];

/// The cells of one order of a grid of rows and columns.
#[derive(Debug, Clone, Copy)]
pub struct Places {
    grid: Rectilinear,
    order: Order,
}

impl Places {
    /// Of the cells of a grid; `None` where cells have ids.
    pub fn of(grid: &GridConfig) -> Option<Self> {
        let order = grid.cell_order;
        grid.kind.rectilinear().map(|grid| Self { grid, order })
    }

    /// Name, type and attributes of each column.
    pub fn fields(&self) -> [(&'static str, DataType, Map<String, Value>); 4] {
        let [row, column, y, x] = PLACES;
        let is_geographic = self.grid.crs().is_geographic();
        let units = |of_degrees: &str| json!(if is_geographic { of_degrees } else { "m" });
        let map = |entries: [(&str, Value); 2]| {
            entries
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect()
        };
        let crs = || ("crs", json!(self.grid.crs().to_string()));
        let about = |what: &str| map([("long_name", json!(what)), crs()]);
        [
            (
                row,
                DataType::UInt32,
                about("row of the cell, the northernmost is 0"),
            ),
            (
                column,
                DataType::UInt32,
                about("column of the cell, the westernmost is 0"),
            ),
            (
                y,
                DataType::Float64,
                map([("units", units("degrees_north")), crs()]),
            ),
            (
                x,
                DataType::Float64,
                map([("units", units("degrees_east")), crs()]),
            ),
        ]
    }

    /// The columns of these cells.
    pub fn columns(&self, ids: &[u64]) -> [ArrayRef; 4] {
        let level = self.grid.level(self.order);
        let (x, y) = self.grid.edges(self.order);
        let places: Vec<[u32; 2]> = ids.iter().map(|&id| level.row_column(id)).collect();
        let side = |side: usize| places.iter().map(move |place| place[side]);
        [
            Arc::new(UInt32Array::from_iter_values(side(0))),
            Arc::new(UInt32Array::from_iter_values(side(1))),
            Arc::new(Float64Array::from_iter_values(
                side(0).map(|row| y(f64::from(row) + 0.5)),
            )),
            Arc::new(Float64Array::from_iter_values(
                side(1).map(|column| x(f64::from(column) + 0.5)),
            )),
        ]
    }
}
