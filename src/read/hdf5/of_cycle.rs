//! Which column of a 2-D dataset is that of a cycle of the orbit.
//!
//! On the line: `track.rs`, the survey and `donor.rs` ask it where a source column names a cycle. ATL11 has a column for
//! each cycle, from the first to the last that a granule is made of, and says in `cycle_number` beside the dataset which
//! is which.

use super::file::GranuleFile;
use crate::Result;
use crate::config::Variable;
use crate::photon::Column;

/// The dataset that says the cycles of the columns of those beside it.
const CYCLES: &str = "cycle_number";
/// Columns that are looked at.
const MOST: u64 = 1024;

/// The column of a source column's dataset, which is at `path`: as the config says it, or that of its cycle.
///
/// # Errors
/// Nothing says which columns are of which cycles, none or several are of this one, or there are as many cycles as there
/// are no columns.
pub(super) fn column_of(
    granule: &GranuleFile,
    variable: &Variable,
    path: &str,
) -> Result<Option<usize>> {
    let Some(cycle) = variable.cycle else {
        return Ok(variable.column);
    };
    let group = path.rsplit_once('/').map_or("", |(group, _)| group);
    let told_at = format!("{group}/{CYCLES}");
    if !granule.has(&told_at)? {
        // That of a dataset that is not there is said first.
        granule.dataset(path)?;
        return Err(granule.error(format!(
            "the column of cycle {cycle} of {path} is asked for, and there is no {told_at} that tells the cycles of \
             columns; give `column` in place of `cycle`"
        )));
    }
    let cycles = numbers(&granule.read_dataset(&told_at, None, MOST)?.column);
    let shape = granule.dataset(path)?.dataset.shape();
    match shape[..] {
        [_, columns] if columns == cycles.len() => {}
        _ => {
            let shape: Vec<String> = shape.iter().map(usize::to_string).collect();
            return Err(granule.error(format!(
                "the column of cycle {cycle} of {path} is asked for, which is of shape ({}), and {told_at} has {} \
                 cycles; use a dataset with a column for each",
                shape.join(", "),
                cycles.len()
            )));
        }
    }
    let mut found = (0..cycles.len()).filter(|&i| cycles[i] == Some(f64::from(cycle)));
    match (found.next(), found.next()) {
        (Some(column), None) => Ok(Some(column)),
        (Some(_), Some(_)) => Err(granule.error(format!(
            "several columns of {path} are of cycle {cycle} by {told_at}; give `column` in place of `cycle`"
        ))),
        (None, _) => Err(granule.error(format!(
            "{path} has no column of cycle {cycle}: {told_at} is {}; choose one of these, or leave the granule out",
            listed(&cycles)
        ))),
    }
}

/// The numbers of a column; `None` for nulls.
fn numbers(column: &Column) -> Vec<Option<f64>> {
    let rows = 0..column.values.len();
    rows.map(|i| column.is_valid(i).then(|| column.values.get_f64(i)))
        .collect()
}

/// Cycles in words: from the first to the last where none is left out.
fn listed(cycles: &[Option<f64>]) -> String {
    let one = |cycle: &Option<f64>| cycle.map_or("null".to_owned(), |cycle| cycle.to_string());
    let ascend = cycles.windows(2).all(|pair| match (pair[0], pair[1]) {
        (Some(a), Some(b)) => b - a == 1.0,
        _ => false,
    });
    match cycles {
        [] => "empty".to_owned(),
        [first, .., last] if ascend => format!("{} to {}", one(first), one(last)),
        all => all.iter().map(one).collect::<Vec<_>>().join(", "),
    }
}
