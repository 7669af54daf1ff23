//! What comes of stretches: photons that a device decodes, selects and folds by itself.
//!
//! Beside the seam: only some devices take them, and say up front for which jobs.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::photon::Counts;
use crate::stat::Partials;

/// What a device made of a stretch.
#[derive(Debug)]
pub enum Finished {
    Folded(Box<Folded>),
    /// The host has to read its rows, for this reason.
    Host(String),
}

/// A stretch that a device has folded.
#[derive(Debug)]
pub struct Folded {
    pub counts: Counts,
    /// `None` where no photon is kept.
    pub partials: Option<Partials>,
    pub facts: StretchFacts,
}

/// What was done with the stretches of a run, and what was read on the host.
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
pub struct StretchFacts {
    /// Stretches that the device folded, and the photons that they have.
    pub stretches: u64,
    pub photons: u64,
    /// Seconds that the host took to bring their bytes, waited until they were decoded, took to have photons selected, and to
    /// have them folded.
    pub bring_seconds: f64,
    pub decode_seconds: f64,
    pub select_seconds: f64,
    pub fold_seconds: f64,
    /// Storage chunks that the device decoded.
    pub chunks: u64,
    /// Chunks of these stretches that the host decoded, as they have no kernels, and why.
    pub left: BTreeMap<String, u64>,
    /// Those that failed on the device and not on the host, by what is wrong with them there.
    pub failed: BTreeMap<String, u64>,
    /// Photons that were read on the host, by the reason.
    pub host: BTreeMap<String, u64>,
}

impl StretchFacts {
    /// One stretch of so many photons.
    pub fn of(photons: u64) -> Self {
        Self {
            stretches: 1,
            photons,
            ..Self::default()
        }
    }

    /// Photons that are read on the host.
    pub fn read_on_host(&mut self, why: &str, photons: u64) {
        if photons > 0 {
            *self.host.entry(why.to_owned()).or_default() += photons;
        }
    }

    /// Adds those of others.
    pub fn add(&mut self, more: &Self) {
        self.stretches += more.stretches;
        self.photons += more.photons;
        self.bring_seconds += more.bring_seconds;
        self.decode_seconds += more.decode_seconds;
        self.select_seconds += more.select_seconds;
        self.fold_seconds += more.fold_seconds;
        self.chunks += more.chunks;
        let counts = [
            (&mut self.left, &more.left),
            (&mut self.failed, &more.failed),
            (&mut self.host, &more.host),
        ];
        for (all, more) in counts {
            for (why, count) in more {
                *all.entry(why.clone()).or_default() += count;
            }
        }
    }
}
