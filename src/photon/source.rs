//! What is known of a source column before any photon is read.
//!
//! Below everything that reads columns or asks for them.

use serde::{Deserialize, Serialize};

use super::batch::ColumnType;
use super::dtype::Dtype;

/// What a granule says of one source column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceColumn {
    pub name: String,
    /// The type in which values are held; any narrower type widens without loss.
    pub column_type: ColumnType,
    /// The dataset's own type, e.g. `float32`, `int8`.
    pub dtype: Dtype,
    pub units: Option<String>,
    pub long_name: Option<String>,
}
