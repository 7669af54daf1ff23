//! The rows of a Parquet table, in pieces whose memory is known before they are decoded.
//!
//! On the line: `batches.rs` asks for the next piece. `pages.rs` tells what pages take, `lists.rs` what rows
//! with lists take.

use std::sync::Arc;

use arrow::array::{Array, ArrayData, ArrayRef};
use arrow::datatypes::{DataType, Field, Fields, Schema};
use arrow::record_batch::RecordBatch;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, RowGroups};
use parquet::arrow::{FieldLevels, ProjectionMask, parquet_to_arrow_field_levels};
use parquet::column::page::PageIterator;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};

use super::fields::{Pick, inside, is_binary, of_root, plain, viewed};
use super::lists::Windows;
use super::metered::Metered;
use super::named::GroupPages;
use super::pages::{Extent, Place};
use super::piece::{Piece, Reach, Stretch};
use super::room::{Fault, Room};

/// Bytes of a value of different lengths for which a piece has as many rows as any other.
const USUAL: u64 = 64;
/// Bytes of levels beside a value of a list, and how often a value stands in memory at most, while the
/// memory of values grows.
const LEVELS: u64 = 8;
const COPIES: u64 = 4;

/// Yields the rows of a Parquet table.
#[derive(Debug)]
pub(super) struct ParquetSource {
    file: Arc<Metered>,
    metadata: Arc<ParquetMetaData>,
    /// Rows of a piece, or values in their lists.
    rows: usize,
    all: Columns,
    positions: Columns,
    /// Those not yet begun, the last first.
    stretches: Vec<Stretch>,
    current: Option<Current>,
    /// For the values of lists.
    room: Room,
    /// Bytes that decoding takes at most.
    pub bytes: u64,
}

#[derive(Debug)]
struct Current {
    reach: Reach,
    reader: ParquetRecordBatchReader,
    /// Pieces are put together up to so many values.
    together: Option<usize>,
}

/// Columns that are read together.
#[derive(Debug)]
struct Columns {
    levels: FieldLevels,
    /// Leaves of the schema, and of them those of lists.
    leaves: Vec<usize>,
    lists: Vec<usize>,
    /// Bytes that a value of every list takes.
    value: u64,
}

/// What is read of a Parquet table.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    /// Columns of the table, and that of points.
    pub schema: &'a Schema,
    pub points: Option<&'a str>,
    /// Of the schema, for each reach.
    pub all: Vec<Pick>,
    pub positions: Vec<Pick>,
    pub stretches: Vec<Stretch>,
}

