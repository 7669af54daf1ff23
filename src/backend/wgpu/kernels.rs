//! Shaders and pipelines: every entry point, what it is bound to, and the text it is compiled from.

use crate::backend::gpu::{numbers, tile};

/// An entry point of a shader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    ScanReduce,
    ScanSums,
    ScanApply,
    SortCount,
    Sort,
    SegmentCount,
    Segment,
    Reduce,
    ReduceRecords,
    ReduceValues,
    Inflate,
}

/// Whether an entry point writes to a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

/// What a pipeline is made of.
struct Entry {
    stem: &'static str,
    name: &'static str,
    /// Storage buffers by binding; binding 0 holds the parameters.
    buffers: &'static [(u32, Access)],
}

use Access::{Read, Write};

const KERNELS: [Kernel; 11] = [
    Kernel::ScanReduce,
    Kernel::ScanSums,
    Kernel::ScanApply,
    Kernel::SortCount,
    Kernel::Sort,
    Kernel::SegmentCount,
    Kernel::Segment,
    Kernel::Reduce,
    Kernel::ReduceRecords,
    Kernel::ReduceValues,
    Kernel::Inflate,
];

impl Kernel {
    const fn entry(self) -> Entry {
        let (stem, name, buffers): (_, _, &[(u32, Access)]) = match self {
            Self::ScanReduce => ("scan", "scan_reduce", &[(1, Write), (2, Write)]),
            Self::ScanSums => ("scan", "scan_sums", &[(2, Write)]),
            Self::ScanApply => ("scan", "scan_apply", &[(1, Write), (2, Write)]),
            Self::SortCount => ("sort", "sort_count", &[(1, Read), (3, Write)]),
            Self::Sort => (
                "sort",
                "sort",
                &[(1, Read), (2, Read), (3, Write), (4, Write), (5, Write)],
            ),
            Self::SegmentCount => ("segment", "segment_count", &[(1, Read), (2, Write)]),
            Self::Segment => (
                "segment",
                "segment",
                &[(1, Read), (2, Write), (3, Write), (4, Write), (5, Write)],
            ),
            Self::Reduce => (
                "reduce",
                "reduce",
                &[
                    (1, Read),
                    (2, Read),
                    (3, Read),
                    (4, Read),
                    (5, Read),
                    (6, Read),
                    (7, Write),
                ],
            ),
            Self::ReduceRecords => (
                "reduce",
                "reduce_records",
                &[
                    (1, Read),
                    (2, Read),
                    (3, Read),
                    (4, Read),
                    (5, Read),
                    (7, Write),
                ],
            ),
            Self::ReduceValues => (
                "reduce",
                "reduce_values",
                &[(4, Read), (5, Read), (6, Read), (7, Write)],
            ),
            Self::Inflate => (
                "inflate",
                "inflate",
                &[(1, Read), (2, Read), (3, Write), (4, Write)],
            ),
        };
        Entry {
            stem,
            name,
            buffers,
        }
    }
}

