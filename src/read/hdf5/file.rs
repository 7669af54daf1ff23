//! A granule opened through libhdf5: names, groups, datasets, and errors that fit on one line.
//!
//! On the line: first step of `granule --read--> PhotonBatch`; `walk.rs` finds what a path leads to. libhdf5
//! holds one global lock, so nothing here gains from more than one thread; values are read without it
//! (`storage.rs`), through a handle of their own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hdf5::{Dataset, Group};

use super::attributes;
use super::columns::SourceDataset;
use super::donor::Donor;
use super::of_cycle::column_of;
use super::open_file::OpenFile;
use super::presence::survey;
use super::track::path_in;
use super::types::column_type;
use super::walk::{Missing, Spot, Walk};
use crate::config::{Access, Config, Dtype, Join, Variable};
use crate::error::{Error, Kind, Result};
use crate::photon::Column;
use crate::photon::SourceColumn;
use crate::read::{ColumnUnion, Sibling};
use crate::text::condensed;

/// One HDF5 product file, open for reading.
#[derive(Debug)]
pub struct GranuleFile {
    pub(super) main: Arc<OpenFile>,
    /// Files that it leads to, by their paths without links.
    pub(super) others: Mutex<BTreeMap<PathBuf, Arc<OpenFile>>>,
    /// Folders in which those may lie.
    pub(super) folders: Vec<PathBuf>,
    pub(super) access: Access,
    name: Arc<str>,
    /// Granules of other products that are read beside it, by product.
    siblings: BTreeMap<String, GranuleFile>,
    /// Whether anything in it is looked for in another file.
    pub(super) leads: AtomicBool,
    /// Datasets that were looked at and that somebody else will want, by path and column.
    looked_at: Mutex<BTreeMap<(String, Option<usize>), SourceDataset>>,
}

/// A dataset, and the file that it is in: the granule, or one that it leads to.
#[derive(Debug)]
pub(super) struct Located {
    pub dataset: Dataset,
    pub file: Arc<OpenFile>,
}

/// The values of one dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct WholeDataset {
    pub column: Column,
    /// The dataset's own type.
    pub dtype: Dtype,
    /// Whether libhdf5 read the values; it does where the storage is of any unusual kind.
    pub through_hdf5: bool,
}

