//! Comma-separated values: the types of columns, by a look at every row, and the rows.
//!
//! On the line: `file.rs` opens a table here where its name ends in `.csv`, `batches.rs` reads its rows. The first line
//! has the names of columns, every other one a row; `lines.rs` parts lines, `value.rs` tells what a field is, `source.rs`
//! yields rows. Types are those that hold all values of a column, so they do not depend on how much was looked at. Format:
//! RFC 4180, but for line breaks in quotes.

mod lines;
mod source;
mod typed;
mod value;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

use super::metered::Metered;
use crate::source::Bytes;

use lines::Lines;
pub(super) use source::CsvSource;
use value::Kind;

/// A file of comma-separated values.
#[derive(Debug)]
pub(super) struct Csv {
    pub schema: SchemaRef,
    pub rows: u64,
    /// Of columns that hold text: the first row that does, and the text.
    texts: BTreeMap<String, (u64, String)>,
    /// The same of columns of numbers that are not all whole.
    fractions: BTreeMap<String, (u64, String)>,
    kinds: Vec<Kind>,
}

impl Csv {
    /// Looks at every row.
    ///
    /// # Errors
    /// In words: a file without a line, a row with another number of fields than the first, a line that is too long or
    /// ends within quotes.
    pub fn open(data: &Arc<dyn Bytes>) -> Result<Self, String> {
        let mut lines = Lines::open(&Metered::new(Arc::clone(data)))?;
        let names = lines.names().to_vec();
        let mut kinds = vec![Kind::Nothing; names.len()];
        let mut texts: BTreeMap<String, (u64, String)> = BTreeMap::new();
        let mut fractions: BTreeMap<String, (u64, String)> = BTreeMap::new();
        let mut rows = 0;
        while lines.next()? {
            for (place, kind) in kinds.iter_mut().enumerate() {
                let field = lines.field(place);
                let before = *kind;
                *kind = kind.with(field);
                if *kind == before {
                    continue;
                }
                let first = match *kind {
                    Kind::Text => &mut texts,
                    Kind::Float => &mut fractions,
                    _ => continue,
                };
                let first = first.entry(names[place].clone());
                first.or_insert_with(|| (rows, shown(field)));
            }
            rows += 1;
        }
        let fields = names.iter().zip(&kinds);
        let fields = fields.map(|(name, kind)| Field::new(name, kind.data_type(), true));
        Ok(Self {
            schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
            rows,
            texts,
            fractions,
            kinds,
        })
    }

    /// Why a column is not one of numbers, in words, where it is none.
    pub fn why_text(&self, name: &str) -> Option<String> {
        let (row, text) = self.texts.get(name)?;
        Some(format!(
            "as '{text}' in row {row} fits no other type: correct it, or leave it empty for null"
        ))
    }
}

/// A field for messages.
fn shown(field: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(field).chars().take(40).collect();
    text.escape_debug().to_string()
}

impl Kind {
    fn data_type(self) -> DataType {
        match self {
            Self::Nothing | Self::Float => DataType::Float64,
            Self::Whole => DataType::Int64,
            Self::Truth => DataType::Boolean,
            Self::Time => DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
            Self::Text => DataType::Utf8,
        }
    }
}
