//! How a dataset is stored, as libhdf5 tells it: element type, filters with their parameters, chunks.
//!
//! On the line: the only part of this folder that calls libhdf5, besides `known.rs`: once per dataset and
//! through its lock. A dataset gets a table only if it is stored in chunks or in rows one after the other, of
//! standard integers or floats of 1 to 8 bytes, with filters that are known.

use std::sync::Arc;

use hdf5::plist::DatasetCreate;
use hdf5::plist::dataset_create::{ChunkOpts, Layout};
use hdf5::sync::sync;
use hdf5::{Dataset, Datatype, globals as known};

use super::dataset::ChunkedDataset;
use super::entries::{Entries, Entry};
use super::known::pipeline;
use super::table::{Grid, Table};
use crate::config::Dtype;
use crate::photon::stored::{Element, Kind, Order, Pipeline};
use crate::source::{Bytes, Joined, Part};

/// A dataset, or one column of it, and the bytes that it stands in.
#[derive(Debug)]
pub struct Asked<'a> {
    pub dataset: &'a Dataset,
    pub dtype: Dtype,
    pub column: Option<usize>,
    /// What the dataset is in.
    pub bytes: &'a Arc<dyn Bytes>,
    /// What holds its raw data, where others do.
    pub parts: Option<Vec<Part>>,
}

/// How a dataset is read.
#[derive(Debug)]
pub enum Found {
    /// Without libhdf5.
    Direct(Box<ChunkedDataset>),
    /// Through libhdf5, which decodes so many bytes at a time.
    Through { chunk_bytes: usize },
}

/// Why a dataset has no table.
#[derive(Debug)]
pub enum Untabled {
    /// libhdf5 cannot tell.
    Hdf5(hdf5::Error),
    /// The file contradicts itself, or is stored as nothing here reads it.
    Bad(String),
}

impl From<hdf5::Error> for Untabled {
    fn from(error: hdf5::Error) -> Self {
        Self::Hdf5(error)
    }
}

/// Looks up how a dataset is stored.
pub fn find(asked: Asked) -> Result<Found, Untabled> {
    let plist = asked.dataset.dcpl()?;
    let element = element(asked.dataset, asked.dtype)?;
    if element.is_none() && matches!(asked.dtype, Dtype::F32 | Dtype::F64) {
        return Err(Untabled::Bad(
            "is a float whose bits do not lie as IEEE 754 lays them out; fetch the granule again, or \
             rewrite the dataset"
                .into(),
        ));
    }
    match plist.get_layout()? {
        Layout::Chunked => chunked(&asked, &plist, element),
        Layout::Contiguous => contiguous(asked, element),
        // Compact values stand in the header; what virtual datasets lead to has been looked at.
        Layout::Compact | Layout::Virtual => Ok(Found::Through { chunk_bytes: 0 }),
    }
}

fn chunked(
    asked: &Asked,
    plist: &DatasetCreate,
    element: Option<Element>,
) -> Result<Found, Untabled> {
    let pipeline = pipeline(plist)?;
    // Chunks at the edge may be kept as they are in files of another kind than granules.
    let options = plist.get_chunk_opts()?;
    let whole_edges = options.is_some_and(|o| !o.contains(ChunkOpts::DONT_FILTER_PARTIAL_CHUNKS));
    let readable = element.zip(pipeline).filter(|_| whole_edges);
    let Some(grid) = grid(asked, plist)? else {
        return Err(Untabled::Bad(
            "has storage chunks of another shape than its values; fetch the granule again".into(),
        ));
    };
    let mut entries = Entries::new(asked.bytes.length());
    asked.dataset.chunks_visit(|info| {
        let more = entries.push(Entry {
            row: info.offset.first().copied().unwrap_or(0),
            column: info.offset.get(1).copied().unwrap_or(0),
            address: info.addr,
            size: info.size,
            mask: info.filter_mask,
        });
        i32::from(!more)
    })?;
    let column = asked.column.unwrap_or(0) as u64;
    if let Some((element, pipeline)) = readable {
        let grid = Grid { element, ..grid };
        let table = Table::new(grid, column, pipeline, entries).map_err(Untabled::Bad)?;
        let bytes = Arc::clone(asked.bytes);
        return Ok(Found::Direct(Box::new(ChunkedDataset::new(table, bytes))));
    }
    // What libhdf5 undoes leaves any length.
    let anything = entries.unchecked();
    let table = Table::new(grid, column, Pipeline::none(), anything).map_err(Untabled::Bad)?;
    if let Some(holes) = table.holes() {
        return Err(Untabled::Bad(holes.describe()));
    }
    Ok(Found::Through {
        chunk_bytes: table.length,
    })
}

