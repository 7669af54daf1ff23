//! What a store that is to grow was made of, by name: an index spares an update none of it.
//!
//! Under `planned.rs`. Granules that have no photon in the region or the time may be among those that a store and its
//! partials were made of. An update names all granules of the store, and one that was spared would look as if it were gone.

use std::collections::BTreeSet;
use std::path::Path;

use crate::folders;
use crate::piece::RunCheckpoint;
use crate::plan::GranulePath;
use crate::read::product::ProductName;
use crate::store::made_of;

/// Names of files, and what these are of.
#[derive(Debug, Default)]
pub(super) struct MadeBefore {
    names: BTreeSet<String>,
    /// Product and granule, whatever the release.
    granules: BTreeSet<(String, String)>,
}

impl MadeBefore {
    /// Of a store and the partials beside it. What cannot be read of them is told when the run is held against them.
    pub fn of(store: &Path) -> Self {
        let mut found = Self::default();
        if let Ok(Some(made_of)) = made_of(store) {
            let granules = made_of["granules"].as_array();
            for granule in granules.into_iter().flatten() {
                found.add(granule["name"].as_str().unwrap_or_default());
            }
        }
        if let Ok(Some(Ok(kept))) = RunCheckpoint::read(&RunCheckpoint::partials_of(store)) {
            for granule in &kept.granules {
                found.add(&granule.name);
            }
            for (name, _) in kept.files.values().flatten() {
                found.add(name);
            }
        }
        found
    }

    fn add(&mut self, name: &str) {
        let path = Path::new(name);
        self.names.insert(folders::name(path));
        self.granules.extend(granule_of(path));
    }

    /// Whether a granule is one of these, or another release of one.
    pub fn has(&self, granule: &GranulePath) -> bool {
        granule.files().into_iter().any(|(_, path)| {
            self.names.contains(&folders::name(path))
                || granule_of(path).is_some_and(|of| self.granules.contains(&of))
        })
    }
}

fn granule_of(path: &Path) -> Option<(String, String)> {
    ProductName::of(path).map(|name| (name.product, name.granule))
}
