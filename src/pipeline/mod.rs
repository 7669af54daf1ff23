//! The line, from granules to a store.
//!
//! ```text
//! survey -> [ read -> derive -> fold -> merge ] per granule -> finalize -> write
//! ```
//!
//! Reading runs on its own thread behind a bounded channel, so the next batch is decoded while the
//! device works on this one. A granule's partials join the run's only when the granule has been read
//! whole: a granule that fails half way leaves nothing behind.

mod accept;
mod budget;
mod source;
mod survey;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::backend::{Device, StageTimes};
use crate::batch::PhotonBatch;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::finalize::{Conserved, Overviews, StoreSchema, finalize};
use crate::granule::Counts;
use crate::grid::Order;
use crate::merge::ShardPartials;
use crate::plan::Plan;
use crate::report::{Failed, GranuleReport, Progress, RejectedRows, Tally};
use crate::stat::{Derivation, Job};
use crate::store::{Layout, StoreWriter, Written};
use crate::table::{ErrorTable, RowSpool, TableWriter, WholeTable};

pub use budget::Memory;
use source::{Message, Source};
pub use survey::{Survey, survey};

/// How a run goes about its work; none of it changes a bit of the result.
#[derive(Debug)]
pub struct Options<'a> {
    /// Rows read at a time from one ground track.
    pub batch_rows: usize,
    /// Report granules and rows that cannot be used, and write the rest.
    pub tolerant: bool,
    /// Where the rows of the store go as a table, too.
    pub table: Option<&'a Path>,
    /// Where what a tolerant run leaves out is listed.
    pub errors: &'a Path,
    /// Set by a signal: stop at the next batch.
    pub interrupted: &'a AtomicBool,
}

/// Rows read at a time: 2^20 photons are some 50 MB with two columns, and amortise every stage.
pub const BATCH_ROWS: usize = 1 << 20;

/// Everything that follows from the granules, before it is finished.
#[derive(Debug)]
pub struct Folded {
    pub shards: ShardPartials,
    pub tally: Tally,
    pub errors: ErrorTable,
}

/// Reads every granule once and folds it into partials.
///
/// # Errors
/// Strict: the first granule or row that cannot be used. Always: an interrupt, and a run in which no
/// granule could be read.
pub fn fold(
    config: &Config,
    survey: &Survey,
    device: &Device,
    options: &Options,
    progress: &Progress,
) -> Result<Folded> {
    let mut line = Line {
        config,
        job: &survey.job,
        device,
        options,
        derivation: Derivation::default(),
        shards: ShardPartials::default(),
        tally: Tally::default(),
        errors: ErrorTable::new(options.errors),
    };
    for failed in &survey.failed {
        line.leave_out(failed.clone(), "survey")?;
    }
    let source = Source {
        granules: &survey.granules,
        config,
        types: &survey.types,
        batch_rows: options.batch_rows,
        device,
        wanted: survey.wanted.as_ref(),
    };
    source.stream(|messages, give_back| {
        let mut granule = Granule::default();
        for message in messages {
            if options.interrupted.load(Ordering::Relaxed) {
                return Err(Error::Interrupted);
            }
            match message {
                Message::Batch(batch, share) => {
                    progress.batch(&batch.origin.granule, batch.len(), share);
                    let batch = line.take(batch, &mut granule)?;
                    // Nobody wants it where reading has ended.
                    let _ = give_back.send(batch);
                }
                Message::End(end) => {
                    progress.granule_done(&end.name, end.counts.read);
                    line.close(std::mem::take(&mut granule), *end)?;
                }
                Message::Failed { name, error } => {
                    progress.granule_left_out(&name);
                    granule = Granule::default();
                    line.fail(name, error)?;
                }
            }
        }
        Ok(())
    })?;
    let tally = &line.tally;
    if let Some(first) = tally.failed.first().filter(|_| tally.granules.is_empty()) {
        return Err(Error::NoGranule {
            granules: tally.failed.len(),
            first: first.reason.clone(),
        });
    }
    line.tally.conserve(&line.shards)?;
    Ok(Folded {
        shards: line.shards,
        tally: line.tally,
        errors: line.errors,
    })
}

/// What is to be written, and where.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    pub store: &'a Path,
    /// Replace the store if it exists.
    pub overwrite: bool,
    /// Coarser orders that the store has, too; finest first.
    pub overviews: &'a [Order],
    pub layout: Layout,
}