/// The whole text of every shader module, by stem.
pub fn shaders() -> [(&'static str, String); 5] {
    const PRELUDE: &str = include_str!("../../../shaders/prelude.wgsl");
    const PART: &str = include_str!("../../../shaders/part.wgsl");
    let module = |parts: &[&str]| tile::wgsl() + PRELUDE + &parts.concat();
    [
        (
            "scan",
            module(&[include_str!("../../../shaders/scan.wgsl")]),
        ),
        (
            "sort",
            module(&[include_str!("../../../shaders/sort.wgsl")]),
        ),
        (
            "segment",
            module(&[include_str!("../../../shaders/segment.wgsl")]),
        ),
        (
            "reduce",
            module(&[PART, include_str!("../../../shaders/reduce.wgsl")]),
        ),
        (
            "inflate",
            module(&[
                &numbers::wgsl(),
                include_str!("../../../shaders/codes.wgsl"),
                include_str!("../../../shaders/inflate.wgsl"),
            ]),
        ),
    ]
}

/// The names of all entry points with the stem of their shader.
pub fn entry_points() -> impl Iterator<Item = (&'static str, &'static str)> {
    KERNELS.iter().map(|kernel| {
        let entry = kernel.entry();
        (entry.stem, entry.name)
    })
}

/// Every pipeline, compiled once for a device.
#[derive(Debug)]
pub struct Pipelines {
    all: Vec<(wgpu::ComputePipeline, wgpu::BindGroupLayout)>,
}

/// Bytes of the parameters of a dispatch.
pub const PARAMS_BYTES: u64 = 16;

impl Pipelines {
    pub fn new(device: &wgpu::Device) -> Self {
        let modules = shaders().map(|(stem, text)| {
            let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
                label: Some(stem),
                source: wgpu::ShaderSource::Wgsl(text.into()),
            });
            (stem, module)
        });
        let all = KERNELS.iter().map(|kernel| {
            let entry = kernel.entry();
            let module = modules.iter().find(|(stem, _)| *stem == entry.stem);
            let (_, module) = module.unwrap_or_else(|| unreachable!("every stem is a module"));
            pipeline(device, module, &entry)
        });
        Self { all: all.collect() }
    }

    pub fn pipeline(&self, kernel: Kernel) -> &wgpu::ComputePipeline {
        &self.all[kernel as usize].0
    }

    /// The group that binds these buffers, in the order of the kernel's bindings.
    pub fn bind(
        &self,
        device: &wgpu::Device,
        kernel: Kernel,
        params: &wgpu::Buffer,
        buffers: &[&wgpu::Buffer],
    ) -> wgpu::BindGroup {
        let entry = kernel.entry();
        debug_assert_eq!(entry.buffers.len(), buffers.len(), "{}", entry.name);
        let params = wgpu::BindGroupEntry {
            binding: 0,
            resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                buffer: params,
                offset: 0,
                size: wgpu::BufferSize::new(PARAMS_BYTES),
            }),
        };
        let buffers = entry.buffers.iter().zip(buffers);
        let buffers = buffers.map(|((binding, _), buffer)| wgpu::BindGroupEntry {
            binding: *binding,
            resource: buffer.as_entire_binding(),
        });
        device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(entry.name),
            layout: &self.all[kernel as usize].1,
            entries: &std::iter::once(params).chain(buffers).collect::<Vec<_>>(),
        })
    }
}

fn pipeline(
    device: &wgpu::Device,
    module: &wgpu::ShaderModule,
    entry: &Entry,
) -> (wgpu::ComputePipeline, wgpu::BindGroupLayout) {
    let binding = |binding, ty, has_dynamic_offset| wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer {
            ty,
            has_dynamic_offset,
            min_binding_size: None,
        },
        count: None,
    };
    let buffers = entry.buffers.iter().map(|&(place, access)| {
        let read_only = access == Read;
        binding(place, wgpu::BufferBindingType::Storage { read_only }, false)
    });
    let params = binding(0, wgpu::BufferBindingType::Uniform, true);
    let bindings = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some(entry.name),
        entries: &std::iter::once(params).chain(buffers).collect::<Vec<_>>(),
    });
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some(entry.name),
        bind_group_layouts: &[Some(&bindings)],
        immediate_size: 0,
    });
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(entry.name),
        layout: Some(&layout),
        module,
        entry_point: Some(entry.name),
        compilation_options: wgpu::PipelineCompilationOptions {
            constants: &[],
            // Every word of workgroup memory is written before it is read.
            zero_initialize_workgroup_memory: false,
        },
        cache: None,
    });
    (pipeline, bindings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipelines_stand_in_the_order_of_the_kernels() {
        for (place, kernel) in KERNELS.iter().enumerate() {
            assert_eq!(*kernel as usize, place);
        }
    }

    #[test]
    fn no_entry_point_asks_for_more_than_eight_buffers() {
        for kernel in KERNELS {
            assert!(kernel.entry().buffers.len() <= 8);
        }
    }
}
