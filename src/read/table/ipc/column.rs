//! A column of a record batch, as arrays of a few rows at a time.
//!
//! Below `source.rs`. Each of a column's buffers is read on from where the rows before ended; lists say how
//! long they are before their values are read.

use std::sync::Arc;

use arrow::array::{ArrayData, ArrayRef, BooleanArray, make_array};
use arrow::buffer::{Buffer, NullBuffer};
use arrow::datatypes::{DataType, Field};

use super::bits::Bits;
use super::buffer::{Bytes, Found};
use super::dictionary::{Dictionaries, stood_for};
use super::layout::{Codec, Stored};
use super::lengths::Lengths;
use crate::read::table::fields::plain;
use crate::read::table::metered::Metered;

/// Bytes of a value of binary that count as one value.
const USUAL: u64 = 64;

/// The rows of a column that were not yet taken.
#[derive(Debug)]
pub(super) struct Column {
    name: String,
    data_type: DataType,
    left: u64,
    nulls: Option<Bits>,
    shape: Shape,
    /// What its numbers are places of.
    dictionary: Option<ArrayRef>,
}

#[derive(Debug)]
enum Shape {
    Numbers {
        width: u64,
        values: Bytes,
    },
    Booleans(Bits),
    Lists {
        lengths: Lengths,
        values: Box<Column>,
    },
    FixedLists {
        length: u64,
        values: Box<Column>,
    },
    Binary {
        lengths: Lengths,
        values: Bytes,
    },
    Views {
        views: Bytes,
        values: Vec<Buffer>,
    },
    Struct(Vec<Column>),
}

impl Shape {
    /// Lists of one length, as many as there are rows.
    fn fixed_lists(length: i32, rows: u64, values: Box<Column>) -> Result<Self, String> {
        let length = u64::try_from(length).map_err(|e| e.to_string())?;
        if length.saturating_mul(rows) > values.left {
            return Err(format!(
                "has {} values for {rows} lists of {length}",
                values.left
            ));
        }
        Ok(Self::FixedLists { length, values })
    }
}

pub(super) type File = Arc<Metered>;

/// What a column takes while it is read, beside the arrays.
pub(super) fn working_bytes(stored: &Stored, codec: Codec, file: &File) -> Result<u64, String> {
    let mut bytes = 0_u64;
    for (place, &part) in stored.buffers.iter().enumerate() {
        let found = found(stored, codec, file, part)?;
        bytes = bytes.saturating_add(found.working);
        // Views lead anywhere in what is behind them.
        let is_view = matches!(stored.data_type, DataType::BinaryView | DataType::Utf8View);
        if is_view && place >= 2 {
            bytes = bytes.saturating_add(found.plain);
        }
    }
    for within in stored.values.as_deref().into_iter().chain(&stored.fields) {
        bytes = bytes.saturating_add(working_bytes(within, codec, file)?);
    }
    Ok(bytes)
}

/// Bytes of the buffers of a column, decompressed.
pub(super) fn plain_bytes(stored: &Stored, codec: Codec, file: &File) -> Result<u64, String> {
    let mut bytes = 0_u64;
    for &part in &stored.buffers {
        bytes = bytes.saturating_add(found(stored, codec, file, part)?.plain);
    }
    Ok(bytes)
}

fn found(stored: &Stored, codec: Codec, file: &File, part: (u64, u64)) -> Result<Found, String> {
    let found = Found::at(file, part, codec);
    found.map_err(|what| format!("a buffer of column {} {what}", stored.name))
}

