//! Files that may be granules: what their names say, each file once, and copies of the same bytes.
//!
//! Beside the plan: the first two steps of settling duplicates, before any file is opened as a granule.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::config::GranuleKind;
use crate::error::{Error, Result};

use super::Superseded;
use super::scan::Candidate;
use crate::read::ProductName;
use crate::read::Rank;

/// What files say of themselves.
pub(super) trait Files {
    /// The file itself, whatever links lead to it.
    fn real(&self, path: &Path) -> PathBuf;
    /// Its length; `None` where there is no such file.
    fn bytes(&self, path: &Path) -> Option<u64>;
    /// A hash of its bytes, or of its first and last ones.
    fn hash(&self, path: &Path, whole: bool) -> Option<String>;
    fn probe(&self, path: &Path) -> Found;
    /// How many photons two files share; an error is of the file beside it.
    fn overlap(&self, a: &Path, b: &Path) -> Result<Overlap, (PathBuf, Error)>;
}

/// What a file is to the config.
pub(super) enum Found {
    /// All that is needed of it can be opened.
    Fits {
        rows: u64,
        /// Ground tracks with rows; none where that is not known.
        tracks: BTreeSet<String>,
    },
    /// It opens, and is something else.
    Other(String),
    Broken(Error),
}

/// Photons of two files, and those that both have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Overlap {
    pub a: u64,
    pub b: u64,
    pub shared: u64,
}

impl Overlap {
    /// Of files that are taken for different photons.
    pub const APART: Self = Self {
        a: 1,
        b: 1,
        shared: 0,
    };
}

/// A file and what its path says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Item {
    /// Names of products come first, and those without anything before or behind.
    other_name: bool,
    extra: (String, String),
    file_name: std::ffi::OsString,
    pub path: PathBuf,
    /// Found in a folder, not named.
    pub scanned: bool,
    pub product: Option<ProductName>,
    /// `key=value` folders of a table.
    pub folders: Vec<String>,
}

/// Each file once, in an order that is not that of the paths given.
pub(super) fn each_once(
    found: Vec<Candidate>,
    kind: GranuleKind,
    files: &impl Files,
    superseded: &mut Vec<Superseded>,
) -> Vec<Item> {
    let mut of_file: BTreeMap<PathBuf, Vec<Item>> = BTreeMap::new();
    for candidate in found {
        let real = files.real(&candidate.path);
        of_file
            .entry(real)
            .or_default()
            .push(Item::new(candidate, kind));
    }
    let mut items = Vec::new();
    for mut paths in of_file.into_values() {
        paths.sort();
        let scanned = paths.iter().all(|item| item.scanned);
        let mut paths = paths.into_iter();
        let Some(first) = paths.next() else { continue };
        superseded.extend(paths.map(|other| Superseded {
            granule: other.path,
            by: first.path.clone(),
            why: "the same file",
        }));
        items.push(Item { scanned, ..first });
    }
    items.sort();
    items
}

/// Of files of the same bytes the first, unless names tell that they are of different granules.
pub(super) fn without_copies(
    items: Vec<Item>,
    files: &impl Files,
    superseded: &mut Vec<Superseded>,
) -> Vec<Item> {
    let mut alike: BTreeMap<(u64, &[String]), Vec<&Item>> = BTreeMap::new();
    for item in &items {
        if let Some(bytes) = files.bytes(&item.path).filter(|bytes| *bytes > 0) {
            alike.entry((bytes, &item.folders)).or_default().push(item);
        }
    }
    let mut copies = BTreeMap::new();
    for group in alike.into_values() {
        for group in by_hash(group, |item| files.hash(&item.path, false)) {
            for group in by_hash(group, |item| files.hash(&item.path, true)) {
                let mut kept: Vec<&Item> = Vec::new();
                for item in group {
                    match kept.iter().find(|first| first.may_be(item)) {
                        Some(first) => _ = copies.insert(item.path.clone(), first.path.clone()),
                        None => kept.push(item),
                    }
                }
            }
        }
    }
    let (copied, left): (Vec<Item>, Vec<Item>) = items
        .into_iter()
        .partition(|item| copies.contains_key(&item.path));
    superseded.extend(copied.into_iter().map(|item| Superseded {
        by: copies[&item.path].clone(),
        granule: item.path,
        why: "the same bytes",
    }));
    left
}

/// Groups of two or more of one hash, of which some may be copies of each other.
fn by_hash(group: Vec<&Item>, hash: impl Fn(&Item) -> Option<String>) -> Vec<Vec<&Item>> {
    let granules: BTreeSet<_> = group.iter().map(|item| item.granule()).collect();
    let all_other = !granules.contains(&None) && granules.len() == group.len();
    if group.len() < 2 || all_other {
        return Vec::new();
    }
    let mut groups: BTreeMap<String, Vec<&Item>> = BTreeMap::new();
    for item in group {
        if let Some(hash) = hash(item) {
            groups.entry(hash).or_default().push(item);
        }
    }
    groups
        .into_values()
        .filter(|group| group.len() > 1)
        .collect()
}

impl Item {
    fn new(candidate: Candidate, kind: GranuleKind) -> Self {
        let path = candidate.path;
        let product = ProductName::of(&path);
        let folders = match kind {
            GranuleKind::Hdf5 => Vec::new(),
            GranuleKind::Table => crate::read::table::partitions(&path)
                .into_iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect(),
        };
        Self {
            other_name: product.is_none(),
            extra: product
                .as_ref()
                .map(|p| p.extra.clone())
                .unwrap_or_default(),
            file_name: path.file_name().map(ToOwned::to_owned).unwrap_or_default(),
            path,
            scanned: candidate.scanned,
            product,
            folders,
        }
    }

    fn granule(&self) -> Option<&str> {
        self.product.as_ref().map(|product| &*product.granule)
    }

    pub fn rank(&self) -> Option<&Rank> {
        self.product.as_ref().map(|product| &product.rank)
    }

    /// Whether names leave it open that two files are copies of each other.
    fn may_be(&self, other: &Self) -> bool {
        match (&self.product, &other.product) {
            (Some(a), Some(b)) => (&a.granule, &a.rank) == (&b.granule, &b.rank),
            _ => true,
        }
    }
}
