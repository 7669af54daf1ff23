//! `icefold bench-device STEP`: one step of holding a CUDA device to the CPU's bits and measuring it.
//! Hidden: `scripts/bench-device` runs the steps, each in a process of its own, with nothing of icefold
//! but the binary.
//!
//! A step writes a JSON line for every fact, on disk as soon as it is known, so that what ends a step
//! takes nothing with it. What is timed is held to the CPU's bits first, at its own size; where a bit
//! differs, the line says so and has no time, and the step goes on with the next.

mod args;
mod chunks;
mod inputs;
mod lines;
mod parity;
mod photons;
mod rates;
mod transfers;

use serde_json::{Value, json};

use crate::backend::cpu::Cpu;
use crate::backend::cuda::{Cuda, CudaChoice, Found, find};
use crate::backend::{Backend, DeviceChoice, StageTimes};
use crate::error::{Error, Result};
use crate::photon::PhotonBatch;
use crate::stat::{Job, Partials};

use super::bench::sorted;
use super::machine::threads;
use super::words::CommandLine;
pub use args::BenchDeviceArgs;
use args::BenchDeviceStep as Step;
use lines::Lines;
use photons::{Workload, grid};

/// A device, the CPU that it is held to, and where facts go.
struct Bench<'a> {
    args: &'a BenchDeviceArgs,
    cuda: Cuda,
    cpu: Cpu,
    lines: Lines,
    /// Something had other bits than the CPU's.
    differs: bool,
}

/// Runs a step. Exit code 4 where a bit differs from the CPU's, 5 where the device cannot be used, 6
/// where it is an emulation.
pub fn bench_device(args: &BenchDeviceArgs) -> Result<u8> {
    let mut lines = Lines::open(args.json_lines.as_deref(), args.name())?;
    let done = match args.step {
        Step::Arrays => inputs::arrays(args, &mut lines),
        Step::Granule => inputs::granule(args, &mut lines),
        _ => on_device(args, &mut lines),
    };
    if let Err(error) = &done {
        lines.fact("error", &json!({"message": error.render(&CommandLine)}))?;
    }
    done
}

fn on_device(args: &BenchDeviceArgs, lines: &mut Lines) -> Result<u8> {
    let DeviceChoice::Cuda(choice) = args
        .device
        .parse::<DeviceChoice>()
        .map_err(|message| Error::device(args.device.clone(), message))?
    else {
        return Err(Error::argument(format!(
            "--device is {}, and bench-device measures cuda",
            args.device
        )));
    };
    let found = find();
    lines.emulation = is_emulation(found);
    if args.step == Step::Devices {
        return devices(&choice, found, lines);
    }
    let mut bench = Bench {
        args,
        cuda: Cuda::open(&choice, threads(None))?,
        cpu: Cpu::open(threads(None))?,
        lines: lines.again()?,
        differs: false,
    };
    match args.step {
        Step::Parity => parity::folds(&mut bench)?,
        Step::Locate => parity::positions(&mut bench)?,
        Step::Ceilings => transfers::ceilings(&mut bench)?,
        Step::EndToEnd => transfers::end_to_end(&mut bench)?,
        Step::Resident => rates::resident(&mut bench)?,
        Step::OneFold => rates::one_fold(&mut bench)?,
        Step::Sort => rates::sort(&mut bench)?,
        Step::Inflate => chunks::inflate(&mut bench)?,
        Step::Devices | Step::Arrays | Step::Granule => {}
    }
    Ok(if bench.differs { 4 } else { lines.code() })
}

/// The stand-in of the tests says in its name that it is no hardware.
fn is_emulation(found: &Found) -> bool {
    found
        .devices
        .iter()
        .any(|device| device.name.contains("emulation"))
}

/// What there is, and how long the first opening takes: the driver then compiles the kernels.
fn devices(choice: &CudaChoice, found: &Found, lines: &mut Lines) -> Result<u8> {
    let why_not = found.why_not.as_ref().map(|why| why.render(&CommandLine));
    let (driver, devices) = (&found.driver, &found.devices);
    let found_here = json!({"driver": driver, "devices": devices, "why_not": why_not});
    lines.fact("found", &found_here)?;
    let start = std::time::Instant::now();
    let cuda = Cuda::open(choice, threads(None))?;
    let seconds = start.elapsed().as_secs_f64();
    let opened = json!({
        "icefold_version": env!("CARGO_PKG_VERSION"),
        "devices": cuda.names(),
        "memory_bytes": cuda.memory(),
        "threads": threads(None),
        // Machine code that a driver refuses is compiled from PTX, which gives other code than was counted.
        "modules": cuda.modules(),
    });
    lines.measured("opened", opened, json!({"seconds": [seconds]}))?;
    Ok(lines.code())
}

impl Bench<'_> {
    /// Says whether what was found has the CPU's bits.
    fn same(&mut self, what: &Value, same: bool) -> Result<bool> {
        let mut line = what.clone();
        line["same"] = Value::Bool(same);
        self.differs |= !same;
        self.lines.fact("bits", &line)?;
        Ok(same)
    }

    /// The CPU's partials.
    fn expected(&self, batch: &PhotonBatch, job: &Job) -> Result<Partials> {
        let mut times = StageTimes::default();
        Ok(sorted(self.cpu.fold(batch, &grid(), job, &mut times)?))
    }

    /// The device's.
    fn folded(&self, batch: &PhotonBatch, job: &Job) -> Result<Partials> {
        let mut times = StageTimes::default();
        Ok(sorted(self.cuda.fold(batch, &grid(), job, &mut times)?))
    }

    /// Photons of a workload, made by all threads.
    fn batch(&self, workload: Workload, n: usize, job: &Job) -> PhotonBatch {
        self.cpu.install(|| photons::batch(workload, n, job))
    }

    /// Seconds of some runs, each until the device is done.
    fn times<T>(&self, repeats: usize, mut work: impl FnMut() -> Result<T>) -> Result<Vec<f64>> {
        let mut seconds = Vec::with_capacity(repeats);
        for _ in 0..repeats {
            self.cuda.wait()?;
            let start = std::time::Instant::now();
            let done = work()?;
            self.cuda.wait()?;
            seconds.push(start.elapsed().as_secs_f64());
            drop(done);
        }
        Ok(seconds)
    }
}

/// Seconds of runs, and photons a second of the median one.
fn rate(photons: usize, seconds: &[f64]) -> Value {
    let mut ordered = seconds.to_vec();
    ordered.sort_by(f64::total_cmp);
    let median = ordered.get(ordered.len() / 2).copied().unwrap_or(f64::NAN);
    json!({"seconds": seconds, "photons_per_s": photons as f64 / median})
}
