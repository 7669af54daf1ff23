//! How long the lists in the rows of a Parquet table are, known before they are decoded.
//!
//! On the line: below `row_groups.rs`, where row groups have more values than a piece. Rows are decoded so
//! many at a time, and lists of any length may stand behind each other; so the repetition levels of every
//! page are looked at first, which say where rows begin, and of most pages nothing behind them is decompressed
//! for that. Format: Apache Parquet, "Run Length Encoding / Bit-Packing Hybrid".

use std::sync::Arc;

use parquet::basic::Encoding;
use parquet::column::page::Page;
use parquet::file::metadata::ParquetMetaData;

use super::front::front;
use super::header::Kind;
use super::metered::Metered;
use super::pages::Place;

/// Number of the encoding of levels that is read.
const RLE: u64 = 3;
/// Numbers of rows that are tried: powers of two up to this one.
const SIZES: usize = 21;

/// The most values in so many rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Windows {
    /// Rows that have ended, and values of the one that has not.
    rows: u64,
    open: u64,
    /// By power of two: values in the rows so far, and in those of the fullest window.
    sums: [u64; SIZES],
    most: [u64; SIZES],
    /// The row with most values.
    pub longest: u64,
}

impl Windows {
    /// A value, with which a row begins or not.
    fn take(&mut self, begins: bool) {
        if begins {
            self.end_row();
        }
        self.open += 1;
    }

    /// The row that is open has ended.
    pub fn end_row(&mut self) {
        if self.open == 0 {
            return;
        }
        if self.open > self.most[0] {
            self.longest = self.rows;
        }
        let mut values = std::mem::take(&mut self.open);
        self.rows += 1;
        for power in 0..SIZES {
            self.sums[power] += values;
            self.most[power] = self.most[power].max(self.sums[power]);
            // Windows of twice as many rows take whole ones.
            if !self.rows.is_multiple_of(1 << power) {
                return;
            }
            values = std::mem::take(&mut self.sums[power]);
        }
    }

    /// Values in the longest row.
    pub fn most_in_a_row(&self) -> u64 {
        self.most[0]
    }

    /// The most rows of which no window has more values; one at least.
    pub fn rows_within(&self, values: u64) -> usize {
        let fits = |power: &usize| self.most_in(*power) <= values;
        let power = (0..SIZES).rev().find(fits);
        1 << power.unwrap_or(0)
    }

    /// A window that is not full has what is in the smaller ones.
    fn most_in(&self, power: usize) -> u64 {
        let open: u64 = self.sums[..=power].iter().sum();
        self.most[power].max(open)
    }

    /// Looks at the levels of a column in one row group, of pages that [`Place::look`] has looked at.
    ///
    /// # Errors
    /// Pages that cannot be decoded, levels that are none.
    pub fn add(
        &mut self,
        place: Place,
        file: &Arc<Metered>,
        metadata: &Arc<ParquetMetaData>,
    ) -> parquet::errors::Result<()> {
        let mut fronts = self.clone();
        if fronts.add_fronts(place, file, metadata).is_ok() {
            *self = fronts;
            return Ok(());
        }
        // What is wrong is told by who decodes a page whole; so are levels that stand elsewhere than in front.
        self.add_whole(place, file, metadata)
    }

    /// The same, of levels that can be had without the values behind them.
    fn add_fronts(
        &mut self,
        place: Place,
        file: &Metered,
        metadata: &ParquetMetaData,
    ) -> Result<(), String> {
        let other = || "has other levels";
        let codec = metadata.row_group(place.group).column(place.column);
        let codec = codec.compression();
        place.headers(file.source(), metadata, |page, at| {
            let read = |length: u64| {
                let mut bytes = vec![0; length as usize];
                let read = file.read_at(at, &mut bytes);
                read.map(|()| bytes).map_err(|e| e.to_string())
            };
            let levels = match page.kind {
                Kind::Dictionary | Kind::Index => return Ok(()),
                // They are never compressed.
                Kind::DataV2 if page.repetition <= page.stored => read(page.repetition)?,
                Kind::Data if page.repetition == RLE => {
                    let stored = read(page.stored)?;
                    let length = front(codec, &stored, 4).ok_or_else(other)?;
                    let length = length.iter().rev();
                    let length = length.fold(0_u64, |sum, &b| sum << 8 | u64::from(b));
                    let all = Some(length + 4).filter(|all| *all <= page.plain);
                    let all = all.and_then(|all| front(codec, &stored, all as usize));
                    all.ok_or_else(other)?.split_off(4)
                }
                _ => return Err(other().to_owned()),
            };
            let counted = self.levels(&levels, page.values);
            counted.map_err(|()| other().to_owned())
        })?;
        self.end_row();
        Ok(())
    }

    fn add_whole(
        &mut self,
        place: Place,
        file: &Arc<Metered>,
        metadata: &Arc<ParquetMetaData>,
    ) -> parquet::errors::Result<()> {
        for page in place.read(file, metadata)? {
            let found = self.page(&page?);
            found.map_err(|what| {
                parquet::errors::ParquetError::General(place.says(metadata, what))
            })?;
        }
        self.end_row();
        Ok(())
    }

