//! The report of one granule: what became of its photons, what was odd, and what reading it took.
//!
//! Beside reading: a reader fills it at its end; reports and checkpoints hold it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::photon::Counts;
use crate::read::Spent;
use crate::read::hdf5::{Beam, GranuleFile, GroundTrackStatus, Reader};
use crate::read::table::TableReader;

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
    /// What was joined to its photons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joins: Vec<JoinReport>,
    /// What was odd, but did not stop the reading.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Rows of datasets that are not stored, and are null.
    #[serde(default, skip_serializing_if = "is_none")]
    pub rows_not_stored: u64,
    #[serde(skip)]
    pub cost: ReadCost,
    /// Of an HDF5 file.
    #[serde(skip)]
    pub says: Says,
}

/// What a file says of itself that its name does not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Says {
    /// That its photons were invented.
    pub synthetic: bool,
    /// When its data end, in UTC as ISO 8601 has it.
    pub end: Option<String>,
}

impl super::Input {
    /// When the data of an HDF5 granule begin and end, in UTC, as far as it says so.
    ///
    /// # Errors
    /// Bytes that could not be had.
    pub fn time_span(&self) -> crate::Result<Option<[String; 2]>> {
        match self {
            Self::Hdf5(granule, _) => {
                let span = granule.time_span();
                granule.sound()?;
                Ok(span)
            }
            Self::Table(_) => Ok(None),
        }
    }
}

impl GranuleReport {
    /// Of a table that was read to its end, in so many seconds.
    pub(super) fn of_table(reader: &TableReader, seconds: f64) -> Self {
        Self {
            remainders: BTreeMap::new(),
            name: reader.table().name().to_owned(),
            file_bytes: reader.table().bytes(),
            counts: reader.counts().clone(),
            ground_tracks: Vec::new(),
            joins: Vec::new(),
            warnings: reader.warnings().to_vec(),
            rows_not_stored: 0,
            cost: ReadCost::new(reader.spent(), seconds),
            says: Says::default(),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_none(count: &u64) -> bool {
    *count == 0
}

/// A granule that was joined to the photons of another, and how many of these have a row of it: of those with valid
/// coordinates in the region and the wanted shards, before filters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JoinReport {
    /// Name of the join in the config.
    pub join: String,
    /// File name.
    pub granule: String,
    pub matched: u64,
    /// Null in all columns of the join.
    pub unmatched: u64,
}

/// One ground track of a granule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GroundTrackReport {
    pub name: String,
    /// `present`, `missing`, `no data group` or `empty`; where beams are chosen, also `another beam` or
    /// `in transition`; `left out by a filter`.
    pub status: String,
    /// Photons; none of one that is not read.
    pub rows: u64,
    /// Where beams are chosen, the one that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beam: Option<BeamReport>,
    /// Where the ground track is left out as a whole, its photons, which are not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<UnreadReport>,
}

/// Photons that were not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnreadReport {
    /// The beam that it is of, or the filter.
    pub reason: String,
    pub photons: u64,
}

impl GroundTrackReport {
    /// Whether the ground track was left out by choice.
    pub fn is_left_out(&self) -> bool {
        let statuses = [
            GroundTrackStatus::OtherBeam,
            GroundTrackStatus::InTransition,
            GroundTrackStatus::Filtered,
        ];
        statuses.iter().any(|status| status.name() == self.status)
    }
}

/// Which beam made a ground track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BeamReport {
    /// `strong` or `weak`.
    #[serde(rename = "type")]
    pub kind: String,
    /// 1 to 6; null where only the type is known.
    pub spot: Option<u8>,
    /// What told it: `atlas_beam_type`, `atlas_spot_number` or `sc_orient`.
    pub by: String,
}

/// One granule that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failed {
    pub granule: String,
    pub reason: String,
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
                    beam: track.beam.map(BeamReport::from),
                    unread: track.unread.as_ref().map(|unread| UnreadReport {
                        reason: unread.reason.clone(),
                        photons: unread.photons,
                    }),
                })
                .collect(),
            joins: reader.joins().to_vec(),
            warnings: reader.warnings().to_vec(),
            rows_not_stored: reader.rows_not_stored(),
            cost: ReadCost::new(reader.spent(), seconds),
            says: granule.says(),
        }
    }
}

impl From<Beam> for BeamReport {
    fn from(beam: Beam) -> Self {
        Self {
            kind: beam.kind().to_owned(),
            spot: beam.spot,
            by: beam.by.to_owned(),
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

    /// Adds what another granule took.
    pub fn add(&mut self, more: &Self) {
        self.read_seconds += more.read_seconds;
        self.stored_bytes += more.stored_bytes;
        self.decode_seconds += more.decode_seconds;
        self.decoded_bytes += more.decoded_bytes;
    }
}
