//! Filters by their numbers: those that are undone here, those that libhdf5 has, and the names of
//! others, for the error.
//!
//! On the line: `layout.rs` asks here for the filters of a dataset. Numbers 1 to 6 are those of the
//! HDF5 File Format Specification, IV.A.2.l; others are registered with The HDF Group.

use hdf5::plist::DatasetCreate;
use hdf5::sync::sync;

use super::layout::Untabled;
use crate::photon::stored::{Pipeline, Step};

const DEFLATE: i32 = 1;
const SHUFFLE: i32 = 2;
const FLETCHER32: i32 = 3;
const LZF: i32 = 32000;
const BLOSC: i32 = 32001;
const LZ4: i32 = 32004;
const ZSTD: i32 = 32015;

/// The parameter of blosc that names its compressor, and the one that is not undone here.
const BLOSC_COMPRESSOR: usize = 6;
const SNAPPY: u32 = 3;

/// Filters that other programs write with, by number; of blosc, what is not built in.
const NAMES: [(i32, &str); 16] = [
    (4, "szip"),
    (5, "nbit"),
    (6, "scaleoffset"),
    (305, "LZO"),
    (307, "bzip2"),
    (32000, "lzf"),
    (32001, "blosc with snappy"),
    (32004, "lz4"),
    (32008, "bitshuffle"),
    (32013, "zfp"),
    (32015, "zstd"),
    (32017, "SZ"),
    (32018, "fcidecomp"),
    (32019, "jpeg"),
    (32022, "granular bitround"),
    (32026, "blosc2"),
];

/// The filters of a dataset; `None` where libhdf5 must undo them.
///
/// # Errors
/// A filter that neither has.
pub fn pipeline(plist: &DatasetCreate) -> Result<Option<Pipeline>, Untabled> {
    let mut steps = Vec::new();
    let mut all_known = true;
    for index in 0..plist.get_filters()?.len() {
        match step(plist, index as u32) {
            Ok(step) => steps.push(step),
            Err(id) if is_available(id) => all_known = false,
            Err(id) => return Err(Untabled::Bad(unknown(id))),
        }
    }
    Ok(Pipeline::new(steps).filter(|_| all_known))
}

/// Why a dataset with a filter of this number is not read, and the way out.
fn unknown(id: i32) -> String {
    let name = NAMES.iter().find(|(known, _)| *known == id);
    let name = name.map_or_else(|| format!("{id}"), |(_, name)| format!("{name} ({id})"));
    format!(
        "is stored with the filter {name}, which is not built in; rewrite the file with another \
         (h5repack -f GZIP=6), or set HDF5_PLUGIN_PATH to a folder that has a plug-in for it"
    )
}

#[expect(
    unsafe_code,
    reason = "the safe interface does not ask for a filter by its number"
)]
fn is_available(id: i32) -> bool {
    // SAFETY: a number goes in and a number comes out; the lock is held.
    sync(|| unsafe { hdf5_sys::h5z::H5Zfilter_avail(id) > 0 })
}

#[expect(
    unsafe_code,
    reason = "the safe interface does not give the parameters of the shuffle filter"
)]
fn step(plist: &DatasetCreate, index: u32) -> Result<Step, i32> {
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
        (DEFLATE, _) => Ok(Step::Deflate),
        // The size of an element, which a writer may set to anything.
        (SHUFFLE, 1) if parameters[0] > 0 => Ok(Step::Shuffle {
            element: parameters[0] as usize,
        }),
        (FLETCHER32, _) => Ok(Step::Fletcher32),
        (LZF, _) => Ok(Step::Lzf),
        (BLOSC, _) if parameters[BLOSC_COMPRESSOR] != SNAPPY => Ok(Step::Blosc),
        (LZ4, _) => Ok(Step::Lz4),
        (ZSTD, _) => Ok(Step::Zstd),
        _ => Err(id),
    }
}
