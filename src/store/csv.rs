//! Finished cells as comma-separated values: a line for each row, after one that names the columns.
//!
//! Last on the line, beside `table.rs`: same columns, same values, of which each is written with the fewest digits that
//! read back as it is. What is missing is `NaN` among floats, as it is in a store.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{self as types, DataType};
use chrono::{DateTime, SecondsFormat};

use crate::error::{Error, Result};
use crate::finalize::{CellTable, StoreSchema, StoreSteps};
use crate::place::{Artefact, FilePlace, Folder, writes_through};

/// How a file of ours begins.
const FIRST: &str = "cell_ids";
/// 2018-01-01 in seconds since 1970-01-01.
const EPOCH: f64 = 1_514_764_800.0;

/// Cells as lines. The format has no place to say who wrote a file, but its first column is ours.
pub const CSV: Artefact = Artefact {
    noun: "CSV file",
    needs_flag: true,
    folder: Folder::Made,
    wrote: begins_with_ids,
};

fn begins_with_ids(path: &Path) -> bool {
    let mut start = Vec::new();
    let length = FIRST.len() as u64 + 1;
    let read = File::open(path).and_then(|file| file.take(length).read_to_end(&mut start));
    read.is_ok()
        && start
            .strip_prefix(FIRST.as_bytes())
            .is_some_and(|rest| rest == b"," || rest == b"\n")
}

/// Writes one file of lines, from tables in ascending order of cells.
#[derive(Debug)]
pub struct CsvWriter {
    place: FilePlace,
    file: BufWriter<File>,
    steps: Option<StoreSteps>,
}

impl CsvWriter {
    /// Begins a file that [`finish`](Self::finish) makes whole.
    ///
    /// # Errors
    /// Nothing can be written beside the target.
    pub fn create(target: &Path, schema: &StoreSchema) -> Result<Self> {
        let (place, file) = FilePlace::create(target, CSV)?;
        let mut writer = Self {
            place,
            file: BufWriter::new(file),
            steps: schema.steps.clone(),
        };
        let step = schema.steps.as_ref().map(StoreSteps::name);
        let outputs = schema.arrays.iter().map(|array| array.name.as_str());
        let names: Vec<String> = step.into_iter().chain(outputs).map(quoted).collect();
        let line = [&[FIRST.to_owned()], &names[..]].concat().join(",");
        writer.write(&(line + "\n"))?;
        Ok(writer)
    }

    /// Appends cells; their ids continue ascending.
    ///
    /// # Errors
    /// A column that is no number; a write fails.
    pub fn append(&mut self, table: &CellTable) -> Result<()> {
        let steps = self.steps.clone();
        let steps = steps.as_ref();
        let mut columns = Vec::with_capacity(table.rows.num_columns());
        for (place, column) in table.rows.columns().iter().enumerate() {
            let of_steps = steps.filter(|steps| place == 1 && steps.edges().is_some());
            columns.push(match of_steps.zip(table.steps()) {
                Some((steps, of_rows)) => moments(steps, of_rows),
                None => shown(column)?,
            });
        }
        let mut text = String::new();
        for row in 0..table.rows.num_rows() {
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

/// A name as a field; names of outputs are words, but nothing here relies on it.
fn quoted(name: &str) -> String {
    if name.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", name.replace('"', "\"\""));
    }
    name.to_owned()
}

/// What writes the value of a row.
type Shown<'a> = Box<dyn Fn(usize, &mut String) + 'a>;

/// When the step of each row begins, in UTC.
fn moments<'a>(steps: &'a StoreSteps, of_rows: &'a [u32]) -> Shown<'a> {
    Box::new(move |row, text| {
        let place = steps.place(of_rows[row]);
        let edge = steps
            .edges()
            .zip(place)
            .and_then(|(edges, place)| edges.get(place as usize));
        // Exact: below 2^53.
        let micros = ((edge.copied().unwrap_or(0.0) + EPOCH) * 1e6).round() as i64;
        if let Some(moment) = DateTime::from_timestamp_micros(micros) {
            text.push_str(&moment.to_rfc3339_opts(SecondsFormat::AutoSi, true));
        }
    })
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
