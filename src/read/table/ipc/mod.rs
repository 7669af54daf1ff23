//! Arrow IPC: where the record batches of a file or stream are, and which of their columns are needed.
//!
//! On the line: `file.rs` opens a table here, `batches.rs` reads its rows. A record batch may be larger than
//! the memory and only says of itself what it holds, so it is never taken whole: `layout.rs` finds the
//! buffers of the needed columns, `buffer.rs` reads and decompresses them little by little, `column.rs` makes
//! arrays of a few rows, `source.rs` decides how many. Format: Apache Arrow, "Arrow Columnar Format",
//! "Serialization and Interprocess Communication (IPC)".

mod bits;
mod buffer;
mod column;
mod dictionary;
mod layout;
mod lengths;
mod source;

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use arrow::ipc::convert::try_fb_to_schema;
use arrow::ipc::{self, Message, MessageHeader, root_as_footer, root_as_message};

use crate::source::{Bytes, read_up_to};

use dictionary::Ids;
pub(super) use source::IpcSource;

/// First and last bytes of a file.
const MAGIC: &[u8] = b"ARROW1";
/// Before the length of a message, since version 0.15 of the format.
const CONTINUATION: [u8; 4] = [0xff; 4];
/// Bytes of a footer or of what a message says of itself, at most: of millions of batches or columns.
const LONGEST: u64 = 64 << 20;

/// One record batch in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Block {
    /// First byte and length of what it says of itself, and of its buffers.
    message: (u64, u64),
    body: (u64, u64),
}

/// What a file or stream holds.
#[derive(Debug)]
pub(super) struct Messages {
    pub schema: SchemaRef,
    /// Pairs in the footer of a file.
    pub metadata: HashMap<String, String>,
    blocks: Vec<Block>,
    /// Of the columns, and where dictionaries are.
    ids: Vec<Ids>,
    dictionaries: Vec<Block>,
}

impl Messages {
    /// Finds the record batches of a file by its footer.
    ///
    /// # Errors
    /// In words, what is damaged.
    pub fn of_file(file: &dyn Bytes) -> Result<Self, String> {
        let file_bytes = file.length();
        let end = MAGIC.len() as u64 + 4;
        let tail = bytes(file, file_bytes.saturating_sub(end), end)?;
        let (size, magic) = tail.split_first_chunk::<4>().ok_or("it is too short")?;
        if magic != MAGIC {
            return Err("it does not end as such; it is not whole".to_owned());
        }
        let size =
            u64::try_from(i32::from_le_bytes(*size)).map_err(|_| "its footer has no length")?;
        let start = file_bytes.checked_sub(end + size);
        let start = start.ok_or("its footer is longer than the file")?;
        let footer = bytes(file, start, size)?;
        let footer = root_as_footer(&footer).map_err(|e| format!("its footer is damaged: {e}"))?;
        let schema = footer.schema().ok_or("it has no schema")?;
        let mut metadata = HashMap::new();
        for pair in footer.custom_metadata().iter().flatten() {
            if let (Some(key), Some(value)) = (pair.key(), pair.value()) {
                metadata.insert(key.to_owned(), value.to_owned());
            }
        }
        let blocks = footer.recordBatches().ok_or("it lists no record batches")?;
        let dictionaries = footer.dictionaries();
        let block = |(place, block): (usize, &ipc::Block)| {
            let message = within(block.offset(), block.metaDataLength().into(), file_bytes);
            let message = message.ok_or(place)?;
            let after = (message.0 + message.1).cast_signed();
            let body = within(after, block.bodyLength(), file_bytes).ok_or(place)?;
            Ok(Block { message, body })
        };
        let blocks: Result<Vec<Block>, usize> = blocks.iter().enumerate().map(block).collect();
        let dictionaries = dictionaries.iter().flatten().enumerate().map(block);
        let dictionaries: Result<Vec<Block>, usize> = dictionaries.collect();
        Ok(Self {
            schema: native(schema)?,
            metadata,
            blocks: blocks
                .map_err(|place| format!("record batch {place} is outside of the file"))?,
            ids: Ids::of_schema(schema),
            dictionaries: dictionaries
                .map_err(|place| format!("dictionary batch {place} is outside of the file"))?,
        })
    }

