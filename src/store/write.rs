//! Writing a store from tables of finished cells.
//!
//! Last on the line: `CellTable --write--> store`. `array.rs` cuts and compresses the arrays,
//! `place.rs` keeps the store away from its target until it is whole. The root's metadata is written
//! last, so what a killed run leaves does not open.

use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::UInt64Type;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::array::{ArrayWriter, WriteFailure, create_folder, hex, write_document};
use super::metadata::{self, ArrayLayout, CELL_IDS, CRS};
use super::place::{Place, sync_folder, sync_folders};
use super::value::{bins, list_values, little_endian_bytes};
use crate::config::Dtype;
use crate::error::{Error, Result};
use crate::finalize::{CellTable, StoreSchema};

/// The identity of an array's values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentHash {
    pub array: String,
    pub dtype: Dtype,
    /// SHA-256 in hex of the values as little-endian bytes in C order.
    pub sha256: String,
}

/// The identity of all arrays together: SHA-256 in hex of `name dtype sha256` lines, sorted by name.
pub fn content_hash(hashes: &[ContentHash]) -> String {
    let mut lines: Vec<String> = hashes
        .iter()
        .map(|hash| format!("{} {} {}\n", hash.array, hash.dtype.name(), hash.sha256))
        .collect();
    lines.sort();
    hex(&Sha256::digest(lines.concat()))
}

/// Writes one store from tables in ascending order of cells.
#[derive(Debug)]
pub struct StoreWriter {
    place: Place,
    schema: StoreSchema,
    cells: u64,
    /// `cell_ids`, then the outputs; empty until the first table tells the widths of histograms.
    arrays: Vec<ArrayWriter>,
    written: u64,
    last: Option<u64>,
}

impl StoreWriter {
    /// Begins a store of `cells` occupied cells that [`finish`](Self::finish) puts at `target`.
    ///
    /// # Errors
    /// If two outputs share a name or one cannot be stored, something is at the target (with
    /// `overwrite`: something that is not a Zarr store), or nothing can be written beside it.
    pub fn create(
        target: &Path,
        schema: &StoreSchema,
        cells: u64,
        overwrite: bool,
    ) -> Result<Self> {
        metadata::check(schema).map_err(|message| Error::store(target, message))?;
        Ok(Self {
            place: Place::create(target, overwrite)?,
            schema: schema.clone(),
            cells,
            arrays: Vec::new(),
            written: 0,
            last: None,
        })
    }

    /// Appends cells; their ids continue ascending. How cells are split into tables leaves no trace.
    ///
    /// # Errors
    /// If the table is not the schema's, ids do not ascend, or a file cannot be written.
    pub fn append(&mut self, table: &CellTable) -> Result<()> {
        let columns = self.columns(table)?;
        self.check_ids(&columns[0])?;
        if self.arrays.is_empty() {
            let bins = columns[1..].iter().map(bins).collect();
            self.arrays = self.layouts(bins)?;
        }
        let place = &self.place;
        self.arrays
            .par_iter_mut()
            .zip(&columns)
            .try_for_each(|(array, column)| {
                let bytes = little_endian_bytes(column, array.layout())
                    .map_err(|message| Error::store(place.target(), message))?;
                array.push(&bytes).map_err(|failure| place.failed(&failure))
            })?;
        self.written += table.rows.num_rows() as u64;
        Ok(())
    }

    /// Writes the metadata, puts the store at its target and returns what it holds: `cell_ids`, then
    /// the outputs in the schema's order.
    ///
    /// # Errors
    /// If cells are missing, a file cannot be written, or the target was taken meanwhile; nothing is
    /// left at a target that was free.
    pub fn finish(mut self) -> Result<Vec<ContentHash>> {
        if self.written != self.cells {
            let message = format!(
                "{} cells were announced and {} written; this is a defect in icefold, please report it",
                self.cells, self.written
            );
            return Err(Error::store(self.place.target(), message));
        }
        if self.arrays.is_empty() {
            let bins = self.schema.arrays.iter().map(metadata::default_bins);
            self.arrays = self.layouts(bins.collect())?;
        }
        let hashes = self
            .write_all()
            .map_err(|failure| self.place.failed(&failure))?;
        self.place.publish()?;
        Ok(hashes)
    }

