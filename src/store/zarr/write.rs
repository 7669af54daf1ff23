//! Writes a store from tables of finished cells.
//!
//! Last on the line: `CellTable --write--> store`. `group.rs` writes the arrays of one order, which
//! `array.rs` cuts and compresses; `whole.rs` writes what they are, the root's metadata last, so what a killed run leaves
//! does not open; `place.rs` keeps the store away from its target until it is whole.

use std::path::Path;

use arrow::array::AsArray;
use arrow::datatypes::UInt64Type;

use super::check::check_schema;
use super::group::{Extent, GroupWriter};
use super::place::Place;
use crate::error::{Error, Result};
use crate::finalize::{CellTable, StoreSchema};
use crate::grid::{GridConfig, Order};
use crate::place::FolderPlace;
use crate::store::footprint::Footprint;
use crate::store::provenance::Provenance;
use crate::store::sink::{Sink, Store, Written};

/// Writes one store from tables in ascending order of cells.
#[derive(Debug)]
pub struct StoreWriter {
    pub(super) place: Place,
    pub(super) cells: Option<u64>,
    pub(super) base: GroupWriter,
    pub(super) overviews: Vec<Overview>,
    /// Where its cells are.
    pub(super) footprint: Footprint,
    /// What it was made of, where that is to be said.
    pub(super) provenance: Option<Provenance>,
}

/// A coarser order, and the cells that it must come to have.
#[derive(Debug)]
pub(super) struct Overview {
    pub(super) group: GroupWriter,
    /// Distinct ancestors of the cells of the base group, and the last of them.
    pub(super) ancestors: u64,
    /// Where its cells are.
    pub(super) footprint: Footprint,
    last: Option<u64>,
}

impl StoreWriter {
    /// Begins a store that [`finish`](Self::finish) puts at `target`; of so many occupied cells, where
    /// that is known.
    ///
    /// # Errors
    /// If two outputs share a name or one cannot be stored, something is at the target (with
    /// `overwrite`: something that is not a Zarr store), or nothing can be written beside it.
    pub fn create(
        target: &Path,
        schema: &StoreSchema,
        cells: impl Into<Option<u64>>,
        overwrite: bool,
    ) -> Result<Self> {
        check_schema(schema).map_err(|message| Error::store(target, message))?;
        let place = Place::create(target, overwrite)?;
        Ok(Self {
            cells: cells.into(),
            base: GroupWriter::new(
                place.partial().to_path_buf(),
                schema.clone(),
                Extent::Occupied,
            ),
            overviews: Vec::new(),
            footprint: Footprint::of(&schema.grid),
            provenance: None,
            place,
        })
    }

    /// Arrays over these cells; before the first cell.
    #[must_use]
    pub fn with_extent(mut self, extent: Extent) -> Self {
        let schema = self.base.schema().clone();
        let root = self.place.partial();
        let folder = if extent.is_at_root() {
            root.to_path_buf()
        } else {
            root.join(schema.grid.group())
        };
        self.base = GroupWriter::new(folder, schema, extent);
        self
    }

    /// The store says that it was made of this.
    #[must_use]
    pub fn with_provenance(mut self, provenance: Provenance) -> Self {
        self.provenance = Some(provenance);
        self
    }

    /// Adds a group in the cells layout for each of these orders, each coarser than the one before
    /// it.
    #[must_use]
    pub fn with_overviews(mut self, orders: &[Order]) -> Self {
        let overview = |&order| {
            let schema = self.base.schema().at(order);
            let folder = self.place.partial().join(schema.grid.group());
            let extent = match self.base.extent() {
                Extent::Raster => Extent::Raster,
                _ => Extent::Occupied,
            };
            Overview {
                footprint: Footprint::of(&schema.grid),
                group: GroupWriter::new(folder, schema, extent),
                ancestors: 0,
                last: None,
            }
        };
        self.overviews = orders.iter().map(overview).collect();
        self
    }

