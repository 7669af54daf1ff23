//! T-digests as outputs: `kind: ragged`, in the words of zagg's pipeline files.
//!
//! Beside `outputs.rs`. A digest is a list of centroids for each cell, a mean and a weight each.

use super::Definition;
use super::raw::{RawKind, RawOutput, RawParams};

/// The function by its short name.
pub(super) const NAME: &str = "tdigest";
/// The functions of zagg that are this one: they differ in how parts are merged, and there are none here.
const OF_ZAGG: [&str; 2] = [
    "zagg.stats.tdigest.build_tdigest",
    "zagg.stats.tdigest.build_tdigest_pairwise",
];
/// What zagg takes where nothing is said, and the most of coarser orders then.
const DEFAULT: u32 = 512;
/// Centroids of a cell at most, about.
const MOST: u32 = 1 << 20;

/// Where below the output something is wrong, and what.
type Wrong = (&'static str, String);

/// Whether a function is this one.
pub(super) fn is_one(function: &str) -> bool {
    function == NAME || OF_ZAGG.contains(&function)
}

/// What goes with digests only goes with nothing else.
pub(super) fn check(raw: &RawOutput) -> Result<(), Wrong> {
    let function = raw.function.as_deref();
    let refuse = |below, message: String| Err((below, message));
    if function.is_some_and(|function| function.ends_with("build_tdigest_where")) {
        let message = format!(
            "builds digests of some photons by params.where; use function: {NAME} and where: beside it, with and, or \
             and not between comparisons"
        );
        return refuse(".function", message);
    }
    if function.is_some_and(is_one) {
        return Ok(());
    }
    let delta = raw.params.as_ref().and_then(|params| params.delta);
    for (below, is_there) in [
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

/// The digest of a column, and what it is in words.
pub(super) fn digest(column: String, raw: &RawOutput) -> Result<(Definition, String), Wrong> {
    if matches!(raw.kind, Some(RawKind::Scalar | RawKind::Vector)) {
        let message = "is not ragged, and a digest is a list for each cell; use ragged".to_owned();
        return Err((".kind", message));
    }
    if let Some(shape) = raw.inner_shape.as_ref().filter(|shape| ***shape != [2]) {
        let message = format!("is {shape:?}, and a centroid has a mean and a weight: [2]");
        return Err((".inner_shape", message));
    }
    let none = RawParams::default();
    let RawParams {
        q,
        weights,
        ddof,
        edges,
        x,
        by,
        delta,
    } = raw.params.as_ref().unwrap_or(&none);
    let others = x.is_some() || by.is_some() || edges.is_some();
    if q.is_some() || weights.is_some() || ddof.is_some() || others {
        return Err((".params", "a digest takes delta only".to_owned()));
    }
    let within = |below, delta: u32| match delta {
        1..=MOST => Ok(delta),
        _ => Err((below, format!("is {delta}; it is 1 to {MOST}"))),
    };
    let delta = within(".params.delta", delta.unwrap_or(DEFAULT))?;
    let coarser = raw.overview_delta.unwrap_or(delta.min(DEFAULT));
    let coarser = within(".overview_delta", coarser)?;
    let words = format!("{NAME} delta {delta}");
    let definition = Definition::Digest {
        column,
        delta,
        coarser,
    };
    Ok((definition, words))
}
