//! NVRTC through its C interface, whichever release of it this machine has. Under `modules.rs`.

#![allow(
    unsafe_code,
    reason = "NVRTC is a C library that is found when the program runs"
)]

use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr;

use libloading::Library;

/// Names by which releases are found. The oldest that is served comes first: its PTX is taken by the most
/// drivers.
const NAMES: [&str; 6] = [
    "libnvrtc.so.12",
    "libnvrtc.so.13",
    "libnvrtc.so.11.2",
    "libnvrtc.so",
    "nvrtc64_120_0.dll",
    "nvrtc64_130_0.dll",
];

type Program = *mut c_void;
/// # Safety
/// A place for the program, two texts that end, and as many headers as said.
type Create = unsafe extern "C" fn(
    *mut Program,
    *const c_char,
    *const c_char,
    c_int,
    *const *const c_char,
    *const *const c_char,
) -> c_int;
/// # Safety
/// A program, and as many options as said.
type Compile = unsafe extern "C" fn(Program, c_int, *const *const c_char) -> c_int;
/// # Safety
/// A program, and a place for the size.
type SizeOf = unsafe extern "C" fn(Program, *mut usize) -> c_int;
/// # Safety
/// A program, and room for as many bytes as its size.
type TextOf = unsafe extern "C" fn(Program, *mut c_char) -> c_int;
/// # Safety
/// A place with a program.
type Destroy = unsafe extern "C" fn(*mut Program) -> c_int;

/// The library.
pub struct Nvrtc(Library);

impl Nvrtc {
    /// The first release that is found.
    pub fn find() -> Option<Self> {
        // SAFETY: initialising the library has no conditions.
        let load = |name: &&str| unsafe { Library::new(*name) }.ok();
        NAMES.iter().find_map(load).map(Self)
    }

    /// The PTX of a source; what it says of the source otherwise.
    pub fn ptx(&self, name: &str, source: &str, options: &[&str]) -> Result<String, String> {
        let text = |text: &str| CString::new(text).map_err(|e| e.to_string());
        let (name, source) = (text(name)?, text(source)?);
        let options: Vec<CString> = options.iter().map(|o| text(o)).collect::<Result<_, _>>()?;
        let options: Vec<*const c_char> = options.iter().map(|o| o.as_ptr()).collect();
        let mut program: Program = ptr::null_mut();
        // SAFETY: the library has these functions with these types in all releases; texts end and live
        // through the calls, and a program is used between its making and its end.
        unsafe {
            let create = self.function::<Create>("nvrtcCreateProgram")?;
            let compile = self.function::<Compile>("nvrtcCompileProgram")?;
            let destroy = self.function::<Destroy>("nvrtcDestroyProgram")?;
            let (source, name) = (source.as_ptr(), name.as_ptr());
            let made = create(&raw mut program, source, name, 0, ptr::null(), ptr::null());
            if made != 0 {
                return Err(format!("no program is made: error {made}"));
            }
            let failed = compile(program, options.len() as c_int, options.as_ptr());
            let found = if failed == 0 {
                self.text(program, "PTX")
            } else {
                let log = self.text(program, "ProgramLog").unwrap_or_default();
                Err(format!("{} (error {failed})", log.trim()))
            };
            destroy(&raw mut program);
            found
        }
    }

    /// # Safety
    /// The program is one of this library.
    unsafe fn text(&self, program: Program, what: &str) -> Result<String, String> {
        // SAFETY: as in `ptx`; the room is as large as the library says.
        unsafe {
            let size_of = self.function::<SizeOf>(&format!("nvrtcGet{what}Size"))?;
            let text_of = self.function::<TextOf>(&format!("nvrtcGet{what}"))?;
            let mut size = 0;
            size_of(program, &raw mut size);
            let mut bytes = vec![0u8; size];
            text_of(program, bytes.as_mut_ptr().cast());
            bytes.truncate(bytes.iter().position(|&b| b == 0).unwrap_or(size));
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        }
    }

    /// # Safety
    /// The function has the type `F`.
    unsafe fn function<F: Copy>(&self, name: &str) -> Result<F, String> {
        // SAFETY: as the caller says.
        let found = unsafe { self.0.get::<F>(name) };
        found.map(|found| *found).map_err(|e| e.to_string())
    }
}
