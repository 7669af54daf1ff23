//! Which tables icefold wrote, known by what is in them, and to which store they belong.
//!
//! Beside the error table, and `src/store/table.rs`, which writes cells.

use std::path::Path;

use super::file::{Format, TableFile};
use crate::digest::CONTENT;
use crate::place::{Artefact, Folder};

/// Cells as a table, as files.
pub const TABLE: Artefact = Artefact {
    noun: "table",
    needs_flag: true,
    folder: Folder::Made,
    wrote,
};

/// Whether a file is a table of cells that icefold wrote.
fn wrote(path: &Path) -> bool {
    TableFile::open(path).is_ok_and(|table| table.schema.metadata().contains_key("icefold"))
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
        Format::ArrowStream(_) | Format::Csv(_) => None,
    }
}
