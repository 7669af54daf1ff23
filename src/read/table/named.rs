//! The pages of Parquet columns, decoded, and named where they are damaged.
//!
//! On the line: below `row_groups.rs`, of pages that `pages.rs` has looked at. Of what a page holds its CRC-32 is
//! verified where it has one.

use std::sync::Arc;

use parquet::column::page::{Page, PageIterator, PageMetadata, PageReader};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::serialized_reader::SerializedPageReader;

use super::metered::Metered;
use super::pages::Place;

impl Place {
    /// The pages, decoded one by one.
    pub fn read(
        self,
        file: &Arc<Metered>,
        metadata: &Arc<ParquetMetaData>,
    ) -> parquet::errors::Result<NamedPages> {
        let group = metadata.row_group(self.group);
        let rows = usize::try_from(group.num_rows())?;
        let column = group.column(self.column);
        Ok(NamedPages {
            inner: SerializedPageReader::new(Arc::clone(file), column, rows, None)?,
            metadata: Arc::clone(metadata),
            place: self,
            next: 0,
        })
    }
}

/// Pages of one column in one row group, whose errors say so.
pub(super) struct NamedPages {
    inner: SerializedPageReader<Metered>,
    metadata: Arc<ParquetMetaData>,
    place: Place,
    next: u64,
}

impl NamedPages {
    fn named<T>(&self, result: parquet::errors::Result<T>) -> parquet::errors::Result<T> {
        result.map_err(|error| {
            let said = error.to_string();
            let what = if said.contains("CRC checksum mismatch") {
                format!("page {} does not fit its checksum", self.next)
            } else {
                format!("page {}: {said}", self.next)
            };
            ParquetError::General(self.place.says(&self.metadata, &what))
        })
    }
}

impl Iterator for NamedPages {
    type Item = parquet::errors::Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for NamedPages {
    fn get_next_page(&mut self) -> parquet::errors::Result<Option<Page>> {
        let page = self.inner.get_next_page();
        let page = self.named(page)?;
        self.next += 1;
        Ok(page)
    }

    fn peek_next_page(&mut self) -> parquet::errors::Result<Option<PageMetadata>> {
        let page = self.inner.peek_next_page();
        self.named(page)
    }

    fn skip_next_page(&mut self) -> parquet::errors::Result<()> {
        let skipped = self.inner.skip_next_page();
        self.named(skipped)?;
        self.next += 1;
        Ok(())
    }

    fn at_record_boundary(&mut self) -> parquet::errors::Result<bool> {
        let boundary = self.inner.at_record_boundary();
        self.named(boundary)
    }
}

/// The pages of a column in one row group after the other.
pub(super) struct GroupPages {
    pub file: Arc<Metered>,
    pub metadata: Arc<ParquetMetaData>,
    pub column: usize,
    /// Those not yet begun, the last first.
    pub groups: Vec<usize>,
}

impl Iterator for GroupPages {
    type Item = parquet::errors::Result<Box<dyn PageReader>>;

    fn next(&mut self) -> Option<Self::Item> {
        let place = Place {
            group: self.groups.pop()?,
            column: self.column,
        };
        let pages = place.read(&self.file, &self.metadata);
        Some(pages.map(|pages| Box::new(pages) as Box<dyn PageReader>))
    }
}

impl PageIterator for GroupPages {}
