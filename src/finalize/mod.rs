//! The finalize gate: the one place where partials become numbers, checked before and after.
//!
//! On the line: `ShardPartials --finalize (gate)--> CellTable --write--> store`. `table.rs` makes the
//! numbers, `vectors.rs` those that follow from more than a cell's sums, `kind.rs` says what arrays have for a cell, `digest.rs` has columns of digests, `steps.rs` has the steps of time, `gate.rs` checks each shard, `conserve.rs` all of them together. `overview.rs` folds
//! the same partials up to coarser orders on their way through the gate.

mod conserve;
mod digest;
mod gate;
mod kind;
mod overview;
mod schema;
mod steps;
mod table;
#[cfg(test)]
mod tests;
mod vectors;

use std::collections::BTreeMap;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Field, Fields, UInt32Type, UInt64Type};
use arrow::record_batch::RecordBatch;
use serde_json::{Map, Value};

use crate::config::{Dtype, GridConfig};
use crate::grid::Order;
use crate::region::Region;

pub use conserve::Conserved;
pub use digest::{digest_of, no_list, payloads, words_in};
pub use kind::Kind;
pub use overview::{FinishedOverview, Overviews};
pub use schema::schema;
pub use steps::{StoreSteps, distinct};
pub use table::{FinishedShard, finalize, finalize_window};
pub use vectors::{Around, Chunks};

/// Finished statistics of occupied cells, ascending by id. The first column is `cell_ids` (uint64),
/// then one column per [`OutputArray`], in order; a histogram is a `FixedSizeList`. Where there are steps of time a
/// cell has a row for each step with photons, ascending, and the step is the second column (uint32).
#[derive(Debug, Clone)]
pub struct CellTable {
    pub rows: RecordBatch,
}

/// One array of the store, fully resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputArray {
    pub name: String,
    pub dtype: Dtype,
    /// NaN or a number for floats; a whole number for integers.
    pub fill_value: f64,
    /// e.g. `mean`, `quantile 0.25`, or the expression.
    pub statistic: String,
    /// Source column or columns.
    pub source: String,
    /// Size of the integer unit the statistic accumulated in, e.g. `2^-34`; `None` where it is not
    /// quantised (counts, order statistics).
    pub resolution: Option<String>,
    pub units: Option<String>,
    pub long_name: Option<String>,
    /// What it has for a cell.
    pub kind: Kind,
    /// What the config says of it beside, for the store's attributes.
    pub attributes: Map<String, Value>,
}

/// What a store holds, decided before anything is written.
#[derive(Debug, Clone, PartialEq)]
pub struct StoreSchema {
    pub grid: GridConfig,
    pub config_sha256: String,
    /// The area that photons were kept of, where not of all.
    pub region: Option<Region>,
    /// Whether the store has all cells that touch the region.
    pub cells_of_region: bool,
    pub arrays: Vec<OutputArray>,
    /// The steps of time that arrays have, where they have any.
    pub steps: Option<StoreSteps>,
}

impl CellTable {
    /// The cell of each row; none of a table that does not begin with ids.
    pub fn ids(&self) -> &[u64] {
        let first = self.rows.columns().first();
        let ids = first.and_then(|column| column.as_primitive_opt::<UInt64Type>());
        ids.map_or(&[], |ids| ids.values())
    }

    /// The step of each row, where there are steps of time.
    pub fn steps(&self) -> Option<&[u32]> {
        let steps = self.rows.columns().get(1)?;
        Some(steps.as_primitive_opt::<UInt32Type>()?.values())
    }
}

impl OutputArray {
    /// The type of the array as a column; a histogram is a list of as many counts as it has bins.
    pub fn data_type(&self) -> DataType {
        self.kind.data_type(self.dtype)
    }
}

impl StoreSchema {
    /// The columns of its tables: `cell_ids`, the step of time where there are any, then the outputs; none is
    /// nullable.
    pub fn columns(&self) -> Fields {
        let ids = Field::new("cell_ids", DataType::UInt64, false);
        let outputs = self.arrays.iter();
        let outputs = outputs.map(|array| Field::new(&array.name, array.data_type(), false));
        let step = self.steps.as_ref();
        let step = step.map(|steps| Field::new(steps.name(), DataType::UInt32, false));
        std::iter::once(ids).chain(step).chain(outputs).collect()
    }

    /// Columns of its tables that are before the outputs.
    pub fn leading(&self) -> usize {
        1 + usize::from(self.steps.is_some())
    }

    /// The same with the steps from the first to the last of these, and those that belong to it in any case.
    #[must_use]
    pub fn with_steps_of(&self, seen: &BTreeMap<u32, u64>) -> Self {
        let mut schema = self.clone();
        if let Some(steps) = &mut schema.steps {
            steps.narrow(seen);
        }
        schema
    }

    /// The same outputs at a coarser order. Cells coarser than the shards are shards of their own.
    #[must_use]
    pub fn at(&self, order: Order) -> Self {
        let arrays = self.arrays.iter().cloned();
        let coarser = order < self.grid.cell_order;
        let arrays = arrays.map(|array| OutputArray {
            kind: if coarser {
                array.kind.at_coarser()
            } else {
                array.kind
            },
            ..array
        });
        Self {
            grid: self.grid.at(order),
            arrays: arrays.collect(),
            ..self.clone()
        }
    }
}