impl ParquetSource {
    /// Looks at the pages that will be read; a piece has about `limits.0` rows, or values in lists.
    ///
    /// # Errors
    /// Pages that cannot be, or do not fit the memory.
    pub fn open(
        metadata: &Arc<ParquetMetaData>,
        file: Metered,
        wanted: Wanted<'_>,
        limits: (usize, Room),
    ) -> Result<Self, Fault> {
        let (rows, room) = limits;
        let all = Columns::new(&wanted, metadata, &wanted.all)?;
        let positions = Columns::new(&wanted, metadata, &wanted.positions)?;
        let mut stretches = wanted.stretches;
        let mut extents = vec![Extent::default(); all.leaves.len()];
        let mut most_values = 0;
        for stretch in &stretches {
            let read = match stretch.reach {
                Reach::Nothing(_) => continue,
                Reach::Positions => &positions,
                Reach::All => &all,
            };
            let mut values = 0;
            for (&column, extent) in all.leaves.iter().zip(&mut extents) {
                let mut of_leaf = 0;
                for &group in stretch
                    .row_groups
                    .iter()
                    .filter(|_| read.leaves.contains(&column))
                {
                    let found = Place { group, column }.look(file.source(), metadata);
                    let found = found.map_err(Fault::Damaged)?;
                    *extent = extent.with(found);
                    of_leaf += found.values;
                }
                if read.lists.contains(&column) {
                    values = values.max(of_leaf.saturating_sub(stretch.rows.saturating_sub(1)));
                }
            }
            most_values = most_values.max(values);
        }
        let pages: u64 = extents.iter().map(Extent::bytes).sum();
        let left = room.beside(pages, || all.largest(metadata, &extents));
        let left = left.map_err(Fault::TooLarge)?;
        let lists = most_values.saturating_mul(all.value);
        let lists = left.left().map_or(0, |left| lists.min(left));
        stretches.reverse();
        let width = all.leaves.iter().zip(&extents);
        let width = width.filter(|(leaf, _)| is_of_any_length(metadata, **leaf));
        let width = width.map(|(_, extent)| extent.width).max().unwrap_or(0);
        Ok(Self {
            rows: (rows as u64 * USUAL / width.max(USUAL)).max(1) as usize,
            file: Arc::new(file),
            metadata: Arc::clone(metadata),
            all,
            positions,
            stretches,
            current: None,
            room: left,
            bytes: pages + lists,
        })
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// A piece that cannot be decoded, a row whose lists do not fit the memory.
    pub fn next(&mut self) -> Result<Option<Piece>, Fault> {
        loop {
            if let Some(current) = &mut self.current {
                if let Some(batch) = current.next()? {
                    return Ok(Some(Piece::Rows {
                        first: 0,
                        reach: current.reach,
                        batch,
                    }));
                }
                self.current = None;
            }
            let Some(stretch) = self.stretches.pop() else {
                return Ok(None);
            };
            let columns = match stretch.reach {
                Reach::Nothing(why) => return Ok(Some(Piece::Skipped(stretch.rows, why))),
                Reach::Positions => &self.positions,
                Reach::All => &self.all,
            };
            let rows = self.rows_of(columns, &stretch)?;
            let groups = Together {
                file: &self.file,
                metadata: &self.metadata,
                groups: &stretch.row_groups,
                rows: usize::try_from(stretch.rows).unwrap_or(usize::MAX),
            };
            let (levels, rows_at_once) = (&columns.levels, rows.unwrap_or(self.rows));
            let reader = ParquetRecordBatchReader::try_new_with_row_groups(
                levels,
                &groups,
                rows_at_once,
                None,
            )?;
            self.current = Some(Current {
                reach: stretch.reach,
                reader,
                together: rows.map(|_| self.rows),
            });
        }
    }

    /// How many rows to read at once where their lists say so.
    fn rows_of(&self, columns: &Columns, stretch: &Stretch) -> Result<Option<usize>, Fault> {
        let values = |&leaf: &usize| {
            let groups = stretch.row_groups.iter();
            let of_group =
                |&group: &usize| self.metadata.row_group(group).column(leaf).num_values();
            groups.map(of_group).fold(0_i64, i64::saturating_add)
        };
        let most = columns.lists.iter().map(values).max().unwrap_or(0);
        let wanted = (self.rows as u64).min(self.room.fits(columns.value)).max(1);
        if u64::try_from(most).unwrap_or(0) <= wanted {
            return Ok(None);
        }
        let mut rows = usize::MAX;
        for &column in &columns.lists {
            let mut windows = Windows::default();
            for &group in &stretch.row_groups {
                windows.add(Place { group, column }, &self.file, &self.metadata)?;
            }
            let longest = windows.most_in_a_row();
            let what = || {
                let name = self.metadata.file_metadata().schema_descr().column(column);
                format!(
                    "row {} has a list of {longest} values in column {}",
                    stretch.first + windows.longest,
                    name.path().string()
                )
            };
            let fits = self
                .room
                .beside(longest.saturating_mul(columns.value), what);
            fits.map_err(Fault::TooLarge)?;
            rows = rows.min(windows.rows_within(wanted / 2));
        }
        Ok(Some(rows.min(self.rows)))
    }
}

impl Current {
    fn next(&mut self) -> parquet::errors::Result<Option<RecordBatch>> {
        let Some(first) = self.reader.next().transpose()? else {
            return Ok(None);
        };
        let Some(together) = self.together else {
            return Ok(Some(first));
        };
        let entries = |batch: &RecordBatch| {
            let of_column = |column: &ArrayRef| {
                let data = column.to_data();
                data.child_data().first().map_or(0, ArrayData::len)
            };
            let values = batch.columns().iter().map(of_column).max().unwrap_or(0);
            // A row without values takes memory, too.
            values.max(batch.num_rows())
        };
        let mut all = entries(&first);
        let mut batches = vec![first];
        // The next one may be as large as half of it.
        while all < together / 2 {
            let Some(batch) = self.reader.next().transpose()? else {
                break;
            };
            all += entries(&batch);
            batches.push(batch);
        }
        let schema = batches[0].schema();
        Ok(Some(arrow::compute::concat_batches(&schema, &batches)?))
    }
}

impl Columns {
    fn new(
        wanted: &Wanted<'_>,
        metadata: &ParquetMetaData,
        picks: &[Pick],
    ) -> parquet::errors::Result<Self> {
        let schema = metadata.file_metadata().schema_descr();
        // Of points and texts only views are made: they take no copies of dictionaries.
        let hinted = |field: &Arc<Field>| match wanted.points {
            Some(points) if points == field.name() && is_binary(field.data_type()) => {
                Arc::new(field.as_ref().clone().with_data_type(DataType::BinaryView))
            }
            _ => viewed(&plain(field)),
        };
        let hint: Fields = wanted.schema.fields().iter().map(hinted).collect();
        let is_read = |leaf: &usize| {
            let Some(paths) = of_root(picks, schema.get_column_root_idx(*leaf)) else {
                return false;
            };
            let column = schema.column(*leaf);
            let parts = column.path().parts().iter().skip(1);
            let read = parts
                .into_iter()
                .try_fold(paths, |paths, part| inside(&paths, part));
            read.is_some()
        };
        let leaves: Vec<usize> = (0..schema.num_columns()).filter(is_read).collect();
        let mask = ProjectionMask::leaves(schema, leaves.iter().copied());
        let lists = leaves.iter().copied();
        let lists: Vec<usize> = lists
            .filter(|&leaf| schema.column(leaf).max_rep_level() > 0)
            .collect();
        Ok(Self {
            levels: parquet_to_arrow_field_levels(schema, mask, Some(&hint))?,
            leaves,
            value: lists.len() as u64 * (8 * COPIES + LEVELS),
            lists,
        })
    }

