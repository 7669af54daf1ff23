//! The shards of positions: runs of consecutive photons in one shard.
//!
//! Beside the line: planning notes the shards, reading keeps the photons of those wanted. Shards are
//! large and photons lie along a track, so the bounds of a tile nearly always lie in one shard, which
//! `Locator::cell_of_bounds` proves; a tile where they do not is halved, and the photons of the
//! smallest parts are located one by one. Shards are those of photons located alone, wherever tiles
//! are cut.

use std::ops::Range;

use super::{Bounds, Locator};

/// Photons in the largest and the smallest stretch that is settled at once.
const LARGEST: usize = 4096;
const SMALLEST: usize = 32;

/// Calls `found` with each shard and the photons in it, run by run in the order of the photons; a
/// run may be given in parts. `lon` and `lat` are degrees that [`Locator::accepts`], of one length.
pub fn shard_runs(
    locator: &Locator,
    lon: &[f64],
    lat: &[f64],
    mut found: impl FnMut(u64, Range<usize>),
) {
    for start in (0..lon.len()).step_by(LARGEST) {
        let tile = start..lon.len().min(start + LARGEST);
        settle(locator, (lon, lat), tile, &mut found);
    }
}

fn settle(
    locator: &Locator,
    position: (&[f64], &[f64]),
    photons: Range<usize>,
    found: &mut impl FnMut(u64, Range<usize>),
) {
    let (lon, lat) = (&position.0[photons.clone()], &position.1[photons.clone()]);
    if let Some(shard) = locator.cell_of_bounds(&Bounds::of(lon, lat)) {
        found(shard, photons);
    } else if photons.len() > SMALLEST {
        let half = photons.start + photons.len() / 2;
        settle(locator, position, photons.start..half, found);
        settle(locator, position, half..photons.end, found);
    } else {
        let mut shards = [0; SMALLEST];
        let shards = &mut shards[..photons.len()];
        locator.cells(lon, lat, shards);
        for (photon, shard) in photons.zip(shards) {
            found(*shard, photon..photon + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::{Latitude, Order};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn runs_have_the_shards_of_photons_located_alone(
            lon in -400.0f64..400.0,
            lat in -90.0f64..90.0,
            step in -8.0f64..0.5,
            n in 0usize..9000,
            order in 0u8..=12,
            authalic: bool,
        ) {
            let latitude = if authalic { Latitude::AuthalicWgs84 } else { Latitude::GeodeticSpherical };
            let locator = Locator::new(Order::new(order).unwrap(), latitude);
            let step = 10f64.powf(step);
            let lon: Vec<f64> = (0..n).map(|i| lon + i as f64 * step).collect();
            let lat: Vec<f64> = (0..n).map(|i| (lat + i as f64 * step).clamp(-90.0, 90.0)).collect();
            let mut shards = Vec::new();
            shard_runs(&locator, &lon, &lat, |shard, photons| {
                assert_eq!(photons.start, shards.len());
                shards.resize(photons.end, shard);
            });
            let alone: Vec<u64> = lon.iter().zip(&lat).map(|(&x, &y)| locator.cell(x, y)).collect();
            prop_assert_eq!(shards, alone);
        }
    }

    #[test]
    fn every_photon_of_a_long_track_has_its_shard_once() {
        let locator = Locator::new(Order::new(7).unwrap(), Latitude::AuthalicWgs84);
        for n in [0, 1, 32, 33, 4096, 4097, 9000] {
            let lon: Vec<f64> = (0..n).map(|i| 359.0 + f64::from(i) * 3e-4).collect();
            let lat: Vec<f64> = (0..n).map(|i| f64::from(i) * 5e-3 - 22.0).collect();
            let mut shards = Vec::new();
            shard_runs(&locator, &lon, &lat, |shard, photons| {
                assert_eq!(photons.start, shards.len());
                shards.resize(photons.end, shard);
            });
            let alone: Vec<u64> = lon
                .iter()
                .zip(&lat)
                .map(|(&x, &y)| locator.cell(x, y))
                .collect();
            assert_eq!(shards, alone);
        }
    }
}
