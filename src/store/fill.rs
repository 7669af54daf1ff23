//! Cells of a region that have no photon, on their way into a store: fill values, and counts of 0.
//!
//! Last on the line, between finished cells and the store: `target.rs` hands every table through. Pieces of a store
//! have occupied cells only, so how a run was cut leaves no trace.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeListArray, Float64Array, UInt8Array, UInt64Array,
};
use arrow::compute::{cast, interleave};
use arrow::datatypes::{Field, UInt64Type};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use crate::config::Dtype;
use crate::finalize::{CellTable, Kind, OutputArray, StoreSchema, digests_of};
use crate::grid::Order;
use crate::region::Region;
use crate::stat::TDigest;

/// The array that tells cells of the region from others.
pub const AOI_MASK: &str = "aoi_mask";
/// Rows of a table at most.
const ROWS: usize = 1 << 16;

/// Adds the cells of a region that are not there, order by order.
#[derive(Debug)]
pub(super) struct Filling {
    orders: Vec<Missing>,
    /// Of each output what a cell without a photon has.
    empty: Vec<(String, ArrayRef)>,
}

/// The cells of one order that have not come yet.
#[derive(Debug)]
struct Missing {
    order: Order,
    /// Ascending; the first is what is left of it.
    ranges: std::collections::VecDeque<Range<u64>>,
    added: u64,
}

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
        kind: Kind::Scalar,
    });
    Ok(schema)
}

impl Filling {
    /// Of a store with these coarser orders.
    ///
    /// # Errors
    /// In words: the region has too many cells.
    pub fn new(schema: &StoreSchema, region: &Region, overviews: &[Order]) -> Result<Self, String> {
        let grid = schema.grid;
        let cells = region.cells(grid.kind, grid.cell_order)?;
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
            Missing::new(order, found)
        });
        let coarser: Vec<Missing> = coarser.collect();
        let mut orders = vec![Missing::new(grid.cell_order, cells)];
        orders.extend(coarser);
        let empty = schema.arrays.iter().map(|array| {
            let value =
                empty(array).map_err(|e| format!("{} has no empty cell: {e}", array.name))?;
            Ok((array.name.clone(), value))
        });
        Ok(Self {
            orders,
            empty: empty.collect::<Result<_, String>>()?,
        })
    }

    /// The cells of a table, and all of the region before its last that have not come yet.
    ///
    /// # Errors
    /// In words: a table that has not the columns of the schema.
    pub fn filled(&mut self, order: Order, table: &CellTable) -> Result<Vec<CellTable>, String> {
        let Self { orders, empty } = self;
        let Some(missing) = orders.iter_mut().find(|missing| missing.order == order) else {
            return Err(format!("order {order} is not among those of the store"));
        };
        let mut rows = Rows::new(Some(&table.rows), empty);
        for (row, &id) in table
            .rows
            .column(0)
            .as_primitive::<UInt64Type>()
            .values()
            .iter()
            .enumerate()
        {
            while let Some(cell) = missing.take_below(id) {
                rows.push(cell, None)?;
            }
            missing.skip(id);
            rows.push(id, Some(row))?;
        }
        rows.finish()
    }

    /// The orders of the store, finest first.
    pub fn orders(&self) -> Vec<Order> {
        self.orders.iter().map(|missing| missing.order).collect()
    }

    /// Some of the cells that no table came after; none once all have come.
    ///
    /// # Errors
    /// As [`filled`](Self::filled).
    pub fn rest(&mut self, order: Order) -> Result<Vec<CellTable>, String> {
        let Self { orders, empty } = self;
        let mut rows = Rows::new(None, empty);
        let missing = orders.iter_mut().find(|missing| missing.order == order);
        if let Some(missing) = missing {
            for _ in 0..ROWS {
                let Some(cell) = missing.take_below(u64::MAX) else {
                    break;
                };
                rows.push(cell, None)?;
            }
        }
        rows.finish()
    }

    /// Cells of an order that were added so far.
    pub fn added(&self, order: Order) -> u64 {
        let of_order = self.orders.iter().find(|missing| missing.order == order);
        of_order.map_or(0, |missing| missing.added)
    }
}

impl Missing {
    fn new(order: Order, ranges: Vec<Range<u64>>) -> Self {
        Self {
            order,
            ranges: ranges.into(),
            added: 0,
        }
    }

    /// The next cell, if it is below another.
    fn take_below(&mut self, id: u64) -> Option<u64> {
        let range = self.ranges.front_mut().filter(|range| range.start < id)?;
        let cell = range.start;
        range.start += 1;
        if range.is_empty() {
            self.ranges.pop_front();
        }
        self.added += 1;
        Some(cell)
    }

    /// Passes over a cell that is there, if it is the next.
    fn skip(&mut self, id: u64) {
        if self.ranges.front().is_some_and(|range| range.start == id)
            && self.take_below(id + 1).is_some()
        {
            self.added -= 1;
        }
    }
}

/// Rows on their way into tables.
struct Rows<'a> {
    table: Option<&'a RecordBatch>,
    empty: &'a [(String, ArrayRef)],
    ids: Vec<u64>,
    /// Of each row where it is from: a row of the table, or the empty one.
    places: Vec<(usize, usize)>,
    tables: Vec<CellTable>,
}

impl<'a> Rows<'a> {
    fn new(table: Option<&'a RecordBatch>, empty: &'a [(String, ArrayRef)]) -> Self {
        Self {
            table,
            empty,
            ids: Vec::new(),
            places: Vec::new(),
            tables: Vec::new(),
        }
    }

    fn push(&mut self, id: u64, row: Option<usize>) -> Result<(), String> {
        self.ids.push(id);
        self.places.push(row.map_or((1, 0), |row| (0, row)));
        if self.ids.len() < ROWS {
            return Ok(());
        }
        self.close()
    }

    fn close(&mut self) -> Result<(), String> {
        if self.ids.is_empty() {
            return Ok(());
        }
        let (ids, places) = (
            std::mem::take(&mut self.ids),
            std::mem::take(&mut self.places),
        );
        let mask: ArrayRef = Arc::new(UInt8Array::from(vec![1; ids.len()]));
        let ids: ArrayRef = Arc::new(UInt64Array::from(ids));
        let mut columns = vec![("cell_ids".to_owned(), ids)];
        for (name, empty) in self.empty {
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
        self.tables.push(CellTable { rows });
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<CellTable>, String> {
        self.close()?;
        Ok(self.tables)
    }
}

/// What a cell without a photon has of an output: one value, or a list of them.
fn empty(array: &OutputArray) -> Result<ArrayRef, ArrowError> {
    let values = |value: f64, count: usize| {
        let values = Float64Array::from(vec![value; count]);
        cast(&values, &array.dtype.data_type())
    };
    match &array.kind {
        Kind::Scalar if array.statistic == "count" => values(0.0, 1),
        Kind::Scalar => values(array.fill_value, 1),
        Kind::Outside { .. } => values(0.0, 1),
        Kind::Digest { .. } => Ok(digests_of(&[TDigest::default()])),
        Kind::Histogram { .. } => {
            let items = values(0.0, array.kind.width())?;
            let field = Arc::new(Field::new("item", items.data_type().clone(), false));
            let list = FixedSizeListArray::try_new(field, array.kind.width() as i32, items, None)?;
            Ok(Arc::new(list))
        }
    }
}
