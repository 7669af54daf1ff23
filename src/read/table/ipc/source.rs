//! The rows of Arrow IPC in pieces: how many at a time, and whether what they take fits the memory.
//!
//! On the line: `batches.rs` asks for the next piece.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Fields, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;

use super::column::{Column, working_bytes};
use super::dictionary::Dictionaries;
use super::layout::{Layout, Stored};
use super::{Block, Messages, unprefixed};
use crate::read::table::fields::{Pick, narrowed, plain};
use crate::read::table::metered::Metered;
use crate::read::table::room::{Fault, Room};

/// Yields the rows of needed columns.
#[derive(Debug)]
pub(in crate::read::table) struct IpcSource {
    file: Arc<Metered>,
    messages: Arc<Messages>,
    /// What is read, of the schema.
    picks: Vec<Pick>,
    schema: SchemaRef,
    /// Rows of a piece, or values in their lists.
    rows: u64,
    /// For the values of lists.
    room: Room,
    /// The next record batch, and what is left of the one before.
    next: usize,
    current: Option<Current>,
    dictionaries: Dictionaries,
    /// The next row.
    row: u64,
    /// Bytes that decoding takes at most.
    pub bytes: u64,
}

#[derive(Debug)]
struct Current {
    columns: Vec<Column>,
    /// All rows, and those that are left.
    rows: u64,
    left: u64,
    /// Bytes that a value of every list takes.
    value: u64,
}

impl IpcSource {
    /// Looks at what the record batches say of themselves; a piece has at most `rows` rows, or values in
    /// lists but for those of one row.
    ///
    /// # Errors
    /// A batch that is damaged, or does not fit the memory.
    pub fn open(
        messages: &Arc<Messages>,
        file: Metered,
        picks: Vec<Pick>,
        limits: (usize, Room),
    ) -> Result<Self, Fault> {
        let (rows, room) = limits;
        let mut source = Self {
            file: Arc::new(file),
            messages: Arc::clone(messages),
            schema: Arc::new(plainly(&narrowed(&messages.schema, &picks))),
            picks,
            rows: rows as u64,
            room,
            next: 0,
            current: None,
            dictionaries: Dictionaries::default(),
            row: 0,
            bytes: 0,
        };
        let (mut working, mut lists) = (0, 0_u64);
        let mut needed = BTreeMap::new();
        for (number, block) in messages.blocks.iter().enumerate() {
            let named = |what| Fault::Damaged(format!("record batch {number}: {what}"));
            let layout = source.layout(block).map_err(named)?;
            needed.extend(layout.columns.iter().flat_map(dictionaries_of));
            let mut bytes = 0_u64;
            for column in &layout.columns {
                let of_column = working_bytes(column, layout.codec, &source.file);
                bytes = bytes.saturating_add(of_column.map_err(named)?);
            }
            let what = || {
                format!(
                    "record batch {number} of {} rows has compressed columns or views",
                    layout.rows
                )
            };
            let left = room.beside(bytes, what).map_err(Fault::TooLarge)?;
            let values = layout
                .columns
                .iter()
                .filter_map(|column| column.values.as_ref());
            let longest = values.map(|v| v.rows).max().unwrap_or(0);
            let longest = longest.saturating_sub(layout.rows.saturating_sub(1));
            let of_lists = longest.saturating_mul(value_bytes(&layout.columns));
            lists = lists.max(left.left().map_or(0, |left| of_lists.min(left)));
            working = working.max(bytes);
        }
        source.dictionaries = Dictionaries::read(messages, &source.file, &needed, room)?;
        working = working.saturating_add(source.dictionaries.bytes);
        source.bytes = working.saturating_add(lists);
        if let Some(all) = room.left() {
            source.bytes = source.bytes.min(all);
        }
        let what = || "has dictionaries, and compressed columns or views".to_owned();
        source.room = room.beside(working, what).map_err(Fault::TooLarge)?;
        Ok(source)
    }

    /// Bytes of the file up to the next row.
    pub fn position(&self) -> u64 {
        let Some(block) = self.next.checked_sub(1) else {
            return 0;
        };
        let (start, length) = self.messages.blocks[block].body;
        let current = self.current.as_ref();
        let left = current.map_or(0, |c| {
            u128::from(length) * u128::from(c.left) / u128::from(c.rows.max(1))
        });
        start + length - left as u64
    }

