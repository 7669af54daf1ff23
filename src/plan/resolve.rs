//! From a shard map to a plan: the granules of the wanted shards, as files.
//!
//! Beside the plan. A map names its granules by id and by path. With a granule root, a granule is the file of
//! that name below the root; otherwise, or where there is none, it is the path in the map, which only
//! icefold's own maps have, or an object of those.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Index, Range};
use std::path::{Path, PathBuf};

use crate::config::{Config, DuplicatePolicy, GranuleKind};
use crate::error::{Error, Object, Result, Setting, phrase};

use super::assets::{add_assets, register_objects};
use super::copies::OnDisk;
use super::duplicates::{Rules, settle};
use super::entry::MapGranule;
use super::files::Files;
use super::map::{MapShard, ShardMap};
use super::scan::{Candidate, extensions, scan};
use super::siblings;
use super::{Absent, ListedShard, Plan, Superseded, Wanted};
use crate::grid::{ShardRange, ShardSet};
use crate::read::{GranulePath, Siblings, named};
use crate::source::is_object;

/// What of a map is wanted, and where its granules are.
#[derive(Debug, Clone, Default)]
pub struct Selection<'a> {
    /// All shards of the map where there is none.
    pub range: Option<ShardRange>,
    pub granule_root: Option<&'a Path>,
    /// What reads the granules; without one they are HDF5, and photons of files that may be one granule
    /// are not compared.
    pub config: Option<&'a Config>,
    /// That of the config where there is none.
    pub duplicates: Option<DuplicatePolicy>,
}

/// A granule by its place in the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct InMap(usize);

/// A granule by its place in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct InPlan(usize);

/// What there is of each granule of a map.
struct OfMap<T>(Vec<T>);

impl<T> Index<InMap> for OfMap<T> {
    type Output = T;

