//! What a run may write and what it must not touch: its outputs, its inputs, and a store that exists already.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::{Error, Object, Result, Setting, phrase};
use crate::left_out::{ERROR_TABLE, errors_path};
use crate::piece::{Pieces, RunCheckpoint};
use crate::place::{Inputs, beside, check_distinct, check_file, check_outside, writes_through};
use crate::plan::{GranulePath, Plan, ShardMap};
use crate::read::table::TABLE;
use crate::report::RUN_REPORT;
use crate::store::TableFormat;

use super::Planned;
use super::direct::Work;
use super::geotiff::check_place;
use super::session::Session;
use super::standing::{Standing, Wanted};

/// All that a run reads, for it never to be written over.
pub(super) fn inputs(config: &str, plan: &Plan, map: Option<&ShardMap>) -> Inputs {
    let superseded = plan.superseded.iter().map(|left_out| &*left_out.granule);
    let skipped = plan.skipped.iter().map(|skipped| &*skipped.path);
    let granules = plan.granules.iter().flat_map(GranulePath::files);
    let granules = granules.map(|(_, path)| path);
    let mut inputs = Inputs::of(granules.chain(superseded).chain(skipped));
    inputs.add(Path::new(config));
    if let Some(map) = map {
        inputs.add(&map.path);
    }
    inputs
}

/// Where the report goes; and the store's name, once nothing is in the way of the files beside it.
///
/// # Errors
/// Two outputs of one path, a report that cannot be written, another run on the name.
pub(super) fn begin<'r>(
    run: &'r Planned,
    store: &Path,
    inputs: &Inputs,
) -> Result<(PathBuf, Session<'r>)> {
    let (asked, part) = (&run.asked, run.is_part());
    let report = asked.report.clone();
    let report = report.unwrap_or_else(|| beside(store, &report_name(run.plan(), part)));
    let errors = errors_path(store);
    let mut files = vec![(RUN_REPORT, &*report), (ERROR_TABLE, &*errors)];
    files.extend(asked.table.as_deref().map(|table| (TABLE, table)));
    check_outside(store, "store")?;
    check_distinct(Some(store), &files)?;
    check_file(&report, RUN_REPORT, true, inputs)?;
    if asked.report.is_none() {
        is_of_no_other(&report, store)?;
    }
    let names = files.iter().map(|(_, path)| *path);
    let names: Vec<&Path> = names.chain(asked.geotiff.as_deref()).collect();
    let session = Session::begin(store, !part, &names, &asked.settings)?;
    Ok((report, session))
}

/// `photons` and `photons.zarr` have files of one name beside them.
///
/// # Errors
/// The report there is that of another store, which is there, too.
pub(super) fn is_of_no_other(report: &Path, store: &Path) -> Result<()> {
    // A pipe has no report, and would be waited for.
    if writes_through(report) {
        return Ok(());
    }
    let text = std::fs::read(report).ok();
    let found: Option<Value> = text.and_then(|text| serde_json::from_slice(&text).ok());
    let Some(other) = found.as_ref().and_then(|found| found["store"].as_str()) else {
        return Ok(());
    };
    let Some(name) = Path::new(other).file_name() else {
        return Ok(());
    };
    let is_there = report.with_file_name(name).exists();
    if !is_there || store.file_name() == Some(name) {
        return Ok(());
    }
    Err(Error::argument(format!(
        "{} is the report of {other}, and that of {} would have the same name",
        report.display(),
        store.display()
    ))
    .about(Object::Report(report.into()))
    .with_remedy(phrase![
        "choose another ",
        Setting::Store,
        ", or name the report with ",
        Setting::Report
    ]))
}

/// What the report of a run has behind the store's stem: runs over parts of a map have one each.
pub(super) fn report_name(plan: &Plan, part: bool) -> String {
    let wanted = plan.wanted.as_ref().filter(|_| part);
    wanted.map_or("run.json".to_owned(), |wanted| {
        format!(
            "shards-{}-{}.run.json",
            wanted.range.start, wanted.range.end
        )
    })
}

impl Work<'_> {
    /// The store, where it is whole already and the run would make the same one.
    pub fn standing(
        &self,
        (part, resume): (bool, bool),
        map: Option<&ShardMap>,
    ) -> Result<Option<Standing>> {
        let store = self.target.store;
        let pieces = Pieces::folder_of(store);
        let goes_on =
            resume && !Pieces::may_replace(&pieces, store)? && !RunCheckpoint::may_replace(store)?;
        if !(self.session.completes_this_command() || goes_on) || (part && pieces.is_dir()) {
            return Ok(None);
        }
        let map = map.map(ShardMap::identity);
        let overviews = self.target.overviews.iter();
        let wanted = Wanted {
            config_sha256: Some(&self.config.sha256),
            map_sha256: map.as_deref(),
            overviews: Some(overviews.map(|order| order.get()).collect()),
            layout: Some(self.target.layout.name()),
            pieces_sha256: None,
            // A part of a map has other granules than the whole.
            granules: (!part).then_some(&self.plan.granules),
        };
        let reports = ["run.json", "finalize.json"].map(|what| beside(store, what));
        let reports = [&[self.report.to_path_buf()], &reports[..]].concat();
        let found = wanted.find(store, &reports);
        Ok(found.map(|standing| standing.told(self.settings.watch)))
    }

    /// The tables beside the store can be written.
    pub fn check_tables(&self, overwrite: bool) -> Result<()> {
        if let Some(table) = self.table {
            TableFormat::of(table)?;
            check_file(table, TABLE, overwrite, self.inputs)?;
        }
        let errors = errors_path(self.target.store);
        if let Some(folder) = self.geotiff {
            let mut files = vec![self.report, &*errors];
            files.extend(self.table);
            check_place(folder, self.target.store, &files, overwrite)?;
        }
        check_file(&errors, ERROR_TABLE, overwrite, self.inputs)
    }
}
