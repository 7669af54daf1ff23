//! The pages of Parquet columns, looked at before they are decoded.
//!
//! On the line: below `row_groups.rs`, before `named.rs` decodes. Headers of pages have no checksum of their
//! own, so what they say is held against each other, the footer and what a codec can do.

use parquet::basic::{Compression, Encoding, Type};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};

use super::header::{Bad, Kind, PageHeader, page_header};
use crate::source::{Bytes, read_up_to};

/// Bytes of a header that are read at first, and at most: statistics may be long.
const HEADER: usize = 256;
const LONGEST_HEADER: usize = 16 << 20;
/// Number of the encoding whose values are made of those before them.
const DELTA_BYTE_ARRAY: u8 = 7;

/// What the pages of columns take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Extent {
    /// The largest page as it is stored, and decompressed.
    pub stored: u64,
    pub plain: u64,
    /// The largest dictionary, decompressed.
    pub dictionary: u64,
    /// Bytes of a value, on average of the page where that is most.
    pub width: u64,
    /// Values of all pages, nulls among them.
    pub values: u64,
}

impl Extent {
    /// Bytes that a column takes while its pages are decoded.
    pub fn bytes(&self) -> u64 {
        self.stored + self.plain + 2 * self.dictionary
    }

    /// The larger of each, and all values.
    pub fn with(self, other: Self) -> Self {
        Self {
            stored: self.stored.max(other.stored),
            plain: self.plain.max(other.plain),
            dictionary: self.dictionary.max(other.dictionary),
            width: self.width.max(other.width),
            values: self.values + other.values,
        }
    }
}

/// One column in one row group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub group: usize,
    /// Of the leaves of the schema.
    pub column: usize,
}

impl Place {
    /// Looks at the headers of all pages.
    ///
    /// # Errors
    /// In words, the first header that is none or cannot be.
    pub fn look(self, file: &dyn Bytes, metadata: &ParquetMetaData) -> Result<Extent, String> {
        let group = metadata.row_group(self.group);
        let rows = u64::try_from(group.num_rows()).unwrap_or(0);
        let mut walk = Walk::new(group.column(self.column), rows);
        self.headers(file, metadata, |header, _| walk.add(header))?;
        walk.end().map_err(|what| self.says(metadata, &what))
    }

    /// Visits the header of each page, and the place of what is behind it.
    ///
    /// # Errors
    /// In words, the first header that is none; those of `visit`.
    pub fn headers(
        self,
        file: &dyn Bytes,
        metadata: &ParquetMetaData,
        mut visit: impl FnMut(&PageHeader, u64) -> Result<(), String>,
    ) -> Result<(), String> {
        let column = metadata.row_group(self.group).column(self.column);
        let (start, length) = range(column).ok_or_else(|| self.says(metadata, "lies nowhere"))?;
        if start + length > file.length() {
            return Err(self.says(metadata, "ends beyond the file"));
        }
        let (mut at, mut page) = (0, 0);
        while at < length {
            let wrong = |what: &str| self.says(metadata, &format!("page {page} {what}"));
            let header = header_at(file, start + at, length - at);
            let (header, bytes) = header.map_err(|e| wrong(&e))?;
            let behind = start + at + bytes;
            at += bytes + header.stored;
            if at > length {
                return Err(wrong("ends beyond its column"));
            }
            visit(&header, behind).map_err(|what| wrong(&what))?;
            page += 1;
        }
        Ok(())
    }

    pub fn says(self, metadata: &ParquetMetaData, what: &str) -> String {
        let column = metadata.row_group(self.group).column(self.column);
        let name = column.column_path().string();
        format!("column {name}, row group {}: {what}", self.group)
    }
}

/// First byte and length of a column's pages.
fn range(column: &ColumnChunkMetaData) -> Option<(u64, u64)> {
    let first = column
        .dictionary_page_offset()
        .unwrap_or(column.data_page_offset());
    let start = u64::try_from(first).ok()?;
    let length = u64::try_from(column.compressed_size()).ok()?;
    start.checked_add(length).map(|_| (start, length))
}

fn header_at(file: &dyn Bytes, at: u64, left: u64) -> Result<(PageHeader, u64), String> {
    let mut most = HEADER;
    loop {
        let count = left.min(most as u64) as usize;
        let bytes = read_up_to(file, at, count).map_err(|e| format!("cannot be read: {e}"))?;
        match page_header(&bytes) {
            Ok((header, length)) => return Ok((header, length as u64)),
            Err(Bad::Short) if bytes.len() == most && most < LONGEST_HEADER => most *= 8,
            Err(_) => return Err("has no header".to_owned()),
        }
    }
}

/// What the headers of a column have said so far.
struct Walk<'a> {
    column: &'a ColumnChunkMetaData,
    rows: u64,
    pages: u64,
    extent: Extent,
    /// Rows that pages of the second version say they have; `None` where there are others.
    rows_said: Option<u64>,
}

impl<'a> Walk<'a> {
    fn new(column: &'a ColumnChunkMetaData, rows: u64) -> Self {
        Self {
            column,
            rows,
            pages: 0,
            extent: Extent::default(),
            rows_said: Some(0),
        }
    }

