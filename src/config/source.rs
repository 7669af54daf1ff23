//! The `data_source` section to typed values: paths, columns and filters; levels in `levels.rs`.

use super::levels::{Levels, joined};
use super::raw::{RawCoordinates, RawDataSource, RawFilter};
use super::shapes::RawScalar;
use super::yaml::Fault;
use super::{Filter, FilterOp, GranuleKind, Link, Variable, tables};
use crate::stat::Resolution;

/// What is read, from where.
pub(super) struct Source {
    pub granules: GranuleKind,
    pub ground_tracks: Vec<String>,
    pub latitude: String,
    pub longitude: String,
    pub variables: Vec<Variable>,
    pub filters: Vec<Filter>,
    pub link: Option<Link>,
}

impl Source {
    pub fn new(raw: &RawDataSource) -> Result<Self, Fault> {
        let granules = tables::kind(raw)?;
        let ground_tracks = match (granules, &raw.groups) {
            (GranuleKind::Table, _) => Vec::new(),
            (GranuleKind::Hdf5, Some(groups)) => ground_tracks(groups)?,
            (GranuleKind::Hdf5, None) => {
                return Err(Fault::new("data_source", "key 'groups' is missing"));
            }
        };
        let levels = Levels::new(raw)?;
        let (latitude, longitude) = coordinates(raw, &levels)?;
        let link = levels.link()?;
        let mut variables = Vec::new();
        for (name, _) in &raw.variables.0 {
            variables.push(variable(raw, name, &levels, link.as_ref())?);
        }
        if variables.is_empty() {
            return Err(Fault::new("data_source.variables", "no source column"));
        }
        let source = Self {
            granules,
            ground_tracks,
            latitude,
            longitude,
            variables,
            filters: filters(raw, &levels)?,
            link,
        };
        match granules {
            GranuleKind::Hdf5 => source.check_templates()?,
            GranuleKind::Table => tables::check_names(&source)?,
        }
        levels.check_read_plan(raw)?;
        Ok(source)
    }

