//! Parts of which an order is made: the leaves of a hive, or the files of a flat store of zagg's.
//!
//! Below `open.rs`; `parted.rs` has the cells of all parts. Arrays are over all cells of a part. Coordinates are there
//! beside every cell of a chunk with a photon, so they say of none whether it is occupied.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};
use zarrs::array::{Array, ArrayBytes, ArraySubset};
use zarrs::filesystem::FilesystemStore;

use super::super::groups::{document, subfolders};
use super::super::open::ArrayInfo;
use super::super::value::into_little_endian;
use super::tree::Tree;
use super::vlen::{VlenArray, is_vlen};
use crate::config::Dtype;
use crate::error::{Error, Result};
use crate::folders;
use crate::grid::{Grid, GridConfig, Latitude, Order};

/// Cells that are read at once at most.
const AT_ONCE: u64 = 1 << 20;
/// Arrays that say which cell is where, and hold nothing of it.
const COORDINATES: [&str; 2] = ["morton", "cell_ids"];

/// Cells of one order that follow one another, and the group that has them.
#[derive(Debug, Clone)]
pub struct Part {
    /// Where the arrays are.
    pub group: PathBuf,
    /// The first cell, and its place in the arrays.
    pub first: u64,
    offset: u64,
}

/// All parts of an order.
#[derive(Debug, Clone)]
pub struct Parts {
    store: PathBuf,
    /// Ascending by cell.
    pub all: Vec<Part>,
    /// Cells of a part.
    cells: u64,
    pub grid: GridConfig,
    /// Attributes of the first group.
    pub attributes: Map<String, Value>,
    /// Arrays over cells, sorted by name.
    pub arrays: Vec<String>,
    /// Other arrays of the first group, but for coordinates.
    pub others: Vec<String>,
}

impl Parts {
    /// The cells of an order of a hive.
    ///
    /// # Errors
    /// Groups that do not describe such cells; documents that cannot be read.
    pub fn of_tree(path: &Path, tree: &Tree, order: Order) -> Result<Self> {
        let kind = Grid::from(Latitude::AuthalicWgs84);
        let nodes = tree.of_order(order);
        let part_order = nodes.first().map_or(tree.shard_order, |node| node.order);
        let cells = kind.within(part_order, order);
        let of = nodes.iter().filter(|node| node.order == part_order);
        let all = of.map(|node| Part {
            group: node.path.join(order.to_string()),
            first: node.cell * cells,
            offset: 0,
        });
        let grid = GridConfig {
            shard_order: tree.shard_order.min(order),
            chunk_order: None,
            cell_order: order,
            steps: 1,
            kind,
        };
        Self::new(path, (all.collect(), cells), (grid, cells))
    }

