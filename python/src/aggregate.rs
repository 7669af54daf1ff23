//! Photons in arrays to statistics of cells.

use arrow::array::{Array as _, AsArray};
use arrow::datatypes::{
    DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow::record_batch::RecordBatch;
use icefold::arrays::{Column, Columns, Photons, Question, Start, Statistic, Timed};
use icefold::devices::Device;
use numpy::IntoPyArray;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};

use crate::borrow::{Array, Table, borrowed};
use crate::cells::grid;
use crate::config::Area;
use crate::errors::{OrRaise, exception};
use crate::machine::Machine;

/// What is asked.
#[derive(Debug, FromPyObject)]
#[pyo3(from_item_all)]
pub struct Asked {
    /// Names of the columns: longitudes, latitudes, values, weights.
    lon: String,
    lat: String,
    values: Vec<String>,
    weights: Option<String>,
    stats: Vec<String>,
    order: u8,
    latitude: String,
    /// `E` of `2^-E`.
    resolution: Option<i32>,
    region: Option<Area>,
    machine: Machine,
}

/// Arrays in the order of the names, or a table that has them.
#[derive(FromPyObject)]
pub enum Source<'py> {
    #[pyo3(transparent)]
    Stream(Bound<'py, PyCapsule>),
    #[pyo3(transparent)]
    Arrays(
        (
            numpy::PyReadonlyArray1<'py, f64>,
            numpy::PyReadonlyArray1<'py, f64>,
            Vec<Array<'py>>,
        ),
    ),
}

/// Positions and columns, where they lie.
type Read = (
    icefold::arrays::Buffer<f64>,
    icefold::arrays::Buffer<f64>,
    Vec<Column>,
);

impl Source<'_> {
    fn read(&self, names: &[&str]) -> PyResult<Read> {
        match self {
            Self::Stream(capsule) => {
                let table = Table::of(capsule, names)?;
                let columns = (2..names.len()).map(|place| table.column(place));
                Ok((
                    table.degrees(0)?,
                    table.degrees(1)?,
                    columns.collect::<PyResult<_>>()?,
                ))
            }
            Self::Arrays((lon, lat, columns)) => {
                let columns = columns.iter().map(Array::column).collect::<PyResult<_>>()?;
                Ok((borrowed(lon)?, borrowed(lat)?, columns))
            }
        }
    }
}

/// Statistics of each value column per cell: `cell_ids` and an array for each output, and how many photons were read,
/// kept and rejected, and what folded them.
#[pyfunction]
pub fn aggregate<'py>(
    py: Python<'py>,
    source: Source<'py>,
    asked: Asked,
) -> PyResult<Bound<'py, PyDict>> {
    let statistics = asked.stats.iter().map(|name| name.parse::<Statistic>());
    let statistics = statistics
        .collect::<icefold::Result<Vec<_>>>()
        .or_raise(py)?;
    let columns = Columns {
        lon: asked.lon.clone(),
        lat: asked.lat.clone(),
        values: asked.values.clone(),
        weights: asked.weights.clone(),
    };
    let resolution = asked.resolution.map(icefold::stat::Resolution::new);
    if resolution == Some(None) {
        let message = "resolution is beyond 2^60 to 2^-100; give a power of two between them";
        return Err(pyo3::exceptions::PyValueError::new_err(message));
    }
    let cells = grid(asked.order, &asked.latitude)?;
    let question =
        Question::new(&columns, &statistics, cells, resolution.flatten()).or_raise(py)?;
    let region = asked
        .region
        .as_ref()
        .map(Area::region)
        .transpose()
        .or_raise(py)?;
    let mut names = vec![&*asked.lon, &*asked.lat];
    names.extend(asked.values.iter().map(String::as_str));
    // A column that is a value, too, is one column of the question.
    let weights = asked
        .weights
        .iter()
        .filter(|name| !asked.values.contains(name));
    names.extend(weights.map(String::as_str));
    let (lon, lat, columns) = source.read(&names)?;
    drop(source);
    let answered = py.detach(|| {
        let device = Device::open(&asked.machine.choice()?, asked.machine.threads())?;
        let columns = names[2..].iter().copied().zip(columns).collect();
        let mut photons = device.install(|| Photons::new(lon, lat, columns))?;
        if let Some(region) = &region {
            photons = device.install(|| photons.within(region));
        }
        let counts = photons.counts.clone();
        let mut timed = Timed::new(&question, photons)?;
        let (answer, spent) = timed.repeat(Start::Positions(&device))?;
        let rows = answer.rows(&timed.schema)?;
        let content = answer.hashes(&timed.schema).1;
        Ok((
            rows,
            counts,
            content,
            spent,
            device.name().to_owned(),
            device.warning(),
        ))
    });
    let (rows, counts, content, spent, device, warning) =
        answered.map_err(|error| exception(py, &error))?;
    let said = PyDict::new(py);
    said.set_item("columns", arrays(py, &rows)?)?;
    said.set_item("read", counts.read)?;
    said.set_item("kept", counts.kept)?;
    said.set_item("rejected_by", counts.rejected)?;
    said.set_item("content_sha256", content)?;
    said.set_item("seconds", spent.total_seconds)?;
    said.set_item("device", device)?;
    said.set_item("warning", warning)?;
    Ok(said)
}

/// Columns as NumPy arrays.
fn arrays<'py>(py: Python<'py>, rows: &RecordBatch) -> PyResult<Bound<'py, PyDict>> {
    let columns = PyDict::new(py);
    for (field, column) in rows.schema().fields().iter().zip(rows.columns()) {
        macro_rules! array {
            ($of:ty) => {
                column
                    .as_primitive::<$of>()
                    .values()
                    .to_vec()
                    .into_pyarray(py)
                    .into_any()
            };
        }
        let array = match column.data_type() {
            DataType::Float32 => array!(Float32Type),
            DataType::Float64 => array!(Float64Type),
            DataType::Int8 => array!(Int8Type),
            DataType::Int16 => array!(Int16Type),
            DataType::Int32 => array!(Int32Type),
            DataType::Int64 => array!(Int64Type),
            DataType::UInt8 => array!(UInt8Type),
            DataType::UInt16 => array!(UInt16Type),
            DataType::UInt32 => array!(UInt32Type),
            DataType::UInt64 => array!(UInt64Type),
            other => {
                return Err(PyTypeError::new_err(format!(
                    "output {}: {other}",
                    field.name()
                )));
            }
        };
        columns.set_item(field.name(), array)?;
    }
    Ok(columns)
}
