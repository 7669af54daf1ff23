//! What the stand-in for the driver finds out: a test that could not fail would show nothing. Each of
//! these does something wrong with it, and the same thing right.

#![allow(unsafe_code, reason = "the driver is a C interface")]

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::path::Path;

use libloading::Library;

use crate::support::folder;

use super::compiled;

type Handle = *mut c_void;

/// What a node that fills is given, as the driver has it.
#[repr(C)]
struct Fill {
    to: u64,
    pitch: usize,
    value: c_uint,
    element_bytes: c_uint,
    width: usize,
    height: usize,
}

/// The stand-in, opened as a driver is, with a context on its first device.
struct Standing(Library);

/// Calls an entry point and gives back its result; the types are those of the arguments.
macro_rules! call {
    ($driver:expr, $name:literal, $($argument:expr => $type:ty),* $(,)?) => {{
        /// # Safety
        /// The entry point has these types, and the arguments are what it asks for.
        type Call = unsafe extern "C" fn($($type),*) -> c_int;
        // SAFETY: the stand-in declares these types, and checks addresses and handles.
        unsafe { $driver.0.get::<Call>($name.as_bytes()).unwrap()($($argument),*) }
    }};
}

impl Standing {
    /// A copy of its own: other tests of this process have theirs.
    fn new(folder: &Path) -> Self {
        let path = folder.join("stand_in.so");
        std::fs::copy(compiled::stand_in().join("libcuda.so.1"), &path).unwrap();
        // SAFETY: the library has no initialisers beyond those of its own data.
        let driver = Self(unsafe { Library::new(path) }.unwrap());
        call!(driver, "icefold_stand_in_set", c"remember=1,seed=5".as_ptr() => *const c_char);
        assert_eq!(call!(driver, "cuInit", 0 => c_uint), 0);
        let mut context: Handle = std::ptr::null_mut();
        call!(driver, "cuDevicePrimaryCtxRetain", &raw mut context => *mut Handle, 0 => c_int);
        call!(driver, "cuCtxSetCurrent", context => Handle);
        driver
    }

    fn misuse(&self) -> Option<String> {
        /// # Safety
        /// The entry point takes nothing.
        type Call = unsafe extern "C" fn() -> *const c_char;
        // SAFETY: null, or a string that lives until the next call.
        unsafe {
            let text = self.0.get::<Call>(b"icefold_stand_in_misuse").unwrap()();
            (!text.is_null()).then(|| CStr::from_ptr(text).to_string_lossy().into_owned())
        }
    }

    fn device(&self, bytes: usize) -> u64 {
        let mut address = 0;
        call!(self, "cuMemAlloc_v2", &raw mut address => *mut u64, bytes => usize);
        address
    }

