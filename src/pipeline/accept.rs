//! Folding a batch whose values all fit their columns' resolution, and what to do with one where
//! some do not: strict names the first such value, tolerant rejects those photons and folds the
//! rest.

use crate::backend::StageTimes;
use crate::batch::PhotonBatch;
use crate::error::{Error, Result};
use crate::report::RejectedRow;
use crate::stat::{JobColumn, Partials, Resolution, TermSum, derive};

use super::{Granule, Line};

/// Partials of the batch, none of them with values out of range.
pub(super) fn fold_in_range(
    line: &mut Line,
    batch: &mut PhotonBatch,
    granule: &mut Granule,
    times: &mut StageTimes,
) -> Result<Partials> {
    let partials = fold(line, batch, times)?;
    if partials.out_of_range().next().is_none() {
        return Ok(partials);
    }
    let derived = derive(line.job, &line.config.variables, batch);
    let mut keep = vec![true; batch.len()];
    for (column, values) in line.job.columns.iter().zip(&derived) {
        for (photon, keep) in keep.iter_mut().enumerate() {
            if !*keep || !values.is_valid(photon) {
                continue;
            }
            let value = values.values.get_f64(photon);
            if fits(column, value) {
                continue;
            }
            let row = rejected_row(line, batch, photon, column, value);
            if !line.options.tolerant {
                return Err(Error::granule(row.granule.clone(), row.to_string()));
            }
            *keep = false;
            *granule
                .rejected
                .rejected
                .entry(format!("out_of_range:{}", column.name))
                .or_default() += 1;
            for (variable, source) in line.config.variables.iter().zip(&batch.columns) {
                if !source.is_valid(photon) {
                    let nulls = &mut granule.rejected.nulls;
                    *nulls.entry(variable.name.clone()).or_default() += 1;
                }
            }
            granule.rows.push(row);
        }
    }
    *batch = batch.retain(&keep);
    let partials = fold(line, batch, times)?;
    if let Some((column, count)) = partials.out_of_range().next() {
        return Err(Error::Gate(format!(
            "{count} values of column {} are out of range after rejecting those that were",
            line.job.columns[column].name
        )));
    }
    Ok(partials)
}

/// Source columns stay in the batch; the device sees the job's columns.
fn fold(line: &Line, batch: &mut PhotonBatch, times: &mut StageTimes) -> Result<Partials> {
    let columns = derive(line.job, &line.config.variables, batch);
    let sources = std::mem::replace(&mut batch.columns, columns);
    let partials = line.device.fold(batch, &line.config.grid, line.job, times);
    batch.columns = sources;
    partials
}

fn fits(column: &JobColumn, value: f64) -> bool {
    if !value.is_finite() {
        return true;
    }
    let moments = !column.needs.moments || column.resolution.quantise(value).is_some();
    let terms = !column.needs.terms || value.abs() < TermSum::RANGE;
    moments && terms
}

fn rejected_row(
    line: &Line,
    batch: &PhotonBatch,
    photon: usize,
    column: &JobColumn,
    value: f64,
) -> RejectedRow {
    let declared = line.config.variables.iter().find(|v| v.name == column.name);
    let dataset = declared.map(|v| v.path.replace("{group}", &batch.origin.ground_track));
    let holding = Resolution::holding(value.abs());
    let (range, resolution, remedy) = if column.needs.moments {
        let remedy = match holding {
            Some(holding) if declared.is_some() => {
                format!("give the column resolution {holding}, which holds it, or filter it out")
            }
            _ => "scale the expression or filter such values out".to_owned(),
        };
        (
            column.resolution.range(),
            column.resolution.to_string(),
            remedy,
        )
    } else {
        let remedy = "scale the expression or filter such values out".to_owned();
        (TermSum::RANGE, "2^-64".to_owned(), remedy)
    };
    RejectedRow {
        granule: batch.origin.granule.to_string(),
        ground_track: batch.origin.ground_track.to_string(),
        row: batch.origin.rows[photon],
        column: column.name.clone(),
        dataset,
        value,
        detail: format!("out of range +-{range} at resolution {resolution}; {remedy}"),
    }
}
