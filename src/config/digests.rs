//! T-digests as outputs: `kind: ragged`, in the words of zagg's pipeline files.
//!
//! Beside `outputs.rs`. A digest is a list of centroids for each cell, a mean and a weight each, and where and when its
//! photons are.

use super::clock::TimeSource;
use super::faults::Fault;
use super::params::RawParams;
use super::raw::{RawKind, RawOutput};
use super::{Config, Definition, Told};

/// The function by its short name.
pub(super) const NAME: &str = "tdigest";
/// The functions of zagg that are this one: they differ in how parts are merged, and there are none here.
const OF_ZAGG: [&str; 2] = [
    "zagg.stats.tdigest.build_tdigest",
    "zagg.stats.tdigest.build_tdigest_pairwise",
];
/// That of zagg of the photons that `params.where` names.
const OF_STRATA: &str = "zagg.stats.tdigest.build_tdigest_where";
/// What zagg takes where nothing is said, and the most of coarser orders then.
const DEFAULT: u32 = 512;
/// Centroids of a cell at most, about.
const MOST: u32 = 1 << 20;

/// Where below the output something is wrong, and what.
type Wrong = (&'static str, String);

/// Whether a function is this one.
pub(super) fn is_one(function: &str) -> bool {
    function == NAME || OF_ZAGG.contains(&function) || function == OF_STRATA
}

/// What goes with digests only goes with nothing else.
pub(super) fn check(raw: &RawOutput) -> Result<(), Wrong> {
    let function = raw.function.as_deref();
    let refuse = |below, message: String| Err((below, message));
    if function.is_some_and(is_one) {
        return Ok(());
    }
    let delta = raw.params.as_ref().and_then(|params| params.delta);
    for (below, is_there) in [
        (".location", raw.location.is_some()),
        (".temporal", raw.temporal.is_some()),
        (".inner_shape", raw.inner_shape.is_some()),
        (".overview_delta", raw.overview_delta.is_some()),
        (".params.delta", delta.is_some()),
    ] {
        if is_there {
            return refuse(below, format!("is of digests only, function: {NAME}"));
        }
    }
    if raw.kind == Some(RawKind::Ragged) {
        return refuse(
            ".kind",
            format!(
                "is of digests only, function: {NAME}; other outputs are one number for each cell"
            ),
        );
    }
    Ok(())
}

/// The condition on the photons of a digest, as text: that of zagg's strata, or the one beside the function.
pub(super) fn condition(raw: &RawOutput) -> Result<Option<(&'static str, String)>, Wrong> {
    let of_params = raw
        .params
        .as_ref()
        .and_then(|params| params.condition.as_ref());
    let of_strata = raw.function.as_deref() == Some(OF_STRATA);
    let refuse = |below, message: &str| Err((below, message.to_owned()));
    match (of_params, &raw.condition) {
        (Some(_), _) if !of_strata => refuse(
            ".params.where",
            "is of build_tdigest_where; write where beside the function",
        ),
        (Some(_), Some(_)) => refuse(".where", "stands beside params.where; keep one"),
        (None, None) if of_strata => {
            refuse("", "needs params.where: which photons are in the digest")
        }
        (Some(text), None) => super::strata::in_words(text)
            .map(|words| Some((".params.where", words)))
            .map_err(|message| (".params.where", format!("'{}' {message}", text.trim()))),
        (None, text) => Ok(text.clone().map(|text| (".where", text))),
    }
}

/// The digest of a column, and what it is in words; `times` is how photons tell their time.
pub(super) fn digest(
    column: String,
    raw: &RawOutput,
    times: &TimeSource,
) -> Result<(Definition, String), Wrong> {
    if matches!(raw.kind, Some(RawKind::Scalar | RawKind::Vector)) {
        let message = "is not ragged, and a digest is a list for each cell; use ragged".to_owned();
        return Err((".kind", message));
    }
    if let Some(shape) = raw.inner_shape.as_ref().filter(|shape| ***shape != [2]) {
        let message = format!("is {shape:?}, and a centroid has a mean and a weight: [2]");
        return Err((".inner_shape", message));
    }
    let none = RawParams::default();
    let params = raw.params.as_ref().unwrap_or(&none);
    let of_composition = params.special().filter(|key| *key != ".params.where");
    if params.common().or(of_composition).is_some() {
        return Err((".params", "a digest takes delta only".to_owned()));
    }
    let time = match times {
        TimeSource::Column(column) => raw.temporal.is_some().then(|| column.clone()),
        TimeSource::Unsaid if raw.temporal.is_some() => {
            let message = "needs output.time_source: {field, epoch}, the column of times and the moment it counts from";
            return Err((".temporal", message.to_owned()));
        }
        TimeSource::Unsaid | TimeSource::Wrong => None,
    };
    let within = |below, delta: u32| match delta {
        1..=MOST => Ok(delta),
        _ => Err((below, format!("is {delta}; it is 1 to {MOST}"))),
    };
    let delta = within(".params.delta", params.delta.unwrap_or(DEFAULT))?;
    let coarser = raw.overview_delta.unwrap_or(delta.min(DEFAULT));
    let coarser = within(".overview_delta", coarser)?;
    let words = format!("{NAME} delta {delta}");
    let definition = Definition::Digest {
        column,
        delta,
        coarser,
        told: Told {
            location: raw.location.is_some(),
            time,
        },
    };
    Ok((definition, words))
}

/// What digests do not go with: places are cells of the sphere.
pub(super) fn faults(config: &Config) -> Vec<Fault> {
    let of_sphere = config.grid.kind.rectilinear().is_none();
    let outputs = config.outputs.iter().filter(|output| {
        let told = match &output.definition {
            Definition::Digest { told, .. } => told.location,
            _ => false,
        };
        told && !of_sphere
    });
    let faults = outputs.map(|output| {
        let message = "asks for cells of HEALPix, and the grid is rectilinear; remove it";
        let key = format!("aggregation.variables.{}.location", output.name);
        Fault::new(key, message)
    });
    faults.collect()
}
