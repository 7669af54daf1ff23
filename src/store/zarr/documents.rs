//! Compares what the documents of two stores say, member by member.
//!
//! Below `verify.rs`, which compares values.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::difference::VerifyReport;
use super::group::Extent;
use super::metadata::CRS;
use super::read::StoreReader;
use crate::error::Result;

/// Members of a document, its attributes among them; without the copies of other documents that some
/// tools add.
pub fn members_of(document: &Value) -> Map<String, Value> {
    let mut members = document.as_object().cloned().unwrap_or_default();
    members.shift_remove(super::consolidated::KEY);
    if let Some(Value::Object(attributes)) = members.shift_remove("attributes") {
        members.extend(attributes);
    }
    members
}

/// Members of two objects that differ, by their names.
pub fn properties(report: &mut VerifyReport, of: &str, [a, b]: &[Map<String, Value>; 2]) {
    for key in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
        report.property(of, key, (text(a.get(key)), text(b.get(key))));
    }
}

/// The scalar whose attributes tell CF readers of the grid.
pub fn compare_grid_mappings(
    a: &StoreReader,
    b: &StoreReader,
    report: &mut VerifyReport,
) -> Result<()> {
    let full = format!("{}/{CRS}", a.grid().cell_order);
    match (a.document_of(CRS)?, b.document_of(CRS)?) {
        (Some(a), Some(b)) => properties(report, &full, &[members_of(&a), members_of(&b)]),
        (None, None) => {}
        (a, _) => report.only_in(full, a.is_some()),
    }
    Ok(())
}

/// What the documents of an array say of how it is stored.
pub fn compare_storage(
    a: &StoreReader,
    b: &StoreReader,
    name: &str,
    report: &mut VerifyReport,
) -> Result<()> {
    let full = format!("{}/{name}", a.grid().cell_order);
    let same_cut = a.extent() == Extent::Occupied && b.extent() == Extent::Occupied;
    let (Some(a), Some(b)) = (a.document_of(name)?, b.document_of(name)?) else {
        return Ok(());
    };
    // Compared by themselves, where text says less.
    let apart = ["shape", "data_type", "fill_value", "attributes"];
    // How a layout cuts an array is its own, and of the full sphere's the config decides.
    let cut = ["chunk_grid", "chunk_key_encoding", "codecs"];
    let stored = [a, b].map(|document| {
        let mut members = document.as_object().cloned().unwrap_or_default();
        members.retain(|key, _| {
            !apart.contains(&key.as_str()) && (same_cut || !cut.contains(&key.as_str()))
        });
        members
    });
    properties(report, &full, &stored);
    Ok(())
}

/// An attribute as text; `none` where it is absent.
pub fn text(value: Option<&Value>) -> String {
    match value {
        None => "none".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::fixture::write;
    use super::super::verify::verify;
    use super::*;

    /// Without what the root repeats of the documents below it, which would be damage.
    fn unrepeated(store: &std::path::Path) {
        let path = store.join("zarr.json");
        let mut value: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        value
            .as_object_mut()
            .unwrap()
            .remove(super::super::consolidated::KEY);
        fs::write(&path, value.to_string()).unwrap();
    }

    #[test]
    fn everything_that_documents_say_is_compared() {
        let folder = tempfile::tempdir().unwrap();
        let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
        write(&a, 100, 100);
        let changes = [
            ("", "/attributes/title", "12: title is none in a and 1 in b"),
            (
                "",
                "/attributes/zarr_conventions/0/name",
                "12: zarr_conventions is",
            ),
            (
                "crs",
                "/attributes/semi_major_axis",
                "12/crs: semi_major_axis is 6378137.0",
            ),
            ("crs", "/data_type", "12/crs: data_type is int8 in a"),
            (
                "h_mean",
                "/attributes/grid_mapping",
                "12/h_mean: grid_mapping is crs in a",
            ),
            (
                "h_mean",
                "/dimension_names/0",
                "12/h_mean: dimension_names is [\"cells\"]",
            ),
            (
                "h_hist",
                "/dimension_names/1",
                "12/h_hist: dimension_names is",
            ),
            (
                "cell_ids",
                "/codecs/0/configuration/codecs/1/configuration/level",
                "12/cell_ids: codecs is",
            ),
        ];
        for (document, pointer, says) in changes {
            let _ = fs::remove_dir_all(&b);
            write(&b, 100, 100);
            assert!(verify(&a, &b).unwrap().identical());
            let path = b.join(document).join("zarr.json");
            let mut value: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            let new = Value::from(if says.contains("data_type") {
                "int16"
            } else {
                "1"
            });
            let new = if key == "level" { Value::from(1) } else { new };
            match value.pointer_mut(parent).unwrap() {
                Value::Object(map) => _ = map.insert(key.to_owned(), new),
                list => list[key.parse::<usize>().unwrap()] = new,
            }
            fs::write(&path, value.to_string()).unwrap();
            unrepeated(&b);
            let report = verify(&a, &b).unwrap();
            assert_eq!(report.differences.len(), 1, "{report}");
            let text = report.differences[0].to_string();
            assert!(text.starts_with(says), "{text}");
        }
        unrepeated(&b);
        fs::remove_dir_all(b.join("crs")).unwrap();
        let text = verify(&a, &b).unwrap().to_string();
        assert!(text.contains("12/crs: only in a"), "{text}");
    }
}
