//! Runs that find their store finished, and say so instead of starting again.
//!
//! The store is the one that a run would make if a report beside it is of the same config, granules, shard map,
//! overviews and layout, the granules are the files that they were, and the report's content hash is that of the
//! values in the store.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::piece::GranuleFile;
use crate::plan::GranulePath;
use crate::source::is_object;
use crate::store::{StoreReader, content_of, made_of};
use crate::watch::{Note, Watch};

/// A store that is the one that was asked for already.
///
/// ```no_run
/// use icefold::{Mapped, Outcome, Run, config};
///
/// # fn main() -> icefold::Result<()> {
/// let run = Run::new(config::load("atl03")?, Mapped::by("shards.json")).into_store("photons.zarr");
/// if let Outcome::Standing(standing) = run.resume(true).execute()? {
///     println!("{} was made before", standing.store.display());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    pub store: PathBuf,
    /// That of the run that made it, or of the one that made it of pieces.
    pub report: Value,
}

impl Standing {
    /// Says that there is nothing to do.
    pub(super) fn told(self, watch: &dyn Watch) -> Self {
        let store = self.store.clone();
        watch.note(Note::AlreadyWhole { store });
        self
    }

    /// Nothing was left out of it.
    pub fn is_whole(&self) -> bool {
        let none = |value: &Value| value.as_array().is_none_or(Vec::is_empty);
        self.report["errors"]["count"] == 0
            && none(&self.report["granules"]["failed"])
            && none(&self.report["granules"]["left_out"])
    }

    /// It has no cell.
    pub fn is_empty(&self) -> bool {
        self.report["occupied_cells"] == 0
    }
}

/// What a store has to be to be the one that is asked for; nothing of what is `None`.
#[derive(Debug, Default)]
pub(super) struct Wanted<'a> {
    pub config_sha256: Option<&'a str>,
    pub map_sha256: Option<&'a str>,
    /// Orders, finest first.
    pub overviews: Option<Vec<u8>>,
    pub layout: Option<&'a str>,
    /// Of the pieces that it would be made of.
    pub pieces_sha256: Option<&'a str>,
    /// The granules that it would be made of.
    pub granules: Option<&'a [GranulePath]>,
}

impl Wanted<'_> {
    /// The store with its report, if it is the one that is wanted.
    pub fn find(&self, store: &Path, reports: &[PathBuf]) -> Option<Standing> {
        let report = report_of(store, reports, self)?;
        let store = store.to_path_buf();
        Some(Standing { store, report })
    }
}

/// The report of the run that made the store, if it is the one that is wanted.
fn report_of(store: &Path, reports: &[PathBuf], wanted: &Wanted) -> Option<Value> {
    let reader = StoreReader::open(store).ok()?;
    if wanted
        .layout
        .is_some_and(|layout| layout != reader.extent().name())
    {
        return None;
    }
    if let Some(granules) = wanted.granules
        && !holds_as_they_are(store, granules)
    {
        return None;
    }
    let mut content = None;
    for path in reports {
        let Some(report) = read(path) else {
            continue;
        };
        let orders = report["overviews"].as_array();
        let orders: Vec<u64> = orders
            .into_iter()
            .flatten()
            .filter_map(|overview| overview["order"].as_u64())
            .collect();
        let of = |value: &Value, wanted: Option<&str>| wanted.is_none_or(|wanted| value == wanted);
        let maps = [
            &report["plan"]["map_sha256"],
            &report["pieces"]["map_sha256"],
        ];
        let fits = of(&report["config"]["sha256"], wanted.config_sha256)
            && maps.iter().any(|map| of(map, wanted.map_sha256))
            && of(&report["pieces"]["content_sha256"], wanted.pieces_sha256)
            && wanted.overviews.as_ref().is_none_or(|wanted| {
                wanted
                    .iter()
                    .map(|&order| u64::from(order))
                    .eq(orders.iter().copied())
            })
            // Over a map, a run that kept pieces has not read all granules; the map says which they are.
            && (wanted.map_sha256.is_some()
                || wanted.granules.is_none_or(|granules| is_of(&report, granules)));
        if !fits || report["content_sha256"].is_null() {
            continue;
        }
        if content.is_none() {
            content = content_of(store).ok();
        }
        if content.as_deref() == report["content_sha256"].as_str() {
            return Some(report);
        }
    }
    None
}

/// Whether a run read these granules and no others; of one that lists none, as of pieces, nothing is known.
fn is_of(report: &Value, granules: &[GranulePath]) -> bool {
    let Some(done) = report["granules"]["done"].as_array() else {
        return true;
    };
    let left_out = report["granules"]["failed"].as_array();
    let done = done.iter().map(|granule| &granule["name"]);
    let left_out = left_out.into_iter().flatten().map(|one| &one["granule"]);
    let then: BTreeSet<&str> = done.chain(left_out).filter_map(Value::as_str).collect();
    let now: BTreeSet<&str> = granules.iter().map(|granule| &*granule.name).collect();
    then == now
}

/// Whether the files that a store was made of are as they were, as far as they are among these.
fn holds_as_they_are(store: &Path, granules: &[GranulePath]) -> bool {
    let Ok(Some(made_of)) = made_of(store) else {
        return true;
    };
    let files = granules.iter().flat_map(GranulePath::files);
    let mut files = files.filter(|(_, path)| is_object(path) || path.is_file());
    let said = made_of["granules"].as_array();
    files.all(|(called, path)| {
        let called = called.rsplit('/').next().unwrap_or_default();
        let mut then = said.into_iter().flatten();
        // Of several files of one name any may be this one.
        let mut then = then
            .by_ref()
            .filter(|one| one["name"] == *called)
            .peekable();
        then.peek().is_none()
            || GranuleFile::of(path).is_ok_and(|now| then.any(|one| one["probe"] == *now.probe))
    })
}

fn read(path: &Path) -> Option<Value> {
    let text = fs::read(path).ok()?;
    serde_json::from_slice(&text).ok()
}
