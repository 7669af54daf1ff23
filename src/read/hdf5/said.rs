//! What a granule says of itself, and attributes of its ground tracks, held against filters.
//!
//! On the line: `chosen.rs` asks, where a config has such filters. A granule says its cycle, reference ground track
//! and region in `orbit_info` and `ancillary_data`, and in its name.

use super::attributes::text;
use super::file::GranuleFile;
use super::identity::{Named, word};
use crate::Result;
use crate::config::{Said, SaidFilter, SaidValue};
use crate::photon::Values;

/// Values of a dataset that are looked at.
const MOST: u64 = 4096;
/// Groups in which names are looked for.
const GROUPS: [&str; 2] = ["/orbit_info", "/ancillary_data"];

/// Whether a filter keeps a ground track of a granule, whose group is at `group`.
///
/// # Errors
/// Nothing is said; several things are, or another than by the granule's name; a text where a number is compared.
pub(super) fn keeps(
    granule: &GranuleFile,
    filter: &SaidFilter,
    (name, group): (&str, &str),
) -> Result<bool> {
    let (what, said) = match &filter.of {
        Said::Granule(of) => (of.clone(), of_granule(granule, of)?),
        Said::Track(attribute) => {
            let track = granule.find_group(group)?;
            let said = track.and_then(|track| text(&track, attribute));
            (
                format!("attribute {attribute} of {name}"),
                said.map(SaidValue::Text),
            )
        }
    };
    let Some(said) = said else {
        let where_to = match filter.of {
            Said::Granule(_) => "; leave the granule out, or remove the filter",
            Said::Track(_) => {
                ", which the ground track has not; leave the granule out, or remove the filter"
            }
        };
        return Err(granule.error(format!(
            "nothing tells {what}, and a filter compares it{where_to}"
        )));
    };
    filter
        .keeps(&said)
        .map_err(|why| granule.error(format!("{what} {why}")))
}

/// What a granule says, by name or path.
fn of_granule(granule: &GranuleFile, of: &str) -> Result<Option<SaidValue>> {
    let named = Named::of(granule.name());
    let (paths, named): (Vec<String>, Option<i64>) = match of {
        "cycle" => (vec!["/orbit_info/cycle_number".into()], named.cycle),
        "rgt" => (vec!["/orbit_info/rgt".into()], named.rgt),
        "region" => (vec!["/ancillary_data/start_region".into()], named.region),
        path if path.starts_with('/') => (vec![path.into()], None),
        name => (
            GROUPS
                .iter()
                .map(|group| format!("{group}/{name}"))
                .collect(),
            None,
        ),
    };
    let named = named.map(|number| SaidValue::Number(number as f64));
    for path in paths {
        let Some(said) = of_dataset(granule, &path)? else {
            continue;
        };
        return match named {
            Some(named) if named != said => Err(granule.error(format!(
                "{path} is {said}, and its name says {of} {named}; give the file its own name, or leave it out"
            ))),
            _ => Ok(Some(said)),
        };
    }
    Ok(named)
}

/// The value of a dataset of one, or of several that are the same; `None` where there is none.
fn of_dataset(granule: &GranuleFile, path: &str) -> Result<Option<SaidValue>> {
    if !granule.has(path)? {
        return Ok(None);
    }
    if let Some(text) = word(granule, path) {
        return Ok(Some(SaidValue::Text(text)));
    }
    let read = granule.read_dataset(path, None, MOST)?.column;
    let count = read.values.len();
    let mut numbers = Vec::new();
    for i in (0..count).filter(|&i| read.is_valid(i)) {
        let number = match &read.values {
            Values::I64(values) => values[i] as f64,
            values => values.get_f64(i),
        };
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    match numbers[..] {
        [] => Ok(None),
        [number] => Ok(Some(SaidValue::Number(number))),
        _ => Err(granule.error(format!(
            "{path} has {} different values, and a filter of granules compares one; leave the granule out, or \
             compare a dataset of photons",
            numbers.len()
        ))),
    }
}
