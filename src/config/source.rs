//! The `data_source` section to typed values: paths and columns; levels in `levels.rs`, filters in
//! `filters.rs`.

use super::axis::TimeAxis;
use super::beams::{Beams, beams};
use super::columns::Columns;
use super::csv_types::{CsvType, types};
use super::cycles::Cycles;
use super::faults::{Fault, Faults};
use super::filters::{Filters, filters};
use super::joins::{self, Joins};
use super::levels::{Levels, joined};
use super::raw::{RawCoordinates, RawDataSource, RawPositions, RawReader, RawTime};
use super::{GranuleKind, Join, Link, Variable, tables, time, x_of, y_of};

/// What is read, from where.
pub(super) struct Source {
    pub granules: GranuleKind,
    pub product: Option<String>,
    pub ground_tracks: Vec<String>,
    pub beams: Option<Beams>,
    pub latitude: String,
    pub longitude: String,
    pub points: Option<String>,
    pub types: Vec<(String, CsvType)>,
    pub variables: Vec<Variable>,
    pub filters: Filters,
    pub axis: Option<TimeAxis>,
    pub link: Option<Link>,
    pub joins: Vec<Join>,
}

impl Source {
    /// `None` where something is missing, after all faults were added.
    pub fn new(raw: &RawDataSource, within: Option<&RawTime>, faults: &mut Faults) -> Option<Self> {
        let granules = tables::kind(raw, faults);
        let ground_tracks = match (granules, &raw.groups) {
            (GranuleKind::Table, _) => Vec::new(),
            (GranuleKind::Hdf5, Some(groups)) => ground_tracks(groups, faults),
            (GranuleKind::Hdf5, None) => {
                if !faults.is_hole("data_source.reader") {
                    faults.add(Fault::new("data_source", "key 'groups' is missing"));
                }
                Vec::new()
            }
        };
        let product = faults.keep(product(raw.product.as_deref()));
        let beams = faults.keep(beams(raw.beams.as_ref(), &ground_tracks));
        let levels = Levels::new(raw, faults);
        let coordinates = coordinates(raw, &levels, faults);
        let joins = Joins::new(raw, faults);
        let link = levels.link(faults);
        let link = link.or_else(|| joins.needs_link().then(joins::default_link));
        let cycles = Cycles::new(raw, faults);
        let columns = Columns {
            levels: &levels,
            joins: &joins,
            cycles: &cycles,
            link: link.as_ref(),
        };
        let mut variables = Vec::new();
        for (name, variable) in &raw.variables.0 {
            variables.push(columns.variable(name, variable, faults));
        }
        if variables.is_empty() {
            faults.add(Fault::new("data_source.variables", "no source column"));
        }
        let mut filters = filters(raw, &levels, granules, faults);
        faults.keep(levels.check_read_plan(raw));
        let (latitude, longitude) = coordinates?;
        let mut axis = None;
        if let Some(within) = within {
            // A photon outside of the time asked for is counted as that, whatever else it is.
            let default = match granules {
                GranuleKind::Hdf5 => time::beside(&latitude),
                GranuleKind::Table => None,
            };
            let bounds;
            (bounds, axis) = time::filters(within, default, faults);
            filters.compared.splice(..0, bounds);
            let number = axis.as_ref().and_then(TimeAxis::numbered);
            if let Some(number) = number.filter(|_| granules == GranuleKind::Table) {
                let message = format!(
                    "is {}, which tables do not say of themselves; name a column of times and give a period, such \
                     as P91D",
                    number.name()
                );
                faults.add(Fault::new("time.every", message));
            }
        }
        let source = Self {
            granules,
            product: product?,
            ground_tracks,
            beams: beams?,
            latitude,
            longitude,
            points: raw.coordinates.as_ref().and_then(|c| c.geometry.clone()),
            types: types(raw, granules, faults),
            variables,
            filters,
            axis,
            joins: joins.typed(link.as_ref()),
            link,
        };
        match granules {
            GranuleKind::Hdf5 => source.check_templates(faults),
            GranuleKind::Table => tables::check_names(&source, faults),
        }
        Some(source)
    }

    /// Every path is absolute and has `{group}` where several ground tracks are read.
    fn check_templates(&self, faults: &mut Faults) {
        let coordinates = "data_source.coordinates";
        let mut paths = vec![
            (format!("{coordinates}.latitude"), &self.latitude),
            (format!("{coordinates}.longitude"), &self.longitude),
        ];
        for variable in &self.variables {
            let key = format!("data_source.variables.{}", variable.name);
            paths.push((key, &variable.path));
        }
        for (key, filter) in &self.filters.compared {
            paths.push((format!("{key}.dataset"), &filter.dataset));
        }
        for join in &self.joins {
            for path in join.datasets() {
                paths.push((format!("data_source.joins.{}", join.name), path));
            }
        }
        if let Some(link) = &self.link {
            let level = format!("data_source.levels.{}", link.level);
            paths.push((format!("{level}.path"), &link.path));
            paths.push((format!("{level}.link.index_beg"), &link.index_beg));
            paths.push((format!("{level}.link.count"), &link.count));
            for path in [&link.latitude, &link.longitude].into_iter().flatten() {
                paths.push((format!("{level}.coordinates"), path));
            }
        }
        for (key, path) in paths {
            let checked = template(path, self.ground_tracks.len());
            faults.keep(checked.map_err(|message| {
                let message = format!("path '{path}' {message}");
                Fault::new(key, message)
            }));
        }
    }
}

