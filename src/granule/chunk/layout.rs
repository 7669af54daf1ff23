//! How libhdf5 says a dataset is stored: element type, filters with their parameters, chunks.
//!
//! On the line: the only part of this folder that calls libhdf5, once per dataset and through its
//! lock. Anything but plain chunks, standard integers or floats of 1 to 8 bytes, and the filters of
//! `filter.rs` gives no table.

use hdf5::plist::DatasetCreate;
use hdf5::plist::dataset_create::{ChunkOpts, Layout};
use hdf5::sync::sync;
use hdf5::{Dataset, globals as known};

use super::convert::{Element, Kind, Order};
use super::filter::{Pipeline, Step};
use super::table::{Entries, Entry, Grid, Table};
use crate::config::Dtype;

/// Numbers of the filters in the HDF5 File Format Specification, IV.A.2.l.
const DEFLATE: i32 = 1;
const SHUFFLE: i32 = 2;
const FLETCHER32: i32 = 3;

/// Why a dataset has no table.
#[derive(Debug)]
pub enum Untabled {
    /// libhdf5 cannot tell.
    Hdf5(hdf5::Error),
    /// The file contradicts itself.
    Bad(String),
}

impl From<hdf5::Error> for Untabled {
    fn from(error: hdf5::Error) -> Self {
        Self::Hdf5(error)
    }
}

/// The chunks of a dataset, or of one column of a 2-D one; `None` where libhdf5 must read it.
pub fn table(
    dataset: &Dataset,
    dtype: Dtype,
    column: Option<usize>,
    file_bytes: u64,
) -> Result<Option<Table>, Untabled> {
    let plist = dataset.dcpl()?;
    // Chunks at the edge may be kept as they are in files of another kind than granules.
    let whole_edges = |plist: &DatasetCreate| {
        let options = plist.get_chunk_opts().ok().flatten();
        options.is_some_and(|o| !o.contains(ChunkOpts::DONT_FILTER_PARTIAL_CHUNKS))
    };
    if plist.get_layout()? != Layout::Chunked || !whole_edges(&plist) {
        return Ok(None);
    }
    let Some(element) = element(dataset, dtype)? else {
        return Ok(None);
    };
    let Some(pipeline) = pipeline(&plist) else {
        return Ok(None);
    };
    let shape = dataset.space()?.shape();
    let Some(chunk) = plist.get_chunk()? else {
        return Ok(None);
    };
    let (rows, columns, chunk_rows, chunk_columns) = match (&shape[..], &chunk[..]) {
        (&[rows], &[chunk_rows]) => (rows, 1, chunk_rows, 1),
        (&[rows, columns], &[chunk_rows, chunk_columns]) => {
            (rows, columns, chunk_rows, chunk_columns)
        }
        _ => return Ok(None),
    };
    if chunk_rows == 0 || chunk_columns == 0 {
        return Ok(None);
    }
    let grid = Grid {
        rows: rows as u64,
        columns: columns as u64,
        chunk_rows: chunk_rows as u64,
        chunk_columns: chunk_columns as u64,
        element,
    };
    let mut entries = Entries::new(file_bytes);
    dataset.chunks_visit(|info| {
        let more = entries.push(Entry {
            row: info.offset.first().copied().unwrap_or(0),
            column: info.offset.get(1).copied().unwrap_or(0),
            address: info.addr,
            size: info.size,
            mask: info.filter_mask,
        });
        i32::from(!more)
    })?;
    let column = column.unwrap_or(0) as u64;
    Table::new(grid, column, pipeline, entries).map_err(Untabled::Bad)
}

/// The stored type, where it is exactly a standard one: all bits used, in one of the two orders.
fn element(dataset: &Dataset, dtype: Dtype) -> hdf5::Result<Option<Element>> {
    let (kind, little, big) = match dtype {
        Dtype::I8 => (Kind::I8, &known::H5T_STD_I8LE, &known::H5T_STD_I8BE),
        Dtype::I16 => (Kind::I16, &known::H5T_STD_I16LE, &known::H5T_STD_I16BE),
        Dtype::I32 => (Kind::I32, &known::H5T_STD_I32LE, &known::H5T_STD_I32BE),
        Dtype::I64 => (Kind::I64, &known::H5T_STD_I64LE, &known::H5T_STD_I64BE),
        Dtype::U8 => (Kind::U8, &known::H5T_STD_U8LE, &known::H5T_STD_U8BE),
        Dtype::U16 => (Kind::U16, &known::H5T_STD_U16LE, &known::H5T_STD_U16BE),
        Dtype::U32 => (Kind::U32, &known::H5T_STD_U32LE, &known::H5T_STD_U32BE),
        Dtype::U64 => (Kind::U64, &known::H5T_STD_U64LE, &known::H5T_STD_U64BE),
        Dtype::F32 => (Kind::F32, &known::H5T_IEEE_F32LE, &known::H5T_IEEE_F32BE),
        Dtype::F64 => (Kind::F64, &known::H5T_IEEE_F64LE, &known::H5T_IEEE_F64BE),
    };
    let stored = dataset.dtype()?;
    let (little, big) = (**little, **big);
    let order = if equal(stored.id(), little) {
        Order::Little
    } else if equal(stored.id(), big) {
        Order::Big
    } else {
        return Ok(None);
    };
    Ok(Some(Element { kind, order }))
}

#[expect(
    unsafe_code,
    reason = "the safe interface compares with types of the processor's byte order only"
)]
fn equal(a: hdf5_sys::h5i::hid_t, b: hdf5_sys::h5i::hid_t) -> bool {
    // SAFETY: both are ids, which libhdf5 looks up and refuses where they are no datatypes; its
    // lock is held.
    sync(|| unsafe { hdf5_sys::h5t::H5Tequal(a, b) > 0 })
}

/// The filters, where all are known.
fn pipeline(plist: &DatasetCreate) -> Option<Pipeline> {
    let mut steps = Vec::new();
    for i in 0..plist.get_filters().ok()?.len() {
        steps.push(step(plist, i as u32)?);
    }
    Pipeline::new(steps)
}

#[expect(
    unsafe_code,
    reason = "the safe interface does not give the parameters of the shuffle filter"
)]
fn step(plist: &DatasetCreate, index: u32) -> Option<Step> {
    let mut flags = 0;
    let mut parameters = [0_u32; 8];
    let mut count = parameters.len();
    // SAFETY: the id is that of a property list that lives; `count` is the room in `parameters`;
    // the name and the configuration are not asked for, which null pointers mean; the lock is held.
    let id = sync(|| unsafe {
        hdf5_sys::h5p::H5Pget_filter2(
            plist.id(),
            index,
            &raw mut flags,
            &raw mut count,
            parameters.as_mut_ptr(),
            0,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
        )
    });
    match (id, count) {
        (DEFLATE, _) => Some(Step::Deflate),
        // The size of an element, which a writer may set to anything.
        (SHUFFLE, 1) if parameters[0] > 0 => Some(Step::Shuffle {
            element: parameters[0] as usize,
        }),
        (FLETCHER32, _) => Some(Step::Fletcher32),
        _ => None,
    }
}
