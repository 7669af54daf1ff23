//! icefold's backends as contestants: which device, how many threads, which order of stages.

use clap::ValueEnum;
use icefold::backend::cpu::{self, Cpu};
use icefold::backend::{Device, DeviceChoice};
use icefold::{Error, Result};

/// How the CPU backend groups photons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Strategy {
    Auto,
    Runs,
    Blocks,
    Sort,
}

/// The CPU backend with so many threads.
pub fn cpu(threads: usize, strategy: Strategy) -> Result<Cpu> {
    let order = match strategy {
        Strategy::Auto => cpu::Strategy::Auto,
        Strategy::Runs => cpu::Strategy::Runs,
        Strategy::Blocks => cpu::Strategy::Blocks,
        Strategy::Sort => cpu::Strategy::Sort,
    };
    Ok(Cpu::open(threads)?.with_strategy(order))
}

/// The device of this name.
#[allow(dead_code, reason = "the stages open the CPU backend only")]
pub fn open(name: &str, threads: usize, strategy: Strategy) -> Result<Device> {
    if name == "cpu" {
        return Ok(Device::Cpu(Box::new(cpu(threads, strategy)?)));
    }
    if strategy != Strategy::Auto {
        return Err(Error::argument(format!(
            "--strategy is the CPU backend's, and --device is {name}; give one of them"
        )));
    }
    let choice: DeviceChoice = name
        .parse()
        .map_err(|message| Error::device(name.to_owned(), message))?;
    Device::open(&choice, threads)
}
