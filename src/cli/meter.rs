//! How far a run has come, in numbers and in words.
//!
//! Beside the line: `progress.rs` shows it. The time that is left is told from the bytes of granules still to
//! read, not from their number, because granules differ a hundredfold in size.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::text::grouped;
use crate::watch::ToRead;

/// Counts of a run on its way.
#[derive(Debug)]
pub struct Meter {
    started: Instant,
    /// Bytes of each granule, by name.
    sizes: HashMap<String, u64>,
    granules: usize,
    bytes: u64,
    done: usize,
    done_bytes: u64,
    photons: u64,
    current: Current,
    shards_open: Option<u64>,
}

/// The granule that is being read.
#[derive(Debug, Default)]
struct Current {
    bytes: u64,
    photons: u64,
}

impl Meter {
    /// Nothing done of these granules.
    pub fn new(granules: &[ToRead], now: Instant) -> Self {
        let size = |granule: &ToRead| {
            let bytes = crate::source::see(granule.path).map_or(0, |seen| seen.bytes);
            (granule.name.to_owned(), bytes)
        };
        let sizes: Vec<(String, u64)> = granules.iter().map(size).collect();
        Self {
            started: now,
            granules: sizes.len(),
            bytes: sizes.iter().map(|(_, bytes)| bytes).sum(),
            sizes: sizes.into_iter().collect(),
            done: 0,
            done_bytes: 0,
            photons: 0,
            current: Current::default(),
            shards_open: None,
        }
    }

    /// So many more photons of a granule, of which this part, from 0 to 1, has been read.
    pub fn batch(&mut self, granule: &str, photons: u64, share: f64) {
        let size = self.sizes.get(granule).copied().unwrap_or(0);
        self.current.bytes = (size as f64 * share.clamp(0.0, 1.0)) as u64;
        self.current.photons += photons;
    }

    /// A granule has come to its end, with so many photons read.
    pub fn granule_ended(&mut self, granule: &str, photons: u64) {
        self.current = Current::default();
        self.photons += photons;
        self.done += 1;
        self.done_bytes += self.sizes.get(granule).copied().unwrap_or(0);
    }

    pub fn shards_open(&mut self, shards: u64) {
        self.shards_open = Some(shards);
    }

    /// Bytes of granules, read and in all.
    pub fn bytes(&self) -> (u64, u64) {
        (self.done_bytes + self.current.bytes, self.bytes)
    }

    /// How long the rest takes at the speed so far; `None` before there is any.
    pub fn left(&self, now: Instant) -> Option<Duration> {
        let (done, all) = self.bytes();
        let elapsed = now.duration_since(self.started).as_secs_f64();
        let left = all.saturating_sub(done) as f64;
        (done > 0).then(|| Duration::from_secs_f64(elapsed * left / done as f64))
    }

    /// All of it in one line.
    pub fn line(&self, now: Instant, resident: Option<u64>) -> String {
        let (done, all) = self.bytes();
        let photons = self.photons + self.current.photons;
        let elapsed = now.duration_since(self.started).as_secs_f64().max(1e-3);
        let mut parts = vec![
            format!("{} of {} granules", self.done, self.granules),
            format!("{} of {}", amount(done), amount(all)),
            format!("{} photons", grouped(photons)),
            format!("{} photons/s", grouped((photons as f64 / elapsed) as u64)),
            format!("{}/s", amount((done as f64 / elapsed) as u64)),
        ];
        if self.done < self.granules {
            parts.push(match self.left(now) {
                Some(left) => format!("about {} left", spoken(left)),
                None => "time left unknown".to_owned(),
            });
        }
        if let Some(shards) = self.shards_open {
            parts.push(format!("{} shards open", grouped(shards)));
        }
        if let Some(bytes) = resident {
            parts.push(format!("{} resident", amount(bytes)));
        }
        parts.join(", ")
    }
}

/// Bytes in decimal units.
fn amount(bytes: u64) -> String {
    let units = [
        (1_000_000_000_000, "TB"),
        (1_000_000_000, "GB"),
        (1_000_000, "MB"),
        (1000, "kB"),
    ];
    match units.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{:.1} {name}", bytes as f64 / *unit as f64),
        None => format!("{bytes} B"),
    }
}

/// A duration in its two largest units.
fn spoken(duration: Duration) -> String {
    let seconds = duration.as_secs_f64().ceil() as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files `a.h5` of 1,000 and `b.h5` of 9,000 bytes.
    fn meter(now: Instant) -> Meter {
        let folder = tempfile::tempdir().unwrap();
        let granules = [("a.h5", 1000), ("b.h5", 9000)].map(|(name, bytes)| {
            let path = folder.path().join(name);
            std::fs::write(&path, vec![0; bytes]).unwrap();
            (name, path)
        });
        let granules = granules
            .each_ref()
            .map(|(name, path)| ToRead { name, path });
        Meter::new(&granules, now)
    }

    #[test]
    fn what_is_left_follows_bytes_and_not_granules() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut meter = meter(start);
        assert_eq!(meter.left(after(3)), None);
        meter.granule_ended("a.h5", 50);
        // One of two granules, a tenth of the bytes.
        assert_eq!(meter.left(after(10)), Some(Duration::from_secs(90)));
        meter.batch("b.h5", 7, 0.5);
        assert_eq!(meter.bytes(), (5500, 10_000));
        assert_eq!(meter.left(after(55)), Some(Duration::from_secs(45)));
        meter.batch("b.h5", 3, 0.75);
        assert_eq!(meter.bytes().0, 7750);
        meter.granule_ended("b.h5", 40);
        assert_eq!(meter.left(after(100)), Some(Duration::ZERO));
    }

    #[test]
    fn photons_that_filters_drop_count_once_the_granule_is_read() {
        let start = Instant::now();
        let after = start + Duration::from_secs(2);
        let mut meter = meter(start);
        meter.batch("a.h5", 2000, 0.5);
        meter.shards_open(3);
        assert_eq!(
            meter.line(after, Some(312_400_000)),
            "0 of 2 granules, 500 B of 10.0 kB, 2,000 photons, 1,000 photons/s, 250 B/s, \
             about 38 s left, 3 shards open, 312.4 MB resident"
        );
        meter.granule_ended("a.h5", 6000);
        meter.granule_ended("b.h5", 0);
        assert_eq!(
            meter.line(after, None),
            "2 of 2 granules, 10.0 kB of 10.0 kB, 6,000 photons, 3,000 photons/s, 5.0 kB/s, \
             3 shards open"
        );
    }

    #[test]
    fn durations_have_two_units() {
        let said = [0, 59, 61, 3600, 90_061].map(|s| spoken(Duration::from_secs(s)));
        assert_eq!(
            said,
            ["0 s", "59 s", "1 min 1 s", "1 h 0 min", "25 h 1 min"]
        );
    }
}
