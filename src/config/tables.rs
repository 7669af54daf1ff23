//! What a `data_source` section may say where granules are tables (`reader: table`).
//!
//! Beside `source.rs`, which reads the section for both kinds of granules. A table has columns in
//! place of datasets, and neither ground tracks nor levels.

use super::GranuleKind;
use super::faults::{Fault, Faults};
use super::raw::{RawDataSource, RawReader};
use super::source::Source;

/// What granules are; keys that have no meaning for tables are faults.
pub(super) fn kind(raw: &RawDataSource, faults: &mut Faults) -> GranuleKind {
    if raw.reader != Some(RawReader::Table) {
        return GranuleKind::Hdf5;
    }
    let mut refuse = |key: String, what: &str| {
        let message = format!("is not for tables (reader: table), which have no {what}; remove it");
        faults.add(Fault::new(format!("data_source.{key}"), message));
    };
    for (key, given, what) in [
        ("product", raw.product.is_some(), "product"),
        ("groups", raw.groups.is_some(), "ground tracks"),
        ("beams", raw.beams.is_some(), "beams"),
        ("cycles", raw.cycles.is_some(), "2-D columns"),
        ("base_level", raw.base_level.is_some(), "levels"),
        ("levels", raw.levels.is_some(), "levels"),
        (
            "joins",
            raw.joins.is_some(),
            "granules of other products beside them",
        ),
        ("read_plan", raw.read_plan.is_some(), "levels"),
    ] {
        if given {
            refuse(key.to_owned(), what);
        }
    }
    for (name, variable) in &raw.variables.0 {
        for (key, given, what) in [
            ("level", variable.level.is_some(), "levels"),
            ("column", variable.column.is_some(), "2-D columns"),
            ("cycle", variable.cycle.is_some(), "2-D columns"),
            (
                "join",
                variable.join.is_some(),
                "granules of other products beside them",
            ),
        ] {
            if given {
                refuse(format!("variables.{name}.{key}"), what);
            }
        }
    }
    for (i, filter) in raw.filters.iter().flatten().enumerate() {
        for (key, given, what) in [
            ("level", filter.level.is_some(), "levels"),
            ("column", filter.column.is_some(), "2-D columns"),
        ] {
            if given {
                refuse(format!("filters[{i}].{key}"), what);
            }
        }
    }
    GranuleKind::Table
}

/// Every path is the name of a column.
pub(super) fn check_names(source: &Source, faults: &mut Faults) {
    let coordinates = "data_source.coordinates";
    let mut names = match &source.points {
        Some(points) => vec![(format!("{coordinates}.geometry"), points)],
        None => vec![
            (format!("{coordinates}.latitude"), &source.latitude),
            (format!("{coordinates}.longitude"), &source.longitude),
        ],
    };
    for variable in &source.variables {
        let key = format!("data_source.variables.{}", variable.name);
        names.push((key, &variable.path));
    }
    for (key, filter) in &source.filters.compared {
        names.push((format!("{key}.dataset"), &filter.dataset));
    }
    for (key, name) in names {
        if name.is_empty() || name.contains("{group}") {
            let message = format!("'{name}' is not the name of a table's column, e.g. h_li");
            faults.add(Fault::new(key, message));
        }
    }
}

/// The name of the longitudes of a column of points.
///
/// ```
/// assert_eq!(icefold::config::x_of("geometry"), "x of geometry");
/// ```
pub fn x_of(points: &str) -> String {
    format!("x of {points}")
}

/// The name of the latitudes of a column of points.
///
/// ```
/// assert_eq!(icefold::config::y_of("geometry"), "y of geometry");
/// ```
pub fn y_of(points: &str) -> String {
    format!("y of {points}")
}
