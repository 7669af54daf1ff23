//! Invariants that hold for every shard before it is written, whatever backend computed it.

use crate::batch::ColumnType;
use crate::config::GridConfig;
use crate::error::{Error, Result};
use crate::stat::{ColumnPartials, Job, JobColumn, Partials};

/// Checks a merged shard; values must be selected.
///
/// # Errors
/// The first invariant that does not hold, with shard, cell, column and both values. Any such error
/// is a defect of a backend, never of the data.
pub fn check(shard: u64, partials: &Partials, job: &Job, grid: &GridConfig) -> Result<()> {
    for pair in partials.cells.windows(2) {
        if pair[0] >= pair[1] {
            return Err(violated(
                shard,
                format!("cell {} follows cell {}", pair[1], pair[0]),
            ));
        }
    }
    for &cell in &partials.cells {
        let ancestor = grid.cell_order.ancestor(cell, grid.shard_order);
        if ancestor != shard || cell >= grid.cell_order.cells() {
            return Err(violated(
                shard,
                format!("cell {cell} lies in shard {ancestor}"),
            ));
        }
    }
    for (column, described) in partials.columns.iter().zip(&job.columns) {
        if column.out_of_range > 0 {
            let what = format!("{} values out of range", column.out_of_range);
            return Err(violated(
                shard,
                format!("column {}: {what}", described.name),
            ));
        }
        for i in 0..partials.len() {
            check_cell(column, described, i, partials.photons[i]).map_err(|what| {
                let cell = partials.cells[i];
                violated(
                    shard,
                    format!("cell {cell}, column {}: {what}", described.name),
                )
            })?;
        }
    }
    Ok(())
}

fn violated(shard: u64, what: impl std::fmt::Display) -> Error {
    Error::Gate(format!("shard {shard}: {what}"))
}

fn check_cell(
    column: &ColumnPartials,
    described: &JobColumn,
    i: usize,
    photons: u64,
) -> Result<(), String> {
    let (count, specials) = (column.count[i], column.specials[i]);
    if photons == 0 || count > photons || specials.total() > count {
        return Err(format!(
            "{count} values, {} of them special, of {photons} photons",
            specials.total()
        ));
    }
    let ordered = column.ordered.as_ref().map(|o| o.len(i) as u64);
    if let Some(kept) = ordered.filter(|&kept| kept != count - specials.nan) {
        return Err(format!("{kept} values kept of {}", count - specials.nan));
    }
    let finite = column.finite(i);
    let Some(moments) = column.moments.as_ref().filter(|_| finite > 0) else {
        return Ok(());
    };
    let mean = moments[i].mean(finite, described.resolution);
    let variance = moments[i].variance(finite, 0, described.resolution);
    if variance.is_nan() || variance < 0.0 {
        return Err(format!("variance {variance}"));
    }
    let range = column.range.as_ref().filter(|_| specials.total() == 0);
    if let Some(range) = range.map(|rows| rows[i]) {
        let min = range.min.to_f64(described.column_type);
        let max = range.max.to_f64(described.column_type);
        // The mean is of values moved by at most half a resolution, then rounded.
        let slack = described.resolution.unit() + rounding(described.column_type, min, max);
        if !(min - slack <= mean && mean <= max + slack) {
            return Err(format!("mean {mean} outside {min} to {max}"));
        }
    }
    Ok(())
}

/// Rounding of integers to f64; other values are exact in f64.
fn rounding(column_type: ColumnType, min: f64, max: f64) -> f64 {
    match column_type {
        ColumnType::I64 => min.abs().max(max.abs()) * f64::EPSILON,
        ColumnType::F32 | ColumnType::F64 => 0.0,
    }
}
