//! Which CUDA devices there are, or why there are none: never a panic, whatever is installed.

#![allow(
    unsafe_code,
    reason = "the driver is a C library that is found when the program runs"
)]

use std::sync::OnceLock;

use cudarc::driver::{result, sys};

use super::libraries::has_driver;
use crate::backend::cuda::report::{DeviceReport, Found};
use crate::backend::device::the_cpu;
use crate::error::{Phrase, phrase};

/// CUDA 12.0: what reads the PTX of this build.
const DRIVER_NEEDED: i32 = 12_000;
/// The compute capability that the PTX is for.
const CAPABILITY_NEEDED: (i32, i32) = (7, 5);

const NO_DRIVER: &str = "no NVIDIA driver: the library libcuda.so.1 (nvcuda.dll on Windows) was not \
                         found; install driver 525 or newer on a machine with an NVIDIA GPU, name the \
                         folder that has it in ICEFOLD_CUDA_FOLDERS, or use ";

/// What the driver is asked for before its version is known: every driver has these.
const FIRST_CALLS: [&str; 4] = [
    "cuInit",
    "cuDriverGetVersion",
    "cuGetErrorName",
    "cuGetErrorString",
];
/// Every other function of the driver that is called, all of them in CUDA 12.0. They are looked up when
/// they are first called, where it is too late to say that one is missing.
const CALLS: [&str; 43] = [
    "cuDeviceGet",
    "cuDeviceGetAttribute",
    "cuDeviceGetCount",
    "cuDeviceGetName",
    "cuDeviceTotalMem_v2",
    "cuDevicePrimaryCtxRetain",
    "cuDevicePrimaryCtxRelease_v2",
    "cuCtxGetCurrent",
    "cuCtxSetCurrent",
    "cuStreamCreate",
    "cuStreamDestroy_v2",
    "cuStreamSynchronize",
    "cuStreamWaitEvent",
    "cuEventCreate",
    "cuEventDestroy_v2",
    "cuEventRecord",
    "cuEventSynchronize",
    "cuEventElapsedTime",
    "cuModuleLoadData",
    "cuModuleUnload",
    "cuModuleGetFunction",
    "cuMemGetInfo_v2",
    "cuMemAlloc_v2",
    "cuMemFree_v2",
    "cuMemHostAlloc",
    "cuMemFreeHost",
    "cuMemHostGetDevicePointer_v2",
    "cuMemcpyHtoDAsync_v2",
    "cuMemcpyDtoHAsync_v2",
    "cuMemcpyDtoDAsync_v2",
    "cuMemcpyHtoD_v2",
    "cuMemcpyDtoH_v2",
    "cuMemsetD8Async",
    "cuLaunchKernel",
    "cuGraphCreate",
    "cuGraphDestroy",
    "cuGraphAddKernelNode_v2",
    "cuGraphAddMemsetNode",
    "cuGraphInstantiateWithFlags",
    "cuGraphExecDestroy",
    "cuGraphExecKernelNodeSetParams_v2",
    "cuGraphExecMemsetNodeSetParams",
    "cuGraphLaunch",
];

/// Looks once; devices do not come and go while a program runs.
pub fn find() -> &'static Found {
    static FOUND: OnceLock<Found> = OnceLock::new();
    FOUND.get_or_init(look)
}

fn look() -> Found {
    let mut found = Found::default();
    found.why_not = look_into(&mut found).err();
    if found.why_not.is_none() && found.devices.iter().all(|device| device.unusable.is_some()) {
        let reasons = found.devices.iter().filter_map(|d| d.unusable.clone());
        found.why_not = Some(reasons.collect::<Vec<_>>().join("; ").into());
    }
    found
}

fn look_into(found: &mut Found) -> Result<(), Phrase> {
    if !has_driver() {
        return Err(phrase![NO_DRIVER, the_cpu()]);
    }
    Ok(look_with_driver(found)?)
}

