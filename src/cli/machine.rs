//! On what a verb runs, and what is recorded of how it was called.

use clap::Args;

use crate::backend::DeviceChoice;
use crate::error::{Error, Result};
use crate::pipeline::parse_memory;
use crate::run::all_cores;

/// On what a run runs; none of it changes a bit of the result.
#[derive(Debug, Args)]
pub struct MachineArgs {
    /// auto, cpu, cuda[:N|:N,M|:all] or wgpu[:NAME]
    #[arg(long, env = "ICEFOLD_DEVICE", default_value = "auto")]
    pub device: String,
    /// Memory to take of each CUDA device, as in 2G [default: nine tenths of what is free]
    #[arg(long, env = "ICEFOLD_DEVICE_MEMORY", value_name = "SIZE", value_parser = device_memory)]
    pub device_memory: Option<u64>,
    /// Worker threads [default: all cores]
    #[arg(long, env = "ICEFOLD_THREADS", value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

/// Memory of a device: as other memory, and not none.
fn device_memory(text: &str) -> Result<u64, String> {
    match parse_memory(text)?.0 {
        0 => Err("0 is too little; give some, such as 8GiB".to_owned()),
        bytes => Ok(bytes),
    }
}

impl MachineArgs {
    /// The device asked for.
    ///
    /// # Errors
    /// There is no device of that name.
    pub fn choice(&self) -> Result<DeviceChoice> {
        let mut choice = self
            .device
            .parse::<DeviceChoice>()
            .map_err(|message| Error::device(&self.device, message))?;
        if let DeviceChoice::Cuda(cuda) = &mut choice {
            cuda.memory = self.device_memory;
        }
        Ok(choice)
    }
}

/// Worker threads: as many as asked for, or one for each core.
pub fn threads(asked_for: Option<u16>) -> usize {
    asked_for.map_or_else(all_cores, Into::into)
}

/// The command line; what is not Unicode as close as it comes.
pub fn command_line() -> Vec<String> {
    let arguments = std::env::args_os();
    arguments
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect()
}
