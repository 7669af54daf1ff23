//! What a run did, for people (progress, summary) and for programs (`run.json`).

mod assembled;
mod belongs;
mod document;
mod inspect;
#[cfg(feature = "cli")]
mod meter;
#[cfg(feature = "cli")]
mod progress;
mod resident;
mod run;

pub use assembled::AssembledReport;
pub use document::{PieceReport, RunReport, json_schema};
pub use inspect::RUN_REPORT;
pub use inspect::{inspect, inspect_text, looks_like_a_report};
#[cfg(feature = "cli")]
pub use progress::{Progress, ProgressMode};
pub use run::RunFacts;
