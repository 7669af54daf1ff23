//! Partials that are kept beside a store: with them it grows without reading again what it was made of.
//!
//! Beside the line. They are what a checkpoint is, of all granules of the store, in the folder `out.zarr.partials`. What
//! is added to a store joins them. What is taken out of it cannot be subtracted: the partials of all shards that it had
//! photons in are given up, and the other granules with photons there are read again for these shards alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{GranuleFile, RunCheckpoint};
use crate::plan::GranulePath;

/// Shards that are made anew, and the granules that are read again for them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Again {
    pub shards: BTreeSet<u64>,
    pub granules: BTreeSet<String>,
}

/// How granules that were read differ from those that a run is about now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// Names of those that the run has not.
    pub gone: Vec<String>,
    /// Names of those whose files are others now, and how they differ.
    pub changed: Vec<(String, &'static str)>,
}

impl Again {
    /// Photons that a granule had in the shards that are made anew.
    pub fn photons_of(&self, kept: &RunCheckpoint, granule: &str) -> u64 {
        let added = kept.added.get(granule).into_iter();
        let shards = added.flat_map(|added| &added.shards);
        let anew = shards.filter(|(shard, _)| self.shards.contains(shard));
        anew.map(|(_, photons)| photons).sum()
    }
}

impl RunCheckpoint {
    /// Where the partials of a store are.
    pub fn partials_of(store: &Path) -> PathBuf {
        let mut folder = store.as_os_str().to_owned();
        folder.push(".partials");
        PathBuf::from(folder)
    }

    /// Where the partials of a store are, if there are any.
    pub fn partials_beside(store: &Path) -> Option<PathBuf> {
        Some(Self::partials_of(store)).filter(|folder| Self::is_in(folder))
    }

    /// Whether a folder is, by its name, one of the partials of a store, and none that an interrupted run left.
    pub fn is_of_store(folder: &Path) -> bool {
        folder.extension().is_some_and(|end| end == "partials")
    }

    /// Holds the granules against those of a run. Every file is looked at: its size, its time and both of its ends, and where
    /// whole files are hashed all of it.
    pub fn compare(&self, granules: &[GranulePath]) -> Compared {
        let now: BTreeMap<&str, &GranulePath> =
            granules.iter().map(|one| (&*one.name, one)).collect();
        let mut compared = Compared::default();
        for granule in &self.granules {
            let name = &granule.name;
            match now.get(&**name) {
                None => compared.gone.push(name.clone()),
                Some(now) => {
                    let how = self.changed(name, now);
                    compared.changed.extend(how.map(|how| (name.clone(), how)));
                }
            }
        }
        compared
    }

