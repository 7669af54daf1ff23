//! Granules to an index.

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::{Access, Config, DuplicatePolicy, GranuleKind, load};
use crate::error::{Dialect, Error, Result};
use crate::index::{INDEX, Index, Indexing, Made, make};
use crate::pipeline::Memory;
use crate::place::check_file;
use crate::source::{Remembers, Remote};
use crate::watch::{Note, Watch};

use super::Granules;
use super::session::tidy_file;
use super::settings::Settings;
use super::targets::inputs;

/// Makes an index of granules, which spares plans and runs opening them; or brings one up to what there is now.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// # use icefold::demo::{Recipe, write_granules_with};
/// use icefold::{Granules, MakeMap, config};
/// use icefold::run::MakeIndex;
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = folder.path();
/// # let recipe = Recipe { granules: 1, segments_per_track: 200, seed: 1 };
/// # write_granules_with(&folder.join("granules"), &recipe)?;
/// let index = folder.join("index.parquet");
/// MakeIndex::new(Granules::found_in(folder.join("granules"))?, &index).execute()?;
/// let made = MakeMap::new(config::load("atl03")?, Granules::in_index(&index)?, folder.join("shards.json"))
///     .index(&index)
///     .execute()?;
/// assert_eq!(made.photons, 0, "no position was read");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "no index is made until it is executed"]
pub struct MakeIndex<'a> {
    granules: Granules,
    file: PathBuf,
    config: Option<Config>,
    remove_gone: bool,
    settings: Settings<'a>,
}

impl<'a> MakeIndex<'a> {
    /// Of these granules, beside those that the file has already.
    pub fn new(granules: Granules, file: impl Into<PathBuf>) -> Self {
        Self {
            granules,
            file: file.into(),
            config: None,
            remove_gone: false,
            settings: Settings::default(),
        }
    }

    /// What says where positions are; built-in configs of the granules' products where none is given.
    pub fn config(mut self, config: Config) -> Self {
        self.config = Some(config);
        self
    }

    /// Whether entries of files that are not there any more are taken out.
    pub fn remove_gone(mut self, remove: bool) -> Self {
        self.remove_gone = remove;
        self
    }

    /// Leaves out granules that cannot be read, in place of stopping at the first.
    pub fn tolerant(mut self, tolerant: bool) -> Self {
        self.settings.tolerant = tolerant;
        self
    }

    /// How granules are read that are objects of stores and web servers, and where that is counted.
    #[doc(hidden)]
    pub fn remote(mut self, remote: Remote) -> Self {
        self.settings.remote = remote;
        self
    }

    /// Folders that granules may lead to, by links, external data and virtual datasets, beside their own.
    pub fn external<P: Into<PathBuf>>(mut self, folders: impl IntoIterator<Item = P>) -> Self {
        self.settings.external = folders.into_iter().map(Into::into).collect();
        self
    }

    /// Granules that are read at the same time; one for each core where no number is given.
    pub fn threads(mut self, threads: usize) -> Self {
        self.settings.threads = threads;
        self
    }

    /// Memory, of which half of what the program leaves is for storage chunks.
    pub fn memory(mut self, memory: Memory) -> Self {
        self.settings.memory = memory;
        self
    }

    /// Who is told how far it is, and may stop it.
    pub fn watch(mut self, watch: &'a dyn Watch) -> Self {
        self.settings.watch = watch;
        self
    }

    /// In what words is said why a granule was left out; neutral ones where none are given.
    pub fn dialect(mut self, dialect: &'static dyn Dialect) -> Self {
        self.settings.dialect = dialect;
        self
    }

    /// Opens the granules that are new or changed, and writes the index.
    ///
    /// # Errors
    /// Strict: the first granule that cannot be read. Always: a file that cannot or must not be written, or that is no
    /// index; a wish to stop, after what was looked at was written.
    pub fn execute(self) -> Result<Made> {
        let Settings {
            tolerant,
            threads,
            watch,
            ..
        } = self.settings;
        if self
            .config
            .as_ref()
            .is_some_and(|c| c.granules == GranuleKind::Table)
        {
            return Err(Error::argument(
                "the config reads tables, and an index is of HDF5 granules; name another config",
            ));
        }
        let earlier = self.file.is_file().then(|| Index::open(&self.file));
        let earlier = earlier.transpose()?.map(Arc::new);
        let mut access = self.settings.access()?;
        if access.remote.cache.is_some() {
            return Err(Error::argument(
                "an index keeps what is read of objects where they are, and a folder for whole objects is given (cache); \
                 leave it out",
            ));
        }
        access.remote.index = earlier.clone().map(|earlier| earlier as Arc<dyn Remembers>);
        access.remote.unasked = false;
        access.remote.noting = true;
        // Files of all releases are indexed: which of them is read is for a config to say.
        let mut any = load("atl03")?;
        any.duplicates = DuplicatePolicy::KeepAll;
        any.access = access;
        let plan = self.granules.plan_positions(&any, tolerant, watch)?;
        let access = Access {
            granules: threads.min(plan.granules.len()).max(1),
            ..any.access
        };
        check_file(&self.file, INDEX, true, &inputs("", &plan, None))?;
        tidy_file(&self.file, watch)?;
        let made = make(&Indexing {
            config: self.config.as_ref(),
            granules: &plan.granules,
            target: &self.file,
            earlier: earlier.as_deref(),
            remove_gone: self.remove_gone,
            tolerant,
            threads,
            access: &access,
            watch,
        })?;
        for (_, reason) in &made.failed {
            watch.note(Note::LeftOut {
                reason: reason.render(access.dialect),
            });
        }
        for gone in &made.gone {
            watch.note(Note::Gone {
                granule: gone.address.clone(),
                removed: gone.removed,
            });
        }
        Ok(made)
    }
}
