//! The kernels as the driver holds them: PTX of the build, or sources compiled by the NVRTC of this
//! machine. Under `driver.rs`.

#![allow(
    unsafe_code,
    reason = "NVRTC is a C library that is found when the program runs"
)]

use std::sync::Arc;

use cudarc::driver::{CudaContext, CudaFunction, DriverError, sys};
use cudarc::nvrtc::{CompileError, CompileOptions, Ptx, compile_ptx_with_opts};

use super::devices::said;
use super::kernels::{KERNELS, Kernel, PTX, sources};
use super::machine::{Fault, Result};

/// Compiles the kernels' sources with NVRTC instead of taking the PTX of the build. For debugging.
pub const FROM_SOURCE: &str = "ICEFOLD_CUDA_FROM_SOURCE";

/// Every kernel, in the order of `KERNELS`.
pub fn functions(context: &Arc<CudaContext>) -> Result<Vec<CudaFunction>> {
    let from_source = std::env::var_os(FROM_SOURCE).is_some_and(|value| !value.is_empty());
    let modules = if from_source {
        compiled()?
    } else {
        PTX.map(|(stem, ptx)| (stem, ptx.to_owned())).to_vec()
    };
    let mut loaded = Vec::with_capacity(modules.len());
    for (stem, ptx) in modules {
        let module = context.load_module(Ptx::from_src(ptx));
        loaded.push((stem, module.map_err(|e| refused(e, stem, from_source))?));
    }
    let find = |kernel: &Kernel| {
        let module = loaded.iter().find(|(stem, _)| *stem == kernel.stem());
        let (_, module) = module.unwrap_or_else(|| unreachable!("every stem is a module"));
        let function = module.load_function(kernel.name());
        function.map_err(|e| refused(e, kernel.name(), from_source))
    };
    KERNELS.iter().map(find).collect()
}

/// Why the driver does not take a module.
fn refused(error: DriverError, name: &str, from_source: bool) -> Fault {
    use sys::CUresult as Code;
    let remedy = match error.0 {
        Code::CUDA_ERROR_JIT_COMPILER_NOT_FOUND => {
            "install the driver whole: the library libnvidia-ptxjitcompiler.so.1 has to stand beside \
             libcuda.so.1, in a container too"
        }
        Code::CUDA_ERROR_JIT_COMPILATION_DISABLED => "unset CUDA_DISABLE_PTX_JIT",
        Code::CUDA_ERROR_UNSUPPORTED_PTX_VERSION if from_source => {
            "the NVRTC of this machine is newer than its driver: unset ICEFOLD_CUDA_FROM_SOURCE, or \
             install a newer driver"
        }
        Code::CUDA_ERROR_UNSUPPORTED_PTX_VERSION => "install driver 525 or newer",
        _ => "see whether other programs can use the device",
    };
    Fault::NotReady(format!(
        "the driver does not take the kernels of {name}: {}; {remedy}",
        said(error)
    ))
}

/// The sources as PTX, by stem, made by the NVRTC of this machine as `scripts/ptx` makes them.
///
/// # Errors
/// There is no NVRTC, or it refuses a source.
pub fn compiled() -> Result<Vec<(&'static str, String)>> {
    // SAFETY: loads the library and looks no symbol up; initialising it has no conditions.
    if !unsafe { cudarc::nvrtc::sys::is_culib_present() } {
        return Err(Fault::NotReady(format!(
            "{FROM_SOURCE} is set and the library libnvrtc was not found; unset it, or add the \
             toolkit's folder to LD_LIBRARY_PATH"
        )));
    }
    let compile = |(stem, source): (&'static str, String)| {
        let options = CompileOptions {
            fmad: Some(false),
            arch: Some("compute_75"),
            options: vec!["--std=c++17".to_owned(), "-diag-suppress=177".to_owned()],
            name: Some(format!("{stem}.cu")),
            ..CompileOptions::default()
        };
        let ptx = compile_ptx_with_opts(source, options);
        ptx.map(|ptx| (stem, ptx.to_src())).map_err(|error| {
            let why = match error {
                CompileError::CompileError { log, .. } => log.to_string_lossy().trim().to_owned(),
                other => other.to_string(),
            };
            Fault::NotReady(format!(
                "NVRTC refuses {stem}.cu: {why}; unset {FROM_SOURCE}"
            ))
        })
    };
    sources().into_iter().map(compile).collect()
}
