//! Compares what two stores say of themselves: roots, groups, and what they were made of.
//!
//! Below `verify.rs`, which compares values. Cells are the question: that two stores were made of other files, or by
//! another command, is noted and no difference.

use std::path::Path;

use serde_json::{Map, Value};

use super::difference::VerifyReport;
use super::documents::{members_of, properties, text};
use super::group::Extent;
use super::groups::{document, group_of};
use super::made_of::made_of;
use super::read::StoreReader;
use crate::error::Result;
use crate::grid::Order;
use crate::store::provenance::{OF_CELLS, OF_INPUTS};

/// The attribute of a root that lists orders, and the name of its convention.
const MULTISCALES: &str = "multiscales";

/// What two groups say besides their grids and how they were made.
pub fn others([a, b]: [&Map<String, Value>; 2]) -> [Map<String, Value>; 2] {
    // A group without `history` does not tell what was read.
    let both_tell = a.contains_key("history") == b.contains_key("history");
    [a, b].map(|attributes| {
        let mut others = attributes.clone();
        others.retain(|key, _| {
            let key = key.as_str();
            let apart = ["dggs", "latitude", "icefold", MULTISCALES].contains(&key);
            let of_cells = both_tell || !OF_CELLS.contains(&key);
            !apart && of_cells && !OF_INPUTS.contains(&key)
        });
        if let Some(Value::Array(all)) = others.get_mut("zarr_conventions") {
            // Of the root, which is compared by itself.
            all.retain(|convention| convention["name"] != MULTISCALES);
        }
        others
    })
}

/// What roots say that the groups of their finest cells do not.
pub fn compare_roots(stores: [&Path; 2], finest: Order, report: &mut VerifyReport) -> Result<()> {
    let have_cells = stores.map(|store| group_of(store, finest).is_empty());
    if have_cells[0] != have_cells[1] {
        let note = "root: only one of the two opens to its finest cells; roots are not compared";
        report.notes.push(note.to_owned());
        return Ok(());
    }
    let mut roots = [
        document(stores[0], stores[0])?,
        document(stores[1], stores[1])?,
    ]
    .each_ref()
    .map(members_of);
    for root in &mut roots {
        root.retain(|key, _| {
            let key = key.as_str();
            (key == MULTISCALES || !have_cells[0]) && !OF_INPUTS.contains(&key)
        });
    }
    properties(report, "root", &roots);
    Ok(())
}

/// Notes where two stores were made of other files, by another config or command.
pub fn compare_inputs([a, b]: [&Path; 2], report: &mut VerifyReport) -> Result<()> {
    let (Some(a), Some(b)) = (made_of(a)?, made_of(b)?) else {
        return Ok(());
    };
    if a["granules"] != b["granules"] {
        let files = [&a, &b].map(|of| of["granules"].as_array().map_or(0, Vec::len));
        report.notes.push(format!(
            "made of other granules: {} in a and {} in b, of other names, sizes or bytes",
            files[0], files[1]
        ));
    }
    for key in ["command", "config"] {
        if a[key] != b[key] {
            let said = match key {
                "config" => "the config is written otherwise".to_owned(),
                _ => format!(
                    "{key} is {} in a and {} in b",
                    text(a.get(key)),
                    text(b.get(key))
                ),
            };
            report.notes.push(format!("provenance: {said}"));
        }
    }
    Ok(())
}

/// Says what of two runs on rows and columns is not compared: files that are made of a store are not in it.
///
/// # Errors
/// A store that cannot be read.
pub fn note_beside(stores: [&Path; 2], report: &mut VerifyReport) -> Result<()> {
    for store in stores {
        if StoreReader::open(store)?.extent() != Extent::Raster {
            return Ok(());
        }
    }
    let note = "GeoTIFF beside the stores is not looked at: of equal stores it has the same bytes";
    report.notes.push(note.to_owned());
    Ok(())
}
