//! The keys of one join to what it joins, by the product: which datasets tell whose photons a row is of.
//!
//! Used by `joins.rs`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::JoinBy;
use super::faults::Fault;
use super::levels::joined;

/// A join as it is written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawJoin {
    /// The product that is joined, e.g. `ATL08`; the file is found by its name.
    product: String,
    /// Whether a row is a photon, one or several geolocation segments, or those up to the next row.
    by: RawBy,
    /// The group that the datasets are in; that of the product by default.
    path: Option<String>,
    /// What has the numbers of geolocation segments; that of the product by default.
    segment_id: Option<String>,
    /// Where rows are of several geolocation segments: what has the number of the last.
    segment_id_end: Option<String>,
    /// Of photons: what has their place in their geolocation segment, from 1.
    index: Option<String>,
    /// Of photons: whether `delta_time` of some of them is compared in both granules.
    times: Option<RawTimes>,
    /// Of profiles: how many geolocation segments a row has at most; 20 by default.
    span: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum RawTimes {
    Compare,
    Ignore,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum RawBy {
    Photons,
    Segments,
    Profiles,
}

impl RawBy {
    fn name(self) -> &'static str {
        match self {
            Self::Photons => "photons",
            Self::Segments => "segments",
            Self::Profiles => "profiles",
        }
    }
}

/// Where products have what is joined: group, number of the geolocation segment or of the first, of the last, place
/// in it (data dictionaries of ATL08 and ATL06, release 006).
const KNOWN: [(&str, RawBy, [&str; 4]); 4] = [
    (
        "ATL08",
        RawBy::Photons,
        [
            "/{group}/signal_photons",
            "ph_segment_id",
            "",
            "classed_pc_indx",
        ],
    ),
    (
        "ATL08",
        RawBy::Segments,
        [
            "/{group}/land_segments",
            "segment_id_beg",
            "segment_id_end",
            "",
        ],
    ),
    (
        "ATL06",
        RawBy::Segments,
        ["/{group}/land_ice_segments", "segment_id", "", ""],
    ),
    (
        "ATL09",
        RawBy::Profiles,
        ["/{group}/high_rate", "segment_id", "", ""],
    ),
];

/// Geolocation segments of a profile at most: 400 shots at 10 kHz are 0.04 s, in which the ground track goes on by some
/// 280 m, 14 or 15 geolocation segments. What is further behind a profile is in a gap.
const SPAN: u32 = 20;
/// The same of what a config may say: as far as from pole to pole.
const MOST_SPAN: u64 = 1_000_000;

/// Products whose granules are not of a pass as those of photons are.
const OTHERS: [&str; 12] = [
    "ATL04", "ATL11", "ATL14", "ATL15", "ATL16", "ATL17", "ATL18", "ATL19", "ATL20", "ATL21",
    "ATL22", "ATL23",
];

/// The product whose granules are of orbits, and its rows of profiles.
const ATL09: &str = "ATL09";

/// A join with its group.
pub(super) struct Typed {
    pub name: String,
    pub product: String,
    pub path: String,
    pub by: JoinBy,
    pub compare_times: bool,
}

/// The product, if its granules can be joined.
fn product(given: &str) -> Result<String, String> {
    let product = given.to_ascii_uppercase();
    let digits = product.strip_prefix("ATL").unwrap_or_default();
    if digits.len() != 2 || !digits.bytes().all(|c| c.is_ascii_digit()) {
        return Err(format!("'{given}' is no product, e.g. ATL08"));
    }
    if product == "ATL03" {
        return Err("is ATL03, which has the photons; name the product to join to them".into());
    }
    if OTHERS.contains(&&*product) {
        return Err(format!(
            "is {product}, whose granules are not of one pass and region as those of ATL03 are; ATL06, ATL08, ATL09 and \
             others that have numbers of geolocation segments in ground tracks are joined"
        ));
    }
    Ok(product)
}