/// What is wrong with a path template, if anything.
fn template(path: &str, ground_tracks: usize) -> Result<(), String> {
    if !path.starts_with('/') || path.ends_with('/') {
        return Err("is not a dataset's path from the root, e.g. /{group}/heights/h_ph".into());
    }
    let mut rest = path;
    while let Some(start) = rest.find(['{', '}']) {
        let Some(after) = rest[start..].strip_prefix("{group}") else {
            return Err("has a placeholder other than {group}, the only one".into());
        };
        rest = after;
    }
    if ground_tracks > 1 && !path.contains("{group}") {
        return Err(format!(
            "has no {{group}}, so all {ground_tracks} ground tracks would read the same dataset"
        ));
    }
    Ok(())
}

/// `ATL` and two digits.
fn product(name: Option<&str>) -> Result<Option<String>, Fault> {
    let Some(name) = name else {
        return Ok(None);
    };
    let digits = name.strip_prefix("ATL").filter(|digits| digits.len() == 2);
    if digits.is_some_and(|digits| digits.bytes().all(|c| c.is_ascii_digit())) {
        return Ok(Some(name.to_owned()));
    }
    let message = format!("'{name}' is not the name of a product, e.g. ATL06");
    Err(Fault::new("data_source.product", message))
}

fn ground_tracks(groups: &[String], faults: &mut Faults) -> Vec<String> {
    for (i, group) in groups.iter().enumerate() {
        let key = format!("data_source.groups[{i}]");
        if group.is_empty() || group.contains(['/', '{', '}']) {
            let message = format!("'{group}' is not a group's name, e.g. gt1l");
            faults.add(Fault::new(key, message));
        } else if groups[..i].contains(group) {
            let message = format!("'{group}' is listed twice and would be counted twice");
            faults.add(Fault::new(key, message));
        }
    }
    if groups.is_empty() {
        let message = "no ground track; list e.g. [gt1l, gt1r]";
        faults.add(Fault::new("data_source.groups", message));
    }
    groups.to_vec()
}

/// The photons' coordinates: of the data source, or of the base level, or of both if they agree.
fn coordinates(
    raw: &RawDataSource,
    levels: &Levels<'_>,
    faults: &mut Faults,
) -> Option<(String, String)> {
    let of_base = levels.base.and_then(|(_, level)| {
        let RawCoordinates {
            latitude,
            longitude,
        } = level.coordinates.as_ref()?;
        Some((
            joined(&level.path, latitude),
            joined(&level.path, longitude),
        ))
    });
    let of_source = match &raw.coordinates {
        Some(positions) => Some(self::positions(raw, positions, faults)?),
        None => None,
    };
    // Paths of which one could not be read differ from others without meaning it.
    let is_read = !faults.hole_in("data_source.coordinates")
        && !faults.hole_in("data_source.levels")
        && !faults.is_hole("data_source.base_level");
    match (of_source, of_base) {
        (Some(source), Some(base)) if source != base && is_read => {
            let message = format!(
                "are {} and {}, but the base level's are {} and {}",
                source.0, source.1, base.0, base.1
            );
            faults.add(Fault::new("data_source.coordinates", message));
            None
        }
        (Some(found), _) | (None, Some(found)) => Some(found),
        (None, None) => {
            if is_read {
                faults.add(Fault::new("data_source", "key 'coordinates' is missing"));
            }
            None
        }
    }
}

/// The coordinates that the data source names.
fn positions(
    raw: &RawDataSource,
    positions: &RawPositions,
    faults: &mut Faults,
) -> Option<(String, String)> {
    let key = "data_source.coordinates";
    let degrees = [
        ("latitude", &positions.latitude),
        ("longitude", &positions.longitude),
    ];
    if let Some(points) = &positions.geometry {
        let geometry = format!("{key}.geometry");
        if raw.reader != Some(RawReader::Table) && !faults.is_hole("data_source.reader") {
            let message = "is for tables (reader: table); name datasets as latitude and longitude";
            faults.add(Fault::new(&*geometry, message));
        }
        if let Some((name, _)) = degrees.iter().find(|(_, given)| given.is_some()) {
            let message = format!("stands beside {name}; keep the points, or the two columns");
            faults.add(Fault::new(geometry, message));
        }
        return Some((y_of(points), x_of(points)));
    }
    for (name, given) in degrees {
        if given.is_none() {
            faults.add(Fault::new(key, format!("key '{name}' is missing")));
        }
    }
    positions.latitude.clone().zip(positions.longitude.clone())
}
