//! Reading the raster layout as the cells that have a value, and their values.
//!
//! Below `read.rs`, beside `cells.rs` and `sphere.rs`; `raster.rs` and `raster_lists.rs` write the layout. It has no ids and
//! no mark of occupied cells: a cell counts as one where any array holds other bits than its fill value, or a list that is
//! not empty. Shards are decoded whole, so every checksum is compared.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use zarrs::array::{Array, ArrayBytes};
use zarrs::filesystem::FilesystemStore;

use super::groups::document;
use super::hive::is_vlen;
use super::open::{ArrayInfo, Blocks, OpenOrder};
use super::ragged::{self, Lists};
use super::raster::Cut;
use super::raster_lists;
use super::sphere::fill_of_a_cell;
use super::value::into_little_endian;
use crate::error::{Error, Result};
use crate::folders;

/// Ids in a block.
const IDS: usize = 1 << 16;

/// The cells that have a value.
#[derive(Debug)]
pub struct Raster {
    cut: Cut,
    /// Ascending.
    ids: Vec<u64>,
}

/// An array over rows and columns as one over cells: its shape is that of the whole grid.
pub fn info(store: &OpenOrder, stored: ArrayInfo, document: &Value) -> Result<ArrayInfo> {
    let cut = cut(store)?;
    let names = document["dimension_names"].as_array();
    let first = names
        .and_then(|names| names.first())
        .and_then(Value::as_str);
    let at_steps = first != Some("y");
    let sides = usize::from(at_steps);
    let shape = stored.shape;
    let expected = cut.shape.map(u64::from);
    if shape.get(sides..sides + 2) != Some(&expected) {
        let message = format!(
            "{} has shape {shape:?}, and the grid {expected:?}",
            stored.name
        );
        return Err(store.damaged(&message));
    }
    let chunk = &document["chunk_grid"]["configuration"]["chunk_shape"];
    let chunk: Option<Vec<u64>> = chunk
        .as_array()
        .and_then(|sides| sides.iter().map(Value::as_u64).collect());
    let step = at_steps.then_some(1);
    let rest = shape[sides + 2..].iter().copied();
    let block = step.into_iter().chain(cut.block.map(u64::from));
    let block: Vec<u64> = block.chain(rest).collect();
    if chunk.as_ref() != Some(&block) {
        let message = format!(
            "{} has files of {chunk:?} cells, and shards have {:?}",
            stored.name, cut.block
        );
        return Err(store.damaged(&message));
    }
    let cells = cut.level.cells();
    let steps = at_steps.then(|| shape[0]);
    let rest = shape[sides + 2..].iter().copied();
    Ok(ArrayInfo {
        shape: std::iter::once(cells).chain(steps).chain(rest).collect(),
        at_steps,
        ..stored
    })
}

/// An array of lists over rows and columns.
pub fn info_of_lists(store: &OpenOrder, name: &str, document: &Value) -> Result<ArrayInfo> {
    let failed = |what: String| store.damaged(&format!("{name}: {what}"));
    let (dtype, values) = raster_lists::element(document).map_err(failed)?;
    Ok(ArrayInfo {
        name: name.to_owned(),
        dtype,
        shape: vec![cut(store)?.level.cells()],
        at_steps: false,
        fill: vec![0; dtype.size()],
        attributes: document["attributes"]
            .as_object()
            .cloned()
            .unwrap_or_default(),
        ragged: Some(values),
    })
}

/// How the store's arrays are cut.
fn cut(store: &OpenOrder) -> Result<Cut> {
    Cut::of(&store.grid()).ok_or_else(|| store.damaged("its grid has no rows and columns"))
}

impl Raster {
    /// Reads every array once.
    ///
    /// # Errors
    /// If part of an array is missing that others have, or is damaged.
    pub fn of(store: &OpenOrder) -> Result<Self> {
        let mut raster = Self {
            cut: cut(store)?,
            ids: Vec::new(),
        };
        let mut shards: Option<(&str, BTreeSet<u64>)> = None;
        let mut arrays = Vec::new();
        for name in store.arrays() {
            let info = store.info(name, None)?;
            let found = raster.files(store, &info)?;
            match &mut shards {
                // Of steps, only what has a value is stored.
                Some((_, known)) if store.times().is_some() => known.extend(found),
                Some((first, known)) if *known != found => {
                    let shard = known.symmetric_difference(&found).next().unwrap_or(&0);
                    let place = raster.cut.path(*shard);
                    let (has, lacks) = if found.contains(shard) {
                        (&**name, *first)
                    } else {
                        (*first, &**name)
                    };
                    let message = format!("{lacks} has no file c/{place}, which {has} has");
                    return Err(store.damaged(&message));
                }
                Some(_) => {}
                None => shards = Some((name, found)),
            }
            arrays.push(info);
        }
        for shard in shards.map(|(_, shards)| shards).unwrap_or_default() {
            raster.add_shard(store, &arrays, shard)?;
        }
        Ok(raster)
    }

