//! Runs, plans, compares and looks. Answers are JSON, which Python has a reader for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use icefold::demo::write_granules;
use icefold::devices::find;
use icefold::inspect::Look;
use icefold::publish::Near;
use icefold::run::{Finalized, Source};
use icefold::source::Remote;
use icefold::store::Geometry;
use icefold::{DeviceChoice, Error, Finalize, Granules, Layout, Mapped, Outcome, Run, Verify};
use pyo3::prelude::*;
use serde_json::{Value, json};

use crate::attend::attended;
use crate::config::Config;
use crate::errors::{Keywords, OrRaise};
use crate::machine::{Bytes, Machine};
use crate::reading::{Objects, Reading, without_secrets};

/// An answer as JSON, whether it is whole, whether it is empty, and what was noted.
pub type Said = (String, bool, bool, Vec<String>);

/// What a run reads, writes and runs on.
#[expect(clippy::struct_excessive_bools, reason = "each is a keyword")]
#[derive(Debug, FromPyObject)]
#[pyo3(from_item_all)]
pub struct RunSettings {
    reading: Reading,
    plan: Option<PathBuf>,
    granule_root: Option<PathBuf>,
    shards: Option<String>,
    store: Option<PathBuf>,
    table: Option<PathBuf>,
    table_geometry: Option<String>,
    geotiff: Option<PathBuf>,
    report: Option<PathBuf>,
    layout: Option<String>,
    overviews: Vec<u8>,
    overwrite: bool,
    resume: bool,
    checkpoint: Option<f64>,
    update: bool,
    allow_removal: bool,
    keep_partials: bool,
    tolerant: bool,
    hash_granules: bool,
    external: Vec<PathBuf>,
    partials_memory: Option<Bytes>,
    batch_rows: Option<usize>,
    command: Vec<String>,
    machine: Machine,
}

impl RunSettings {
    fn source(&self, config: &Config, remote: &Remote) -> icefold::Result<Source> {
        let mapped = match &self.plan {
            Some(map) => Some(Mapped::by(map)),
            None if !self.reading.names_any() => Mapped::by_catalog(&config.0)?,
            None => None,
        };
        let Some(mut mapped) = mapped else {
            return Ok(self.reading.granules(remote)?.into());
        };
        if let Some(root) = &self.granule_root {
            mapped = mapped.in_folder(root);
        }
        if let Some(range) = &self.shards {
            mapped = mapped.shards(range.parse()?);
        }
        Ok(mapped.into())
    }

    fn run<'a>(&self, config: &Config, remote: Remote) -> icefold::Result<Run<'a>> {
        let source = self.source(config, &remote)?;
        let mut run = Run::new(config.0.clone(), source)
            .remote(remote)
            .overviews(&self.overviews)
            .overwrite(self.overwrite)
            .resume(self.resume)
            .update(self.update)
            .allow_removal(self.allow_removal)
            .keep_partials(self.keep_partials)
            .tolerant(self.tolerant)
            .external(&self.external)
            .hash_granules(self.hash_granules)
            .device(self.machine.choice()?)
            .guide(Machine::guide())
            .threads(self.machine.threads())
            .memory(self.machine.memory()?)
            .command(without_secrets(&self.command))
            .dialect(&Keywords);
        if let Some(name) = &self.layout {
            let layout = Layout::named(name).ok_or_else(|| {
                let message = format!("there is no layout '{name}'");
                Error::argument(message)
                    .with_remedy("give 'cells', 'fullsphere', 'hive' or 'raster'")
            })?;
            run = run.layout(layout);
        }
        if let Some(seconds) = self.checkpoint {
            let every = Duration::try_from_secs_f64(seconds)
                .map_err(|e| Error::argument(format!("checkpoint={seconds}: {e}; give seconds")))?;
            run = run.checkpoint(every);
        }
        if let Some(store) = &self.store {
            run = run.into_store(store);
        }
        if let Some(index) = &self.reading.index {
            run = run.index(index);
        }
        if let Some(folder) = self.reading.scratch() {
            run = run.scratch(folder);
        }
        if let Some(table) = &self.table {
            run = run.table(table);
        }
        if let Some(name) = &self.table_geometry {
            run = run.table_geometry(geometry(name)?);
        }
        if let Some(folder) = &self.geotiff {
            run = run.geotiff(folder);
        }
        if let Some(report) = &self.report {
            run = run.report(report);
        }
        if let Some(memory) = &self.partials_memory {
            run = run.partials_memory(memory.of("partials_memory")?);
        }
        if let Some(rows) = self.batch_rows {
            run = run.batch_rows(rows);
        }
        Ok(run)
    }
}

