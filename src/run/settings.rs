//! On what a run runs, and who watches it; none of it changes a bit of a result.

use std::path::{Path, PathBuf};

use crate::backend::DeviceChoice;
use crate::backend::choose::Guide;
use crate::config::{Access, Config};
use crate::error::{Dialect, Error, Result};
use crate::pipeline::{Memory, Options, Survey};
use crate::source::Remote;
use crate::watch::{Unwatched, Watch};

/// Of the memory an eighth is for bytes of objects, where there are any, within these bounds.
const NETWORK: [u64; 2] = [16 << 20, 256 << 20];

/// What all that can be executed may be told.
#[derive(Debug, Clone)]
pub(super) struct Settings<'a> {
    pub tolerant: bool,
    /// Folders that granules may lead to, beside their own.
    pub external: Vec<PathBuf>,
    /// How objects are read that are no files.
    pub remote: Remote,
    /// Whether whole files are hashed.
    pub hashed: bool,
    pub device: DeviceChoice,
    /// What is said of devices that are not asked for.
    pub guide: Guide,
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
            remote: Remote::default(),
            hashed: false,
            device: DeviceChoice::Auto,
            guide: Guide::default(),
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

impl<'a> Settings<'a> {
    /// How granules are opened.
    ///
    /// # Errors
    /// A setting that cannot be honoured.
    pub fn access(&self) -> Result<Access> {
        self.check()?;
        let mut remote = self.remote.clone();
        remote.memory = self.network_memory();
        Ok(Access {
            remote,
            external: self.external.clone(),
            tolerant: self.tolerant,
            hashed: self.hashed,
            chunk_memory: Some(self.memory.for_chunks()),
            dialect: self.dialect,
            ..Access::default()
        })
    }

    /// What is in memory of objects at most.
    fn network_memory(&self) -> u64 {
        let [least, most] = NETWORK;
        (self.memory.0 / 8).clamp(least, most)
    }

    /// How a run of this config goes about these granules: it writes no table yet, and no pieces.
    pub fn options<'o>(
        &self,
        config: &Config,
        survey: &Survey,
        (errors, spill): (&'o Path, &'o Path),
    ) -> Options<'o>
    where
        'a: 'o,
    {
        let filters = config.decoded_beside();
        let is_far = self.remote.traffic.took().objects > 0;
        let network = if is_far { self.network_memory() } else { 0 };
        let memory = Memory(self.memory.0.saturating_sub(network));
        let memory = memory.beside_chunks(survey.chunk_bytes);
        let rows = self
            .batch_rows
            .unwrap_or_else(|| memory.rows(&survey.types, filters, &survey.job));
        let partials = self.partials_memory.map_or_else(
            || memory.partials(rows, &survey.types, filters, &survey.job),
            |memory| memory.0,
        );
        Options {
            batch_rows: rows,
            tolerant: self.tolerant,
            table: None,
            errors,
            partials,
            columns: memory.columns(rows, &survey.types, &survey.job),
            spill,
            pieces: None,
            checkpoints: None,
            carried: None,
            watch: self.watch,
        }
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
