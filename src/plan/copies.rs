//! What duplicates are compared by: their bytes, whether they fit the config, and which photons they share.
//!
//! Beside the plan. Two files of a release have a photon in common if its longitude and latitude are the same
//! to the bit in one ground track. Photons are compared track by track, 8 bytes for each.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::config::Config;
use crate::digest::{hex, of_file};
use crate::error::{Error, Result};
use crate::read::hdf5::{GranuleFile, Outline};
use crate::read::{Input, Probe};

use super::build::ROWS;
use super::files::{Files, Found, Overlap};
use crate::read::GranulePath;
use crate::source::{is_object, open, read_up_to, see};
use crate::watch::Unwatched;

/// Bytes at either end that tell most files apart.
const ENDS: u64 = 1 << 16;

/// Files as they are.
#[derive(Debug)]
pub(super) struct OnDisk<'a> {
    /// Without one, photons are not compared.
    pub config: Option<&'a Config>,
    /// A shard map lists them: whether they fit was seen when it was made.
    pub listed: bool,
}

impl Files for OnDisk<'_> {
    fn real(&self, path: &Path) -> PathBuf {
        path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
    }

    fn bytes(&self, path: &Path) -> Option<u64> {
        if is_object(path) {
            return see(path).ok().map(|seen| seen.bytes);
        }
        let metadata = std::fs::metadata(path).ok()?;
        metadata.is_file().then_some(metadata.len())
    }

    fn hash(&self, path: &Path, whole: bool) -> Option<String> {
        if whole && is_object(path) {
            // Nothing is fetched whole to compare it: names and photons tell.
            return None;
        }
        if whole {
            return of_file(path).ok().map(|(_, hash)| hash);
        }
        ends(path).ok().map(|bytes| hex(&Sha256::digest(bytes)))
    }

    fn probe(&self, path: &Path) -> Found {
        let Some(config) = self.config.filter(|_| !self.listed) else {
            return Found::Fits {
                rows: 0,
                tracks: BTreeSet::new(),
            };
        };
        match Input::probe(path, config) {
            Probe::Fits(found) => Found::Fits {
                rows: found.rows,
                tracks: found
                    .outline
                    .as_ref()
                    .map_or_else(BTreeSet::new, Outline::with_rows),
            },
            Probe::Other(why) => Found::Other(why),
            Probe::Broken(error) => Found::Broken(error),
        }
    }

    fn overlap(&self, a: &Path, b: &Path) -> Result<Overlap, (PathBuf, Error)> {
        let of = |path: &Path, error| (path.to_path_buf(), error);
        let Some(config) = self.config.filter(|_| self.bytes(b).is_some()) else {
            return Ok(Overlap::APART);
        };
        let positions = config.positions();
        let mut overlap = Overlap::default();
        for track in &config.ground_tracks {
            let track = Config {
                ground_tracks: vec![track.clone()],
                // Copies are copies, wherever their photons are.
                region: None,
                ..positions.clone()
            };
            let in_a = photons(a, &track).map_err(|e| of(a, e))?;
            let in_b = photons(b, &track).map_err(|e| of(b, e))?;
            overlap.a += in_a.len() as u64;
            overlap.b += in_b.len() as u64;
            overlap.shared += shared(&in_a, &in_b);
        }
        Ok(overlap)
    }
}

/// The first and last bytes of a file.
fn ends(path: &Path) -> std::io::Result<Vec<u8>> {
    if is_object(path) {
        let object = open(path)?;
        let mut bytes = read_up_to(&*object, 0, ENDS as usize)?;
        let last = object.length().saturating_sub(ENDS).max(ENDS);
        bytes.extend(read_up_to(&*object, last, ENDS as usize)?);
        return Ok(bytes);
    }
    let mut file = File::open(path)?;
    let mut bytes = Vec::new();
    (&mut file).take(ENDS).read_to_end(&mut bytes)?;
    let length = file.metadata()?.len();
    if length > 2 * ENDS {
        file.seek(SeekFrom::Start(length - ENDS))?;
    }
    file.take(ENDS).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A hash of each photon's position in the one ground track of a config, ascending.
fn photons(path: &Path, track: &Config) -> Result<Vec<u64>> {
    let outline = Outline::of(&GranuleFile::open_with(path, &track.access)?, track)?;
    if outline.rows() == 0 {
        return Ok(Vec::new());
    }
    let mut reader = Input::open(&GranulePath::alone(path), track, &[], ROWS, None)?;
    let mut hashes = Vec::with_capacity(outline.rows().min(1 << 24) as usize);
    while let Some(batch) = reader.next_batch(&Unwatched)? {
        let positions = batch.lon.iter().zip(&batch.lat);
        hashes.extend(positions.map(|(lon, lat)| mixed(lon.to_bits(), lat.to_bits())));
    }
    hashes.sort_unstable();
    Ok(hashes)
}

/// 64 bits that differ where two do: rounds of multiplication and shifts, as in `SplitMix64` (Steele,
/// Lea and Flood 2014).
fn mixed(a: u64, b: u64) -> u64 {
    let round = |x: u64| {
        let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    };
    round(round(a.wrapping_add(0x9e37_79b9_7f4a_7c15)) ^ b)
}

/// How many of two ascending lists are in both, each as often as it is in both.
fn shared(a: &[u64], b: &[u64]) -> u64 {
    let (mut i, mut j, mut shared) = (0, 0, 0);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        i += usize::from(x <= y);
        j += usize::from(y <= x);
        shared += u64::from(x == y);
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_two_lists_share_is_counted_as_often_as_both_have_it(
            mut a in prop::collection::vec(0u64..9, 0..20),
            mut b in prop::collection::vec(0u64..9, 0..20),
        ) {
            a.sort_unstable();
            b.sort_unstable();
            let count = |list: &[u64], n: u64| list.iter().filter(|x| **x == n).count() as u64;
            let expected: u64 = (0..9).map(|n| count(&a, n).min(count(&b, n))).sum();
            prop_assert_eq!(shared(&a, &b), expected);
        }
    }

    #[test]
    fn positions_that_differ_in_one_bit_have_other_hashes() {
        let all = (0..64).flat_map(|bit| [mixed(1 << bit, 0), mixed(0, 1 << bit)]);
        let all: BTreeSet<u64> = all.collect();
        assert_eq!(all.len(), 128);
    }
}
