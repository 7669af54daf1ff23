//! `icefold devices`: which devices there are, and what runs where.

use serde_json::json;

use crate::backend::wgpu::{self, AdapterReport};
use crate::backend::{auto, cuda};
use crate::error::Result;
use crate::features::{self, Feature};

use super::args::DevicesArgs;
use super::machine::threads;
use super::out::{print, print_json};
use super::words::CommandLine;

/// Why the host locates photons for every adapter.
const LOCATE: &str = "locate runs on the host, because WGSL has no f64; so do columns that are not \
                      float32, sums of terms and histograms";
/// What is still on the host with a CUDA device.
const CUDA: &str = "histograms run on the host; an H100 gave the CPU's bits, other devices have not been \
                    tried: scripts/bench-device tries one";
const NO_ADAPTER: &str = "no adapter for Vulkan, Metal or DX12 was found; install the driver of the \
                          GPU, or Mesa's lavapipe (mesa-vulkan-drivers)";

pub fn devices(args: &DevicesArgs) -> Result<u8> {
    let adapters = wgpu::reports();
    if args.json {
        print_json(&report(&adapters))?;
    } else {
        print(&text(&adapters))?;
    }
    Ok(0)
}

fn report(adapters: &[AdapterReport]) -> serde_json::Value {
    let none = adapters.is_empty().then(no_adapter);
    let cuda = cuda::find();
    json!({
        "features": features::built_in(),
        "auto": {"device": "cpu", "reason": auto().render(&CommandLine)},
        "cpu": {
            "available": true,
            "threads": threads(None),
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

/// Why there is no adapter.
fn no_adapter() -> String {
    if Feature::Wgpu.is_built_in() {
        return NO_ADAPTER.to_owned();
    }
    Feature::Wgpu.lacking()
}

fn text(adapters: &[AdapterReport]) -> String {
    let workers = threads(None);
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
        auto().render(&CommandLine),
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
