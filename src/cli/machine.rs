//! On what a verb runs, and what is recorded of how it was called.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::OnceLock;

use clap::Args;

use crate::backend::DeviceChoice;
use crate::backend::choose::Guide;
use crate::error::{Error, Result};
use crate::pipeline::parse_memory;
use crate::run::all_cores;
use crate::source::{scheme, shown};

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

    /// What is said of devices that are not asked for.
    pub fn guide(&self) -> Guide {
        Guide {
            folder: cache(),
            memory: self.device_memory,
        }
    }
}

/// The folder of what icefold keeps of this machine and could find out again; none where nobody says where that is.
pub fn cache() -> Option<PathBuf> {
    let named = |variable| {
        let path = std::env::var_os(variable).map(PathBuf::from);
        // A relative one is to be ignored, says the specification of XDG's folders.
        path.filter(|path| path.is_absolute())
    };
    let home = || named("HOME").map(|home| home.join(".cache"));
    let folder = named("XDG_CACHE_HOME").or_else(home);
    let folder = folder.or_else(|| named("LOCALAPPDATA"))?;
    Some(folder.join("icefold"))
}

/// Worker threads: as many as asked for, or one for each core.
pub fn threads(asked_for: Option<u16>) -> usize {
    asked_for.map_or_else(all_cores, Into::into)
}

/// The command line; what is not Unicode as close as it comes.
static COMMAND_LINE: OnceLock<Vec<String>> = OnceLock::new();

/// What reports record as the command line from now on.
pub fn called_as(command: Vec<OsString>) {
    let arguments = command.into_iter();
    let text = arguments.map(|argument| without_secrets(&argument.to_string_lossy()));
    // A process has one.
    let _ = COMMAND_LINE.set(text.collect());
}

/// An argument without the user, password and query of a URL: reports have the command line.
fn without_secrets(argument: &str) -> String {
    let value = argument
        .strip_prefix("--")
        .and_then(|flag| Some(flag.split_once('=')?.1));
    let value = value.unwrap_or(argument);
    match scheme(value) {
        Some(_) => argument.replace(value, &shown(value)),
        None => argument.to_owned(),
    }
}

/// The command line that this process was called with.
pub fn command_line() -> Vec<String> {
    COMMAND_LINE.get().cloned().unwrap_or_default()
}
