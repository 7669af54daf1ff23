//! The configuration: a pipeline file, parsed once into typed values.
//!
//! First on the line: everything after it works on these types and never sees a string key. Text becomes a
//! tree with places (`yaml.rs`, `tree.rs`), the tree the raw shape of the format (`raw.rs`), and that the
//! typed [`Config`] (`parse.rs` and one file per section). All that is wrong is collected on the way
//! (`faults.rs`). `job.rs` works out which columns and accumulators the outputs need.

mod access;
mod area;
mod attributes;
mod axis;
mod beams;
mod builtin;
mod canonical;
mod change;
mod clock;
mod columns;
mod composition;
mod csv_types;
mod cycles;
mod definition;
mod digests;
mod doubles;
mod emit;
mod entries;
mod explain;
mod faults;
mod filters;
mod foreign;
mod grids;
mod histogram_call;
mod idle;
mod job;
mod join_keys;
mod joins;
mod joints;
mod levels;
mod nodes;
mod numbered;
mod one_or_two;
mod operands;
mod outputs;
mod params;
mod parse;
mod policies;
mod raw;
#[cfg(test)]
mod refusals;
mod said;
mod scalar;
mod shapes;
mod source;
mod stated;
mod strata;
mod tables;
#[cfg(test)]
mod tests;
mod time;
mod tree;
mod vectors;
mod window;
mod words;
mod yaml;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::expr::{Condition, RowExpr};
use crate::region::Region;
use crate::stat::Resolution;

pub use crate::grid::{GridConfig, Latitude, Order};
pub use crate::photon::Dtype;
#[doc(hidden)]
pub use access::{Access, PROGRAM_BYTES, memory_for_chunks};
#[doc(hidden)]
pub use axis::{Numbered, Steps, TimeAxis, shown as shown_time};
pub use beams::{BeamChoice, Beams};
#[cfg(feature = "hdf5")]
pub(crate) use builtin::of_product;
pub use builtin::{BuiltIn, built_in};
pub use change::Change;
#[doc(hidden)]
pub use csv_types::CsvType;
pub use definition::Definition;
#[doc(hidden)]
pub use definition::{Anchored, Composed, Scoped, Told};
pub(crate) use doubles::largest_not_above;
pub use explain::{explain, explain_json};
pub use filters::{Filter, FilterOp};
pub use joins::{Join, JoinBy};
#[doc(hidden)]
pub use parse::parse_with_region;
pub use parse::{load, load_with, parse_yaml, parse_yaml_with};
#[doc(hidden)]
pub use policies::StoreLayout;
pub use policies::{CellPolicy, DuplicatePolicy, NanPolicy, NullPolicy, ValidRangePolicy};
pub use raw::json_schema;
#[doc(hidden)]
pub use said::{Said, SaidFilter, SaidValue};
pub use tables::{x_of, y_of};
#[doc(hidden)]
pub use time::{TimeWindow, seconds_of};

/// A run's question: what to read, what to keep, what to compute, on which grid.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::{Region, config};
///
/// let config = config::load("atl03")?;
/// let around = config.clone().within(Region::of_box(-50.0, 66.0, -45.0, 70.0)?);
/// assert_eq!(around.outputs.len(), config.outputs.len());
/// assert_ne!(around.sha256, config.sha256, "it asks about other photons");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Config {
    /// Built-in name, or the file it was read from.
    pub name: String,
    /// SHA-256 in hex of the canonical form: equal for configs that ask the same question.
    pub sha256: String,
    /// The YAML that it was parsed from.
    pub text: String,
    /// What granules are.
    pub granules: GranuleKind,
    /// The product that granules are of, e.g. `ATL06`; any where there is none.
    pub product: Option<String>,
    /// Ground tracks to read, in order; none of tables.
    pub ground_tracks: Vec<String>,
    /// Which beams are read of these ground tracks; all where there is none.
    pub beams: Option<Beams>,
    /// Dataset path templates (`{group}` stands for the ground track) of the base level; of tables
    /// names of columns, here and below.
    pub latitude: String,
    pub longitude: String,
    /// Of tables: the column of points that both are taken from.
    pub points: Option<String>,
    /// Of tables of comma-separated values: types of columns, by name, in place of those that values look like.
    #[doc(hidden)]
    pub types: Vec<(String, CsvType)>,
    /// Source columns that outputs use, in order of declaration.
    pub variables: Vec<Variable>,
    /// All must hold; the first that fails counts the photon.
    pub filters: Vec<Filter>,
    /// Conditions over the variables, which must hold, too; looked at after the filters.
    pub conditions: Vec<Condition<RowExpr>>,
    /// What granules and ground tracks have to say of themselves to be read.
    #[doc(hidden)]
    pub said: Vec<SaidFilter>,
    /// The steps of time that the store's arrays have.
    #[doc(hidden)]
    pub axis: Option<TimeAxis>,
    /// The area that photons count in; all of the Earth where there is none.
    pub region: Option<Region>,
    /// How geolocation segments map to photons, where the config declares it.
    pub link: Option<Link>,
    /// Granules that are read beside those of the photons.
    pub joins: Vec<Join>,
    pub outputs: Vec<Output>,
    pub grid: GridConfig,
    pub cells: CellPolicy,
    pub nan: NanPolicy,
    pub nulls: NullPolicy,
    pub valid_range: ValidRangePolicy,
    pub duplicates: DuplicatePolicy,
    pub store: Option<PathBuf>,
    /// How the store is laid out; no part of the question.
    #[doc(hidden)]
    pub store_layout: Option<StoreLayout>,
    pub catalog: Option<PathBuf>,
    /// How granules are opened; no part of the question.
    pub access: Access,
    /// Where the value of each explained key (`output.latitude`, ...) comes from.
    pub origins: BTreeMap<&'static str, Provenance>,
    /// Keys that are written and change nothing, as only other readers of the format need them.
    #[doc(hidden)]
    pub idle: Vec<&'static str>,
    /// Keys that a [`Change`] said, in place of what was written.
    pub changed: Vec<String>,
}

