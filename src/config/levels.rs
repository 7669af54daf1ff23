//! The `levels` of a data source: the base level, and how another level's rows map to its photons.
//!
//! Used by `source.rs` while the configuration is parsed.

use super::Link;
use super::raw::{RawDataSource, RawLevel};
use super::shapes::Entries;
use super::yaml::Fault;
use crate::expr::suggestion;

/// The declared levels: the base, whose rows are photons, and at most one linked to it.
pub(super) struct Levels<'a> {
    all: Option<&'a Entries<RawLevel>>,
    pub base: Option<(&'a str, &'a RawLevel)>,
}

impl<'a> Levels<'a> {
    pub fn new(raw: &'a RawDataSource) -> Result<Self, Fault> {
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
        Ok(Self { all, base })
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
        listed.is_some_and(|names| names.iter().any(|name| name == column))
    }

    /// Fails where there is no level called `name`; `key` is where it stands.
    pub fn check(&self, key: &str, name: &str) -> Result<(), Fault> {
        match self.all {
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
    pub fn link(&self) -> Result<Option<Link>, Fault> {
        let (Some(all), Some(base)) = (self.all, self.base_name()) else {
            return Ok(None);
        };
        let mut others = all.0.iter().filter(|(name, _)| name != base);
        let Some((name, level)) = others.next() else {
            return Ok(None);
        };
        if let Some((second, _)) = others.next() {
            return Err(Fault::new(
                format!("data_source.levels.{second}"),
                format!("a second level linked to '{base}' beside '{name}'; one is supported"),
            ));
        }
        let key = format!("data_source.levels.{name}");
        let Some(link) = &level.link else {
            let message = format!("key 'link' is missing; only the base level '{base}' has none");
            return Err(Fault::new(key, message));
        };
        if link.to != base {
            self.check(&format!("{key}.link.to"), &link.to)?;
            return Err(Fault::new(
                format!("{key}.link.to"),
                format!("links to '{}'; a link leads to '{base}'", link.to),
            ));
        }
        let index_base = link.index_base.unwrap_or(0);
        if index_base > 1 {
            return Err(Fault::new(
                format!("{key}.link.index_base"),
                format!("is {index_base}; the first photon is 0 or 1"),
            ));
        }
        let join = |path: &str| joined(&level.path, path);
        let coordinates = level.coordinates.as_ref();
        Ok(Some(Link {
            level: name.clone(),
            path: level.path.trim_end_matches('/').into(),
            index_beg: join(&link.index_beg),
            count: join(&link.count),
            index_base,
            latitude: coordinates.map(|c| join(&c.latitude)),
            longitude: coordinates.map(|c| join(&c.longitude)),
        }))
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
