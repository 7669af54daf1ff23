//! Finished cells on their way into the store, and into the tables beside it.
//!
//! Last on the line: `CellTable --write--> store`.

use std::path::Path;
use std::time::Instant;

use super::Tally;
use super::errors::Errors;
use super::finish::{Coarser, Finish, Sink};
use super::{Folded, Options, Survey};
use crate::error::{Error, Result};
use crate::finalize::{CellTable, Conserved, FinishedOverview, Overviews, StoreSchema};
use crate::folders::bytes_of;
use crate::grid::Order;
use crate::left_out::{ErrorSummary, ErrorTable};
use crate::place::{FilePlace, Step};
use crate::store::{Layout, StoreWriter, Written, content_hash};
use crate::store::{TableWriter, WholeTable};

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

/// A store and its tables, whole, that wait for their names.
#[derive(Debug)]
pub struct Whole {
    pub written: Written,
    pub errors: ErrorSummary,
    /// Of the store and the table.
    pub bytes: u64,
    /// Tables before the store.
    pub steps: Vec<Step>,
}

/// A store that is being written, and the table of the same cells.
pub(super) struct StoreSink {
    cell_order: Order,
    store: StoreWriter,
    table: Option<TableWriter>,
}

impl StoreSink {
    /// Begins a store, and a table where there is a path for one.
    ///
    /// # Errors
    /// As [`StoreWriter::create`].
    pub fn create(target: Target, schema: &StoreSchema, table: Option<&Path>) -> Result<Self> {
        let store = StoreWriter::create(target.store, schema, None, target.overwrite)?;
        let table = table.map(|path| TableWriter::create(path, schema));
        Ok(Self {
            cell_order: schema.grid.cell_order,
            store: store
                .with_layout(target.layout)
                .with_overviews(target.overviews),
            table: table.transpose()?,
        })
    }

    /// Appends cells of overviews.
    ///
    /// # Errors
    /// A write fails.
    pub fn append_all(&mut self, overviews: &[FinishedOverview]) -> Result<()> {
        overviews
            .iter()
            .try_for_each(|overview| self.append(overview.order, &overview.shard.table))
    }

    /// Makes the store and its tables whole.
    ///
    /// # Errors
    /// A write fails; nothing is left.
    pub fn finish(self, errors: ErrorTable) -> Result<Whole> {
        let (store, written) = self.store.whole()?;
        let content = content_hash(&written.hashes);
        let table = self.table.map(|table| table.finish(&content)).transpose()?;
        let table = table.map(WholeTable::into_place);
        let (errors, summary) = errors.finish(Some(&content))?.into_step();
        let bytes = bytes_of(store.partial()) + table.as_ref().map_or(0, FilePlace::bytes);
        let mut steps: Vec<Step> = table.into_iter().map(Step::File).collect();
        steps.extend([errors, Step::Folder(store)]);
        Ok(Whole {
            written,
            errors: summary,
            bytes,
            steps,
        })
    }
}

impl Sink for StoreSink {
    fn append(&mut self, order: Order, table: &CellTable) -> Result<()> {
        if order != self.cell_order {
            return self.store.append_overview(order, table);
        }
        self.store.append(table)?;
        match &mut self.table {
            Some(rows) => rows.append(table),
            None => Ok(()),
        }
    }
}

/// Finishes every shard and writes the store, and the tables beside it, which wait for their names.
///
/// # Errors
/// A violated invariant, a failed write, an interrupt: nothing is left at the target.
pub fn write(
    folded: Folded,
    survey: &Survey,
    target: Target,
    options: &Options,
) -> Result<(Whole, Tally)> {
    let Folded {
        mut partials,
        mut tally,
        errors,
    } = folded;
    let Errors::Table(errors) = errors else {
        unreachable!("a run into pieces has nothing to write");
    };
    let (job, schema) = (&survey.job, &survey.schema);
    let finish = Finish { job, schema };
    let mut sink = StoreSink::create(target, schema, options.table)?;
    let mut coarser = Coarser {
        overviews: Overviews::new(target.overviews, schema, job, partials.piles()),
        top: None,
        piles: partials.piles().clone(),
    };
    let mut conserved = Conserved::new(job);
    let shards: Vec<u64> = partials.shards().collect();
    for shard in shards {
        if options.watch.stop() {
            return Err(Error::interrupted());
        }
        let out = (&mut coarser, &mut conserved, &mut sink);
        finish.shard(shard, &mut partials, out, &mut tally)?;
    }
    conserved.check(&tally.counts, job)?;
    let writing = Instant::now();
    sink.append_all(&coarser.overviews.finish()?)?;
    tally.spilled = partials.spilled();
    let whole = sink.finish(*errors)?;
    tally.errors = whole.errors.clone();
    tally.write_seconds += writing.elapsed().as_secs_f64();
    Ok((whole, tally))
}
