//! Whether granules are of the product that a config reads, and have its ground tracks.
//!
//! Beside the line: the survey and the making of shard maps collect the outline of every granule here. A
//! granule without photons is no error. One of another product is, and so is a ground track that no granule
//! can have.

use std::collections::BTreeSet;

use super::attributes::text;
use super::file::GranuleFile;
use super::ground_track::{GroundTrackStatus, GroundTrackSummary};
use super::presence::{listed, survey};
use super::track::path_in;
use crate::config::{Config, of_product};
use crate::read::product::ProductName;
use crate::{Error, Result};

/// What a granule has of what a config reads, told from its groups.
#[derive(Debug, Clone)]
pub struct Outline {
    /// In the order of the config.
    pub tracks: Vec<GroundTrackSummary>,
    /// Names of the groups among which the config has its ground tracks.
    groups: Vec<String>,
    /// `ATL06`, by the granule's own word or its name.
    product: Option<String>,
    /// A ground track without the config's group, and what it has instead.
    instead: Option<(String, Vec<String>)>,
}

/// Outlines of the granules of a run, by name.
#[derive(Debug, Default)]
pub struct Tracks {
    granules: Vec<(String, Outline)>,
}

impl Outline {
    /// Of an open granule.
    ///
    /// # Errors
    /// A damaged group, a ground track whose group has no latitude.
    pub fn of(granule: &GranuleFile, config: &Config) -> Result<Self> {
        let tracks = config.ground_tracks.iter();
        let tracks: Vec<GroundTrackSummary> = tracks
            .map(|name| survey(granule, config, name))
            .collect::<Result<_>>()?;
        Self::with(granule, config, tracks)
    }

    /// Of an open granule whose ground tracks a reader has looked at.
    ///
    /// # Errors
    /// A damaged group.
    pub fn with(
        granule: &GranuleFile,
        config: &Config,
        tracks: Vec<GroundTrackSummary>,
    ) -> Result<Self> {
        let mut instead = None;
        let mut groups = Vec::new();
        if let Some((before, _)) = config.latitude.split_once("{group}") {
            let before = before.trim_end_matches('/');
            if let Some(group) = granule.find_group(before)? {
                groups = granule.names(&group, before)?;
            }
            let other = tracks.iter();
            for track in other.filter(|t| t.status == GroundTrackStatus::NoData) {
                let path = path_in(&format!("{before}/{}", track.name), "");
                let Some(group) = granule.find_group(&path)? else {
                    continue;
                };
                let names = granule.names(&group, &path)?;
                if instead.is_none() && !names.is_empty() {
                    instead = Some((track.name.clone(), names));
                }
            }
        }
        Ok(Self {
            tracks,
            groups,
            product: product(granule),
            instead,
        })
    }

    /// Of a granule that was looked at before: its product, and the rows of those ground tracks that it has.
    #[expect(clippy::unnecessary_wraps, reason = "a build without HDF5 makes none")]
    pub(crate) fn remembered(product: Option<&str>, rows: &[(&str, Option<u64>)]) -> Option<Self> {
        let track = |&(name, rows): &(&str, Option<u64>)| GroundTrackSummary {
            name: name.to_owned(),
            status: match rows {
                None => GroundTrackStatus::Missing,
                Some(0) => GroundTrackStatus::Empty,
                Some(_) => GroundTrackStatus::Present,
            },
            rows: rows.unwrap_or(0),
            beam: None,
            unread: None,
        };
        let there = rows.iter().filter(|(_, rows)| rows.is_some());
        Some(Self {
            tracks: rows.iter().map(track).collect(),
            groups: there.map(|(name, _)| (*name).to_owned()).collect(),
            product: product.map(str::to_owned),
            instead: None,
        })
    }

    /// The ground tracks, in the order of the config.
    pub(crate) fn tracks(&self) -> &[GroundTrackSummary] {
        &self.tracks
    }

    /// `ATL06`, by the granule's own word or its name.
    pub(crate) fn product(&self) -> Option<&str> {
        self.product.as_deref()
    }

    /// Whether no ground track has the group that the config reads.
    pub fn is_blank(&self) -> bool {
        use GroundTrackStatus::{Empty, Present};
        let has = |track: &GroundTrackSummary| {
            matches!(track.status, Present | Empty) || track.status.is_left_out()
        };
        !self.tracks.iter().any(has)
    }

