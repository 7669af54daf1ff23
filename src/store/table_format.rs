//! The format of a table of cells, told by its name.

use std::path::Path;

use crate::error::{Error, Result, Setting, phrase};
use crate::features::Feature;

/// The format of a table that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableFormat {
    Parquet,
    /// Arrow IPC, the file format.
    Arrow,
}

impl TableFormat {
    /// The format that a file name asks for.
    ///
    /// # Errors
    /// An extension of neither; a build that writes no tables.
    pub fn of(path: &Path) -> Result<Self> {
        let format = Self::named(path).ok_or_else(|| {
            Error::argument(phrase![
                Setting::Table.to(path.display()),
                ": the extension tells the format; use .parquet, or .arrow for Arrow IPC"
            ])
        })?;
        Feature::Parquet.needed_for(&format!("write table {}", path.display()))?;
        Ok(format)
    }

    /// The format of a file name; `None` of an extension of neither.
    pub(crate) fn named(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?;
        match extension.to_ascii_lowercase().as_str() {
            "parquet" | "pq" | "geoparquet" => Some(Self::Parquet),
            "arrow" | "feather" | "ipc" => Some(Self::Arrow),
            _ => None,
        }
    }
}
