//! The `output.time_source` section: how photons tell their time, in the words of zagg's pipeline files.
//!
//! Beside `digests.rs`, whose centroids tell when their photons are.

use schemars::JsonSchema;
use serde::Deserialize;

use super::faults::{Fault, Faults};
use super::time::moment;
use crate::expr::suggestion;
use crate::stat::{Clock, ClockUnit};

const SECTION: &str = "output.time_source";

/// A source column of times.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTimeSource {
    /// The source column.
    pub field: String,
    /// The moment in UTC from which it counts, such as `2018-01-01T00:00:00`.
    pub epoch: String,
    /// A scale without leap seconds; `gps` where nothing is said.
    #[allow(
        dead_code,
        reason = "both count the same seconds from a moment that UTC names"
    )]
    pub scale: Option<RawScale>,
    /// `seconds` where nothing is said.
    pub units: Option<RawUnits>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawScale {
    Gps,
    Tai,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawUnits {
    Seconds,
    Days,
}

/// What the section says.
#[derive(Debug)]
pub(super) enum TimeSource {
    /// Nothing: there is none.
    Unsaid,
    /// What is among the faults already: outputs that need it have none of their own.
    Wrong,
    /// The column of times, and how it counts.
    Column((String, Clock)),
}

impl TimeSource {
    pub fn new(raw: Option<&RawTimeSource>, columns: &[&str], faults: &mut Faults) -> Self {
        match raw {
            Some(raw) => clock(raw, columns, faults).map_or(Self::Wrong, Self::Column),
            None if faults.hole_in(SECTION) => Self::Wrong,
            None => Self::Unsaid,
        }
    }
}

/// The column of times and how it counts; `None` where that is wrong.
fn clock(raw: &RawTimeSource, columns: &[&str], faults: &mut Faults) -> Option<(String, Clock)> {
    if faults.covered("data_source.variables") {
        return None;
    }
    if !columns.contains(&raw.field.as_str()) {
        let hint = suggestion(&raw.field, columns.iter().copied());
        let message = format!("'{}' is not in data_source.variables{hint}", raw.field);
        faults.add(Fault::new(format!("{SECTION}.field"), message));
        return None;
    }
    let unit = match raw.units {
        None | Some(RawUnits::Seconds) => ClockUnit::Seconds,
        Some(RawUnits::Days) => ClockUnit::Days,
    };
    let clock = moment(&raw.epoch)
        .and_then(|(since_1970, month)| Clock::since(since_1970, month, unit))
        .ok_or_else(|| {
            let message = format!(
                "'{}' is no moment in UTC from 1850 to 2141; write e.g. 2018-01-01T00:00:00",
                raw.epoch
            );
            Fault::new(format!("{SECTION}.epoch"), message)
        });
    faults.keep(clock).map(|clock| (raw.field.clone(), clock))
}
