//! A store that is asked for, and the store and table that grow for it.
//!
//! Last on the line: whoever finishes shards opens a [`Target`] and appends to the [`StoreSink`] that it gives.

use std::path::Path;

use super::content::content_hash;
use super::fill::{Filling, with_mask};
use super::geometry::Geometry;
use super::layout::Layout;
use super::origin::Origin;
use super::sink::{Sink, Store, Written};
use super::table::{TableWriter, WholeTable};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::finalize::{CellTable, FinishedOverview, StoreSchema};
use crate::folders::bytes_of;
use crate::grid::Order;
use crate::left_out::{ErrorSummary, ErrorTable};
use crate::place::{FilePlace, Step};

/// What is to be written, and where.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    pub store: &'a Path,
    /// Replace the store if it exists.
    pub overwrite: bool,
    /// Coarser orders that the store has, too; finest first.
    pub overviews: &'a [Order],
    pub layout: Layout,
    /// What rows of a table say of where their cells are, beside their positions.
    pub geometry: Geometry,
    /// What is asked for, where the store is to say what it was made of.
    pub config: Option<&'a Config>,
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
#[derive(Debug)]
pub struct StoreSink {
    store: Box<dyn Store>,
    table: Option<TableWriter>,
    /// What adds cells without a photon, where those of a region are wanted.
    filling: Option<Filling>,
}

impl Target<'_> {
    /// Begins the store, and a table where there is a path for one.
    ///
    /// # Errors
    /// Outputs that the store cannot hold; something is at the target that is not to be replaced, or nothing can be
    /// written beside it.
    pub fn open(
        &self,
        schema: &StoreSchema,
        table: Option<&Path>,
        origin: &Origin,
    ) -> Result<StoreSink> {
        let refuse = |message| Error::store(self.store, message);
        let filling = self.filling(schema, table.is_some()).map_err(refuse)?;
        let mask = filling.as_ref().map(|_| with_mask(schema)).transpose();
        let schema = mask.map_err(refuse)?.unwrap_or_else(|| schema.clone());
        let store = self.layout.create(self, &schema, origin)?;
        let table = table.map(|path| TableWriter::create(path, &schema, self.geometry));
        Ok(StoreSink {
            store,
            table: table.transpose()?,
            filling,
        })
    }

    /// Refuses, in words, what the store cannot hold: before anything is computed.
    ///
    /// # Errors
    /// What cannot be held, and what can.
    pub fn check(&self, schema: &StoreSchema) -> Result<(), String> {
        self.layout.check(schema)?;
        self.layout.check_overviews(schema, self.overviews)?;
        let fixed = schema.arrays.iter().find(|array| !array.kind.has_coarser());
        if let Some(array) = fixed.filter(|_| !self.overviews.is_empty()) {
            return Err(format!(
                "{} follows from the photons of each cell or Zarr chunk as a whole, and coarser cells have none of it; leave \
                 overviews out",
                array.name
            ));
        }
        if self.filling(schema, false)?.is_some() {
            self.layout.check(&with_mask(schema)?)?;
        }
        Ok(())
    }

    fn filling(&self, schema: &StoreSchema, table: bool) -> Result<Option<Filling>, String> {
        let region = schema.region.as_ref().filter(|_| schema.cells_of_region);
        let filling = region.map(|region| Filling::new(schema, region, (self.overviews, table)));
        filling.transpose()
    }
}

impl StoreSink {
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
    pub fn finish(mut self, errors: ErrorTable) -> Result<Whole> {
        if let (mut out, Some(filling)) = self.parts() {
            filling.rest(&mut |order, table| out.append(order, table))?;
        }
        let (store, mut written) = self.store.whole()?;
        if let Some(filling) = &self.filling {
            for overview in &mut written.overviews {
                overview.cells -= filling.added(overview.order);
            }
        }
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

impl StoreSink {
    /// What is written of cells, and what adds some.
    fn parts(&mut self) -> (Out<'_>, Option<&mut Filling>) {
        let has_rows = self.filling.as_ref().is_none_or(|f| f.has_rows);
        let out = Out {
            store: &mut *self.store,
            table: self.table.as_mut().filter(|_| has_rows),
        };
        (out, self.filling.as_mut())
    }
}

/// Where cells go once all are there.
struct Out<'a> {
    store: &'a mut dyn Store,
    table: Option<&'a mut TableWriter>,
}

impl Sink for Out<'_> {
    fn append(&mut self, order: Order, table: &CellTable) -> Result<()> {
        self.store.append(order, table)?;
        match &mut self.table {
            Some(rows) => Sink::append(*rows, order, table),
            None => Ok(()),
        }
    }
}

impl Sink for StoreSink {
    fn append(&mut self, order: Order, table: &CellTable) -> Result<()> {
        match self.parts() {
            (mut out, None) => out.append(order, table),
            (mut out, Some(filling)) => {
                filling.fill(order, table, &mut |table| out.append(order, table))
            }
        }
    }
}
