//! `types` of a data source: what columns of comma-separated values are, in place of what their values look like.
//!
//! Beside `source.rs`. Whether the values of a file are of these types is seen when it is opened.

use schemars::JsonSchema;
use serde::Deserialize;

use super::GranuleKind;
use super::faults::{Fault, Faults};
use super::raw::RawDataSource;

/// What all values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CsvType {
    /// Whole numbers of 64 bits.
    Int64,
    Float64,
    /// `true` and `false`.
    Boolean,
    /// Dates and moments.
    Time,
    /// Text, which filters compare, whatever it looks like.
    Text,
}

impl CsvType {
    /// The spelling in configs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Int64 => "int64",
            Self::Float64 => "float64",
            Self::Boolean => "boolean",
            Self::Time => "time",
            Self::Text => "text",
        }
    }
}

/// Columns with their types, by name; of HDF5 there are none.
pub(super) fn types(
    raw: &RawDataSource,
    granules: GranuleKind,
    faults: &mut Faults,
) -> Vec<(String, CsvType)> {
    if raw.types.is_some() && granules == GranuleKind::Hdf5 {
        let message = "is for tables of comma-separated values (reader: table); datasets have types of their own";
        faults.add(Fault::new("data_source.types", message));
    }
    let entries = raw.types.iter().flat_map(|entries| &entries.0);
    let mut types: Vec<(String, CsvType)> =
        entries.map(|(name, kind)| (name.clone(), *kind)).collect();
    types.sort_by(|a, b| a.0.cmp(&b.0));
    types
}