pub(super) fn typed(name: &str, raw: &RawJoin, key: &str) -> Result<Typed, Fault> {
    let fault = |below: &str, message: String| Err(Fault::new(format!("{key}{below}"), message));
    let product = product(&raw.product);
    let product = product.map_err(|message| Fault::new(format!("{key}.product"), message))?;
    let known = KNOWN
        .iter()
        .find(|(of, by, _)| *of == product && *by == raw.by);
    let known = known.map(|(_, _, names)| *names);
    let or_known = |given: &Option<String>, place: usize| {
        let name = known.map_or("", |names| names[place]);
        let name = given.as_deref().unwrap_or(name);
        (!name.is_empty()).then(|| name.to_owned())
    };
    // Of names that are given, none is filled up with the product's.
    let end = match (&raw.segment_id, &raw.segment_id_end) {
        (Some(_), end) => end.clone(),
        (None, end) => or_known(end, 2),
    };
    let (path, segment, index) = (
        or_known(&raw.path, 0),
        or_known(&raw.segment_id, 1),
        or_known(&raw.index, 3),
    );
    let needed = |key: &str, given: Option<String>| {
        given.ok_or_else(|| {
            let by = raw.by.name();
            let message =
                format!("key '{key}' is missing; for {product} by {by} nothing stands in for it");
            Fault::new(format!("data_source.joins.{name}"), message)
        })
    };
    if (product == ATL09) != (raw.by == RawBy::Profiles) {
        let message = format!(
            "is {}; ATL09, whose granules are of whole orbits, is joined by profiles, and no other product is",
            raw.by.name()
        );
        return fault(".by", message);
    }
    let path = needed("path", path)?;
    let segment = joined(&path, &needed("segment_id", segment)?);
    if raw.span.is_some() && raw.by != RawBy::Profiles {
        let message = "is how far a profile goes; it belongs to by: profiles";
        return fault(".span", message.into());
    }
    let end = end.map(|end| joined(&path, &end));
    let index = || Ok(joined(&path, &needed("index", index)?));
    Ok(Typed {
        by: by(raw, key, (segment, end), index)?,
        name: name.to_owned(),
        product,
        path,
        compare_times: raw.times != Some(RawTimes::Ignore),
    })
}

/// How rows and photons are joined, by the datasets of `segment_id`, `segment_id_end` and `index`.
fn by(
    raw: &RawJoin,
    key: &str,
    (segment, end): (String, Option<String>),
    index: impl FnOnce() -> Result<String, Fault>,
) -> Result<JoinBy, Fault> {
    let fault = |below: &str, message: String| Err(Fault::new(format!("{key}{below}"), message));
    let by = match raw.by {
        RawBy::Photons if end.is_some() => {
            return fault(
                ".segment_id_end",
                "is for rows of several geolocation segments; a photon is in one".into(),
            );
        }
        RawBy::Photons => JoinBy::Photons {
            segment,
            index: index()?,
        },
        RawBy::Profiles if end.is_some() => {
            return fault(
                ".segment_id_end",
                "is for rows that say it; a profile goes up to the next".into(),
            );
        }
        _ if raw.times.is_some() => {
            return fault(
                ".times",
                "is about photons; for rows that are photons say by: photons".into(),
            );
        }
        _ if raw.index.is_some() => {
            return fault(
                ".index",
                "is the place of a photon; for rows that are photons say by: photons".into(),
            );
        }
        RawBy::Segments => JoinBy::Segments {
            first: segment,
            last: end,
        },
        RawBy::Profiles => match raw.span {
            None => JoinBy::Profiles {
                first: segment,
                span: SPAN,
            },
            Some(span @ 1..=MOST_SPAN) => JoinBy::Profiles {
                first: segment,
                span: span as u32,
            },
            Some(span) => {
                let message =
                    format!("is {span}; a profile has 1 to {MOST_SPAN} geolocation segments");
                return fault(".span", message);
            }
        },
    };
    Ok(by)
}
