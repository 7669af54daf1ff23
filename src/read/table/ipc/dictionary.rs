//! The dictionaries of Arrow IPC: values that stand once in the file, and places of them in columns.
//!
//! Below `source.rs`. Columns of dictionaries become what they stand for as their rows are taken (`column.rs`). Those of a
//! stream may grow between record batches, in which the places in front stay what they are; one that is replaced by
//! another of other values is refused. Format: Apache Arrow, "Dictionary Messages".

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, new_empty_array};
use arrow::compute::{TakeOptions, cast, concat, take};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::ipc;

use super::column::{Column, File, plain_bytes, working_bytes};
use super::layout::{Layout, Stored};
use super::{Messages, parsed, unprefixed};
use crate::read::table::fields::Pick;
use crate::read::table::fields::is_text;
use crate::read::table::room::{Fault, Room};

/// The numbers of the dictionaries of a field, and of the fields within.
#[derive(Debug, Clone, Default)]
pub(super) struct Ids {
    pub own: Option<i64>,
    within: Vec<Ids>,
}

impl Ids {
    /// Of the fields of a schema, in their order.
    pub fn of_schema(schema: ipc::Schema<'_>) -> Vec<Self> {
        let fields = schema.fields();
        fields.iter().flatten().map(Self::of).collect()
    }

    fn of(field: ipc::Field<'_>) -> Self {
        let within = field.children();
        Self {
            own: field.dictionary().map(|encoding| encoding.id()),
            within: within.iter().flatten().map(Self::of).collect(),
        }
    }

    /// Those of a field within, by its place.
    pub fn at(&self, place: usize) -> Self {
        self.within.get(place).cloned().unwrap_or_default()
    }
}

/// The values of the dictionaries that are needed.
#[derive(Debug, Default)]
pub(super) struct Dictionaries {
    values: BTreeMap<i64, ArrayRef>,
    /// Bytes that they take, and that reading them takes.
    pub bytes: u64,
}

impl Dictionaries {
    /// Reads those that columns of these layouts need.
    ///
    /// # Errors
    /// One that is damaged, is replaced, or does not fit the memory.
    pub fn read(
        messages: &Messages,
        file: &File,
        needed: &BTreeMap<i64, DataType>,
        room: Room,
    ) -> Result<Self, Fault> {
        let mut all = Self::default();
        for (id, data_type) in needed {
            all.values.insert(*id, new_empty_array(&held(data_type)));
        }
        for (number, block) in messages.dictionaries.iter().enumerate() {
            let named = |what: String| Fault::Damaged(format!("dictionary batch {number}: {what}"));
            let text = unprefixed(file.source(), block.message).map_err(named)?;
            let message = parsed(&text).map_err(named)?;
            let header = message.header_as_dictionary_batch();
            let header = header.ok_or_else(|| named("is no dictionary".into()))?;
            let Some(data_type) = needed.get(&header.id()) else {
                continue;
            };
            let batch = header.data();
            let batch = batch.ok_or_else(|| named("has no values".into()))?;
            let schema = Schema::new(vec![Field::new("its values", data_type.clone(), true)]);
            let pick = Pick {
                root: 0,
                path: Vec::new(),
            };
            let ids = [Ids::default()];
            let layout =
                Layout::of_batch((&batch, message.version()), block, (&schema, &ids), &[pick]);
            let layout = layout.map_err(named)?;
            let stored = &layout.columns[0];
            let bytes = working_bytes(stored, layout.codec, file).and_then(|working| {
                let plain = plain_bytes(stored, layout.codec, file)?;
                // While one is put behind another, both are there.
                Ok(working.saturating_add(plain.saturating_mul(2)))
            });
            all.bytes = all.bytes.saturating_add(bytes.map_err(named)?);
            let what = || format!("dictionary batch {number} has {} values", layout.rows);
            room.beside(all.bytes, what).map_err(Fault::TooLarge)?;
            let values = whole(stored, &layout, file).map_err(named)?;
            all.add(header.id(), &values, header.isDelta())
                .map_err(named)?;
        }
        Ok(all)
    }

    /// Values behind those that are known, or in their place where these stand in front of them.
    fn add(&mut self, id: i64, values: &ArrayRef, is_delta: bool) -> Result<(), String> {
        let values = cast(values, &held(values.data_type())).map_err(|e| e.to_string())?;
        let known = self.values.get(&id).filter(|known| !known.is_empty());
        let grown = match known {
            Some(known) if is_delta => {
                concat(&[known.as_ref(), values.as_ref()]).map_err(|e| e.to_string())?
            }
            Some(known) => {
                let same = known.len().min(values.len());
                if known.slice(0, same).to_data() != values.slice(0, same).to_data() {
                    return Err("replaces another, and then places mean other values than before: write the table as \
                                a file, which has one of each".into());
                }
                if values.len() < known.len() {
                    return Ok(());
                }
                values
            }
            None => values,
        };
        self.values.insert(id, grown);
        Ok(())
    }

    /// The values of a dictionary.
    pub fn of(&self, id: i64) -> Option<ArrayRef> {
        self.values.get(&id).map(Arc::clone)
    }
}

/// What places stand for.
///
/// # Errors
/// In words, a place that the dictionary does not have.
pub(super) fn stood_for(values: &ArrayRef, places: &ArrayRef) -> Result<ArrayRef, String> {
    let options = TakeOptions { check_bounds: true };
    take(values, places, Some(options)).map_err(|_| {
        format!(
            "has a place that its dictionary of {} values does not have",
            values.len()
        )
    })
}

/// Views of texts, of which none is copied for each row that has it; other values as they are.
fn held(data_type: &DataType) -> DataType {
    if is_text(data_type) {
        DataType::Utf8View
    } else {
        data_type.clone()
    }
}

/// All values of a dictionary batch.
fn whole(stored: &Stored, layout: &Layout, file: &File) -> Result<ArrayRef, String> {
    let mut column = Column::open(stored, layout.codec, file, &Dictionaries::default())?;
    let values = column.take(layout.rows)?;
    column.finish()?;
    Ok(values)
}
