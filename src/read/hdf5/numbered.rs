//! Which number a granule has, of cycle, reference ground track or region: what it says, held against its name.
//!
//! Beside the line: `in_time.rs` asks where a config has steps of such numbers.

use super::file::GranuleFile;
use super::identity::{Named, numbers};
use crate::Result;
use crate::config::Numbered;

/// Where granules say it, and where they say another one, if they have two (ATL03 data dictionary).
fn paths(number: Numbered) -> (&'static str, Option<&'static str>) {
    match number {
        Numbered::Cycle => ("/orbit_info/cycle_number", None),
        Numbered::Rgt => ("/orbit_info/rgt", None),
        Numbered::Region => (
            "/ancillary_data/start_region",
            Some("/ancillary_data/end_region"),
        ),
    }
}

/// The number of a granule.
///
/// # Errors
/// Nothing tells it; the granule has several, or another than its name.
pub(super) fn numbered(granule: &GranuleFile, number: Numbered) -> Result<u32> {
    let named = Named::of(granule.name());
    let named = match number {
        Numbered::Cycle => named.cycle,
        Numbered::Rgt => named.rgt,
        Numbered::Region => named.region,
    };
    let (word, (path, end)) = (number.name(), paths(number));
    let mut said = numbers(granule, path);
    if let (Some(said), Some(end)) = (&mut said, end) {
        let more = numbers(granule, end).into_iter().flatten();
        let more: Vec<i64> = more.filter(|end| !said.contains(end)).collect();
        said.extend(more);
    }
    let in_place = format!("give a period in place of every: {word}, such as P91D");
    let found = match (said.as_deref(), named) {
        (Some([said]), Some(named)) if *said != named => {
            return Err(granule.error(format!(
                "{path} is {said}, and its name says {word} {named}; give the file its own name, or leave it out"
            )));
        }
        (Some([found]), _) => *found,
        (None, Some(found)) => found,
        (Some(several), _) => {
            let also = end.map_or_else(String::new, |end| format!(" to {end}"));
            return Err(granule.error(format!(
                "{path}{also} is {several:?}, and a step holds granules of one {word}; leave it out, or {in_place}"
            )));
        }
        (None, None) => {
            return Err(granule.error(format!(
                "nothing tells its {word}: it has no {path}, and its name is not ATLnn_yyyymmddhhmmss_ttttccss_...; \
                 {in_place}"
            )));
        }
    };
    let range = number.range();
    let within = u32::try_from(found).ok().filter(|n| range.contains(n));
    within.ok_or_else(|| {
        granule.error(format!(
            "its {word} is {found}, and {word}s are {} to {}",
            range.start(),
            range.end()
        ))
    })
}
