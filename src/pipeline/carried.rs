//! A store that stands, of which a run makes some shards anew and takes all others as they are.
//!
//! Last on the line of a run that adds to a store without partials of it:
//!
//! ```text
//!   new granules --fold--> shards with photons of them --> granules with photons there --fold--> partials
//!   cells of all other shards <-- store that stands                                                  |
//!        '-----------------> in the order of cells <---------------- finalize <----------------------'
//! ```
//!
//! A cell of an overview that is larger than a shard needs all shards in it, so these are made anew together.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;

use super::finish::{Coarser, Finish};
use super::{Options, Tally};
use crate::error::{Error, Result};
use crate::finalize::{CellTable, Conserved, Overviews, StoreSchema, distinct};
use crate::grid::{Ascent, GridConfig, Order};
use crate::merge::RunPartials;
use crate::piece::Again;
use crate::store::{Sink, SourceFile, StoreReader, StoreSink, StoredRows, column};

/// Cells of a store that are in memory at a time.
const ROWS: usize = 1 << 16;

/// Tells what has to be read again for shards that granules were added to.
pub trait Listing: Debug + Sync {
    /// Given these shards: all that are made anew with them, and the granules with photons there.
    ///
    /// # Errors
    /// A granule that cannot be read.
    fn again(&self, touched: BTreeSet<u64>) -> Result<Again>;
}

/// What stays of a store.
#[derive(Debug)]
pub struct Carried<'a> {
    pub store: &'a Path,
    /// Its overviews, finest first.
    pub overviews: &'a [Order],
    /// The granules that it was made of, whose files are what they were: what it says of these.
    pub granules: &'a BTreeMap<String, Vec<SourceFile>>,
    pub listing: &'a dyn Listing,
}

/// The cells of one order of a store, one after another.
struct Standing<'s> {
    order: Order,
    schema: StoreSchema,
    rows: StoredRows<'s>,
    /// Read, and neither taken nor passed over.
    held: Option<CellTable>,
    /// From its cells to those that are made anew as a whole.
    up: Ascent,
}

/// Cells that were taken as they are, and shards that they lie in.
#[derive(Debug, Default)]
struct Taken {
    cells: u64,
    shards: u64,
    last: Option<u64>,
}

/// The cells that are made anew as a whole: shards, or the coarsest cells where these are larger.
pub fn whole_order(grid: &GridConfig, overviews: &[Order]) -> Order {
    let coarsest = overviews.iter().copied().min();
    coarsest.map_or(grid.shard_order, |order| order.min(grid.shard_order))
}

impl Carried<'_> {
    /// Names of the granules that it was made of.
    pub fn granules(&self) -> impl Iterator<Item = &str> {
        self.granules.keys().map(String::as_str)
    }

    pub fn has(&self, granule: &str) -> bool {
        self.granules.contains_key(granule)
    }

    /// As [`Listing::again`].
    pub fn again(&self, touched: BTreeSet<u64>) -> Result<Again> {
        self.listing.again(touched)
    }

    /// All orders of the store, open, with what their arrays have to be.
    fn open(&self, schema: &StoreSchema) -> Result<Vec<(StoreReader, StoreSchema)>> {
        let orders = std::iter::once(schema.grid.cell_order).chain(self.overviews.iter().copied());
        let open = |order| {
            let of_order = if order == schema.grid.cell_order {
                schema.clone()
            } else {
                schema.at(order)
            };
            Ok((StoreReader::open_order(self.store, order)?, of_order))
        };
        orders.map(open).collect()
    }
}