    /// Finds the record batches of a stream, one after the other.
    ///
    /// # Errors
    /// In words, what is damaged.
    pub fn of_stream(file: &dyn Bytes) -> Result<Self, String> {
        let file_bytes = file.length();
        let mut schema = None;
        let mut ids = Vec::new();
        let (mut blocks, mut dictionaries) = (Vec::new(), Vec::new());
        let mut at = 0;
        while let Some(message) = next_message(file, at, file_bytes)? {
            let wrong = |what: &str| format!("the message at byte {at} {what}");
            let text = unprefixed(file, message)?;
            let found = parsed(&text).map_err(|e| wrong(&e))?;
            let after = message.0 + message.1;
            let body = within(after.cast_signed(), found.bodyLength(), file_bytes);
            let body = body.ok_or_else(|| wrong("is longer than the file; it is not whole"))?;
            match (found.header_type(), &schema) {
                (MessageHeader::Schema, None) => {
                    let header = found
                        .header_as_schema()
                        .ok_or_else(|| wrong("has no schema"))?;
                    schema = Some(native(header)?);
                    ids = Ids::of_schema(header);
                }
                (MessageHeader::RecordBatch, Some(_)) => blocks.push(Block { message, body }),
                (MessageHeader::DictionaryBatch, Some(_)) => {
                    dictionaries.push(Block { message, body });
                }
                _ => return Err(wrong("is not what belongs there")),
            }
            at = body.0 + body.1;
        }
        Ok(Self {
            schema: schema.ok_or("it has no schema")?,
            metadata: HashMap::new(),
            blocks,
            ids,
            dictionaries,
        })
    }

    /// Rows, and record batches; reads no values.
    ///
    /// # Errors
    /// The first row of a batch that is damaged, and why.
    pub fn count(&self, file: &dyn Bytes) -> Result<(u64, usize), (u64, String)> {
        let mut rows: u64 = 0;
        for block in &self.blocks {
            let of_batch = unprefixed(file, block.message).and_then(|text| {
                let batch = parsed(&text)?.header_as_record_batch();
                let batch = batch.ok_or("is no record batch")?;
                u64::try_from(batch.length()).map_err(|_| "has no number of rows".to_owned())
            });
            rows = rows.saturating_add(of_batch.map_err(|e| (rows, e))?);
        }
        Ok((rows, self.blocks.len()))
    }
}

/// A message without the length before it.
fn unprefixed(file: &dyn Bytes, message: (u64, u64)) -> Result<Vec<u8>, String> {
    let mut text = bytes(file, message.0, message.1)?;
    let before = if text.starts_with(&CONTINUATION) {
        8
    } else {
        4
    };
    if text.len() < before {
        return Err("what a record batch says of itself is too short".to_owned());
    }
    text.drain(..before);
    Ok(text)
}

/// First byte and length, where such a part of the file is there.
fn within(start: i64, length: i64, file_bytes: u64) -> Option<(u64, u64)> {
    let (start, length) = (u64::try_from(start).ok()?, u64::try_from(length).ok()?);
    let end = start.checked_add(length)?;
    (end <= file_bytes).then_some((start, length))
}

/// Bytes of the file, which are there and no values.
fn bytes(file: &dyn Bytes, start: u64, length: u64) -> Result<Vec<u8>, String> {
    if length > LONGEST {
        return Err(format!(
            "{length} bytes of it, from byte {start} on, say what it holds"
        ));
    }
    let bytes = read_up_to(file, start, length as usize).map_err(|e| e.to_string())?;
    if (bytes.len() as u64) < length {
        return Err(format!(
            "it ends within the {length} bytes from byte {start} on"
        ));
    }
    Ok(bytes)
}

/// First byte and length of the next message of a stream, the length before it included; `None` at the
/// end.
fn next_message(file: &dyn Bytes, at: u64, file_bytes: u64) -> Result<Option<(u64, u64)>, String> {
    if at == file_bytes {
        return Ok(None);
    }
    let prefix = bytes(file, at, (file_bytes - at).min(8))?;
    let four = |from: usize| prefix.get(from..from + 4)?.try_into().ok();
    let short = || format!("it ends within the message at byte {at}");
    let first: [u8; 4] = four(0).ok_or_else(short)?;
    let (before, size) = if first == CONTINUATION {
        (8, four(4).ok_or_else(short)?)
    } else {
        (4, first)
    };
    let size = i64::from(i32::from_le_bytes(size));
    if size == 0 {
        return Ok(None);
    }
    if size < 0 {
        return Err(format!("the message at byte {at} has a length of {size}"));
    }
    let message = within(at.cast_signed(), before + size, file_bytes);
    message.map(Some).ok_or_else(short)
}

fn parsed(text: &[u8]) -> Result<Message<'_>, String> {
    root_as_message(text).map_err(|e| format!("is damaged: {e}"))
}

fn native(schema: ipc::Schema<'_>) -> Result<SchemaRef, String> {
    if schema.endianness() != ipc::Endianness::Little {
        return Err("its numbers are big-endian; write it on another machine".to_owned());
    }
    let schema: Schema = try_fb_to_schema(schema).map_err(|e| e.to_string())?;
    Ok(Arc::new(schema))
}
