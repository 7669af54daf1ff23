//! Granules of other products that are read beside those of photons, found by their names.
//!
//! Beside reading: the plan sets them aside and says which belongs to which granule. A sibling has the time, the
//! reference ground track, cycle and region, and the release of the granule (`product.rs`), or is of its whole orbit;
//! versions may differ, as products are made again one by one, and of several the highest is read.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{ProductName, Sibling};
use crate::config::{Config, Join, JoinBy};
use crate::digest::of_file;
use crate::error::{Error, Result};
use crate::folders;

/// Files that may be siblings, by product and pass.
#[derive(Debug, Default)]
pub(crate) struct Siblings {
    of_pass: BTreeMap<(String, String), Vec<Named>>,
}

/// A file and what its name says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Named {
    is_final: bool,
    release: u16,
    version: u16,
    path: PathBuf,
}

/// A sibling that is not read because another one takes its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Passed {
    pub path: PathBuf,
    pub by: PathBuf,
    pub why: &'static str,
}

/// Why a granule has no sibling; reads after the granule's name and a colon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing(String);

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The pass of a granule: what the names of all its products have in common; of a product whose granules are of whole
/// orbits, reference ground track and cycle.
fn pass(name: &ProductName, of_orbits: bool) -> Option<String> {
    if of_orbits {
        let (_, orbit) = name.granule.rsplit_once('_')?;
        return (orbit.len() == 8).then(|| format!("orbit {}", &orbit[..6]));
    }
    name.granule.strip_prefix(&*name.product).map(str::to_owned)
}

/// Whether a join is of a product whose granules are of whole orbits.
fn is_of_orbits(join: &Join) -> bool {
    matches!(join.by, JoinBy::Profiles { .. })
}

impl Siblings {
    /// Whether a file is of a product that the config joins.
    pub fn is_one(path: &Path, config: &Config) -> bool {
        let product = ProductName::of(path).map(|name| name.product);
        product.is_some_and(|product| config.joins.iter().any(|join| join.product == product))
    }

    /// Adds a file, if it is of a product that the config joins.
    pub fn add(&mut self, path: &Path, config: &Config) {
        let Some(name) = ProductName::of(path).filter(|_| Self::is_one(path, config)) else {
            return;
        };
        let mut joins = config.joins.iter();
        let of_orbits = joins.any(|join| join.product == name.product && is_of_orbits(join));
        let pass = pass(&name, of_orbits);
        let (Some(pass), Some(&(release, version))) = (pass, name.rank.release.first()) else {
            return;
        };
        let named = Named {
            is_final: name.rank.is_final,
            release,
            version,
            path: path.to_path_buf(),
        };
        let of_pass = self.of_pass.entry((name.product, pass)).or_default();
        if !of_pass.contains(&named) {
            of_pass.push(named);
        }
    }

    /// The files in the folder of a granule.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub fn in_folder_of(granule: &Path, config: &Config) -> Result<Self> {
        let mut found = Self::default();
        found.add_folder_of(granule, config)?;
        Ok(found)
    }

    /// Adds those in the folder of a granule.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub fn add_folder_of(&mut self, granule: &Path, config: &Config) -> Result<()> {
        if config.joins.is_empty() {
            return Ok(());
        }
        let folder = granule.parent().filter(|folder| *folder != Path::new(""));
        let folder = folder.unwrap_or(Path::new("."));
        let listed = folders::list(folder).map_err(|e| Error::io("list", folder, e))?;
        for path in listed.iter().filter(|path| path.is_file()) {
            self.add(path, config);
        }
        Ok(())
    }

    /// The names of the files that were added.
    pub fn names(&self) -> BTreeSet<OsString> {
        let names = self.of_pass.values().flatten();
        let names = names.filter_map(|named| named.path.file_name());
        names.map(OsString::from).collect()
    }

    /// The siblings of a granule, one of each product that the config joins.
    ///
    /// The error says why there is none, or that there are several.
    pub fn of(&self, granule: &Path, config: &Config) -> Result<Vec<Sibling>, Missing> {
        let mut siblings: Vec<Sibling> = Vec::new();
        for join in &config.joins {
            if siblings
                .iter()
                .any(|sibling| sibling.product == join.product)
            {
                continue;
            }
            siblings.push(Sibling {
                product: join.product.clone(),
                path: self.one(granule, join)?.clone(),
            });
        }
        Ok(siblings)
    }

    fn one(&self, granule: &Path, join: &Join) -> Result<&PathBuf, Missing> {
        let (product, key) = (&join.product, format!("data_source.joins.{}", join.name));
        let name = ProductName::of(granule);
        let own = name.as_ref().and_then(|name| {
            Some((
                name,
                pass(name, is_of_orbits(join))?,
                name.rank.release.first()?.0,
            ))
        });
        let Some((name, pass, release)) = own else {
            return Err(Missing(format!(
                "{key} joins {product}, which is found by the names of both, and this is no name of a product, such \
                 as ATL03_20190105163308_01260202_006_02.h5; give the file its name"
            )));
        };
        let all = self
            .of_pass
            .get(&(product.clone(), pass))
            .map_or(&[][..], Vec::as_slice);
        let same =
            |found: &&Named| found.release == release && found.is_final == name.rank.is_final;
        let latest = all.iter().filter(same).map(|found| found.version).max();
        let Some(version) = latest else {
            let there = match all.first() {
                Some(other) => format!(
                    "; {} is of the same pass, and of another release, of which photons may be others",
                    other.path.display()
                ),
                None => String::new(),
            };
            return Err(Missing(format!(
                "{key} joins {product}, and there is no {product} of release {release:03} of its pass{there}; \
                 name it beside the granule, or leave the granule out"
            )));
        };
        let of_version: Vec<&Named> = all
            .iter()
            .filter(same)
            .filter(|found| found.version == version)
            .collect();
        let first = of_version.iter().min().map_or(&all[0], |first| *first);
        match of_version
            .iter()
            .find(|other| !is_same(&first.path, &other.path))
        {
            None => Ok(&first.path),
            Some(other) => Err(Missing(format!(
                "{key} joins {product}, and there are two files of its release {release:03} and version \
                 {version:02}, {} and {}, which differ; name one of them",
                first.path.display(),
                other.path.display()
            ))),
        }
    }

    /// Of files that were added, those that are of no granule of these, and those that another takes the place of.
    pub fn left_over(&self, read: &[&Sibling]) -> (Vec<(PathBuf, String)>, Vec<Passed>) {
        let (mut nobodys, mut passed) = (Vec::new(), Vec::new());
        for ((product, _), all) in &self.of_pass {
            let is_read = |found: &&Named| read.iter().any(|sibling| sibling.path == found.path);
            let Some(by) = all.iter().find(is_read) else {
                let reason = format!(
                    "is {product}, which the config joins, and no granule of its pass is read"
                );
                nobodys.extend(all.iter().map(|found| (found.path.clone(), reason.clone())));
                continue;
            };
            for other in all.iter().filter(|found| found.path != by.path) {
                let why = match (other.release == by.release, other.version == by.version) {
                    (true, true) => "the same bytes",
                    (true, false) => "an earlier version",
                    (false, _) => "another release than its granule's",
                };
                passed.push(Passed {
                    path: other.path.clone(),
                    by: by.path.clone(),
                    why,
                });
            }
        }
        (nobodys, passed)
    }
}

