//! Cells of a region that have no photon, on their way into a store: fill values, and counts of 0.
//!
//! Last on the line, between finished cells and the store: `target.rs` hands every table through. Pieces of a store
//! have occupied cells only, so how a run was cut leaves no trace.
//!
//! Where there are steps of time, a cell is empty at every step that some photon is in, and has fill values at the
//! others. What is empty is hardly ever stored there, so most stores need no row for it but the one that brings the cell.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, FixedSizeListArray, Float64Array, UInt8Array, UInt32Array, UInt64Array,
};
use arrow::compute::{cast, interleave};
use arrow::datatypes::Field;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use crate::config::Dtype;
use crate::error::{Error, Result};
use crate::finalize::{CellTable, Kind, OutputArray, StoreSchema, StoreSteps, no_list};
use crate::grid::Order;
use crate::region::Region;

/// The array that tells cells of the region from others.
pub const AOI_MASK: &str = "aoi_mask";
/// Rows of a table at most.
const ROWS: usize = 1 << 16;

/// Adds the cells of a region that are not there, order by order.
#[derive(Debug)]
pub(super) struct Filling {
    orders: Vec<Missing>,
    empty: Empty,
    /// Whether what is added are rows of a table, too: not where no step has a photon.
    pub has_rows: bool,
}

/// Rows without a photon.
#[derive(Debug)]
struct Empty {
    /// Of each output what a cell without a photon has.
    columns: Vec<(String, ArrayRef)>,
    /// The name of the steps of time, where there are any.
    axis: Option<&'static str>,
}

/// The cells of one order that have not come yet.
#[derive(Debug)]
struct Missing {
    order: Order,
    /// Ascending; the first is what is left of it.
    ranges: VecDeque<Range<u64>>,
    /// The steps at which they have rows, ascending and one at least; and which of them is next of the first cell.
    steps: Arc<[u32]>,
    next: usize,
    /// Whether the first cell has come at some step.
    came: bool,
    added: u64,
}

/// A cell at a step; the step is 0 where there are none.
type Slot = (u64, u32);
/// Takes tables as they become whole: between two photons may lie more rows than fit the memory.
type Put<'a> = &'a mut dyn FnMut(&CellTable) -> Result<()>;

/// The schema of a store with all cells of a region.
///
/// # Errors
/// In words: an output has the name of the mask.
pub fn with_mask(schema: &StoreSchema) -> Result<StoreSchema, String> {
    if schema.arrays.iter().any(|array| array.name == AOI_MASK) {
        return Err(format!(
            "an output is called {AOI_MASK}, as the array that tells which cells touch the region; choose another name"
        ));
    }
    let mut schema = schema.clone();
    schema.arrays.push(OutputArray {
        name: AOI_MASK.to_owned(),
        dtype: Dtype::U8,
        fill_value: 0.0,
        statistic: "1 where the cell touches the region".to_owned(),
        source: "region".to_owned(),
        resolution: None,
        units: Some("1".to_owned()),
        long_name: Some("cell of the area of interest".to_owned()),
        kind: Kind::Mask,
        attributes: serde_json::Map::new(),
    });
    Ok(schema)
}

impl Filling {
    /// Of a store with these coarser orders, and of a table beside it if there is one.
    ///
    /// # Errors
    /// In words: the region has too many cells.
    pub fn new(
        schema: &StoreSchema,
        region: &Region,
        (overviews, table): (&[Order], bool),
    ) -> Result<Self, String> {
        let grid = schema.grid;
        let cells = region.cells(grid.kind, grid.cell_order)?;
        let steps = steps_of(schema, table);
        let coarser = overviews.iter().map(|&order| {
            let up = grid.up(order);
            let mut found: Vec<Range<u64>> = Vec::new();
            for cells in &cells {
                let (first, last) = (up.of(cells.start), up.of(cells.end - 1));
                match found.last_mut() {
                    Some(before) if first <= before.end => before.end = before.end.max(last + 1),
                    _ => found.push(first..last + 1),
                }
            }
            Missing::new(order, found, &steps)
        });
        let coarser: Vec<Missing> = coarser.collect();
        let mut orders = vec![Missing::new(grid.cell_order, cells, &steps)];
        orders.extend(coarser);
        let axis = schema.steps.as_ref();
        let has_rows = axis.is_none_or(|steps| !steps.seen().is_empty());
        let columns = schema.arrays.iter().map(|array| {
            let value = empty(array, has_rows)
                .map_err(|e| format!("{} has no empty cell: {e}", array.name))?;
            Ok((array.name.clone(), value))
        });
        Ok(Self {
            orders,
            has_rows,
            empty: Empty {
                columns: columns.collect::<Result<_, String>>()?,
                axis: axis.map(StoreSteps::name),
            },
        })
    }