    /// Appends cells; their ids continue ascending. How cells are split into tables leaves no trace.
    ///
    /// # Errors
    /// If the table is not the schema's, ids do not ascend, or a file cannot be written.
    pub fn append(&mut self, table: &CellTable) -> Result<()> {
        let more = self.base.written() + table.rows.num_rows() as u64;
        if let Some(cells) = self.cells.filter(|&cells| more > cells) {
            let message = format!("{cells} cells were announced, at least {more} arrived");
            return Err(Error::store(self.place.target(), message));
        }
        self.base.append(table, &self.place)?;
        let grid = self.base.schema().grid;
        let ids = table.rows.column(0).as_primitive::<UInt64Type>();
        self.footprint.add(ids.values());
        for overview in &mut self.overviews {
            overview.count(&grid, ids.values());
        }
        Ok(())
    }

    /// Appends cells of an overview, as [`append`](Self::append) does.
    ///
    /// # Errors
    /// As [`append`](Self::append), and if there is no overview of this order.
    pub fn append_overview(&mut self, order: Order, table: &CellTable) -> Result<()> {
        let mut overviews = self.overviews.iter_mut();
        let Some(overview) = overviews.find(|overview| overview.order() == order) else {
            let message = format!("order {order} is not among the overviews of the store");
            return Err(Error::store(self.place.target(), message));
        };
        let ids = table.rows.column(0).as_primitive_opt::<UInt64Type>();
        overview.footprint.add(ids.map_or(&[], |ids| ids.values()));
        overview.group.append(table, &self.place)
    }

    /// Writes the metadata, puts the store at its target and returns what it holds.
    ///
    /// # Errors
    /// If cells are missing, a file cannot be written, or the target was taken meanwhile; nothing is
    /// left at a target that was free.
    pub fn finish(self) -> Result<Written> {
        let (place, written) = self.whole()?;
        place.publish().map(|()| written)
    }
}

impl Sink for StoreWriter {
    fn append(&mut self, order: Order, table: &CellTable) -> Result<()> {
        if order == self.base.schema().grid.cell_order {
            StoreWriter::append(self, table)
        } else {
            self.append_overview(order, table)
        }
    }
}

impl Store for StoreWriter {
    fn whole(self: Box<Self>) -> Result<(FolderPlace, Written)> {
        StoreWriter::whole(*self)
    }
}

impl Overview {
    pub(super) fn order(&self) -> Order {
        self.group.schema().grid.cell_order
    }

    /// Counts the ancestors of ascending cells.
    fn count(&mut self, grid: &GridConfig, cells: &[u64]) {
        let up = grid.up(self.order());
        for &cell in cells {
            let ancestor = up.of(cell);
            if self.last != Some(ancestor) {
                self.ancestors += 1;
                self.last = Some(ancestor);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use sha2::{Digest, Sha256};

    use super::super::array::create_folder;
    use super::super::fixture::{schema, table, write};
    use super::*;
    use crate::digest::hex;
    use crate::store::{StoreReader, verify};

    /// Everything below a folder, as path and bytes.
    fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(files(&path));
            } else {
                found.push((path.clone(), fs::read(path).unwrap()));
            }
        }
        found.sort();
        found
    }

