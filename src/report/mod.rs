//! What a run did, for people (progress, summary) and for programs (`run.json`).

mod assembled;
mod belongs;
mod document;
mod inspect;
mod meter;
mod progress;
mod resident;
mod run;

pub use assembled::AssembledReport;
pub use document::{PieceReport, RunReport, json_schema};
pub use inspect::RUN_REPORT;
pub use inspect::{inspect, inspect_text, looks_like_a_report};
pub use progress::{Progress, ProgressMode};
pub use run::RunFacts;
