//! The `joins` of a data source: granules of other products, of the same pass as that of the photons, whose rows
//! belong to photons.
//!
//! Beside `source.rs`. A row belongs to one photon, told by its geolocation segment and its place in it (ATL08,
//! `signal_photons`), or to all photons of one or several geolocation segments (ATL06, `land_ice_segments`; ATL08,
//! `land_segments`), or to those up to the next row's first (ATL09, `high_rate`). Which file is joined is settled by
//! names (`src/read/siblings.rs`), rows are matched where granules are read (`src/read/hdf5/join.rs`).

use super::columns::RawVariable;
use super::faults::{Fault, Faults};
use super::join_keys::{RawJoin, Typed, typed};
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
    /// A row is the profile of a pair of ground tracks: the geolocation segments from a first to before that of the next
    /// row, and at most so many. `{group}` stands for the profile, such as `profile_1`.
    Profiles { first: String, span: u32 },
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
            JoinBy::Profiles { first, .. } => all.push(first),
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

    /// The config that reads the same positions and nothing else.
    pub(crate) fn positions(&self) -> Self {
        Self {
            variables: Vec::new(),
            filters: Vec::new(),
            conditions: Vec::new(),
            axis: None,
            said: Vec::new(),
            link: None,
            joins: Vec::new(),
            outputs: Vec::new(),
            ..self.clone()
        }
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
            JoinBy::Profiles { first, span } => {
                write!(
                    f,
                    "{product} by profiles, {first} to the next have {base}, {span} at most"
                )
            }
        }
    }
}

/// The declared joins.
pub(super) struct Joins<'a> {
    all: Option<&'a Entries<RawJoin>>,
    /// Their names are not known: none is right or wrong.
    unknown: bool,
    typed: Vec<Typed>,
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
