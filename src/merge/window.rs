//! A window: merged cells, with piles for the values that memory has no room for.
//!
//! On the line: `RunPartials --take_shard--> Windows --finalize-->`. The values of a cell are those in the
//! table and those in its pile. Here they become order statistics, so the gate sees a table like any other.

use std::collections::BTreeMap;
use std::ops::Range as Rows;

use super::pile::{Pile, Piles};
use crate::error::Result;
use crate::grid::Ascent;
use crate::stat::{Deviations, Digesting, Job, KeySlice, Partials};

/// Bytes of values that a part of a cell has when it is written somewhere else.
const PART: u64 = 256 << 10;

/// The values of cells that are in piles.
#[derive(Debug, Clone, Default)]
pub struct PiledValues(BTreeMap<u64, Pile>);

impl PiledValues {
    /// Hands on those of a cell and a column, part after part.
    ///
    /// # Errors
    /// A pile that cannot be read.
    pub fn each(&self, cell: u64, column: usize, mut take: impl FnMut(KeySlice)) -> Result<()> {
        let Some(pile) = self.0.get(&cell) else {
            return Ok(());
        };
        pile.read(column, |values| {
            take(values);
            Ok(())
        })
    }
}

/// Cells (slots, where there are steps of time), ascending by id, and piles of some of them.
#[derive(Debug, Clone)]
pub struct Window {
    pub table: Partials,
    /// By cell.
    piles: BTreeMap<u64, Pile>,
}

impl From<Partials> for Window {
    /// All values are in memory.
    fn from(table: Partials) -> Self {
        Self {
            table,
            piles: BTreeMap::new(),
        }
    }
}

impl Window {
    /// No cells.
    pub fn empty(job: &Job) -> Self {
        Self::from(Partials::empty(job))
    }

    /// One cell whose values are in a pile.
    pub(super) fn piled(table: Partials, pile: Pile) -> Self {
        let piles = table.cells.first().map(|&cell| (cell, pile));
        Self {
            piles: piles.into_iter().collect(),
            table,
        }
    }

    pub fn len(&self) -> usize {
        self.table.len()
    }

    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Bytes of the values that are in memory.
    pub fn value_bytes(&self) -> u64 {
        self.table.value_bytes(0..self.len())
    }

    /// The same photons by the cells of the coarser order `to`; the cells here are of order `from`.
    #[must_use]
    pub fn coarsen(&self, up: Ascent, job: &Job) -> Self {
        let mut coarse = Self::from(self.table.coarsen(up, job));
        for (&cell, pile) in &self.piles {
            coarse.adopt(up.of(cell), pile);
        }
        coarse
    }

    /// Appends rows of another one whose cells are not below the last one here; equal cells merge.
    pub fn append(&mut self, other: &Self, rows: Rows<usize>) {
        let cells = &other.table.cells[rows.clone()];
        self.table.append(&other.table, rows);
        if let (Some(&first), Some(&last)) = (cells.first(), cells.last()) {
            for (&cell, pile) in other.piles.range(first..=last) {
                self.adopt(cell, pile);
            }
        }
    }

    /// Adds rows of another one, whose cells may stand between those here; equal cells merge.
    pub fn join(&mut self, other: &Self, rows: Rows<usize>, job: &Job) {
        let last = self.table.cells.last();
        let first = other.table.cells[rows.clone()].first();
        if let (Some(last), Some(first)) = (last, first)
            && first < last
        {
            let mut more = Self::empty(job);
            more.append(other, rows);
            self.table = self.table.merge(&more.table, job);
            for (&cell, pile) in &more.piles {
                self.adopt(cell, pile);
            }
        } else {
            self.append(other, rows);
        }
    }

    /// Moves the values of all cells to their piles.
    ///
    /// # Errors
    /// A write fails.
    pub fn pile_up(&mut self, piles: &Piles, job: &Job) -> Result<()> {
        for (row, &cell) in self.table.cells.iter().enumerate() {
            let pile = self.piles.entry(cell);
            let pile = pile.or_insert_with(|| Pile::new(piles, job));
            pile.add(&self.table, row)?;
        }
        self.table.clear_values();
        Ok(())
    }

    /// The values that are in piles, which stay there.
    pub fn piled_values(&self) -> PiledValues {
        PiledValues(self.piles.clone())
    }

    /// The table, with the order statistics that outputs need in place of the values of piles.
    ///
    /// # Errors
    /// A pile that cannot be read.
    pub fn settle(self, job: &Job) -> Result<Partials> {
        let Self { mut table, piles } = self;
        for (cell, pile) in piles {
            let Ok(row) = table.cells.binary_search(&cell) else {
                unreachable!("piles are of cells that are there")
            };
            for (i, column) in table.columns.iter_mut().enumerate() {
                if let Some(ordered) = &mut column.ordered {
                    let values = ordered.values(row);
                    let (specials, column_type) =
                        (column.specials[row], job.columns[i].column_type);
                    let ranks = job.ranks(i, pile.len(i) + values.len(), specials);
                    let mut chosen = pile.choose(i, ranks, values)?;
                    for delta in job.deltas(i) {
                        let digesting = Digesting::new(&chosen, delta, (specials, column_type));
                        chosen = chosen.with_digest(pile.digest(i, digesting, values)?);
                    }
                    if job.has_mad(i) {
                        let centre = chosen.quantile(0.5, column_type);
                        let deviations = Deviations::new(chosen.len, centre, column_type);
                        chosen = chosen.with_mad(pile.mad(i, deviations, values)?);
                    }
                    ordered.choose(row, chosen);
                }
            }
        }
        Ok(table)
    }

    /// Hands each cell on in parts that merge into it, however many values it has.
    ///
    /// # Errors
    /// A pile that cannot be read, and those of `take`.
    pub fn each_part(
        &self,
        job: &Job,
        mut take: impl FnMut(&Partials) -> Result<()>,
    ) -> Result<()> {
        for (row, &cell) in self.table.cells.iter().enumerate() {
            let mut from = Some(0);
            while let Some(at) = from {
                let (part, next) = self.table.part(row, at, PART, job);
                take(&part)?;
                from = next;
            }
            let Some(pile) = self.piles.get(&cell) else {
                continue;
            };
            pile.columns().try_for_each(|column| {
                pile.read(column, |values| {
                    take(&Partials::of_values(cell, column, values, job))
                })
            })?;
        }
        Ok(())
    }

    fn adopt(&mut self, cell: u64, pile: &Pile) {
        match self.piles.get_mut(&cell) {
            Some(mine) => mine.adopt(pile),
            None => {
                self.piles.insert(cell, pile.clone());
            }
        }
    }
}
