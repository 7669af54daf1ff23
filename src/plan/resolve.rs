//! From a shard map to a plan: the granules of the wanted shards, as files.
//!
//! Beside the plan. A map says where its granules are by id and by path. With a granule root, the
//! file of that name below it is the granule; else, or where there is none, the path in the map,
//! which only icefold's own maps have. Nothing is fetched.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::config::{DuplicatePolicy, GranuleKind};
use crate::error::{Error, Result};

use super::duplicates::{Distinct, Identity, identity, without_duplicates};
use super::map::{MapGranule, MapShard, ShardMap};
use super::shards::{ShardRange, ShardSet};
use super::{Absent, ListedShard, Plan, Wanted, extensions, granules_in};

/// What of a map is wanted, and where its granules are.
#[derive(Debug, Clone, Default)]
pub struct Selection<'a> {
    /// All shards of the map where there is none.
    pub range: Option<ShardRange>,
    pub granule_root: Option<&'a Path>,
    pub granules: Option<GranuleKind>,
    pub duplicates: Option<DuplicatePolicy>,
}

/// Granules below a root, by file name without extension.
type Names = BTreeMap<String, Vec<PathBuf>>;

impl ShardMap {
    /// The granules of the wanted shards, in the order in which the map lists them, and the shards.
    ///
    /// Duplicates are resolved over the whole map, whatever part of it is wanted, so that disjoint
    /// ranges add up to the whole. Granules that are not found are in [`Plan::absent`].
    ///
    /// # Errors
    /// A range that the map does not have, a map or range without granules, a root that cannot be
    /// listed, duplicates where the policy makes them an error.
    pub fn plan(&self, selection: &Selection) -> Result<Plan> {
        let Some(order) = self.order else {
            return Err(self.error("lists no shards; make a map of granules that have photons"));
        };
        let range = selection.range.map_or(Ok(0..self.shards.len()), |range| {
            range.within(self.shards.len())
        })?;
        let shards = &self.shards[range.clone()];
        let wanted: BTreeSet<usize> = shards.iter().flat_map(|s| &s.granules).copied().collect();
        if wanted.is_empty() {
            return Err(self.error(format!(
                "lists no granules for its shards {}..{}; choose others with --shards",
                range.start, range.end
            )));
        }
        let names = {
            let kind = selection.granules.unwrap_or(GranuleKind::Hdf5);
            let root = selection.granule_root;
            root.map(|root| names_in(root, kind)).transpose()?
        };
        let mut files = Vec::with_capacity(self.granules.len());
        for granule in &self.granules {
            files.push(self.find(granule, selection.granule_root, names.as_ref())?);
        }
        // What was not found still has a name, by which it may take another's place.
        let named = |(place, file): (usize, &Option<PathBuf>)| {
            let by_name = || PathBuf::from(self.granules[place].file_name());
            file.clone().unwrap_or_else(by_name)
        };
        let all: Vec<PathBuf> = files.iter().enumerate().map(named).collect();
        let policy = selection.duplicates.unwrap_or(DuplicatePolicy::KeepLatest);
        let Distinct {
            granules: kept,
            superseded,
        } = without_duplicates(all.clone(), policy)?;
        let mut kept: BTreeSet<PathBuf> = kept.into_iter().collect();
        let files_wanted: BTreeSet<&PathBuf> = wanted.iter().map(|&place| &all[place]).collect();
        let mut plan = Plan {
            superseded: superseded
                .into_iter()
                .filter(|s| files_wanted.contains(&s.granule))
                .collect(),
            ..Plan::default()
        };
        let mut places: BTreeMap<&PathBuf, usize> = BTreeMap::new();
        for place in wanted {
            // Taken out, so that a file that stands under two ids is read once.
            if !kept.remove(&all[place]) {
                continue;
            }
            match &files[place] {
                Some(file) => {
                    places.insert(&all[place], plan.granules.len());
                    plan.granules.push(file.clone());
                }
                None => plan.absent.push(self.absent(place, selection.granule_root)),
            }
        }
        plan.absent.sort_by(|a, b| a.granule.cmp(&b.granule));
        let place_of = |granule: usize| places.get(&all[granule]).copied();
        let listed = self.listed(range.clone(), place_of, &plan.absent);
        plan.wanted = Some(Wanted {
            map: self.path.clone(),
            of: self.shards.len(),
            shards: ShardSet::new(order, shards.iter().map(|s| s.id).collect()),
            range,
            listed,
        });
        if plan.granules.is_empty() && plan.absent.is_empty() {
            return Err(self.error(
                "no granule is left to read: others take the place of all that it lists for the \
                 wanted shards; choose other shards, or set output.duplicates to keep_all",
            ));
        }
        Ok(plan)
    }

