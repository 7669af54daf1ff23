//! Errors become exceptions, whose texts name keywords and functions.

use icefold::Error;
use icefold::error::{Action, Dialect, Setting};
use pyo3::prelude::*;

/// Settings as keyword arguments, actions as functions.
#[derive(Debug)]
pub struct Keywords;

impl Dialect for Keywords {
    fn setting(&self, setting: Setting, value: Option<&str>) -> String {
        match value {
            Some(value) => format!("{}={value}", keyword(setting)),
            None => keyword(setting).to_owned(),
        }
    }

    fn set(&self, setting: Setting) -> String {
        match setting {
            Setting::AllowExternal
            | Setting::GranuleRoot
            | Setting::Index
            | Setting::Report
            | Setting::Store
            | Setting::Table => {
                format!("give {}=", keyword(setting))
            }
            _ => format!("give {}=True", keyword(setting)),
        }
    }

    fn action(&self, action: Action) -> String {
        match action {
            Action::Clean => "icefold clean, on the command line,".to_owned(),
            Action::Finalize => "icefold.finalize()".to_owned(),
            Action::MakeIndex => "icefold.index()".to_owned(),
            Action::Inspect => "icefold.inspect()".to_owned(),
            Action::MakeMap => "icefold.plan()".to_owned(),
            Action::MapSchema => "icefold schema plan, on the command line,".to_owned(),
            Action::ReportSchema => "icefold schema report, on the command line,".to_owned(),
            Action::WritePieces => {
                "icefold.run(config, plan=..., shards=\"A..B\", store=...)".to_owned()
            }
            _ => format!("{action:?}"),
        }
    }
}

/// What the argument is called here.
fn keyword(setting: Setting) -> &'static str {
    match setting {
        Setting::Input => "data",
        name => name.name(),
    }
}

/// The exception of an error: a class for its kind, with what it is about.
pub fn exception(py: Python<'_>, error: &Error) -> PyErr {
    let make = || {
        let kind = format!("{:?}", error.kind());
        let object = error.object().map(ToString::to_string);
        py.import("icefold._errors")?
            .getattr("of")?
            .call1((kind, error.render(&Keywords), object))
    };
    make().map_or_else(|failed| failed, PyErr::from_value)
}

/// The exception of an argument that cannot be used, in these words.
pub fn refused(message: impl Into<String>) -> PyErr {
    let error = Error::argument(message.into());
    Python::attach(|py| exception(py, &error))
}

/// Results for Python.
pub trait OrRaise<T> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T>;
}

impl<T> OrRaise<T> for icefold::Result<T> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T> {
        self.map_err(|error| exception(py, &error))
    }
}
