//! How long a job takes on the host and on a device that decodes: a pure function of what was counted and of rates.
//!
//! It is as small as it can be and still tell recorded jobs apart: a sum of what each side has to do once, of bytes and
//! of values. Storage is not in it, as both sides wait for the same bytes. A wrong choice costs seconds and no bit.

use serde::Serialize;

use crate::photon::{Load, StretchLoad};

use super::rates::Rates;

/// A device is taken where the job is done there in less than this part of the time that the host takes.
pub const WORTH: f64 = 0.8;

/// Stretches that a device has at a time (`src/backend/cuda/tickets.rs`).
const AT_A_TIME: u64 = 4;

/// What a job asks, as far as the model looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    pub decoded_bytes: u64,
    /// Of these, what a device takes as it is stored.
    pub stretches: StretchLoad,
    /// Values that are kept for order statistics, at most: of all photons, as filters are known to nobody yet.
    pub values: u64,
}

/// Seconds of a job on the host.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct OnHost {
    pub begin: f64,
    /// Reading, decoding, selecting, folding.
    pub bytes: f64,
    /// Merging values that order statistics need.
    pub values: f64,
}

/// Seconds of a job on a device.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct OnDevice {
    /// Opening it.
    pub open: f64,
    /// The first stretch: page-locking memory, taking the device's.
    pub begin: f64,
    /// Bringing stored bytes, and decoding them: both go on at a time, so the longer counts.
    pub bring: f64,
    pub decode: f64,
    /// Selecting and folding photons.
    pub fold: f64,
    pub values: f64,
    /// What the host reads beside it.
    pub host: f64,
}

impl Asked {
    /// What a job of so many ordered columns asks over these granules.
    pub fn of(load: &Load, ordered: u64) -> Self {
        Self {
            decoded_bytes: load.decoded_bytes,
            stretches: load.stretches,
            values: load.photons.saturating_mul(ordered),
        }
    }
}

impl OnHost {
    /// What the host takes for all of a job.
    pub fn of(asked: &Asked, rates: &Rates) -> Self {
        let factor = rates.host_factor;
        Self {
            begin: factor * rates.host_begin,
            bytes: factor * host_bytes(asked.decoded_bytes, rates),
            values: factor * asked.values as f64 * rates.host_value,
        }
    }

    pub fn total(&self) -> f64 {
        self.begin + self.bytes + self.values
    }
}

/// Seconds in which the host makes cells of so many decoded bytes.
fn host_bytes(bytes: u64, rates: &Rates) -> f64 {
    bytes as f64 / (rates.host_thread * (rates.threads as f64).sqrt())
}

impl OnDevice {
    /// What a device takes for all of a job, the host's share of it included.
    pub fn of(asked: &Asked, rates: &Rates) -> Self {
        let (stretches, factor) = (&asked.stretches, rates.device_factor);
        let decoded = stretches.decoded_bytes as f64;
        // Stretches come by fours, and none is done before its longest chunk is.
        let rounds = stretches.tracks.div_ceil(AT_A_TIME) as f64;
        let longest = rounds * stretches.longest_chunk as f64 * rates.chunk_byte;
        let bring = rates
            .bring_most
            .min(rates.bring_thread * rates.threads as f64);
        let beside = asked.decoded_bytes.saturating_sub(stretches.decoded_bytes);
        Self {
            open: rates.open,
            begin: factor * rates.begin,
            bring: factor * stretches.stored_bytes as f64 / bring,
            decode: factor * (decoded / rates.inflate).max(longest),
            fold: factor * stretches.photons as f64 * rates.photon,
            values: factor * asked.values as f64 * rates.value,
            host: rates.host_factor * host_bytes(beside, rates),
        }
    }

    pub fn total(&self) -> f64 {
        self.open + self.once_open()
    }

    /// The same without opening the device.
    pub fn once_open(&self) -> f64 {
        self.begin + self.bring.max(self.decode) + self.fold + self.values + self.host
    }
}

/// Whether a device is taken.
pub fn pays(host: &OnHost, device: &OnDevice) -> bool {
    device.total() < WORTH * host.total()
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
