//! Outputs that follow from more than the sums of a cell: numbers of all photons of a Zarr chunk, and counts between edges
//! that follow from those or from the cell's.
//!
//! Beside `table.rs`, which makes the others. A chunk's sums are those of its cells added up, over all windows of the shard;
//! values are counted where they are, in memory or in piles.

use rayon::prelude::*;

use super::Kind;
use crate::error::Result;
use crate::grid::GridConfig;
use crate::merge::PiledValues;
use crate::stat::{Finished, Job, JobOutput, OfPhotons, Partials, Vector, finish_expr};

/// The sums of all photons of each Zarr chunk, by step of time where there are steps: of a whole shard.
#[derive(Debug)]
pub struct Chunks(Partials);

/// What a window of cells needs beside its own sums.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    pub chunks: &'a Chunks,
    pub piled: &'a PiledValues,
}

impl Chunks {
    /// None yet.
    pub fn empty(job: &Job) -> Self {
        Self(Partials::empty(job))
    }

    /// Adds cells, where an output follows from chunks.
    pub fn add(&mut self, cells: &Partials, grid: &GridConfig, job: &Job) {
        if !job.has_chunk_values() {
            return;
        }
        let sums = cells.without_values();
        let more = sums.renumbered(|slot| grid.chunk_of_slot(slot), job);
        self.0 = self.0.merge(&more, job);
    }

    /// The row of the chunk that a slot lies in.
    fn row(&self, grid: &GridConfig, slot: u64) -> usize {
        let chunk = grid.chunk_of_slot(slot);
        let row = self.0.cells.binary_search(&chunk);
        row.unwrap_or_else(|_| unreachable!("the cells of the shard were added"))
    }
}

/// One output of all cells; `None` of those that follow from the sums of a cell. Values must be selected.
///
/// # Errors
/// A pile that cannot be read.
pub fn finished(
    (job, grid): (&Job, &GridConfig),
    partials: &Partials,
    output: &JobOutput,
    around: Around,
) -> Result<Option<Vec<Finished>>> {
    let of_cell = |i: usize| Cell {
        job,
        grid,
        partials,
        around,
        i,
    };
    let rows = (0..partials.len()).into_par_iter();
    match output {
        JobOutput::OfChunk(expr) => {
            let numbers = rows.map(|i| {
                let row = around.chunks.row(grid, partials.cells[i]);
                finish_expr(job, &around.chunks.0, expr, row)
            });
            Ok(Some(numbers.collect()))
        }
        JobOutput::Vector(vector) => {
            let counts: Result<Vec<Finished>> = rows.map(|i| of_cell(i).counts(vector)).collect();
            counts.map(Some)
        }
        JobOutput::Scalar(_)
        | JobOutput::Histogram(_)
        | JobOutput::Composition(_)
        | JobOutput::Digest { .. } => Ok(None),
    }
}

struct Cell<'a> {
    job: &'a Job,
    grid: &'a GridConfig,
    partials: &'a Partials,
    around: Around<'a>,
    i: usize,
}

impl Cell<'_> {
    fn number(&self, of: &OfPhotons) -> f64 {
        let finished = if of.of_chunk {
            let chunks = self.around.chunks;
            let row = chunks.row(self.grid, self.partials.cells[self.i]);
            finish_expr(self.job, &chunks.0, &of.expr, row)
        } else {
            finish_expr(self.job, self.partials, &of.expr, self.i)
        };
        match finished {
            Finished::Real(x) => x,
            Finished::Integer(n) => n as f64,
            Finished::Missing | Finished::NoWeight | Finished::Histogram(_) => f64::NAN,
        }
    }

    fn counts(&self, vector: &Vector) -> Result<Finished> {
        let edges = [&vector.low, &vector.high].map(|edge| self.number(edge));
        let column_type = self.job.columns[vector.column].column_type;
        let shifts = vector.shifts.iter().map(|of| self.number(of)).collect();
        let Some(mut counting) = vector.counting(shifts, edges, column_type) else {
            return Ok(Finished::Missing);
        };
        if let Some(ordered) = &self.partials.columns[vector.column].ordered {
            counting.take(ordered.values(self.i));
        }
        let cell = self.partials.cells[self.i];
        self.around
            .piled
            .each(cell, vector.column, |values| counting.take(values))?;
        Ok(Finished::Histogram(counting.finish()))
    }
}

impl Kind {
    /// Whether cells of coarser orders can have it: counts between edges of their own are of the cell order only.
    pub fn has_coarser(&self) -> bool {
        match self {
            Self::Vector { .. } | Self::OfChunk => false,
            Self::Scalar
            | Self::Histogram { .. }
            | Self::Outside { .. }
            | Self::Mask
            | Self::Digest { .. }
            | Self::Words(_) => true,
        }
    }
}