    /// Adds the cells of a shard that have a value.
    fn add_shard(&mut self, store: &OpenOrder, arrays: &[ArrayInfo], shard: u64) -> Result<()> {
        let cells = self.cut.level.of_shard();
        let mut has_value = vec![false; cells as usize];
        for info in arrays {
            if info.ragged.is_some() {
                let lists = self.lists_of(store, &info.name, shard)?;
                let both = has_value.iter_mut().zip(&lists);
                both.for_each(|(has, list)| *has |= !list.is_empty());
                continue;
            }
            let fill = fill_of_a_cell(info);
            let bytes = self.values(store, info, shard)?;
            for (has, cell) in has_value
                .iter_mut()
                .zip(bytes.chunks_exact(fill.len().max(1)))
            {
                *has |= cell != fill;
            }
        }
        let first = shard * cells;
        let columns = self.cut.block[1];
        let with_value = (first..first + cells).filter(|&id| {
            let [row, column] = self.cut.level.place(id);
            has_value[(row * columns + column) as usize]
        });
        self.ids.extend(with_value);
        Ok(())
    }

    /// Number of cells.
    pub fn cells(&self) -> u64 {
        self.ids.len() as u64
    }

    /// Ids as little-endian bytes.
    pub fn id_blocks(&self) -> Blocks<'_> {
        let blocks = self.ids.chunks(IDS);
        Box::new(blocks.map(|ids| Ok(ids.iter().flat_map(|id| id.to_le_bytes()).collect())))
    }

    /// The ids of each shard that has any.
    fn shards(&self) -> impl Iterator<Item = (u64, &[u64])> {
        let cells = self.cut.level.of_shard();
        let shards = self.ids.chunk_by(move |a, b| a / cells == b / cells);
        shards.map(move |ids| (ids[0] / cells, ids))
    }

    fn place(&self, id: u64) -> usize {
        let [row, column] = self.cut.level.place(id).map(|place| place as usize);
        row * self.cut.block[1] as usize + column
    }

    /// Values of the cells in an array, as little-endian bytes.
    pub fn blocks<'a>(&'a self, store: &'a OpenOrder, info: ArrayInfo) -> Blocks<'a> {
        let width = fill_of_a_cell(&info).len();
        Box::new(self.shards().map(move |(shard, ids)| {
            let bytes = self.values(store, &info, shard)?;
            let at = |id: &u64| self.place(*id) * width;
            let values = ids.iter().flat_map(|id| &bytes[at(id)..at(id) + width]);
            Ok(values.copied().collect())
        }))
    }

    /// The lists of the cells in an array.
    pub fn lists<'a>(&'a self, store: &'a OpenOrder, name: String) -> Lists<'a> {
        ragged::flat(self.shards().map(move |(shard, ids)| {
            let mut lists = self.lists_of(store, &name, shard)?;
            let places = ids.iter().map(|&id| self.place(id));
            Ok(places
                .map(|place| std::mem::take(&mut lists[place]))
                .collect())
        }))
    }

    /// The lists of a shard by rows; none where it is not stored.
    fn lists_of(&self, store: &OpenOrder, name: &str, shard: u64) -> Result<Vec<Vec<u8>>> {
        let lists = raster_lists::lists(&store.folder(name), &self.cut, shard);
        let lists = lists.map_err(|what| store.damaged(&what))?;
        Ok(lists.unwrap_or_else(|| vec![Vec::new(); self.cut.level.of_shard() as usize]))
    }

    /// The values of a shard by rows, of each cell those of all steps: fill values where nothing is stored.
    fn values(&self, store: &OpenOrder, info: &ArrayInfo, shard: u64) -> Result<Vec<u8>> {
        let array = store.array(&info.name)?;
        let cell = fill_of_a_cell(info);
        let mut all = cell.repeat(self.cut.level.of_shard() as usize);
        let steps = if info.at_steps { info.shape[1] } else { 1 };
        let width = cell.len() / steps.max(1) as usize;
        let [row, column] = self.cut.level.shard_place(shard).map(u64::from);
        for step in 0..steps {
            let mut indices: Vec<u64> = info.at_steps.then_some(step).into_iter().collect();
            indices.extend([row, column]);
            indices.resize(array.shape().len(), 0);
            let Some(bytes) = chunk(store, &array, info, &indices)? else {
                continue;
            };
            let places = all.chunks_exact_mut(cell.len().max(1));
            for (value, cell) in bytes.chunks_exact(width.max(1)).zip(places) {
                cell[step as usize * width..][..width].copy_from_slice(value);
            }
        }
        Ok(all)
    }

    /// The shards of which an array has a file.
    fn files(&self, store: &OpenOrder, info: &ArrayInfo) -> Result<BTreeSet<u64>> {
        let list = |folder: &Path| match folders::list(folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            paths => paths.map_err(|error| Error::io("list", folder, error)),
        };
        let mut folders_of_rows = vec![store.folder(&info.name).join("c")];
        if info.at_steps {
            folders_of_rows = list(&folders_of_rows[0])?;
        }
        let mut shards = BTreeSet::new();
        let [rows, columns] = [0, 1].map(|side| self.cut.shape[side] / self.cut.block[side]);
        for folder in folders_of_rows {
            for row in list(&folder)? {
                for column in list(&row)? {
                    let number = |path: &Path, most: u32| {
                        let number: Option<u32> = folders::name(path).parse().ok();
                        number.filter(|number| *number < most)
                    };
                    let place = number(&row, rows).zip(number(&column, columns));
                    let (row, column) = place.ok_or_else(|| {
                        store.damaged(&format!("{} is of no shard", column.display()))
                    })?;
                    shards.insert(u64::from(row) * u64::from(columns) + u64::from(column));
                }
            }
        }
        Ok(shards)
    }
}