    /// Rows of all ground tracks.
    pub fn rows(&self) -> u64 {
        let rows = self.tracks.iter().map(|track| track.rows);
        rows.fold(0, u64::saturating_add)
    }

    /// Names of the ground tracks that have rows.
    pub fn with_rows(&self) -> BTreeSet<String> {
        let tracks = self.tracks.iter().filter(|track| track.rows > 0);
        tracks.map(|track| track.name.clone()).collect()
    }
}

/// The product that a granule is of, as `ATL06`.
pub(crate) fn product(granule: &GranuleFile) -> Option<String> {
    let is_product = |name: &String| {
        let digits = name.get(3..5);
        name.starts_with("ATL") && digits.is_some_and(|d| d.bytes().all(|c| c.is_ascii_digit()))
    };
    // ATL24 says it in a group alone, whose name it spells in its own way.
    let own = granule
        .attribute("short_name")
        .filter(is_product)
        .or_else(|| {
            let groups = [
                "/METADATA/DatasetIdentification",
                "/metadata/DatasetIdentification",
            ];
            let mut said = groups.iter().filter_map(|path| {
                let group = granule.find_group(path).ok()??;
                text(&group, "shortName").filter(is_product)
            });
            said.next()
        });
    own.map(|name| name[..5].to_owned())
        .or_else(|| ProductName::of(granule.name().as_ref()).map(|name| name.product))
}

/// Why a granule is not of the product that the config reads: by the granule's own word or its name. One that says
/// nothing is taken at its datasets.
pub(crate) fn of_other_product(granule: &GranuleFile, config: &Config) -> Option<String> {
    let wanted = config.product.as_deref()?;
    let found = product(granule).filter(|found| found != wanted)?;
    let with = match of_product(&found) {
        Some(name) => format!("such as the built-in {name}"),
        None => "one that names its datasets".to_owned(),
    };
    Some(format!(
        "is of {found}, and config {} reads {wanted} (data_source.product); run it with a config for {found}, {with}, \
         or leave it out",
        config.name
    ))
}

/// The first dataset that the config reads and a ground track with its group does not have.
///
/// # Errors
/// A damaged group.
pub(crate) fn lacking(granule: &GranuleFile, config: &Config) -> Result<Option<String>> {
    let needed = [&config.latitude, &config.longitude].into_iter();
    let needed = needed.chain(config.filters.iter().map(|filter| &filter.dataset));
    let own = config
        .variables
        .iter()
        .filter(|variable| variable.join.is_none());
    let needed = needed.chain(own.map(|variable| &variable.path));
    let needed: Vec<&String> = needed.collect();
    for name in &config.ground_tracks {
        let latitude = path_in(&config.latitude, name);
        let base = latitude.rsplit_once('/').map_or("", |(base, _)| base);
        let Some(group) = granule.find_group(base)? else {
            continue;
        };
        if granule.names(&group, base)?.is_empty() {
            continue;
        }
        for template in &needed {
            let path = path_in(template, name);
            if !granule.has(&path)? {
                return Ok(Some(path));
            }
        }
    }
    Ok(None)
}

impl Tracks {
    /// Adds a granule that can be opened.
    pub fn add(&mut self, name: &str, outline: Outline) {
        self.granules.push((name.to_owned(), outline));
    }

    /// Granules of another product than those that the config reads, and why.
    ///
    /// A granule that has none of the config's groups is one if it says that it is of another product than
    /// those that have them; if it does not say, then if its ground tracks have other groups.
    pub fn strangers(&self, config: &Config) -> Vec<(String, Error)> {
        let (blank, read): (Vec<_>, Vec<_>) = self
            .granules
            .iter()
            .partition(|(_, found)| found.is_blank());
        let products: BTreeSet<&str> = read
            .iter()
            .filter_map(|(_, found)| found.product.as_deref())
            .collect();
        if read.is_empty() {
            return Vec::new();
        }
        let latitude = &config.latitude;
        let group = latitude.rsplit_once('/').map_or("", |(group, _)| group);
        let mut strangers = Vec::new();
        for (name, found) in blank {
            let of = match &found.product {
                Some(own) if products.contains(own.as_str()) => continue,
                Some(own) if !products.is_empty() => format!("is of {own}: it "),
                _ if found.instead.is_none() => continue,
                _ => String::new(),
            };
            let holds = match &found.instead {
                Some((track, names)) => format!("{track} holds {}", listed(names)),
                None => format!("it holds {}", listed(&found.groups)),
            };
            let message = format!(
                "{of}has no {group} in any of the ground tracks, which config {} reads; {holds}; run \
                 granules of another product with a config of theirs, or leave the granule out",
                config.name
            );
            strangers.push((name.clone(), Error::granule(name.as_str(), message)));
        }
        strangers
    }

