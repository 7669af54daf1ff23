//! Granules to a shard map.

use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::error::{Dialect, Result};
use crate::pipeline::Memory;
use crate::place::check_file;
use crate::plan::{Build, Built, SHARD_MAP, build};
use crate::publish::Address;
use crate::region::Region;
use crate::source::Remote;
use crate::watch::{Note, Watch};

use super::published_map;
use super::session::tidy_file;
use super::settings::Settings;
use super::targets::inputs;
use super::{Granules, notes};

/// Makes a shard map, which lists the granules that have photons in each shard: what `icefold plan` does.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// # use icefold::demo::{Recipe, write_granules_with};
/// use icefold::{Granules, MakeMap, config};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = folder.path();
/// # let recipe = Recipe { granules: 1, segments_per_track: 200, seed: 1 };
/// # write_granules_with(&folder.join("granules"), &recipe)?;
/// let atl03 = config::load("atl03")?;
/// let granules = Granules::found_in(folder.join("granules"))?;
/// let map = folder.join("shards.json");
/// MakeMap::new(atl03.clone(), granules, &map).execute()?;
/// assert!(map.is_file());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "no map is made until it is executed"]
pub struct MakeMap<'a> {
    config: Config,
    granules: Granules,
    file: PathBuf,
    settings: Settings<'a>,
}

impl<'a> MakeMap<'a> {
    /// Of these granules, for all configs with the grid and the positions of this one, into a JSON file.
    pub fn new(config: Config, granules: Granules, file: impl Into<PathBuf>) -> Self {
        Self {
            config,
            granules,
            file: file.into(),
            settings: Settings::default(),
        }
    }

    /// Lists only what this area needs, in place of the one that the config names.
    pub fn region(mut self, region: Region) -> Self {
        self.config = self.config.within(region);
        self
    }

    /// Leaves out granules that cannot be read, and lists them in the map, in place of stopping at the first.
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

    /// The folder in which is made what is sent to a store of objects; that of temporary files where none is named.
    #[doc(hidden)]
    pub fn scratch(mut self, folder: impl Into<PathBuf>) -> Self {
        self.settings.scratch = Some(folder.into());
        self
    }

    /// What is known of granules before they are opened: an index that [`MakeIndex`](super::MakeIndex) made. Those that
    /// cannot count are not opened; of objects nothing is fetched that is kept there. One that changed since is opened.
    pub fn index(mut self, index: impl Into<PathBuf>) -> Self {
        self.settings.index = Some(index.into());
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

    /// In what words the map says why a granule was left out; neutral ones where none are given.
    pub fn dialect(mut self, dialect: &'static dyn Dialect) -> Self {
        self.settings.dialect = dialect;
        self
    }

    /// Reads the positions of all granules, and writes the map.
    ///
    /// # Errors
    /// Strict: the first granule that cannot be read. Always: a file that cannot or must not be written, no
    /// granule with a photon, a wish to stop.
    pub fn execute(self) -> Result<Built> {
        if let Some(address) = Address::of(&self.file)? {
            let settings = self.settings.clone();
            return published_map::make(self, &address, &settings);
        }
        let file = self.file.clone();
        self.on_disk(&file, false)
    }

    /// The same into a file; of files without where they are, if it goes elsewhere.
    pub(super) fn on_disk(mut self, file: &Path, elsewhere: bool) -> Result<Built> {
        let Settings {
            tolerant,
            threads,
            watch,
            ..
        } = self.settings;
        self.config.access = self.settings.access()?;
        let index = self.settings.open_index(&mut self.config.access)?;
        let plan = self
            .granules
            .plan_positions(&self.config, tolerant, watch)?;
        // Each granule is read by one of the threads.
        self.config.access.granules = threads.min(plan.granules.len());
        let config = &self.config;
        let mut inputs = inputs(&config.name, &plan, None);
        inputs.extend(self.settings.index.as_deref());
        check_file(file, SHARD_MAP, true, &inputs)?;
        tidy_file(file, watch)?;
        let mut built = build(&Build {
            config,
            plan: &plan,
            target: file,
            threads,
            tolerant,
            index: index.as_deref(),
            watch,
        })?;
        if elsewhere {
            for granule in &mut built.map.granules {
                granule.without_paths();
            }
        }
        built.map.write()?;
        if let Some(indexed) = &built.indexed {
            notes::of_index(indexed, watch);
        }
        for failed in &built.failed {
            watch.note(Note::LeftOut {
                reason: failed.reason.render(config.access.dialect),
            });
        }
        for granule in built.without_photons.iter().cloned() {
            watch.note(Note::InNoShard { granule });
        }
        Ok(built)
    }
}
