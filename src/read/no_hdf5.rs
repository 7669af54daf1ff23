//! HDF5 granules of a build without HDF5: none opens, and it is said why.
//!
//! Whether a file is one is told from its first bytes, here as well.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::ops::{Range, RangeInclusive};
use std::path::Path;

use crate::config::{Access, Config, TimeWindow};
use crate::error::{Dialect, Error, Result};
use crate::features::Feature;
use crate::photon::stretch::StretchRoom;
use crate::photon::{ColumnType, Counts, Load, PhotonBatch, SourceColumn};
use crate::read::{Applied, Buffers, JoinReport, Sibling, Spent, StoredStretch, WantedShards};
use crate::watch::Watch;

#[path = "hdf5/ground_track.rs"]
mod ground_track;
#[path = "hdf5/superblock.rs"]
mod superblock;

pub use ground_track::{Beam, GroundTrackStatus, GroundTrackSummary, Unread};
pub(crate) use superblock::looks_like_hdf5;

/// No granule.
#[derive(Debug)]
pub struct GranuleFile(Infallible);

/// No reader.
#[derive(Debug)]
pub struct Reader(Infallible);

/// What a granule has, of which there is none.
#[derive(Debug, Clone)]
pub struct Outline(Infallible);

/// Outlines of granules: none.
#[derive(Debug, Default)]
pub struct Tracks;

fn refused(name: impl Into<String>) -> Error {
    let message = format!("cannot be read as HDF5: {}", Feature::Hdf5.lacking());
    Error::granule(name, message)
}

/// There is no library to wait for.
pub fn is_worth_scouting(_path: &Path, _config: &Config) -> bool {
    false
}

/// Nothing is brought.
pub fn scout(_path: &Path, _config: &Config, _over: &dyn Fn() -> bool) {}

/// The folders from which HDF5 may load filters: there is no HDF5 that would.
pub fn plugin_folders() -> Option<String> {
    None
}

/// Refuses.
///
/// # Errors
/// Always: the feature was left out.
pub fn inspect(path: &Path, _access: &Access) -> Result<Inspected> {
    superblock::check(path)?;
    Err(refused(path.display().to_string()))
}

/// Refuses.
///
/// # Errors
/// Always: the feature was left out.
pub fn inspect_all(path: &Path, access: &Access) -> Result<Inspected> {
    inspect(path, access)
}

/// What is inside of one that is open: none is.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspected(Infallible);

impl serde::Serialize for Inspected {
    fn serialize<S: serde::Serializer>(&self, _serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {}
    }
}

impl std::fmt::Display for Inspected {
    fn fmt(&self, _f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {}
    }
}

impl Inspected {
    /// The text of a description, of which there is none.
    pub fn render(&self, _dialect: &dyn Dialect) -> String {
        match self.0 {}
    }

    /// With what a run would read of it: none is.
    ///
    /// # Errors
    /// None.
    pub fn with_cost(self, _path: &Path, _config: &Config) -> Result<Self> {
        match self.0 {}
    }
}

/// What a granule that is open lacks: none is.
///
/// # Errors
/// None.
pub(crate) fn lacking(granule: &GranuleFile, _config: &Config) -> Result<Option<String>> {
    match granule.0 {}
}

/// Of which product a granule that is open is: none is.
pub(crate) fn of_other_product(granule: &GranuleFile, _config: &Config) -> Option<String> {
    match granule.0 {}
}

/// The product of a granule that is open: none is.
pub(crate) fn product(granule: &GranuleFile) -> Option<String> {
    match granule.0 {}
}

/// From when to when a granule that is open says that its photons are: none is.
pub(in crate::read) fn said_span(granule: &GranuleFile) -> Option<RangeInclusive<f64>> {
    match granule.0 {}
}

/// Whether a granule that is open lies outside of a time: none is.
///
/// # Errors
/// None.
pub(in crate::read) fn lies_outside(
    granule: &GranuleFile,
    _times: (&TimeWindow, &Config),
    _ground_tracks: &[GroundTrackSummary],
) -> Result<bool> {
    match granule.0 {}
}

impl GranuleFile {
    pub fn leads_elsewhere(&self) -> bool {
        match self.0 {}
    }

    /// Refuses.
    ///
    /// # Errors
    /// No such file, or none that is HDF5; else that the feature was left out.
    pub fn open_with(path: &Path, access: &Access) -> Result<Self> {
        Self::open_as(path, &path.display().to_string(), access)
    }

    /// Refuses, in the name of a granule.
    ///
    /// # Errors
    /// As [`GranuleFile::open_with`].
    pub fn open_as(path: &Path, name: &str, _access: &Access) -> Result<Self> {
        superblock::check(path)?;
        Err(refused(name))
    }

    /// What it says of itself: none is open.
    pub(crate) fn says(&self) -> super::Says {
        match self.0 {}
    }

    /// When its data begin and end: none is open.
    pub(in crate::read) fn time_span(&self) -> Option<[String; 2]> {
        match self.0 {}
    }

