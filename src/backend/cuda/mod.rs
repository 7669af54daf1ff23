//! The CUDA backend.

pub mod tile;