/// Finishes every shard and writes the store, and the tables beside it; gives back the content hash of
/// each array.
///
/// # Errors
/// A violated invariant, a failed write, an interrupt: nothing is left at the target.
pub fn write(
    folded: Folded,
    survey: &Survey,
    target: Target,
    options: &Options,
) -> Result<(Written, Tally)> {
    let Folded {
        mut shards,
        mut tally,
        errors,
    } = folded;
    let job: &Job = &survey.job;
    let schema: &StoreSchema = &survey.schema;
    let merging = Instant::now();
    tally.shards = shards.len() as u64;
    tally.occupied_cells = shards.settle(job);
    tally.merge_seconds += merging.elapsed().as_secs_f64();
    let Target {
        store, overwrite, ..
    } = target;
    let mut writer = StoreWriter::create(store, schema, tally.occupied_cells, overwrite)?
        .with_layout(target.layout)
        .with_overviews(target.overviews);
    let mut conserved = Conserved::new(job);
    let mut overviews = Overviews::new(target.overviews, schema, job);
    let table = options.table.map(|path| TableWriter::create(path, schema));
    let mut table = table.transpose()?;
    for (shard, partials) in shards.into_tables(job) {
        if options.interrupted.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        let finishing = Instant::now();
        conserved.add(&partials);
        let coarser = overviews.add(&partials)?;
        let finished = finalize(shard, partials, job, schema)?;
        tally.finalize_seconds += finishing.elapsed().as_secs_f64();
        tally.cells_without_weight += finished.cells_without_weight;
        let writing = Instant::now();
        writer.append(&finished.table)?;
        if let Some(table) = &mut table {
            table.append(&finished.table)?;
        }
        for overview in coarser {
            writer.append_overview(overview.order, &overview.shard.table)?;
        }
        tally.write_seconds += writing.elapsed().as_secs_f64();
    }
    conserved.check(&tally.counts, job)?;
    let writing = Instant::now();
    for overview in overviews.finish()? {
        writer.append_overview(overview.order, &overview.shard.table)?;
    }
    // All are whole before the first has its name.
    let table = table.map(TableWriter::finish).transpose()?;
    let errors = errors.finish()?;
    let written = writer.finish()?;
    table.map_or(Ok(()), WholeTable::publish)?;
    tally.errors = errors.publish()?;
    tally.write_seconds += writing.elapsed().as_secs_f64();
    Ok((written, tally))
}

/// One granule on its way through the line.
#[derive(Debug, Default)]
struct Granule {
    shards: ShardPartials,
    /// Rows rejected on this side of the reader: out of a column's range.
    rejected: Counts,
    rows: RejectedRows,
    errors: RowSpool,
}

struct Line<'a> {
    config: &'a Config,
    job: &'a Job,
    device: &'a Device,
    options: &'a Options<'a>,
    derivation: Derivation,
    shards: ShardPartials,
    tally: Tally,
    errors: ErrorTable,
}

impl Line<'_> {
    /// Folds a batch, and gives it back.
    fn take(&mut self, mut batch: PhotonBatch, granule: &mut Granule) -> Result<PhotonBatch> {
        let mut times = StageTimes::default();
        let partials = accept::fold_in_range(self, &mut batch, granule, &mut times)?;
        self.tally.stages.add(&times);
        let merging = Instant::now();
        granule.shards.add(&partials, &self.config.grid, self.job);
        self.device.recycle(partials, self.job);
        self.tally.merge_seconds += merging.elapsed().as_secs_f64();
        Ok(batch)
    }

    fn close(&mut self, granule: Granule, mut end: GranuleReport) -> Result<()> {
        let merging = Instant::now();
        self.shards.absorb(granule.shards, self.job);
        self.tally.merge_seconds += merging.elapsed().as_secs_f64();
        end.counts.move_to_rejected(&granule.rejected);
        self.tally.add(end, granule.rows);
        self.errors.rows(granule.errors)
    }

    fn fail(&mut self, name: String, error: Error) -> Result<()> {
        if !self.options.tolerant {
            return Err(error);
        }
        let failed = Failed {
            granule: name,
            reason: error.to_string(),
        };
        self.leave_out(failed, "read")
    }

    fn leave_out(&mut self, failed: Failed, stage: &'static str) -> Result<()> {
        self.errors
            .granule(&failed.granule, stage, &failed.reason)?;
        self.tally.failed.push(failed);
        Ok(())
    }
}

/// Granules and how many there are to read, for a plan that is shown but not run.
pub fn describe(plan: &Plan) -> String {
    let granules = plan.granules.len();
    let plural = if granules == 1 { "" } else { "s" };
    let mut text = format!("{granules} granule{plural} to read");
    if let Some(wanted) = &plan.wanted {
        let (map, range, of) = (wanted.map.display(), &wanted.range, wanted.of);
        text.push_str(&format!(
            ", shards {}..{} of {of} in {map}",
            range.start, range.end
        ));
    }
    for left_out in &plan.superseded {
        text.push_str(&format!(
            "\n  left out: {} (superseded by {})",
            left_out.granule.display(),
            left_out.by.display()
        ));
    }
    text
}
