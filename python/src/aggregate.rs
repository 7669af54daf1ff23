//! Photons in arrays to statistics of cells.

use std::collections::HashMap;

use arrow::array::{Array as _, ArrayRef, ArrowPrimitiveType, AsArray};
use arrow::datatypes::{
    DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow::record_batch::RecordBatch;
use icefold::arrays::{Column, Columns, Found, Photons, Question, Statistic, Values, times_of};
use icefold::devices::Device;
use icefold::error::Kind;
use numpy::IntoPyArray;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};

use crate::borrow::{Array, Table, borrowed};
use crate::cells::grid;
use crate::config::Area;
use crate::errors::{OrRaise, exception, refused};
use crate::machine::Machine;
use crate::warm;

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
    /// A config's `output.grid`, in place of that of the order.
    grid: Option<String>,
    /// Keys of a config's `time`.
    times: Vec<(String, String)>,
    /// The column of times, which comes last, and of moments how many of its counts a second has.
    time: Option<String>,
    per_second: Option<u64>,
    /// Whether the hash of the content is wanted.
    hashed: bool,
    /// Bytes that may be kept for the next call.
    keep: u64,
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
    fn read(&self, names: &[&str], asked: &Asked) -> PyResult<Read> {
        match self {
            Self::Stream(capsule) => {
                let table = Table::of(capsule, names)?;
                let last = names.len() - 1;
                let columns = (2..names.len()).map(|place| match asked.time {
                    Some(_) if place == last => table.times(place),
                    _ => table.column(place),
                });
                Ok((
                    table.degrees(0)?,
                    table.degrees(1)?,
                    columns.collect::<PyResult<_>>()?,
                ))
            }
            Self::Arrays((lon, lat, columns)) => {
                let columns = columns.iter().map(Array::column);
                let mut columns = columns.collect::<PyResult<Vec<_>>>()?;
                if let (Some(per_second), Some(counts)) = (asked.per_second, columns.last_mut())
                    && let Values::I64(moments) = &counts.values
                {
                    let times = times_of(moments, per_second);
                    *counts = times.ok_or_else(|| refused("times are of no unit"))?;
                }
                Ok((borrowed(lon)?, borrowed(lat)?, columns))
            }
        }
    }
}

impl Asked {
    /// The question, and the names of the columns that it is about.
    fn question(&self) -> PyResult<icefold::Result<Question>> {
        let statistics = self.stats.iter().map(|name| name.parse::<Statistic>());
        let statistics = match statistics.collect::<icefold::Result<Vec<_>>>() {
            Ok(statistics) => statistics,
            Err(error) => return Ok(Err(error)),
        };
        let columns = Columns {
            lon: self.lon.clone(),
            lat: self.lat.clone(),
            values: self.values.clone(),
            weights: self.weights.clone(),
        };
        let resolution = self.resolution.map(icefold::stat::Resolution::new);
        if resolution == Some(None) {
            let message = "resolution is beyond 2^60 to 2^-100; give a power of two between them";
            return Err(refused(message));
        }
        let cells = grid(self.order, &self.latitude)?;
        let ask = || {
            let mut question = Question::new(&columns, &statistics, cells, resolution.flatten())?;
            if let Some(grid) = &self.grid {
                question = question.on_grid(grid)?;
            }
            question = question.at_times(&self.times)?;
            if let Some(region) = &self.region {
                question = question.within(region.region()?);
            }
            Ok(question)
        };
        Ok(ask())
    }

    fn names(&self) -> Vec<&str> {
        let mut names = vec![&*self.lon, &*self.lat];
        names.extend(self.values.iter().map(String::as_str));
        // A column that is a value, too, is one column of the question.
        let weights = self.weights.iter();
        let weights = weights.filter(|name| !self.values.contains(name));
        names.extend(weights.chain(&self.time).map(String::as_str));
        names
    }
}

/// Statistics of each value column per cell: `cell_ids` and an array for each output, and how many photons were read,
/// kept and rejected, and what folded them. With steps of time there is a row for a cell and a step.
#[pyfunction]
pub fn aggregate<'py>(
    py: Python<'py>,
    source: Source<'py>,
    asked: Asked,
) -> PyResult<Bound<'py, PyDict>> {
    // There is a config, and nobody wrote it: what is wrong is an argument.
    let question = asked.question()?.map_err(|error| match error.kind() {
        Kind::Config => error.of_kind(Kind::Argument),
        _ => error,
    });
    let question = question.or_raise(py)?;
    let names = asked.names();
    let (lon, lat, columns) = source.read(&names, &asked)?;
    drop(source);
    let threads = asked.machine.threads();
    let choice = asked.machine.choice().or_raise(py)?;
    let warm = warm::taken(py, &choice, threads);
    let answered = py.detach(|| {
        let device = match warm {
            Some(device) => device,
            None => Device::open(&choice, threads)?,
        };
        let columns = names[2..].iter().copied().zip(columns).collect();
        let kept = device.install(|| Photons::new(lon, lat, columns)?.kept(&question.config))?;
        let found = Found::of(&question, kept, &device, asked.hashed)?;
        let said = (device.name().to_owned(), device.warning());
        Ok((found, said, device))
    });
    let (found, (name, warning), device) = answered.map_err(|error| exception(py, &error))?;
    warm::keep(py, device, threads, asked.keep);
    let said = PyDict::new(py);
    let edges = found.edges().map(<[f64]>::to_vec);
    said.set_item("edges", edges.map(|edges| edges.into_pyarray(py)))?;
    said.set_item(
        "steps",
        found.places().map(|places| places.into_pyarray(py)),
    )?;
    let fills = found.schema.arrays.iter();
    let fills: HashMap<&str, f64> = fills
        .map(|array| (&*array.name, array.fill_value))
        .collect();
    said.set_item("fills", fills)?;
    let grid = question.config.grid;
    said.set_item("order", grid.cell_order.get())?;
    said.set_item("latitude", grid.kind.latitude())?;
    said.set_item("read", found.counts.read)?;
    said.set_item("kept", found.counts.kept)?;
    said.set_item("rejected_by", found.counts.rejected)?;
    let content = found.hashes.map(|(_, content)| content);
    said.set_item("content_sha256", content)?;
    said.set_item("seconds", found.seconds)?;
    said.set_item("device", name)?;
    said.set_item("warning", warning)?;
    said.set_item("columns", arrays(py, found.rows)?)?;
    Ok(said)
}

/// Columns as NumPy arrays, of the memory that they are in.
fn arrays(py: Python<'_>, rows: RecordBatch) -> PyResult<Bound<'_, PyDict>> {
    let columns = PyDict::new(py);
    let (schema, arrays, _) = rows.into_parts();
    for (field, column) in schema.fields().iter().zip(arrays) {
        macro_rules! array {
            ($of:ty) => {
                taken::<$of>(column).into_pyarray(py).into_any()
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
            other => return Err(refused(format!("output {}: {other}", field.name()))),
        };
        columns.set_item(field.name(), array)?;
    }
    Ok(columns)
}

/// The values of a column that nobody else has.
fn taken<P: ArrowPrimitiveType>(column: ArrayRef) -> Vec<P::Native> {
    let values = column.as_primitive::<P>().values().clone();
    drop(column);
    let values = values.into_inner();
    values
        .into_vec()
        .unwrap_or_else(|shared| shared.typed_data().to_vec())
}
