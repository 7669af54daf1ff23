//! Stores as they are read: occupied cells and their values, whatever the layout.

use std::path::PathBuf;

use icefold::config::Order;
use icefold::store::StoreReader;
use numpy::IntoPyArray;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use serde_json::Value;

use crate::errors::{OrRaise, refused};

/// Orders of the cells that a store has, finest first.
#[pyfunction]
pub fn store_orders(py: Python<'_>, store: PathBuf) -> PyResult<Vec<u8>> {
    let orders = py.detach(|| StoreReader::orders_of(&store)).or_raise(py)?;
    Ok(orders.into_iter().rev().map(Order::get).collect())
}

/// Occupied cells of one order: their ids, every array that has numbers as bytes, type, shape and attributes (JSON), and
/// the names of those that have lists.
#[pyfunction]
pub fn read_store(py: Python<'_>, store: PathBuf, order: u8) -> PyResult<Bound<'_, PyDict>> {
    let order = Order::new(order).ok_or_else(|| refused(format!("order={order} is beyond 29")))?;
    let read = py.detach(|| {
        let reader = StoreReader::open_order(&store, order)?;
        let (mut arrays, mut lists) = (Vec::new(), Vec::new());
        for name in reader.arrays() {
            if reader.info(name)?.ragged.is_some() {
                lists.push(name.clone());
            } else {
                arrays.push(reader.read(name)?);
            }
        }
        Ok::<_, icefold::Error>((reader.cell_ids()?, arrays, lists, reader))
    });
    let (cells, arrays, lists, reader) = read.or_raise(py)?;
    let found = PyDict::new(py);
    for array in arrays {
        let info = array.info;
        let attributes = Value::Object(info.attributes).to_string();
        let bytes = PyBytes::new(py, &array.bytes);
        let facts = (
            bytes,
            info.dtype.name(),
            info.shape,
            info.at_steps,
            attributes,
        );
        found.set_item(info.name, facts)?;
    }
    let said = PyDict::new(py);
    said.set_item("cell_ids", cells.into_pyarray(py))?;
    said.set_item("arrays", found)?;
    said.set_item("lists", lists)?;
    said.set_item("latitude", reader.grid().kind.latitude())?;
    said.set_item(
        "attributes",
        Value::Object(reader.attributes().clone()).to_string(),
    )?;
    Ok(said)
}