    fn add(&mut self, page: &PageHeader) -> Result<(), String> {
        if page.kind == Kind::Index {
            self.pages += 1;
            return Ok(());
        }
        let codec = self.column.compression();
        let fits = if codec == Compression::UNCOMPRESSED || !page.is_compressed {
            page.plain == page.stored
        } else {
            page.plain <= most_expanded(codec, page.stored)
        };
        if !fits {
            return Err(format!(
                "says that its {} bytes stand for {}, which they cannot",
                page.stored, page.plain
            ));
        }
        let width = width(self.column);
        if page.kind == Kind::Dictionary {
            if self.pages > 0 {
                return Err("is a dictionary, and stands behind other pages".to_owned());
            }
            let least = page.values.saturating_mul(width.unwrap_or(4));
            if least > page.plain || width.is_some_and(|_| least < page.plain) {
                return Err(format!(
                    "says that {} bytes are a dictionary of {} values",
                    page.plain, page.values
                ));
            }
            self.extent.dictionary = page.plain;
        } else {
            self.data(page, width)?;
        }
        self.extent.stored = self.extent.stored.max(page.stored);
        self.pages += 1;
        Ok(())
    }

    fn data(&mut self, page: &PageHeader, width: Option<u64>) -> Result<(), String> {
        let named = |e: Encoding| {
            if e == Encoding::PLAIN_DICTIONARY {
                Encoding::RLE_DICTIONARY
            } else {
                e
            }
        };
        let listed = self.column.encodings().map(named).collect::<Vec<_>>();
        if !listed.is_empty() && encoding(page.encoding).is_none_or(|e| !listed.contains(&named(e)))
        {
            return Err(format!(
                "has encoding {}, which its column does not list",
                page.encoding
            ));
        }
        if page.kind == Kind::DataV2 {
            let values = page.values.checked_sub(page.nulls);
            let bytes = page.plain.checked_sub(page.levels);
            let (Some(values), Some(bytes)) = (values, bytes) else {
                return Err("says that it has more nulls or levels than it holds".to_owned());
            };
            let is_plain = encoding(page.encoding) == Some(Encoding::PLAIN);
            let said = width.map(|width| values.saturating_mul(width));
            // Arrow C++ before version 12 says no nulls where it keeps no statistics.
            let uncounted = page.nulls == 0 && self.column.column_descr().max_def_level() > 0;
            let fits = |said| said == bytes || (uncounted && said > bytes);
            if is_plain && !said.is_none_or(fits) {
                return Err(format!("says that {bytes} bytes are {values} values"));
            }
            self.rows_said = self.rows_said.map(|rows| rows + page.rows);
        } else {
            self.rows_said = None;
        }
        let each = page.plain.div_ceil(page.values.max(1));
        let each = if page.encoding == DELTA_BYTE_ARRAY {
            page.plain
        } else {
            each
        };
        self.extent = self.extent.with(Extent {
            plain: page.plain,
            width: each,
            values: page.values,
            ..Extent::default()
        });
        Ok(())
    }

    fn end(self) -> Result<Extent, String> {
        let said = u64::try_from(self.column.num_values()).unwrap_or(0);
        let values = self.extent.values;
        let is_flat = self.column.column_descr().max_rep_level() == 0;
        let rows = self.rows;
        if values != said || (is_flat && values != rows) || values < rows {
            return Err(format!(
                "its pages have {values} values, its column {said}, its row group {rows} rows"
            ));
        }
        // Arrow C++ before version 12 says values in place of rows of lists.
        let of_values = |said| !is_flat && said == values;
        if self
            .rows_said
            .is_some_and(|said| said != rows && !of_values(said))
        {
            return Err(format!("its pages say another number of rows than {rows}"));
        }
        Ok(self.extent)
    }
}

/// Bytes of a value; `None` where values differ in length.
fn width(column: &ColumnChunkMetaData) -> Option<u64> {
    match column.column_type() {
        Type::INT32 | Type::FLOAT => Some(4),
        Type::INT64 | Type::DOUBLE => Some(8),
        Type::INT96 => Some(12),
        Type::FIXED_LEN_BYTE_ARRAY => u64::try_from(column.column_descr().type_length()).ok(),
        Type::BOOLEAN | Type::BYTE_ARRAY => None,
    }
}

/// An encoding by its number.
fn encoding(number: u8) -> Option<Encoding> {
    Some(match number {
        0 => Encoding::PLAIN,
        2 => Encoding::PLAIN_DICTIONARY,
        3 => Encoding::RLE,
        5 => Encoding::DELTA_BINARY_PACKED,
        6 => Encoding::DELTA_LENGTH_BYTE_ARRAY,
        DELTA_BYTE_ARRAY => Encoding::DELTA_BYTE_ARRAY,
        8 => Encoding::RLE_DICTIONARY,
        9 => Encoding::BYTE_STREAM_SPLIT,
        _ => return None,
    })
}

/// Bytes that so many can decompress to.
fn most_expanded(codec: Compression, stored: u64) -> u64 {
    let each = match codec {
        // A copy of 64 bytes takes 3.
        Compression::SNAPPY => 22,
        // A byte of a length is for 255.
        Compression::LZ4 | Compression::LZ4_RAW => 255,
        // Two bits for 258.
        Compression::GZIP(_) => 1032,
        // Four bytes for a block of 128 KiB.
        Compression::ZSTD(_) => 1 << 15,
        // Some bytes for a block of 16 MiB.
        Compression::BROTLI(_) => 1 << 24,
        // The library says which it does not read.
        _ => return u64::MAX,
    };
    stored.saturating_mul(each).saturating_add(64)
}
