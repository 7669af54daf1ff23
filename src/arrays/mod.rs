//! Photons in memory, a question about them, and its answer.
//!
//! Beside the line: what `icefold aggregate` and `icefold bench` time, and the engine of
//! `benches/head_to_head/`. Everything is read before the first clock starts, then the line's own stages run
//! on it.
//!
//! ```text
//!   .parquet, .arrow, .npy --read--> PhotonBatch --[ derive, fold ]--> Partials --[ finish ]--> Answer
//! ```
//!
//! `input.rs` reads, `photons.rs` is what was read or is in memory already, `question.rs` turns names of statistics into a job, `timed.rs` runs and times the
//! two parts in brackets, `answer.rs` hashes and writes what comes out, `workload.rs` makes photons
//! where there are none to read, `oracle.rs` answers slowly and plainly, `npy.rs` is the file format.

mod answer;
mod chosen;
mod input;
pub mod npy;
mod npy_header;
mod oracle;
mod photons;
mod question;
mod timed;
mod workload;

pub use crate::photon::{Buffer, Column, Values};
pub use answer::{Answer, AnswerFormat};
pub use input::read;
pub(crate) use npy::ARRAY;
pub use oracle::oracle;
pub use photons::Photons;
pub use question::{Columns, Question, Statistic};
pub use timed::{StageSeconds, Start, Timed, Times};
pub use workload::{WORKLOADS, Workload};