/// What rows of a table say of where their cells are, by its name.
fn geometry(name: &str) -> icefold::Result<Geometry> {
    match name {
        "polygon" => Ok(Geometry::Polygon),
        "point" => Ok(Geometry::Point),
        "none" => Ok(Geometry::None),
        _ => Err(
            Error::argument(format!("table_geometry='{name}' is no geometry of cells"))
                .with_remedy("give 'polygon', 'point' or 'none'"),
        ),
    }
}

/// Granules to a store, or to pieces of one.
#[pyfunction]
pub fn run(
    py: Python<'_>,
    config: &Config,
    settings: RunSettings,
    progress: Option<Py<PyAny>>,
) -> PyResult<(String, Said)> {
    let mut notes = Vec::new();
    let outcome = attended(py, (progress.as_ref(), &mut notes), |told| {
        let remote = settings.reading.remote(told);
        settings.run(config, remote)?.watch(told).execute()
    })?;
    let report = match &outcome {
        Outcome::Store(done) | Outcome::Pieces(done) => done.report.to_json(),
        Outcome::Standing(standing) => format!("{:#}", standing.report),
    };
    // What a part keeps says nothing of the whole.
    let empty = outcome.is_empty() && !matches!(outcome, Outcome::Pieces(_));
    let path = outcome.path().display().to_string();
    Ok((path, (report, outcome.is_whole(), empty, notes)))
}

/// What a store is made of, of its pieces.
#[derive(Debug, FromPyObject)]
#[pyo3(from_item_all)]
pub struct FinalizeSettings {
    store: PathBuf,
    table: Option<PathBuf>,
    table_geometry: Option<String>,
    geotiff: Option<PathBuf>,
    report: Option<PathBuf>,
    overwrite: bool,
    keep_pieces: bool,
    command: Vec<String>,
    objects: Objects,
    machine: Machine,
}

/// Pieces to their store.
#[pyfunction]
pub fn finalize(
    py: Python<'_>,
    settings: FinalizeSettings,
    progress: Option<Py<PyAny>>,
) -> PyResult<(String, Said)> {
    let mut notes = Vec::new();
    let made = attended(py, (progress.as_ref(), &mut notes), |told| {
        let mut finalize = Finalize::new(&settings.store)
            .overwrite(settings.overwrite)
            .keep_pieces(settings.keep_pieces)
            .threads(settings.machine.threads())
            .memory(settings.machine.memory()?)
            .command(without_secrets(&settings.command))
            .remote(settings.objects.remote(told))
            .watch(told);
        if let Some(folder) = &settings.objects.scratch {
            finalize = finalize.scratch(folder);
        }
        if let Some(table) = &settings.table {
            finalize = finalize.table(table);
        }
        if let Some(name) = &settings.table_geometry {
            finalize = finalize.table_geometry(geometry(name)?);
        }
        if let Some(folder) = &settings.geotiff {
            finalize = finalize.geotiff(folder);
        }
        if let Some(report) = &settings.report {
            finalize = finalize.report(report);
        }
        finalize.execute()
    })?;
    let (path, report) = match &made {
        Finalized::Standing(standing) => (&standing.store, format!("{:#}", standing.report)),
        Finalized::Store(made) => (&made.store, made.report.to_json()),
    };
    let path = path.display().to_string();
    Ok((path, (report, made.is_whole(), made.is_empty(), notes)))
}

/// Takes the pieces of a store away, for parts that begin anew together.
#[pyfunction]
pub fn clear_pieces(py: Python<'_>, store: PathBuf, allow_http: bool) -> PyResult<()> {
    looked(py, allow_http, |remote| {
        icefold::run::clear_pieces_with(&store, remote)
    })
}

/// Does something with what may be objects, until somebody wishes to stop.
pub fn looked<T: Send>(
    py: Python<'_>,
    allow_http: bool,
    look: impl FnOnce(&Remote) -> icefold::Result<T> + Send,
) -> PyResult<T> {
    attended(py, (None, &mut Vec::new()), |told| {
        look(&Remote {
            allow_http,
            stop: told.stopping(),
            ..Remote::default()
        })
    })
}