fn look_with_driver(found: &mut Found) -> Result<(), String> {
    if let Some(missing) = missing(&FIRST_CALLS) {
        return Err(format!(
            "a library libcuda.so.1 (nvcuda.dll on Windows) was found and is no NVIDIA driver: it has \
             no {missing}; remove it from where libraries are looked for"
        ));
    }
    result::init().map_err(|error| match error.0 {
        sys::CUresult::CUDA_ERROR_NO_DEVICE => no_device(),
        sys::CUresult::CUDA_ERROR_STUB_LIBRARY => {
            "the library libcuda.so.1 is a stub of the toolkit, not a driver; remove it from \
             LD_LIBRARY_PATH"
                .to_owned()
        }
        _ => format!(
            "the NVIDIA driver does not start: {}; see whether nvidia-smi runs",
            said(error)
        ),
    })?;
    let mut version = 0;
    // SAFETY: the driver is loaded, and the pointer is to an integer that lives through the call.
    let asked = unsafe { sys::cuDriverGetVersion(&raw mut version) }.result();
    asked.map_err(|error| format!("the NVIDIA driver has no version: {}", said(error)))?;
    let dotted = |v: i32| format!("{}.{}", v / 1000, v % 1000 / 10);
    found.driver = Some(dotted(version));
    if version < DRIVER_NEEDED {
        return Err(format!(
            "the NVIDIA driver is too old: it supports CUDA {}, and {} is needed; install driver \
             525 or newer",
            dotted(version),
            dotted(DRIVER_NEEDED)
        ));
    }
    if let Some(missing) = missing(&CALLS) {
        return Err(format!(
            "the NVIDIA driver has no {missing}, though it supports CUDA {}; install driver 525 or \
             newer whole",
            dotted(version)
        ));
    }
    let count = result::device::get_count().map_err(said)?;
    if count == 0 {
        return Err(no_device());
    }
    found.devices = (0..count).map(describe).collect();
    Ok(())
}

fn no_device() -> String {
    "the NVIDIA driver finds no device; see whether nvidia-smi lists one and CUDA_VISIBLE_DEVICES \
     does not hide it"
        .to_owned()
}

/// The first of these functions that the driver does not have.
fn missing(calls: &[&'static str]) -> Option<&'static str> {
    let is_missing = |call: &&str| {
        // SAFETY: the library was found, and nothing is called.
        let found = unsafe { sys::culib().get::<*const std::ffi::c_void>(call.as_bytes()) };
        found.is_err()
    };
    calls.iter().copied().find(is_missing)
}

/// What the driver says of an error. Newer drivers have errors that this build has no name for, so only
/// their number is looked at.
pub fn said(error: result::DriverError) -> String {
    let name = error
        .error_name()
        .ok()
        .map(|n| n.to_string_lossy().into_owned());
    let text = error
        .error_string()
        .ok()
        .map(|n| n.to_string_lossy().into_owned());
    match (name, text) {
        (Some(name), Some(text)) => format!("{text} ({name})"),
        _ => format!("error {}", error.0 as u32),
    }
}

fn describe(index: i32) -> DeviceReport {
    let mut report = DeviceReport {
        index: index as usize,
        name: "unknown".to_owned(),
        capability: String::new(),
        memory_bytes: 0,
        multiprocessors: None,
        clock_khz: None,
        unusable: None,
    };
    report.unusable = describe_into(&mut report).unwrap_or_else(|error| Some(said(error)));
    report
}

fn describe_into(report: &mut DeviceReport) -> Result<Option<String>, result::DriverError> {
    use sys::CUdevice_attribute_enum as Attribute;
    let device = result::device::get(report.index as i32)?;
    report.name = result::device::get_name(device)?;
    // SAFETY: the device was given by the driver just now.
    report.memory_bytes = unsafe { result::device::total_mem(device) }? as u64;
    let attribute = |which| {
        // SAFETY: as above.
        unsafe { result::device::get_attribute(device, which) }
    };
    let major = attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?;
    let minor = attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?;
    report.capability = format!("{major}.{minor}");
    // What a driver does not tell of its size is no reason against a device.
    let size = |which| attribute(which).ok().and_then(|n| u32::try_from(n).ok());
    report.multiprocessors = size(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
    report.clock_khz = size(Attribute::CU_DEVICE_ATTRIBUTE_CLOCK_RATE);
    let (needed_major, needed_minor) = CAPABILITY_NEEDED;
    Ok(((major, minor) < CAPABILITY_NEEDED).then(|| {
        format!(
            "{} has compute capability {major}.{minor}, and {needed_major}.{needed_minor} (Turing) \
             or newer is needed",
            report.name
        )
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looking_for_devices_gives_devices_or_a_reason() {
        let found = find();
        assert!(found.why_not.is_some() || !found.devices.is_empty());
    }
}
