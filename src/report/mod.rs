//! What a run did, for people (a summary) and for programs (`run.json`).

mod assembled;
mod belongs;
mod document;
mod facts;
mod indexed;
mod inspect;
mod mapped;
mod network;
mod run;
mod update;

pub use assembled::AssembledReport;
pub use belongs::Belonging;
pub use document::{RunReport, json_schema};
#[doc(hidden)]
pub use facts::RunFacts;
#[doc(hidden)]
pub use inspect::RUN_REPORT;
#[doc(hidden)]
pub use inspect::{Balance, Inspected, inspect, looks_like_a_report};
pub use mapped::PieceReport;
pub use update::{ReplacedReport, UpdateReport};
