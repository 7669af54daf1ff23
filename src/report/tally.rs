//! What is counted while a run goes on. Counts balance: photons read = kept + rejected.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::backend::{Batches, DeviceSeconds, StageTimes};
use crate::granule::{Counts, GranuleFile, Reader, Spent};
use crate::merge::SpillFacts;
use crate::table::{ErrorRow, ErrorSummary};

/// Rejected rows that a report lists one by one; all are counted.
const LISTED_ROWS: usize = 1000;

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
    /// What was odd on the way, in words.
    pub notes: Vec<String>,
    /// Shards that were open at a time, at most; of a run over a shard map.
    pub most_open: u64,
    /// Partials that memory had no room for.
    pub spilled: SpillFacts,
    /// The error table, once it is written.
    pub errors: ErrorSummary,
}

/// Wall seconds and bytes of reading and decoding.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub struct ReadCost {
    pub read_seconds: f64,
    /// As files hold them.
    pub stored_bytes: u64,
    pub decode_seconds: f64,
    /// Of values.
    pub decoded_bytes: u64,
}

/// Wall seconds of the device's stages.
#[derive(Debug, Default, Clone, Copy)]
pub struct StageSeconds {
    pub upload: f64,
    pub uploaded_bytes: u64,
    pub locate: f64,
    pub sort: f64,
    pub segment: f64,
    pub reduce: f64,
    pub fused: f64,
    /// By the device's own clock; `None` where the backend does not tell.
    pub on_device: Option<DeviceSeconds>,
    pub batches: Batches,
}

/// One granule that was read whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GranuleReport {
    /// File name.
    pub name: String,
    /// Size of the file in bytes.
    pub file_bytes: u64,
    #[serde(flatten)]
    pub counts: Counts,
    /// Kept values that are not whole units of their column's resolution, by column that has any.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub remainders: BTreeMap<String, u64>,
    pub ground_tracks: Vec<GroundTrackReport>,
    /// What was odd, but did not stop the reading.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Rows of datasets that are not stored, and are null.
    #[serde(default, skip_serializing_if = "is_none")]
    pub rows_not_stored: u64,
    #[serde(skip)]
    pub cost: ReadCost,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_none(count: &u64) -> bool {
    *count == 0
}

/// One ground track of a granule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GroundTrackReport {
    pub name: String,
    /// `present`, `missing`, `no data group` or `empty`.
    pub status: String,
    /// Photons.
    pub rows: u64,
}

/// One granule that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failed {
    pub granule: String,
    pub reason: String,
}

/// One photon that was rejected for its value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RejectedRow {
    pub granule: String,
    pub ground_track: String,
    pub row: u64,
    pub column: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    pub value: RejectedValue,
    pub detail: String,
}

/// A value as its column holds it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RejectedValue {
    Integer(i64),
    Real(f64),
}

/// The rows of one granule that were rejected one by one: all counted, the first listed.
#[derive(Debug, Default)]
pub struct RejectedRows {
    pub first: Vec<RejectedRow>,
    pub count: u64,
}

impl RejectedRows {
    /// Counts a row, and lists it where there is room.
    pub fn push(&mut self, row: RejectedRow) {
        self.count += 1;
        if self.first.len() < LISTED_ROWS {
            self.first.push(row);
        }
    }
}

impl fmt::Display for RejectedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(n) => n.fmt(f),
            Self::Real(x) => x.fmt(f),
        }
    }
}

impl RejectedRow {
    /// The row as the error table has it.
    pub fn to_error(&self) -> ErrorRow {
        let ground_track = Some(self.ground_track.clone());
        ErrorRow {
            row_id: Some(self.row),
            granule: self.granule.clone(),
            ground_track: ground_track.filter(|name| !name.is_empty()),
            stage: "fold",
            error_code: "out_of_range",
            column: Some(self.column.clone()),
            detail: format!("{} is {}", self.value, self.detail),
        }
    }
}

impl fmt::Display for RejectedRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(dataset) = &self.dataset {
            write!(f, "{dataset} row {}: ", self.row)?;
        } else {
            // A table has no ground track.
            let track = &self.ground_track;
            let space = if track.is_empty() { "" } else { " " };
            write!(f, "{track}{space}row {}: {} = ", self.row, self.column)?;
        }
        write!(f, "{} is {}", self.value, self.detail)
    }
}

impl GranuleReport {
    /// What a reader that has come to its end says of its granule.
    ///
    /// `seconds` is the wall time that its reading took, decoding included.
    pub fn new(granule: &GranuleFile, reader: &Reader, seconds: f64) -> Self {
        Self {
            name: granule.name().to_owned(),
            file_bytes: granule.bytes(),
            counts: reader.counts().clone(),
            remainders: BTreeMap::new(),
            ground_tracks: reader
                .ground_tracks()
                .iter()
                .map(|track| GroundTrackReport {
                    name: track.name.clone(),
                    status: track.status.name().to_owned(),
                    rows: track.rows,
                })
                .collect(),
            warnings: reader.warnings().to_vec(),
            rows_not_stored: reader.rows_not_stored(),
            cost: ReadCost::new(reader.spent(), seconds),
        }
    }
}

impl ReadCost {
    /// Of one granule that took so long from first to last byte, the waits for others left out.
    pub fn new(spent: Spent, seconds: f64) -> Self {
        let read_seconds = spent.reading.as_secs_f64().min(seconds);
        Self {
            read_seconds,
            stored_bytes: spent.stored,
            decode_seconds: seconds - read_seconds,
            decoded_bytes: spent.decoded,
        }
    }

    fn add(&mut self, more: &Self) {
        self.read_seconds += more.read_seconds;
        self.stored_bytes += more.stored_bytes;
        self.decode_seconds += more.decode_seconds;
        self.decoded_bytes += more.decoded_bytes;
    }
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

impl StageSeconds {
    pub fn add(&mut self, times: &StageTimes) {
        self.upload += times.upload.seconds();
        self.uploaded_bytes += times.uploaded_bytes;
        self.locate += times.locate.seconds();
        self.sort += times.sort.seconds();
        self.segment += times.segment.seconds();
        self.reduce += times.reduce.seconds();
        self.fused += times.fused.seconds();
        if let Some(seconds) = times.on_device {
            self.on_device.get_or_insert_default().add(&seconds);
        }
        self.batches.sorted += times.batches.sorted;
        self.batches.runs += times.batches.runs;
        self.batches.blocks += times.batches.blocks;
        self.batches.taken_over += times.batches.taken_over;
    }
}

impl Counts {
    /// Takes photons that were kept at first over to the rejected.
    pub fn move_to_rejected(&mut self, rejected: &Self) {
        for (reason, count) in &rejected.rejected {
            *self.rejected.entry(reason.clone()).or_default() += count;
            self.kept -= count;
        }
        for (column, count) in &rejected.nulls {
            if let Some(nulls) = self.nulls.get_mut(column) {
                *nulls -= count;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejected_rows_beyond_those_listed_are_counted_and_not_kept() {
        let mut rows = RejectedRows::default();
        for row in 0..LISTED_ROWS as u64 + 5 {
            rows.push(RejectedRow {
                granule: "a.h5".to_owned(),
                ground_track: "gt1l".to_owned(),
                row,
                column: "h".to_owned(),
                dataset: None,
                value: RejectedValue::Integer(i64::MAX),
                detail: String::new(),
            });
        }
        assert_eq!((rows.first.len(), rows.count), (LISTED_ROWS, 1005));
        let text = rows.first[0].to_string();
        assert!(text.contains("9223372036854775807"), "{text}");
    }
}
