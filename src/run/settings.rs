//! On what a run runs, and who watches it; none of it changes a bit of a result.

use std::path::PathBuf;

use crate::backend::DeviceChoice;
use crate::config::Access;
use crate::error::{Dialect, Error, Result};
use crate::pipeline::Memory;
use crate::watch::{Unwatched, Watch};

/// What all that can be executed may be told.
#[derive(Debug, Clone)]
pub(super) struct Settings<'a> {
    pub tolerant: bool,
    /// Folders that granules may lead to, beside their own.
    pub external: Vec<PathBuf>,
    pub device: DeviceChoice,
    pub threads: usize,
    pub memory: Memory,
    /// What is left of the memory where there is none.
    pub partials_memory: Option<Memory>,
    /// As many as the memory holds where there is none.
    pub batch_rows: Option<usize>,
    /// What reports record as the command line.
    pub command: Vec<String>,
    pub watch: &'a dyn Watch,
    /// In what words is written down why something was left out.
    pub dialect: &'static dyn Dialect,
}

impl Default for Settings<'_> {
    fn default() -> Self {
        Self {
            tolerant: false,
            external: Vec::new(),
            device: DeviceChoice::Auto,
            threads: all_cores(),
            memory: Memory::DEFAULT,
            partials_memory: None,
            batch_rows: None,
            command: Vec::new(),
            watch: &Unwatched,
            dialect: <&dyn Dialect>::default(),
        }
    }
}

impl Settings<'_> {
    /// How granules are opened.
    ///
    /// # Errors
    /// A setting that cannot be honoured.
    pub fn access(&self) -> Result<Access> {
        self.check()?;
        Ok(Access {
            external: self.external.clone(),
            tolerant: self.tolerant,
            chunk_memory: Some(self.memory.for_chunks()),
            dialect: self.dialect,
            ..Access::default()
        })
    }

    /// Every setting can be honoured.
    pub fn check(&self) -> Result<()> {
        if let Some(folder) = self.external.iter().find(|folder| !folder.is_dir()) {
            return Err(Error::argument(format!(
                "{} is not a folder that granules may lead to; name one that is there",
                folder.display()
            )));
        }
        if self.threads == 0 {
            return Err(Error::argument("0 threads do nothing; give one or more"));
        }
        if self.batch_rows == Some(0) {
            return Err(Error::argument(
                "a batch of 0 rows holds nothing; give one row or more",
            ));
        }
        if self.memory.0 < Memory::LEAST.0 {
            return Err(Error::argument(format!(
                "a memory of {} is too little; give at least {}",
                self.memory,
                Memory::LEAST
            )));
        }
        Ok(())
    }
}

/// As many threads as there are cores.
pub fn all_cores() -> usize {
    std::thread::available_parallelism().map_or(1, Into::into)
}