    /// The column whose pages take most, in words.
    fn largest(&self, metadata: &ParquetMetaData, extents: &[Extent]) -> String {
        let columns = self.leaves.iter().zip(extents);
        let largest = columns.max_by_key(|(_, extent)| extent.bytes());
        let Some((&leaf, extent)) = largest else {
            return String::new();
        };
        format!(
            "has pages of {} bytes and a dictionary of {} in column {}, the largest of {} columns",
            extent.plain,
            extent.dictionary,
            metadata
                .file_metadata()
                .schema_descr()
                .column(leaf)
                .path()
                .string(),
            self.leaves.len()
        )
    }
}

fn is_of_any_length(metadata: &ParquetMetaData, leaf: usize) -> bool {
    let column = metadata.file_metadata().schema_descr().column(leaf);
    column.physical_type() == parquet::basic::Type::BYTE_ARRAY
}

/// Row groups that are read as one.
struct Together<'a> {
    file: &'a Arc<Metered>,
    metadata: &'a Arc<ParquetMetaData>,
    groups: &'a [usize],
    rows: usize,
}

impl RowGroups for Together<'_> {
    fn num_rows(&self) -> usize {
        self.rows
    }

    fn column_chunks(&self, column: usize) -> parquet::errors::Result<Box<dyn PageIterator>> {
        Ok(Box::new(GroupPages {
            file: Arc::clone(self.file),
            metadata: Arc::clone(self.metadata),
            column,
            groups: self.groups.iter().rev().copied().collect(),
        }))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(
            self.groups
                .iter()
                .map(|&group| self.metadata.row_group(group)),
        )
    }

    fn metadata(&self) -> &ParquetMetaData {
        self.metadata
    }
}
