//! Reading the layout of cells: every value is decoded from whole Zarr shards, so that every checksum is
//! verified, and what is missing is an error, never a fill value.
//!
//! Below `read.rs`, beside `sphere.rs`, which reads the other layout.

use std::ops::Range;

use zarrs::array::{Array, ArrayBytes};
use zarrs::filesystem::FilesystemStore;

use super::metadata::CELL_IDS;
use super::open::{ArrayInfo, Blocks, OpenOrder};
use super::step_read;
use super::value::into_little_endian;
use crate::config::Dtype;
use crate::error::{Error, Result};

/// The number of cells.
///
/// # Errors
/// Ids that are not one uint64 for each cell.
pub fn count(store: &OpenOrder) -> Result<u64> {
    let ids = store.info(CELL_IDS, None)?;
    if (ids.dtype, ids.shape.len()) != (Dtype::U64, 1) {
        let message = format!(
            "cell_ids is {} of shape {:?}, not uint64 of one dimension",
            ids.dtype.name(),
            ids.shape
        );
        return Err(store.damaged(&message));
    }
    Ok(ids.shape[0])
}

/// The values of an array as little-endian bytes, one Zarr shard at a time.
pub fn blocks(store: &OpenOrder, info: ArrayInfo) -> Result<Blocks<'_>> {
    if info.at_steps {
        return step_read::blocks(store, info);
    }
    let array = store.array(&info.name)?;
    let shards = array.chunk_grid_shape().to_vec();
    if shards.iter().skip(1).any(|&count| count > 1) {
        let message = format!(
            "{} is cut along its bins, which icefold does not read",
            info.name
        );
        return Err(Error::store(store.path(), message));
    }
    let blocks = 0..shards[0];
    Ok(Box::new(
        blocks.map(move |index| block(store, &array, &info, index)),
    ))
}

/// The values of some cells, by their places among all, of an array with one for each: of a Zarr shard only the chunks that have
/// them are decoded, each with its checksum.
pub fn of_cells(store: &OpenOrder, info: &ArrayInfo, cells: Range<u64>) -> Result<Vec<u8>> {
    let array = store.array(&info.name)?;
    let first = array
        .chunk_subset_bounded(&[0])
        .map_err(|error| store.damaged(&format!("{}: {error}", info.name)))?;
    let of_file = first.shape()[0].max(1);
    let mut values = Vec::new();
    let mut begin = cells.start;
    while begin < cells.end {
        let file = begin / of_file;
        let end = cells.end.min((file + 1) * of_file);
        let path = store.folder(&info.name).join("c").join(file.to_string());
        if path.is_file() {
            let part = begin..end;
            values.extend(step_read::retrieve(
                store,
                &array,
                info.dtype,
                std::slice::from_ref(&part),
            )?);
        } else {
            // Says what is missing, or finds it where other programs put it.
            let all = block(store, &array, info, file)?;
            let at = |cell: u64| (cell - file * of_file) as usize * info.dtype.size();
            values.extend(all.get(at(begin)..at(end)).unwrap_or_default());
        }
        begin = end;
    }
    Ok(values)
}

fn block(
    store: &OpenOrder,
    array: &Array<FilesystemStore>,
    info: &ArrayInfo,
    index: u64,
) -> Result<Vec<u8>> {
    let mut indices = vec![0; info.shape.len()];
    indices[0] = index;
    let order = store.grid().cell_order;
    let place = || format!("{order}/{} (Zarr shard {index})", info.name);
    let subset = array
        .chunk_subset_bounded(&indices)
        .map_err(|error| store.damaged(&format!("{}: {error}", place())))?;
    let bytes = array
        .retrieve_chunk_if_exists::<ArrayBytes<'static>>(&indices)
        .map_err(|error| store.damaged(&format!("{} cannot be decoded: {error}", place())))?
        .ok_or_else(|| store.damaged(&format!("{} is missing", place())))?
        .into_fixed()
        .map_err(|error| store.damaged(&format!("{}: {error}", place())))?;
    let mut bytes = bytes.into_owned();
    bytes.truncate(subset.num_elements_usize() * info.dtype.size());
    into_little_endian(&mut bytes, info.dtype.size());
    Ok(bytes)
}
