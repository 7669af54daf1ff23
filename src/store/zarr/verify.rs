//! Compares two stores bit by bit, and says where they first differ.
//!
//! Beside the line: `icefold verify A B`. Values are compared as bytes, so NaNs are equal only if their bits
//! are. What may differ between equal answers (version, config, shard order) is noted.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value};

use super::aligned::union;
use super::difference::{Difference, VerifiedArray, VerifyReport};
use super::documents::{compare_grid_mappings, compare_storage, properties, text};
use super::group::Extent;
use super::groups::group_of;
use super::hive::is_hive;
use super::inspect_tree::store_hashes;
use super::logical::TreeHashes;
use super::metadata::CELL_IDS;
use super::read::StoreReader;
use super::step_read::StoredSteps;
use super::verify_rest::{Members, compare_rest};
use super::verify_said::{compare_inputs, compare_roots, note_beside, others};
use super::verify_values::shown;
use crate::error::Result;
use crate::grid::Order;
use crate::text::grouped;

/// Compares the stores at `a` and `b`.
///
/// # Errors
/// If either cannot be read.
pub fn verify(a: &Path, b: &Path) -> Result<VerifyReport> {
    let mut report = VerifyReport::default();
    let orders = [StoreReader::orders_of(a)?, StoreReader::orders_of(b)?];
    let mut alike = orders[0] == orders[1] && is_hive(a) == is_hive(b);
    for &order in orders.iter().flatten().collect::<BTreeSet<&Order>>() {
        let both = orders.each_ref().map(|of| of.contains(&order));
        if both == [true, true] {
            let (a, b) = (
                StoreReader::open_order(a, order)?,
                StoreReader::open_order(b, order)?,
            );
            let pair = Pair::new(a, b, order)?;
            alike &= pair.cells.is_none() && pair.are_ours() && !pair.is_apart();
            pair.compare(&mut report)?;
        } else {
            let store = if both[0] { a } else { b };
            let store = StoreReader::open_order(store, order)?;
            report.only_in(store.grid().group(), both[0]);
        }
    }
    // Of stores of different orders it says what is said above; a hive has no document there.
    if orders[0] == orders[1] && !is_hive(a) && !is_hive(b) {
        let finest = orders[0][orders[0].len() - 1];
        compare_roots([a, b], finest, &mut report)?;
        alike &= group_of(a, finest) == group_of(b, finest);
    }
    compare_inputs([a, b], &mut report)?;
    note_beside([a, b], &mut report)?;
    let [of_a, of_b] = [a, b].map(|path| store_hashes(path, &TreeHashes::default()));
    let hashes = [of_a?.all, of_b?.all];
    let members = [Members::of(a)?, Members::of(b)?];
    if alike {
        compare_rest(
            members.each_ref(),
            hashes.each_ref().map(Option::as_ref),
            &mut report,
        );
    }
    report.content = hashes.map(|hashes| hashes.map(|all| all.combined()));
    Ok(report)
}

/// The same order of two stores.
pub(super) struct Pair {
    pub a: StoreReader,
    pub b: StoreReader,
    order: Order,
    /// The cells of either, where the two are laid out differently.
    pub cells: Option<Vec<u64>>,
}

impl Pair {
    fn new(a: StoreReader, b: StoreReader, order: Order) -> Result<Self> {
        let same = a.extent() == b.extent();
        let cells = if same {
            None
        } else {
            Some(union(&a.cell_ids()?, &b.cell_ids()?))
        };
        Ok(Self { a, b, order, cells })
    }

    fn compare(&self, report: &mut VerifyReport) -> Result<()> {
        self.compare_attributes(report);
        match &self.cells {
            // A cell that only one has is compared with fill values, array by array.
            Some(cells) => report.notes.push(format!(
                "{}: layout is {} in a and {} in b; compared at the {} cells that have a value in \
                 either",
                self.order,
                self.a.extent().name(),
                self.b.extent().name(),
                grouped(cells.len() as u64)
            )),
            None => self.compare_array(CELL_IDS, report)?,
        }
        self.compare_steps(report);
        if !self.is_apart() {
            compare_grid_mappings(&self.a, &self.b, report)?;
        }
        let names = self.a.arrays().iter().chain(self.b.arrays());
        for name in names.collect::<BTreeSet<_>>() {
            let both = [&self.a, &self.b].map(|store| store.arrays().contains(name));
            if both == [true, true] {
                self.compare_array(name, report)?;
            } else {
                report.only_in(format!("{}/{name}", self.a.grid().group()), both[0]);
            }
        }
        Ok(())
    }