    fn index(&self, place: InMap) -> &T {
        &self.0[place.0]
    }
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
        let wanted: BTreeSet<InMap> = shards.iter().flat_map(granules_of).collect();
        if wanted.is_empty() {
            let (from, to) = (range.start, range.end);
            let error = self.error(format!("lists no granules for its shards {from}..{to}"));
            return Err(error.with_remedy(phrase!["choose others with ", Setting::Shards]));
        }
        let files = self.files(selection)?;
        register_objects(
            wanted.iter().filter_map(|&place| files[place].as_ref()),
            selection.config,
        )?;
        // What was not found still has a name, by which it may take another's place.
        let by_name = |(granule, file): (&MapGranule, &Option<PathBuf>)| {
            let named = granule.path.as_deref().unwrap_or(granule.file_name());
            file.clone().unwrap_or_else(|| named.into())
        };
        let all = OfMap(self.granules.iter().zip(&files.0).map(by_name).collect());
        let (kept, superseded) = self.settled(&all.0, selection)?;
        let mut kept: BTreeSet<PathBuf> = kept.into_iter().collect();
        // Of the whole map, so that all parts of it call a granule the same.
        let each: BTreeSet<PathBuf> = all.0.iter().cloned().collect();
        let granules = named(each.into_iter().collect());
        let granules: BTreeMap<&Path, &GranulePath> = granules
            .iter()
            .map(|granule| (&*granule.path, granule))
            .collect();
        let granule_at = |place: InMap| granules[all[place].as_path()];
        let files_wanted: BTreeSet<&PathBuf> = wanted.iter().map(|&place| &all[place]).collect();
        let mut plan = Plan {
            superseded: superseded
                .into_iter()
                .filter(|s| files_wanted.contains(&s.granule))
                .collect(),
            ..Plan::default()
        };
        let siblings = self.siblings(&wanted, &files, selection)?;
        let root = selection.granule_root;
        let mut places: BTreeMap<&PathBuf, InPlan> = BTreeMap::new();
        let mut absent: BTreeMap<InMap, Absent> = BTreeMap::new();
        for place in wanted {
            // Taken out, so that a file that stands under two ids is read once.
            if !kept.remove(&all[place]) {
                continue;
            }
            let granule = granule_at(place);
            let joined = siblings::joined(&siblings, granule.clone(), selection.config);
            match (files[place].is_some(), joined) {
                (true, Ok(granule)) => {
                    places.insert(&all[place], InPlan(plan.granules.len()));
                    plan.granules.push(granule);
                }
                (true, Err(without)) => _ = absent.insert(place, without),
                (false, _) => _ = absent.insert(place, self.absent(granule, place, root)),
            }
        }
        let place_of = |granule: InMap| places.get(&all[granule]).copied();
        let listed = self.listed(range.clone(), place_of, &absent);
        plan.absent = absent.into_values().collect();
        plan.absent.sort_by(|a, b| a.granule.cmp(&b.granule));
        plan.wanted = Some(Wanted {
            map: self.path.clone(),
            unused: self.unused.clone(),
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

    /// The file of each granule, where there is one.
    fn files(&self, selection: &Selection) -> Result<OfMap<Option<PathBuf>>> {
        let (root, kind) = (selection.granule_root, selection.kind());
        let names = root.map(|root| names_in(root, kind)).transpose()?;
        let files = self.granules.iter();
        let files = files.map(|granule| self.find(granule, root, names.as_ref()));
        files.collect::<Result<_>>().map(OfMap)
    }

    /// What may be joined to granules that are wanted.
    fn siblings(
        &self,
        wanted: &BTreeSet<InMap>,
        files: &OfMap<Option<PathBuf>>,
        selection: &Selection,
    ) -> Result<Siblings> {
        let found = wanted.iter().filter_map(|&place| files[place].as_ref());
        let mut siblings = siblings::beside(found, selection.granule_root, selection.config)?;
        let granules = wanted.iter().map(|&InMap(place)| &self.granules[place]);
        add_assets(&mut siblings, self, granules, selection)?;
        Ok(siblings)
    }

    /// Which of the granules are read, and what takes the place of the others. A map that was made without
    /// duplicates has none: its granules of one name are parts of one.
    fn settled(
        &self,
        all: &[PathBuf],
        selection: &Selection,
    ) -> Result<(Vec<PathBuf>, Vec<Superseded>)> {
        let text = |key: &str| self.metadata.get(key).and_then(|value| value.as_str());
        let without =
            [DuplicatePolicy::KeepLatest, DuplicatePolicy::Error].map(DuplicatePolicy::name);
        let of_config = selection.config.map(|config| config.duplicates);
        let policy = match text("duplicates") {
            Some(policy) if self.is_ours() && without.contains(&policy) => DuplicatePolicy::KeepAll,
            _ => selection
                .duplicates
                .or(of_config)
                .unwrap_or(DuplicatePolicy::KeepLatest),
        };
        let rules = Rules {
            policy,
            kind: selection.kind(),
            tolerant: false,
        };
        let files = OnDisk {
            config: selection.config,
            listed: true,
        };
        let candidates = all.iter().map(|path| Candidate {
            path: path.clone(),
            scanned: false,
        });
        let settled = settle(candidates.collect(), rules, &files)?;
        Ok((settled.granules, settled.superseded))
    }

    /// The shards in a range of places, ascending by id, with the places of their granules in the plan.
    fn listed(
        &self,
        range: Range<usize>,
        place_of: impl Fn(InMap) -> Option<InPlan>,
        absent: &BTreeMap<InMap, Absent>,
    ) -> Vec<ListedShard> {
        let listed = |shard: &MapShard| {
            let granules: BTreeSet<InPlan> = granules_of(shard).filter_map(&place_of).collect();
            let absent = granules_of(shard).filter_map(|granule| absent.get(&granule));
            let absent: BTreeSet<&str> = absent.map(|absent| &*absent.granule).collect();
            ListedShard {
                id: shard.id,
                granules: granules.into_iter().map(|InPlan(place)| place).collect(),
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
        let file = file.filter(|file| file.is_file());
        // Others' maps name objects that nobody may have meant to be fetched.
        let href = granule.https.as_ref().or(granule.s3.as_ref());
        let href = href.map(PathBuf::from).filter(|href| is_object(href));
        Ok(file.or(href.filter(|_| self.is_ours() && root.is_none())))
    }

    /// Why a granule of the map has no file.
    fn absent(&self, called: &GranulePath, InMap(place): InMap, root: Option<&Path>) -> Absent {
        let granule = &self.granules[place];
        let id = match self.granules.iter().filter(|g| g.id == granule.id).count() {
            1 => &*granule.id,
            _ => &*called.name,
        };
        let href = match (&granule.path, &granule.https, &granule.s3) {
            (Some(path), ..) => format!("at {path} from the map's folder"),
            (None, Some(href), _) | (None, None, Some(href)) => format!("at {href}"),
            (None, None, None) => "nowhere".to_owned(),
        };
        let (looked, remedy) = match root {
            Some(root) => (
                format!("there is no file of that name in {}", root.display()),
                "download it to there, or name the folder that has it",
            ),
            None if granule.path.is_some() => (
                "there is no such file".to_owned(),
                "name the folder that has it",
            ),
            None => (
                "nothing is fetched".to_owned(),
                "download it and name its folder",
            ),
        };
        Absent {
            granule: id.to_owned(),
            reason: phrase![
                format!(
                    "granule {id}: shard map {} has it {href}, and {looked}; {remedy} with ",
                    self.path.display()
                ),
                Setting::GranuleRoot
            ],
        }
    }
}

/// The granules that a map lists for a shard.
fn granules_of(shard: &MapShard) -> impl Iterator<Item = InMap> {
    shard.granules.iter().copied().map(InMap)
}

impl MapGranule {
    /// The file name at the end of its path or href: ids of a catalog may have something behind it.
    fn file_name(&self) -> &str {
        let places = [&self.path, &self.https, &self.s3];
        let place = places.into_iter().flatten().next().unwrap_or(&self.id);
        place.rsplit('/').next().unwrap_or(place)
    }
}

impl Selection<'_> {
    fn kind(&self) -> GranuleKind {
        self.config
            .map_or(GranuleKind::Hdf5, |config| config.granules)
    }
}

/// The one file among several of a granule's name: the one that lies as the map's path says, else any
/// where all have the same bytes.
fn one_of(granule: &MapGranule, found: &[PathBuf], root: &Path) -> Result<PathBuf> {
    let ends = |file: &PathBuf| {
        let path = granule.path.as_deref().unwrap_or_default();
        let parts = file
            .components()
            .rev()
            .zip(Path::new(path).components().rev());
        parts.take_while(|(a, b)| a == b).count()
    };
    // The file name alone is the same in all.
    let most = found.iter().map(ends).max().unwrap_or_default();
    let nearest: Vec<&PathBuf> = found.iter().filter(|file| ends(file) == most).collect();
    if let ([nearest], 2..) = (&*nearest, most) {
        return Ok((*nearest).clone());
    }
    let files = OnDisk {
        config: None,
        listed: true,
    };
    let first = &found[0];
    let hash = |file: &Path| files.hash(file, true);
    let same = |file: &PathBuf| {
        files.real(file) == files.real(first)
            || (files.bytes(file) == files.bytes(first) && hash(file) == hash(first))
    };
    if found.iter().all(same) {
        return Ok(first.clone());
    }
    Err(Error::argument(format!(
        "granule {} is in {} more than once ({} and {}), and they differ",
        granule.id,
        root.display(),
        found[0].display(),
        found[1].display()
    ))
    .about(Object::Granule(granule.id.clone()))
    .with_remedy(phrase![
        "name the folder of one of them with ",
        Setting::GranuleRoot
    ]))
}

/// The granules in a folder and below, by name; of each name in the order of their paths.
fn names_in(root: &Path, kind: GranuleKind) -> Result<Names> {
    let mut names = Names::new();
    if !root.is_dir() {
        return Err(Error::argument(phrase![
            Setting::GranuleRoot.to(root.display()),
            " is no folder"
        ])
        .with_remedy("name the one that has the granules"));
    }
    for file in scan(&[root.to_path_buf()], kind)?.found {
        let name = file.path.file_name().unwrap_or_default().to_string_lossy();
        let name = stem(&name).to_owned();
        names.entry(name).or_default().push(file.path);
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
