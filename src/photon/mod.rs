//! Photons on their way: batches of them, the types of their values, and what is known of a column.
//!
//! On the line: what reading hands to a backend. `batch.rs` has the photons, `buffer.rs` the memory of their values,
//! `counts.rs` what became of them, `dtype.rs` the types of datasets and arrays, `load.rs` what granules ask of whoever reads them,
//! `rows.rs` where photons are from,
//! `source.rs` what granules say of a column, `steps.rs` parts photons by time, `stored.rs` a column that is not yet
//! decoded, `stretch.rs` rows of a ground track that are not.

mod batch;
pub(crate) mod buffer;
mod counts;
mod dtype;
mod load;
mod rows;
mod source;
mod steps;
pub mod stored;
pub mod stretch;

pub use batch::{Column, ColumnType, Origin, PhotonBatch, Values};
pub use buffer::{Buffer, ColumnBlock, ColumnMemory, MemoryTaken};
pub use counts::Counts;
pub use dtype::Dtype;
pub use load::{Load, StretchLoad};
pub use rows::Rows;
pub use source::SourceColumn;
pub use steps::{InSteps, StepRuns};