    /// How the files of a granule differ from what they were when it was read, in words.
    fn changed(&self, name: &str, now: &GranulePath) -> Option<&'static str> {
        let then = self.files.get(name).map_or(&[][..], Vec::as_slice);
        let files = now.files();
        if then.len() != files.len() {
            return Some("is read with other files now");
        }
        files
            .iter()
            .zip(then)
            .find_map(|((name, path), (as_was, then))| {
                let Some(then) = then.as_ref().filter(|_| name == as_was) else {
                    return Some("is read with other files now");
                };
                self.difference(path, then)
            })
    }

    /// How a file differs from what one was, in words.
    fn difference(&self, path: &Path, then: &GranuleFile) -> Option<&'static str> {
        let of = if self.question.hashed {
            GranuleFile::hashed
        } else {
            GranuleFile::of
        };
        let now = of(path).ok();
        now.map_or(Some("cannot be read"), |now| now.difference(then))
    }

    /// Whether a granule of a run is the file that one was which was read under another name, but for its folders.
    pub fn is_file_of(&self, name: &str, now: &GranulePath) -> bool {
        let last = |name: &str| name.rsplit('/').next().map(str::to_owned);
        let then = self.files.get(name).map_or(&[][..], Vec::as_slice);
        let files = now.files();
        let same = |((_, path), (_, then)): (&(String, &Path), &(String, Option<GranuleFile>))| {
            then.as_ref()
                .is_some_and(|then| self.difference(path, then).is_none())
        };
        last(name) == last(&now.name)
            && then.len() == files.len()
            && files.iter().zip(then).all(same)
    }

    /// Takes granules out, and gives back what has to be read again for that.
    ///
    /// # Errors
    /// In words, why they cannot be taken out alone.
    pub fn take_out(&mut self, names: &BTreeSet<String>) -> Result<Again, String> {
        if names.is_empty() {
            return Ok(Again::default());
        }
        if self.rejected_rows > 0 {
            return Err(format!(
                "{} rows were left out of the granules one by one, and their list does not part with some of them",
                self.rejected_rows
            ));
        }
        let (mut shards, mut steps) = (BTreeSet::new(), BTreeMap::new());
        for name in names {
            let Some(added) = self.added.remove(name) else {
                return Err(format!("the partials do not say what granule {name} added"));
            };
            shards.extend(added.shards.keys().copied());
            self.files.remove(name);
        }
        self.granules
            .retain(|granule| !names.contains(&granule.name));
        for (&step, photons) in self.added.values().flat_map(|added| &added.steps) {
            *steps.entry(step).or_default() += photons;
        }
        self.steps = steps;
        self.photons.retain(|shard, _| !shards.contains(shard));
        for run in &mut self.runs {
            let taken: BTreeSet<u64> = run.taken.iter().chain(&shards).copied().collect();
            run.taken = taken.into_iter().collect();
        }
        let with_photons = |added: &&String| {
            let added = self.added.get(*added).map(|added| &added.shards);
            added.is_some_and(|added| added.keys().any(|shard| shards.contains(shard)))
        };
        let granules = self.added.keys().filter(with_photons).cloned().collect();
        Ok(Again { shards, granules })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn checkpoint() -> RunCheckpoint {
        let granule = |name: &str, kept: u64| {
            json!({"name": name, "file_bytes": 4, "read": kept, "kept": kept, "rejected": {}, "nulls": {},
                   "ground_tracks": []})
        };
        serde_json::from_value(json!({
            "schema_version": 2,
            "question": {"icefold_version": "0", "config_sha256": "c0", "columns": [], "hashed": false},
            "granules": [granule("a.h5", 5), granule("b.h5", 4), granule("c.h5", 1)],
            "files": {"a.h5": [["a.h5", null]], "b.h5": [["b.h5", null]], "c.h5": [["c.h5", null]]},
            "photons": {"3": 6, "5": 3, "9": 1},
            "steps": {"0": 7, "1": 3},
            "added": {
                "a.h5": {"shards": {"3": 2, "5": 3}, "steps": {"0": 5}},
                "b.h5": {"shards": {"3": 4}, "steps": {"0": 1, "1": 3}},
                "c.h5": {"shards": {"9": 1}, "steps": {"0": 1}},
            },
            "rows": [], "rejected_rows": 0,
            "errors": {"table": null, "count": 0, "by_code": {}},
            "runs": [{"name": "sorted-000001.run", "bytes": 1, "sha256": "", "taken": [5, 7]}],
        }))
        .unwrap()
    }

    #[test]
    fn a_granule_that_is_taken_out_takes_its_shards_along() {
        let mut kept = checkpoint();
        let again = kept.take_out(&["a.h5".to_owned()].into()).unwrap();
        assert_eq!(again.shards, [3, 5].into());
        assert_eq!(again.granules, ["b.h5".to_owned()].into());
        assert_eq!(kept.photons, [(9, 1)].into());
        assert_eq!(kept.steps, [(0, 2), (1, 3)].into());
        assert_eq!(kept.runs[0].taken, [3, 5, 7]);
        let names: Vec<&str> = kept.granules.iter().map(|one| &*one.name).collect();
        assert_eq!(names, ["b.h5", "c.h5"]);
        assert!(!kept.files.contains_key("a.h5") && !kept.added.contains_key("a.h5"));
    }

    #[test]
    fn nothing_is_taken_out_where_that_cannot_be_right() {
        let mut kept = checkpoint();
        assert_eq!(kept.take_out(&BTreeSet::new()), Ok(Again::default()));
        assert_eq!(kept, checkpoint());
        let error = kept.take_out(&["d.h5".to_owned()].into()).unwrap_err();
        assert!(error.contains("what granule d.h5 added"), "{error}");
        let mut kept = checkpoint();
        kept.rejected_rows = 2;
        let error = kept.take_out(&["a.h5".to_owned()].into()).unwrap_err();
        assert!(error.contains("2 rows were left out"), "{error}");
    }

    #[test]
    fn granules_that_are_gone_or_other_files_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mut kept = checkpoint();
        for name in ["a.h5", "b.h5"] {
            std::fs::write(path(name), name).unwrap();
            let file = GranuleFile::of(&path(name)).unwrap();
            kept.files
                .insert(name.to_owned(), vec![(name.to_owned(), Some(file))]);
        }
        let now: Vec<GranulePath> = ["a.h5", "b.h5"]
            .map(|name| GranulePath::alone(&path(name)))
            .into();
        let gone = vec!["c.h5".to_owned()];
        let compared = kept.compare(&now);
        assert_eq!((&compared.gone, compared.changed.len()), (&gone, 0));
        std::fs::write(path("b.h5"), "longer").unwrap();
        let compared = kept.compare(&now);
        let changed = vec![("b.h5".to_owned(), "has another size")];
        assert_eq!(compared, Compared { gone, changed });
    }
}
