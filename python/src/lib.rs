//! icefold as a Python module: the face of the library, with Python's values at its edges.
//!
//! `icefold/` beside this is what people import; it puts arguments into shape and calls what is here. `config.rs` holds
//! a config, `verbs.rs` runs and looks, `plans.rs` makes maps and indexes, `reading.rs` says what they read,
//! `aggregate.rs` folds arrays (`borrow.rs` reads those of NumPy and Arrow where they lie), `cells.rs` locates, `stores.rs`
//! reads stores. `attend.rs` keeps Python alive meanwhile: progress, and Ctrl-C. `errors.rs` turns errors into exceptions.
//! `warm.rs` keeps what one fold of arrays leaves to the next.

mod aggregate;
mod attend;
mod borrow;
mod cells;
mod config;
mod errors;
mod machine;
mod pictures;
mod plans;
mod reading;
mod stores;
mod verbs;
mod warm;

use pyo3::prelude::*;

#[pymodule(gil_used = true)]
fn _icefold(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<config::Config>()?;
    for function in [
        wrap_pyfunction!(aggregate::aggregate, module)?,
        wrap_pyfunction!(cells::centers, module)?,
        wrap_pyfunction!(cells::ids_are, module)?,
        wrap_pyfunction!(cells::locate, module)?,
        wrap_pyfunction!(cells::vertices, module)?,
        wrap_pyfunction!(config::built_in, module)?,
        wrap_pyfunction!(stores::read_store, module)?,
        wrap_pyfunction!(stores::store_orders, module)?,
        wrap_pyfunction!(verbs::demo_granules, module)?,
        wrap_pyfunction!(verbs::devices, module)?,
        wrap_pyfunction!(verbs::clear_pieces, module)?,
        wrap_pyfunction!(verbs::finalize, module)?,
        wrap_pyfunction!(verbs::cite, module)?,
        wrap_pyfunction!(verbs::inspect, module)?,
        wrap_pyfunction!(plans::index, module)?,
        wrap_pyfunction!(plans::plan, module)?,
        wrap_pyfunction!(pictures::render, module)?,
        wrap_pyfunction!(pictures::view, module)?,
        wrap_pyfunction!(verbs::run, module)?,
        wrap_pyfunction!(verbs::verify_devices, module)?,
        wrap_pyfunction!(verbs::verify_stores, module)?,
        wrap_pyfunction!(warm::release, module)?,
        wrap_pyfunction!(main, module)?,
    ] {
        module.add_function(function)?;
    }
    Ok(())
}

/// The program `icefold`, called with this command line; gives back its exit code.
#[pyfunction]
fn main(py: Python<'_>, command: Vec<std::ffi::OsString>) -> u8 {
    py.detach(|| {
        icefold::cli::run_with(command).unwrap_or_else(|error| icefold::cli::failed(&error))
    })
}