    /// Hands on the cells of a table, and all of the region before its last that have not come yet.
    ///
    /// # Errors
    /// A table that has not the columns of the schema; what is made of the cells.
    pub fn fill(&mut self, order: Order, table: &CellTable, put: Put) -> Result<()> {
        let Self { orders, empty, .. } = self;
        let Some(missing) = orders.iter_mut().find(|missing| missing.order == order) else {
            let message = format!("order {order} is not among those of the store");
            return Err(Error::gate(message));
        };
        let steps = table.steps().filter(|_| empty.axis.is_some());
        let mut rows = Rows::new(Some(&table.rows), empty, put);
        for (row, &id) in table.ids().iter().enumerate() {
            let slot = (id, steps.map_or(0, |steps| steps[row]));
            while let Some(empty) = missing.take_below(slot) {
                rows.push(empty, None)?;
            }
            missing.skip(slot);
            rows.push(slot, Some(row))?;
        }
        rows.close()
    }

    /// Hands on the cells that no table came after, of each order.
    ///
    /// # Errors
    /// As [`fill`](Self::fill).
    pub fn rest(&mut self, put: &mut dyn FnMut(Order, &CellTable) -> Result<()>) -> Result<()> {
        let Self { orders, empty, .. } = self;
        for missing in orders {
            let order = missing.order;
            let mut put = |table: &CellTable| put(order, table);
            let mut rows = Rows::new(None, empty, &mut put);
            while let Some(slot) = missing.take_below((u64::MAX, u32::MAX)) {
                rows.push(slot, None)?;
            }
            rows.close()?;
        }
        Ok(())
    }

    /// Cells of an order that were added so far.
    pub fn added(&self, order: Order) -> u64 {
        let of_order = self.orders.iter().find(|missing| missing.order == order);
        of_order.map_or(0, |missing| missing.added)
    }
}

/// The steps at which cells without a photon have rows: all with photons, or one that brings the cell, where values of
/// empty cells are not stored and no table has them.
fn steps_of(schema: &StoreSchema, table: bool) -> Arc<[u32]> {
    let Some(steps) = &schema.steps else {
        return Arc::new([0]);
    };
    let stored = |array: &OutputArray| counts(array) && array.fill_value.to_bits() != 0;
    let seen = steps.seen();
    match seen.first() {
        Some(_) if table || schema.arrays.iter().any(stored) => seen.into(),
        Some(&first) => Arc::new([first]),
        None => Arc::new([steps.numbers().first().copied().unwrap_or(0)]),
    }
}

impl Missing {
    fn new(order: Order, ranges: Vec<Range<u64>>, steps: &Arc<[u32]>) -> Self {
        Self {
            order,
            ranges: ranges.into(),
            steps: Arc::clone(steps),
            next: 0,
            came: false,
            added: 0,
        }
    }

    /// The next slot, if it is below another.
    fn take_below(&mut self, slot: Slot) -> Option<Slot> {
        let front = self.front().filter(|front| *front < self.row(slot))?;
        self.go_on();
        Some(front)
    }

    /// Passes over a slot that is there, if it is the next.
    fn skip(&mut self, slot: Slot) {
        if self.front() == Some(self.row(slot)) {
            self.came = true;
            self.go_on();
        }
    }

    fn front(&self) -> Option<Slot> {
        let cells = self.ranges.front()?;
        Some((cells.start, self.steps[self.next]))
    }

    /// Where a slot stands among those of the rows: with one row a cell, all its slots do.
    fn row(&self, (cell, step): Slot) -> Slot {
        match *self.steps {
            [only] => (cell, only),
            _ => (cell, step),
        }
    }

