//! Keeps the photons for which the conditions of a config hold, folds a batch whose values all fit the range of their columns, and decides about a batch where some do
//! not.
//!
//! A strict run names the first such photon and stops; a tolerant one rejects those photons and folds the
//! rest.

use crate::backend::StageTimes;
use crate::error::{Error, Result};
use crate::left_out::{RejectedRow, RejectedValue};
use crate::photon::{Column, PhotonBatch, Values};
use crate::stat::{Derivation, Job, JobColumn, Partials, Resolution, TermSum, Unmade, holds};

use super::{Granule, Line};

/// Leaves out the photons for which a condition does not hold, each counted under the first such.
pub(super) fn keep_by_conditions(line: &Line, batch: &mut PhotonBatch, granule: &mut Granule) {
    for condition in &line.config.conditions {
        if batch.is_empty() {
            return;
        }
        let keep = holds(condition, &line.config.variables, batch);
        let rejected = keep.iter().filter(|keep| !**keep).count() as u64;
        if rejected == 0 {
            continue;
        }
        let reason = format!("filter: {condition}");
        *granule.rejected.rejected.entry(reason).or_default() += rejected;
        for (variable, column) in line.config.variables.iter().zip(&batch.columns) {
            let nulls = keep.iter().enumerate();
            let nulls = nulls.filter(|&(photon, keep)| !keep && !column.is_valid(photon));
            let name = variable.name.clone();
            *granule.rejected.nulls.entry(name).or_default() += nulls.count() as u64;
        }
        *batch = batch.retain(&keep);
    }
}

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
    let keep = reject(line, batch, granule)?;
    *batch = batch.retain(&keep);
    let partials = fold(line, batch, times)?;
    all_in_range(line.job, &partials)?;
    Ok(partials)
}

/// No value is out of range where those that were have been rejected.
///
/// # Errors
/// A device and the host that disagree: a defect of icefold, never of the data.
pub(super) fn all_in_range(job: &Job, partials: &Partials) -> Result<()> {
    let Some((column, count)) = partials.out_of_range().next() else {
        return Ok(());
    };
    Err(Error::gate(format!(
        "{count} values of column {} are out of range after rejecting those that were",
        job.columns[column].name
    )))
}

/// The device sees the job's columns; afterwards the batch has its source columns again.
fn fold(line: &mut Line, batch: &mut PhotonBatch, times: &mut StageTimes) -> Result<Partials> {
    let (job, grid, variables) = (line.job, &line.config.grid, &line.config.variables);
    let makes = line.device.makes_values(batch, grid, job);
    let take = || line.derivation.take_for((job, makes), variables, batch);
    let columns = line.device.install(take);
    let sources = std::mem::replace(&mut batch.columns, columns);
    let unmade = Unmade::new((job, makes), variables, (&sources, &batch.columns));
    let partials = line.device.fold_with((batch, &unmade), grid, job, times);
    let columns = std::mem::replace(&mut batch.columns, sources);
    line.derivation.give_back(job, columns, batch);
    partials
}

/// Which photons to keep: those whose values all fit. Photon by photon, each for the first column
/// that does not hold it, so that how rows are cut into batches does not choose which are named.
///
/// # Errors
/// Strict: the first photon that does not fit.
fn reject(line: &Line, batch: &PhotonBatch, granule: &mut Granule) -> Result<Vec<bool>> {
    let mut taken = batch.clone();
    let take = || Derivation::default().take(line.job, &line.config.variables, &mut taken);
    let derived = line.device.install(take);
    let columns: Vec<(&JobColumn, &Column)> = line.job.columns.iter().zip(&derived).collect();
    let mut by_column = vec![0; columns.len()];
    let mut nulls = vec![0; batch.columns.len()];
    let mut keep = vec![true; batch.len()];
    for (photon, keep) in keep.iter_mut().enumerate() {
        let misfit = |(_, (column, values)): &(usize, &(&JobColumn, &Column))| {
            values.is_valid(photon) && !column.holds(&values.values, photon)
        };
        let Some((misfit, (column, values))) = columns.iter().enumerate().find(misfit) else {
            continue;
        };
        let row = || rejected_row(line, batch, photon, column, &values.values);
        if !line.options.tolerant {
            let row = row();
            return Err(Error::granule(row.granule.clone(), row.to_string()));
        }
        *keep = false;
        by_column[misfit] += 1;
        for (nulls, source) in nulls.iter_mut().zip(&batch.columns) {
            *nulls += u64::from(!source.is_valid(photon));
        }
        let row = row();
        let target = line.errors.target(&row.granule);
        granule.errors.push(row.to_error(), &target)?;
        granule.rows.push(row);
    }
    for ((column, _), count) in columns.iter().zip(by_column).filter(|(_, n)| *n > 0) {
        let reason = format!("out_of_range:{}", column.name);
        *granule.rejected.rejected.entry(reason).or_default() += count;
    }
    for (variable, count) in line.config.variables.iter().zip(nulls) {
        let name = variable.name.clone();
        *granule.rejected.nulls.entry(name).or_default() += count;
    }
    Ok(keep)
}

fn rejected_row(
    line: &Line,
    batch: &PhotonBatch,
    photon: usize,
    column: &JobColumn,
    values: &Values,
) -> RejectedRow {
    let declared = column.origin.variable();
    let declared = declared.map(|variable| &line.config.variables[variable]);
    let dataset = declared.map(|v| v.shown(&line.config.joins));
    let dataset = dataset.map(|path| path.replace("{group}", &batch.origin.ground_track));
    let (value, holding) = match values {
        Values::I64(v) => (
            RejectedValue::Integer(v[photon]),
            Resolution::holding(v[photon]),
        ),
        floats => {
            let value = floats.get_f64(photon);
            (RejectedValue::Real(value), Resolution::holding(value))
        }
    };
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
        (TermSum::RANGE, TermSum::RESOLUTION.to_owned(), remedy)
    };
    let clock = column.needs.clock;
    let detail = match clock.map(|clock| clock.word(values.get_f64(photon))) {
        Some(None) => {
            "has no word as a time, which goes from 1850 to 2141; filter such photons out"
                .to_owned()
        }
        _ => format!("out of range +-{range} at resolution {resolution}; {remedy}"),
    };
    RejectedRow {
        granule: batch.origin.granule.to_string(),
        ground_track: batch.origin.ground_track.to_string(),
        row: batch.origin.rows.get(photon),
        column: column.name.clone(),
        dataset,
        value,
        detail,
    }
}
