//! The survey: every granule is opened once, before any photon is read, so that column types are
//! known and a granule that cannot be opened is found before hours of work.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::batch::ColumnType;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::finalize::{StoreSchema, schema, widest};
use crate::granule::{GranuleFile, SourceColumn};
use crate::plan::Plan;
use crate::report::Failed;
use crate::stat::Job;

/// What a run will do, resolved against its granules.
#[derive(Debug)]
pub struct Survey {
    /// Granules that can be opened.
    pub granules: Vec<PathBuf>,
    /// Granules that cannot (tolerant runs only).
    pub failed: Vec<Failed>,
    /// One per variable of the config.
    pub columns: Vec<SourceColumn>,
    /// The types that the columns are read in.
    pub types: Vec<ColumnType>,
    pub job: Job,
    pub schema: StoreSchema,
}

/// Opens every granule of the plan and settles the types of the columns.
///
/// # Errors
/// A granule that cannot be opened (strict), columns whose types do not agree, no granule with data
/// to tell the types from.
pub fn survey(config: &Config, plan: &Plan, tolerant: bool) -> Result<Survey> {
    let mut granules = Vec::new();
    let mut failed = Vec::new();
    let mut columns: Option<Vec<SourceColumn>> = None;
    let mut texts: Vec<[BTreeSet<String>; 2]> = vec![Default::default(); config.variables.len()];
    for path in &plan.granules {
        let surveyed = GranuleFile::open(path).and_then(|granule| {
            let found = granule.source_columns(config)?;
            for (seen, column) in texts.iter_mut().zip(found.iter().flatten()) {
                seen[0].extend(column.units.clone());
                seen[1].extend(column.long_name.clone());
            }
            match (&mut columns, found) {
                (Some(known), Some(found)) => widen(known, &found, granule.name()),
                (known @ None, Some(found)) => {
                    *known = Some(found);
                    Ok(())
                }
                (_, None) => Ok(()),
            }
        });
        match surveyed {
            Ok(()) => granules.push(path.clone()),
            Err(error) if tolerant => failed.push(Failed {
                granule: file_name(path),
                reason: error.to_string(),
            }),
            Err(error) => return Err(error),
        }
    }
    let Some(mut columns) = columns else {
        return Err(nothing_to_read(config, plan, &failed));
    };
    for (column, [units, long_names]) in columns.iter_mut().zip(texts) {
        column.units = agreed(units);
        column.long_name = agreed(long_names);
    }
    let job = Job::new(config, &columns);
    let schema = schema(config, &job, &columns)?;
    Ok(Survey {
        types: columns.iter().map(|c| c.column_type).collect(),
        granules,
        failed,
        columns,
        job,
        schema,
    })
}

/// What granules say of a column, where all that say anything say the same.
fn agreed(texts: BTreeSet<String>) -> Option<String> {
    let mut texts = texts.into_iter();
    let first = texts.next();
    if texts.next().is_some() { None } else { first }
}

fn nothing_to_read(config: &Config, plan: &Plan, failed: &[Failed]) -> Error {
    if let Some(first) = failed.first() {
        return Error::NoGranule {
            granules: plan.granules.len(),
            first: first.reason.clone(),
        };
    }
    let names: Vec<String> = plan.granules.iter().take(3).map(|g| file_name(g)).collect();
    Error::Usage(format!(
        "no granule ({}) has data at {} in any of the ground tracks {}; check that config {} fits \
         the product",
        names.join(", "),
        config.latitude,
        config.ground_tracks.join(", "),
        config.name
    ))
}

/// Widens the known types to hold this granule's too.
fn widen(known: &mut [SourceColumn], found: &[SourceColumn], granule: &str) -> Result<()> {
    for (known, found) in known.iter_mut().zip(found) {
        let Some(column_type) = widest(known.column_type, found.column_type) else {
            return Err(Error::granule(
                granule,
                format!(
                    "column {} is {}, in the granules before it {}; run the two kinds of granules \
                     separately",
                    known.name,
                    found.dtype.name(),
                    known.dtype.name()
                ),
            ));
        };
        known.dtype = known.dtype.wider(found.dtype);
        known.column_type = column_type;
    }
    Ok(())
}

pub(super) fn file_name(path: &std::path::Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |n| n.to_string_lossy().into_owned(),
    )
}
