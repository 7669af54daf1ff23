//! Finished cells as comma-separated values: a line for each row, after one that names the columns.
//!
//! Last on the line, beside `table.rs`: same columns, same values, of which each is written with the fewest digits that
//! read back as it is. What is missing is `NaN` among floats, as it is in a store.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{self as types, DataType, TimeUnit};
use chrono::{DateTime, SecondsFormat};

use super::geometry::Geometry;
use super::located::{Located, POSITIONS};
use super::moments::times;
use super::places::{PLACES, Places};
use crate::error::{Error, Result};
use crate::finalize::{CellTable, StoreSchema, StoreSteps};
use crate::place::{Artefact, FilePlace, Folder, writes_through};

/// How a file of ours begins.
const FIRST: &str = "cell_ids";
/// How one begins whose cells are rows and columns.
const PLACED: &str = "row,column,y,x";

/// Cells as lines. The format has no place to say who wrote a file, but its first column is ours.
pub const CSV: Artefact = Artefact {
    noun: "CSV file",
    needs_flag: true,
    folder: Folder::Made,
    wrote: begins_with_ids,
};

fn begins_with_ids(path: &Path) -> bool {
    let mut start = Vec::new();
    let length = PLACED.len().max(FIRST.len()) as u64 + 1;
    let read = File::open(path).and_then(|file| file.take(length).read_to_end(&mut start));
    let begins = |with: &str| {
        let rest = start.strip_prefix(with.as_bytes());
        rest.is_some_and(|rest| rest.starts_with(b",") || rest.starts_with(b"\n"))
    };
    read.is_ok() && (begins(FIRST) || begins(PLACED))
}

/// A file of lines that grows.
#[derive(Debug)]
pub(crate) struct Lines {
    place: FilePlace,
    file: BufWriter<File>,
}

impl Lines {
    /// Begins a file with a line of these names.
    ///
    /// # Errors
    /// Nothing can be written beside the target.
    pub fn create<'a>(target: &Path, names: impl Iterator<Item = &'a str>) -> Result<Self> {
        let (place, file) = FilePlace::create(target, CSV)?;
        let file = BufWriter::new(file);
        let mut lines = Self { place, file };
        let names: Vec<String> = names.map(quoted).collect();
        lines.write(&(names.join(",") + "\n"))?;
        Ok(lines)
    }

    /// Appends a line for each row.
    ///
    /// # Errors
    /// A column that is no number, moment or text; a write fails.
    pub fn append(&mut self, columns: &[ArrayRef]) -> Result<()> {
        let rows = columns.first().map_or(0, Array::len);
        let columns = columns.iter().map(shown).collect::<Result<Vec<_>>>()?;
        let mut text = String::new();
        for row in 0..rows {
            for (place, column) in columns.iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                column(row, &mut text);
            }
            text.push('\n');
            if text.len() > 1 << 16 {
                self.write(&text)?;
                text.clear();
            }
        }
        self.write(&text)
    }

    /// Writes what is left, and makes it durable; the file waits for its name.
    ///
    /// # Errors
    /// A write fails; nothing is left.
    pub fn finish(self) -> Result<FilePlace> {
        let target = self.place.target().to_path_buf();
        let failed = |source| Error::io("write", &target, source);
        let file = self.file.into_inner().map_err(|e| failed(e.into_error()))?;
        if !writes_through(&target) {
            file.sync_all().map_err(failed)?;
        }
        Ok(self.place)
    }

    fn write(&mut self, text: &str) -> Result<()> {
        let written = self.file.write_all(text.as_bytes());
        written.map_err(|source| Error::io("write", self.place.target(), source))
    }
}

/// Writes one file of lines, from tables in ascending order of cells.
#[derive(Debug)]
pub struct CsvWriter {
    lines: Lines,
    steps: Option<StoreSteps>,
    located: Located,
    places: Option<Places>,
}

impl CsvWriter {
    /// Begins a file that [`finish`](Self::finish) makes whole.
    ///
    /// # Errors
    /// An output that is called as a column of where cells are; nothing can be written beside the target.
    pub fn create(target: &Path, schema: &StoreSchema) -> Result<Self> {
        let located = Located {
            grid: schema.grid,
            geometry: Geometry::None,
        };
        let places = Places::of(&schema.grid);
        let ids = places.map_or(vec![FIRST], |_| PLACES.to_vec());
        let step = schema.steps.as_ref().map(StoreSteps::name);
        let outputs = schema.arrays.iter().map(|array| array.name.as_str());
        if let Some(name) = outputs.clone().find(|name| located.names().contains(name)) {
            return Err(Error::argument(format!(
                "{} has a column {name} of its own, as an output is called; choose another name for the output",
                target.display()
            )));
        }
        let names = ids.into_iter().chain(step).chain(POSITIONS).chain(outputs);
        Ok(Self {
            lines: Lines::create(target, names)?,
            steps: schema.steps.clone(),
            located,
            places,
        })
    }