/// What the granules of a config are.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::config::{GranuleKind, load};
///
/// assert_eq!(load("atl03")?.granules, GranuleKind::Hdf5);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GranuleKind {
    /// HDF5 product files with ground tracks.
    Hdf5,
    /// Tables of photons: Parquet, Arrow IPC.
    Table,
}

/// Where a value comes from.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::config::{Provenance, load};
///
/// assert_eq!(load("atl03")?.origins["output.latitude"], Provenance::Default);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provenance {
    /// Written in the config file.
    Config,
    /// Written in a built-in config.
    BuiltIn,
    /// Not written: the default.
    Default,
}

/// One source column.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::config::{Variable, load};
///
/// let variables: Vec<Variable> = load("atl03")?.variables;
/// assert!(variables.iter().any(|variable| variable.path.ends_with("/h_ph")));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    pub name: String,
    /// Dataset path template.
    pub path: String,
    /// Which column of a 2-D dataset.
    pub column: Option<usize>,
    /// In its place, the cycle of the orbit that the column is of, by what the granule says.
    pub cycle: Option<u32>,
    /// Size of one integer unit; chosen from the dataset's name where not given.
    pub resolution: Option<Resolution>,
    /// The dataset has one row per geolocation segment and is broadcast through the link.
    pub per_segment: bool,
    /// Place in [`Config::joins`] of the one that the dataset comes with.
    pub join: Option<usize>,
}

impl Config {
    /// Whether it needs to be known which photons belong to which geolocation segments.
    #[cfg(feature = "hdf5")]
    pub(crate) fn needs_link(&self) -> bool {
        let of_segments = self.variables.iter().any(|v| v.per_segment)
            || self.filters.iter().any(|filter| filter.per_segment);
        of_segments || !self.joins.is_empty()
    }

    /// Whether some output counts granules, cycles or tracks.
    pub(crate) fn counts_marks(&self) -> bool {
        let mut outputs = self.outputs.iter();
        outputs.any(|output| operands::counts_marks(&output.definition))
    }

    /// The same question about the photons of an area, in place of the area that the config names.
    #[must_use]
    pub fn within(mut self, region: Region) -> Self {
        self.region = Some(region);
        self.sha256 = canonical::sha256(&self);
        self
    }

    /// The same question with all cells of the region as its answer, those without a photon, too.
    #[must_use]
    pub fn with_cells_of_region(mut self) -> Self {
        self.cells = CellPolicy::Region;
        self.sha256 = canonical::sha256(&self);
        self
    }
}

impl Config {
    /// Whether a change said the value of a key, or a part of it.
    fn is_changed(&self, key: &str) -> bool {
        let within = |inner: &str, outer: &str| {
            let rest = inner.strip_prefix(outer);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        let mut changed = self.changed.iter();
        changed.any(|change| within(key, change) || within(change, key))
    }
}

impl AsRef<str> for Variable {
    /// Its name.
    fn as_ref(&self) -> &str {
        &self.name
    }
}

/// How rows of the geolocation level map to runs of photons.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::config::{Link, load};
///
/// let link: Option<Link> = load("atl03")?.link;
/// assert!(link.is_none_or(|link| link.index_base <= 1));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// Name of the linked level, e.g. `segments`.
    pub level: String,
    /// Path template of the level's group, e.g. `/{group}/geolocation`.
    pub path: String,
    /// First photon of each geolocation segment; 0 for none when `index_base` is 1.
    pub index_beg: String,
    /// Photons of each geolocation segment.
    pub count: String,
    pub index_base: u64,
    /// Reference photon coordinates, for pruning and planning.
    pub latitude: Option<String>,
    pub longitude: Option<String>,
}

/// One array of the store.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::config::{Output, load};
///
/// let outputs: Vec<Output> = load("atl03")?.outputs;
/// assert_eq!(outputs[0].name, "count");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Output {
    pub name: String,
    pub definition: Definition,
    /// What has to hold of a photon that takes part.
    pub condition: Option<Condition<RowExpr>>,
    /// `None`: the statistic's default (SEMANTICS: count int32, min/max the column's, else float32).
    pub dtype: Option<Dtype>,
    /// `None`: NaN for floats, 0 for integers.
    pub fill_value: Option<f64>,
    /// The statistic in words for the store's attributes, e.g. `mean`, `quantile 0.25`, the expression.
    pub statistic: String,
    /// The source column or columns for the store's attributes, comma separated.
    pub source: String,
    /// What the config says that the values are, for the store's attributes.
    pub long_name: Option<String>,
    /// What else it says of them there.
    #[doc(hidden)]
    pub attributes: serde_json::Map<String, serde_json::Value>,
}