    fn pinned(&self, bytes: usize) -> &'static mut [u8] {
        let mut address: Handle = std::ptr::null_mut();
        let address_of = &raw mut address;
        call!(self, "cuMemHostAlloc", address_of => *mut Handle, bytes => usize, 0 => c_uint);
        // SAFETY: it has this many bytes until it is freed, which ends every test.
        unsafe { std::slice::from_raw_parts_mut(address.cast(), bytes) }
    }

    fn stream(&self) -> Handle {
        let mut stream: Handle = std::ptr::null_mut();
        call!(self, "cuStreamCreate", &raw mut stream => *mut Handle, 1 => c_uint);
        stream
    }

    fn upload(&self, from: &[u8], to: u64, stream: Handle) {
        let (from, bytes) = (from.as_ptr(), from.len());
        call!(self, "cuMemcpyHtoDAsync_v2",
            to => u64, from => *const u8, bytes => usize, stream => Handle);
    }

    fn download(&self, from: u64, to: &mut [u8], stream: Handle) {
        let (to, bytes) = (to.as_mut_ptr(), to.len());
        call!(self, "cuMemcpyDtoHAsync_v2",
            to => *mut u8, from => u64, bytes => usize, stream => Handle);
    }

    fn fill(&self, to: u64, byte: u8, bytes: usize, stream: Handle) {
        call!(self, "cuMemsetD8Async",
            to => u64, byte => u8, bytes => usize, stream => Handle);
    }

    fn wait(&self, stream: Handle) {
        call!(self, "cuStreamSynchronize", stream => Handle);
    }

    fn graph(&self) -> Handle {
        let mut graph: Handle = std::ptr::null_mut();
        call!(self, "cuGraphCreate", &raw mut graph => *mut Handle, 0 => c_uint);
        graph
    }

    /// Adds a node that fills 64 bytes, behind another.
    fn filling(&self, graph: Handle, behind: Option<Handle>, to: u64) -> Handle {
        let fill = Fill {
            to,
            pitch: 0,
            value: 7,
            element_bytes: 1,
            width: 64,
            height: 1,
        };
        let (mut node, mut context): (Handle, Handle) =
            (std::ptr::null_mut(), std::ptr::null_mut());
        call!(self, "cuCtxGetCurrent", &raw mut context => *mut Handle);
        let before = behind.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
        let number = usize::from(behind.is_some());
        call!(self, "cuGraphAddMemsetNode", &raw mut node => *mut Handle, graph => Handle,
            before => *const Handle, number => usize, &raw const fill => *const Fill, context => Handle);
        node
    }

    fn launch_graph(&self, graph: Handle, stream: Handle) {
        let mut ready: Handle = std::ptr::null_mut();
        let ready_of = &raw mut ready;
        call!(self, "cuGraphInstantiateWithFlags", ready_of => *mut Handle, graph => Handle, 0 => u64);
        call!(self, "cuGraphLaunch", ready => Handle, stream => Handle);
    }

    /// `second` goes on when `first` is where it is now.
    fn order(&self, first: Handle, second: Handle) {
        let mut event: Handle = std::ptr::null_mut();
        call!(self, "cuEventCreate", &raw mut event => *mut Handle, 2 => c_uint);
        call!(self, "cuEventRecord", event => Handle, first => Handle);
        call!(self, "cuStreamWaitEvent", second => Handle, event => Handle, 0 => c_uint);
    }
}

/// One test for each of these, which is given the stand-in and whether to do it wrong; `$says` is what
/// is then found.
macro_rules! found_only_where_it_is_wrong {
    ($($fact:ident: $says:literal),* $(,)?) => {
        $(#[test]
        fn $fact() {
            for wrong in [false, true] {
                let folder = folder();
                let driver = Standing::new(folder.path());
                does::$fact(&driver, wrong);
                match driver.misuse() {
                    None => assert!(!wrong, "nothing was found"),
                    Some(found) => assert!(wrong && found.contains($says), "{found}"),
                }
            }
        })*
    };
}

found_only_where_it_is_wrong!(
    streams_that_do_not_wait_for_each_other: "nothing says which comes first",
    a_stream_that_the_host_did_not_wait_for: "nothing says which comes first",
    a_buffer_that_is_written_before_it_was_copied: "changed before it was copied",
    memory_that_is_freed_too_early: "freed while work may use it",
    page_locked_memory_that_is_freed_too_early: "freed while work may use it",
    a_copy_from_memory_that_is_not_page_locked: "not from or to page-locked memory",
    a_fill_beyond_the_end_of_memory: "not inside one block",
    nodes_of_a_graph_that_do_not_follow_each_other: "it does not say which comes first",
    memory_of_the_host_that_is_not_mapped: "not mapped into the device's addresses",
    memory_that_a_launched_graph_may_use: "freed while work may use it",
);

/// What is done, right or wrong.
mod does {
    use super::*;

    pub fn streams_that_do_not_wait_for_each_other(driver: &Standing, wrong: bool) {
        let (a, b) = (driver.stream(), driver.stream());
        let (memory, buffer) = (driver.device(64), driver.pinned(64));
        driver.upload(buffer, memory, a);
        if !wrong {
            driver.order(a, b);
        }
        driver.fill(memory, 7, 64, b);
        driver.wait(b);
    }

    /// Waiting for one stream says nothing of another, even where that has come to its end by itself.
    pub fn a_stream_that_the_host_did_not_wait_for(driver: &Standing, wrong: bool) {
        let (a, b) = (driver.stream(), driver.stream());
        let memory = driver.device(64);
        driver.fill(memory, 7, 64, a);
        driver.wait(if wrong { b } else { a });
        driver.fill(memory, 9, 64, b);
        driver.wait(b);
    }

    pub fn a_buffer_that_is_written_before_it_was_copied(driver: &Standing, wrong: bool) {
        let stream = driver.stream();
        let (memory, buffer) = (driver.device(64), driver.pinned(64));
        driver.upload(buffer, memory, stream);
        if !wrong {
            driver.wait(stream);
        }
        buffer[63] ^= 1;
        driver.wait(stream);
    }

