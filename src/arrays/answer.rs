//! An answer: cells in ascending order with one array of finished values per statistic, its hash, and how it
//! is written to files.
//!
//! Beside the line: a twin of `src/finalize/table.rs` that knows no shards. Values, types and hashes are
//! those of the store that a run with the same statistics writes.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, UInt64Array};
use arrow::record_batch::RecordBatch;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::finished::{Values, finish_all};
use super::npy;
use crate::config::Dtype;
use crate::digest::hex;
use crate::error::{Error, Result, Setting, phrase};
use crate::finalize::{CellTable, OutputArray, StoreSchema};
use crate::stat::{Job, Partials};
use crate::store::{ContentHash, content_hash};
use crate::store::{Geometry, TableFormat, TableWriter};

/// Finished statistics of occupied cells.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::arrays::{Answer, Columns, Question, Statistic, Timed, Workload, oracle};
/// use icefold::config::{Latitude, Order};
///
/// let columns = Columns {
///     lon: "lon".to_owned(),
///     lat: "lat".to_owned(),
///     values: vec!["h".to_owned()],
///     weights: None,
/// };
/// let cells = (Order::new(8).unwrap(), Latitude::AuthalicWgs84);
/// let question = Question::new(&columns, &[Statistic::Count], cells, None)?;
/// let timed = Timed::new(&question, Workload::named("one_cell").unwrap().photons(100))?;
/// let partials = oracle(timed.batch(), timed.grid(), &timed.job);
/// let answer = Answer::finish(partials, &timed.job, &timed.schema)?;
/// assert_eq!((answer.cells.len(), answer.as_f64(0)), (1, vec![100.0]));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Answer {
    /// Ascending.
    pub cells: Vec<u64>,
    /// One per output of the question.
    columns: Vec<Values>,
}

/// What an answer is written as.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use std::path::Path;
/// use icefold::arrays::AnswerFormat;
///
/// assert_eq!(AnswerFormat::of(Path::new("cells.npy"))?, AnswerFormat::Npy);
/// assert!(AnswerFormat::of(Path::new("cells.csv")).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerFormat {
    Table,
    /// One structured array.
    Npy,
}

impl AnswerFormat {
    /// The format that a file name asks for.
    ///
    /// # Errors
    /// An extension of none.
    pub fn of(path: &Path) -> Result<Self> {
        if path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("npy"))
        {
            return Ok(Self::Npy);
        }
        if TableFormat::named(path).is_none() {
            return Err(Error::argument(phrase![
                Setting::Output.to(path.display()),
                ": the extension tells the format; use .parquet, .arrow or .npy"
            ]));
        }
        TableFormat::of(path).map(|_| Self::Table)
    }
}

impl Answer {
    /// Rounds every statistic once.
    ///
    /// # Errors
    /// A value that its output's type does not hold.
    pub fn finish(mut partials: Partials, job: &Job, schema: &StoreSchema) -> Result<Self> {
        Self::finish_from(&mut partials, job, schema)
    }

