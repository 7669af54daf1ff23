//! Looking at what is there: granules, tables, shard maps, reports, stores, and pieces of one.
//!
//! Beside the run. What a file or a folder is shows in itself; each kind is described where it is read. An
//! [`Inspection`] is JSON for programs (it is `Serialize`) and text for people (it is `Display`).

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::config::{Access, Config};
use crate::error::{Dialect, Neutral, Result};
use crate::read::{hdf5, table};
use crate::source::{is_object, register, shown};
use crate::{index, left_out, piece, plan, report, store};

pub use crate::store::{Citation, CitedProduct, cite};

/// What a file or a folder is, and what is in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Inspection {
    Granule(hdf5::Inspected),
    /// A table of photons, of cells, or of what a tolerant run left out.
    Table(left_out::Inspected),
    Map(plan::Inspected),
    /// What is known of granules, so that they need not be opened.
    Index(index::Inspected),
    Report(Box<report::Inspected>),
    Store(store::Inspected),
    Pieces(piece::Inspected),
}

/// How granules are looked at.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::config;
/// use icefold::inspect::Look;
///
/// let atl03 = config::load("atl03")?;
/// let look = Look { config: Some(&atl03), ..Look::default() };
/// assert!(!look.all);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Look<'a> {
    /// What a run with this config would read, and what that costs.
    pub config: Option<&'a Config>,
    /// Every dataset, of groups that are not known, too.
    pub all: bool,
    /// Where they may lead.
    pub access: Option<&'a Access>,
    /// Bytes that pages of an error table may take while they are decoded.
    pub memory: Option<u64>,
}

/// Looks at what is there.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::demo::{Recipe, write_granules_with};
/// use icefold::inspect::{Inspection, Look, inspect};
///
/// # let folder = tempfile::tempdir().unwrap();
/// let recipe = Recipe { granules: 1, segments_per_track: 50, seed: 1 };
/// let granules = write_granules_with(folder.path(), &recipe)?;
/// let found = inspect(&granules[0], Look::default())?;
/// assert!(matches!(found, Inspection::Granule(_)));
/// assert!(found.to_string().contains("ground tracks"));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// There is nothing, or what there is cannot be read or is damaged.
pub fn inspect(path: &Path, look: Look) -> Result<Inspection> {
    if piece::looks_like_pieces(path) {
        return piece::inspect(path).map(Inspection::Pieces);
    }
    if path.is_dir() {
        return store::inspect(path).map(Inspection::Store);
    }
    // What a pipe or a device holds shows only in waiting for it.
    if path.is_file() {
        if report::looks_like_a_report(path) {
            let found = report::inspect(path)?;
            return Ok(Inspection::Report(Box::new(found)));
        }
        if plan::looks_like_a_map(path) {
            return plan::inspect(path).map(Inspection::Map);
        }
        if index::looks_like_an_index(path) {
            return index::inspect(path).map(Inspection::Index);
        }
        if table::looks_like_a_table(path) || table::is_csv(path) {
            return left_out::inspect(path, look.memory).map(Inspection::Table);
        }
    }
    granule(path, look).map(Inspection::Granule)
}

fn granule(path: &Path, look: Look) -> Result<hdf5::Inspected> {
    let access = look.access.cloned().unwrap_or_default();
    if let Some(url) = path.to_str().filter(|_| is_object(path)) {
        register(&[url.to_owned()], &access.remote, false)?;
    }
    let shown = is_object(path).then(|| PathBuf::from(shown(&path.to_string_lossy())));
    let path = shown.as_deref().unwrap_or(path);
    let found = if look.all {
        hdf5::inspect_all(path, &access)?
    } else {
        hdf5::inspect(path, &access)?
    };
    let Some(config) = look.config else {
        return Ok(found);
    };
    let config = Config {
        access,
        ..config.clone()
    };
    found.with_cost(path, &config)
}

impl Inspection {
    /// The text for people, in the words of a dialect.
    pub fn render(&self, dialect: &dyn Dialect) -> String {
        match self {
            Self::Granule(found) => found.render(dialect),
            Self::Table(found) => found.render(dialect),
            Self::Map(found) => found.render(dialect),
            Self::Index(found) => found.to_string(),
            Self::Report(found) => found.render(dialect),
            Self::Store(found) => found.to_string(),
            Self::Pieces(found) => found.to_string(),
        }
    }
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(&Neutral))
    }
}
