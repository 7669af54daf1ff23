//! A config as a value of Python.

use icefold::config::{self, CellPolicy, Change};
use icefold::{Region, Result};
use pyo3::prelude::*;

use crate::errors::{OrRaise, refused};

/// Name, text, region as GeoJSON, whether all cells of it are wanted, and the hash.
type Parts = (String, String, Option<String>, bool, String);

/// A question: what to read, what to keep, what to compute, on which grid.
///
/// Made by `icefold.config`; equal hashes ask the same question.
#[derive(Debug, Clone)]
#[pyclass(frozen, module = "icefold")]
pub struct Config(pub config::Config);

#[pymethods]
impl Config {
    /// A built-in config or the file of that name, with changes `(key, YAML)`.
    #[staticmethod]
    fn named(py: Python<'_>, name: &str, changes: Vec<(String, String)>) -> PyResult<Self> {
        config::load_with(name, &said(changes))
            .map(Self)
            .or_raise(py)
    }

    /// The config in a YAML text.
    #[staticmethod]
    fn of_text(
        py: Python<'_>,
        name: &str,
        text: &str,
        changes: Vec<(String, String)>,
    ) -> PyResult<Self> {
        config::parse_yaml_with(name, text, &said(changes))
            .map(Self)
            .or_raise(py)
    }

    /// What pickle, and so Dask, makes it again of: text, the region itself in place of its file, and the hash to hold it to.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Parts)> {
        let of = py.get_type::<Self>().getattr("restored")?;
        let Self(config) = self;
        let region = config.region.as_ref();
        let region = region.map(|region| region.to_geojson().to_string());
        let whole = config.cells == CellPolicy::Region;
        let (name, text) = (config.name.clone(), config.text.clone());
        Ok((of, (name, text, region, whole, config.sha256.clone())))
    }

    /// Of what [`__reduce__`](Self::__reduce__) gives.
    #[staticmethod]
    #[expect(clippy::too_many_arguments, reason = "as pickle hands them on")]
    fn restored(
        py: Python<'_>,
        name: &str,
        text: &str,
        region: Option<&str>,
        cells_of_region: bool,
        sha256: &str,
    ) -> PyResult<Self> {
        let made = || -> Result<config::Config> {
            let region = region.map(Region::of_geojson).transpose()?;
            let config = config::parse_with_region(name, text, region)?;
            let wanted = cells_of_region && config.cells != CellPolicy::Region;
            Ok(if wanted {
                config.with_cells_of_region()
            } else {
                config
            })
        };
        let config = made().or_raise(py)?;
        if config.sha256 != sha256 {
            let message = format!(
                "config {name}: it was pickled by another version of icefold, which asked another question with it; make it here"
            );
            return Err(refused(message));
        }
        Ok(Self(config))
    }

    /// The same question about an area: `west, south, east, north`, GeoJSON, or the path of a file.
    fn within(&self, py: Python<'_>, region: Area) -> PyResult<Self> {
        let region = region.region().or_raise(py)?;
        Ok(Self(self.0.clone().within(region)))
    }

    /// The same question with all cells of the region as its answer.
    fn with_cells_of_region(&self) -> Self {
        Self(self.0.clone().with_cells_of_region())
    }

    /// Its name, or the path that it was read from.
    #[getter]
    fn name(&self) -> &str {
        &self.0.name
    }

    /// SHA-256 of its canonical form: equal for configs that ask the same question.
    #[getter]
    fn sha256(&self) -> &str {
        &self.0.sha256
    }

    /// The YAML that it was parsed from.
    #[getter]
    fn text(&self) -> &str {
        &self.0.text
    }

    /// The product that granules are of; None where any is read.
    #[getter]
    fn product(&self) -> Option<&str> {
        self.0.product.as_deref()
    }

    /// Order of the cells.
    #[getter]
    fn order(&self) -> u8 {
        self.0.grid.cell_order.get()
    }

    /// Names of the outputs, in order.
    #[getter]
    fn outputs(&self) -> Vec<&str> {
        self.0.outputs.iter().map(|output| &*output.name).collect()
    }

    /// What a run with it would do, and where each value comes from.
    fn explain(&self) -> String {
        config::explain(&self.0, &[])
    }

    fn __repr__(&self) -> String {
        let outputs = self.outputs().join(", ");
        format!(
            "<icefold.Config {}: {outputs} in cells of order {}>",
            self.0.name,
            self.order()
        )
    }

    fn __str__(&self) -> &str {
        self.text()
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0.sha256 == other.0.sha256
    }

    fn __hash__(&self) -> u64 {
        u64::from_str_radix(&self.0.sha256[..16], 16).unwrap_or_default()
    }
}

fn said(changes: Vec<(String, String)>) -> Vec<Change> {
    let changes = changes.into_iter();
    changes
        .map(|(key, value)| Change::new(key, value))
        .collect()
}

/// An area as `icefold/_arguments.py` gives it.
#[derive(Debug, FromPyObject)]
pub enum Area {
    #[pyo3(transparent)]
    Box((f64, f64, f64, f64)),
    /// `("geojson", text)` or `("file", path)`.
    #[pyo3(transparent)]
    Said((String, String)),
}

impl Area {
    pub fn region(&self) -> Result<Region> {
        match self {
            Self::Box((west, south, east, north)) => Region::of_box(*west, *south, *east, *north),
            Self::Said((kind, text)) if kind == "geojson" => Region::of_geojson(text),
            Self::Said((_, path)) => Region::read(path),
        }
    }
}

/// Names of the built-in configs, and what each is for.
#[pyfunction]
pub fn built_in() -> Vec<(&'static str, String)> {
    let all = config::built_in().iter();
    all.map(|config| (config.name, config.about().to_owned()))
        .collect()
}