    /// With others beside it: none is open.
    ///
    /// # Errors
    /// None.
    pub(in crate::read) fn beside(self, _siblings: &[Sibling]) -> Result<Self> {
        match self.0 {}
    }

    /// Whether all bytes could be had: none were asked for.
    ///
    /// # Errors
    /// None.
    pub(in crate::read) fn sound(&self) -> Result<()> {
        match self.0 {}
    }

    pub fn name(&self) -> &str {
        match self.0 {}
    }

    pub fn bytes(&self) -> u64 {
        match self.0 {}
    }

    pub fn source_columns(&self, _config: &Config) -> Result<Option<Vec<SourceColumn>>> {
        match self.0 {}
    }
}

impl Outline {
    /// Of a granule that is open: none is.
    ///
    /// # Errors
    /// None.
    pub fn of(granule: &GranuleFile, _config: &Config) -> Result<Self> {
        match granule.0 {}
    }

    /// Of a granule that is open: none is.
    ///
    /// # Errors
    /// None.
    pub fn with(
        granule: &GranuleFile,
        _config: &Config,
        _tracks: Vec<GroundTrackSummary>,
    ) -> Result<Self> {
        match granule.0 {}
    }

    /// Of a granule that was looked at before: nothing is made of it here.
    pub(crate) fn remembered(
        _product: Option<&str>,
        _rows: &[(&str, Option<u64>)],
    ) -> Option<Self> {
        None
    }

    pub(crate) fn tracks(&self) -> &[GroundTrackSummary] {
        match self.0 {}
    }

    pub(crate) fn product(&self) -> Option<&str> {
        match self.0 {}
    }

    pub fn is_blank(&self) -> bool {
        match self.0 {}
    }

    pub fn rows(&self) -> u64 {
        match self.0 {}
    }

    pub fn with_rows(&self) -> BTreeSet<String> {
        match self.0 {}
    }
}

impl Tracks {
    pub fn add(&mut self, _name: &str, outline: Outline) {
        match outline.0 {}
    }

    /// Granules of another product: none was opened.
    pub fn strangers(&self, _config: &Config) -> Vec<(String, Error)> {
        Vec::new()
    }

    /// That granules have the ground tracks of a config: none was opened.
    ///
    /// # Errors
    /// None.
    pub fn check_names(&self, _config: &Config) -> Result<()> {
        Ok(())
    }
}

impl Reader {
    /// Reads a granule that is open: none is.
    ///
    /// # Errors
    /// None.
    pub fn open(
        granule: &GranuleFile,
        _config: &Config,
        _types: &[ColumnType],
        _batch_rows: usize,
    ) -> Result<Self> {
        match granule.0 {}
    }

    pub fn taken_up(self, _batch_rows: usize) -> Self {
        match self.0 {}
    }

    pub fn within(self, _wanted: Option<WantedShards>) -> Self {
        match self.0 {}
    }

    pub fn foretell(&mut self) {
        match self.0 {}
    }

    pub fn next_batch_unless(&mut self, _watch: &dyn Watch) -> Result<Option<PhotonBatch>> {
        match self.0 {}
    }

    pub(crate) fn next_stretch(&mut self, _room: &StretchRoom) -> Result<Option<StoredStretch>> {
        match self.0 {}
    }

    pub fn read_here(&self) -> &BTreeMap<&'static str, u64> {
        match self.0 {}
    }

    pub fn is_done(&self) -> bool {
        match self.0 {}
    }

    pub fn only(&mut self, _track: usize, _rows: &Range<u64>) {
        match self.0 {}
    }

    pub fn take_oddities(&mut self) -> Vec<String> {
        match self.0 {}
    }

    pub fn use_buffers(&mut self, _buffers: Buffers) {
        match self.0 {}
    }

    pub fn into_buffers(self) -> Buffers {
        match self.0 {}
    }

    pub fn recycle(&mut self, _batch: PhotonBatch) {
        match self.0 {}
    }

    pub fn counts(&self) -> &Counts {
        match self.0 {}
    }

    pub fn ground_tracks(&self) -> &[GroundTrackSummary] {
        match self.0 {}
    }

    pub fn unit_gaps(&self, _config: &Config) -> Vec<String> {
        match self.0 {}
    }

    pub fn applied(&self, _config: &Config) -> Vec<Applied> {
        match self.0 {}
    }

    pub fn joins(&self) -> &[JoinReport] {
        match self.0 {}
    }

    pub fn warnings(&self) -> &[String] {
        match self.0 {}
    }

    pub fn chunk_bytes(&self) -> u64 {
        match self.0 {}
    }

    pub fn load(&self) -> Load {
        match self.0 {}
    }

    pub fn rows_not_stored(&self) -> u64 {
        match self.0 {}
    }

    pub fn spent(&self) -> Spent {
        match self.0 {}
    }

    pub fn progress(&self) -> (u64, u64) {
        match self.0 {}
    }
}
