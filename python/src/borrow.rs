//! Arrays of Python, read where they lie.

use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray, RecordBatchReader,
};
use arrow::compute::{CastOptions, cast_with_options, concat};
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int64Type};
use arrow::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use bytemuck::Pod;
use icefold::arrays::{Buffer, Column, Values, times_of_array};
use numpy::{Element, PyArray1, PyReadonlyArray1, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::errors::refused;

/// Values of a NumPy array, which is kept alive as long as they are read.
struct Borrowed<T> {
    values: *const T,
    length: usize,
    _array: Py<PyArray1<T>>,
}

// SAFETY: the values are read only, they stay where they are as long as the array lives, and the array is let go of
// through Python's interpreter whatever thread drops it.
#[allow(unsafe_code, reason = "memory of NumPy is read where it lies")]
unsafe impl<T: Sync> Send for Borrowed<T> {}
// SAFETY: as above.
#[allow(unsafe_code, reason = "memory of NumPy is read where it lies")]
unsafe impl<T: Sync> Sync for Borrowed<T> {}

impl<T> AsRef<[T]> for Borrowed<T> {
    #[allow(unsafe_code, reason = "memory of NumPy is read where it lies")]
    fn as_ref(&self) -> &[T] {
        // SAFETY: `borrowed` took them from a contiguous array of so many, which is kept alive beside them. NumPy does
        // not move the values of an array that somebody else holds; that nobody writes them is asked of who calls.
        unsafe { std::slice::from_raw_parts(self.values, self.length) }
    }
}

/// The values of a contiguous array, without a copy.
pub fn borrowed<T: Element + Pod + Sync>(array: &PyReadonlyArray1<'_, T>) -> PyResult<Buffer<T>> {
    if array.is_empty() {
        return Ok(Buffer::default());
    }
    let values = array.as_slice()?;
    Ok(Buffer::shared(Arc::new(Borrowed {
        values: values.as_ptr(),
        length: values.len(),
        _array: (**array).clone().unbind(),
    })))
}

/// A column of values: float32, float64 or int64.
#[derive(FromPyObject)]
pub enum Array<'py> {
    #[pyo3(transparent)]
    F32(PyReadonlyArray1<'py, f32>),
    #[pyo3(transparent)]
    F64(PyReadonlyArray1<'py, f64>),
    #[pyo3(transparent)]
    I64(PyReadonlyArray1<'py, i64>),
}

impl Array<'_> {
    pub fn column(&self) -> PyResult<Column> {
        Ok(match self {
            Self::F32(array) => Values::F32(borrowed(array)?),
            Self::F64(array) => Values::F64(borrowed(array)?),
            Self::I64(array) => Values::I64(borrowed(array)?),
        }
        .into())
    }
}

/// A table of another library: its columns by their names.
#[pyclass(frozen, module = "icefold")]
pub struct Table {
    schema: arrow::datatypes::SchemaRef,
    columns: Vec<ArrayRef>,
}

impl Table {
    /// These columns of the stream in a capsule of Arrow's C interface, each once.
    #[allow(unsafe_code, reason = "a stream comes through a C interface")]
    pub fn of(capsule: &Bound<'_, PyCapsule>, names: &[&str]) -> PyResult<Self> {
        let wrong = |error: arrow::error::ArrowError| refused(error.to_string());
        let stream = capsule.pointer_checked(Some(c"arrow_array_stream"))?;
        // SAFETY: a capsule of this name points to a stream, says the PyCapsule interface of Arrow; what is taken from
        // it is marked as taken, and no other thread of Python runs meanwhile.
        let stream = unsafe { FFI_ArrowArrayStream::from_raw(stream.as_ptr().cast()) };
        let reader = RecordBatchStreamReader::try_new(stream).map_err(wrong)?;
        let schema = reader.schema();
        let mut places = Vec::new();
        let there: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
        for name in names {
            let mut found = (0..there.len()).filter(|&place| there[place] == *name);
            let message = match (found.next(), found.next()) {
                (Some(place), None) => {
                    places.push(place);
                    continue;
                }
                (Some(_), Some(_)) => {
                    format!("data has several columns named {name}; rename all but one of them")
                }
                (None, _) => format!("data has no column {name}; it has {}", there.join(", ")),
            };
            return Err(refused(message));
        }
        let mut parts: Vec<Vec<ArrayRef>> = vec![Vec::new(); places.len()];
        for batch in reader {
            let batch = batch.map_err(wrong)?;
            for (part, &place) in parts.iter_mut().zip(&places) {
                part.push(batch.column(place).clone());
            }
        }
        let whole = |(parts, &place): (Vec<ArrayRef>, &usize)| match &parts[..] {
            [] => Ok(arrow::array::new_empty_array(
                schema.field(place).data_type(),
            )),
            [one] => Ok(one.clone()),
            several => concat(&several.iter().map(|a| &**a).collect::<Vec<_>>()).map_err(wrong),
        };
        let columns = parts
            .into_iter()
            .zip(&places)
            .map(whole)
            .collect::<PyResult<_>>()?;
        Ok(Self {
            schema: Arc::new(schema.project(&places).map_err(wrong)?),
            columns,
        })
    }

    /// A column of coordinates; a null is no position.
    pub fn degrees(&self, place: usize) -> PyResult<Buffer<f64>> {
        let array = self.plain(place)?;
        if !array.data_type().is_floating() {
            return Err(refused(format!(
                "column {} holds {}, and coordinates are float32 or float64 degrees; convert it",
                self.schema.field(place).name(),
                array.data_type()
            )));
        }
        let array = self.cast(&array, place, &DataType::Float64)?;
        let array = array.as_primitive::<Float64Type>();
        if array.null_count() > 0 {
            return Ok(array.iter().map(|x| x.unwrap_or(f64::NAN)).collect());
        }
        Ok(values_of(array))
    }

    /// A column of values, with its nulls.
    pub fn column(&self, place: usize) -> PyResult<Column> {
        let array = self.plain(place)?;
        let values = match array.data_type() {
            DataType::Float32 | DataType::Float16 => {
                let array = self.cast(&array, place, &DataType::Float32)?;
                Values::F32(values_of(array.as_primitive::<Float32Type>()))
            }
            DataType::Float64 => Values::F64(values_of(array.as_primitive::<Float64Type>())),
            whole if whole.is_integer() => {
                let array = self.cast(&array, place, &DataType::Int64)?;
                Values::I64(values_of(array.as_primitive::<Int64Type>()))
            }
            other => {
                return Err(refused(format!(
                    "column {} holds {other}, and values are numbers; convert it",
                    self.schema.field(place).name()
                )));
            }
        };
        Ok(Column {
            values,
            nulls: array
                .nulls()
                .filter(|nulls| nulls.null_count() > 0)
                .cloned(),
        })
    }

    /// A column of times, with its nulls: dates, timestamps, or seconds since 2018.
    pub fn times(&self, place: usize) -> PyResult<Column> {
        match times_of_array(&self.plain(place)?) {
            Some(times) => Ok(times),
            None => self.column(place),
        }
    }

    /// A column without its dictionary.
    fn plain(&self, place: usize) -> PyResult<ArrayRef> {
        let array = &self.columns[place];
        match array.data_type() {
            DataType::Dictionary(_, values) => self.cast(array, place, values),
            _ => Ok(array.clone()),
        }
    }

    fn cast(&self, array: &ArrayRef, place: usize, to: &DataType) -> PyResult<ArrayRef> {
        let strict = CastOptions {
            safe: false,
            ..CastOptions::default()
        };
        cast_with_options(array, to, &strict).map_err(|error| {
            refused(format!(
                "column {}: {error}",
                self.schema.field(place).name()
            ))
        })
    }
}

/// The values where they lie; those that are null are of any content.
fn values_of<P: ArrowPrimitiveType>(array: &PrimitiveArray<P>) -> Buffer<P::Native>
where
    P::Native: Pod + Sync + Send,
{
    struct Held<T: arrow::datatypes::ArrowNativeType>(arrow::buffer::ScalarBuffer<T>);
    impl<T: arrow::datatypes::ArrowNativeType> AsRef<[T]> for Held<T> {
        fn as_ref(&self) -> &[T] {
            &self.0
        }
    }
    Buffer::shared(Arc::new(Held(array.values().clone())))
}
