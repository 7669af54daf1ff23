//! libhdf5 over bytes that are no file: a file driver of icefold's own.
//!
//! On the line: `open_file.rs` opens objects through it. The library asks for metadata by place, and is given them from
//! `Bytes`, under its lock; it writes nothing. The bindings' `H5FD_class_t` is that of another version of the library, so
//! the structures are declared here as `H5FDdevelop.h` of the built-in one has them. Why a read failed is kept by the bytes
//! (`Bytes::trouble`).

use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_ulong, c_void};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use hdf5::plist::FileAccess;
use hdf5_sys::h5::{haddr_t, herr_t, hsize_t};
use hdf5_sys::h5f::{H5F_ACC_RDONLY, H5Fopen};
use hdf5_sys::h5fd::H5FDregister;
use hdf5_sys::h5i::hid_t;
use hdf5_sys::h5p::H5Pset_driver;

use super::open_file::settle_plugins;
use crate::source::Bytes;

/// `H5FD_CLASS_VERSION` of the library that is built in.
const VERSION: c_uint = 1;
/// Above what the library keeps for itself (`H5_VFD_RESERVED`), below the most (`H5_VFD_MAX`).
const NUMBER: c_int = 23_517;
/// `H5FD_FEAT_DEFAULT_VFD_COMPATIBLE`: the file is as one that the default driver writes.
const FEATURES: c_ulong = 0x8000;
const FAILED: herr_t = -1;
const DONE: herr_t = 0;
/// `H5FD_FLMAP_DICHOTOMY`: metadata and raw data apart; nothing is ever allocated.
const LISTS: [c_int; 7] = [1, 1, 1, 3, 3, 1, 1];

/// Bytes that are about to be opened, by the name under which the library is asked to.
static OFFERED: Mutex<BTreeMap<String, Arc<dyn Bytes>>> = Mutex::new(BTreeMap::new());

/// What the library keeps of an open file in front of what is ours: `H5FD_t`, with room to spare.
#[repr(C)]
struct Handle {
    /// Written by the library once it has the handle.
    of_library: [u64; 24],
    bytes: Arc<dyn Bytes>,
    /// The first address behind what the library takes for the file.
    end: haddr_t,
}

// SAFETY: it is only ever null.
type Unused = Option<unsafe extern "C" fn()>;

/// `H5FD_class_t`; what has no use here is a null pointer of any function.
#[repr(C)]
struct Class {
    version: c_uint,
    value: c_int,
    name: *const c_char,
    maxaddr: haddr_t,
    fc_degree: c_int,
    terminate: Unused,
    sb: [Unused; 3],
    fapl_size: usize,
    fapl: [Unused; 3],
    dxpl_size: usize,
    dxpl: [Unused; 2],
    // SAFETY: the library calls it, with a name that ends.
    open: unsafe extern "C" fn(*const c_char, c_uint, hid_t, haddr_t) -> *mut Handle,
    // SAFETY: the library calls it, with what it had from `open`.
    close: unsafe extern "C" fn(*mut Handle) -> herr_t,
    cmp: Unused,
    // SAFETY: the library calls it, with what it had from `open`.
    query: unsafe extern "C" fn(*const Handle, *mut c_ulong) -> herr_t,
    get_type_map: Unused,
    alloc: Unused,
    free: Unused,
    // SAFETY: the library calls it, with what it had from `open`.
    get_eoa: unsafe extern "C" fn(*const Handle, c_int) -> haddr_t,
    // SAFETY: the library calls it, with what it had from `open`.
    set_eoa: unsafe extern "C" fn(*mut Handle, c_int, haddr_t) -> herr_t,
    // SAFETY: the library calls it, with what it had from `open`.
    get_eof: unsafe extern "C" fn(*const Handle, c_int) -> haddr_t,
    get_handle: Unused,
    // SAFETY: the library calls it, with what it had from `open`.
    read: unsafe extern "C" fn(*mut Handle, c_int, hid_t, haddr_t, usize, *mut c_void) -> herr_t,
    // SAFETY: the library calls it, with what it had from `open`.
    write: unsafe extern "C" fn(*mut Handle, c_int, hid_t, haddr_t, usize, *const c_void) -> herr_t,
    vectors_and_selections: [Unused; 4],
    flush_truncate_lock_unlock_del_ctl: [Unused; 6],
    fl_map: [c_int; 7],
}

