//! Adapters: what there is, which one a name means, what it says of itself.

use super::report::AdapterReport;
use crate::backend::device::the_cpu;
use crate::error::{Error, Phrase, Result, phrase};

impl AdapterReport {
    fn new(index: usize, adapter: &wgpu::Adapter) -> Self {
        let info = adapter.get_info();
        let limits = adapter.limits();
        let driver = [info.driver.as_str(), info.driver_info.as_str()];
        let unusable = (!wgpu::Limits::default().check_limits(&limits)).then(|| {
            "it offers less than the default limits of WebGPU, which the shaders need".to_owned()
        });
        Self {
            index,
            name: info.name,
            api: format!("{:?}", info.backend),
            kind: format!("{:?}", info.device_type),
            driver: driver.join(" ").trim().to_owned(),
            max_buffer_bytes: limits.max_buffer_size,
            max_binding_bytes: limits.max_storage_buffer_binding_size,
            max_workgroup_memory_bytes: limits.max_compute_workgroup_storage_size,
            max_workgroups_per_dimension: limits.max_compute_workgroups_per_dimension,
            unusable,
        }
    }
}

/// Every adapter, discrete ones first and software last.
fn adapters() -> Vec<wgpu::Adapter> {
    let mut request = wgpu::InstanceDescriptor::new_without_display_handle();
    request.backends = wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12;
    let instance = wgpu::Instance::new(request);
    let mut found = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
    found.sort_by_key(|adapter| match adapter.get_info().device_type {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu => 2,
        wgpu::DeviceType::Other => 3,
        wgpu::DeviceType::Cpu => 4,
    });
    found
}

/// What `icefold devices` shows.
pub fn reports() -> Vec<AdapterReport> {
    let found = adapters();
    let reports = found.iter().enumerate();
    reports.map(|(i, a)| AdapterReport::new(i, a)).collect()
}

/// The first adapter whose name holds `wanted`, whatever its case, or the one of that index; with no
/// name, the first.
///
/// # Errors
/// There is no adapter, or none of this name; the message lists those that there are.
pub fn choose(wanted: Option<&str>) -> Result<(wgpu::Adapter, AdapterReport)> {
    let device = wanted.map_or_else(|| "wgpu".to_owned(), |name| format!("wgpu:{name}"));
    let refuse = |message: Phrase| Error::device(device.clone(), message);
    let found = adapters();
    let reports: Vec<_> = found.iter().enumerate().collect();
    let reports: Vec<_> = reports
        .into_iter()
        .map(|(i, adapter)| AdapterReport::new(i, adapter))
        .collect();
    if found.is_empty() {
        return Err(
            refuse("no adapter for Vulkan, Metal or DX12 was found".into()).with_remedy(phrase![
                "install the driver of the GPU, or Mesa's lavapipe (mesa-vulkan-drivers), or use ",
                the_cpu()
            ]),
        );
    }
    let position = match wanted {
        None => Some(0),
        Some(wanted) => wanted
            .parse()
            .ok()
            .filter(|&index| index < found.len())
            .or_else(|| {
                let wanted = wanted.to_lowercase();
                let mut names = reports.iter().map(|report| report.name.to_lowercase());
                names.position(|name| name.contains(&wanted))
            }),
    };
    let Some(position) = position else {
        let names = reports.iter().map(|r| format!("{}: {}", r.index, r.name));
        let names = names.collect::<Vec<_>>().join("; ");
        let message = format!("no adapter has this in its name; there are {names}");
        return Err(refuse(message.into()).with_remedy(phrase!["or use ", the_cpu()]));
    };
    let report = reports[position].clone();
    if let Some(why) = &report.unusable {
        let message = format!("adapter {} cannot be used: {why}", report.name);
        return Err(refuse(message.into()).with_remedy(phrase!["use ", the_cpu()]));
    }
    Ok((found[position].clone(), report))
}
