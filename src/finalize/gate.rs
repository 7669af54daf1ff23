//! Invariants of every shard, checked before it is written, whatever backend computed it.
//!
//! On the line: `table.rs` has partials checked here before it turns them into numbers, and the numbers
//! afterwards. `conserve.rs` checks all shards together.

#[cfg(test)]
pub(super) mod tests;

use arrow::record_batch::RecordBatch;

use crate::config::GridConfig;
use crate::error::{Error, Result};
use crate::photon::ColumnType;
use crate::stat::{
    Bins, ColumnPartials, Combined, FINE_BITS, Form, Job, JobColumn, Joint, JointRows, Needs,
    Ordered, Partials,
};

use super::StoreSchema;

/// Checks a merged shard; values must be selected.
///
/// # Errors
/// The first invariant that does not hold, with shard, cell, column and both values. Any such error
/// is a defect of a backend, never of the data.
pub fn check(shard: u64, partials: &Partials, job: &Job, grid: &GridConfig) -> Result<()> {
    aligned(partials, job).map_err(|what| violated(shard, what))?;
    for pair in partials.cells.windows(2) {
        if pair[0] >= pair[1] {
            return Err(violated(
                shard,
                format!("cell {} follows cell {}", pair[1], pair[0]),
            ));
        }
    }
    for &slot in &partials.cells {
        let (cell, _) = grid.of_slot(slot);
        let ancestor = grid.shard_of(cell);
        if ancestor != shard || cell >= grid.cells() {
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
        let mut joints = column.joints.iter();
        column
            .remainders
            .check(&partials.cells)
            .and_then(|()| joints.try_for_each(|rows| rows.check(&partials.cells)))
            .map_err(|what| violated(shard, format!("column {}: {what}", described.name)))?;
        for i in 0..partials.len() {
            let ids = (partials.cells[i], partials.photons[i]);
            check_cell(column, described, i, ids).map_err(|what| {
                let (cell, step) = grid.of_slot(partials.cells[i]);
                let step = match grid.steps {
                    0 | 1 => String::new(),
                    _ => format!(" at step {step}"),
                };
                violated(
                    shard,
                    format!("cell {cell}{step}, column {}: {what}", described.name),
                )
            })?;
        }
    }
    Ok(())
}

/// Checks a finished table against what the store is to hold: columns, types, rows, no nulls.
///
/// # Errors
/// The first that differs, with both sides; a defect of icefold.
pub fn check_table(
    shard: u64,
    rows: &RecordBatch,
    cells: usize,
    schema: &StoreSchema,
) -> Result<()> {
    let expected = schema.columns();
    let found = rows.schema();
    let names = |fields: &arrow::datatypes::Fields| -> Vec<String> {
        fields.iter().map(|field| field.name().clone()).collect()
    };
    if names(found.fields()) != names(&expected) {
        let (found, expected) = (names(found.fields()), names(&expected));
        let what = format!("its table has columns {found:?}, the store {expected:?}");
        return Err(violated(shard, what));
    }
    if rows.num_rows() != cells {
        let what = format!("its table has {} rows for {cells} cells", rows.num_rows());
        return Err(violated(shard, what));
    }
    for (field, column) in expected.iter().zip(rows.columns()) {
        let (name, wanted, found) = (field.name(), field.data_type(), column.data_type());
        if found != wanted || column.null_count() > 0 {
            let what = format!(
                "array {name} is {found} with {} nulls, and declared as {wanted} without",
                column.null_count()
            );
            return Err(violated(shard, what));
        }
    }
    Ok(())
}

/// Every accumulator that the job needs has a row for each cell, and there is no other.
fn aligned(partials: &Partials, job: &Job) -> Result<(), String> {
    let (n, columns) = (partials.len(), partials.columns.len());
    if columns != job.columns.len() || partials.photons.len() != n {
        return Err(format!(
            "{columns} columns and {} counts of photons for {} columns and {n} cells",
            partials.photons.len(),
            job.columns.len()
        ));
    }
    for (column, described) in partials.columns.iter().zip(&job.columns) {
        let wanted = |needed: &bool| needed.then_some(n);
        // Without a rest: an accumulator that is not looked at here is none that this compiles with.
        let ColumnPartials {
            count,
            specials,
            range,
            moments,
            remainders: _,
            joints,
            terms,
            ordered,
            bins,
            out_of_range: _,
        } = column;
        let Needs {
            range: of_range,
            moments: of_moments,
            variance: _,
            terms: of_terms,
            ordered: of_ordered,
            edges,
            joints: of_joints,
            products: _,
            clock: _,
        } = &described.needs;
        let of_bins = &edges.is_some();
        let lengths = [
            ("counts", Some(count.len()), Some(n)),
            ("special values", Some(specials.len()), Some(n)),
            ("ranges", range.as_ref().map(Vec::len), wanted(of_range)),
            (
                "moments",
                moments.as_ref().map(Vec::len),
                wanted(of_moments),
            ),
            (
                "sums of terms",
                terms.as_ref().map(Vec::len),
                wanted(of_terms),
            ),
            (
                "retained values",
                ordered.as_ref().map(Ordered::cells),
                wanted(of_ordered),
            ),
            (
                "histograms",
                bins.as_ref().map(Bins::cells),
                wanted(of_bins),
            ),
        ];
        let forms = |of: &[Joint]| of.iter().map(|joint| joint.form).collect::<Vec<_>>();
        let found: Vec<Form> = joints.iter().map(JointRows::form).collect();
        if found != forms(of_joints) {
            let name = &described.name;
            return Err(format!("column {name}: joint sums {found:?} are of others"));
        }
        if let Some((what, found, wanted)) = lengths.into_iter().find(|(_, a, b)| a != b) {
            let shown = |rows: Option<usize>| rows.map_or("none".to_owned(), |n| n.to_string());
            return Err(format!(
                "column {}: rows of {what} are {}, and {} are needed for {n} cells",
                described.name,
                shown(found),
                shown(wanted)
            ));
        }
    }
    Ok(())
}

fn violated(shard: u64, what: impl std::fmt::Display) -> Error {
    Error::gate(format!("shard {shard}: {what}"))
}

fn check_cell(
    column: &ColumnPartials,
    described: &JobColumn,
    i: usize,
    (cell, photons): (u64, u64),
) -> Result<(), String> {
    let (count, specials) = (column.count[i], column.specials[i]);
    if photons == 0 || count > photons || specials.total() > count {
        return Err(format!(
            "{count} values, {} of them special, of {photons} photons",
            specials.total()
        ));
    }
    for joint in &column.joints {
        if !joint.are_of(cell, count) {
            let form = joint.form();
            return Err(format!("no {count} values have its joint sums {form:?}"));
        }
    }
    let ordered = column.ordered.as_ref().map(|o| o.len(i) as u64);
    if let Some(kept) = ordered.filter(|&kept| kept != count - specials.nan) {
        return Err(format!("{kept} values kept of {}", count - specials.nan));
    }
    let binned: Option<u64> = column.bins.as_ref().map(|bins| bins.row(i).iter().sum());
    if let Some(binned) = binned.filter(|&binned| binned != count - specials.nan) {
        return Err(format!(
            "{binned} values in bins of {}",
            count - specials.nan
        ));
    }
    if let Some(range) = column.range.as_ref().map(|rows| rows[i])
        && count > specials.nan
        && range.min > range.max
    {
        return Err("its minimum is above its maximum".to_owned());
    }
    let finite = column.finite(i);
    let Some(moments) = column.moments.as_ref().filter(|_| finite > 0) else {
        return Ok(());
    };
    let sums = Combined {
        moments: moments[i],
        remainder: column.remainders.get(cell),
        resolution: described.resolution,
    };
    // Exact: n Q >= S^2 is that the variance is not negative.
    if !sums.are_of(finite, described.needs.variance) {
        let (moments, remainder) = (sums.moments, sums.remainder);
        return Err(format!(
            "no {finite} values have the sums {moments:?}, {remainder:?}: their variance is negative"
        ));
    }
    let mean = sums.mean(finite);
    let range = column.range.as_ref().filter(|_| specials.total() == 0);
    if let Some(range) = range.map(|rows| rows[i]) {
        let min = range.min.to_f64(described.column_type);
        let max = range.max.to_f64(described.column_type);
        // The mean is of values moved by at most half a unit, then rounded.
        let slack = slack(described) + rounding(described.column_type, min, max);
        if !(min - slack <= mean && mean <= max + slack) {
            return Err(format!("mean {mean} outside {min} to {max}"));
        }
    }
    Ok(())
}

/// A unit that values were rounded to: a fine one where every remainder is kept.
fn slack(described: &JobColumn) -> f64 {
    let unit = described.resolution.unit();
    if described.sums_exactly() {
        unit * 2f64.powi(-(FINE_BITS as i32))
    } else {
        unit
    }
}

/// Rounding of integers to f64; other values are exact in f64.
fn rounding(column_type: ColumnType, min: f64, max: f64) -> f64 {
    match column_type {
        ColumnType::I64 => min.abs().max(max.abs()) * f64::EPSILON,
        ColumnType::F32 | ColumnType::F64 => 0.0,
    }
}
