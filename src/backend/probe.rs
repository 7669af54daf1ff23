//! What stages hand to each other, seen from the host: for the parity tests, which hold every stage of
//! every backend to the same answers.

use crate::error::Result;

use super::cpu::{self, Cpu};
#[cfg(feature = "cuda")]
use super::cuda::{self, Cuda, Machine};
#[cfg(feature = "wgpu")]
use super::wgpu::{self, Wgpu};
use super::{Backend, KeyTable};

/// A backend whose stages can be looked into.
pub trait Probe: Backend {
    /// Keys in batch order, as locate gives them.
    fn keys(&self, keys: Vec<u32>, table: KeyTable) -> Result<Self::Keys>;

    /// Keys in order, and the photon of each.
    fn pairs(&self, sorted: &Self::Sorted) -> Result<(Vec<u32>, Vec<u32>)>;

    /// The first sorted photon of each segment.
    fn starts(&self, segments: &Self::Segments) -> Result<Vec<u32>>;
}

impl Probe for Cpu {
    fn keys(&self, keys: Vec<u32>, table: KeyTable) -> Result<cpu::Keys> {
        Ok(cpu::Keys { keys, table })
    }

    fn pairs(&self, sorted: &cpu::Sorted) -> Result<(Vec<u32>, Vec<u32>)> {
        Ok((sorted.keys.clone(), sorted.photons.clone()))
    }

    fn starts(&self, segments: &cpu::Segments) -> Result<Vec<u32>> {
        let starts = segments.starts.split_last().map_or(&[][..], |(_, s)| s);
        Ok(starts.iter().map(|&start| start as u32).collect())
    }
}

#[cfg(feature = "wgpu")]
impl Probe for Wgpu {
    fn keys(&self, keys: Vec<u32>, table: KeyTable) -> Result<wgpu::Keys> {
        self.settled(self.try_upload_keys(&keys, table))
    }

    fn pairs(&self, sorted: &wgpu::Sorted) -> Result<(Vec<u32>, Vec<u32>)> {
        self.settled(self.sorted_on_host(sorted))
    }

    fn starts(&self, segments: &wgpu::Segments) -> Result<Vec<u32>> {
        self.settled(self.segments_on_host(segments))
    }
}

#[cfg(feature = "cuda")]
impl<M: Machine> Probe for Cuda<M> {
    fn keys(&self, keys: Vec<u32>, table: KeyTable) -> Result<cuda::Keys> {
        self.upload_keys(&keys, table)
    }

    fn pairs(&self, sorted: &cuda::Sorted) -> Result<(Vec<u32>, Vec<u32>)> {
        Self::pairs(self, sorted)
    }

    fn starts(&self, segments: &cuda::Segments) -> Result<Vec<u32>> {
        Self::starts(self, segments)
    }
}
