//! Tables that icefold wrote, known again by what is in them, and to which store they belong.
//!
//! Beside `errors.rs`, and `src/store/table.rs`, which writes cells.

use std::fmt::Display;
use std::path::Path;

use super::file::{Format, TableFile};
use super::{left_out, one_line};
use crate::error::Error;
use crate::place::{Artefact, Folder};

/// The key of the file's metadata under which a table has the content hash of its store.
pub(crate) const CONTENT: &str = "content_sha256";

/// Cells as a table, as files.
pub const TABLE: Artefact = Artefact {
    noun: "table",
    needs_flag: true,
    folder: Folder::Made,
    wrote,
};

/// Error tables as files.
pub const ERROR_TABLE: Artefact = Artefact {
    noun: "error table",
    needs_flag: true,
    folder: Folder::Made,
    wrote: wrote_errors,
};

/// Whether a file is a table of cells that icefold wrote.
fn wrote(path: &Path) -> bool {
    TableFile::open(path).is_ok_and(|table| table.schema.metadata().contains_key("icefold"))
}

/// Whether a file is an error table.
fn wrote_errors(path: &Path) -> bool {
    TableFile::open(path).is_ok_and(|table| left_out::is_one(&table))
}

/// The content hash of the store that a table belongs to; `None` where it says none.
pub fn content_of(path: &Path) -> Option<String> {
    let table = TableFile::open(path).ok()?;
    match &table.format {
        Format::Parquet(metadata) => {
            let pairs = metadata.metadata().file_metadata().key_value_metadata()?;
            let pair = pairs.iter().find(|pair| pair.key == CONTENT)?;
            pair.value.clone()
        }
        Format::ArrowFile(messages) => messages.metadata.get(CONTENT).cloned(),
        Format::ArrowStream(_) => None,
    }
}

/// A table that the libraries could not write.
pub(crate) fn write_failed(target: &Path, error: &dyn Display) -> Error {
    Error::io("write", target, std::io::Error::other(one_line(&error)))
}
