//! What is counted during a run, and that it balances: photons read = kept + rejected.

use std::collections::BTreeMap;

use crate::backend::stretches::StretchFacts;
use crate::backend::{Batches, DeviceSeconds, StageTimes};
use crate::left_out::ErrorSummary;
use crate::left_out::{LISTED_ROWS, RejectedRow, RejectedRows};
use crate::merge::SpillFacts;
use crate::photon::{ColumnMemory, Counts};
use crate::piece::GranuleFile;
use crate::read::{Failed, GranuleReport, ReadCost};
use crate::store::SourceFile;

/// Counts and times of a run.
#[derive(Debug, Default)]
pub struct Tally {
    pub counts: Counts,
    pub granules: Vec<GranuleReport>,
    pub failed: Vec<Failed>,
    /// The first rows that were rejected one by one, and how many there were.
    pub rows: Vec<RejectedRow>,
    pub rejected_rows: u64,
    pub cost: ReadCost,
    pub stages: StageSeconds,
    pub merge_seconds: f64,
    pub finalize_seconds: f64,
    pub write_seconds: f64,
    pub shards: u64,
    pub occupied_cells: u64,
    pub cells_without_weight: u64,
    /// Granules that an earlier run had read; they are among `granules`.
    pub resumed: u64,
    /// Granules that were read once more for shards that are made anew.
    pub read_again: u64,
    /// Cells that were taken from the store that stood.
    pub carried_cells: u64,
    /// Bytes that column memory of the device had at a time, at most; `None` where it lends none.
    pub columns: Option<u64>,
    /// What a device decoded, of one that does; of a granule that was left out nothing.
    pub stretches: Option<StretchFacts>,
    /// What was odd on the way, in words.
    pub notes: Vec<String>,
    /// Shards that were open at a time, at most; of a run over a shard map.
    pub most_open: u64,
    /// Partials that memory had no room for.
    pub spilled: SpillFacts,
    /// The error table, once it is written.
    pub errors: ErrorSummary,
    /// Photons by step of time, where there are steps; of a run into pieces those of the pieces.
    pub steps: BTreeMap<u32, u64>,
    /// What the files of granules were that have photons in the store.
    pub sources: Vec<SourceFile>,
}

/// Wall seconds of the device's stages.
#[derive(Debug, Default, Clone, Copy)]
pub struct StageSeconds {
    pub upload: f64,
    pub uploaded_bytes: u64,
    /// Of these, bytes that the device read where they had been decoded.
    pub in_place_bytes: u64,
    pub locate: f64,
    pub sort: f64,
    pub segment: f64,
    pub reduce: f64,
    pub fused: f64,
    /// By the device's own clock; `None` where the backend does not tell.
    pub on_device: Option<DeviceSeconds>,
    pub batches: Batches,
}

impl Tally {
    /// Whether nothing was left out: no granule, no row, no value.
    pub fn is_whole(&self) -> bool {
        let stored = self
            .granules
            .iter()
            .all(|granule| granule.rows_not_stored == 0);
        self.failed.is_empty() && self.rejected_rows == 0 && stored
    }

    /// Adds a granule that was read whole, and the rows of it that were rejected one by one.
    pub fn add(&mut self, granule: GranuleReport, rows: RejectedRows) {
        self.counts.add(&granule.counts);
        self.cost.add(&granule.cost);
        self.granules.push(granule);
        self.rejected_rows += rows.count;
        let room = LISTED_ROWS - self.rows.len();
        self.rows.extend(rows.first.into_iter().take(room));
    }
}

impl Tally {
    /// Notes what the files of a granule were, the last that was added, if it has photons that were kept.
    pub fn add_sources(&mut self, granule: &str, files: &[(String, Option<GranuleFile>)]) {
        let last = self.granules.last().filter(|last| last.name == granule);
        if last.is_some_and(|last| last.counts.kept > 0) {
            let sources = files.iter().map(|(name, file)| match file {
                Some(file) => file.as_source(name),
                None => SourceFile::new(name, None),
            });
            self.sources.extend(sources);
        }
    }

    /// Notes what column memory took.
    pub fn say_of_columns(&mut self, memory: Option<&dyn ColumnMemory>) {
        let taken = memory.map(ColumnMemory::taken);
        self.columns = taken.as_ref().map(|taken| taken.peak);
        if let Some(why) = taken.and_then(|taken| taken.refused) {
            self.notes.push(format!(
                "{why}; columns that had no room there were copied once more on their way to the device"
            ));
        }
    }
}

impl StageSeconds {
    pub fn add(&mut self, times: &StageTimes) {
        self.upload += times.upload.seconds();
        self.uploaded_bytes += times.uploaded_bytes;
        self.in_place_bytes += times.in_place_bytes;
        self.locate += times.locate.seconds();
        self.sort += times.sort.seconds();
        self.segment += times.segment.seconds();
        self.reduce += times.reduce.seconds();
        self.fused += times.fused.seconds();
        if let Some(seconds) = times.on_device {
            self.on_device.get_or_insert_default().add(&seconds);
        }
        self.batches.add(&times.batches);
    }
}
