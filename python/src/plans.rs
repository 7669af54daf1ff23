//! What spares reading: maps of which granules each shard needs, and indexes of what granules are.

use std::path::PathBuf;

use icefold::MakeMap;
use icefold::run::MakeIndex;
use pyo3::prelude::*;
use serde_json::json;

use crate::attend::attended;
use crate::config::Config;
use crate::errors::Keywords;
use crate::machine::Machine;
use crate::reading::Reading;
use crate::verbs::Said;

/// What a shard map is made of.
#[derive(Debug, FromPyObject)]
#[pyo3(from_item_all)]
pub struct PlanSettings {
    reading: Reading,
    output: PathBuf,
    tolerant: bool,
    external: Vec<PathBuf>,
    machine: Machine,
}

/// Granules to a shard map.
#[pyfunction]
pub fn plan(
    py: Python<'_>,
    config: &Config,
    settings: PlanSettings,
    progress: Option<Py<PyAny>>,
) -> PyResult<Said> {
    let mut notes = Vec::new();
    let built = attended(py, (progress.as_ref(), &mut notes), |told| {
        let remote = settings.reading.remote(told);
        let granules = settings.reading.granules(&remote)?;
        let mut asked = MakeMap::new(config.0.clone(), granules, &settings.output)
            .tolerant(settings.tolerant)
            .external(&settings.external)
            .remote(remote)
            .threads(settings.machine.threads())
            .memory(settings.machine.memory()?)
            .dialect(&Keywords)
            .watch(told);
        if let Some(index) = &settings.reading.index {
            asked = asked.index(index);
        }
        if let Some(folder) = settings.reading.scratch() {
            asked = asked.scratch(folder);
        }
        asked.execute()
    })?;
    let map = &built.map;
    let said = json!({
        "map": map.path.display().to_string(),
        "shards": map.shards.len(),
        "granules": map.granules.len(),
        "pairs": map.pairs(),
        "failed": built.failed.len(),
        "without_photons": built.without_photons,
        "outside_region": built.outside_region,
        "outside_grid": built.outside_grid,
        "outside_time": built.outside_time,
        "photons": built.photons,
        "bad_coordinates": built.bad_coordinates,
        "not_opened": built.indexed.as_ref().map(|indexed| indexed.spared),
    });
    Ok((
        said.to_string(),
        built.failed.is_empty(),
        map.shards.is_empty(),
        notes,
    ))
}

/// What an index is made of.
#[derive(Debug, FromPyObject)]
#[pyo3(from_item_all)]
pub struct IndexSettings {
    reading: Reading,
    output: PathBuf,
    remove_gone: bool,
    tolerant: bool,
    external: Vec<PathBuf>,
    machine: Machine,
}

/// Granules to an index.
#[pyfunction]
pub fn index(
    py: Python<'_>,
    config: Option<&Config>,
    settings: IndexSettings,
    progress: Option<Py<PyAny>>,
) -> PyResult<Said> {
    let mut notes = Vec::new();
    let made = attended(py, (progress.as_ref(), &mut notes), |told| {
        let remote = settings.reading.remote(told);
        let granules = settings.reading.granules(&remote)?;
        let mut asked = MakeIndex::new(granules, &settings.output)
            .remove_gone(settings.remove_gone)
            .tolerant(settings.tolerant)
            .external(&settings.external)
            .remote(remote)
            .threads(settings.machine.threads())
            .memory(settings.machine.memory()?)
            .dialect(&Keywords)
            .watch(told);
        if let Some(config) = config {
            asked = asked.config(config.0.clone());
        }
        asked.execute()
    })?;
    let gone: Vec<&String> = made.gone.iter().map(|gone| &gone.address).collect();
    let removed = made.gone.iter().filter(|gone| gone.removed).count();
    let said = json!({
        "index": settings.output.display().to_string(),
        "granules": made.granules,
        "new": made.new,
        "changed": made.changed,
        "same": made.same,
        "others": made.others,
        "gone": gone,
        "removed": removed,
        "failed": made.failed.len(),
        "written": made.written,
        "bytes": made.bytes,
    });
    let whole = made.failed.is_empty();
    Ok((said.to_string(), whole, made.granules == 0, notes))
}
