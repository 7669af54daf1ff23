//! Reading the full-sphere layout as the cells that have a value, and their values.
//!
//! Below `read.rs`, beside `cells.rs`; `fullsphere.rs` writes the layout. It has no ids and no mark of occupied cells: a
//! cell counts as one where any array holds other bits than its fill value. So what is read are the
//! cells, ids and values of the same store in the layout of cells, but for cells of which every output
//! is its fill value.

use std::collections::BTreeSet;
use std::path::Path;

use zarrs::array::{Array, ArrayBytes, ArraySubset};
use zarrs::filesystem::FilesystemStore;

use super::groups::document;
use super::open::{ArrayInfo, Blocks, OpenOrder};
use super::step_read::{self, StoredSteps};
use super::value::into_little_endian;
use crate::error::{Error, Result};
use crate::folders;

/// Cells of a shard up to which it is read at once; of a larger one inner chunk by inner chunk.
const AT_ONCE: u64 = 1 << 20;
/// Ids in a block.
const IDS: usize = 1 << 16;

/// The cells that have a value.
#[derive(Debug)]
pub struct Sphere {
    /// Cells that are read at once: those of a shard or of an inner chunk.
    piece_cells: u64,
    /// Ascending.
    ids: Vec<u64>,
}

impl Sphere {
    /// Reads every array once.
    ///
    /// # Errors
    /// If part of an array is missing that others have, or is damaged.
    pub fn of(store: &OpenOrder) -> Result<Self> {
        let grid = store.grid();
        let shard_cells = grid.shard_cells();
        let mut shards: Option<(&str, BTreeSet<u64>)> = None;
        let mut arrays = Vec::new();
        let mut piece_cells = shard_cells;
        let steps = store.times().map_or(1, StoredSteps::len).max(1);
        for name in store.arrays() {
            let info = store.info(name, None)?;
            let [of_file, inner] = chunk_cells(store, &info)?;
            if (info.shape[0], of_file) != (grid.cells(), shard_cells) {
                let message = format!(
                    "{name} has {} cells in files of {of_file}, and order {} with shards of order {} \
                     has {} in files of {shard_cells}",
                    info.shape[0],
                    grid.cell_order,
                    grid.shard_order,
                    grid.cells()
                );
                return Err(store.damaged(&message));
            }
            if shard_cells.saturating_mul(steps) > AT_ONCE {
                piece_cells = piece_cells.min(inner);
            }
            let found = files(store, &info)?;
            match &mut shards {
                // Of steps, only what has a value is stored.
                Some((_, known)) if store.times().is_some() => known.extend(found),
                Some((first, known)) if *known != found => {
                    let shard = known.symmetric_difference(&found).next().unwrap_or(&0);
                    let (has, lacks) = if found.contains(shard) {
                        (&**name, *first)
                    } else {
                        (*first, &**name)
                    };
                    let message = format!("{lacks} has no file of shard {shard}, which {has} has");
                    return Err(store.damaged(&message));
                }
                Some(_) => {}
                None => shards = Some((name, found)),
            }
            arrays.push((store.array(name)?, info));
        }
        let mut ids = Vec::new();
        for shard in shards.map(|(_, shards)| shards).unwrap_or_default() {
            for piece in shard * shard_cells / piece_cells..(shard + 1) * shard_cells / piece_cells
            {
                let mut has_value = vec![false; piece_cells as usize];
                for (array, info) in &arrays {
                    let cells = piece * piece_cells..(piece + 1) * piece_cells;
                    let bytes = retrieve(store, array, info, cells)?;
                    let fill = fill_of_a_cell(info);
                    for (has, cell) in has_value.iter_mut().zip(bytes.chunks_exact(fill.len())) {
                        *has |= cell != fill;
                    }
                }
                let places = has_value.iter().enumerate().filter(|(_, has)| **has);
                ids.extend(places.map(|(place, _)| piece * piece_cells + place as u64));
            }
        }
        Ok(Self { piece_cells, ids })
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

    /// Values of the cells in an array, as little-endian bytes.
    pub fn blocks<'a>(&'a self, store: &'a OpenOrder, name: &str) -> Result<Blocks<'a>> {
        let (array, info) = (store.array(name)?, store.info(name, None)?);
        let width = fill_of_a_cell(&info).len();
        let pieces = self
            .ids
            .chunk_by(|a, b| a / self.piece_cells == b / self.piece_cells);
        Ok(Box::new(pieces.map(move |ids| {
            let first = ids[0] / self.piece_cells * self.piece_cells;
            let bytes = retrieve(store, &array, &info, first..first + self.piece_cells)?;
            let at = |id: &u64| (id - first) as usize * width;
            let values = ids.iter().flat_map(|id| &bytes[at(id)..at(id) + width]);
            Ok(values.copied().collect())
        })))
    }
}

/// The fill values of all bins of a cell.
pub fn fill_of_a_cell(info: &ArrayInfo) -> Vec<u8> {
    let bins: u64 = info.shape[1..].iter().product();
    info.fill.repeat(bins as usize)
}

/// The values of some cells, fill values where nothing is stored.
fn retrieve(
    store: &OpenOrder,
    array: &Array<FilesystemStore>,
    info: &ArrayInfo,
    cells: std::ops::Range<u64>,
) -> Result<Vec<u8>> {
    if info.at_steps {
        return step_read::of_cells(store, array, info, cells);
    }
    let place = format!(
        "cells {} to {} of {}",
        cells.start,
        cells.end - 1,
        info.name
    );
    let bins = info.shape[1..].iter().map(|&bins| 0..bins);
    let ranges: Vec<_> = std::iter::once(cells).chain(bins).collect();
    let bytes = array
        .retrieve_array_subset::<ArrayBytes<'static>>(&ArraySubset::new_with_ranges(&ranges))
        .map_err(|error| store.damaged(&format!("{place} cannot be decoded: {error}")))?
        .into_fixed()
        .map_err(|error| store.damaged(&format!("{place}: {error}")))?;
    let mut bytes = bytes.into_owned();
    into_little_endian(&mut bytes, info.dtype.size());
    Ok(bytes)
}

/// Cells of a file of an array, and of an inner chunk in it, as its metadata say.
fn chunk_cells(store: &OpenOrder, info: &ArrayInfo) -> Result<[u64; 2]> {
    let document = document(store.path(), &store.folder(&info.name))?;
    let cells = usize::from(info.at_steps);
    let of_file = &document["chunk_grid"]["configuration"]["chunk_shape"][cells];
    let codec = &document["codecs"][0];
    let inner = match codec["name"].as_str() {
        Some("sharding_indexed") => &codec["configuration"]["chunk_shape"][cells],
        _ => of_file,
    };
    match (of_file.as_u64(), inner.as_u64()) {
        (Some(file), Some(inner)) if inner > 0 && file.is_multiple_of(inner) => Ok([file, inner]),
        _ => Err(store.damaged(&format!(
            "{} has chunks of {inner} cells in files of {of_file}",
            info.name
        ))),
    }
}

/// The shards of which an array has a file.
fn files(store: &OpenOrder, info: &ArrayInfo) -> Result<BTreeSet<u64>> {
    let name = &info.name;
    let list = |folder: &Path| match folders::list(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        paths => paths.map_err(|error| Error::io("list", folder, error)),
    };
    let mut paths = list(&store.folder(name).join("c"))?;
    if info.at_steps {
        let of_steps: Vec<Vec<_>> = paths.iter().map(|p| list(p)).collect::<Result<_>>()?;
        paths = of_steps.concat();
    }
    let shards = store.grid().shards();
    (paths.iter())
        .map(|path| {
            let file = folders::name(path);
            let shard = file.parse().ok().filter(|&shard| shard < shards);
            shard.ok_or_else(|| store.damaged(&format!("{name}/c/{file} is of no shard")))
        })
        .collect()
}
