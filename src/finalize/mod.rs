//! The finalize gate: partials become numbers once, checked, in one place.
//!
//! On the line: `ShardPartials --finalize (gate)--> CellTable --write--> store`. `overview.rs` folds
//! the same partials up to coarser orders on their way through the gate.

mod gate;
mod overview;
mod schema;
mod table;

use arrow::record_batch::RecordBatch;

use crate::config::{Dtype, GridConfig};
use crate::grid::Order;

pub use overview::{FinishedOverview, Overviews};
pub use schema::schema;
pub use table::{FinishedShard, finalize};

/// Finished statistics of occupied cells, ascending by id. The first column is `cell_ids` (uint64),
/// then one column per [`OutputArray`], in order; a histogram is a `FixedSizeList`.
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
    /// Ascending bin edges of a histogram.
    pub edges: Option<Vec<f64>>,
}

/// What a store holds, decided before anything is written.
#[derive(Debug, Clone, PartialEq)]
pub struct StoreSchema {
    pub grid: GridConfig,
    pub config_sha256: String,
    pub arrays: Vec<OutputArray>,
}

impl StoreSchema {
    /// The same outputs at a coarser order. Cells coarser than the shards are shards of their own.
    #[must_use]
    pub fn at(&self, order: Order) -> Self {
        Self {
            grid: GridConfig {
                shard_order: self.grid.shard_order.min(order),
                chunk_order: None,
                cell_order: order,
                latitude: self.grid.latitude,
            },
            ..self.clone()
        }
    }
}
