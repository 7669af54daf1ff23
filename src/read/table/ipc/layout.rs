//! Which buffers of a record batch hold the columns that are needed, and where in the file they are.
//!
//! Below `source.rs`. Buffers are in the order of the schema, children after their parents, so those of every
//! other column are counted too. Format: Apache Arrow, "`RecordBatch` message".

use std::collections::VecDeque;

use arrow::datatypes::{DataType, Field, FieldRef, Schema, UnionMode};
use arrow::ipc::{self, BodyCompressionMethod, CompressionType, MetadataVersion};

use super::dictionary::Ids;
use super::{Block, parsed, within};
use crate::read::table::fields::{Pick, inside, narrow, of_root};

/// How buffers are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    None,
    Lz4,
    Zstd,
}

/// A column in a record batch, or the values of its lists.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub name: String,
    pub data_type: DataType,
    pub rows: u64,
    pub nulls: u64,
    /// First byte in the file and length, of each buffer: that of nulls, then those of its type.
    pub buffers: Vec<(u64, u64)>,
    /// The values of lists.
    pub values: Option<Box<Stored>>,
    /// Those fields of a struct that are read.
    pub fields: Vec<Stored>,
    /// Of places in a dictionary, which are what is stored: its number, and the type of what they stand for.
    pub dictionary: Option<(i64, DataType)>,
}

impl Stored {
    /// The column, and the fields within that have a row for each of its rows.
    pub fn rows_of_all(&self) -> Vec<&Self> {
        let within = self.fields.iter().flat_map(Self::rows_of_all);
        std::iter::once(self).chain(within).collect()
    }
}

/// The needed columns of a record batch.
#[derive(Debug)]
pub(super) struct Layout {
    pub rows: u64,
    pub codec: Codec,
    pub columns: Vec<Stored>,
}

impl Layout {
    /// Finds what is read of the columns.
    ///
    /// # Errors
    /// In words, what the batch says that cannot be.
    pub fn of(
        text: &[u8],
        block: &Block,
        of_schema: (&Schema, &[Ids]),
        picks: &[Pick],
    ) -> Result<Self, String> {
        let message = parsed(text)?;
        let batch = message
            .header_as_record_batch()
            .ok_or("is no record batch")?;
        Self::of_batch((&batch, message.version()), block, of_schema, picks)
    }