    /// The cells of a group of a flat store, whose files are of a shard each.
    ///
    /// # Errors
    /// As [`of_tree`](Self::of_tree).
    pub fn of_flat(path: &Path, order: Order) -> Result<Self> {
        let kind = Grid::from(Latitude::AuthalicWgs84);
        let group = path.join(order.to_string());
        let mut grid = GridConfig {
            shard_order: order,
            chunk_order: None,
            cell_order: order,
            steps: 1,
            kind,
        };
        let (mut files, mut cells, mut any) = (std::collections::BTreeSet::new(), 1, false);
        for name in subfolders(path, &group)? {
            let folder = group.join(&name);
            let document = document(path, &folder)?;
            let of_file = document["chunk_grid"]["configuration"]["chunk_shape"][0].as_u64();
            if document["shape"][0].as_u64() != Some(grid.cells()) {
                continue;
            }
            any = true;
            let shard = (0..=order.get()).filter_map(Order::new);
            let mut shard = shard.filter(|shard| Some(kind.within(*shard, order)) == of_file);
            let Some(shard) = shard.next() else {
                let message =
                    format!("{name} has {of_file:?} cells in a file, not those of a shard");
                return Err(Error::store(path, message));
            };
            // The coarsest: what others have in several files is one of its.
            grid.shard_order = grid.shard_order.min(shard);
            cells = kind.within(grid.shard_order, order);
            let chunks = folder.join("c");
            let inside = match folders::list(&chunks) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                inside => inside.map_err(|error| Error::io("list", &chunks, error))?,
            };
            let indices = inside
                .iter()
                .filter_map(|path| folders::name(path).parse().ok());
            files.extend(indices.map(|index: u64| index * of_file.unwrap_or(1)));
        }
        if !any {
            let message = format!(
                "group {order} has no array over all cells of the order: of a hive, name the folder of its manifest"
            );
            return Err(Error::store(path, message));
        }
        let shards: std::collections::BTreeSet<u64> =
            files.into_iter().map(|cell| cell / cells).collect();
        let all = shards.into_iter().map(|shard| Part {
            group: group.clone(),
            first: shard * cells,
            offset: shard * cells,
        });
        Self::new(path, (all.collect(), cells), (grid, grid.cells()))
    }

    fn new(
        path: &Path,
        (all, cells): (Vec<Part>, u64),
        (grid, in_array): (GridConfig, u64),
    ) -> Result<Self> {
        let mut parts = Self {
            store: path.to_path_buf(),
            all,
            cells,
            grid,
            attributes: Map::new(),
            arrays: Vec::new(),
            others: Vec::new(),
        };
        let Some(first) = parts.all.first() else {
            return Ok(parts);
        };
        let of_group = document(path, &first.group)?;
        if let Some(Value::Object(attributes)) = of_group.get("attributes") {
            parts.attributes.clone_from(attributes);
        }
        check_grid(&parts.attributes, grid.cell_order)
            .map_err(|message| parts.damaged(&format!("{}: {message}", first.group.display())))?;
        for name in subfolders(path, &first.group)? {
            let document = document(path, &first.group.join(&name))?;
            let over_cells = document["shape"][0].as_u64() == Some(in_array);
            let known = is_vlen(&document)
                || document["data_type"]
                    .as_str()
                    .and_then(Dtype::named)
                    .is_some();
            if COORDINATES.contains(&&*name) {
                continue;
            }
            let of = if over_cells && known {
                &mut parts.arrays
            } else {
                &mut parts.others
            };
            of.push(name);
        }
        Ok(parts)
    }

    /// What an array is, by the first part that has it.
    ///
    /// # Errors
    /// No part has it; a document that cannot be used.
    pub fn info(&self, name: &str) -> Result<ArrayInfo> {
        let Some(part) = self.all.iter().find(|part| part.group.join(name).is_dir()) else {
            let message = format!("has no array {name}; it has {}", self.arrays.join(", "));
            return Err(Error::store(&self.store, message));
        };
        let folder = part.group.join(name);
        let document = document(&self.store, &folder)?;
        let attributes = document["attributes"].as_object().cloned();
        let attributes = attributes.unwrap_or_default();
        if is_vlen(&document) {
            let array = self.lists_in(&folder, &document)?;
            return Ok(ArrayInfo {
                name: name.to_owned(),
                dtype: array.element.0,
                shape: vec![array.cells],
                at_steps: false,
                fill: vec![0; array.element.0.size()],
                attributes,
                ragged: Some(array.element.1),
            });
        }
        let array = self.open(part, name)?;
        let dtype = document["data_type"].as_str().and_then(Dtype::named);
        let Some(dtype) = dtype.filter(|_| array.shape().len() <= 2) else {
            let (of, shape) = (&document["data_type"], array.shape());
            let message = format!("{name} is {of} of shape {shape:?}, which icefold does not read");
            return Err(Error::store(&self.store, message));
        };
        let mut fill = array.fill_value().as_ne_bytes().to_vec();
        into_little_endian(&mut fill, dtype.size());
        Ok(ArrayInfo {
            name: name.to_owned(),
            dtype,
            shape: array.shape().to_vec(),
            at_steps: false,
            fill,
            attributes,
            ragged: None,
        })
    }

    fn open(&self, part: &Part, name: &str) -> Result<Array<FilesystemStore>> {
        let failed = |what: String| self.damaged(&format!("{}: {what}", part.group.display()));
        let storage = FilesystemStore::new(&part.group)
            .map_err(|error| failed(format!("cannot be opened: {error}")))?;
        Array::open(Arc::new(storage), &format!("/{name}"))
            .map_err(|error| failed(format!("{name} cannot be opened: {error}")))
    }

    fn lists_in(&self, folder: &Path, document: &Value) -> Result<VlenArray> {
        VlenArray::new(folder, document)
            .map_err(|what| self.damaged(&format!("{}: {what}", folder.display())))
    }

    /// The values of some cells of a part, fill values where nothing is stored.
    pub(super) fn values(&self, part: &Part, info: &ArrayInfo, cells: [u64; 2]) -> Result<Vec<u8>> {
        let place = format!("{}/{}", part.group.display(), info.name);
        let ours = self.attributes.contains_key("icefold");
        if ours && !part.group.join(&info.name).join("c").is_dir() {
            return Err(self.damaged(&format!("{place} has no values")));
        }
        let array = self.open(part, &info.name)?;
        let [start, end] = cells.map(|cell| cell - part.first + part.offset);
        let bins = info.shape[1..].iter().map(|&bins| 0..bins);
        let ranges: Vec<_> = std::iter::once(start..end).chain(bins).collect();
        let bytes = array
            .retrieve_array_subset::<ArrayBytes<'static>>(&ArraySubset::new_with_ranges(&ranges))
            .map_err(|error| self.damaged(&format!("{place} cannot be decoded: {error}")))?
            .into_fixed()
            .map_err(|error| self.damaged(&format!("{place}: {error}")))?;
        let mut bytes = bytes.into_owned();
        into_little_endian(&mut bytes, info.dtype.size());
        Ok(bytes)
    }

    /// The lists of some cells of a part.
    pub(super) fn lists(&self, part: &Part, name: &str, cells: [u64; 2]) -> Result<Vec<Vec<u8>>> {
        let folder = part.group.join(name);
        let array = self.lists_in(&folder, &document(&self.store, &folder)?)?;
        let [start, end] = cells.map(|cell| cell - part.first + part.offset);
        let chunk_cells = array.chunk_cells();
        let mut lists = Vec::new();
        for chunk in start / chunk_cells..end.div_ceil(chunk_cells) {
            let of_chunk = chunk * chunk_cells..(chunk + 1) * chunk_cells;
            let wanted = start.max(of_chunk.start)..end.min(of_chunk.end);
            let found = array.chunk(chunk);
            let found = found.map_err(|what| self.damaged(&format!("{name}: {what}")))?;
            let Some(mut found) = found else {
                lists.extend(wanted.map(|_| Vec::new()));
                continue;
            };
            for cell in wanted {
                let list = std::mem::take(&mut found[(cell - of_chunk.start) as usize]);
                if list.len() % array.row_bytes() != 0 {
                    let (cell, bytes) = (cell - part.offset + part.first, list.len());
                    let what = format!("{name} has {bytes} bytes at cell {cell}, not whole rows");
                    return Err(self.damaged(&what));
                }
                lists.push(list);
            }
        }
        Ok(lists)
    }

    /// Cells of a part that are read at once: those of so many, and all parts of them.
    pub(super) fn pieces(&self) -> impl Iterator<Item = (&Part, [u64; 2])> {
        let at_once = self.cells.min(AT_ONCE);
        self.all.iter().flat_map(move |part| {
            let starts = (0..self.cells / at_once).map(move |i| part.first + i * at_once);
            starts.map(move |start| (part, [start, start + at_once]))
        })
    }

    fn damaged(&self, what: &str) -> Error {
        Error::store(
            &self.store,
            format!("{what}; the store is damaged, write it again"),
        )
    }
}

/// A group has morton cells of this order on WGS84.
fn check_grid(attributes: &Map<String, Value>, order: Order) -> Result<(), String> {
    let none = Value::Null;
    let dggs = attributes.get("dggs").unwrap_or(&none);
    let level = dggs["refinement_level"].as_u64();
    if dggs["name"] != "morton" || level != Some(order.get().into()) {
        return Err(format!(
            "attribute dggs is {dggs}, not of morton cells of order {order}"
        ));
    }
    if dggs["ellipsoid"]["name"] != "WGS84" {
        let ellipsoid = &dggs["ellipsoid"];
        return Err(format!(
            "its cells are on {ellipsoid}, and icefold reads those on WGS84"
        ));
    }
    Ok(())
}