/// The class is constant, and its name lives as long as the process.
struct Registered(Class);

// SAFETY: nothing of it is ever written, and what it points to is static.
unsafe impl Sync for Registered {}

static CLASS: Registered = Registered(Class {
    version: VERSION,
    value: NUMBER,
    name: c"icefold".as_ptr(),
    maxaddr: i64::MAX as haddr_t,
    // `H5F_CLOSE_WEAK`, as that of the default driver.
    fc_degree: 1,
    terminate: None,
    sb: [None; 3],
    fapl_size: 0,
    fapl: [None; 3],
    dxpl_size: 0,
    dxpl: [None; 2],
    open,
    close,
    cmp: None,
    query,
    get_type_map: None,
    alloc: None,
    free: None,
    get_eoa,
    set_eoa,
    get_eof,
    get_handle: None,
    read,
    write,
    vectors_and_selections: [None; 4],
    flush_truncate_lock_unlock_del_ctl: [None; 6],
    fl_map: LISTS,
});

/// Opens bytes as an HDF5 file, for reading.
///
/// # Errors
/// The library's.
pub fn open_bytes(bytes: &Arc<dyn Bytes>) -> hdf5::Result<hdf5::File> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    settle_plugins();
    let name = format!("icefold:{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let asked = CString::new(name.clone()).map_err(|e| hdf5::Error::from(e.to_string()))?;
    offered().insert(name.clone(), Arc::clone(bytes));
    let access = FileAccess::try_new();
    let opened = access.and_then(|access| {
        hdf5::sync::sync(|| {
            let driver = driver();
            // SAFETY: the lock of the library is held, the list and the name live, and a driver that could not be
            // registered is an id that is refused.
            let id = unsafe {
                if H5Pset_driver(access.id(), driver, ptr::null()) < 0 {
                    return Err(hdf5::Error::query().unwrap_or_else(|_| "no driver".into()));
                }
                H5Fopen(asked.as_ptr(), H5F_ACC_RDONLY, access.id())
            };
            if id < 0 {
                return Err(hdf5::Error::query().unwrap_or_else(|_| "it does not open".into()));
            }
            // SAFETY: the id is of a file that was just opened, and nobody else has it.
            unsafe { hdf5::from_id::<hdf5::File>(id) }
        })
    });
    offered().remove(&name);
    opened
}

fn offered() -> std::sync::MutexGuard<'static, BTreeMap<String, Arc<dyn Bytes>>> {
    OFFERED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The driver's id; the lock of the library is held.
fn driver() -> hid_t {
    static DRIVER: OnceLock<hid_t> = OnceLock::new();
    *DRIVER.get_or_init(|| {
        // SAFETY: the class has the layout of the library's own, which copies it, and all pointers in it are to
        // functions and text of this program.
        unsafe { H5FDregister(ptr::from_ref(&CLASS.0).cast()) }
    })
}

// SAFETY: the library alone calls it, under its lock, with a name that ends.
unsafe extern "C" fn open(
    name: *const c_char,
    flags: c_uint,
    _access: hid_t,
    _most: haddr_t,
) -> *mut Handle {
    if name.is_null() || flags != H5F_ACC_RDONLY {
        return ptr::null_mut();
    }
    // SAFETY: the library hands on the text that it was given, with its end.
    let name = unsafe { CStr::from_ptr(name) };
    let offered = offered().get(&*name.to_string_lossy()).cloned();
    let Some(bytes) = offered else {
        return ptr::null_mut();
    };
    Box::into_raw(Box::new(Handle {
        of_library: [0; 24],
        bytes,
        end: 0,
    }))
}

// SAFETY: the library alone calls it, under its lock, with what it had from `open` and has not closed.
unsafe extern "C" fn close(handle: *mut Handle) -> herr_t {
    // SAFETY: it is from `open`, and the library closes it once.
    drop(unsafe { Box::from_raw(handle) });
    DONE
}

