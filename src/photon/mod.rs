//! Photons on their way: batches of them, the types of their values, and what is known of a column.
//!
//! On the line: what reading hands to a backend.

mod batch;
mod counts;
mod dtype;
mod source;

pub use batch::{Column, ColumnType, Origin, PhotonBatch, Rows, Values};
pub use counts::Counts;
pub use dtype::Dtype;
pub use source::SourceColumn;