/// Rows in no chunks: in the file, in others, or never written.
fn contiguous(asked: Asked, element: Option<Element>) -> Result<Found, Untabled> {
    let shape = asked.dataset.space()?.shape();
    let (rows, columns) = (shape.first(), shape.get(1));
    let (rows, columns) = (
        rows.map_or(0, |n| *n as u64),
        columns.map_or(1, |n| *n as u64),
    );
    let Some(element) = element else {
        if asked.parts.is_some() {
            return Err(Untabled::Bad(
                "is an integer of unusual layout whose raw data is in other files; rewrite it into one \
                 file (h5repack)"
                    .into(),
            ));
        }
        return Ok(Found::Through { chunk_bytes: 0 });
    };
    let grid = Grid {
        rows,
        columns,
        chunk_rows: 1,
        chunk_columns: columns.max(1),
        element,
    };
    let column = asked.column.unwrap_or(0) as u64;
    let (bytes, start): (Arc<dyn Bytes>, _) = match asked.parts {
        Some(parts) => (Arc::new(Joined::new(parts)), Some(0)),
        None => (Arc::clone(asked.bytes), address(asked.dataset)?),
    };
    let place = start.map(|start| (start, bytes.length()));
    let table = match place {
        Some(place) => Table::of_rows(grid, column, Pipeline::none(), place),
        None => Table::new(grid, column, Pipeline::none(), Entries::new(0)),
    };
    let table = table.map_err(Untabled::Bad)?;
    Ok(Found::Direct(Box::new(ChunkedDataset::new(table, bytes))))
}

/// Where the values of a contiguous dataset begin in its file; `None` where there is no room for any.
fn address(dataset: &Dataset) -> hdf5::Result<Option<u64>> {
    // Without room, the address is no number, to which the length of a userblock may have been added.
    if dataset.storage_size() == 0 {
        return Ok(None);
    }
    let userblock = dataset.file()?.userblock();
    Ok(dataset.offset().filter(|address| *address >= userblock))
}

/// How a dataset is divided into chunks; elements are as wide as they are stored.
fn grid(asked: &Asked, plist: &DatasetCreate) -> hdf5::Result<Option<Grid>> {
    let shape = asked.dataset.space()?.shape();
    let chunk = plist.get_chunk()?.unwrap_or_default();
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
    let kind = match asked.dtype {
        Dtype::I8 => Kind::I8,
        Dtype::I16 => Kind::I16,
        Dtype::I32 => Kind::I32,
        Dtype::I64 => Kind::I64,
        Dtype::U8 => Kind::U8,
        Dtype::U16 => Kind::U16,
        Dtype::U32 => Kind::U32,
        Dtype::U64 => Kind::U64,
        Dtype::F32 => Kind::F32,
        Dtype::F64 => Kind::F64,
    };
    Ok(Some(Grid {
        rows: rows as u64,
        columns: columns as u64,
        chunk_rows: chunk_rows as u64,
        chunk_columns: chunk_columns as u64,
        element: Element {
            kind,
            order: Order::Little,
        },
    }))
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
    let stored = whole_numbers(dataset.dtype()?)?;
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

/// The integers that an enum names some of; other types as they are.
#[expect(
    unsafe_code,
    reason = "the safe interface does not lead from an enum to its integers"
)]
fn whole_numbers(dtype: Datatype) -> hdf5::Result<Datatype> {
    use hdf5_sys::h5t::{H5T_class_t, H5Tget_class, H5Tget_super};
    let id = dtype.id();
    // SAFETY: the datatype lives, and the lock is held.
    if sync(|| unsafe { H5Tget_class(id) }) != H5T_class_t::H5T_ENUM {
        return Ok(dtype);
    }
    sync(|| {
        // SAFETY: as above; the new datatype is owned by what takes its id.
        unsafe { hdf5::from_id::<Datatype>(H5Tget_super(id)) }
    })
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