/// What is only looked at, brought here if it is an object.
pub fn near(path: &Path, documents: bool, remote: &Remote) -> icefold::Result<Near> {
    Near::of(path, (&std::env::temp_dir(), remote), documents)
}

/// Two stores, bit by bit: differences, notes, and a text.
#[pyfunction]
pub fn verify_stores(py: Python<'_>, a: PathBuf, b: PathBuf) -> PyResult<(bool, String)> {
    let report = looked(py, false, |remote| {
        let (a, b) = (near(&a, false, remote)?, near(&b, false, remote)?);
        b.outcome(a.outcome(Verify::stores(a.path(), b.path())))
    })?;
    let differences: Vec<String> = report.differences.iter().map(ToString::to_string).collect();
    let identical = report.identical();
    let said = json!({
        "identical": identical,
        "differences": differences,
        "notes": report.notes,
        "text": report.to_string(),
    });
    Ok((identical, said.to_string()))
}

/// What devices are compared on.
#[derive(Debug, FromPyObject)]
#[pyo3(from_item_all)]
pub struct VerifySettings {
    granules: Vec<PathBuf>,
    external: Vec<PathBuf>,
    devices: Vec<String>,
    machine: Machine,
}

/// Several devices on the same granules, bit by bit.
#[pyfunction]
pub fn verify_devices(
    py: Python<'_>,
    config: &Config,
    settings: VerifySettings,
    progress: Option<Py<PyAny>>,
) -> PyResult<(bool, String)> {
    let mut notes = Vec::new();
    let verified = attended(py, (progress.as_ref(), &mut notes), |told| {
        let mut verify = Verify::new(config.0.clone(), Granules::named(&settings.granules))
            .external(&settings.external)
            .threads(settings.machine.threads())
            .memory(settings.machine.memory()?)
            .guide(Machine::guide())
            .watch(told);
        for name in &settings.devices {
            let choice = name.parse::<DeviceChoice>();
            let choice = choice.map_err(|message| Error::device(name, message))?;
            verify = verify.on(name, choice);
        }
        verify.execute()
    })?;
    let answers = verified.answers.iter();
    let devices: Vec<Value> = answers
        .map(|answer| json!({"device": answer.device, "seconds": answer.seconds, "cells": answer.cells()}))
        .collect();
    let identical = verified.identical();
    let said = json!({
        "identical": identical,
        "devices": devices,
        "differences": verified.differences,
        "notes": notes,
    });
    Ok((identical, said.to_string()))
}

/// What a file or a folder is, as JSON and for people.
#[pyfunction]
pub fn inspect(
    py: Python<'_>,
    path: PathBuf,
    config: Option<&Config>,
    all: bool,
    allow_http: bool,
) -> PyResult<(String, String)> {
    let look = Look {
        config: config.map(|config| &config.0),
        all,
        ..Look::default()
    };
    looked(py, allow_http, |remote| {
        let near = near(&path, false, remote)?;
        let found = near.outcome(icefold::inspect::inspect(near.path(), look))?;
        let said = near.said(&found.render(&Keywords));
        Ok((near.said(&json!(found).to_string()), said))
    })
}

/// What to cite of a store, for people and as BibTeX.
#[pyfunction]
pub fn cite(py: Python<'_>, path: PathBuf) -> PyResult<(String, String)> {
    let citation = looked(py, false, |remote| {
        let near = near(&path, true, remote)?;
        near.outcome(icefold::inspect::cite(near.path()))
    })?;
    Ok((citation.to_string(), citation.bibtex()))
}

/// Name, model, and why a device cannot be used, of each.
#[pyfunction]
pub fn devices(py: Python<'_>) -> Vec<(String, String, Option<String>)> {
    let found = py.detach(find).into_iter();
    found
        .map(|device| (device.name, device.model, device.unusable))
        .collect()
}

/// Writes the granules of the demo into a folder.
#[pyfunction]
pub fn demo_granules(py: Python<'_>, folder: PathBuf) -> PyResult<Vec<PathBuf>> {
    py.detach(|| write_granules(&folder)).or_raise(py)
}