/// A Zarr chunk, or all that are in a file; `None` where it is not stored.
fn chunk(
    store: &OpenOrder,
    array: &Array<FilesystemStore>,
    info: &ArrayInfo,
    indices: &[u64],
) -> Result<Option<Vec<u8>>> {
    let failed = |error: &dyn std::fmt::Display| {
        let place: Vec<String> = indices.iter().map(u64::to_string).collect();
        let place = format!("{} (c/{})", info.name, place.join("/"));
        store.damaged(&format!("{place} cannot be decoded: {error}"))
    };
    let bytes = array.retrieve_chunk_if_exists::<ArrayBytes<'static>>(indices);
    let Some(bytes) = bytes.map_err(|error| failed(&error))? else {
        return Ok(None);
    };
    let bytes = bytes.into_fixed().map_err(|error| failed(&error))?;
    let mut bytes = bytes.into_owned();
    into_little_endian(&mut bytes, info.dtype.size());
    Ok(Some(bytes))
}

/// The hash of an array of lists over rows and columns, as `logical.rs` wants it; `None` where it is too large, and in
/// place of an array that is not of rows and columns.
///
/// # Errors
/// In words, what cannot be read or is damaged.
pub fn hash_of_lists(folder: &Path, array: &Value) -> Option<Result<Option<String>, String>> {
    let dimensions = array["shape"].as_array()?.len();
    if !is_vlen(array) || dimensions != 2 {
        return None;
    }
    let group = folder.parent()?;
    let document = document(group, group).map_err(|error| error.to_string());
    let cut = document.and_then(|document| {
        let attributes = document["attributes"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        let order = attributes
            .get("icefold")
            .and_then(|icefold| icefold["grid"]["order"].as_u64());
        let order = order
            .and_then(|order| u8::try_from(order).ok())
            .and_then(crate::grid::Order::new);
        let order = order.ok_or("its group is of no order")?;
        let (grid, _) = super::groups::grid(&attributes, order)?;
        Cut::of(&grid).ok_or_else(|| "its grid has no rows and columns".to_owned())
    });
    Some(cut.and_then(|cut| raster_lists::hash_of(folder, &cut)))
}