    /// Whether one of the two says what it says as zagg does and the other as icefold does.
    fn is_apart(&self) -> bool {
        let as_zagg = [&self.a, &self.b].map(|store| {
            let dggs = store.attributes().get("dggs");
            dggs.is_some_and(|dggs| dggs["name"] == "morton")
        });
        as_zagg[0] != as_zagg[1]
    }

    /// Whether both were written by icefold, whose arrays say what they are.
    fn are_ours(&self) -> bool {
        [&self.a, &self.b]
            .iter()
            .all(|store| store.attributes().contains_key("icefold"))
    }

    /// The grid must agree; what ran may differ.
    fn compare_attributes(&self, report: &mut VerifyReport) {
        let (a, b) = (self.a.attributes(), self.b.attributes());
        let order = self.a.grid().group();
        if self.a.extent() == Extent::Raster || self.b.extent() == Extent::Raster {
            let [of_a, of_b] = [&self.a, &self.b].map(|store| store.grid().kind.identity());
            report.property(&order, "grid", (of_a, of_b));
        }
        if self.is_apart() || !self.are_ours() {
            let [of_a, of_b] = [&self.a, &self.b].map(|store| store.grid().kind.identity());
            report.property(&order, "grid", (of_a, of_b));
            let note = format!(
                "{order}: one of the two is laid out as zagg does; attributes are not compared"
            );
            report.notes.push(note);
            return;
        }
        let grid = [a, b].map(|attributes| self.grid_of(attributes));
        let [of_a, of_b] = grid.map(|grid| text(grid.as_ref()));
        report.property(&order, "dggs", (of_a, of_b));
        let both = (text(a.get("latitude")), text(b.get("latitude")));
        report.property(&order, "latitude", both);
        properties(report, &order, &others([a, b]));
        for key in ["version", "config_sha256", "shard_order"] {
            let of = |attributes: &Map<String, Value>| {
                text(
                    attributes
                        .get("icefold")
                        .and_then(|icefold| icefold.get(key)),
                )
            };
            if of(a) != of(b) {
                let note = format!("{order}: {key} is {} in a and {} in b", of(a), of(b));
                report.notes.push(note);
            }
        }
    }

    /// Values of arrays are compared step by step, so the steps must be the same.
    fn compare_steps(&self, report: &mut VerifyReport) {
        let [a, b] = [self.a.times(), self.b.times()];
        if a != b {
            let said = |times: Option<&StoredSteps>| {
                times.map_or_else(
                    || "none".to_owned(),
                    |t| format!("{} ({})", t.all_said(), t.name),
                )
            };
            let (mut a, mut b) = (said(a), said(b));
            if a == b {
                // They differ between the first and the last.
                (a, b) = (
                    format!("{a}, with other edges"),
                    format!("{b} with its own"),
                );
            }
            report.property(&self.a.grid().group(), "steps of time", (a, b));
        }
    }

    /// What a group says of its grid; without what only one of two layouts has.
    fn grid_of(&self, attributes: &Map<String, Value>) -> Option<Value> {
        let mut grid = attributes.get("dggs").cloned()?;
        if let (Some(_), Some(grid)) = (&self.cells, grid.as_object_mut()) {
            grid.shift_remove("coordinate");
            grid.shift_remove("compression");
        }
        Some(grid)
    }

