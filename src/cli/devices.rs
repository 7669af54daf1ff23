//! `icefold devices`: which devices there are, and what runs where.

use serde_json::json;

use crate::backend::wgpu::{self, AdapterReport};
use crate::backend::{AUTO, NO_CUDA};
use crate::error::Result;

use super::args::DevicesArgs;
use super::out::{print, print_json};
use super::run::threads;

/// Why the host locates photons for every adapter.
const LOCATE: &str = "locate runs on the host, because WGSL has no f64; so do columns that are not \
                      float32, sums of terms and histograms";
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
    let none = adapters.is_empty().then_some(NO_ADAPTER);
    json!({
        "auto": {"device": "cpu", "reason": AUTO},
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
        "cuda": {"available": false, "why_not": NO_CUDA},
    })
}

fn text(adapters: &[AdapterReport]) -> String {
    let workers = threads(None);
    let mut text = format!("cpu   available: {workers} threads; all stages\n");
    if adapters.is_empty() {
        text.push_str(&format!("wgpu  not available: {NO_ADAPTER}\n"));
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
    text.push_str(&format!("cuda  not available: {NO_CUDA}\n{AUTO}"));
    text
}
