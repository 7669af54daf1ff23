//! The `levels` of a data source: the base level, and how another level's rows map to its photons.
//!
//! Used by `source.rs` while the configuration is parsed.

use super::Link;
use super::columns::{RawListed, base};
use super::faults::{Fault, Faults};
use super::raw::{RawDataSource, RawLevel};
use super::shapes::Entries;
use crate::expr::suggestion;

/// The declared levels: the base, whose rows are photons, and at most one linked to it.
pub(super) struct Levels<'a> {
    all: Option<&'a Entries<RawLevel>>,
    pub base: Option<(&'a str, &'a RawLevel)>,
    /// What they are is not known: names of levels are neither right nor wrong.
    unknown: bool,
}

impl<'a> Levels<'a> {
    pub fn new(raw: &'a RawDataSource, faults: &mut Faults) -> Self {
        let is_read = !faults.covered("data_source.levels");
        let base = is_read.then(|| faults.keep(Self::base(raw))).flatten();
        let levels = Self {
            all: raw.levels.as_ref(),
            base: base.flatten(),
            unknown: base.is_none(),
        };
        levels.check_columns(raw, faults);
        levels
    }

    /// The level whose rows are photons.
    fn base(raw: &'a RawDataSource) -> Result<Option<(&'a str, &'a RawLevel)>, Fault> {
        let all = raw.levels.as_ref();
        let base = match (all, raw.base_level.as_deref()) {
            (None, None) => None,
            (Some(_), None) => {
                let message = "key 'base_level' is missing; it names the level of the photons";
                return Err(Fault::new("data_source", message));
            }
            (None, Some(name)) => {
                let message = format!("'{name}' names a level, but data_source.levels is missing");
                return Err(Fault::new("data_source.base_level", message));
            }
            (Some(all), Some(name)) => match all.0.iter().find(|(n, _)| n == name) {
                Some((name, level)) => Some((name.as_str(), level)),
                None => return Err(unknown_level("data_source.base_level", name, all)),
            },
        };
        if let Some((name, RawLevel { link: Some(_), .. })) = base {
            return Err(Fault::new(
                format!("data_source.levels.{name}.link"),
                "the base level has no link; other levels link to it",
            ));
        }
        Ok(base)
    }

    /// What levels list are source columns.
    fn check_columns(&self, raw: &RawDataSource, faults: &mut Faults) {
        if faults.covered("data_source.variables") {
            return;
        }
        let columns = raw.variables.names();
        for (level, listed) in self.all.iter().flat_map(|all| &all.0) {
            let names = listed.variables.iter().flat_map(RawListed::names);
            for (i, name) in names.enumerate() {
                if !columns.iter().any(|column| base(column) == name) {
                    let hint = suggestion(name, columns.iter().copied());
                    let key = format!("data_source.levels.{level}.variables[{i}]");
                    let message = format!("'{name}' is not in data_source.variables{hint}");
                    faults.add(Fault::new(key, message));
                }
            }
        }
    }

    /// Whether a level of another name than the base's is meant.
    pub fn is_other(&self, name: &str) -> bool {
        !self.unknown && self.base_name() != Some(name)
    }

    pub fn base_name(&self) -> Option<&'a str> {
        self.base.map(|(name, _)| name)
    }

    /// The level called `name`.
    pub fn get(&self, name: &str) -> Option<&'a RawLevel> {
        let mut all = self.all?.0.iter();
        all.find(|(n, _)| n == name).map(|(_, level)| level)
    }

    /// The level's own `variables` name the source column.
    pub fn lists(&self, level: &str, column: &str) -> bool {
        let listed = self.get(level).and_then(|level| level.variables.as_ref());
        listed.is_some_and(|listed| listed.names().iter().any(|name| name == column))
    }

    /// Fails where there is no level called `name`; `key` is where it stands.
    pub fn check(&self, key: &str, name: &str) -> Result<(), Fault> {
        match self.all {
            _ if self.unknown => Ok(()),
            Some(all) if all.names().contains(&name) => Ok(()),
            Some(all) => Err(unknown_level(key, name, all)),
            None => Err(Fault::new(
                key,
                format!("'{name}' names a level, but data_source.levels is missing"),
            )),
        }
    }

    pub fn check_read_plan(&self, raw: &RawDataSource) -> Result<(), Fault> {
        let plan = raw.read_plan.as_ref();
        match plan.and_then(|plan| plan.spatial_index.as_deref()) {
            Some(name) => self.check("data_source.read_plan.spatial_index", name),
            None => Ok(()),
        }
    }

    /// The link of the one level that is not the base.
    pub fn link(&self, faults: &mut Faults) -> Option<Link> {
        let (all, base) = (self.all?, self.base_name()?);
        let mut others = all.0.iter().filter(|(name, _)| name != base);
        let (name, level) = others.next()?;
        for (second, _) in others {
            faults.add(Fault::new(
                format!("data_source.levels.{second}"),
                format!("a second level linked to '{base}' beside '{name}'; one is supported"),
            ));
        }
        let key = format!("data_source.levels.{name}");
        let Some(link) = &level.link else {
            let message = format!("key 'link' is missing; only the base level '{base}' has none");
            faults.add(Fault::new(key, message));
            return None;
        };
        if link.to != base {
            let to = format!("{key}.link.to");
            if faults.keep(self.check(&to, &link.to)).is_some() {
                let message = format!("links to '{}'; a link leads to '{base}'", link.to);
                faults.add(Fault::new(to, message));
            }
        }
        let index_base = link.index_base.unwrap_or(0);
        if index_base > 1 {
            faults.add(Fault::new(
                format!("{key}.link.index_base"),
                format!("is {index_base}; the first photon is 0 or 1"),
            ));
        }
        let join = |path: &str| joined(&level.path, path);
        let coordinates = level.coordinates.as_ref();
        Some(Link {
            level: name.clone(),
            path: level.path.trim_end_matches('/').into(),
            index_beg: join(&link.index_beg),
            count: join(&link.count),
            index_base,
            latitude: coordinates.map(|c| join(&c.latitude)),
            longitude: coordinates.map(|c| join(&c.longitude)),
        })
    }
}

fn unknown_level(key: &str, name: &str, all: &Entries<RawLevel>) -> Fault {
    let hint = suggestion(name, all.names());
    Fault::new(key, format!("unknown level '{name}'{hint}"))
}

/// An absolute path as it is, a name below the level's group.
pub(super) fn joined(group: &str, path: &str) -> String {
    if path.starts_with('/') {
        path.into()
    } else {
        format!("{}/{path}", group.trim_end_matches('/'))
    }
}
