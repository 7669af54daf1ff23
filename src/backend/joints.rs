//! Joint sums of a batch: what several columns of a photon add up to together, summed on the host.
//!
//! Beside `remainders.rs`, after any backend's fold. Photons are located again in runs of one cell, and the sums of a cell
//! are those of its runs. No device sums products: exact ones take 448 bits a cell.

use std::ops::Range;

use rayon::prelude::*;

use super::remainders::{Finder, MOST_RUNS, Places, Run, TILE};
use crate::error::{Error, Result};
use crate::photon::Column;
use crate::stat::{
    Form, Job, Joint, JointRows, Partials, Positions, ProductSums, beyond_range, ends, without_word,
};

/// Values that one task looks through.
const LOOKED_AT: usize = 1 << 16;

/// Adds the joint sums of a batch to its partials, which have none yet; where values are out of range, only counts those.
/// Marks are put on later: they are not of photons, but of their granule.
///
/// # Errors
/// Sums of a cell that the partials do not have: a defect of the backend.
pub(super) fn add_joints(
    places: Places,
    columns: &[Column],
    job: &Job,
    partials: &mut Partials,
) -> Result<()> {
    let of_photons = |joint: &&Joint| !matches!(joint.form, Form::Marks(_));
    let mut joints = job.columns.iter().flat_map(|column| &column.needs.joints);
    if !joints.any(|joint| of_photons(&joint)) {
        return Ok(());
    }
    if count_beyond(columns, job, partials) {
        return Ok(());
    }
    let runs = all_runs(places);
    let tasks = 8 * rayon::current_num_threads();
    let part = runs.len().div_ceil(tasks).clamp(1, MOST_RUNS);
    for (i, described) in job.columns.iter().enumerate() {
        let joints = described.needs.joints.iter().enumerate();
        for (j, joint) in joints.filter(|(_, joint)| of_photons(joint)) {
            let others = joint.others.iter();
            let joined: Vec<&Column> = std::iter::once(&i)
                .chain(others)
                .map(|&c| &columns[c])
                .collect();
            let parts: Vec<JointRows> = runs
                .par_chunks(part)
                .map(|runs| sums(joint.form, (&joined, places.positions()), runs))
                .collect();
            let rows = &mut partials.columns[i].joints[j];
            for part in &parts {
                rows.append(part);
            }
            rows.check(&partials.cells)
                .map_err(|what| Error::gate(format!("column {}: {what}", described.name)))?;
        }
    }
    Ok(())
}

/// Counts the values that sums of products do not hold, and times without a word, by their column; whether there are any.
fn count_beyond(columns: &[Column], job: &Job, partials: &mut Partials) -> bool {
    let mut any = false;
    let described = job.columns.iter().zip(columns).zip(&mut partials.columns);
    for ((described, column), partials) in described {
        let (products, clock) = (described.needs.products, described.needs.clock);
        if !products && clock.is_none() {
            continue;
        }
        let photons = column.values.len();
        let beyond = |photons: Range<usize>| {
            let products = if products {
                beyond_range(column, photons.clone())
            } else {
                0
            };
            products + clock.map_or(0, |clock| without_word(clock, column, photons))
        };
        let beyond: u64 = (0..photons.div_ceil(LOOKED_AT))
            .into_par_iter()
            .map(|part| beyond(cut(part, LOOKED_AT, photons)))
            .sum();
        partials.out_of_range += beyond;
        any |= beyond > 0;
    }
    any
}

/// Part `i` of so many things, `size` in each.
fn cut(i: usize, size: usize, of: usize) -> Range<usize> {
    i * size..((i + 1) * size).min(of)
}

/// All photons in runs, ascending by cell.
fn all_runs(places: Places) -> Vec<Run> {
    let photons = places.len();
    let runs: Vec<Vec<Run>> = (0..photons.div_ceil(TILE))
        .into_par_iter()
        .map_init(Finder::default, |finder, tile| {
            finder.all(places, cut(tile, TILE, photons))
        })
        .collect();
    let mut runs: Vec<Run> = runs.into_iter().flatten().collect();
    if !runs.is_sorted_by_key(|run| run.cell) {
        runs.par_sort_unstable_by_key(|run| (run.cell, run.photons.start));
    }
    runs
}

/// Of runs that ascend by cell.
fn sums(
    form: Form,
    (columns, positions): (&[&Column], Option<Positions>),
    runs: &[Run],
) -> JointRows {
    let mut rows = JointRows::new(form);
    let mut products = ProductSums::new(columns.len());
    for runs in runs.chunk_by(|a, b| a.cell == b.cell) {
        let cell = runs[0].cell;
        let photons = runs.iter().map(|run| run.photons.clone());
        match form {
            Form::Products(_) => {
                products.clear();
                photons.for_each(|photons| products.add(columns, photons));
                if let Some(row) = products.row() {
                    rows.push(cell, row);
                }
            }
            Form::Ends => {
                for row in photons.filter_map(|photons| ends(columns[0], columns[1], photons)) {
                    rows.push(cell, &row);
                }
            }
            Form::Members(members) => photons.for_each(|photons| {
                members.add(&mut rows, cell, (columns, positions), photons);
            }),
            Form::Marks(_) => {}
        }
    }
    rows
}
