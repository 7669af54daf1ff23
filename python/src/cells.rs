//! Cells by themselves: located, and where they are.

use icefold::config::{Latitude, Order};
use icefold::grid::{Grid, Locator};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

use crate::borrow::borrowed;
use crate::errors::refused;

/// The order, and the grid whose cells are of that latitude.
pub fn grid(order: u8, latitude: &str) -> PyResult<(Order, Latitude)> {
    let order = Order::new(order)
        .ok_or_else(|| refused(format!("order={order} is beyond 29, the finest of HEALPix")))?;
    let latitude = Latitude::named(latitude).ok_or_else(|| {
        refused(format!(
            "latitude='{latitude}' is none; give 'authalic-wgs84' or 'geodetic-spherical'"
        ))
    })?;
    Ok((order, latitude))
}

/// The cell of every position, uint64.
#[pyfunction]
pub fn locate<'py>(
    py: Python<'py>,
    lon: PyReadonlyArray1<'py, f64>,
    lat: PyReadonlyArray1<'py, f64>,
    order: u8,
    latitude: &str,
) -> PyResult<Bound<'py, PyArray1<u64>>> {
    let (order, latitude) = grid(order, latitude)?;
    let (lon, lat) = (borrowed(&lon)?, borrowed(&lat)?);
    if lon.len() != lat.len() {
        return Err(refused(format!(
            "there are {} longitudes and {} latitudes; give as many",
            lon.len(),
            lat.len()
        )));
    }
    let nowhere = lon
        .iter()
        .zip(&lat)
        .position(|(&lon, &lat)| !Locator::accepts(lon, lat));
    if let Some(i) = nowhere {
        return Err(refused(format!(
            "lon[{i}] = {}, lat[{i}] = {} is no position in degrees; leave it out",
            lon[i], lat[i]
        )));
    }
    let cells = py.detach(|| {
        let mut cells = vec![0; lon.len()];
        Locator::new(order, latitude).cells(&lon, &lat, &mut cells);
        cells
    });
    Ok(cells.into_pyarray(py))
}

/// Longitudes and latitudes, for each cell so many after one another.
type Positions<'py> = (Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<f64>>);

/// The centre of each cell, in geodetic degrees.
#[pyfunction]
pub fn centers<'py>(
    py: Python<'py>,
    cells: PyReadonlyArray1<'py, u64>,
    order: u8,
    latitude: &str,
) -> PyResult<Positions<'py>> {
    positions(py, &cells, (order, latitude), |grid, order, cell| {
        [grid.center(order, cell)]
    })
}

/// The southern, eastern, northern and western vertex of each cell, in geodetic degrees.
#[pyfunction]
pub fn vertices<'py>(
    py: Python<'py>,
    cells: PyReadonlyArray1<'py, u64>,
    order: u8,
    latitude: &str,
) -> PyResult<Positions<'py>> {
    positions(py, &cells, (order, latitude), Grid::vertices)
}

fn positions<'py, const N: usize>(
    py: Python<'py>,
    cells: &PyReadonlyArray1<'py, u64>,
    (order, latitude): (u8, &str),
    of: impl Fn(Grid, Order, u64) -> [(f64, f64); N] + Sync,
) -> PyResult<Positions<'py>> {
    let (order, latitude) = grid(order, latitude)?;
    let (grid, cells) = (Grid::from(latitude), borrowed(cells)?);
    let there = grid.cells(order);
    if let Some(cell) = cells.iter().find(|&&cell| cell >= there) {
        return Err(refused(format!(
            "there is no cell {cell} of order {order}; it has {there}, counted from 0"
        )));
    }
    let (lon, lat): (Vec<f64>, Vec<f64>) =
        py.detach(|| cells.iter().flat_map(|&cell| of(grid, order, cell)).unzip());
    Ok((lon.into_pyarray(py), lat.into_pyarray(py)))
}

/// What ids of cells say of themselves in a store, and what the group says, as JSON.
#[pyfunction]
pub fn ids_are(order: u8, latitude: &str) -> PyResult<(String, String, String)> {
    let (order, latitude) = grid(order, latitude)?;
    let grid = Grid::from(latitude);
    let text = |facts| serde_json::Value::Object(facts).to_string();
    Ok((
        text(grid.of_ids(order)),
        text(grid.of_group(order)),
        text(grid.of_mapping(order)),
    ))
}
