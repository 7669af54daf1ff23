//! The `joins` of a data source: granules of other products, of the same pass as that of the photons, whose rows
//! belong to photons.
//!
//! Beside `source.rs`. A row belongs to one photon, told by its geolocation segment and its place in it (ATL08,
//! `signal_photons`), or to all photons of one or several geolocation segments (ATL06, `land_ice_segments`; ATL08,
//! `land_segments`). Which file is joined is settled by names (`src/read/siblings.rs`), rows are matched where
//! granules are read (`src/read/hdf5/join.rs`).

use schemars::JsonSchema;
use serde::Deserialize;

use super::columns::RawVariable;
use super::faults::{Fault, Faults};
use super::levels::joined;
use super::raw::RawDataSource;
use super::shapes::Entries;
use super::{Config, Link};
use crate::expr::suggestion;

/// A granule that is read beside that of the photons.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::config::{Join, JoinBy, parse_yaml};
///
/// let ground = parse_yaml(
///     "ground",
///     r#"
/// data_source:
///   groups: [gt1l]
///   coordinates: {latitude: "/{group}/heights/lat_ph", longitude: "/{group}/heights/lon_ph"}
///   joins: {canopy: {product: ATL08, by: photons}}
///   variables:
///     h_ph: "/{group}/heights/h_ph"
///     class: {path: classed_pc_flag, join: canopy}
/// aggregation:
///   variables: {ground: {function: median, source: h_ph, where: "class == 1"}}
/// output:
///   grid: {type: healpix, parent_order: 6, child_order: 12}
/// "#,
/// )?;
/// let Join { product, by, .. } = &ground.joins[0];
/// assert_eq!(product, "ATL08");
/// assert!(matches!(by, JoinBy::Photons { .. }), "row by row");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    pub name: String,
    /// `ATL08`.
    pub product: String,
    pub by: JoinBy,
    /// Dataset path template: the number of each geolocation segment in the granule of the photons.
    pub base: String,
    /// Whether the times of some photons are compared with those of their rows; changes no value.
    pub compare_times: bool,
}

/// What tells the photons of a row: dataset path templates in the granule that is joined.
///
/// ```
/// use icefold::config::JoinBy;
///
/// let ice = JoinBy::Segments { first: "/{group}/land_ice_segments/segment_id".to_owned(), last: None };
/// assert!(matches!(ice, JoinBy::Segments { last: None, .. }), "a row is one geolocation segment");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JoinBy {
    /// A row is a photon: the number of its geolocation segment, and its place in it, counted from 1.
    Photons { segment: String, index: String },
    /// A row is one geolocation segment, or those from a first to a last.
    Segments { first: String, last: Option<String> },
}

impl Join {
    /// The datasets by which rows are matched.
    pub fn datasets(&self) -> Vec<&String> {
        let mut all = vec![&self.base];
        match &self.by {
            JoinBy::Photons { segment, index } => all.extend([segment, index]),
            JoinBy::Segments { first, last } => {
                all.extend([Some(first), last.as_ref()].into_iter().flatten());
            }
        }
        all
    }
}

impl Config {
    /// Columns of 8 bytes that a row takes beside its batch at most: what filters look at, what tells joined rows, and
    /// the copy that is made where a condition thins a batch.
    pub(crate) fn decoded_beside(&self) -> usize {
        let copied = if self.conditions.is_empty() {
            0
        } else {
            self.variables.len() + 2
        };
        // Places of photons in their geolocation segments, and for each photon its row.
        self.filters.len() + 2 * self.joins.len() + copied
    }

    /// The same without what is joined: what the granules of photons alone have.
    #[must_use]
    pub(crate) fn without_joins(&self) -> Self {
        let mut alone = self.clone();
        alone.joins.clear();
        alone.variables.retain(|variable| variable.join.is_none());
        alone
    }
}

/// As explanations and the hash of a config say it.
impl std::fmt::Display for Join {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { product, base, .. } = self;
        match &self.by {
            JoinBy::Photons { segment, index } => {
                write!(
                    f,
                    "{product} by photons, {segment} is {base}, {index} from 1 in it"
                )
            }
            JoinBy::Segments { first, last: None } => {
                write!(f, "{product} by segments, {first} is {base}")
            }
            JoinBy::Segments {
                first,
                last: Some(last),
            } => {
                write!(f, "{product} by segments, {first} to {last} have {base}")
            }
        }
    }
}

/// A join as it is written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawJoin {
    /// The product that is joined, e.g. `ATL08`; the file is found by its name.
    product: String,
    /// Whether a row is a photon, or one or several geolocation segments.
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
}

/// Where products have what is joined: group, number of the geolocation segment or of the first, of the last, place
/// in it (data dictionaries of ATL08 and ATL06, release 006).
const KNOWN: [(&str, RawBy, [&str; 4]); 3] = [
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
];

