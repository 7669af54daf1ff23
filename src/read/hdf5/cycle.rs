//! Which cycle a granule is of: what it says, held against its name.
//!
//! Beside the line: `reader.rs` asks where a config has steps of cycles. A cycle is one time through all reference
//! ground tracks, some 91 days.

use super::file::GranuleFile;
use super::identity::{Named, numbers};
use crate::Result;
use crate::config::MOST_CYCLE;

/// Where granules say it.
const CYCLE: &str = "/orbit_info/cycle_number";

/// The cycle of a granule.
///
/// # Errors
/// Nothing tells it; the granule has several, or another than its name.
pub(super) fn cycle(granule: &GranuleFile) -> Result<u32> {
    let named = Named::of(granule.name()).cycle;
    let said = numbers(granule, CYCLE);
    let found = match (said.as_deref(), named) {
        (Some([said]), Some(named)) if *said != named => {
            return Err(granule.error(format!(
                "{CYCLE} is {said}, and its name says cycle {named}; give the file its own name, or leave it out"
            )));
        }
        (Some([cycle]), _) => *cycle,
        (None, Some(cycle)) => cycle,
        (Some(several), _) => {
            return Err(granule.error(format!(
                "{CYCLE} is {several:?}, and a step holds granules of one cycle; give a period in place of \
                 every: cycle, such as P91D"
            )));
        }
        (None, None) => {
            return Err(granule.error(format!(
                "nothing tells its cycle: it has no {CYCLE}, and its name is not ATLnn_yyyymmddhhmmss_ttttccss_...; \
                 give a period in place of every: cycle, such as P91D"
            )));
        }
    };
    let cycle = u32::try_from(found)
        .ok()
        .filter(|cycle| *cycle <= MOST_CYCLE);
    cycle.ok_or_else(|| {
        granule.error(format!(
            "its cycle is {found}, and cycles are 0 to {MOST_CYCLE}"
        ))
    })
}
