//! On what something runs.

use icefold::backend::choose::Guide;
use icefold::{DeviceChoice, Error, Memory, Result};
use pyo3::prelude::*;

/// Device, threads and memory, as `icefold/_arguments.py` puts them together.
#[derive(Debug, FromPyObject)]
#[pyo3(from_item_all)]
pub struct Machine {
    device: String,
    threads: Option<usize>,
    memory: Option<Bytes>,
}

/// An amount of memory: bytes, or as text with a unit.
#[derive(Debug, FromPyObject)]
pub enum Bytes {
    #[pyo3(transparent)]
    Number(u64),
    #[pyo3(transparent)]
    Text(String),
}

impl Bytes {
    /// The amount; `name` is what the argument is called.
    pub fn of(&self, name: &str) -> Result<Memory> {
        match self {
            Self::Number(bytes) => Ok(Memory(*bytes)),
            Self::Text(text) => {
                let parsed = text.parse::<Memory>();
                parsed.map_err(|why| Error::argument(format!("{name}: {why}")))
            }
        }
    }
}

impl Machine {
    /// The device by its name.
    pub fn choice(&self) -> Result<DeviceChoice> {
        let choice = self.device.parse::<DeviceChoice>();
        choice.map_err(|message| Error::device(&self.device, message))
    }

    /// What is said of devices that are not asked for: the folder in which the program keeps what it measured.
    pub fn guide() -> Guide {
        Guide {
            folder: icefold::cli::cache(),
            memory: None,
        }
    }

    /// As many as asked for, or one for each core.
    pub fn threads(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, Into::into);
        self.threads.unwrap_or_else(cores)
    }

    /// As much as asked for, or what the program takes.
    pub fn memory(&self) -> Result<Memory> {
        let asked_for = self.memory.as_ref();
        asked_for.map_or(Ok(Memory::DEFAULT), |memory| memory.of("memory"))
    }
}
