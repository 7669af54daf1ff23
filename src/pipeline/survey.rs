//! The survey: every granule is opened once, before any photon is read, so that column types are
//! known and a granule that cannot be opened is found before hours of work.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::batch::ColumnType;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::finalize::{StoreSchema, schema};
use crate::granule::{ColumnUnion, SourceColumn};
use crate::input::Input;
use crate::plan::{Plan, ShardSet};
use crate::report::Failed;
use crate::stat::Job;
use crate::store::check_schema;
use crate::table::{Drift, columns_read};

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
    /// The shards whose photons count; all where there is none.
    pub wanted: Option<ShardSet>,
    /// What differs between tables, and is no reason to stop.
    pub drift: Vec<String>,
}

/// Opens every granule of the plan and settles the types of the columns.
///
/// Granules have their say in the order of their file names, so the outcome does not depend on the
/// order in which they are given; one that is left out has none.
///
/// # Errors
/// A granule that cannot be used (strict), no granule with data to tell the types from, an output
/// that no store can hold.
pub fn survey(config: &Config, plan: &Plan, tolerant: bool) -> Result<Survey> {
    let mut by_name: Vec<&PathBuf> = plan.granules.iter().collect();
    by_name.sort_by_key(|path| (path.file_name(), *path));
    let mut union = ColumnUnion::default();
    let mut drift = Drift::default();
    let mut failed = absent(plan, tolerant)?;
    let mut left_out = BTreeSet::new();
    for path in by_name {
        match ask(path, config, &mut union, &mut drift) {
            Ok(()) => {}
            Err(error) if tolerant => {
                left_out.insert(path);
                failed.push(Failed {
                    granule: file_name(path),
                    reason: error.to_string(),
                });
            }
            Err(error) => return Err(error),
        }
    }
    let Some(columns) = union.into_columns() else {
        return Err(nothing_to_read(config, plan, &failed));
    };
    let granules = plan.granules.iter().filter(|path| !left_out.contains(path));
    let granules = granules.cloned().collect();
    let job = Job::new(config, &columns);
    let schema = schema(config, &job, &columns)?;
    check_schema(&schema).map_err(|message| Error::config(&config.name, message))?;
    Ok(Survey {
        types: columns.iter().map(|c| c.column_type).collect(),
        granules,
        failed,
        columns,
        job,
        schema,
        wanted: plan.wanted.as_ref().map(|wanted| wanted.shards.clone()),
        drift: drift.notes(&columns_read(config)),
    })
}

/// Granules that the plan has no file of: an error, or in a tolerant run left out.
fn absent(plan: &Plan, tolerant: bool) -> Result<Vec<Failed>> {
    if let Some(first) = plan.absent.first().filter(|_| !tolerant) {
        let more = match plan.absent.len() - 1 {
            0 => String::new(),
            more => format!(" (and {more} more granules)"),
        };
        return Err(Error::Usage(format!("{}{more}", first.reason)));
    }
    let failed = plan.absent.iter().map(|absent| Failed {
        granule: absent.granule.clone(),
        reason: absent.reason.clone(),
    });
    Ok(failed.collect())
}

/// Adds what a granule says of its columns, if all that the config needs of it can be opened.
fn ask(path: &Path, config: &Config, union: &mut ColumnUnion, drift: &mut Drift) -> Result<()> {
    let granule = Input::describe(path, config)?;
    let Some(found) = granule.columns else {
        return Ok(());
    };
    let name = format!("granule {}", granule.name);
    union.add(&name, found).map_err(|clash| {
        let message = format!("{clash}; run the two kinds of granules separately");
        Error::granule(&*granule.name, message)
    })?;
    if let Some(columns) = granule.table_columns {
        drift.add(&granule.name, columns);
    }
    Ok(())
}

fn nothing_to_read(config: &Config, plan: &Plan, failed: &[Failed]) -> Error {
    if let Some(first) = failed.first() {
        return Error::NoGranule {
            granules: plan.granules.len() + plan.absent.len(),
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

pub(super) fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |n| n.to_string_lossy().into_owned(),
    )
}
