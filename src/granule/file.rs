//! A granule opened through libhdf5: names, groups, datasets, errors in one line.
//!
//! On the line: first step of `granule --read--> PhotonBatch`. libhdf5 holds one global lock, so
//! nothing here gains from more than one thread; storage chunks are read past it (`chunk/`), from a
//! handle of their own.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use hdf5::{Dataset, Group};

use super::chunk::{ChunkedDataset, Untabled};
use super::columns::{SourceDataset, column_type};
use super::{ColumnUnion, SourceColumn, attributes, superblock, track};
use crate::batch::Column;
use crate::config::{Config, Dtype};
use crate::{Error, Result};

/// One HDF5 product file, open for reading.
#[derive(Debug)]
pub struct GranuleFile {
    file: hdf5::File,
    /// For positioned reads of storage chunks.
    data: Arc<File>,
    name: Arc<str>,
    bytes: u64,
    odd: Option<String>,
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

/// A path inside a granule that leads to a group, or where it stops leading anywhere.
enum Walk {
    Group(Group),
    Missing(Missing),
}

/// The first part of a path that does not exist.
struct Missing {
    parent: String,
    part: String,
    members: Vec<String>,
}

impl GranuleFile {
    /// Opens a granule under its file name and checks that it is a whole HDF5 file.
    ///
    /// # Errors
    /// No such file, a directory, not HDF5, truncated, or damaged; each by name.
    pub fn open(path: &Path) -> Result<Self> {
        let name = path.file_name().unwrap_or(path.as_os_str());
        Self::open_as(path, &name.to_string_lossy())
    }

    /// As [`GranuleFile::open`], under a name of the caller's.
    ///
    /// # Errors
    /// As [`GranuleFile::open`].
    pub fn open_as(path: &Path, name: &str) -> Result<Self> {
        let checked = superblock::check(path)?;
        // A lock does not help who only reads, and fails on file systems without locks and on files
        // that another program holds.
        let opened = hdf5::FileBuilder::new()
            .with_fapl(|access| access.file_locking(false))
            .open(path);
        let file = opened.map_err(|e| {
            let cause = condensed(&e);
            let message = checked
                .doubt
                .clone()
                .unwrap_or_else(|| format!("cannot open it as HDF5: {cause}; fetch it again"));
            Error::granule(path.display().to_string(), message)
        })?;
        let data = File::open(path).map_err(|e| Error::io("open", path, e))?;
        Ok(Self {
            file,
            data: Arc::new(data),
            name: name.into(),
            bytes: checked.bytes,
            odd: checked.odd,
        })
    }

    /// What is odd about the file, but did not stop it from being opened.
    pub(super) fn odd(&self) -> Option<&str> {
        self.odd.as_deref()
    }

    /// What the granule is called: its file name, unless it was opened under another.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A text attribute of the root group.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        attributes::text(&self.file, name)
    }

    /// Whether there is a dataset, or anything else, at `path`.
    ///
    /// # Errors
    /// A damaged group on the way.
    pub fn has(&self, path: &str) -> Result<bool> {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        match self.walk(parent)? {
            Walk::Missing(_) => Ok(false),
            Walk::Group(group) => Ok(self.names(&group, parent)?.iter().any(|m| m == name)),
        }
    }

    /// Bytes of the file.
    pub fn bytes(&self) -> u64 {
        self.bytes
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
            if track::survey(self, config, name)?.rows == 0 {
                continue;
            }
            let describe = |variable: &crate::config::Variable| {
                let path = track::path_in(&variable.path, name);
                let source = SourceDataset::open(self, &path, None)?;
                let dataset = self.dataset(&path)?;
                Ok(SourceColumn {
                    name: variable.name.clone(),
                    column_type: column_type(source.dtype),
                    dtype: source.dtype,
                    units: attributes::text(&dataset, "units"),
                    long_name: attributes::text(&dataset, "long_name"),
                })
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

    /// libhdf5 could not do something to this granule; `action` reads after "cannot".
    pub(super) fn damaged(&self, action: impl AsRef<str>, error: &hdf5::Error) -> Error {
        let (action, cause) = (action.as_ref(), condensed(error));
        self.error(format!("cannot {action}: {cause}; fetch the granule again"))
    }

    /// The storage chunks of a dataset; `None` where it must be read through libhdf5.
    pub(super) fn chunks(
        &self,
        dataset: &Dataset,
        path: &str,
        dtype: Dtype,
        column: Option<usize>,
    ) -> Result<Option<ChunkedDataset>> {
        let opened = ChunkedDataset::open(dataset, dtype, column, &self.data, self.bytes);
        opened.map_err(|why| match why {
            Untabled::Hdf5(e) => self.damaged(format!("find the storage chunks of {path}"), &e),
            Untabled::Bad(why) => self.error(format!("{path} {why}")),
        })
    }

    pub(super) fn name_shared(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    /// Names in the root group.
    pub(super) fn members(&self) -> Result<Vec<String>> {
        self.names(&self.root()?, "")
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
            Walk::Group(group) => Ok(Some(group)),
            Walk::Missing(_) => Ok(None),
        }
    }

    /// The dataset at `path`; the error of a missing one names the nearest that exists.
    pub(super) fn dataset(&self, path: &str) -> Result<Dataset> {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let missing = match self.walk(parent)? {
            Walk::Missing(missing) => missing,
            Walk::Group(group) => {
                let members = self.names(&group, parent)?;
                if members.iter().any(|m| m == name) {
                    return group
                        .dataset(name)
                        .map_err(|e| self.damaged(format!("open {path} as a dataset"), &e));
                }
                Missing {
                    parent: parent.to_owned(),
                    part: name.to_owned(),
                    members,
                }
            }
        };
        Err(self.error(format!("{path} does not exist: {}", missing.describe())))
    }

    fn root(&self) -> Result<Group> {
        self.file.group("/").map_err(|e| self.damaged("open /", &e))
    }

    fn walk(&self, path: &str) -> Result<Walk> {
        let mut group = self.root()?;
        let mut at = String::new();
        for part in path.split('/').filter(|part| !part.is_empty()) {
            let members = self.names(&group, &at)?;
            if !members.iter().any(|m| m == part) {
                return Ok(Walk::Missing(Missing {
                    parent: at,
                    part: part.to_owned(),
                    members,
                }));
            }
            at = format!("{at}/{part}");
            group = group
                .group(part)
                .map_err(|e| self.damaged(format!("open {at} as a group"), &e))?;
        }
        Ok(Walk::Group(group))
    }
}

impl Missing {
    /// What the last existing group holds instead, and the remedy.
    fn describe(&self) -> String {
        let parent = if self.parent.is_empty() {
            "/"
        } else {
            &self.parent
        };
        let likeness = |m: &String| strsim::jaro_winkler(m, &self.part);
        let nearest = self
            .members
            .iter()
            .max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        match nearest {
            None => format!("{parent} is empty; leave the ground track out"),
            Some(nearest) => format!(
                "{parent} holds no {}, the nearest of its {} names is {nearest}; correct the path \
                 in the config",
                self.part,
                self.members.len()
            ),
        }
    }
}

/// An error of libhdf5 in one line: its outermost and innermost frame.
pub(crate) fn condensed(error: &hdf5::Error) -> String {
    const LONGEST: usize = 200;
    let text = error.to_string();
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let line = words
        .filter(|w| !w.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}
