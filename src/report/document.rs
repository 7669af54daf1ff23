//! The shape of `run.json`: what is written, what `icefold inspect` reads, what `icefold schema report` describes.
//!
//! Beside the line: `run.rs` fills it at the end of a run.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::assembled::AssembledReport;
use super::indexed::IndexReport;
use super::mapped::{PieceReport, PlanReport};
use super::network::NetworkReport;
use super::update::UpdateReport;
use crate::export::Geotiffs;
use crate::left_out::RejectedRow;
use crate::read::{Applied, Failed, GranuleReport};
use crate::region::RegionFacts;

/// Version of the report's shape; a reader refuses one it does not know.
pub const SCHEMA_VERSION: u32 = 1;

/// Everything `run.json` holds.
///
/// ```
/// # fn main() -> icefold::Result<()> { use icefold::demo::{Recipe, write_granules_with};
/// use icefold::report::RunReport;
/// use icefold::{Granules, Run, config};
///
/// # let held = tempfile::tempdir().unwrap(); let folder = held.path();
/// # write_granules_with(&folder.join("granules"), &Recipe { granules: 1, segments_per_track: 200, seed: 1 })?;
/// Run::new(config::load("atl03")?, Granules::found_in(folder.join("granules"))?)
///     .into_store(folder.join("photons.zarr"))
///     .report(folder.join("run.json"))
///     .execute()?;
/// let text = std::fs::read_to_string(folder.join("run.json")).unwrap();
/// let report: RunReport = serde_json::from_str(&text).unwrap();
/// assert_eq!(report.photons.read, report.photons.kept + report.photons.rejected);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunReport {
    /// Version of this shape.
    pub schema_version: u32,
    pub icefold_version: String,
    /// The command line.
    pub command: Vec<String>,
    pub config: ConfigIdentity,
    pub device: DeviceReport,
    /// The shard map and the part of it that the run is about; null without one.
    pub plan: Option<PlanReport>,
    /// The pieces that were written, and those that were done before; null without a shard map.
    pub pieces: Option<PieceReport>,
    /// Worker threads.
    pub threads: u64,
    pub memory: MemoryReport,
    /// What reading objects of stores and web servers took; not there where all granules are files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkReport>,
    /// What an index spared; not there where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<IndexReport>,
    /// Wall seconds of the whole run, monotonic clock.
    pub seconds: f64,
    pub stages: Stages,
    pub photons: PhotonCounts,
    pub granules: Granules,
    /// What was added to a store that stood, and what of it stayed; absent of a run that began anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update: Option<UpdateReport>,
    /// The rows that were rejected for their value.
    pub rejected_rows: RejectedReport,
    pub errors: ErrorsReport,
    /// What differs between granules without making them unusable together, and what became of it.
    pub drift: Vec<String>,
    /// What attributes of datasets say of their values, as it was applied.
    #[serde(default)]
    pub conventions: Vec<Applied>,
    /// Photons in each step of time that has any; of a config without steps there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepReport>,
    /// Shards with a photon.
    pub shards: u64,
    pub occupied_cells: u64,
    /// Cells in which a weighted mean has no weight, summed over outputs.
    pub cells_without_weight: u64,
    /// Largest resident memory of the process in bytes; null where the system does not tell.
    pub peak_resident_bytes: Option<u64>,
    /// Size of the integer unit of each column that accumulates sums.
    pub resolutions: BTreeMap<String, String>,
    /// Kept values that are not whole units, by the same columns: what they are beyond is summed, too.
    #[serde(default)]
    pub remainders: BTreeMap<String, u64>,
    /// The store that was written.
    pub store: String,
    /// The same rows as a table; null where none was asked for.
    pub table: Option<String>,
    /// Its arrays as GeoTIFF; absent where none were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub geotiff: Option<Geotiffs>,
    /// By array, `cell_ids` among them.
    pub outputs: BTreeMap<String, OutputHash>,
    /// SHA-256 of the lines `name dtype sha256` of all outputs, sorted: equal for stores of equal
    /// content. Null where only pieces of a store were written.
    pub content_sha256: Option<String>,
    /// The content hash of the whole store as zagg's specification has it (section 5), of all arrays as they are stored.
    /// Null where not all values are stored as they were computed: over the sphere, and at steps of time.
    pub zagg_content_sha256: Option<String>,
    /// Coarser orders of the store, finest first.
    pub overviews: Vec<OverviewReport>,
}

/// Which question the run answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigIdentity {
    pub name: String,
    /// Equal for configs that ask the same question.
    pub sha256: String,
    /// The area that photons were kept of; null where of all.
    #[serde(default)]
    pub region: Option<RegionFacts>,
    /// Keys of the config that change nothing, as only other readers of its format need them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without_effect: Vec<String>,
}

/// What folded the photons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DeviceReport {
    /// `cpu`, `wgpu` or `cuda`.
    pub name: String,
    /// Why this device.
    pub reason: String,
    /// What more there is to say of it.
    #[serde(flatten)]
    pub details: Map<String, Value>,
}

/// Memory of batches on their way through the line, and of partials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemoryReport {
    pub budget_bytes: u64,
    /// Rows of a batch at most.
    pub batch_rows: u64,
    /// Bytes that partials may take before they go to disk.
    pub partials_bytes: u64,
    /// Bytes of partials that went to disk, and the sorted runs that they were written in.
    pub spilled_bytes: u64,
    pub sorted_runs: u64,
    /// Page-locked bytes that columns had at a time, at most: part of the batches. Null where the device lends none.
    #[serde(default)]
    pub locked_bytes: Option<u64>,
}

