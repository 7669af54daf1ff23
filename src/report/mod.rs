//! What a run did, for people (progress, summary, pictures) and for programs (`run.json`).

mod progress;
mod render;
mod run;
mod tally;
mod whole;

pub use progress::Progress;
pub use render::{MapData, render};
pub use run::{RunFacts, RunReport};
pub use tally::{
    Failed, GranuleReport, GroundTrackReport, RejectedRow, RejectedRows, RejectedValue,
    StageSeconds, Tally,
};
pub use whole::{check_writable, write_whole};