impl Finish<'_> {
    /// Finishes all shards that there are partials of, and takes all others from the store.
    ///
    /// # Errors
    /// As [`shard`](Self::shard), and a store that cannot be read.
    pub(super) fn all_beside(
        &self,
        carried: &Carried,
        (partials, sink): (&mut RunPartials, &mut StoreSink),
        tally: &mut Tally,
        options: &Options,
    ) -> Result<()> {
        let (job, schema) = (self.job, self.schema);
        let grid = &schema.grid;
        let whole = whole_order(grid, carried.overviews);
        let up = grid.kind.up(grid.shard_order, whole);
        let mut anew: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for shard in partials.shards() {
            anew.entry(up.of(shard)).or_default().push(shard);
        }
        let stores = carried.open(schema)?;
        let standing = stores.iter().map(|(reader, schema)| {
            Standing::of(reader, schema, grid.kind.up(schema.grid.cell_order, whole))
        });
        let mut standing = standing.collect::<Result<Vec<_>>>()?;
        let (mut taken, mut conserved) = (Taken::default(), Conserved::new(job));
        for (cell, shards) in anew {
            for rows in &mut standing {
                rows.take(Some(cell), grid, &mut taken, sink)?;
                rows.pass_over(cell)?;
            }
            let mut coarser = Coarser {
                overviews: Overviews::new(carried.overviews, schema, job, partials.piles()),
                top: None,
                piles: partials.piles().clone(),
            };
            for shard in shards {
                if options.watch.stop() {
                    return Err(Error::interrupted());
                }
                let out = (&mut coarser, &mut conserved, &mut *sink);
                self.shard(shard, partials, out, tally)?;
            }
            sink.append_all(&coarser.overviews.finish()?)?;
        }
        for rows in &mut standing {
            rows.take(None, grid, &mut taken, sink)?;
        }
        tally.shards += taken.shards;
        tally.occupied_cells += taken.cells;
        tally.carried_cells = taken.cells;
        conserved.check(&tally.counts, job)
    }
}

impl<'s> Standing<'s> {
    fn of(store: &'s StoreReader, schema: &StoreSchema, up: Ascent) -> Result<Self> {
        let names: Vec<String> = schema.arrays.iter().map(|a| a.name.clone()).collect();
        Ok(Self {
            order: schema.grid.cell_order,
            schema: schema.clone(),
            rows: StoredRows::of(store, &names)?,
            held: None,
            up,
        })
    }

    /// Hands on the cells before a cell that is made anew; all that are left where there is none.
    fn take(
        &mut self,
        end: Option<u64>,
        grid: &GridConfig,
        taken: &mut Taken,
        sink: &mut StoreSink,
    ) -> Result<()> {
        while let Some(table) = self.next_before(end)? {
            if self.order == grid.cell_order {
                taken.add(&table, grid);
            }
            sink.append(self.order, &table)?;
        }
        Ok(())
    }

    /// Leaves out the cells in one that is made anew.
    fn pass_over(&mut self, cell: u64) -> Result<()> {
        while self.next_before(Some(cell + 1))?.is_some() {}
        Ok(())
    }

    /// Some of the cells before one that is made anew.
    fn next_before(&mut self, end: Option<u64>) -> Result<Option<CellTable>> {
        let held = match self.held.take() {
            Some(held) => Some(held),
            None => self.read()?,
        };
        let Some(held) = held else {
            return Ok(None);
        };
        let ids = held.ids();
        let count = end.map_or(ids.len(), |end| {
            ids.partition_point(|&id| self.up.of(id) < end)
        });
        let part = |from: usize, rows: usize| CellTable {
            rows: held.rows.slice(from, rows),
        };
        if count < ids.len() {
            self.held = Some(part(count, ids.len() - count));
        }
        Ok((count > 0).then(|| part(0, count)))
    }

    fn read(&mut self) -> Result<Option<CellTable>> {
        let Some(block) = self.rows.next(ROWS)? else {
            return Ok(None);
        };
        let ids = arrow::array::UInt64Array::from(block.ids);
        let mut columns: Vec<arrow::array::ArrayRef> = vec![Arc::new(ids)];
        for (info, bytes) in self.rows.infos().zip(&block.values) {
            columns.push(column(info, bytes)?);
        }
        let schema = Arc::new(Schema::new(self.schema.columns()));
        let rows = RecordBatch::try_new(schema, columns).map_err(|e| {
            let message = format!(
                "the arrays of order {} that stand are not those of this run: {e}",
                self.order
            );
            Error::gate(message)
        })?;
        Ok(Some(CellTable { rows }))
    }
}

impl Taken {
    fn add(&mut self, table: &CellTable, grid: &GridConfig) {
        let up = grid.up(grid.shard_order);
        self.cells += table.rows.num_rows() as u64;
        self.shards += distinct(table.ids().iter().map(|&id| up.of(id)), &mut self.last);
    }
}
