//! The kernels as the driver holds them: machine code or PTX of the build, or sources compiled by the NVRTC
//! of this machine. Under `driver.rs`.

use std::sync::Arc;

use cudarc::driver::{CudaContext, CudaFunction, DriverError, sys};
use cudarc::nvrtc::Ptx;

use super::devices::said;
use super::kernels::{KERNELS, Kernel, PTX, sources};
use super::machine::{Fault, Result};
use super::machine_code::machine_code;
use super::nvrtc::Nvrtc;

/// Compiles the kernels' sources with NVRTC instead of taking the PTX of the build. For debugging.
pub const FROM_SOURCE: &str = "ICEFOLD_CUDA_FROM_SOURCE";
/// Takes the PTX of the build where there is machine code too, likewise.
pub const PTX_ALONE: &str = "ICEFOLD_CUDA_PTX";
/// As in `scripts/ptx`, which says why.
const OPTIONS: [&str; 4] = [
    "--gpu-architecture=compute_75",
    "--std=c++17",
    "--fmad=false",
    "-diag-suppress=177",
];

/// Every kernel, in the order of `KERNELS`.
pub fn functions(context: &Arc<CudaContext>) -> Result<Vec<CudaFunction>> {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let from_source = is_set(FROM_SOURCE);
    let code = if from_source || is_set(PTX_ALONE) {
        None
    } else {
        let capability = context.compute_capability();
        machine_code(capability.map_err(|e| refused(e, "any module", false))?)
    };
    let modules = if from_source {
        compiled()?
    } else {
        PTX.map(|(stem, ptx)| (stem, ptx.to_owned())).to_vec()
    };
    let mut loaded = Vec::with_capacity(modules.len());
    for (stem, ptx) in modules {
        let code = code.and_then(|all| all.iter().find(|(of, _)| *of == stem));
        let as_code = code.map(|(_, code)| context.load_module(Ptx::from_binary(code.to_vec())));
        // A driver that is older than the code, say, still compiles.
        let module = match as_code {
            Some(Ok(module)) => Ok(module),
            _ => context.load_module(Ptx::from_src(ptx)),
        };
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
    let Some(nvrtc) = Nvrtc::find() else {
        return Err(Fault::NotReady(format!(
            "{FROM_SOURCE} is set and the library libnvrtc was not found; unset it, or add the \
             toolkit's folder to LD_LIBRARY_PATH"
        )));
    };
    let compile = |(stem, source): (&'static str, String)| {
        let ptx = nvrtc.ptx(&format!("{stem}.cu"), &source, &OPTIONS);
        ptx.map(|ptx| (stem, ptx)).map_err(|why| {
            Fault::NotReady(format!(
                "NVRTC refuses {stem}.cu: {why}; unset {FROM_SOURCE}"
            ))
        })
    };
    sources().into_iter().map(compile).collect()
}