    fn compare_array(&self, name: &str, report: &mut VerifyReport) -> Result<()> {
        let before = report.differences.len();
        let (mut a, mut b) = (self.a.info(name)?, self.b.info(name)?);
        if let Some(cells) = &self.cells {
            (a.shape[0], b.shape[0]) = (cells.len() as u64, cells.len() as u64);
        }
        let full = format!("{}/{name}", self.a.grid().group());
        let both = (a.dtype.name().to_owned(), b.dtype.name().to_owned());
        report.property(&full, "dtype", both);
        let both = (format!("{:?}", a.shape), format!("{:?}", b.shape));
        report.property(&full, "shape", both);
        let both = (shown(a.dtype, &a.fill), shown(b.dtype, &b.fill));
        report.property(&full, "fill value", both);
        if self.are_ours() && !self.is_apart() {
            let attributes = [&a, &b].map(|info| info.attributes.clone());
            properties(report, &full, &attributes);
            compare_storage(&self.a, &self.b, name, report)?;
        }
        let lists = [&a, &b].map(|info| info.ragged.is_some());
        if lists[0] != lists[1] {
            let kind = lists.map(|lists| if lists { "lists" } else { "numbers" }.to_owned());
            let [of_a, of_b] = kind;
            report.property(&full, "kind", (of_a, of_b));
            return Ok(());
        }
        // Ids of different counts are compared as far as both go: that shows where a cell is missing.
        if a.dtype == b.dtype && (a.shape == b.shape || name == CELL_IDS) {
            let kind = match a.ragged {
                Some(values) => self.compare_lists(&a, values)?,
                None => self.compare_values(&a)?,
            };
            let array = full.clone();
            report
                .differences
                .extend(kind.map(|kind| Difference { array, kind }));
        }
        report.arrays.push(VerifiedArray {
            identical: report.differences.len() == before,
            name: full,
            cells: a.shape[0],
            resolution: a
                .attributes
                .get("resolution")
                .map(|value| text(Some(value))),
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use std::sync::Arc;

    use arrow::array::{ArrayRef, AsArray, Float32Array, RecordBatch};
    use arrow::datatypes::Float32Type;

    use super::super::fixture::{schema, table, write};
    use super::*;
    use crate::finalize::CellTable;
    use crate::store::StoreWriter;

    #[test]
    fn one_bit_is_found_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
        write(&a, 1443, 100);
        let rows = table(0, 1443).rows;
        let mut columns: Vec<ArrayRef> = rows.columns().to_vec();
        let mut means = columns[2].as_primitive::<Float32Type>().values().to_vec();
        means[1000] = f32::from_bits(means[1000].to_bits() ^ 1);
        columns[2] = Arc::new(Float32Array::from(means));
        let rows = RecordBatch::try_new(rows.schema(), columns).unwrap();
        let schema = crate::finalize::StoreSchema {
            config_sha256: "1".to_owned(),
            region: None,
            cells_of_region: false,
            ..schema()
        };
        let mut writer = StoreWriter::create(&b, &schema, 1443, false).unwrap();
        writer.append(&CellTable { rows }).unwrap();
        writer.finish().unwrap();

        let report = verify(&a, &b).unwrap();
        assert_eq!(report.differences.len(), 1);
        let text = report.to_string();
        let first = "12/h_mean: 1 of 1,443 values differ, first at index 1000 (cell 1003000)";
        assert!(text.contains(first), "{text}");
        assert!(
            text.contains("12/count: identical, 1,443 cells\n"),
            "{text}"
        );
        assert!(
            text.contains("12/h_mean: DIFFERENT, 1,443 cells, resolution 2^-34"),
            "{text}"
        );
        assert!(text.contains("note: 12: config_sha256 is"), "{text}");
        assert!(verify(&a, &a).unwrap().identical());
    }

    #[test]
    fn damage_is_an_error_and_never_a_value() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write(&path, 500, 500);
        let shard = path.join("h_mean/c/0");
        let bytes = fs::read(&shard).unwrap();
        let says = |what: &str| {
            let error = verify(&path, &path).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        };
        for damaged in [20, bytes.len() - 1030, bytes.len() - 2] {
            let mut wrong = bytes.clone();
            wrong[damaged] ^= 4;
            fs::write(&shard, wrong).unwrap();
            says("12/h_mean (Zarr shard 0) cannot be decoded");
        }
        fs::write(&shard, &bytes[..40]).unwrap();
        says("cannot be decoded");
        fs::remove_file(&shard).unwrap();
        says("12/h_mean (Zarr shard 0) is missing");
        let group = path.join("zarr.json");
        let document = fs::read(&group).unwrap();
        fs::write(&group, "[1, 2]").unwrap();
        says("is a zarr array, not a group of orders");
        let text = String::from_utf8(document.clone()).unwrap();
        fs::write(&group, text.replace("\"nested\"", "\"ring\"")).unwrap();
        says("attribute dggs does not describe nested healpix cells");
        fs::write(&group, document).unwrap();
        fs::remove_file(path.join("h_mean/zarr.json")).unwrap();
        says("h_mean/zarr.json is missing");
        fs::remove_dir_all(path.join("h_mean")).unwrap();
        let error = StoreReader::open(&path)
            .unwrap()
            .read("h_mean")
            .unwrap_err();
        assert!(
            error
                .to_string()
                .contains("has no array h_mean; it has count, h_hist"),
            "{error}"
        );
    }
}
