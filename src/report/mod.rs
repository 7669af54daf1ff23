//! What a run did, for people (progress, summary, pictures) and for programs (`run.json`).

mod assembled;
mod document;
mod inspect;
mod meter;
mod progress;
mod render;
mod resident;
mod run;
mod tally;
mod whole;

pub use assembled::AssembledReport;
pub use document::{PieceReport, RunReport, json_schema};
pub use inspect::{inspect, inspect_text, looks_like_a_report};
pub use progress::{Progress, ProgressMode};
pub use render::{MapData, render};
pub use run::RunFacts;
pub use tally::{
    Failed, GranuleReport, GroundTrackReport, ReadCost, RejectedRow, RejectedRows, RejectedValue,
    StageSeconds, Tally,
};
pub use whole::{check_writable, write_whole};