    fn layout(&self, block: &Block) -> Result<Layout, String> {
        let text = unprefixed(self.file.source(), block.message)?;
        let of_schema = (&*self.messages.schema, &self.messages.ids[..]);
        Layout::of(&text, block, of_schema, &self.picks)
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// Rows that cannot be decoded, or do not fit the memory.
    pub fn next(&mut self) -> Result<Option<RecordBatch>, Fault> {
        loop {
            let number = self.next.saturating_sub(1);
            let named = |what: String| Fault::Damaged(format!("record batch {number}: {what}"));
            match &mut self.current {
                Some(current) if current.left > 0 => {
                    let (limits, at) = ((self.rows, self.room), (self.row, &self.schema));
                    let batch = current.take(limits, at).map_err(|fault| match fault {
                        Fault::Damaged(what) => named(what),
                        fault @ Fault::TooLarge(_) => fault,
                    })?;
                    self.row += batch.num_rows() as u64;
                    return Ok(Some(batch));
                }
                _ => {}
            }
            if let Some(current) = self.current.take() {
                let mut columns = current.columns.into_iter();
                columns.try_for_each(Column::finish).map_err(named)?;
            }
            let Some(block) = self.messages.blocks.get(self.next) else {
                return Ok(None);
            };
            self.next += 1;
            let number = self.next - 1;
            let named = |what: String| Fault::Damaged(format!("record batch {number}: {what}"));
            let layout = self.layout(block).map_err(named)?;
            let open = |stored: &Stored| {
                Column::open(stored, layout.codec, &self.file, &self.dictionaries)
            };
            let columns: Result<Vec<Column>, String> = layout.columns.iter().map(open).collect();
            self.current = Some(Current {
                columns: columns.map_err(named)?,
                rows: layout.rows,
                left: layout.rows,
                value: value_bytes(&layout.columns),
            });
        }
    }
}

impl Current {
    fn take(&mut self, limits: (u64, Room), at: (u64, &SchemaRef)) -> Result<RecordBatch, Fault> {
        let ((wanted, room), (row, schema)) = (limits, at);
        let mut rows = wanted.min(self.left);
        let values = wanted.min(room.fits(self.value)).max(1);
        for column in &mut self.columns {
            let within = column.rows_within(rows, values).map_err(Fault::Damaged)?;
            if within > 0 {
                rows = rows.min(within);
                continue;
            }
            rows = 1;
            let length = column.next_length();
            let what = || format!("row {row} has {length} values in column {}", column.name());
            let fits = room.beside(length.saturating_mul(self.value), what);
            fits.map_err(Fault::TooLarge)?;
        }
        self.left -= rows;
        let columns = self.columns.iter_mut().map(|column| column.take(rows));
        let columns: Result<Vec<_>, String> = columns.collect();
        let columns = columns.map_err(Fault::Damaged)?;
        RecordBatch::try_new(Arc::clone(schema), columns).map_err(|e| Fault::Damaged(e.to_string()))
    }
}

/// The numbers of the dictionaries of a column, and of what is within, each with the type of its values.
fn dictionaries_of(column: &Stored) -> Vec<(i64, DataType)> {
    let of_values = column.values.as_deref().map(dictionaries_of);
    let within = column.rows_of_all().into_iter();
    let own = within.filter_map(|stored| stored.dictionary.clone());
    own.chain(of_values.into_iter().flatten()).collect()
}

/// A schema in which dictionaries are what they stand for.
fn plainly(schema: &Schema) -> Schema {
    Schema::new(schema.fields().iter().map(plain).collect::<Fields>())
}

/// Bytes that a value takes of every column that has lists; a binary value counts by its bytes.
fn value_bytes(columns: &[Stored]) -> u64 {
    let of_column = |column: &Stored| match (&column.values, column.buffers.len()) {
        (Some(values), _) => values.data_type.primitive_width().unwrap_or(1) as u64 + 1,
        (None, 3) => 64,
        _ => 0,
    };
    columns.iter().map(of_column).sum::<u64>().max(1)
}
