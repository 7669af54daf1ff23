//! Compares a ground track with the config, once its datasets are open.
//!
//! Attributes that cannot be honoured, units of coordinates that are not degrees, and thresholds that a type
//! cannot hold are refused. On the line: `reader.rs` settles every ground track before the first photon is
//! read, and so does the survey.

use super::file::GranuleFile;
use super::track::Track;
use crate::Result;
use crate::config::{Config, Variable};
use crate::grid::Locator;
use crate::read::meaning::Applied;
use crate::read::units::{Axis, check_degrees};

/// Checks every dataset of a ground track, and settles what its attributes mean; gives back what is
/// odd, in words.
///
/// # Errors
/// An attribute that cannot be honoured, coordinates in other units than degrees, a filter that
/// compares with a number that the dataset cannot hold.
pub(super) fn settle(
    granule: &GranuleFile,
    config: &Config,
    track: &mut Track,
) -> Result<Vec<String>> {
    let mut warnings = Vec::new();
    for data in track.sources_mut() {
        let settled = data.meaning.settle(config.valid_range);
        settled.map_err(|why| granule.error(format!("{}: {why}", data.path)))?;
        let odd = data.meaning.warnings.iter();
        warnings.extend(odd.map(|odd| format!("granule {}: {}: {odd}", granule.name(), data.path)));
    }
    let (latitude, longitude) = (track.latitude, track.longitude);
    for (source, axis, most) in [
        (latitude, Axis::Latitude, 90.0),
        (longitude, Axis::Longitude, Locator::MOST_LONGITUDE),
    ] {
        let data = track.data_mut(source);
        data.meaning.settle_within(-most, most);
        let odd = check_degrees(data.meaning.units.as_deref(), axis)
            .map_err(|why| granule.error(format!("{}: {why}", data.path)))?;
        warnings.extend(odd.map(|odd| format!("granule {}: {}: {odd}", granule.name(), data.path)));
    }
    for (filter, &source) in config.filters.iter().zip(&track.filters) {
        let data = track.data(source);
        let numbered = match (&data.texts, filter.values.first()) {
            (Some(_), Some(number)) => Err(format!(
                "is text, and a filter compares it with the number {number}; write it in quotes"
            )),
            _ => filter.numbered(&data.members),
        };
        let fits = numbered.and_then(|f| f.check(data.dtype, data.meaning.units.as_deref()));
        fits.map_err(|why| granule.error(format!("{}: {why}", data.path)))?;
    }
    Ok(warnings)
}

/// Checks that names of values that filters compare with mean the same in all ground tracks.
///
/// # Errors
/// A dataset whose values have other names than in another ground track.
pub(super) fn same_names(granule: &GranuleFile, config: &Config, tracks: &[Track]) -> Result<()> {
    let Some((first, others)) = tracks.split_first() else {
        return Ok(());
    };
    let named = config.filters.iter().enumerate();
    for (place, _) in named.filter(|(_, filter)| !filter.words.is_empty()) {
        let of = |track: &Track| -> (String, Vec<(String, i64)>) {
            let data = track.data(track.filters[place]);
            (data.path.clone(), data.members.clone())
        };
        let (path, members) = of(first);
        if let Some((other, _)) = others.iter().map(of).find(|(_, names)| *names != members) {
            return Err(granule.error(format!(
                "values of {path} and {other} have other names, and a filter compares with one; compare with numbers"
            )));
        }
    }
    Ok(())
}

/// Columns whose units some ground tracks say and others do not, in words.
pub(super) fn unit_gaps(granule: &str, config: &Config, tracks: &[Track]) -> Vec<String> {
    let gap = |(place, variable): (usize, &Variable)| {
        let units = |track: &Track| track.data(track.columns[place]).meaning.units.clone();
        let silent = tracks.iter().find(|track| units(track).is_none())?;
        let (said, known) = tracks.iter().find_map(|t| Some((&t.name, units(t)?)))?;
        Some(format!(
            "granule {granule}: column {} has no units in {}, in {said} it is in {known}; taken for the \
             same",
            variable.name, silent.name
        ))
    };
    config
        .variables
        .iter()
        .enumerate()
        .filter_map(gap)
        .collect()
}

/// What was applied to the values of each dataset of a ground track.
pub(super) fn applied(track: &Track, config: &Config) -> Vec<Applied> {
    let of_source = |source: usize| {
        let data = track.data(source);
        let template = track.template(source, config);
        let template = match data.column {
            Some(column) => format!("{template}[:,{column}]"),
            None => template,
        };
        data.meaning.applied(&template)
    };
    let read = track
        .all()
        .into_iter()
        .filter(|&source| !track.is_without_rows(source));
    read.filter_map(of_source).collect()
}
