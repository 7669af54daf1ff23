//! The oracle: the slow and plain answer, photon by photon on one thread, without keys, sorting or merging.
//!
//! Cells are those of the reference locate, which the tests hold to the papers' equations; all else is its own.
//! Beside the line: `icefold bench` shows no time of a device whose partials differ from these, and times are
//! compared with it as the single-threaded reference.

use std::collections::BTreeMap;

use crate::config::GridConfig;
use crate::grid::Locator;
use crate::photon::{Column, PhotonBatch, Values};
use crate::stat::{self, ColumnPartials, Form, Job, JobColumn, JointRows, Partials};
use crate::stat::{Positions, ProductSums, Remainder, ends};

/// Partials of a batch of the job's columns: the values of each cell gathered, in the order of
/// photons, and folded by the definition of the algebra.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::arrays::{Columns, Question, Statistic, Timed, Workload, oracle};
/// use icefold::config::{Latitude, Order};
///
/// let columns = Columns {
///     lon: "lon".to_owned(),
///     lat: "lat".to_owned(),
///     values: vec!["h".to_owned()],
///     weights: None,
/// };
/// let cells = (Order::new(8).unwrap(), Latitude::AuthalicWgs84);
/// let question = Question::new(&columns, &[Statistic::Median], cells, None)?;
/// let photons = Workload::named("one_cell").unwrap().photons(100);
/// let timed = Timed::new(&question, photons)?;
/// let partials = oracle(timed.batch(), timed.grid(), &timed.job);
/// assert_eq!(partials.len(), 1);
/// # Ok(())
/// # }
/// ```
pub fn oracle(batch: &PhotonBatch, grid: &GridConfig, job: &Job) -> Partials {
    let locator = grid.locator();
    let mut cells: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
    for (i, (&lon, &lat)) in batch.lon.iter().zip(&batch.lat).enumerate() {
        cells
            .entry(locator.cell(lon, lat))
            .or_default()
            .push(i as u32);
    }
    let positions = Locator::of_points(&grid.kind).map(|locator| Positions {
        locator,
        lon: &batch.lon,
        lat: &batch.lat,
    });
    let mut partials = Partials::empty(job);
    for (cell, photons) in cells {
        partials.cells.push(cell);
        partials.photons.push(photons.len() as u64);
        for (i, column) in partials.columns.iter_mut().enumerate() {
            push(column, &batch.columns[i], (cell, &photons), &job.columns[i]);
            for (rows, joint) in column.joints.iter_mut().zip(&job.columns[i].needs.joints) {
                let all = std::iter::once(&i).chain(&joint.others);
                let columns: Vec<&Column> = all.map(|&c| &batch.columns[c]).collect();
                push_joint(rows, (&columns, positions), cell, &photons);
            }
        }
    }
    partials
}

/// Photon by photon.
fn push_joint(
    rows: &mut JointRows,
    (columns, positions): (&[&Column], Option<Positions>),
    cell: u64,
    photons: &[u32],
) {
    for photon in photons.iter().map(|&photon| photon as usize) {
        let photon = photon..photon + 1;
        match rows.form() {
            Form::Products(_) => {
                let mut one = ProductSums::new(columns.len());
                one.add(columns, photon);
                if let Some(row) = one.row() {
                    rows.push(cell, row);
                }
            }
            Form::Ends => {
                if let Some(row) = ends(columns[0], columns[1], photon) {
                    rows.push(cell, &row);
                }
            }
            Form::Members(members) => {
                if let Some(kept) = members.at(positions) {
                    kept.add(rows, cell, columns, photon);
                }
            }
            Form::Marks(_) => {}
        }
    }
}

fn push(
    partials: &mut ColumnPartials,
    column: &Column,
    (cell, photons): (u64, &[u32]),
    described: &JobColumn,
) {
    let valid = photons
        .iter()
        .map(|&i| i as usize)
        .filter(|&i| column.is_valid(i));
    match &column.values {
        Values::F32(v) => push_cell(partials, cell, valid.map(|i| v[i]), described),
        Values::F64(v) => push_cell(partials, cell, valid.map(|i| v[i]), described),
        Values::I64(v) => push_cell(partials, cell, valid.map(|i| v[i]), described),
    }
}

fn push_cell<T: stat::Value>(
    partials: &mut ColumnPartials,
    cell: u64,
    values: impl Iterator<Item = T>,
    described: &JobColumn,
) {
    let values: Vec<T> = values.collect();
    partials.push_cell(&values, described);
    let rule = described.remainder_rule();
    let remainder = rule.and_then(|rule| Remainder::of(cell, &values, &rule));
    partials.remainders.append(remainder);
}