    fn page(&mut self, page: &Page) -> Result<(), &'static str> {
        let short = "has fewer repetition levels than values";
        match page {
            Page::DataPage {
                buf,
                num_values,
                rep_level_encoding,
                ..
            } => {
                if *rep_level_encoding != Encoding::RLE {
                    return Err(
                        "has repetition levels as only old writers encode them; write it again",
                    );
                }
                let (length, levels) = buf.split_first_chunk::<4>().ok_or(short)?;
                let levels = levels.get(..u32::from_le_bytes(*length) as usize);
                self.levels(levels.ok_or(short)?, (*num_values).into())
            }
            Page::DataPageV2 {
                buf,
                num_values,
                rep_levels_byte_len,
                ..
            } => {
                let levels = buf.get(..*rep_levels_byte_len as usize).ok_or(short)?;
                self.levels(levels, (*num_values).into())
            }
            Page::DictionaryPage { .. } => Ok(()),
        }
        .map_err(|()| short)
    }

    /// Levels of one bit: 0 where a row begins.
    fn levels(&mut self, mut bytes: &[u8], mut values: u64) -> Result<(), ()> {
        while values > 0 {
            let mut head = 0_u64;
            for shift in (0..).step_by(7) {
                let (&byte, rest) = bytes.split_first().ok_or(())?;
                bytes = rest;
                if shift > 28 {
                    return Err(());
                }
                head |= u64::from(byte & 0x7f) << shift;
                if byte & 0x80 == 0 {
                    break;
                }
            }
            let count = head >> 1;
            if head & 1 == 0 {
                let (&level, rest) = bytes.split_first().ok_or(())?;
                bytes = rest;
                let run = count.min(values);
                if level == 0 {
                    (0..run).for_each(|_| self.take(true));
                } else {
                    self.open += run;
                }
                values -= run;
            } else {
                // Groups of eight.
                let there = (bytes.len() as u64).min(count);
                let (groups, rest) = bytes.split_at(there as usize);
                bytes = rest;
                for place in 0..(8 * there).min(values) {
                    self.take(groups[(place / 8) as usize] >> (place % 8) & 1 == 0);
                }
                values -= (8 * there).min(values);
                if there < count && values > 0 {
                    return Err(());
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int32Array, ListArray, RecordBatch};
    use arrow::datatypes::Int32Type;
    use parquet::arrow::ArrowWriter;
    use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
    use parquet::basic::{Compression, GzipLevel, ZstdLevel};
    use parquet::file::properties::{WriterProperties, WriterVersion};

    use super::*;
    use crate::read::in_memory::MemoryBytes;

    /// A column of lists, as a file.
    fn file(codec: Compression, version: WriterVersion) -> (Arc<Metered>, Arc<ParquetMetaData>) {
        let lists = (0..4000).map(|i| match i % 11 {
            3 => None,
            n => Some(
                (0..n * n)
                    .map(move |k| (k % 5 > 0).then_some(i * k))
                    .collect::<Vec<_>>(),
            ),
        });
        let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(lists));
        let flat: ArrayRef = Arc::new((0..4000).map(Some).collect::<Int32Array>());
        let batch = RecordBatch::try_from_iter([("flat", flat), ("lists", lists)]).unwrap();
        let properties = WriterProperties::builder()
            .set_compression(codec)
            .set_writer_version(version)
            .set_data_page_row_count_limit(300)
            .set_write_batch_size(100);
        let mut bytes = Vec::new();
        let writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties.build()));
        let mut writer = writer.unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let file = Arc::new(Metered::new(Arc::new(MemoryBytes::of(bytes))));
        let loaded = ArrowReaderMetadata::load(&*file, ArrowReaderOptions::new()).unwrap();
        let metadata = Arc::clone(loaded.metadata());
        (file, metadata)
    }

    #[test]
    fn levels_are_had_without_the_values_behind_them() {
        let place = Place {
            group: 0,
            column: 1,
        };
        for codec in [
            Compression::UNCOMPRESSED,
            Compression::SNAPPY,
            Compression::LZ4_RAW,
            Compression::ZSTD(ZstdLevel::default()),
            Compression::GZIP(GzipLevel::default()),
        ] {
            for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
                let (file, metadata) = file(codec, version);
                let (mut whole, mut fronts) = (Windows::default(), Windows::default());
                whole.add_whole(place, &file, &metadata).unwrap();
                assert_eq!((whole.rows, whole.most_in_a_row()), (4000, 100));
                let had = fronts.add_fronts(place, &file, &metadata);
                let is_whole =
                    matches!(codec, Compression::GZIP(_)) && version == WriterVersion::PARQUET_1_0;
                assert_eq!(had.is_err(), is_whole, "{codec} {had:?}");
                assert!(is_whole || fronts == whole, "{codec}");
            }
        }
    }

    fn of(lengths: &[u64]) -> Windows {
        let mut windows = Windows::default();
        for &length in lengths {
            windows.take(true);
            windows.open += length - 1;
        }
        windows.end_row();
        windows
    }

    #[test]
    fn windows_have_the_most_values_of_so_many_rows() {
        let windows = of(&[1, 2, 3, 1, 9, 1, 1]);
        assert_eq!((windows.most_in_a_row(), windows.longest), (9, 4));
        let rows = [(8, 1), (9, 1), (10, 2), (11, 4), (17, 4), (18, 1 << 20)];
        for (values, expected) in rows {
            assert_eq!(windows.rows_within(values), expected, "{values}");
        }
    }

    #[test]
    fn levels_are_runs_and_groups_of_bits() {
        let mut windows = Windows::default();
        // A run of two 0, a run of three 1, then eight of 1 0 0 1 1 1 1 1.
        windows.levels(&[4, 0, 6, 1, 3, 0b1111_1001], 13).unwrap();
        windows.end_row();
        assert_eq!(windows, of(&[1, 5, 1, 6]));
        for bytes in [
            &[][..],
            &[4],
            &[5, 1],
            &[0x80, 0x80, 0x80, 0x80, 0x80, 1, 0],
        ] {
            assert!(Windows::default().levels(bytes, 13).is_err(), "{bytes:?}");
        }
    }
}
