//! What a run did, for people (progress, summary, pictures) and for programs (`run.json`).

mod assembled;
mod progress;
mod render;
mod run;
mod tally;
mod whole;

pub use assembled::AssembledReport;
pub use progress::Progress;
pub use render::{MapData, render};
pub use run::{PieceReport, RunFacts, RunReport};
pub use tally::{
    Failed, GranuleReport, GroundTrackReport, RejectedRow, RejectedRows, RejectedValue,
    StageSeconds, Tally,
};
pub use whole::{check_writable, write_whole};