    /// The same of what a message holds.
    ///
    /// # Errors
    /// As [`Layout::of`].
    pub fn of_batch(
        (batch, version): (&ipc::RecordBatch<'_>, MetadataVersion),
        block: &Block,
        (schema, ids): (&Schema, &[Ids]),
        picks: &[Pick],
    ) -> Result<Self, String> {
        let rows = size(batch.length())?;
        let codec = codec(batch)?;
        let counts = batch.variadicBufferCounts();
        let mut walk = Walk {
            nodes: batch.nodes().ok_or("has no columns")?.iter(),
            buffers: batch.buffers().ok_or("has no buffers")?.iter(),
            counts: counts.into_iter().flatten().collect(),
            version,
            body: block.body,
        };
        let mut columns = Vec::new();
        for (place, field) in schema.fields().iter().enumerate() {
            match of_root(picks, place) {
                Some(paths) => {
                    let ids = ids.get(place).cloned().unwrap_or_default();
                    columns.push(walk.take(field, &paths, &ids)?);
                }
                None => walk.skip(field)?,
            }
        }
        for column in columns.iter().flat_map(Stored::rows_of_all) {
            if column.rows != rows {
                return Err(format!(
                    "column {} has {} rows and its record batch {rows}",
                    column.name, column.rows
                ));
            }
        }
        Ok(Self {
            rows,
            codec,
            columns,
        })
    }
}

fn codec(batch: &ipc::RecordBatch<'_>) -> Result<Codec, String> {
    let Some(compression) = batch.compression() else {
        return Ok(Codec::None);
    };
    if compression.method() != BodyCompressionMethod::BUFFER {
        return Err("is compressed in a way that is not known".to_owned());
    }
    match compression.codec() {
        CompressionType::LZ4_FRAME => Ok(Codec::Lz4),
        CompressionType::ZSTD => Ok(Codec::Zstd),
        other => Err(format!(
            "is compressed by codec {}, which is not known",
            other.0
        )),
    }
}

fn size(number: i64) -> Result<u64, String> {
    u64::try_from(number).map_err(|_| format!("says {number} of a size"))
}

/// What is left of the lists of a record batch.
struct Walk<N, B> {
    nodes: N,
    buffers: B,
    /// Buffers of columns that have any number of them.
    counts: VecDeque<i64>,
    version: MetadataVersion,
    body: (u64, u64),
}

impl<'a, N, B> Walk<N, B>
where
    N: Iterator<Item = &'a ipc::FieldNode>,
    B: Iterator<Item = &'a ipc::Buffer>,
{
    fn node(&mut self) -> Result<(u64, u64), String> {
        let node = self
            .nodes
            .next()
            .ok_or("has fewer columns than its schema")?;
        Ok((size(node.length())?, size(node.null_count())?))
    }

    fn pass(&mut self, count: usize) -> Result<(), String> {
        for _ in 0..count {
            self.buffers
                .next()
                .ok_or("has fewer buffers than its schema takes")?;
        }
        Ok(())
    }

    /// The next buffers, as parts of the file.
    fn parts(&mut self, count: usize) -> Result<Vec<(u64, u64)>, String> {
        let mut parts = Vec::new();
        for _ in 0..count {
            let buffer = self.buffers.next();
            let buffer = buffer.ok_or("has fewer buffers than its schema takes")?;
            let part = within(buffer.offset(), buffer.length(), self.body.1);
            let (start, length) = part.ok_or("has a buffer outside of itself")?;
            parts.push((self.body.0 + start, length));
        }
        Ok(parts)
    }

    fn variadic(&mut self) -> Result<usize, String> {
        let count = self.counts.pop_front();
        let count = count.and_then(|count| usize::try_from(count).ok());
        // Each is in the list of buffers, so `parts` ends where that does.
        count.ok_or_else(|| "does not say how many buffers a column has".to_owned())
    }

    /// A column whose type `columns.rs` has checked.
    fn take(&mut self, field: &FieldRef, paths: &[&[String]], ids: &Ids) -> Result<Stored, String> {
        let (rows, nulls) = self.node()?;
        let whole: &[FieldRef] = match field.data_type() {
            DataType::Struct(fields) => fields,
            _ => &[],
        };
        let narrowed = narrow(field, paths);
        let data_type = narrowed.data_type();
        let buffers = match data_type {
            DataType::Binary | DataType::LargeBinary | DataType::Utf8 | DataType::LargeUtf8 => 3,
            DataType::BinaryView | DataType::Utf8View => 2 + self.variadic()?,
            DataType::FixedSizeList(..) | DataType::Struct(_) => 1,
            _ => 2,
        };
        let buffers = self.parts(buffers)?;
        let values = match data_type {
            DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
                let mut values = self.take(item, &[&[][..]], &ids.at(0))?;
                values.name = format!("{} (the values of its lists)", field.name());
                Some(Box::new(values))
            }
            _ => None,
        };
        let mut fields = Vec::new();
        for (place, field) in whole.iter().enumerate() {
            match inside(paths, field.name()) {
                Some(paths) => fields.push(self.take(field, &paths, &ids.at(place))?),
                None => self.skip(field)?,
            }
        }
        let (data_type, dictionary) = match data_type {
            DataType::Dictionary(places, values) => {
                let id = ids
                    .own
                    .ok_or("does not say which dictionary a column has")?;
                (places.as_ref(), Some((id, values.as_ref().clone())))
            }
            other => (other, None),
        };
        Ok(Stored {
            name: field.name().clone(),
            dictionary,
            data_type: data_type.clone(),
            rows,
            nulls,
            buffers,
            values,
            fields,
        })
    }

    fn skip(&mut self, field: &Field) -> Result<(), String> {
        self.node()?;
        match field.data_type() {
            DataType::Null => Ok(()),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Binary | DataType::LargeBinary => {
                self.pass(3)
            }
            DataType::Utf8View | DataType::BinaryView => {
                let more = self.variadic()?;
                self.pass(2)?;
                self.pass(more)
            }
            DataType::List(item) | DataType::LargeList(item) | DataType::Map(item, _) => {
                self.pass(2)?;
                self.skip(item)
            }
            DataType::ListView(item) | DataType::LargeListView(item) => {
                self.pass(3)?;
                self.skip(item)
            }
            DataType::FixedSizeList(item, _) => {
                self.pass(1)?;
                self.skip(item)
            }
            DataType::Struct(fields) => {
                self.pass(1)?;
                fields.iter().try_for_each(|field| self.skip(field))
            }
            DataType::RunEndEncoded(ends, values) => {
                self.skip(ends)?;
                self.skip(values)
            }
            DataType::Union(fields, mode) => {
                let nulls = usize::from(self.version < MetadataVersion::V5);
                let offsets = usize::from(*mode == UnionMode::Dense);
                self.pass(nulls + 1 + offsets)?;
                fields.iter().try_for_each(|(_, field)| self.skip(field))
            }
            _ => self.pass(2),
        }
    }
}