/// Whether two paths lead to the same bytes.
fn is_same(a: &Path, b: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    let hash = |path: &Path| of_file(path).ok();
    a == b || (real(a).is_some() && real(a) == real(b)) || (hash(a).is_some() && hash(a) == hash(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse_yaml;

    fn config() -> Config {
        let text = r#"
data_source:
  groups: [gt1l]
  coordinates: {latitude: "/{group}/heights/lat_ph", longitude: "/{group}/heights/lon_ph"}
  joins: {a: {product: ATL08, by: photons}}
  variables: {class: {path: classed_pc_flag, join: a}}
aggregation:
  variables: {n: {function: count, source: class}}
output:
  grid: {type: healpix, parent_order: 6, child_order: 12}
"#;
        parse_yaml("test", text).unwrap()
    }

    fn one(files: &[&str], granule: &str) -> Result<String, String> {
        let config = config();
        let mut siblings = Siblings::default();
        for file in files {
            siblings.add(Path::new(file), &config);
        }
        let found = siblings.of(Path::new(granule), &config);
        let path = |found: Vec<Sibling>| found[0].path.display().to_string();
        found.map(path).map_err(|missing| missing.to_string())
    }

    const ATL03: &str = "ATL03_20190105163308_01260202_006_02.h5";

    #[test]
    fn the_highest_version_of_the_same_pass_and_release_is_joined() {
        for (files, expected) in [
            (&["ATL08_20190105163308_01260202_006_01.h5"][..], 0),
            (
                &[
                    "a/processed_ATL08_20190105163308_01260202_006_01_subset.h5",
                    "ATL08_20190105163308_01260202_006_03.h5",
                    "ATL08_20190105163308_01260202_006_02.h5",
                    "ATL08_20190105163308_01260202_007_01.h5",
                    "ATL08_20190105163308_01260203_006_04.h5",
                ],
                1,
            ),
        ] {
            assert_eq!(one(files, ATL03).as_deref(), Ok(files[expected]));
        }
    }

    #[test]
    fn a_sibling_that_is_not_there_or_there_twice_is_named() {
        let of = |files: &[&str]| one(files, ATL03).unwrap_err();
        assert!(of(&[]).contains("there is no ATL08 of release 006 of its pass; name it"));
        assert!(of(&["ATL06_20190105163308_01260202_006_02.h5"]).contains("no ATL08"));
        let other = of(&["ATL08_20190105163308_01260202_007_01.h5"]);
        assert!(
            other.contains("_007_01.h5 is of the same pass, and of another release"),
            "{other}"
        );
        let quick = of(&["ATL08QL_20190105163308_01260202_006_01.h5"]);
        assert!(
            quick.contains("there is no ATL08 of release 006"),
            "{quick}"
        );
        let two = of(&[
            "a/ATL08_20190105163308_01260202_006_01.h5",
            "b/ATL08_20190105163308_01260202_006_01.h5",
        ]);
        assert!(
            two.contains("two files of its release 006 and version 01, a/"),
            "{two}"
        );
        let nameless = one(&["ATL08_20190105163308_01260202_006_01.h5"], "a.h5").unwrap_err();
        assert!(
            nameless.contains("this is no name of a product"),
            "{nameless}"
        );
    }
}
