//! What is the same for every device that is not the CPU: how batches are halved, cut and shared out, how rows over
//! tiles become partials, how those of the device and of the host become one table, and what may go wrong; and what
//! is done with storage chunks, task by task.
//!
//! Under `wgpu/` and `cuda/`, which say what their devices fold and how they are asked to.

mod fault;
mod halve;
pub mod host_chunks;
pub mod numbers;
mod part;
mod rows;
mod share;
mod spread;
pub mod streams;
pub mod tasks;
pub mod tile;

pub use fault::{Fault, Result};
pub use halve::{Limits, halved, merged};
pub use part::{part, part_of_batch, valid_nulls, valid_words};
pub use rows::{Found, Row, ValueKeys, join};
pub use share::{Share, assemble};
pub use spread::spread;