    /// Appends cells; their ids continue ascending.
    ///
    /// # Errors
    /// A column that is no number; a write fails.
    pub fn append(&mut self, table: &CellTable) -> Result<()> {
        let mut columns = table.rows.columns().to_vec();
        let mut leading = 1;
        if let (Some(steps), Some(of_rows)) = (&self.steps, table.steps()) {
            columns[1] = times(steps, of_rows);
            leading = 2;
        }
        let positions = self.located.positions_of(table.ids());
        columns.splice(leading..leading, positions);
        if let Some(places) = &self.places {
            columns.splice(0..1, places.columns(table.ids()));
        }
        self.lines.append(&columns)
    }

    /// Writes what is left, and makes it durable; the file waits for its name.
    ///
    /// # Errors
    /// A write fails; nothing is left.
    pub fn finish(self) -> Result<FilePlace> {
        self.lines.finish()
    }
}

/// A name as a field; names of outputs are words, but nothing here relies on it.
fn quoted(name: &str) -> String {
    if name.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", name.replace('"', "\"\""));
    }
    name.to_owned()
}

/// What writes the value of a row.
type Shown<'a> = Box<dyn Fn(usize, &mut String) + 'a>;

/// A moment in UTC.
fn moment(micros: i64, text: &mut String) {
    if let Some(moment) = DateTime::from_timestamp_micros(micros) {
        text.push_str(&moment.to_rfc3339_opts(SecondsFormat::AutoSi, true));
    }
}

fn shown(column: &ArrayRef) -> Result<Shown<'_>> {
    macro_rules! as_is {
        ($t:ty) => {{
            let values = column.as_primitive::<$t>().values();
            Box::new(move |row, text| {
                // The shortest digits that read back as this; writing to a text does not fail.
                let _ = write!(text, "{:?}", values[row]);
            })
        }};
    }
    Ok(match column.data_type() {
        DataType::Int8 => as_is!(types::Int8Type),
        DataType::Int16 => as_is!(types::Int16Type),
        DataType::Int32 => as_is!(types::Int32Type),
        DataType::Int64 => as_is!(types::Int64Type),
        DataType::UInt8 => as_is!(types::UInt8Type),
        DataType::UInt16 => as_is!(types::UInt16Type),
        DataType::UInt32 => as_is!(types::UInt32Type),
        DataType::UInt64 => as_is!(types::UInt64Type),
        DataType::Float32 => as_is!(types::Float32Type),
        DataType::Float64 => as_is!(types::Float64Type),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let values = column
                .as_primitive::<types::TimestampMicrosecondType>()
                .values();
            Box::new(move |row, text| moment(values[row], text))
        }
        DataType::Utf8 => {
            let values = column.as_string::<i32>();
            Box::new(move |row, text| text.push_str(&quoted(values.value(row))))
        }
        other => return Err(Error::gate(format!("a column of {other} is no number"))),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Float32Array, Float64Array, Int64Array};

    use super::*;

    fn text(column: &ArrayRef) -> String {
        let mut text = String::new();
        for row in 0..column.len() {
            shown(column).unwrap()(row, &mut text);
            text.push(' ');
        }
        text
    }

    #[test]
    fn every_number_reads_back_as_it_is() {
        let doubles = [
            0.1,
            -0.0,
            1e300,
            5e-324,
            1e16,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            3.0,
        ];
        let column: ArrayRef = Arc::new(Float64Array::from(doubles.to_vec()));
        let found = text(&column);
        assert_eq!(found, "0.1 -0.0 1e300 5e-324 1e16 NaN inf -inf 3.0 ");
        for (word, expected) in found.split_whitespace().zip(doubles) {
            let back: f64 = word.parse().unwrap();
            assert!(
                back.to_bits() == expected.to_bits() || expected.is_nan(),
                "{word}"
            );
        }
        let singles = [0.1_f32, f32::MAX, f32::MIN_POSITIVE];
        let column: ArrayRef = Arc::new(Float32Array::from(singles.to_vec()));
        let found = text(&column);
        for (word, expected) in found.split_whitespace().zip(singles) {
            assert_eq!(word.parse::<f64>().unwrap() as f32, expected, "{word}");
        }
        let whole: ArrayRef = Arc::new(Int64Array::from(vec![i64::MIN, 0, i64::MAX]));
        let whole = text(&whole);
        assert_eq!(whole, "-9223372036854775808 0 9223372036854775807 ");
    }

    #[test]
    fn a_file_of_ours_is_told_by_its_first_column() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        for (text, ours) in [
            ("cell_ids,count\n1,2\n", true),
            ("cell_ids\n", true),
            ("row,column,y,x,lon\n", true),
            ("row,column,h\n", false),
            ("cell_ids2,a\n", false),
            ("lon,lat\n", false),
            ("", false),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(begins_with_ids(&path), ours, "{text}");
        }
        assert_eq!(quoted("a,\"b"), "\"a,\"\"b\"");
    }
}