    fn go_on(&mut self) {
        self.next += 1;
        if self.next < self.steps.len() {
            return;
        }
        self.next = 0;
        self.added += u64::from(!std::mem::take(&mut self.came));
        if let Some(cells) = self.ranges.front_mut() {
            cells.start += 1;
            if cells.is_empty() {
                self.ranges.pop_front();
            }
        }
    }
}

/// Rows on their way into tables.
struct Rows<'a> {
    table: Option<&'a RecordBatch>,
    empty: &'a Empty,
    slots: Vec<Slot>,
    /// Of each row where it is from: a row of the table, or the empty one.
    places: Vec<(usize, usize)>,
    put: Put<'a>,
}

impl<'a> Rows<'a> {
    fn new(table: Option<&'a RecordBatch>, empty: &'a Empty, put: Put<'a>) -> Self {
        Self {
            table,
            empty,
            slots: Vec::new(),
            places: Vec::new(),
            put,
        }
    }

    fn push(&mut self, slot: Slot, row: Option<usize>) -> Result<()> {
        self.slots.push(slot);
        self.places.push(row.map_or((1, 0), |row| (0, row)));
        if self.slots.len() < ROWS {
            return Ok(());
        }
        self.close()
    }

    /// Hands on what is there.
    fn close(&mut self) -> Result<()> {
        if self.slots.is_empty() {
            return Ok(());
        }
        let table = self.table().map_err(Error::gate)?;
        (self.put)(&table)
    }

    /// The rows that are there as a table; none are left.
    fn table(&mut self) -> Result<CellTable, String> {
        let (slots, places) = (
            std::mem::take(&mut self.slots),
            std::mem::take(&mut self.places),
        );
        let mask: ArrayRef = Arc::new(UInt8Array::from(vec![1; slots.len()]));
        let (ids, steps): (Vec<u64>, Vec<u32>) = slots.into_iter().unzip();
        let ids: ArrayRef = Arc::new(UInt64Array::from(ids));
        let mut columns = vec![("cell_ids".to_owned(), ids)];
        if let Some(axis) = self.empty.axis {
            let steps: ArrayRef = Arc::new(UInt32Array::from(steps));
            columns.push((axis.to_owned(), steps));
        }
        for (name, empty) in &self.empty.columns {
            let there = self.table.map(|table| {
                let column = table.column_by_name(name);
                column.ok_or_else(|| format!("the table has no column {name}"))
            });
            let there = there.transpose()?.unwrap_or(empty);
            let column = interleave(&[there.as_ref(), empty.as_ref()], &places);
            columns.push((
                name.clone(),
                column.map_err(|e| format!("column {name}: {e}"))?,
            ));
        }
        columns.push((AOI_MASK.to_owned(), mask));
        let columns = columns
            .into_iter()
            .map(|(name, column)| (name, column, false));
        let rows = RecordBatch::try_from_iter_with_nullable(columns);
        let rows = rows.map_err(|e| format!("columns do not align: {e}"))?;
        Ok(CellTable { rows })
    }
}

/// Whether a cell without a photon has 0 of an output, and not its fill value.
fn counts(array: &OutputArray) -> bool {
    match array.kind {
        Kind::Scalar => array.statistic == "count",
        Kind::Outside { .. } | Kind::Histogram { .. } | Kind::Vector { .. } => true,
        Kind::Mask | Kind::Digest { .. } | Kind::Words(_) | Kind::OfChunk => false,
    }
}

/// What a cell without a photon has of an output, at a step with photons or at another one: one value, or a list of them.
fn empty(array: &OutputArray, at_photons: bool) -> Result<ArrayRef, ArrowError> {
    let value = if counts(array) && at_photons {
        0.0
    } else {
        array.fill_value
    };
    if array.kind.is_ragged() {
        return Ok(no_list(&array.kind));
    }
    let width = array.kind.width();
    let values = cast(
        &Float64Array::from(vec![value; width]),
        &array.dtype.data_type(),
    )?;
    if array.kind.values().is_none() {
        return Ok(values);
    }
    let field = Arc::new(Field::new("item", values.data_type().clone(), false));
    let list = FixedSizeListArray::try_new(field, width as i32, values, None)?;
    Ok(Arc::new(list))
}
