//! What a granule asks of whoever reads it, counted from its chunk tables before any photon is read.
//!
//! Beside the line: the survey asks, so that a run can tell where it would be done sooner.

use std::collections::BTreeSet;

use super::in_time::PARTED;
use super::reader::Reader;
use super::track::Track;
use crate::photon::Load;

impl Reader {
    /// What reading all of it asks.
    pub fn load(&self) -> Load {
        let mut load = Load {
            granules: 1,
            ..Load::default()
        };
        for track in &self.tracks {
            let decoded = decoded_bytes(track);
            load.photons = load.photons.saturating_add(track.rows);
            load.decoded_bytes = load.decoded_bytes.saturating_add(decoded);
            let why_not = self.why_not_stretches(track).err();
            let parted = (!self.steps.is_likely_one()).then_some(PARTED);
            if let Some(why) = parted.or(why_not) {
                let of_host = load.host.entry(why.to_owned()).or_default();
                *of_host = of_host.saturating_add(track.rows);
                continue;
            }
            let (stored, longest) = chunks(track);
            load.stretches.tracks += 1;
            load.stretches.photons = load.stretches.photons.saturating_add(track.rows);
            load.stretches.decoded_bytes = load.stretches.decoded_bytes.saturating_add(decoded);
            load.stretches.stored_bytes = load.stretches.stored_bytes.saturating_add(stored);
            load.stretches.longest_chunk = load.stretches.longest_chunk.max(longest);
        }
        load
    }
}

/// The datasets of a ground track that have rows, each once.
fn read(track: &Track) -> impl Iterator<Item = usize> {
    let all: BTreeSet<usize> = track.all().into_iter().collect();
    all.into_iter()
        .filter(|&source| !track.is_without_rows(source))
}

/// Bytes of all values as they are decoded.
fn decoded_bytes(track: &Track) -> u64 {
    let bytes = read(track).map(|source| {
        let data = track.data(source);
        data.rows.saturating_mul(data.stored.size() as u64)
    });
    bytes.fold(0, u64::saturating_add)
}

/// Bytes of all chunks as they lie, and of the longest once it is decoded.
fn chunks(track: &Track) -> (u64, u64) {
    let chunked = read(track).filter_map(|source| track.data(source).chunked());
    chunked.fold((0, 0), |(stored, longest), chunked| {
        let length = chunked.chunk_bytes() as u64;
        (
            u64::saturating_add(stored, chunked.stored_bytes()),
            longest.max(length),
        )
    })
}