/// Time and bytes of each stage. Reading and decoding overlap the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stages {
    /// Bytes come from files; libhdf5 does what it does, decoding of unusual storage included.
    pub read: Stage,
    /// Stored bytes become batches of kept photons: inflating, converting, selecting.
    pub decode: Stage,
    /// Batches are copied to a device.
    pub upload: Stage,
    /// Photons get their cells.
    pub locate: Stage,
    /// Photons are ordered by cell.
    pub sort: Stage,
    /// Runs of one cell are found.
    pub segment: Stage,
    /// Runs become rows of partials.
    pub reduce: Stage,
    /// Of batches that go through several stages in one pass.
    pub fused: FusedStages,
    /// How many batches took which order through the stages.
    pub batches: BatchOrders,
    /// Partials of batches become those of shards.
    pub merge: Stage,
    /// Partials become numbers.
    pub finalize: Stage,
    /// Numbers become files.
    pub write: Stage,
}

/// One stage, summed over the run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stage {
    /// Wall seconds, monotonic clock.
    pub seconds: f64,
    /// Bytes that the stage moves; null where it moves none.
    pub bytes: Option<u64>,
    /// Of `bytes`, those that a device read where they had been decoded, without a copy in between; only of uploads
    /// to a device that lends memory to columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_place_bytes: Option<u64>,
    /// Seconds by the device's own clock; null where the stage is the host's, or the backend does not tell.
    pub device_seconds: Option<f64>,
}

/// Several stages in one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FusedStages {
    /// Their names; the device's own time stands with each of them.
    pub stages: String,
    /// Wall seconds, monotonic clock.
    pub seconds: f64,
}

/// Batches by the order in which their stages ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BatchOrders {
    pub runs: u64,
    /// Of `runs`, those that a device folded where photons stood, without keys and without a sort.
    #[serde(default)]
    pub standing: u64,
    pub blocks: u64,
    pub sorted: u64,
    /// Of these, folded by the CPU because the device was lost.
    pub taken_over: u64,
}

/// What became of the photons: `read` is `kept` and `rejected` together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PhotonCounts {
    pub read: u64,
    pub kept: u64,
    pub rejected: u64,
    /// By reason.
    pub rejected_by: BTreeMap<String, u64>,
    /// Kept photons whose value is null, by column.
    pub null_by: BTreeMap<String, u64>,
    /// Those of them whose value lies outside the valid range that the dataset declares, before rows are
    /// rejected for their value.
    #[serde(default)]
    pub outside_valid_range_by: BTreeMap<String, u64>,
    /// Photons of ground tracks that were left out as a whole, by their beam or a filter. They were not read, and are
    /// not among `read`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unread_by: BTreeMap<String, u64>,
}

/// A step of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepReport {
    /// From when to when in UTC, or the cycle, reference ground track (`rgt`) or region.
    pub step: String,
    /// Photons that were kept.
    pub photons: u64,
}

/// What became of the granules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Granules {
    /// Read whole.
    pub done: Vec<GranuleReport>,
    /// Of these, the ones that an interrupted run had read and merged; without a shard map.
    #[serde(default)]
    pub resumed: u64,
    /// Left out; their photons count nowhere.
    pub failed: Vec<Failed>,
    /// Not read, because another one takes their place.
    pub superseded: Vec<SupersededReport>,
    /// Files of one granule that were all read, as none has photons of another.
    #[serde(default)]
    pub parts: Vec<Vec<String>>,
    /// Files of folders that are no granules, or hidden.
    #[serde(default)]
    pub skipped: Vec<SkippedReport>,
    /// Files of folders that are plainly no data.
    #[serde(default)]
    pub not_data: u64,
}

/// A file that was passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SkippedReport {
    pub path: String,
    pub reason: String,
}

/// A granule and the one that takes its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SupersededReport {
    pub granule: String,
    pub by: String,
    /// What it is to the other: the same file, bytes or photons, a part of its photons, an earlier
    /// release, a quick look.
    #[serde(default)]
    pub why: String,
}

/// Rows that were rejected for their value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RejectedReport {
    pub count: u64,
    /// The first 1,000.
    pub first: Vec<RejectedRow>,
}

/// The error table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorsReport {
    /// Where it is; null where nothing was left out.
    pub table: Option<String>,
    /// Its rows.
    pub count: u64,
    /// Its rows by `error_code`.
    pub by_code: BTreeMap<String, u64>,
}

/// The identity of an array's values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OutputHash {
    /// SHA-256 in hex of the values as little-endian bytes in C order.
    pub sha256: String,
}

/// A coarser order of the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OverviewReport {
    pub order: u8,
    /// Of rectilinear grids, whose orders are the program's own: the group in the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    pub occupied_cells: u64,
    pub outputs: BTreeMap<String, OutputHash>,
    pub content_sha256: String,
}

/// The report of a run, or of `icefold finalize`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Report {
    Run(Box<RunReport>),
    Assembled(Box<AssembledReport>),
}

/// The JSON Schema of run reports, of both kinds.
///
/// ```
/// let schema = icefold::report::json_schema();
/// assert!(schema.is_object());
/// ```
pub fn json_schema() -> Value {
    // As it is written: every key that always stands there is required.
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let generator = settings.into_generator();
    let mut schema = generator.into_root_schema_for::<Report>().to_value();
    for kind in ["RunReport", "AssembledReport"] {
        let version = &mut schema["$defs"][kind]["properties"]["schema_version"];
        version["const"] = SCHEMA_VERSION.into();
    }
    schema
}