// SAFETY: the library alone calls it, under its lock, with what it had from `open` and has not closed.
unsafe extern "C" fn query(_handle: *const Handle, features: *mut c_ulong) -> herr_t {
    if !features.is_null() {
        // SAFETY: the library gives a place for them.
        unsafe { features.write(FEATURES) };
    }
    DONE
}

// SAFETY: the library alone calls it, under its lock, with what it had from `open` and has not closed.
unsafe extern "C" fn get_eoa(handle: *const Handle, _kind: c_int) -> haddr_t {
    // SAFETY: it is from `open` and not closed.
    unsafe { (*handle).end }
}

// SAFETY: the library alone calls it, under its lock, with what it had from `open` and has not closed.
unsafe extern "C" fn set_eoa(handle: *mut Handle, _kind: c_int, end: haddr_t) -> herr_t {
    // SAFETY: it is from `open` and not closed, and the library's lock lets nobody else use it.
    unsafe { (*handle).end = end };
    DONE
}

// SAFETY: the library alone calls it, under its lock, with what it had from `open` and has not closed.
unsafe extern "C" fn get_eof(handle: *const Handle, _kind: c_int) -> haddr_t {
    // SAFETY: it is from `open` and not closed.
    unsafe { (*handle).bytes.length() }
}

// SAFETY: the library alone calls it, under its lock, with what it had from `open` and has not closed.
unsafe extern "C" fn read(
    handle: *mut Handle,
    _kind: c_int,
    _transfer: hid_t,
    at: haddr_t,
    size: usize,
    to: *mut c_void,
) -> herr_t {
    if size == 0 {
        return DONE;
    }
    // SAFETY: it is from `open` and not closed; nothing of it is written meanwhile, as the library's lock is held.
    let handle = unsafe { &*handle };
    // SAFETY: the library gives room for so many bytes, which nobody else has; all are written first.
    let out = unsafe {
        ptr::write_bytes(to.cast::<MaybeUninit<u8>>(), 0, size);
        std::slice::from_raw_parts_mut(to.cast::<u8>(), size)
    };
    // What is asked for behind the end is zero, as in the library's own drivers.
    let left = handle.bytes.length().saturating_sub(at);
    let there = usize::try_from(left).unwrap_or(usize::MAX).min(size);
    match handle.bytes.structure_at(at, &mut out[..there]) {
        Ok(()) => DONE,
        Err(_) => FAILED,
    }
}

// SAFETY: the library alone calls it, under its lock, with what it had from `open` and has not closed.
unsafe extern "C" fn write(
    _: *mut Handle,
    _: c_int,
    _: hid_t,
    _: haddr_t,
    _: usize,
    _: *const c_void,
) -> herr_t {
    FAILED
}

/// The library's `H5FD_t` fits in front of what is ours: ten words at most, of which the longest has 8 bytes.
const _: () = assert!(size_of::<[u64; 24]>() >= 2 * 10 * size_of::<hsize_t>());

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileBytes;

    #[test]
    fn the_library_reads_bytes_as_it_reads_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.h5");
        let values: Vec<i32> = (0..5000).collect();
        let file = hdf5::File::create(&path).unwrap();
        let made = file
            .create_group("g")
            .unwrap()
            .new_dataset_builder()
            .with_data(&values)
            .create("x")
            .unwrap();
        drop((made, file));
        let bytes: Arc<dyn Bytes> = Arc::new(FileBytes::open(&path).unwrap());
        let one = open_bytes(&bytes).unwrap();
        let two = open_bytes(&bytes).unwrap();
        for file in [&one, &two] {
            assert_eq!(
                file.dataset("g/x").unwrap().read_raw::<i32>().unwrap(),
                values
            );
        }
        drop((one, two));
        assert_eq!(Arc::strong_count(&bytes), 1);
    }

    #[test]
    fn what_is_no_hdf5_does_not_open_and_is_let_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.h5");
        std::fs::write(&path, [7; 4096]).unwrap();
        let bytes: Arc<dyn Bytes> = Arc::new(FileBytes::open(&path).unwrap());
        assert!(open_bytes(&bytes).is_err());
        assert_eq!(Arc::strong_count(&bytes), 1);
        assert!(offered().is_empty());
    }
}
