//! The rows of comma-separated values in pieces.
//!
//! On the line: `batches.rs` asks for the next piece.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray, TimestampNanosecondArray,
};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::record_batch::RecordBatch;

use super::Csv;
use super::lines::Lines;
use super::value::{float, is_null, nanoseconds, truth, whole};
use crate::read::table::fields::{Pick, narrowed};
use crate::read::table::metered::Metered;

/// Yields the rows of needed columns.
#[derive(Debug)]
pub(in crate::read::table) struct CsvSource {
    lines: Lines,
    /// Of the columns that are read: their places in a line.
    places: Vec<usize>,
    schema: SchemaRef,
    /// Rows of a piece.
    rows: usize,
}

/// The values of one column so far.
enum Values {
    Whole(Vec<Option<i64>>),
    Float(Vec<Option<f64>>),
    Truth(Vec<Option<bool>>),
    Time(Vec<Option<i64>>),
    Text(Vec<Option<String>>),
}

impl CsvSource {
    /// Begins to read; a piece has at most `rows` rows.
    ///
    /// # Errors
    /// In words: a file that cannot be read.
    pub fn open(csv: &Csv, file: &Metered, picks: &[Pick], rows: usize) -> Result<Self, String> {
        Ok(Self {
            lines: Lines::open(file)?,
            places: picks.iter().map(|pick| pick.root).collect(),
            schema: Arc::new(narrowed(&csv.schema, picks)),
            rows,
        })
    }

    /// Bytes up to the next row.
    pub fn position(&self) -> u64 {
        self.lines.bytes
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// In words: a row that is not as it was when the file was opened.
    pub fn next(&mut self) -> Result<Option<RecordBatch>, String> {
        let fields = self.schema.fields().iter();
        let mut columns: Vec<Values> = fields.map(|field| Values::of(field.data_type())).collect();
        let mut count = 0;
        while count < self.rows && self.lines.next()? {
            for (column, &place) in columns.iter_mut().zip(&self.places) {
                let field = self.lines.field(place);
                column.push(field).ok_or_else(|| {
                    let (row, name) = (self.lines.row - 1, &self.lines.names()[place]);
                    format!(
                        "row {row} has another type in column {name} than when the table was opened"
                    )
                })?;
            }
            count += 1;
        }
        if count == 0 {
            return Ok(None);
        }
        let arrays = columns.into_iter().zip(self.schema.fields());
        let arrays = arrays
            .map(|(values, field)| values.array(field.data_type()))
            .collect();
        RecordBatch::try_new(Arc::clone(&self.schema), arrays)
            .map(Some)
            .map_err(|e| e.to_string())
    }
}

impl Values {
    fn of(data_type: &DataType) -> Self {
        match data_type {
            DataType::Int64 => Self::Whole(Vec::new()),
            DataType::Boolean => Self::Truth(Vec::new()),
            DataType::Timestamp(..) => Self::Time(Vec::new()),
            DataType::Utf8 => Self::Text(Vec::new()),
            _ => Self::Float(Vec::new()),
        }
    }

    /// Adds a field; `None` where it is of another type.
    fn push(&mut self, field: &[u8]) -> Option<()> {
        let null = is_null(field);
        match self {
            Self::Whole(values) => values.push(if null { None } else { Some(whole(field)?) }),
            Self::Float(values) => values.push(if null { None } else { Some(float(field)?) }),
            Self::Truth(values) => values.push(if null { None } else { Some(truth(field)?) }),
            Self::Time(values) => values.push(if null {
                None
            } else {
                Some(nanoseconds(field)?)
            }),
            Self::Text(values) => values.push(if null {
                None
            } else {
                Some(String::from_utf8_lossy(field).into_owned())
            }),
        }
        Some(())
    }

    fn array(self, data_type: &DataType) -> ArrayRef {
        match self {
            Self::Whole(values) => Arc::new(Int64Array::from(values)),
            Self::Float(values) => Arc::new(Float64Array::from(values)),
            Self::Truth(values) => Arc::new(BooleanArray::from(values)),
            Self::Time(values) => {
                Arc::new(TimestampNanosecondArray::from(values).with_data_type(data_type.clone()))
            }
            Self::Text(values) => Arc::new(StringArray::from(values)),
        }
    }
}
