//! The report of `icefold finalize`: a store that was made of pieces.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Value, json};

use super::document::{OutputHash, OverviewReport};
use super::resident::peak_resident_bytes;
use super::run::{outputs, overviews};
use super::whole::write_whole;
use crate::error::Result;
use crate::pipeline::Assembled;
use crate::store::{content_hash, grouped};
use crate::table::ErrorSummary;

/// Version of the report's shape.
const SCHEMA_VERSION: u32 = 1;

/// What became of the pieces; what was read of granules is in the reports of the runs.
#[derive(Debug, Serialize)]
pub struct AssembledReport {
    pub schema_version: u32,
    pub icefold_version: &'static str,
    pub command: Vec<String>,
    pub config: Value,
    /// The folder of pieces and how many there were.
    pub pieces: Value,
    /// Photons in the store.
    pub photons: Value,
    /// Granules that some piece was made without.
    pub granules: Value,
    pub errors: ErrorSummary,
    pub shards: u64,
    pub occupied_cells: u64,
    pub cells_without_weight: u64,
    pub seconds: f64,
    pub peak_resident_bytes: Option<u64>,
    pub store: PathBuf,
    pub table: Option<PathBuf>,
    pub outputs: BTreeMap<String, OutputHash>,
    pub content_sha256: String,
    pub overviews: Vec<OverviewReport>,
}

impl AssembledReport {
    /// Of a store that is whole; `config` is name and hash, `pieces` their folder and number.
    pub fn new(
        assembled: &Assembled,
        config: (&str, &str),
        pieces: (&Path, usize),
        store: &Path,
        table: Option<&Path>,
    ) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            icefold_version: env!("CARGO_PKG_VERSION"),
            command: std::env::args().collect(),
            config: json!({"name": config.0, "sha256": config.1}),
            pieces: json!({"folder": pieces.0, "of": pieces.1}),
            photons: json!({"kept": assembled.photons}),
            granules: json!({"left_out": assembled.left_out}),
            errors: assembled.errors.clone(),
            shards: assembled.shards,
            occupied_cells: assembled.occupied_cells,
            cells_without_weight: assembled.cells_without_weight,
            seconds: assembled.seconds,
            peak_resident_bytes: peak_resident_bytes(),
            store: store.to_path_buf(),
            table: table.map(Path::to_path_buf),
            outputs: outputs(&assembled.written.hashes),
            content_sha256: content_hash(&assembled.written.hashes),
            overviews: overviews(&assembled.written),
        }
    }

    /// The report as indented JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self)
            .unwrap_or_else(|e| unreachable!("a report has only string keys: {e}"))
    }

    /// Writes the report; a reader never sees half of one.
    ///
    /// # Errors
    /// The operating system's, with the path.
    pub fn write(&self, path: &Path) -> Result<()> {
        write_whole(path, (self.to_json() + "\n").as_bytes())
    }

    /// A short table for a terminal.
    pub fn summary(&self) -> String {
        let pieces = self.pieces["of"].as_u64().unwrap_or_default();
        let mut lines = vec![
            ("pieces", grouped(pieces)),
            (
                "photons kept",
                self.photons["kept"]
                    .as_u64()
                    .map_or_else(String::new, grouped),
            ),
            ("shards", grouped(self.shards)),
            ("occupied cells", grouped(self.occupied_cells)),
        ];
        let left_out = self.granules["left_out"].as_array().map_or(0, Vec::len);
        if left_out > 0 {
            lines.push(("left out", format!("{left_out} granules")));
        }
        if let Some(table) = &self.errors.table {
            let rows = grouped(self.errors.count);
            lines.push(("left out", format!("{rows} rows in {}", table.display())));
        }
        lines.push(("time", format!("{:.2} s", self.seconds)));
        lines.push(("content", format!("sha256 {}", self.content_sha256)));
        let lines = lines
            .iter()
            .map(|(what, value)| format!("  {what:<16} {value}\n"));
        lines.collect()
    }
}
