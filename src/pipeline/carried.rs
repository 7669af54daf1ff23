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
//! A cell of an overview that is larger than a shard needs all shards in it, so these are made anew together. Granules are
//! what they were by their size and both of their ends, so the cells that are made anew are held against those that stood
//! there: adding photons takes none away. That values in them are others is not seen; hashes of all bytes tell.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;

use super::finish::{Coarser, Finish};
use super::{Options, Tally};
use crate::error::{Error, Result, Setting, phrase};
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

/// A store that notes the finest cells of what is made anew.
struct Noted<'s> {
    sink: &'s mut StoreSink,
    order: Order,
    ids: Vec<u64>,
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

    /// Cells that stood in shards that are made anew are among those that are there now.
    ///
    /// # Errors
    /// One is not: granules that had photons in it have none there any more.
    fn check_none_lost(&self, stood: &[u64], now: &[u64]) -> Result<()> {
        let Some(lost) = stood.iter().find(|id| now.binary_search(id).is_err()) else {
            return Ok(());
        };
        let message = format!(
            "has cell {lost}, and no granule that it was made of has a photon there now: values in them were changed where neither \
             their sizes nor their ends tell"
        );
        Err(Error::store(self.store, message).with_remedy(phrase![
            "make the store again of all granules, with ",
            Setting::Overwrite
        ]))
    }

    /// As [`Listing::again`].
    pub fn again(&self, touched: BTreeSet<u64>) -> Result<Again> {
        self.listing.again(touched)
    }
}

/// All orders of a store, finest first, open, with what their arrays have to be.
fn open(
    (store, overviews): (&Path, &[Order]),
    schema: &StoreSchema,
) -> Result<Vec<(StoreReader, StoreSchema)>> {
    let orders = std::iter::once(schema.grid.cell_order).chain(overviews.iter().copied());
    let open = |order| {
        let of_order = if order == schema.grid.cell_order {
            schema.clone()
        } else {
            schema.at(order)
        };
        Ok((StoreReader::open_order(store, order)?, of_order))
    };
    orders.map(open).collect()
}

/// The first array of a store with these overviews whose cells are of another type than a run would write, in words: as where
/// a granule is the first with a wider column.
///
/// # Errors
/// A store that cannot be read.
pub fn odd_array(store: (&Path, &[Order]), schema: &StoreSchema) -> Result<Option<String>> {
    for (reader, schema) in open(store, schema)? {
        for array in &schema.arrays {
            let then = column(&reader.info(&array.name)?, &[])?;
            let (then, now) = (then.data_type(), array.data_type());
            if *then != now {
                let (name, order) = (&array.name, schema.grid.cell_order);
                return Ok(Some(format!(
                    "array {name} of order {order} is {then} in the store, and {now} of these granules"
                )));
            }
        }
    }
    Ok(None)
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
        let stores = open((carried.store, carried.overviews), schema)?;
        let standing = stores.iter().map(|(reader, schema)| {
            Standing::of(reader, schema, grid.kind.up(schema.grid.cell_order, whole))
        });
        let mut standing = standing.collect::<Result<Vec<_>>>()?;
        let (mut taken, mut conserved) = (Taken::default(), Conserved::new(job));
        let to_shard = grid.up(grid.shard_order);
        for (cell, shards) in anew {
            for rows in &mut standing {
                rows.take(Some(cell), grid, &mut taken, sink)?;
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
                let stood = standing[0].pass_over(|id| to_shard.of(id) <= shard)?;
                let mut noted = Noted::into(sink, grid.cell_order);
                let out = (&mut coarser, &mut conserved, &mut noted);
                self.shard(shard, partials, out, tally)?;
                carried.check_none_lost(&stood, &noted.ids)?;
            }
            sink.append_all(&coarser.overviews.finish()?)?;
            for rows in &mut standing {
                let up = rows.up;
                let stood = rows.pass_over(|id| up.of(id) <= cell)?;
                if rows.order == grid.cell_order {
                    carried.check_none_lost(&stood, &[])?;
                }
            }
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
        let up = self.up;
        let before = |id| end.is_none_or(|end| up.of(id) < end);
        while let Some(table) = self.next_while(before)? {
            if self.order == grid.cell_order {
                taken.add(&table, grid);
            }
            sink.append(self.order, &table)?;
        }
        Ok(())
    }

    /// Leaves out cells that are made anew, the next ones, and tells which there are.
    fn pass_over(&mut self, is_anew: impl Fn(u64) -> bool) -> Result<Vec<u64>> {
        let mut ids = Vec::new();
        while let Some(table) = self.next_while(&is_anew)? {
            ids.extend_from_slice(table.ids());
        }
        Ok(ids)
    }

    /// Some of the next cells, as long as they are such.
    fn next_while(&mut self, is_such: impl Fn(u64) -> bool) -> Result<Option<CellTable>> {
        let held = match self.held.take() {
            Some(held) => Some(held),
            None => self.read()?,
        };
        let Some(held) = held else {
            return Ok(None);
        };
        let ids = held.ids();
        let count = ids.partition_point(|&id| is_such(id));
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

impl<'s> Noted<'s> {
    fn into(sink: &'s mut StoreSink, order: Order) -> Self {
        let ids = Vec::new();
        Self { sink, order, ids }
    }
}

impl Sink for Noted<'_> {
    fn append(&mut self, order: Order, table: &CellTable) -> Result<()> {
        if order == self.order {
            self.ids.extend_from_slice(table.ids());
        }
        self.sink.append(order, table)
    }
}

impl Taken {
    fn add(&mut self, table: &CellTable, grid: &GridConfig) {
        let up = grid.up(grid.shard_order);
        self.cells += table.rows.num_rows() as u64;
        self.shards += distinct(table.ids().iter().map(|&id| up.of(id)), &mut self.last);
    }
}