impl Column {
    /// Begins to read a column of which [`working_bytes`] fit.
    ///
    /// # Errors
    /// In words, buffers that are too short, offsets that lead outside.
    pub fn open(
        stored: &Stored,
        codec: Codec,
        file: &File,
        dictionaries: &Dictionaries,
    ) -> Result<Self, String> {
        let says = |what: String| format!("a buffer of column {} {what}", stored.name);
        let rows = stored.rows;
        let mut parts = stored.buffers.iter();
        let mut next = |least: u64| {
            let part = parts.next().copied().unwrap_or_default();
            let found = found(stored, codec, file, part)?;
            if found.plain < least {
                return Err(says(format!(
                    "has {} bytes where {least} are needed",
                    found.plain
                )));
            }
            found.open(file).map_err(says)
        };
        let bits = rows.div_ceil(8);
        let nulls = next(if stored.nulls > 0 { bits } else { 0 })?;
        let nulls = (stored.nulls > 0).then(|| Bits::new(nulls));
        let offsets = |width: u64| {
            let edges = if rows == 0 { 0 } else { rows + 1 };
            edges.saturating_mul(width)
        };
        let values = || -> Result<Box<Self>, String> {
            let values = stored.values.as_ref().ok_or("has lists without values")?;
            Self::open(values, codec, file, dictionaries).map(Box::new)
        };
        let shape = match &stored.data_type {
            DataType::Boolean => Shape::Booleans(Bits::new(next(bits)?)),
            DataType::Struct(_) => {
                let fields = stored.fields.iter();
                let fields = fields.map(|field| Self::open(field, codec, file, dictionaries));
                Shape::Struct(fields.collect::<Result<_, _>>()?)
            }
            DataType::Binary | DataType::LargeBinary | DataType::Utf8 | DataType::LargeUtf8 => {
                let width = offset_width(&stored.data_type);
                let offsets = next(offsets(width))?;
                let mut values = next(0)?;
                let lengths = Lengths::new(offsets, width, rows, values.left()).map_err(says)?;
                values.skip(lengths.first()).map_err(says)?;
                Shape::Binary { lengths, values }
            }
            DataType::BinaryView | DataType::Utf8View => Shape::Views {
                views: next(rows.saturating_mul(16))?,
                values: stored.buffers[2.min(stored.buffers.len())..]
                    .iter()
                    .map(|_| {
                        let mut bytes = next(0)?;
                        bytes.take(bytes.left()).map_err(says)
                    })
                    .collect::<Result<_, _>>()?,
            },
            DataType::List(_) | DataType::LargeList(_) => {
                let width = offset_width(&stored.data_type);
                let offsets = next(offsets(width))?;
                let mut values = values()?;
                let lengths = Lengths::new(offsets, width, rows, values.left).map_err(says)?;
                values.skip(lengths.first())?;
                Shape::Lists { lengths, values }
            }
            DataType::FixedSizeList(_, length) => {
                Shape::fixed_lists(*length, rows, values()?).map_err(says)?
            }
            other => {
                let width = other.primitive_width().ok_or("is of no type of numbers")? as u64;
                let values = next(rows.saturating_mul(width))?;
                Shape::Numbers { width, values }
            }
        };
        let dictionary = stored
            .dictionary
            .as_ref()
            .and_then(|(id, _)| dictionaries.of(*id));
        Ok(Self {
            name: stored.name.clone(),
            data_type: unfolded(stored),
            left: rows,
            nulls,
            shape,
            dictionary,
        })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many of the next `rows` rows, in which `values` values are at most.
    ///
    /// # Errors
    /// Offsets that descend, or lead outside.
    pub fn rows_within(&mut self, rows: u64, values: u64) -> Result<u64, String> {
        match &mut self.shape {
            Shape::Numbers { .. } | Shape::Booleans(_) | Shape::Views { .. } | Shape::Struct(_) => {
                Ok(rows)
            }
            Shape::FixedLists { length, .. } => Ok(rows.min(values / (*length).max(1))),
            Shape::Lists { lengths, .. } => lengths.rows_within(rows, values),
            Shape::Binary { lengths, .. } => {
                lengths.rows_within(rows, values.saturating_mul(USUAL))
            }
        }
        .map_err(|what| format!("column {} {what}", self.name))
    }

    /// Values in the next row: one where it has no lists.
    pub fn next_length(&self) -> u64 {
        match &self.shape {
            Shape::Numbers { .. } | Shape::Booleans(_) | Shape::Views { .. } | Shape::Struct(_) => {
                1
            }
            Shape::FixedLists { length, .. } => *length,
            Shape::Lists { lengths, .. } => lengths.next(),
            Shape::Binary { lengths, .. } => lengths.next().div_ceil(USUAL),
        }
    }

    /// The next rows.
    ///
    /// # Errors
    /// Bytes that cannot be decompressed, or are no such array.
    pub fn take(&mut self, rows: u64) -> Result<ArrayRef, String> {
        let taken = self.taken(rows);
        taken.map_err(|what| format!("a buffer of column {} {what}", self.name))
    }

    fn taken(&mut self, rows: u64) -> Result<ArrayRef, String> {
        let left = self.left.checked_sub(rows);
        self.left =
            left.ok_or_else(|| format!("has {} values where {rows} are needed", self.left))?;
        let count = usize::try_from(rows).map_err(|e| e.to_string())?;
        let nulls = self
            .nulls
            .as_mut()
            .map(|bits| bits.take(count))
            .transpose()?;
        let nulls = nulls.map(NullBuffer::new);
        if let Shape::Booleans(bits) = &mut self.shape {
            return Ok(Arc::new(BooleanArray::new(bits.take(count)?, nulls)));
        }
        let array = ArrayData::builder(self.data_type.clone())
            .len(count)
            .nulls(nulls);
        let array = match &mut self.shape {
            Shape::Booleans(_) => array,
            Shape::Numbers { width, values } => array.add_buffer(values.take(rows * *width)?),
            Shape::Views { views, values } => {
                let array = array.add_buffer(views.take(rows * 16)?);
                array.add_buffers(values.clone())
            }
            Shape::Binary { lengths, values } => {
                let (offsets, sum) = lengths.take(rows)?;
                array.add_buffer(offsets).add_buffer(values.take(sum)?)
            }
            Shape::Lists { lengths, values } => {
                let (offsets, sum) = lengths.take(rows)?;
                let values = values.take(sum)?.to_data();
                array.add_buffer(offsets).add_child_data(values)
            }
            Shape::FixedLists { length, values } => {
                array.add_child_data(values.take(rows * *length)?.to_data())
            }
            Shape::Struct(fields) => fields.iter_mut().try_fold(array, |array, field| {
                Ok::<_, String>(array.add_child_data(field.take(rows)?.to_data()))
            })?,
        };
        let array = array.align_buffers(true).build();
        let array = array.map(make_array).map_err(|e| e.to_string())?;
        match &self.dictionary {
            Some(values) => stood_for(values, &array),
            None => Ok(array),
        }
    }

    fn skip(&mut self, rows: u64) -> Result<(), String> {
        let says = |what| format!("a buffer of column {} {what}", self.name);
        self.left = self.left.saturating_sub(rows);
        let nulls = self.nulls.as_mut().map_or(Ok(()), |bits| bits.skip(rows));
        nulls.map_err(says)?;
        match &mut self.shape {
            Shape::Numbers { width, values } => values.skip(rows.saturating_mul(*width)),
            Shape::Booleans(bits) => bits.skip(rows),
            _ => Err("has lists in lists".to_owned()),
        }
        .map_err(says)
    }

    /// All rows have been taken: what is left of the buffers must be as it says.
    ///
    /// # Errors
    /// As [`Bytes::finish`].
    pub fn finish(self) -> Result<(), String> {
        let says = |what| format!("a buffer of column {} {what}", self.name);
        let nulls = self.nulls.map_or(Ok(()), Bits::finish);
        nulls.map_err(says)?;
        match self.shape {
            Shape::Numbers { values, .. } => values.finish().map_err(says),
            Shape::Booleans(bits) => bits.finish().map_err(says),
            Shape::Views { views, .. } => views.finish().map_err(says),
            Shape::Binary { lengths, values } => {
                lengths.finish().map_err(says)?;
                values.finish().map_err(says)
            }
            Shape::Lists { lengths, values } => {
                lengths.finish().map_err(says)?;
                values.finish()
            }
            Shape::FixedLists { values, .. } => values.finish(),
            Shape::Struct(fields) => fields.into_iter().try_for_each(Self::finish),
        }
    }
}

/// The type of a column's arrays, in which dictionaries within are what they stand for.
fn unfolded(stored: &Stored) -> DataType {
    let field = Arc::new(Field::new("", stored.data_type.clone(), true));
    plain(&field).data_type().clone()
}

fn offset_width(data_type: &DataType) -> u64 {
    match data_type {
        DataType::LargeBinary | DataType::LargeUtf8 | DataType::LargeList(_) => 8,
        _ => 4,
    }
}