impl GranuleFile {
    /// Opens a granule under its file name, which leads to no files outside its folder, and checks that
    /// it is a whole HDF5 file.
    ///
    /// # Errors
    /// No such file, a directory, not HDF5, truncated, or damaged; each by name.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_with(path, &Access::default())
    }

    /// The same, with these rules.
    ///
    /// # Errors
    /// As [`GranuleFile::open`], and a folder of the rules that is not there.
    pub fn open_with(path: &Path, access: &Access) -> Result<Self> {
        let name = path.file_name().unwrap_or(path.as_os_str());
        Self::open_as(path, &name.to_string_lossy(), access)
    }

    /// The same, under a name of the caller's.
    ///
    /// # Errors
    /// As [`GranuleFile::open_with`].
    pub fn open_as(path: &Path, name: &str, access: &Access) -> Result<Self> {
        let main = OpenFile::open(path)?;
        Ok(Self {
            main: Arc::new(main),
            others: Mutex::default(),
            folders: Self::folders_of(path, &access.external)?,
            access: access.clone(),
            name: name.into(),
            siblings: BTreeMap::new(),
            leads: AtomicBool::new(false),
            looked_at: Mutex::default(),
        })
    }

    /// One that is open already, and leads nowhere.
    pub(super) fn of(main: OpenFile, access: Access) -> Self {
        Self {
            main: Arc::new(main),
            others: Mutex::default(),
            folders: Vec::new(),
            access,
            name: "".into(),
            siblings: BTreeMap::new(),
            leads: AtomicBool::new(false),
            looked_at: Mutex::default(),
        }
    }

    /// The same granule with these open beside it.
    ///
    /// # Errors
    /// As [`GranuleFile::open_with`].
    pub(in crate::read) fn beside(mut self, siblings: &[Sibling]) -> Result<Self> {
        for Sibling { product, path } in siblings {
            let opened = Self::open_with(path, &self.access)?;
            self.siblings.insert(product.clone(), opened);
        }
        Ok(self)
    }

    /// The granule that is joined to its photons.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn sibling(&self, join: &Join) -> Result<&Self> {
        self.siblings.get(&join.product).ok_or_else(|| {
            self.error(format!(
                "the config joins {} to its photons (data_source.joins.{}), and no granule of it is read \
                 beside this one; run it with one of the same pass",
                join.product, join.name
            ))
        })
    }

    /// The same granule, whose values are read from other bytes than its file's.
    #[cfg(test)]
    pub(crate) fn over(mut self, data: Arc<dyn crate::source::Bytes>) -> Self {
        let main = Arc::get_mut(&mut self.main).expect("a granule that was just opened");
        main.data = data;
        self
    }

    /// What is odd about the file, but did not stop it from being opened.
    pub(super) fn odd(&self) -> Option<&str> {
        self.main.odd.as_deref()
    }

    /// What the granule is called: its file name, unless it was opened under another.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A text attribute of the root group.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        attributes::text(&self.main.file, name)
    }

    /// Whether there is a dataset, or anything else, at `path`.
    ///
    /// # Errors
    /// A damaged group on the way, a link that leads nowhere.
    pub fn has(&self, path: &str) -> Result<bool> {
        Ok(matches!(self.walk(path)?, Walk::Spot(_)))
    }

    /// Whether anything of it, as far as it was opened, is in another file that is no granule.
    pub fn leads_elsewhere(&self) -> bool {
        let mut siblings = self.siblings.values();
        self.leads.load(Ordering::Relaxed) || siblings.any(Self::leads_elsewhere)
    }

    /// Bytes of the file.
    pub fn bytes(&self) -> u64 {
        self.main.data.length()
    }

    /// Type, units and name of each variable of the config, in its order, over all ground tracks
    /// that have data; `None` where none has.
    ///
    /// # Errors
    /// A dataset that is missing, is not one value per row, has an unsupported type, or is integer
    /// in one ground track and float in another.
    pub fn source_columns(&self, config: &Config) -> Result<Option<Vec<SourceColumn>>> {
        let mut union = ColumnUnion::default();
        for name in &config.ground_tracks {
            if survey(self, config, name)?.rows == 0 {
                continue;
            }
            let describe = |variable: &Variable| {
                let described = |source: &SourceDataset| SourceColumn {
                    name: variable.name.clone(),
                    column_type: column_type(source.dtype),
                    dtype: source.dtype,
                    units: attributes::text(&source.located.dataset, "units"),
                    long_name: attributes::text(&source.located.dataset, "long_name"),
                };
                match variable.join {
                    None => {
                        let path = path_in(&variable.path, name);
                        let column = column_of(self, variable, &path)?;
                        self.look_at(&path, column, described)
                    }
                    Some(join) => {
                        let source = Donor::of(self, config, join, name)?.open(variable)?;
                        Ok(described(&source))
                    }
                }
            };
            let columns = config.variables.iter().map(describe);
            let columns = columns.collect::<Result<_>>()?;
            union.add(name, columns).map_err(|clash| {
                self.error(format!(
                    "{clash}; run the ground tracks apart, with other `groups` in the config"
                ))
            })?;
        }
        Ok(union.into_columns())
    }

    /// Reads one dataset whole, or one column of a 2-D one; at most `most` rows.
    ///
    /// # Errors
    /// A dataset that is missing, is not one value per row, has an unsupported type, has more rows,
    /// or is damaged.
    pub fn read_dataset(
        &self,
        path: &str,
        column: Option<usize>,
        most: u64,
    ) -> Result<WholeDataset> {
        let mut source = SourceDataset::open(self, path, column)?;
        if source.rows > most {
            return Err(self.error(format!(
                "{path} has {} rows, and at most {most} are wanted",
                source.rows
            )));
        }
        source.index(self)?;
        let block = source.read(0..source.rows)?;
        Ok(WholeDataset {
            column: Column {
                values: block.values,
                nulls: block.nulls,
            },
            dtype: source.dtype,
            through_hdf5: !source.is_indexed(),
        })
    }

    /// An error about this granule, in one line: names from a damaged file may hold anything.
    pub(super) fn error(&self, message: impl AsRef<str>) -> Error {
        let printable = |c: char| if c.is_control() { '?' } else { c };
        let message: String = message.as_ref().chars().map(printable).collect();
        Error::granule(&*self.name, message)
    }

    /// What is read of this granule at once does not fit the memory.
    pub(super) fn too_large(&self, message: String) -> Error {
        self.error(message).of_kind(Kind::TooLarge)
    }

    /// libhdf5 could not do something to this granule; `action` reads after "cannot".
    pub(super) fn damaged(&self, action: impl AsRef<str>, error: &hdf5::Error) -> Error {
        if let Err(trouble) = self.sound() {
            return trouble;
        }
        let (action, cause) = (action.as_ref(), condensed(error));
        self.error(format!("cannot {action}: {cause}; fetch the granule again"))
    }

    /// Whether all bytes could be had that were asked for: what libhdf5 made of those that could not may be anything.
    ///
    /// # Errors
    /// Why not.
    pub(in crate::read) fn sound(&self) -> Result<()> {
        if let Some(trouble) = self.main.data.trouble() {
            return Err(self.error(trouble));
        }
        self.siblings.values().try_for_each(Self::sound)
    }

    pub(super) fn name_shared(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    /// Names in the root group.
    pub(super) fn members(&self) -> Result<Vec<String>> {
        let root = self.find_group("/")?;
        root.map_or(Ok(Vec::new()), |root| self.names(&root, ""))
    }

    /// Names in a group, sorted; `path` is for the error.
    pub(super) fn names(&self, group: &Group, path: &str) -> Result<Vec<String>> {
        let mut names = group
            .member_names()
            .map_err(|e| self.damaged(format!("list {path}/"), &e))?;
        names.sort_unstable();
        Ok(names)
    }

    /// The group at `path`, or `None` where there is none; a damaged group is an error.
    pub(super) fn find_group(&self, path: &str) -> Result<Option<Group>> {
        match self.walk(path)? {
            Walk::Spot(spot) => {
                let opened = spot.open_group();
                let group = opened.map_err(|e| self.damaged(format!("open {path} as a group"), &e));
                group.map(Some)
            }
            Walk::Missing(_) => Ok(None),
        }
    }

    /// Looks at a dataset that is going to be read; it stays open for whoever does.
    ///
    /// # Errors
    /// As [`SourceDataset::open`].
    pub(super) fn look_at<T>(
        &self,
        path: &str,
        column: Option<usize>,
        look: impl FnOnce(&SourceDataset) -> T,
    ) -> Result<T> {
        let source = self.take_dataset(path, column)?;
        let seen = look(&source);
        let looked_at = self.looked_at.lock();
        let mut looked_at = looked_at.unwrap_or_else(PoisonError::into_inner);
        looked_at.insert((path.to_owned(), column), source);
        Ok(seen)
    }

    /// A dataset, which may have been looked at.
    ///
    /// # Errors
    /// As [`SourceDataset::open`].
    pub(super) fn take_dataset(&self, path: &str, column: Option<usize>) -> Result<SourceDataset> {
        let looked_at = self.looked_at.lock();
        let mut looked_at = looked_at.unwrap_or_else(PoisonError::into_inner);
        let known = looked_at.remove(&(path.to_owned(), column));
        drop(looked_at);
        known.map_or_else(|| SourceDataset::open(self, path, column), Ok)
    }

    /// The dataset at `path`; the error of a missing one names the nearest that exists.
    pub(super) fn dataset(&self, path: &str) -> Result<Located> {
        match self.walk(path)? {
            Walk::Spot(spot) => self.open_dataset(spot, path),
            Walk::Missing(missing) => Err(self.missing(path, &missing)?),
        }
    }

    /// The dataset that a path leads to.
    pub(super) fn open_dataset(&self, spot: Spot, path: &str) -> Result<Located> {
        let Some(name) = &spot.name else {
            return Err(self.error(format!("{path} is a group, and a dataset is expected")));
        };
        let opened = spot.group.dataset(name);
        Ok(Located {
            dataset: opened.map_err(|e| self.damaged(format!("open {path} as a dataset"), &e))?,
            file: spot.file,
        })
    }

    /// The error of a path that leads nowhere. Only this lists what is there instead: a group may hold
    /// hundreds of thousands of names, and paths of other ground tracks often lead nowhere.
    fn missing(&self, path: &str, missing: &Missing) -> Result<Error> {
        let members = self.names(&missing.group, &missing.parent)?;
        Ok(self.error(format!(
            "{path} does not exist: {}",
            missing.describe(&members)
        )))
    }
}
