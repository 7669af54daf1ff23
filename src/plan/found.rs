//! What opening all granules of a plan finds: columns, their types and units, and what differs.
//!
//! Beside the plan. Every granule is opened once, and no photon is read.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Plan;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::photon::{Load, SourceColumn};
use crate::read::hdf5::Tracks;
use crate::read::table::{Drift, columns_read};
use crate::read::{Applied, ColumnUnion};
use crate::read::{Failed, GranulePath, Input, StillOpen, scouted};

/// What a survey finds in the granules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// One per variable of the config: types and units over all granules.
    pub columns: Vec<SourceColumn>,
    /// Granules that cannot be opened (tolerant runs only).
    pub failed: Vec<Failed>,
    /// What differs between granules, and is no reason to stop.
    pub drift: Vec<String>,
    /// What the attributes of datasets say of their values.
    #[serde(default)]
    pub conventions: Vec<Applied>,
    /// Rows of all granules that can be opened.
    pub rows: u64,
    /// Bytes that storage chunks take at most while they are decoded.
    #[serde(default)]
    pub chunk_bytes: u64,
    /// What all of them ask of whoever reads them.
    #[serde(default)]
    pub load: Load,
}

/// Opens every granule of the plan, and reads none.
///
/// # Errors
/// A granule that cannot be used or is of another product (strict), a ground track that no granule can have,
/// no granule with data to tell the types from.
pub fn find(config: &Config, plan: &Plan, tolerant: bool) -> Result<Found> {
    find_and_keep(config, plan, tolerant, &mut StillOpen::default())
}

/// The same; some granules stay open, to be read.
///
/// # Errors
/// As [`find`].
pub fn find_and_keep(
    config: &Config,
    plan: &Plan,
    tolerant: bool,
    open: &mut StillOpen,
) -> Result<Found> {
    let mut by_name: Vec<&GranulePath> = plan.granules.iter().collect();
    by_name.sort_by_key(|granule| (granule.path.file_name(), &granule.path));
    let mut asked = Asked::default();
    let mut failed = Vec::new();
    let leave_out = |granule: &str, error: Error| match error {
        _ if config.access.remote.is_stopped() => Err(Error::interrupted()),
        error if tolerant => Ok(Failed {
            granule: granule.to_owned(),
            reason: error.render(config.access.dialect),
        }),
        error => Err(error),
    };
    let paths: Vec<&Path> = by_name.iter().map(|granule| &*granule.path).collect();
    scouted(&paths, config, |scouts| -> Result<()> {
        for (place, granule) in by_name.iter().enumerate() {
            scouts.reach(place);
            if let Err(error) = asked.add(granule, config, open) {
                failed.push(leave_out(&granule.name, error)?);
            }
        }
        Ok(())
    })?;
    asked.tracks.check_names(config)?;
    for (granule, error) in asked.tracks.strangers(config) {
        failed.push(leave_out(&granule, error)?);
    }
    let mut notes = asked.drift.notes(&columns_read(config));
    notes.extend(asked.notes);
    notes.extend(asked.union.notes());
    let mut conventions = asked.conventions;
    conventions.sort_by(|a: &Applied, b| a.dataset.cmp(&b.dataset));
    match asked.union.into_columns() {
        Some(columns) => Ok(Found {
            columns,
            failed,
            drift: notes,
            conventions,
            rows: asked.rows,
            chunk_bytes: asked.chunk_bytes,
            load: asked.load,
        }),
        None => Err(nothing_to_read(config, plan, &failed)),
    }
}

/// What granules said so far.
#[derive(Debug, Default)]
struct Asked {
    union: ColumnUnion,
    drift: Drift,
    tracks: Tracks,
    conventions: Vec<Applied>,
    /// What differs within granules.
    notes: Vec<String>,
    rows: u64,
    chunk_bytes: u64,
    load: Load,
}

impl Asked {
    /// Adds what a granule says of its columns, if all that the config needs of it can be opened.
    fn add(&mut self, granule: &GranulePath, config: &Config, open: &mut StillOpen) -> Result<()> {
        let found = Input::describe_and_keep(granule, config, open)?;
        if let Some(outline) = found.outline {
            self.tracks.add(&granule.name, outline);
        }
        if let Some(columns) = found.columns {
            let name = format!("granule {}", granule.name);
            self.union.add(&name, columns).map_err(|clash| {
                let message = format!("{clash}; run the two kinds of granules separately");
                Error::granule(&*granule.name, message)
            })?;
        }
        if let Some(columns) = found.table_columns {
            self.drift.add(&granule.name, columns);
        }
        Applied::gather(&mut self.conventions, found.applied);
        self.notes.extend(found.notes);
        self.rows = self.rows.saturating_add(found.rows);
        self.chunk_bytes = self.chunk_bytes.max(found.chunk_bytes);
        self.load.add(&found.load);
        Ok(())
    }
}

fn nothing_to_read(config: &Config, plan: &Plan, failed: &[Failed]) -> Error {
    if let Some(first) = failed.first() {
        let granules = plan.granules.len() + plan.absent.len();
        return Error::no_granule(granules, &first.reason);
    }
    let names: Vec<&str> = plan.granules.iter().take(3).map(|g| &*g.name).collect();
    let beams = config.beams.as_ref();
    let beams = beams.map_or(String::new(), |beams| {
        format!(" of the beams that are chosen ({beams})")
    });
    let beams = match config.said[..] {
        [] => beams,
        _ => format!("{beams} that filters of granules and ground tracks keep"),
    };
    Error::argument(format!(
        "no granule ({}) has data at {} in any of the ground tracks {}{beams}; check that config {} fits \
         the product",
        names.join(", "),
        config.latitude,
        config.ground_tracks.join(", "),
        config.name
    ))
}