    /// As [`finish`](Self::finish); takes the ids of the cells only, and leaves memory that others can be written in.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub(super) fn finish_from(
        partials: &mut Partials,
        job: &Job,
        schema: &StoreSchema,
    ) -> Result<Self> {
        partials.select_values(job);
        let columns = finish_all(partials, job, schema)?;
        Ok(Self {
            columns,
            cells: std::mem::take(&mut partials.cells),
        })
    }

    /// The identity of every array, `cell_ids` first, and of all together: as in a run report.
    pub fn hashes(&self, schema: &StoreSchema) -> (Vec<ContentHash>, String) {
        let hash = |array: &str, dtype: Dtype, bytes: &[u8]| ContentHash {
            array: array.to_owned(),
            dtype,
            sha256: hex(&Sha256::digest(bytes)),
        };
        let of_cells = || hash("cell_ids", Dtype::U64, &self.cell_bytes());
        let outputs = schema.arrays.par_iter().zip(&self.columns);
        let of_output = |(array, values): (&OutputArray, &Values)| {
            hash(&array.name, array.dtype, &values.bytes(array.dtype))
        };
        let (of_cells, outputs): (_, Vec<_>) =
            rayon::join(of_cells, || outputs.map(of_output).collect());
        let hashes: Vec<ContentHash> = std::iter::once(of_cells).chain(outputs).collect();
        let all = content_hash(&hashes);
        (hashes, all)
    }

    /// Values of an output as f64.
    pub fn as_f64(&self, output: usize) -> Vec<f64> {
        match &self.columns[output] {
            Values::F32(v) => v.iter().map(|&x| x.into()).collect(),
            Values::F64(v) => v.clone(),
            Values::Whole(v) => v.iter().map(|&n| n as f64).collect(),
        }
    }

    /// Writes the answer where the path's extension says how.
    ///
    /// # Errors
    /// The operating system's.
    pub fn write(&self, schema: &StoreSchema, path: &Path) -> Result<()> {
        match AnswerFormat::of(path)? {
            AnswerFormat::Table => {
                let mut writer = TableWriter::create(path, schema, Geometry::None)?;
                let rows = self.rows(schema)?;
                writer.append(&CellTable { rows })?;
                writer.finish(&self.hashes(schema).1)?.publish()
            }
            AnswerFormat::Npy => self.write_npy(schema, path),
        }
    }

    /// A row for every cell: `cell_ids`, and a column for every output.
    ///
    /// # Errors
    /// The schema is of another question.
    pub fn rows(&self, schema: &StoreSchema) -> Result<RecordBatch> {
        self.clone().into_rows(schema)
    }

    /// As [`rows`](Self::rows), of the same memory.
    pub(super) fn into_rows(self, schema: &StoreSchema) -> Result<RecordBatch> {
        let cells: ArrayRef = Arc::new(UInt64Array::from(self.cells));
        let mut columns = vec![("cell_ids", cells)];
        for (array, values) in schema.arrays.iter().zip(self.columns) {
            columns.push((&array.name, values.arrow(array.dtype)));
        }
        let columns = columns
            .into_iter()
            .map(|(name, column)| (name, column, false));
        RecordBatch::try_from_iter_with_nullable(columns)
            .map_err(|e| Error::gate(format!("columns of the answer do not align: {e}")))
    }

    /// One structured array: `cell_ids` and a field for every output.
    fn write_npy(&self, schema: &StoreSchema, path: &Path) -> Result<()> {
        let mut fields = vec![(
            "cell_ids".to_owned(),
            npy_type(Dtype::U64),
            8,
            self.cell_bytes(),
        )];
        for (array, values) in schema.arrays.iter().zip(&self.columns) {
            let (descr, size) = (npy_type(array.dtype), array.dtype.size());
            fields.push((array.name.clone(), descr, size, values.bytes(array.dtype)));
        }
        let names: Vec<String> = fields
            .iter()
            .map(|(name, descr, _, _)| format!("('{name}', '{descr}')"))
            .collect();
        let width: usize = fields.iter().map(|(_, _, size, _)| size).sum();
        let mut rows = Vec::with_capacity(width * self.cells.len());
        for row in 0..self.cells.len() {
            for (_, _, size, bytes) in &fields {
                rows.extend_from_slice(&bytes[row * size..(row + 1) * size]);
            }
        }
        npy::write_fields(path, &names, self.cells.len(), &rows)
    }

    fn cell_bytes(&self) -> Vec<u8> {
        self.cells
            .iter()
            .flat_map(|cell| cell.to_le_bytes())
            .collect()
    }
}

/// NumPy's spelling of a type.
fn npy_type(dtype: Dtype) -> String {
    let order = if dtype.size() == 1 { '|' } else { '<' };
    let kind = match (dtype.is_float(), dtype.is_signed()) {
        (true, _) => 'f',
        (_, true) => 'i',
        _ => 'u',
    };
    format!("{order}{kind}{}", dtype.size())
}