/// Products whose granules are not of a pass as those of photons are.
const OTHERS: [&str; 13] = [
    "ATL04", "ATL09", "ATL11", "ATL14", "ATL15", "ATL16", "ATL17", "ATL18", "ATL19", "ATL20",
    "ATL21", "ATL22", "ATL23",
];

/// The declared joins.
pub(super) struct Joins<'a> {
    all: Option<&'a Entries<RawJoin>>,
    /// Their names are not known: none is right or wrong.
    unknown: bool,
    typed: Vec<Typed>,
}

/// A join with its group.
struct Typed {
    name: String,
    product: String,
    path: String,
    by: JoinBy,
    compare_times: bool,
}

impl<'a> Joins<'a> {
    pub fn new(raw: &'a RawDataSource, faults: &mut Faults) -> Self {
        let unknown = faults.covered("data_source.joins");
        let mut typed = Vec::new();
        for (name, join) in raw.joins.iter().flat_map(|all| &all.0) {
            let key = format!("data_source.joins.{name}");
            if !faults.hole_in(&key) {
                typed.extend(faults.keep(self::typed(name, join, &key)));
            }
        }
        let declared = raw.joins.as_ref().map_or(0, |all| all.0.len());
        Self {
            all: raw.joins.as_ref(),
            unknown: unknown || typed.len() < declared,
            typed,
        }
    }

    /// Whether photons have to be told by their geolocation segments.
    pub fn needs_link(&self) -> bool {
        !self.typed.is_empty()
    }

    /// The place of the join that a source column comes with.
    pub fn of(&self, key: &str, variable: &RawVariable) -> Result<Option<usize>, Fault> {
        let Some(name) = &variable.join else {
            return Ok(None);
        };
        if variable.level.is_some() {
            let message =
                "stands beside level; what is joined has the rows of its own granule: keep one";
            return Err(Fault::new(format!("{key}.join"), message));
        }
        let place = self.typed.iter().position(|join| join.name == *name);
        if place.is_some() || self.unknown {
            return Ok(place);
        }
        let message = match self.all {
            None => format!("'{name}' names a join, but data_source.joins is missing"),
            Some(all) => format!("unknown join '{name}'{}", suggestion(name, all.names())),
        };
        Err(Fault::new(format!("{key}.join"), message))
    }

    /// The path of a dataset of a join, whose group stands before a relative one.
    pub fn path(&self, join: usize, path: &str) -> String {
        joined(&self.typed[join].path, path)
    }

    /// The joins; the photons' geolocation segments are those of the link.
    pub fn typed(self, link: Option<&Link>) -> Vec<Join> {
        let group = link.map_or("", |link| &link.path);
        let base = joined(group, "segment_id");
        let typed = self.typed.into_iter();
        typed
            .map(|join| Join {
                name: join.name,
                product: join.product,
                by: join.by,
                compare_times: join.compare_times,
                base: base.clone(),
            })
            .collect()
    }
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
            "is {product}, whose granules are not of one pass and region as those of ATL03 are; ATL06, ATL08 and \
             others that have numbers of geolocation segments in ground tracks are joined"
        ));
    }
    Ok(product)
}

fn typed(name: &str, raw: &RawJoin, key: &str) -> Result<Typed, Fault> {
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
            let by = if raw.by == RawBy::Photons {
                "photons"
            } else {
                "segments"
            };
            let message =
                format!("key '{key}' is missing; for {product} by {by} nothing stands in for it");
            Fault::new(format!("data_source.joins.{name}"), message)
        })
    };
    let path = needed("path", path)?;
    let segment = joined(&path, &needed("segment_id", segment)?);
    let by = match raw.by {
        RawBy::Photons if end.is_some() => {
            return fault(
                ".segment_id_end",
                "is for rows of several geolocation segments; a photon is in one".into(),
            );
        }
        RawBy::Photons => JoinBy::Photons {
            segment,
            index: joined(&path, &needed("index", index)?),
        },
        RawBy::Segments if raw.times.is_some() => {
            return fault(
                ".times",
                "is about photons; for rows that are photons say by: photons".into(),
            );
        }
        RawBy::Segments if raw.index.is_some() => {
            return fault(
                ".index",
                "is the place of a photon; for rows that are photons say by: photons".into(),
            );
        }
        RawBy::Segments => JoinBy::Segments {
            first: segment,
            last: end.map(|end| joined(&path, &end)),
        },
    };
    Ok(Typed {
        name: name.to_owned(),
        product,
        path,
        by,
        compare_times: raw.times != Some(RawTimes::Ignore),
    })
}

/// How geolocation segments map to photons where no level says it (ATL03 data dictionary, `geolocation`).
pub(super) fn default_link() -> Link {
    let group = "/{group}/geolocation";
    Link {
        level: "segments".into(),
        path: group.into(),
        index_beg: format!("{group}/ph_index_beg"),
        count: format!("{group}/segment_ph_cnt"),
        index_base: 1,
        latitude: None,
        longitude: None,
    }
}
