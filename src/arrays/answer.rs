//! An answer: cells in ascending order with one array of finished values per statistic, its hash, and how it
//! is written to files.
//!
//! Beside the line: a twin of `src/finalize/table.rs` that knows no shards. Values, types and hashes are
//! those of the store that a run with the same statistics writes.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array,
    UInt8Array, UInt16Array, UInt32Array, UInt64Array,
};
use arrow::record_batch::RecordBatch;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::npy;
use crate::config::Dtype;
use crate::digest::hex;
use crate::error::{Error, Result, Setting, phrase};
use crate::finalize::{CellTable, OutputArray, StoreSchema};
use crate::stat::{Finished, Job, Partials, finish_cells};
use crate::store::{ContentHash, content_hash};
use crate::store::{Geometry, TableFormat, TableWriter};

/// Cells that one task finishes: their sums stay in the second-level cache.
const CELLS: usize = 2048;

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

/// Values of one output.
#[derive(Debug, Clone)]
enum Values {
    F32(Vec<f32>),
    F64(Vec<f64>),
    /// Integers of any type: all are within i64.
    Whole(Vec<i64>),
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
        let cells = partials.len();
        let arrays = schema.arrays.iter();
        let mut columns: Vec<Values> = arrays
            .map(|array| Values::zeros(array.dtype, cells))
            .collect();
        // All statistics of some cells while their sums are in the cache.
        let mut tasks: Vec<Vec<ValuesMut>> = Vec::new();
        tasks.resize_with(cells.div_ceil(CELLS), Vec::new);
        for column in &mut columns {
            column.part(&mut tasks);
        }
        let read: &Partials = partials;
        tasks
            .into_par_iter()
            .enumerate()
            .try_for_each(|(task, outputs)| {
                let cells = task * CELLS..((task + 1) * CELLS).min(cells);
                let mut outputs = outputs.into_iter().zip(&schema.arrays).enumerate();
                outputs.try_for_each(|(output, (values, array))| {
                    let of = (read, job, output, cells.clone());
                    values.finish(of, array)
                })
            })?;
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

/// One NaN, whatever made it: its bits are part of the answer.
fn real(finished: &Finished, array: &OutputArray) -> f64 {
    let value = match finished {
        Finished::Real(x) => *x,
        Finished::Integer(n) => *n as f64,
        Finished::Missing => array.fill_value,
        Finished::NoWeight | Finished::Histogram(_) => f64::NAN,
    };
    if value.is_nan() { f64::NAN } else { value }
}

fn narrow(finished: &Finished, array: &OutputArray) -> f32 {
    match finished {
        Finished::Integer(n) => *n as f32,
        other => match real(other, array) {
            x if x.is_nan() => f32::NAN,
            x => x as f32,
        },
    }
}

fn whole(finished: &Finished, array: &OutputArray) -> Result<i64> {
    let value = match finished {
        Finished::Integer(n) => *n,
        _ => array.fill_value as i128,
    };
    i64::try_from(value).map_err(|_| {
        Error::gate(format!(
            "output {}: {value} is beyond {}",
            array.name,
            array.dtype.name()
        ))
    })
}

/// Values of one output of some cells, to be written.
enum ValuesMut<'a> {
    F32(&'a mut [f32]),
    F64(&'a mut [f64]),
    Whole(&'a mut [i64]),
}

impl ValuesMut<'_> {
    fn finish(
        self,
        (partials, job, output, cells): (&Partials, &Job, usize, Range<usize>),
        array: &OutputArray,
    ) -> Result<()> {
        fn put<T>(values: &mut [T], mut of: impl FnMut(Finished) -> T) -> impl FnMut(Finished) {
            let mut values = values.iter_mut();
            move |finished| {
                if let Some(value) = values.next() {
                    *value = of(finished);
                }
            }
        }
        let mut failed = Ok(());
        match self {
            Self::F32(values) => {
                let each = put(values, |finished| narrow(&finished, array));
                finish_cells(job, partials, output, cells, each);
            }
            Self::F64(values) => {
                let each = put(values, |finished| real(&finished, array));
                finish_cells(job, partials, output, cells, each);
            }
            Self::Whole(values) => {
                let each = put(values, |finished| {
                    whole(&finished, array).unwrap_or_else(|error| {
                        failed = Err(error);
                        0
                    })
                });
                finish_cells(job, partials, output, cells, each);
            }
        }
        failed
    }
}

impl Values {
    fn zeros(dtype: Dtype, cells: usize) -> Self {
        match dtype {
            Dtype::F32 => Self::F32(vec![0.0; cells]),
            Dtype::F64 => Self::F64(vec![0.0; cells]),
            _ => Self::Whole(vec![0; cells]),
        }
    }

    /// Gives each task its cells' values.
    fn part<'a>(&'a mut self, tasks: &mut [Vec<ValuesMut<'a>>]) {
        match self {
            Self::F32(v) => {
                let parts = tasks.iter_mut().zip(v.chunks_mut(CELLS));
                parts.for_each(|(task, values)| task.push(ValuesMut::F32(values)));
            }
            Self::F64(v) => {
                let parts = tasks.iter_mut().zip(v.chunks_mut(CELLS));
                parts.for_each(|(task, values)| task.push(ValuesMut::F64(values)));
            }
            Self::Whole(v) => {
                let parts = tasks.iter_mut().zip(v.chunks_mut(CELLS));
                parts.for_each(|(task, values)| task.push(ValuesMut::Whole(values)));
            }
        }
    }

    /// Little-endian, of the type: what a store has.
    fn bytes(&self, dtype: Dtype) -> Vec<u8> {
        match self {
            Self::F32(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Self::F64(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Self::Whole(v) => {
                let size = dtype.size();
                v.iter()
                    .flat_map(|n| n.to_le_bytes().into_iter().take(size))
                    .collect()
            }
        }
    }

    fn arrow(self, dtype: Dtype) -> ArrayRef {
        let whole = match self {
            Self::F32(v) => return Arc::new(Float32Array::from(v)),
            Self::F64(v) => return Arc::new(Float64Array::from(v)),
            Self::Whole(v) => v,
        };
        macro_rules! narrowed {
            ($array:ty, $of:ty) => {{
                let values = whole.into_iter().map(|n| n as $of);
                Arc::new(<$array>::from_iter_values(values))
            }};
        }
        match dtype {
            Dtype::I8 => narrowed!(Int8Array, i8),
            Dtype::I16 => narrowed!(Int16Array, i16),
            Dtype::I32 => narrowed!(Int32Array, i32),
            Dtype::U8 => narrowed!(UInt8Array, u8),
            Dtype::U16 => narrowed!(UInt16Array, u16),
            Dtype::U32 => narrowed!(UInt32Array, u32),
            Dtype::U64 => narrowed!(UInt64Array, u64),
            _ => Arc::new(Int64Array::from(whole)),
        }
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