    /// The shards in a range of places, ascending by id, with the places of their granules in the plan.
    fn listed(
        &self,
        range: Range<usize>,
        place_of: impl Fn(usize) -> Option<usize>,
        absent: &[Absent],
    ) -> Vec<ListedShard> {
        let named: BTreeSet<&str> = absent.iter().map(|a| &*a.granule).collect();
        let listed = |shard: &MapShard| {
            let granules = shard
                .granules
                .iter()
                .filter_map(|&granule| place_of(granule));
            let granules: BTreeSet<usize> = granules.collect();
            let names = shard.granules.iter().map(|&g| &*self.granules[g].id);
            let absent: BTreeSet<&str> = names.filter(|name| named.contains(name)).collect();
            ListedShard {
                id: shard.id,
                granules: granules.into_iter().collect(),
                absent: absent.into_iter().map(str::to_owned).collect(),
            }
        };
        let mut listed: Vec<ListedShard> = self.shards[range].iter().map(listed).collect();
        listed.sort_by_key(|shard| shard.id);
        listed
    }

    /// The file of a granule, where there is one.
    fn find(
        &self,
        granule: &MapGranule,
        root: Option<&Path>,
        names: Option<&Names>,
    ) -> Result<Option<PathBuf>> {
        if let (Some(root), Some(names)) = (root, names)
            && let Some(found) = [&granule.id, granule.file_name()]
                .into_iter()
                .find_map(|name| names.get(stem(name)))
        {
            return one_of(granule, found, root).map(Some);
        }
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let file = granule.path.as_ref().map(|path| folder.join(path));
        Ok(file.filter(|file| file.is_file()))
    }

    /// Why a granule of the map has no file.
    fn absent(&self, place: usize, root: Option<&Path>) -> Absent {
        let granule = &self.granules[place];
        let href = match (&granule.path, &granule.https, &granule.s3) {
            (Some(path), ..) => format!("at {path} from the map's folder"),
            (None, Some(href), _) | (None, None, Some(href)) => format!("at {href}"),
            (None, None, None) => "nowhere".to_owned(),
        };
        let (looked, remedy) = match root {
            Some(root) => (
                format!("there is no file of that name in {}", root.display()),
                "download it to there, or name the folder that has it with --granule-root",
            ),
            None if granule.path.is_some() => (
                "there is no such file".to_owned(),
                "name the folder that has it with --granule-root",
            ),
            None => (
                "nothing is fetched".to_owned(),
                "download it and name its folder with --granule-root",
            ),
        };
        Absent {
            granule: granule.id.clone(),
            reason: format!(
                "granule {}: shard map {} has it {href}, and {looked}; {remedy}",
                granule.id,
                self.path.display()
            ),
        }
    }
}

impl MapGranule {
    /// The file name at the end of its path or href: ids of a catalog may have something behind it.
    fn file_name(&self) -> &str {
        let places = [&self.path, &self.https, &self.s3];
        let place = places.into_iter().flatten().next().unwrap_or(&self.id);
        place.rsplit('/').next().unwrap_or(place)
    }
}

/// The one file among several of a granule's name.
fn one_of(granule: &MapGranule, found: &[PathBuf], root: &Path) -> Result<PathBuf> {
    let same = |file: &PathBuf| match (identity(file).0, identity(&found[0]).0) {
        // Copies of a product are one granule by name, of which any will do.
        (Identity::Product(_), Identity::Product(_)) => true,
        (a, b) => a == b,
    };
    if found.iter().all(same) {
        return Ok(found[0].clone());
    }
    Err(Error::Usage(format!(
        "granule {} is in {} more than once ({} and {}), and its name does not tell that they are \
         the same; name the folder of one of them with --granule-root",
        granule.id,
        root.display(),
        found[0].display(),
        found[1].display()
    )))
}

/// The granules in a folder and below, by name; of each name in the order of their paths.
fn names_in(root: &Path, kind: GranuleKind) -> Result<Names> {
    let mut names = Names::new();
    for file in granules_in(root, kind)? {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let name = stem(&name).to_owned();
        names.entry(name).or_default().push(file);
    }
    Ok(names)
}

/// A granule's name without the extension of granules; ids stand with or without it.
fn stem(name: &str) -> &str {
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    if [GranuleKind::Hdf5, GranuleKind::Table]
        .into_iter()
        .flat_map(extensions)
        .any(|e| extension.eq_ignore_ascii_case(e))
    {
        stem
    } else {
        name
    }
}
