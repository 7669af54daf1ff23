//! What no store of Zarr can hold, in words, before anything is computed.
//!
//! Below `layouts.rs` and `write.rs`.

use std::collections::BTreeSet;

use super::groups::is_raster;
use super::metadata::{ArrayLayout, CELL_IDS, CRS};
use super::{ragged, times};
use crate::finalize::StoreSchema;
use crate::grid::Order;
use crate::store::provenance::PROVENANCE;

/// Refuses, in words, outputs that no store can hold: before anything is computed.
pub fn check_schema(schema: &StoreSchema) -> Result<(), String> {
    check_names(schema, &[])
}

/// The same, where the store has more coordinates.
pub fn check_names(schema: &StoreSchema, coordinates: &[&str]) -> Result<(), String> {
    let mut names = BTreeSet::from([CELL_IDS, CRS, "zarr.json"]);
    names.extend(coordinates);
    if let Some(steps) = &schema.steps {
        names.extend([steps.name(), times::BOUNDS]);
    }
    for output in &schema.arrays {
        let name = output.name.as_str();
        let nameable = |c: char| c.is_alphanumeric() || "_-.".contains(c);
        let is_order = name.parse().ok().and_then(Order::new).is_some();
        if is_order || is_raster(name) || name == PROVENANCE {
            return Err(format!(
                "an output is called {name}, as a group of the store may be; choose another name"
            ));
        }
        if name.is_empty()
            || name.starts_with(['.', '-'])
            || name.starts_with("__")
            || !name.chars().all(nameable)
        {
            return Err(format!(
                "output {name:?} cannot name an array; use letters, digits and _"
            ));
        }
        ArrayLayout::output(output)?;
        if output.kind.is_ragged()
            && let Some(steps) = &schema.steps
        {
            return Err(format!(
                "{name} is a list of centroids for each cell, and stores with steps of {} hold none; leave one of the \
                 two out",
                steps.name()
            ));
        }
    }
    // What an output brings along has a name, too.
    let ragged = schema
        .arrays
        .iter()
        .filter(|output| output.kind.element() > Some(1));
    let offsets: Vec<String> = ragged
        .map(|output| ragged::offsets_of(&output.name))
        .collect();
    let outputs = schema.arrays.iter().map(|output| output.name.as_str());
    for name in outputs.chain(offsets.iter().map(String::as_str)) {
        if !names.insert(name) {
            return Err(format!(
                "the name {name} of an output is taken; choose another"
            ));
        }
    }
    Ok(())
}