    pub fn memory_that_is_freed_too_early(driver: &Standing, wrong: bool) {
        let (stream, memory) = (driver.stream(), driver.device(64));
        driver.fill(memory, 7, 64, stream);
        if !wrong {
            driver.wait(stream);
        }
        call!(driver, "cuMemFree_v2", memory => u64);
    }

    pub fn page_locked_memory_that_is_freed_too_early(driver: &Standing, wrong: bool) {
        let stream = driver.stream();
        let (memory, buffer) = (driver.device(64), driver.pinned(64));
        driver.upload(buffer, memory, stream);
        if !wrong {
            driver.wait(stream);
        }
        call!(driver, "cuMemFreeHost", buffer.as_mut_ptr() => *mut u8);
    }

    pub fn a_copy_from_memory_that_is_not_page_locked(driver: &Standing, wrong: bool) {
        let stream = driver.stream();
        let (memory, buffer) = (driver.device(64), driver.pinned(64));
        let array = [1; 64];
        driver.upload(if wrong { &array } else { buffer }, memory, stream);
        driver.wait(stream);
    }

    pub fn nodes_of_a_graph_that_do_not_follow_each_other(driver: &Standing, wrong: bool) {
        let (stream, memory) = (driver.stream(), driver.device(64));
        let graph = driver.graph();
        let first = driver.filling(graph, None, memory);
        driver.filling(graph, (!wrong).then_some(first), memory);
        driver.launch_graph(graph, stream);
        driver.wait(stream);
    }

    pub fn memory_that_a_launched_graph_may_use(driver: &Standing, wrong: bool) {
        let (stream, memory) = (driver.stream(), driver.device(64));
        let graph = driver.graph();
        driver.filling(graph, None, memory);
        driver.launch_graph(graph, stream);
        if !wrong {
            driver.wait(stream);
        }
        call!(driver, "cuMemFree_v2", memory => u64);
    }

    pub fn memory_of_the_host_that_is_not_mapped(driver: &Standing, wrong: bool) {
        let mut memory: Handle = std::ptr::null_mut();
        let (memory_of, flags) = (&raw mut memory, if wrong { 0 } else { 2 });
        call!(driver, "cuMemHostAlloc", memory_of => *mut Handle, 64 => usize, flags => c_uint);
        let mut address = 0;
        let address_of = &raw mut address;
        call!(driver, "cuMemHostGetDevicePointer_v2",
            address_of => *mut u64, memory => Handle, 0 => c_uint);
    }

    pub fn a_fill_beyond_the_end_of_memory(driver: &Standing, wrong: bool) {
        let (stream, memory) = (driver.stream(), driver.device(64));
        driver.fill(memory, 7, if wrong { 65 } else { 64 }, stream);
        driver.wait(stream);
    }
}

#[test]
fn a_copy_to_the_host_is_not_there_before_it_is_waited_for() {
    let folder = folder();
    let driver = Standing::new(folder.path());
    let stream = driver.stream();
    let (memory, buffer) = (driver.device(64), driver.pinned(64));
    driver.fill(memory, 7, 64, stream);
    driver.download(memory, buffer, stream);
    driver.wait(stream);
    assert_eq!(*buffer, [7; 64]);
    // A device may also be quick.
    let late = (0..100).filter(|_| {
        driver.download(memory, buffer, stream);
        let late = *buffer != [7; 64];
        driver.wait(stream);
        assert_eq!(*buffer, [7; 64]);
        late
    });
    assert!((50..100).contains(&late.count()));
    assert_eq!(driver.misuse(), None);
}

#[test]
fn memory_that_nobody_has_written_holds_other_bytes_each_time() {
    let folder = folder();
    let driver = Standing::new(folder.path());
    let fresh = || {
        let (memory, mut bytes) = (driver.device(64), [0u8; 64]);
        let to = bytes.as_mut_ptr();
        call!(driver, "cuMemcpyDtoH_v2", to => *mut u8, memory => u64, 64 => usize);
        bytes
    };
    let (first, second) = (fresh(), fresh());
    assert_ne!(first, second);
    assert!(first.iter().any(|byte| *byte != first[0]));
}
