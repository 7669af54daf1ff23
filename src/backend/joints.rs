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
    Form, Job, Joint, JointRows, Partials, Placed, ProductSums, beyond_range, ends, without_word,
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
            let summed = Summed::of(joint.form, places);
            let summed = summed.ok_or_else(|| without_places(&described.name))?;
            let parts: Vec<JointRows> = runs
                .par_chunks(part)
                .map(|runs| sums((joint.form, summed), &joined, runs))
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

/// What photons add to rows.
#[derive(Clone, Copy)]
#[allow(clippy::large_enum_variant, reason = "one for each task")]
enum Summed<'a> {
    Products,
    Ends,
    Members(Placed<'a>),
    /// Marks are not of photons.
    Nothing,
}

impl<'a> Summed<'a> {
    /// `None` of photons whose places are kept and known to nobody.
    fn of(form: Form, places: Places<'a>) -> Option<Self> {
        match form {
            Form::Products(_) => Some(Self::Products),
            Form::Ends => Some(Self::Ends),
            Form::Members(members) => members.at(places.positions()).map(Self::Members),
            Form::Marks(_) => Some(Self::Nothing),
        }
    }
}

/// That a digest is to tell where photons are, of which only the cells are known.
fn without_places(column: &str) -> Error {
    Error::argument(format!(
        "column {column}: a digest with location asks where each photon is, and only cells of photons are given; give \
         longitudes and latitudes, or leave location out"
    ))
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
fn sums((form, summed): (Form, Summed), columns: &[&Column], runs: &[Run]) -> JointRows {
    let mut rows = JointRows::new(form);
    let mut products = ProductSums::new(columns.len());
    for runs in runs.chunk_by(|a, b| a.cell == b.cell) {
        let cell = runs[0].cell;
        let photons = runs.iter().map(|run| run.photons.clone());
        match summed {
            Summed::Products => {
                products.clear();
                photons.for_each(|photons| products.add(columns, photons));
                if let Some(row) = products.row() {
                    rows.push(cell, row);
                }
            }
            Summed::Ends => {
                for row in photons.filter_map(|photons| ends(columns[0], columns[1], photons)) {
                    rows.push(cell, &row);
                }
            }
            Summed::Members(kept) => {
                photons.for_each(|photons| kept.add(&mut rows, cell, columns, photons));
            }
            Summed::Nothing => {}
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use crate::grid::{Grid, Locator, Order};
    use crate::photon::{ColumnType, Values};
    use crate::stat::{ColumnOrigin, JobColumn, Members, Needs, Resolution};

    fn job(location: bool) -> Job {
        let members = Members {
            location,
            clock: None,
        };
        Job {
            columns: vec![JobColumn {
                name: "h".to_owned(),
                origin: ColumnOrigin::Source(0),
                column_type: ColumnType::F64,
                resolution: Resolution::DEFAULT,
                needs: Needs {
                    joints: vec![Joint {
                        form: Form::Members(members),
                        others: Vec::new(),
                    }],
                    ..Needs::default()
                },
            }],
            outputs: Vec::new(),
        }
    }

    /// The rows of photons in two cells.
    fn rows(job: &Job, places: Places) -> Result<JointRows> {
        let columns = [Column {
            values: Values::F64(vec![1.0, 2.0, 3.0].into()),
            nulls: None,
        }];
        let mut partials = Partials::empty(job);
        for (cell, values) in [(4, &[1.0, 2.0][..]), (9, &[3.0][..])] {
            partials.cells.push(cell);
            partials.photons.push(values.len() as u64);
            partials.columns[0].push_cell(values, &job.columns[0]);
        }
        add_joints(places, &columns, job, &mut partials)?;
        Ok(partials.columns[0].joints[0].clone())
    }

    #[test]
    fn a_place_that_nobody_knows_is_refused_and_none_is_made_up() {
        let cells = [4, 4, 9];
        let found = rows(&job(false), Places::Cells(&cells)).unwrap();
        assert_eq!(found.len(), 3);
        let refused = rows(&job(true), Places::Cells(&cells)).unwrap_err();
        assert_eq!(refused.kind(), Kind::Argument);
        assert!(
            refused
                .to_string()
                .contains("column h: a digest with location")
        );
        // Positions tell them.
        let (grid, order) = (Grid::default(), Order::new(3).unwrap());
        let locator = Locator::new(order, grid);
        let centers = cells.map(|cell| grid.center(order, cell));
        let (lon, lat) = (centers.map(|at| at.0), centers.map(|at| at.1));
        let places = Places::Positions {
            locator,
            grid: &grid,
            lon: &lon,
            lat: &lat,
        };
        let found = rows(&job(true), places).unwrap();
        assert!([4, 9].iter().all(|cell| found.get(*cell).unwrap()[1] != 0));
    }
}
