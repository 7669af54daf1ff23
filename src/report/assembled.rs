//! The report of `icefold finalize`: a store that was made of pieces.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::document::{
    ConfigIdentity, ErrorsReport, OutputHash, OverviewReport, SCHEMA_VERSION, StepReport,
};
use super::run::{outputs, overviews, shown, zagg_content};
use crate::export::Geotiffs;
use crate::piece::Manifest;
use crate::pipeline::Assembled;
use crate::read::Applied;
use crate::store::content_hash;
use crate::text::grouped;
use crate::usage::peak_resident_bytes;

/// What became of the pieces; what was read of granules is in the reports of the runs.
///
/// ```no_run
/// use icefold::Finalize;
/// use icefold::report::AssembledReport;
/// use icefold::run::Finalized;
///
/// # fn main() -> icefold::Result<()> {
/// if let Finalized::Store(made) = Finalize::new("photons.zarr").execute()? {
///     let report: AssembledReport = made.report;
///     println!("{} cells of {} pieces", report.occupied_cells, report.pieces.of);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AssembledReport {
    /// Version of this shape.
    pub schema_version: u32,
    pub icefold_version: String,
    /// The command line.
    pub command: Vec<String>,
    pub config: ConfigIdentity,
    pub pieces: AssembledPieces,
    pub photons: AssembledPhotons,
    pub granules: AssembledGranules,
    pub errors: ErrorsReport,
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
    /// Wall seconds, monotonic clock.
    pub seconds: f64,
    /// Largest resident memory of the process in bytes; null where the system does not tell.
    pub peak_resident_bytes: Option<u64>,
    /// The store that was written.
    pub store: String,
    /// The same rows as a table; null where none was asked for.
    pub table: Option<String>,
    /// Its arrays as GeoTIFF; absent where none were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub geotiff: Option<Geotiffs>,
    /// By array, `cell_ids` among them.
    pub outputs: BTreeMap<String, OutputHash>,
    pub content_sha256: String,
    /// The content hash of the whole store as zagg's specification has it (section 5), of all arrays as they are stored.
    /// Null where not all values are stored as they were computed: over the sphere, and at steps of time.
    pub zagg_content_sha256: Option<String>,
    /// Coarser orders of the store, finest first.
    pub overviews: Vec<OverviewReport>,
}

/// The pieces that the store was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AssembledPieces {
    pub folder: String,
    pub of: u64,
    /// SHA-256 of the shards of the map and their granules.
    pub map_sha256: String,
    /// Of what is in the pieces.
    pub content_sha256: String,
}

/// Photons in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AssembledPhotons {
    pub kept: u64,
}

/// Granules that some piece was made without.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AssembledGranules {
    pub left_out: Vec<String>,
}

impl AssembledReport {
    /// Of a store that is whole; `pieces` are their folder and manifest.
    pub fn new(
        assembled: &Assembled,
        pieces: (&Path, &Manifest),
        store: &Path,
        table: Option<&Path>,
        command: Vec<String>,
    ) -> Self {
        let config = &pieces.1.config;
        Self {
            schema_version: SCHEMA_VERSION,
            icefold_version: env!("CARGO_PKG_VERSION").to_owned(),
            command,
            config: ConfigIdentity {
                name: config.name.clone(),
                sha256: config.sha256.clone(),
                region: config.region().ok().flatten().map(|region| region.facts()),
                without_effect: Vec::new(),
            },
            pieces: AssembledPieces {
                folder: shown(pieces.0),
                of: pieces.1.map.shards.len() as u64,
                map_sha256: pieces.1.map.sha256.clone(),
                content_sha256: assembled.pieces_sha256.clone(),
            },
            photons: AssembledPhotons {
                kept: assembled.photons,
            },
            granules: AssembledGranules {
                left_out: assembled.left_out.clone(),
            },
            errors: ErrorsReport {
                table: assembled
                    .whole
                    .errors
                    .table
                    .as_ref()
                    .map(|table| shown(table)),
                count: assembled.whole.errors.count,
                by_code: assembled.whole.errors.by_code.clone(),
            },
            conventions: assembled.conventions.clone(),
            steps: (assembled.steps_said.iter())
                .map(|(step, photons)| StepReport {
                    step: step.clone(),
                    photons: *photons,
                })
                .collect(),
            shards: assembled.shards,
            occupied_cells: assembled.occupied_cells,
            cells_without_weight: assembled.cells_without_weight,
            seconds: assembled.seconds,
            peak_resident_bytes: peak_resident_bytes(),
            store: shown(store),
            table: table.map(shown),
            geotiff: None,
            outputs: outputs(&assembled.whole.written.hashes),
            content_sha256: content_hash(&assembled.whole.written.hashes),
            zagg_content_sha256: zagg_content(&assembled.whole.written),
            overviews: overviews(&assembled.whole.written),
        }
    }

    /// The report as indented JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self)
            .unwrap_or_else(|e| unreachable!("a report has only string keys: {e}"))
    }

    /// A short table for a terminal.
    pub fn summary(&self) -> String {
        let mut lines = vec![
            ("pieces", grouped(self.pieces.of)),
            ("photons kept", grouped(self.photons.kept)),
            ("shards", grouped(self.shards)),
            ("occupied cells", grouped(self.occupied_cells)),
        ];
        let left_out = self.granules.left_out.len();
        if left_out > 0 {
            lines.push(("left out", format!("{left_out} granules")));
        }
        if let Some(table) = &self.errors.table {
            let rows = grouped(self.errors.count);
            lines.push(("left out", format!("{rows} rows in {table}")));
        }
        if let Some(geotiff) = &self.geotiff {
            lines.push(("geotiff", geotiff.to_string()));
        }
        lines.push(("time", format!("{:.2} s", self.seconds)));
        lines.push(("content", format!("sha256 {}", self.content_sha256)));
        let lines = lines
            .iter()
            .map(|(what, value)| format!("  {what:<16} {value}\n"));
        lines.collect()
    }
}
