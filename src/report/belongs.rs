//! Whether the store and the tables beside a report belong to its run.
//!
//! Beside the line: `icefold inspect run.json`. The results of a run are known by the content hash of the
//! store, which is computed from its values and written into the report and the tables.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::document::Report;
use crate::read::table::content_of as content_of_table;
use crate::store::content_of as content_of_store;

/// Something that a report names, and whether it is of the report's run.
///
/// ```no_run
/// use icefold::inspect::{Inspection, Look, inspect};
///
/// # fn main() -> icefold::Result<()> {
/// if let Inspection::Report(report) = inspect("photons.zarr.run.json".as_ref(), Look::default())? {
///     if let Some(stranger) = report.stranger() {
///         println!("the {} at {} is not of this run", stranger.what, stranger.path);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Belonging {
    /// `store`, `table` or `error table`.
    pub what: &'static str,
    pub path: String,
    pub holds: bool,
}

/// What the report names, where it is, and whether it is of the run; nothing is said of what is not there,
/// or does not tell.
pub(super) fn belongs(report: &Report, path: &Path) -> Vec<Belonging> {
    let (content, store, table, errors) = match report {
        Report::Run(report) => (
            report.content_sha256.as_ref(),
            &report.store,
            &report.table,
            &report.errors.table,
        ),
        Report::Assembled(report) => (
            Some(&report.content_sha256),
            &report.store,
            &report.table,
            &report.errors.table,
        ),
    };
    let Some(content) = content else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut say = |what, at: &Path, holds| {
        let path = at.display().to_string();
        found.push(Belonging { what, path, holds });
    };
    if let Some(at) = place(store, path) {
        say(
            "store",
            &at,
            content_of_store(&at).is_ok_and(|of| of == *content),
        );
    }
    for (what, named) in [("table", table), ("error table", errors)] {
        let at = named.as_ref().and_then(|named| place(named, path));
        let of = at.as_ref().and_then(|at| content_of_table(at));
        if let (Some(at), Some(of)) = (at, of) {
            say(what, &at, of == *content);
        }
    }
    found
}

/// Where something that a report names is: beside the report, or where it was when that was written.
fn place(named: &str, report: &Path) -> Option<PathBuf> {
    let named = Path::new(named);
    let beside = report.with_file_name(named.file_name()?);
    [beside, named.to_path_buf()]
        .into_iter()
        .find(|path| path.exists())
}
