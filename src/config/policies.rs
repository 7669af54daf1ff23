//! What is done with nulls, NaN and values out of range, with several files of a granule, and with cells without photons.
//!
//! Beside `mod.rs`: choices of a config by their names in it.

use schemars::JsonSchema;
use serde::Deserialize;

/// How the arrays of a store are laid out, where a config says so.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// assert_eq!(icefold::config::load("atl03")?.store_layout, None);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StoreLayout {
    /// One Zarr for all shards.
    Flat,
    /// One for each shard.
    Hive,
}

/// What a NaN does to the statistics of its cell; already worked into [`Config::outputs`](super::Config::outputs).
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::config::{NanPolicy, load};
///
/// assert_eq!(load("atl03")?.nan, NanPolicy::Propagate);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NanPolicy {
    /// The statistic is NaN.
    Propagate,
    /// It is left out.
    Skip,
}

/// What a null does, which a fill value is, too.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::config::{NullPolicy, load};
///
/// assert_eq!(load("atl06")?.nulls, NullPolicy::Exclude);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NullPolicy {
    /// A null excludes the photon from the statistics that use the column.
    Exclude,
    /// A null is an error.
    Reject,
}

/// What becomes of values outside the valid range that a dataset's attributes declare.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::config::{ValidRangePolicy, load};
///
/// assert_eq!(load("atl06")?.valid_range, ValidRangePolicy::Exclude);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ValidRangePolicy {
    /// They are null.
    Exclude,
    /// They are values like any other.
    Ignore,
}

/// Which cells a store has.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::config::{CellPolicy, load};
///
/// assert_eq!(load("atl03")?.cells, CellPolicy::Occupied);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CellPolicy {
    /// Those that photons are in.
    Occupied,
    /// All that touch the region, too.
    Region,
}

/// Which files of a granule are read where there are several.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::config::{DuplicatePolicy, load};
///
/// assert_eq!(load("atl03")?.duplicates, DuplicatePolicy::KeepLatest);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DuplicatePolicy {
    /// None: it is an error.
    Error,
    /// The one of the latest release, version and production.
    KeepLatest,
    /// All: their photons are counted as often.
    KeepAll,
}
