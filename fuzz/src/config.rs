//! What tables need of configs.

#[path = "../../src/config/access.rs"]
mod access;

pub use access::memory_for_chunks;
