//! What an adapter says of itself, for `icefold devices`, reports and messages.
//!
//! Beside the backend: a build without it has the same report, of which there is none.

use serde::Serialize;

/// One adapter, as `icefold devices` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct AdapterReport {
    pub index: usize,
    pub name: String,
    /// Vulkan, Metal or Dx12.
    pub api: String,
    /// What kind of processor; `Cpu` is a software adapter.
    pub kind: String,
    pub driver: String,
    /// Largest buffer, and largest part of one that a stage can see, in bytes.
    pub max_buffer_bytes: u64,
    pub max_binding_bytes: u64,
    pub max_workgroup_memory_bytes: u32,
    pub max_workgroups_per_dimension: u32,
    /// Why the backend cannot use it, if it cannot.
    pub unusable: Option<String>,
}

impl AdapterReport {
    /// Whether a CPU pretends to be a GPU.
    pub fn is_software(&self) -> bool {
        self.kind == "Cpu"
    }

    /// The name in messages.
    pub fn label(&self) -> String {
        format!("{} ({}, {})", self.name, self.api, self.driver)
    }
}