    /// Arrays, then grid mapping, group and root.
    fn write_all(&mut self) -> Result<Vec<ContentHash>, WriteFailure> {
        let group = self.group();
        let hashes = std::mem::take(&mut self.arrays)
            .into_par_iter()
            .map(ArrayWriter::finish)
            .collect::<Result<Vec<_>, _>>()?;
        let crs = group.join(CRS);
        create_folder(&crs)?;
        write_document(&crs, &metadata::crs(self.schema.grid))?;
        write_document(&group, &metadata::group(&self.schema))?;
        sync_folders(&group)?;
        write_document(self.place.partial(), &metadata::root())?;
        sync_folder(self.place.partial())?;
        Ok(hashes)
    }

    fn group(&self) -> PathBuf {
        let order = self.schema.grid.cell_order;
        self.place.partial().join(order.to_string())
    }

    fn layouts(&self, bins: Vec<Option<u64>>) -> Result<Vec<ArrayWriter>> {
        let group = self.group();
        let outputs = self.schema.arrays.iter().zip(bins);
        let mut layouts = vec![Ok(ArrayLayout::cell_ids(self.schema.grid))];
        layouts.extend(outputs.map(|(output, bins)| ArrayLayout::output(output, bins)));
        layouts
            .into_iter()
            .map(|layout| {
                let layout =
                    layout.map_err(|message| Error::store(self.place.target(), message))?;
                let folder = group.join(&layout.name);
                Ok(ArrayWriter::new(layout, folder))
            })
            .collect()
    }

    /// The table's columns, checked against the schema: names, no nulls, not too many cells.
    fn columns(&self, table: &CellTable) -> Result<Vec<ArrayRef>> {
        let refuse = |message: String| Err(Error::store(self.place.target(), message));
        let rows = &table.rows;
        let names = self.schema.arrays.iter().map(|output| &*output.name);
        let expected: Vec<&str> = std::iter::once(CELL_IDS).chain(names).collect();
        let schema = rows.schema();
        let found: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
        if found != expected {
            return refuse(format!(
                "the table has columns {found:?}, the schema {expected:?}"
            ));
        }
        if self.written + rows.num_rows() as u64 > self.cells {
            return refuse(format!(
                "{} cells were announced, at least {} arrived",
                self.cells,
                self.written + rows.num_rows() as u64
            ));
        }
        for (name, column) in expected.iter().zip(rows.columns()) {
            let nulls = column.null_count() + list_values(column).map_or(0, Array::null_count);
            if nulls > 0 {
                return refuse(format!("column {name} has {nulls} nulls; fill them first"));
            }
        }
        Ok(rows.columns().to_vec())
    }

    /// Ids ascend, within and across tables, and are cells of the order.
    fn check_ids(&mut self, column: &ArrayRef) -> Result<()> {
        let Some(ids) = column.as_primitive_opt::<UInt64Type>() else {
            let message = format!("{CELL_IDS} is {}, not UInt64", column.data_type());
            return Err(Error::store(self.place.target(), message));
        };
        let order = self.schema.grid.cell_order;
        for &id in ids.values() {
            if let Some(last) = self.last.filter(|&last| last >= id) {
                let message = format!("cell {id} comes after cell {last}; ids must ascend");
                return Err(Error::store(self.place.target(), message));
            }
            if id >= order.cells() {
                let message = format!("order {order} has no cell {id}, only {}", order.cells());
                return Err(Error::store(self.place.target(), message));
            }
            self.last = Some(id);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::fixture::{schema, table, write};
    use super::super::{StoreReader, verify};
    use super::*;

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
            "store {}: exists; pass --overwrite to replace it",
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
        let shard = writer.group().join("h_mean/c/0");
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