    /// Every path is absolute and has `{group}` where several ground tracks are read.
    fn check_templates(&self) -> Result<(), Fault> {
        let coordinates = "data_source.coordinates";
        let mut paths = vec![
            (format!("{coordinates}.latitude"), &self.latitude),
            (format!("{coordinates}.longitude"), &self.longitude),
        ];
        for variable in &self.variables {
            let key = format!("data_source.variables.{}", variable.name);
            paths.push((key, &variable.path));
        }
        for (i, filter) in self.filters.iter().enumerate() {
            paths.push((format!("data_source.filters[{i}].dataset"), &filter.dataset));
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
            template(path, self.ground_tracks.len())
                .map_err(|message| Fault::new(key, format!("path '{path}' {message}")))?;
        }
        Ok(())
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

fn ground_tracks(groups: &[String]) -> Result<Vec<String>, Fault> {
    for (i, group) in groups.iter().enumerate() {
        let key = format!("data_source.groups[{i}]");
        if group.is_empty() || group.contains(['/', '{', '}']) {
            return Err(Fault::new(
                key,
                format!("'{group}' is not a group's name, e.g. gt1l"),
            ));
        }
        if groups[..i].contains(group) {
            let message = format!("'{group}' is listed twice and would be counted twice");
            return Err(Fault::new(key, message));
        }
    }
    if groups.is_empty() {
        let message = "no ground track; list e.g. [gt1l, gt1r]";
        return Err(Fault::new("data_source.groups", message));
    }
    Ok(groups.to_vec())
}

/// The photons' coordinates: of the data source, or of the base level, or of both if they agree.
fn coordinates(raw: &RawDataSource, levels: &Levels<'_>) -> Result<(String, String), Fault> {
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
    let of_source = raw.coordinates.as_ref();
    let of_source = of_source.map(|c| (c.latitude.clone(), c.longitude.clone()));
    match (of_source, of_base) {
        (Some(source), Some(base)) if source != base => Err(Fault::new(
            "data_source.coordinates",
            format!(
                "are {} and {}, but the base level's are {} and {}",
                source.0, source.1, base.0, base.1
            ),
        )),
        (Some(found), _) | (None, Some(found)) => Ok(found),
        (None, None) => Err(Fault::new("data_source", "key 'coordinates' is missing")),
    }
}

fn variable(
    raw: &RawDataSource,
    name: &str,
    levels: &Levels<'_>,
    link: Option<&Link>,
) -> Result<Variable, Fault> {
    let key = format!("data_source.variables.{name}");
    let found = raw.variables.0.iter().find(|(n, _)| n == name);
    let Some((_, variable)) = found else {
        return Err(Fault::new(key, "no such source column"));
    };
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !name.chars().all(is_word)
        || name.is_empty()
        || name.starts_with(|c: char| c.is_ascii_digit())
    {
        return Err(Fault::new(
            key,
            "a source column's name is made of letters, digits and '_', so that expressions can use it",
        ));
    }
    if let Some(level) = &variable.level {
        levels.check(&format!("{key}.level"), level)?;
    }
    let level = variable.level.as_deref().and_then(|n| levels.get(n));
    let path = match level {
        Some(level) => joined(&level.path, &variable.path),
        None => variable.path.clone(),
    };
    let per_segment = link.is_some_and(|link| {
        variable.level.as_ref().map_or_else(
            || below(&link.path, &path) || levels.lists(&link.level, name),
            |level| *level == link.level,
        )
    });
    let resolution = match &variable.resolution {
        Some(scalar) => Some(
            resolution(scalar)
                .map_err(|message| Fault::new(format!("{key}.resolution"), message))?,
        ),
        None => None,
    };
    Ok(Variable {
        name: name.into(),
        path,
        resolution,
        per_segment,
    })
}

/// The dataset lies directly in the group.
fn below(group: &str, path: &str) -> bool {
    let rest = path.strip_prefix(group).and_then(|p| p.strip_prefix('/'));
    rest.is_some_and(|name| !name.contains('/'))
}

/// `2^-34`, `2**-34` or a number that is a power of two.
fn resolution(scalar: &RawScalar) -> Result<Resolution, String> {
    let wrong = |shown: String| {
        Err(format!(
            "'{shown}' is not a power of two from 2^-100 to 2^60, e.g. 2^-34"
        ))
    };
    let value = match scalar {
        RawScalar::Text(text) => {
            let power = text.strip_prefix("2^").or_else(|| text.strip_prefix("2**"));
            let exponent = power.and_then(|p| p.trim().parse::<i32>().ok());
            let found = exponent
                .and_then(i32::checked_neg)
                .and_then(Resolution::new);
            return found.map_or_else(|| wrong(text.clone()), Ok);
        }
        RawScalar::Integer(value) => *value as f64,
        RawScalar::Float(value) => *value,
    };
    let mut all = (-60..=100).filter_map(Resolution::new);
    all.find(|r| r.unit().to_bits() == value.to_bits())
        .map_or_else(|| wrong(value.to_string()), Ok)
}

fn filters(raw: &RawDataSource, levels: &Levels<'_>) -> Result<Vec<Filter>, Fault> {
    let mut filters = Vec::new();
    for (i, filter) in raw.filters.iter().flatten().enumerate() {
        filters.push(self::filter(
            filter,
            &format!("data_source.filters[{i}]"),
            levels,
        )?);
    }
    if let Some(quality) = &raw.quality_filter {
        let key = "data_source.quality_filter";
        filters.push(Filter {
            dataset: quality.dataset.clone(),
            column: None,
            op: FilterOp::Eq,
            values: vec![operand(&quality.value, &format!("{key}.value"))?],
            keep: true,
        });
    }
    Ok(filters)
}

fn filter(raw: &RawFilter, key: &str, levels: &Levels<'_>) -> Result<Filter, Fault> {
    if let Some(level) = &raw.level {
        levels.check(&format!("{key}.level"), level)?;
        if levels.base_name() != Some(level) {
            let message = format!("is '{level}'; only filters on the base level are supported");
            return Err(Fault::new(format!("{key}.level"), message));
        }
    }
    let is_set = matches!(raw.op, FilterOp::In | FilterOp::NotIn);
    let values = match (&raw.value, &raw.values) {
        (Some(value), None) if !is_set => vec![operand(value, &format!("{key}.value"))?],
        (None, Some(values)) if is_set && !values.is_empty() => {
            let operand = |(i, value)| operand(value, &format!("{key}.values[{i}]"));
            values
                .iter()
                .enumerate()
                .map(operand)
                .collect::<Result<_, _>>()?
        }
        _ if is_set => {
            return Err(Fault::new(
                key,
                "in and not_in take values, a list, and no value",
            ));
        }
        _ => {
            return Err(Fault::new(
                key,
                "the comparison takes one value, and no values",
            ));
        }
    };
    let column = match raw.column.map(usize::try_from) {
        Some(Err(_)) => return Err(Fault::new(format!("{key}.column"), "is too large")),
        Some(Ok(column)) => Some(column),
        None => None,
    };
    Ok(Filter {
        dataset: raw.dataset.clone(),
        column,
        op: raw.op,
        values,
        keep: raw.keep.unwrap_or(true),
    })
}

/// A value to compare with: any number but NaN, held exactly.
fn operand(scalar: &RawScalar, key: &str) -> Result<f64, Fault> {
    match scalar.to_f64() {
        Ok(value) if value.is_nan() => {
            Err(Fault::new(key, "NaN compares with nothing; use a number"))
        }
        Ok(value) => Ok(value),
        Err(message) => Err(Fault::new(key, message)),
    }
}