    /// That no granule has a ground track of the config, where that is not for want of photons.
    ///
    /// # Errors
    /// Names that are no ground tracks of these granules, each with the nearest that is one. A product's
    /// ground track that subsets lack is none of them.
    pub fn check_names(&self, config: &Config) -> Result<()> {
        let of_kind = |kind: Kind| {
            let groups = self.granules.iter().flat_map(|(_, found)| &found.groups);
            groups.clone().any(|group| Kind::of(group) == Some(kind))
        };
        let found: BTreeSet<&String> = self
            .granules
            .iter()
            .flat_map(|(_, found)| &found.groups)
            .collect();
        let none_known = !found.iter().any(|group| Kind::of(group).is_some());
        let absent = |name: &&String| {
            let status = |found: &Outline| {
                let track = found.tracks.iter().find(|track| track.name == **name);
                track.map(|track| track.status)
            };
            let missing = Some(GroundTrackStatus::Missing);
            !self.granules.is_empty() && self.granules.iter().all(|(_, f)| status(f) == missing)
        };
        let wrong = |name: &&String| match Kind::of(name) {
            Some(kind) => !of_kind(kind) && !none_known,
            None => true,
        };
        let names = config.ground_tracks.iter().filter(absent).filter(wrong);
        let wrong: Vec<String> = names.map(|name| with_nearest(name, &found)).collect();
        if wrong.is_empty() || !config.latitude.contains("{group}") {
            return Ok(());
        }
        let known: Vec<String> = tracks_first(&found).into_iter().cloned().collect();
        Err(Error::config(
            &config.name,
            format!(
                "data_source.groups: no granule has a ground track {}; the granules hold {}; correct \
                 `groups`",
                wrong.join(", "),
                listed(&known)
            ),
        ))
    }
}

/// Ground tracks that products have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `gt1l` to `gt3r`.
    Beam,
    /// `pt1` to `pt3`: pairs of beams.
    Pair,
    /// `profile_1` to `profile_3`: the atmosphere.
    Profile,
}

impl Kind {
    fn of(name: &str) -> Option<Self> {
        let number = |rest: &str| matches!(rest, "1" | "2" | "3");
        if let Some(beam) = name.strip_prefix("gt") {
            let (number_of, side) = beam.split_at_checked(1)?;
            return (number(number_of) && matches!(side, "l" | "r")).then_some(Self::Beam);
        }
        if let Some(pair) = name.strip_prefix("pt") {
            return number(pair).then_some(Self::Pair);
        }
        number(name.strip_prefix("profile_")?).then_some(Self::Profile)
    }
}

/// Those of these groups that are ground tracks; all where none is.
fn tracks_first<'a>(groups: &BTreeSet<&'a String>) -> Vec<&'a String> {
    let tracks = groups.iter().filter(|group| Kind::of(group).is_some());
    let tracks: Vec<&String> = tracks.copied().collect();
    if tracks.is_empty() {
        groups.iter().copied().collect()
    } else {
        tracks
    }
}

fn with_nearest(name: &str, groups: &BTreeSet<&String>) -> String {
    let likeness =
        |group: &String| strsim::jaro_winkler(&group.to_lowercase(), &name.to_lowercase());
    let nearest = tracks_first(groups)
        .into_iter()
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match nearest {
        Some(nearest) => format!("{name} (the nearest is {nearest})"),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ground_tracks_of_products_are_known() {
        for name in ["gt1l", "gt3r", "pt2", "profile_3"] {
            assert!(Kind::of(name).is_some(), "{name}");
        }
        for name in [
            "gt1L", "gt4r", "gt1", "gt", "pt4", "profile_", "gt1l2", "g\u{e9}",
        ] {
            assert!(Kind::of(name).is_none(), "{name}");
        }
    }
}
