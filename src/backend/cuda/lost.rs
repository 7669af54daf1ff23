//! Devices that fail under a run that did not ask for them: the CPU does the rest.
//!
//! Nothing of a result is on a device: partials of what was folded are on the host, and stretches that were begun are read
//! again. Where a device was asked for, its failure is an error, as whoever asks wants to know.

use std::sync::OnceLock;

use crate::error::{Error, Kind, Result};

use super::Cuda;
use super::machine::Machine;

/// What becomes of a run when a device fails.
#[derive(Debug, Default)]
pub struct Forgiving {
    /// Whether the CPU does the rest.
    by_cpu: bool,
    /// What failed, once something has.
    why: OnceLock<String>,
}

impl<M: Machine> Cuda<M> {
    /// Has the CPU do the rest from the first failure of a device on.
    pub fn forgive(&mut self) {
        self.forgiving.by_cpu = true;
    }

    /// Why the CPU does the rest, if it does.
    pub fn lost(&self) -> Option<&str> {
        self.forgiving.why.get().map(String::as_str)
    }

    /// Why the CPU does the rest, from now on.
    ///
    /// # Errors
    /// The failure, where it is no device's or nobody said that the CPU may.
    pub(super) fn forgiven(&self, error: Error) -> Result<String> {
        if !self.forgiving.by_cpu || error.kind() != Kind::Device {
            return Err(error);
        }
        let why = self
            .forgiving
            .why
            .get_or_init(|| error.in_short().to_string());
        Ok(format!("a device failed: {why}"))
    }

    /// Why no device is given anything more.
    pub(super) fn why_no_more(&self) -> Option<String> {
        self.lost().map(|why| format!("a device failed: {why}"))
    }
}
