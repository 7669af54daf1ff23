//! The finalize gate: partials become numbers once, checked, in one place.
//!
//! On the line: `ShardPartials --finalize (gate)--> CellTable --write--> store`.

mod gate;
mod schema;
mod table;

use arrow::record_batch::RecordBatch;

use crate::config::{Dtype, GridConfig};

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
