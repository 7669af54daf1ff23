//! Every dataset of a granule that is decoded chunk by chunk, still in its chunks.
//!
//! Beside the line, which reads the datasets that a config names: for whoever decodes chunks elsewhere and wants all
//! there are.

use std::sync::Arc;

use hdf5::Group;

use super::columns::SourceDataset;
use super::file::GranuleFile;
use crate::error::Result;
use crate::photon::stored::{Source, StoredColumn};
use crate::source::Bytes;

/// A column of a dataset of two dimensions that is looked for at most.
const MOST_COLUMNS: usize = 8;

impl GranuleFile {
    /// Columns by the paths of their datasets, sorted; datasets that are read in any other way are left out.
    ///
    /// # Errors
    /// A group that cannot be listed.
    pub fn in_chunks(&self) -> Result<Vec<(String, StoredColumn<impl Source + use<>>)>> {
        let mut found: Vec<(String, StoredColumn<Arc<dyn Bytes>>)> = Vec::new();
        let mut groups: Vec<Group> = self.find_group("/")?.into_iter().collect();
        while let Some(group) = groups.pop() {
            let listed = group.groups().and_then(|below| {
                groups.extend(below);
                group.datasets()
            });
            let listed = listed.map_err(|e| self.damaged(format!("list {}", group.name()), &e))?;
            for dataset in listed {
                let path = dataset.name();
                let columns = [None].into_iter().chain((0..MOST_COLUMNS).map(Some));
                found.extend(columns.filter_map(|column| self.column_in_chunks(&path, column)));
            }
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(found)
    }

    fn column_in_chunks(
        &self,
        path: &str,
        column: Option<usize>,
    ) -> Option<(String, StoredColumn<Arc<dyn Bytes>>)> {
        let source = SourceDataset::open(self, path, column).ok()?;
        let stored = self.stored(&source).ok()?;
        let chunked = stored.direct()?;
        Some((path.to_owned(), chunked.stored(0..source.rows)))
    }
}