    #[test]
    fn what_is_written_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.zarr");
        let hashes = write(&path, 70_000, 70_000);
        let names: Vec<&str> = hashes.iter().map(|hash| hash.array.as_str()).collect();
        assert_eq!(names, ["cell_ids", "count", "h_mean", "h_hist"]);
        let store = StoreReader::open(&path).unwrap();
        assert_eq!(store.cells(), 70_000);
        assert_eq!(store.cell_ids().unwrap()[69_999], 1_000_000 + 3 * 69_999);
        let mean = store.read("h_mean").unwrap();
        assert_eq!(
            mean.as_f64()[1].to_bits(),
            f64::from(0.37_f32 - 5.0).to_bits()
        );
        assert!(mean.as_f64()[3].is_nan());
        let histogram = store.read("h_hist").unwrap();
        assert_eq!(histogram.info.shape, [70_000, 3]);
        assert_eq!(histogram.as_f64()[209_999] as i64, 209_999);
        for hash in hashes {
            let bytes = store.read(&hash.array).unwrap().bytes;
            assert_eq!(hex(&Sha256::digest(bytes)), hash.sha256);
        }
    }

    #[test]
    fn how_cells_are_split_into_tables_leaves_no_trace() {
        let folder = tempfile::tempdir().unwrap();
        let [whole, split] = ["a", "b"].map(|name| folder.path().join(name));
        assert_eq!(
            write(&whole, 140_000, 140_000),
            write(&split, 140_000, 9_973)
        );
        let bytes = |path: &Path| -> Vec<Vec<u8>> {
            files(path).into_iter().map(|(_, bytes)| bytes).collect()
        };
        assert_eq!(bytes(&whole), bytes(&split));
    }

    #[test]
    fn a_store_is_replaced_only_when_asked_and_nothing_else_ever() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.zarr");
        write(&path, 3, 3);
        let error = StoreWriter::create(&path, &schema(), 0, false).unwrap_err();
        let text = format!(
            "store {}: exists; set overwrite to replace it",
            path.display()
        );
        assert_eq!(error.to_string(), text);
        let mut writer = StoreWriter::create(&path, &schema(), 5, true).unwrap();
        writer.append(&table(0, 5)).unwrap();
        assert_eq!(StoreReader::open(&path).unwrap().cells(), 3);
        writer.finish().unwrap();
        assert_eq!(StoreReader::open(&path).unwrap().cells(), 5);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        for other in [folder.path().to_path_buf(), path.join("zarr.json")] {
            let error = StoreWriter::create(&other, &schema(), 0, true).unwrap_err();
            assert!(error.to_string().contains("not a zarr store"), "{error}");
        }
    }

    #[test]
    fn what_is_not_finished_does_not_open_and_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.zarr");
        let mut writer = StoreWriter::create(&path, &schema(), 5, false).unwrap();
        writer.append(&table(0, 4)).unwrap();
        let error = StoreReader::open(writer.place.partial()).unwrap_err();
        assert!(error.to_string().contains("did not finish"), "{error}");
        let error = writer.finish().unwrap_err();
        assert!(
            error.to_string().contains("5 cells were announced and 4"),
            "{error}"
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_named_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.zarr");
        let mut writer = StoreWriter::create(&path, &schema(), 5, false).unwrap();
        let shard = writer.base.folder().join("h_mean/c/0");
        create_folder(shard.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink("/dev/full", &shard).unwrap();
        writer.append(&table(0, 5)).unwrap();
        let error = writer.finish().unwrap_err().to_string();
        assert!(error.contains("h_mean/c/0: No space left"), "{error}");
        assert!(error.contains("free space there"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_store_of_no_cells_is_a_store() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.zarr");
        assert_eq!(write(&path, 0, 1).len(), 4);
        let store = StoreReader::open(&path).unwrap();
        assert_eq!((store.cells(), store.cell_ids().unwrap()), (0, vec![]));
        assert_eq!(store.read("h_hist").unwrap().info.shape, [0, 3]);
        assert!(verify(&path, &path).unwrap().identical());
    }

    #[test]
    fn outputs_that_cannot_be_folders_of_a_group_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "../x",
            "a/b",
            "crs",
            "cell_ids",
            "",
            ".x",
            "__x",
            "zarr.json",
            "count",
        ] {
            let mut schema = schema();
            schema.arrays[1].name = name.to_owned();
            assert!(StoreWriter::create(&folder.path().join("a"), &schema, 0, false).is_err());
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn ids_that_do_not_ascend_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.zarr");
        let mut writer = StoreWriter::create(&path, &schema(), 9, false).unwrap();
        writer.append(&table(2, 4)).unwrap();
        let error = writer.append(&table(3, 5)).unwrap_err();
        assert!(error.to_string().contains("ids must ascend"), "{error}");
    }
}
