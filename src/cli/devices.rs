//! `icefold devices`: which devices there are, what runs where, and what a run takes that names none.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Args;
use serde_json::json;

use crate::backend::choose::{Guide, explained};
use crate::backend::cuda;
use crate::backend::wgpu::{self, AdapterReport};
use crate::error::Result;
use crate::features::{self, Feature};

use super::machine::{cache, threads};
use super::measure::Measure;
use super::out::{print, print_json};
use super::words::CommandLine;

/// Why the host locates photons for every adapter.
const LOCATE: &str = "locate runs on the host, because WGSL has no f64; so do columns that are not \
                      float32, sums of terms and histograms";
/// What is still on the host with a CUDA device.
const CUDA: &str = "histograms run on the host; an H100 gave the CPU's bits, other devices have not been \
                    tried: scripts/bench-device tries one";
/// Why no adapter is taken unasked.
const WGPU: &str = "no adapter of wgpu is taken, as the host locates photons for it";
const NO_ADAPTER: &str = "no adapter for Vulkan, Metal or DX12 was found; install the driver of the \
                          GPU, or Mesa's lavapipe (mesa-vulkan-drivers)";

#[derive(Debug, Args)]
pub struct DevicesArgs {
    /// Fold granules with this config on the CPU and on the CUDA device, and keep what that took of this machine: runs
    /// that name no device choose by it
    #[arg(long, value_name = "CONFIG", requires = "granules")]
    pub measure: Option<String>,
    /// What --measure folds: granules that take the CPU seconds
    #[arg(value_name = "GRANULE", requires = "measure")]
    pub granules: Vec<PathBuf>,
    /// Worker threads [default: all cores]
    #[arg(long, env = "ICEFOLD_THREADS", value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

pub fn devices(
    args: &DevicesArgs,
    interrupted: impl FnOnce() -> Result<Arc<AtomicBool>>,
) -> Result<u8> {
    if let Some(config) = &args.measure {
        let measure = Measure {
            config,
            granules: &args.granules,
            threads: args.threads,
            json: args.json,
        };
        return measure.execute(interrupted()?);
    }
    let adapters = wgpu::reports();
    if args.json {
        print_json(&report(args, &adapters))?;
    } else {
        print(&text(args, &adapters))?;
    }
    Ok(0)
}

fn report(args: &DevicesArgs, adapters: &[AdapterReport]) -> serde_json::Value {
    let (reason, mut auto) = of_auto(args);
    auto["reason"] = json!(reason);
    let none = adapters.is_empty().then(no_adapter);
    let cuda = cuda::find();
    json!({
        "features": features::built_in(),
        "auto": auto,
        "cpu": {
            "available": true,
            "threads": threads(args.threads),
            "stages": {"locate": "cpu", "sort": "cpu", "segment": "cpu", "reduce": "cpu"},
        },
        "wgpu": {
            "available": adapters.iter().any(|adapter| adapter.unusable.is_none()),
            "why_not": none,
            "adapters": adapters,
            "stages": {"locate": "host", "sort": "device", "segment": "device", "reduce": "device"},
            "note": LOCATE,
        },
        "cuda": {
            "available": cuda.why_not.is_none(),
            "why_not": cuda.why_not.as_ref().map(|why| why.render(&CommandLine)),
            "driver": cuda.driver,
            "devices": cuda.devices,
            "stages": {
                "locate": "device", "sort": "device", "segment": "device", "reduce": "device",
            },
            "note": CUDA,
        },
    })
}

/// What a run takes that names no device.
fn of_auto(args: &DevicesArgs) -> (String, serde_json::Value) {
    let guide = Guide {
        folder: cache(),
        memory: None,
    };
    let (words, facts) = explained(threads(args.threads), &guide);
    let words = format!("{}; {WGPU}", words.render(&CommandLine));
    (words, facts)
}

/// Why there is no adapter.
fn no_adapter() -> String {
    if Feature::Wgpu.is_built_in() {
        return NO_ADAPTER.to_owned();
    }
    Feature::Wgpu.lacking()
}

fn text(args: &DevicesArgs, adapters: &[AdapterReport]) -> String {
    let workers = threads(args.threads);
    let mut text = format!("cpu   available: {workers} threads; all stages\n");
    if adapters.is_empty() {
        text.push_str(&format!("wgpu  not available: {}\n", no_adapter()));
    } else {
        let plural = if adapters.len() == 1 { "" } else { "s" };
        text.push_str(&format!(
            "wgpu  {} adapter{plural}; sort, segment and reduce on the device\n      {LOCATE}\n",
            adapters.len()
        ));
    }
    for adapter in adapters {
        let AdapterReport {
            index,
            name,
            api,
            kind,
            driver,
            ..
        } = adapter;
        let software = if adapter.is_software() {
            ", software"
        } else {
            ""
        };
        text.push_str(&format!(
            "  {index}: {name}\n     {api}, {kind}{software}, {driver}\n"
        ));
        text.push_str(&format!(
            "     buffers of {} MiB, bindings of {} MiB, workgroup memory {} KiB, {} workgroups a \
             dimension\n",
            adapter.max_buffer_bytes >> 20,
            adapter.max_binding_bytes >> 20,
            adapter.max_workgroup_memory_bytes >> 10,
            adapter.max_workgroups_per_dimension
        ));
        if let Some(why) = &adapter.unusable {
            text.push_str(&format!("     cannot be used: {why}\n"));
        }
    }
    text.push_str(&cuda_text(cuda::find()));
    text.push_str(&format!(
        "{}\nbuilt in: {}",
        of_auto(args).0,
        features::built_in()
    ));
    text
}

fn cuda_text(found: &cuda::Found) -> String {
    let mut text = match (&found.why_not, &found.driver) {
        (Some(why), _) => format!("cuda  not available: {}\n", why.render(&CommandLine)),
        (None, driver) => format!(
            "cuda  driver for CUDA {}; all stages on the device\n      {CUDA}\n",
            driver.as_deref().unwrap_or("unknown")
        ),
    };
    for device in &found.devices {
        text.push_str(&format!(
            "  {}: {}\n     compute capability {}, {} MiB\n",
            device.index,
            device.name,
            device.capability,
            device.memory_bytes >> 20
        ));
        if let Some(why) = &device.unusable {
            text.push_str(&format!("     cannot be used: {why}\n"));
        }
    }
    text
}
