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
//! `input.rs` reads, `photons.rs` is what was read or is in memory already, `keep.rs` says which of them a question is about,
//! `question.rs` turns names of statistics into a job, `timed.rs` runs and times the
//! two parts in brackets, `found.rs` has the answer as rows, at steps of time, too, `finished.rs` rounds the statistics, `answer.rs` hashes and writes what comes out, `workload.rs` makes photons
//! where there are none to read, `oracle.rs` answers slowly and plainly, `npy.rs` is the file format.

mod answer;
mod chosen;
mod finished;
mod found;
mod input;
mod keep;
pub mod npy;
mod npy_header;
mod oracle;
mod photons;
mod question;
mod timed;
mod words;
mod workload;

pub use crate::photon::{Buffer, Column, Values};
pub use answer::{Answer, AnswerFormat};
#[doc(hidden)]
pub use found::Found;
pub use input::read;
#[doc(hidden)]
pub use input::{are_arrays, read_kept};
#[doc(hidden)]
pub use keep::{Kept, times_of, times_of_array};
pub(crate) use npy::ARRAY;
pub use oracle::oracle;
pub use photons::Photons;
pub use question::{Columns, Question, Statistic};
pub use timed::{StageSeconds, Start, Timed, Times};
pub use workload::{WORKLOADS, Workload};
