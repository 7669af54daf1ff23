//! A column of a record batch as arrays of a few rows, in their order.
//!
//! Below `source.rs`. Each of a column's buffers is read on from where the rows before ended; lists say how
//! long they are before their values are read.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::{ArrayData, ArrayRef, BooleanArray, make_array};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer};
use arrow::datatypes::DataType;

use super::buffer::{Bytes, Found};
use super::layout::{Codec, Stored};
use crate::table::metered::Metered;

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
}

#[derive(Debug)]
enum Shape {
    Numbers { width: u64, values: Bytes },
    Booleans(Bits),
    Lists { lengths: Lengths, values: Box<Column> },
    FixedLists { length: u64, values: Box<Column> },
    Binary { lengths: Lengths, values: Bytes },
    Views { views: Bytes, values: Vec<Buffer> },
}

type File = Arc<Metered<std::fs::File>>;

/// What a column takes while it is read, beside the arrays.
pub(super) fn working_bytes(stored: &Stored, codec: Codec, file: &File) -> Result<u64, String> {
    let mut bytes = 0_u64;
    for (place, &part) in stored.buffers.iter().enumerate() {
        let found = found(stored, codec, file, part)?;
        bytes = bytes.saturating_add(found.working);
        // Views lead anywhere in what is behind them.
        if stored.data_type == DataType::BinaryView && place >= 2 {
            bytes = bytes.saturating_add(found.plain);
        }
    }
    let values = stored.values.as_ref();
    let values = values.map_or(Ok(0), |values| working_bytes(values, codec, file))?;
    Ok(bytes.saturating_add(values))
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
    pub fn open(stored: &Stored, codec: Codec, file: &File) -> Result<Self, String> {
        let says = |what: String| format!("a buffer of column {} {what}", stored.name);
        let rows = stored.rows;
        let mut parts = stored.buffers.iter();
        let mut next = |least: u64| {
            let part = parts.next().copied().unwrap_or_default();
            let found = found(stored, codec, file, part)?;
            if found.plain < least {
                return Err(says(format!("has {} bytes where {least} are needed", found.plain)));
            }
            found.open(file).map_err(says)
        };
        let bits = rows.div_ceil(8);
        let nulls = next(if stored.nulls > 0 { bits } else { 0 })?;
        let nulls = (stored.nulls > 0).then(|| Bits::new(nulls));
        let offsets = |width: u64| if rows == 0 { 0 } else { (rows + 1).saturating_mul(width) };
        let values = || -> Result<Box<Self>, String> {
            let values = stored.values.as_ref().ok_or("has lists without values")?;
            Self::open(values, codec, file).map(Box::new)
        };
        let shape = match &stored.data_type {
            DataType::Boolean => Shape::Booleans(Bits::new(next(bits)?)),
            DataType::Binary | DataType::LargeBinary => {
                let width = offset_width(&stored.data_type);
                let offsets = next(offsets(width))?;
                let mut values = next(0)?;
                let lengths = Lengths::new(offsets, width, rows, values.left()).map_err(says)?;
                values.skip(lengths.last).map_err(says)?;
                Shape::Binary { lengths, values }
            }
            DataType::BinaryView => Shape::Views {
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
                values.skip(lengths.last)?;
                Shape::Lists { lengths, values }
            }
            DataType::FixedSizeList(_, length) => {
                let length = u64::try_from(*length).map_err(|e| e.to_string())?;
                let values = values()?;
                if length.saturating_mul(rows) > values.left {
                    return Err(says(format!("has {} values for {rows} lists of {length}", values.left)));
                }
                Shape::FixedLists { length, values }
            }
            other => {
                let width = other.primitive_width().ok_or("is of no type of numbers")? as u64;
                let values = next(rows.saturating_mul(width))?;
                Shape::Numbers { width, values }
            }
        };
        Ok(Self {
            name: stored.name.clone(),
            data_type: stored.data_type.clone(),
            left: rows,
            nulls,
            shape,
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
            Shape::Numbers { .. } | Shape::Booleans(_) | Shape::Views { .. } => Ok(rows),
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
            Shape::Numbers { .. } | Shape::Booleans(_) | Shape::Views { .. } => 1,
            Shape::FixedLists { length, .. } => *length,
            Shape::Lists { lengths, .. } => lengths.ahead.front().copied().unwrap_or(0),
            Shape::Binary { lengths, .. } => lengths.ahead.front().map_or(0, |n| n.div_ceil(USUAL)),
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
        self.left = left.ok_or_else(|| format!("has {} values where {rows} are needed", self.left))?;
        let count = usize::try_from(rows).map_err(|e| e.to_string())?;
        let nulls = self.nulls.as_mut().map(|bits| bits.take(count)).transpose()?;
        let nulls = nulls.map(NullBuffer::new);
        if let Shape::Booleans(bits) = &mut self.shape {
            return Ok(Arc::new(BooleanArray::new(bits.take(count)?, nulls)));
        }
        let array = ArrayData::builder(self.data_type.clone()).len(count).nulls(nulls);
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
        };
        let array = array.align_buffers(true).build();
        array.map(make_array).map_err(|e| e.to_string())
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
        let nulls = self.nulls.map_or(Ok(()), |bits| bits.bytes.finish());
        nulls.map_err(says)?;
        match self.shape {
            Shape::Numbers { values, .. } => values.finish().map_err(says),
            Shape::Booleans(bits) => bits.bytes.finish().map_err(says),
            Shape::Views { views, .. } => views.finish().map_err(says),
            Shape::Binary { lengths, values } => {
                lengths.offsets.finish().map_err(says)?;
                values.finish().map_err(says)
            }
            Shape::Lists { lengths, values } => {
                lengths.offsets.finish().map_err(says)?;
                values.finish()
            }
            Shape::FixedLists { values, .. } => values.finish(),
        }
    }
}

fn offset_width(data_type: &DataType) -> u64 {
    match data_type {
        DataType::LargeBinary | DataType::LargeList(_) => 8,
        _ => 4,
    }
}

/// Bits, of which any number is taken at a time.
#[derive(Debug)]
struct Bits {
    bytes: Bytes,
    /// The byte in which the next bit is, where others of it were taken, and how many.
    open: (u8, usize),
}

impl Bits {
    fn new(bytes: Bytes) -> Self {
        Self {
            bytes,
            open: (0, 0),
        }
    }

    fn take(&mut self, count: usize) -> Result<BooleanBuffer, String> {
        let (byte, before) = self.open;
        let bits = before + count;
        let bytes = bits.div_ceil(8) - usize::from(before > 0);
        let more = self.bytes.take(bytes as u64)?;
        let all = if before > 0 {
            let mut all = Vec::with_capacity(1 + more.len());
            all.push(byte);
            all.extend_from_slice(&more);
            Buffer::from_vec(all)
        } else {
            more
        };
        self.open = match bits % 8 {
            0 => (0, 0),
            after => (all.last().copied().unwrap_or(0), after),
        };
        Ok(BooleanBuffer::new(all, before, count))
    }

    fn skip(&mut self, count: u64) -> Result<(), String> {
        self.bytes.skip(count / 8)?;
        self.take((count % 8) as usize).map(drop)
    }
}

/// Lengths of lists, from the offsets of their values.
#[derive(Debug)]
struct Lengths {
    offsets: Bytes,
    width: u64,
    /// The last offset that was read, and the last that there may be.
    last: u64,
    most: u64,
    /// Rows whose offsets were not yet read, and lengths that were.
    unread: u64,
    ahead: VecDeque<u64>,
}

impl Lengths {
    fn new(offsets: Bytes, width: u64, rows: u64, most: u64) -> Result<Self, String> {
        let mut lengths = Self {
            offsets,
            width,
            last: 0,
            most,
            unread: rows,
            ahead: VecDeque::new(),
        };
        // Without rows there need be no offsets.
        if rows > 0 {
            lengths.read(1)?;
            lengths.ahead.clear();
        }
        Ok(lengths)
    }

    fn read(&mut self, count: u64) -> Result<(), String> {
        let bytes = self.offsets.take(count * self.width)?;
        for offset in bytes.chunks_exact(self.width as usize) {
            let offset = offset.iter().rev().fold(0_u64, |sum, &b| sum << 8 | u64::from(b));
            if offset < self.last || offset > self.most {
                return Err(format!(
                    "has offset {offset} behind {} and before {}",
                    self.last, self.most
                ));
            }
            self.ahead.push_back(offset - self.last);
            self.last = offset;
        }
        Ok(())
    }

    fn rows_within(&mut self, rows: u64, values: u64) -> Result<u64, String> {
        let more = rows.saturating_sub(self.ahead.len() as u64).min(self.unread);
        self.read(more)?;
        self.unread -= more;
        let mut sum = 0_u64;
        let fits = |length: &&u64| {
            sum = sum.saturating_add(**length);
            sum <= values
        };
        Ok(self.ahead.iter().take(rows as usize).take_while(fits).count() as u64)
    }

    /// Offsets of the next rows from 0 on, and the last of them.
    fn take(&mut self, rows: u64) -> Result<(Buffer, u64), String> {
        self.rows_within(rows, u64::MAX)?;
        let (mut offsets, mut sum) = (Vec::new(), 0_u64);
        offsets.push(0);
        for length in self.ahead.drain(..(rows as usize).min(self.ahead.len())) {
            sum += length;
            offsets.push(sum);
        }
        let buffer = if self.width == 8 {
            Buffer::from_vec(offsets.iter().map(|&n| n.cast_signed()).collect::<Vec<i64>>())
        } else {
            let narrow = offsets.iter().map(|&n| i32::try_from(n)).collect::<Result<Vec<i32>, _>>();
            Buffer::from_vec(narrow.map_err(|e| e.to_string())?)
        };
        Ok((buffer, sum))
    }
}
