//! What a run reads: granules by their paths, or those that a shard map lists.

use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::error::{Error, Result};
use crate::grid::ShardRange;
use crate::index::Index;
use crate::plan::{Plan, Selection, ShardMap};
use crate::watch::{Note, Watch};

use super::located::located;
use super::{notes, published_map, urls};

/// Granules, tables where the config reads those, or folders of them.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::Granules;
///
/// let two = Granules::named(["ATL03_a.h5", "ATL03_b.h5"]);
/// assert_eq!(two.paths().len(), 2);
/// assert!(Granules::found_in("no/such/folder").is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Granules {
    paths: Vec<PathBuf>,
}

impl Granules {
    /// These files and folders, in this order; of several files of a granule, the config says which are read.
    pub fn named<P: Into<PathBuf>>(paths: impl IntoIterator<Item = P>) -> Self {
        Self {
            paths: paths.into_iter().map(Into::into).collect(),
        }
    }

    /// All that are in a folder, or below it.
    ///
    /// # Errors
    /// There is no such folder.
    pub fn found_in(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        if folder.is_dir() {
            return Ok(Self::named([folder]));
        }
        Err(Error::argument(format!(
            "there is no folder {}; name one that has granules",
            folder.display()
        )))
    }

    /// All that an index knows, which [`MakeIndex`](super::MakeIndex) made.
    ///
    /// # Errors
    /// A file that is no index, or a damaged one.
    pub fn in_index(index: impl AsRef<Path>) -> Result<Self> {
        let index = Index::open(index.as_ref())?;
        Ok(Self::named(index.granules()))
    }

    /// The files and folders as they were named.
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// What of them is read.
    pub(super) fn plan(&self, config: &Config, tolerant: bool, watch: &dyn Watch) -> Result<Plan> {
        self.check()?;
        let plan = crate::plan::plan(&located(&self.paths, config)?, config, tolerant)?;
        notes::of_config(config, watch);
        notes::of_plan(&plan, watch);
        Ok(plan)
    }

    /// The same where nothing but positions is read.
    pub(super) fn plan_positions(
        &self,
        config: &Config,
        tolerant: bool,
        watch: &dyn Watch,
    ) -> Result<Plan> {
        self.check()?;
        let plan = crate::plan::plan_positions(&located(&self.paths, config)?, config, tolerant)?;
        notes::of_config(config, watch);
        notes::of_plan(&plan, watch);
        Ok(plan)
    }

    fn check(&self) -> Result<()> {
        if self.paths.is_empty() {
            return Err(Error::argument(
                "no granules given; name some, or folders that have them",
            ));
        }
        Ok(())
    }
}

/// The granules that a shard map lists, for all of its shards or for some.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// # use icefold::demo::{Recipe, write_granules_with};
/// use icefold::{Granules, MakeMap, Mapped, Run, config};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = folder.path();
/// # let recipe = Recipe { granules: 1, segments_per_track: 200, seed: 1 };
/// # write_granules_with(&folder.join("granules"), &recipe)?;
/// let atl03 = config::load("atl03")?;
/// let granules = Granules::found_in(folder.join("granules"))?;
/// let map = folder.join("shards.json");
/// MakeMap::new(atl03.clone(), granules, &map).execute()?;
///
/// let outcome = Run::new(atl03, Mapped::by(&map).in_folder(folder.join("granules")))
///     .into_store(folder.join("photons.zarr"))
///     .execute()?;
/// assert!(outcome.is_whole());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapped {
    map: PathBuf,
    root: Option<PathBuf>,
    pub(super) shards: Option<ShardRange>,
}

impl Mapped {
    /// Those that the map in this file lists.
    pub fn by(map: impl Into<PathBuf>) -> Self {
        Self {
            map: map.into(),
            root: None,
            shards: None,
        }
    }

    /// Those that the catalog of a config lists, where it has one.
    ///
    /// # Errors
    /// The catalog is a URL.
    pub fn by_catalog(config: &Config) -> Result<Option<Self>> {
        let Some(catalog) = &config.catalog else {
            return Ok(None);
        };
        urls::refuse_catalog(config, catalog)?;
        Ok(Some(Self::by(catalog)))
    }

    /// They are files of their names in this folder and below.
    #[must_use]
    pub fn in_folder(mut self, root: impl Into<PathBuf>) -> Self {
        self.root = Some(root.into());
        self
    }

    /// Only these shards, by their places in the map: a run writes their pieces, and no store.
    #[must_use]
    pub fn shards(mut self, range: ShardRange) -> Self {
        self.shards = Some(range);
        self
    }

    pub(super) fn root(&self) -> Option<&Path> {
        self.root.as_deref()
    }

    /// The map, and what of its granules is read.
    pub(super) fn plan(
        &self,
        config: &Config,
        (watch, scratch): (&dyn Watch, &Path),
    ) -> Result<(Plan, ShardMap)> {
        let map = published_map::read(&self.map, &config.access.remote, scratch)?;
        let odd = map.check_grid(config)?;
        for what in odd.into_iter().chain(map.unused_in_words()) {
            watch.note(Note::OddMap { what });
        }
        let plan = map.plan(&Selection {
            range: self.shards,
            granule_root: self.root(),
            config: Some(config),
            duplicates: None,
        })?;
        notes::of_config(config, watch);
        notes::of_plan(&plan, watch);
        Ok((plan, map))
    }
}

/// Either of them.
///
/// ```
/// use icefold::run::Source;
/// use icefold::{Granules, Mapped};
///
/// let direct = Source::from(Granules::named(["ATL03_a.h5"]));
/// let mapped = Source::from(Mapped::by("shards.json"));
/// assert_ne!(direct, mapped);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Granules(Granules),
    Mapped(Mapped),
}

impl From<Granules> for Source {
    fn from(granules: Granules) -> Self {
        Self::Granules(granules)
    }
}

impl From<Mapped> for Source {
    fn from(mapped: Mapped) -> Self {
        Self::Mapped(mapped)
    }
}
