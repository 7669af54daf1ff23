//! The load of a job: what its granules ask of whoever reads them, counted from their metadata.
//!
//! Beside the line: the survey counts it, before any photon is read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What granules ask of whoever reads them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// Granules that it was counted of.
    pub granules: u64,
    pub photons: u64,
    /// Bytes of the values of all datasets that are read, as they are decoded.
    pub decoded_bytes: u64,
    /// Of all that, what a device may take as it is stored.
    pub stretches: StretchLoad,
    /// Photons of ground tracks that no device takes, by the reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub host: BTreeMap<String, u64>,
}

/// What ground tracks ask of a device that decodes them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StretchLoad {
    /// Ground tracks.
    pub tracks: u64,
    pub photons: u64,
    pub stored_bytes: u64,
    pub decoded_bytes: u64,
    /// Bytes of the longest storage chunk once it is decoded, which no more than one warp does.
    pub longest_chunk: u64,
}

impl Load {
    /// Why no device takes the photons of tables as they are stored.
    pub const OF_TABLES: &str = "tables are read as batches";

    /// What a table of so many rows asks.
    pub fn of_table(rows: u64) -> Self {
        Self {
            granules: 1,
            photons: rows,
            host: BTreeMap::from([(Self::OF_TABLES.to_owned(), rows)]),
            ..Self::default()
        }
    }

    /// Adds what another granule asks.
    pub fn add(&mut self, other: &Self) {
        self.granules += other.granules;
        self.photons = self.photons.saturating_add(other.photons);
        self.decoded_bytes = self.decoded_bytes.saturating_add(other.decoded_bytes);
        self.stretches.add(&other.stretches);
        for (why, photons) in &other.host {
            let sum = self.host.entry(why.clone()).or_default();
            *sum = sum.saturating_add(*photons);
        }
    }

    /// What so many of its granules ask, as if all were alike; the longest chunk may be in any of them.
    #[must_use]
    pub fn of(&self, granules: u64) -> Self {
        if granules >= self.granules {
            return self.clone();
        }
        let share =
            |n: u64| (u128::from(n) * u128::from(granules) / u128::from(self.granules)) as u64;
        let stretches = &self.stretches;
        Self {
            granules,
            photons: share(self.photons),
            decoded_bytes: share(self.decoded_bytes),
            stretches: StretchLoad {
                tracks: share(stretches.tracks),
                photons: share(stretches.photons),
                stored_bytes: share(stretches.stored_bytes),
                decoded_bytes: share(stretches.decoded_bytes),
                longest_chunk: stretches.longest_chunk,
            },
            host: (self.host.iter())
                .map(|(why, &photons)| (why.clone(), share(photons)))
                .collect(),
        }
    }

    /// The reason that keeps most photons from devices.
    pub fn why_host(&self) -> Option<&str> {
        let most = self
            .host
            .iter()
            .max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
        most.map(|(why, _)| why.as_str())
    }
}

impl StretchLoad {
    fn add(&mut self, other: &Self) {
        self.tracks += other.tracks;
        self.photons = self.photons.saturating_add(other.photons);
        self.stored_bytes = self.stored_bytes.saturating_add(other.stored_bytes);
        self.decoded_bytes = self.decoded_bytes.saturating_add(other.decoded_bytes);
        self.longest_chunk = self.longest_chunk.max(other.longest_chunk);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_add_up_and_a_part_of_the_granules_asks_its_share() {
        let one = Load {
            granules: 1,
            photons: 100,
            decoded_bytes: 2100,
            stretches: StretchLoad {
                tracks: 6,
                photons: 90,
                stored_bytes: 1000,
                decoded_bytes: 1890,
                longest_chunk: 80,
            },
            host: BTreeMap::from([("text is compared".to_owned(), 10)]),
        };
        let mut all = Load::default();
        (0..4).for_each(|_| all.add(&one));
        assert_eq!(
            (all.granules, all.photons, all.stretches.tracks),
            (4, 400, 24)
        );
        assert_eq!(all.stretches.longest_chunk, 80);
        assert_eq!(all.of(1), one);
        assert_eq!(all.of(9), all);
        assert_eq!(all.of(0).photons, 0);
        assert_eq!(all.why_host(), Some("text is compared"));
        assert_eq!(Load::default().of(3), Load::default());
    }
}
