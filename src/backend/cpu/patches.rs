//! Patches that last: what places the photons of one tile along a track places those of the next ones, too.
//!
//! Beside `runs.rs`. To make a patch costs more than to locate a photon, so it is made for the room ahead, and
//! kept until photons leave it. Cells do not depend on it: those of a patch are the reference's wherever it lies.

use crate::grid::{Bounds, Locator, Patch};

/// How much of its own length and width a track is taken to go on in its direction.
const AHEAD: f64 = 16.0;
/// The same the other way: tracks are no straight lines in degrees.
const BACK: f64 = 0.5;
/// Of what a patch may be wider than the photons, the parts ahead and back.
const SHARES: [f64; 2] = [0.89, 0.1];

/// The patch that was made last.
#[derive(Debug, Default)]
pub struct Patches {
    last: Option<Made>,
}

#[derive(Debug)]
struct Made {
    locator: Locator,
    room: Bounds,
    patch: Patch,
}

impl Patches {
    /// A patch that holds these bounds of photons, where there is one; `toward` is how far they move in longitude and
    /// latitude, from the first to the last.
    pub fn of(&mut self, locator: &Locator, bounds: &Bounds, toward: [f64; 2]) -> Option<Patch> {
        if let Some(made) = &self.last
            && made.room.hold(bounds)
            && made.locator == *locator
        {
            return Some(made.patch);
        }
        let room = room(bounds, toward, locator.widest_patch());
        // Ahead there may be an edge that patches do not go across.
        let (room, patch) = [room, *bounds]
            .into_iter()
            .find_map(|room| Some((room, locator.patch(&room)?)))?;
        self.last = Some(Made {
            locator: *locator,
            room,
            patch,
        });
        Some(patch)
    }
}

/// Bounds that go on ahead, as far as a patch may.
fn room(bounds: &Bounds, toward: [f64; 2], widest: [f64; 2]) -> Bounds {
    let side = |[low, high]: [f64; 2], toward: f64, widest: f64, most: f64| {
        let width = high - low;
        let spare = (widest - width).max(0.0);
        let ahead = (AHEAD * width).min(SHARES[0] * spare);
        let back = (BACK * width).min(SHARES[1] * spare);
        let [low, high] = if toward < 0.0 {
            [low - ahead, high + back]
        } else {
            [low - back, high + ahead]
        };
        [low.max(-most), high.min(most)]
    };
    Bounds {
        lon: side(bounds.lon, toward[0], widest[0], Locator::MOST_LONGITUDE),
        lat: side(bounds.lat, toward[1], widest[1], 90.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::{AskedRectilinear, Crs, Grid, Latitude, Order, Rectilinear};

    fn utm() -> Grid {
        let asked = AskedRectilinear {
            crs: Crs::named("EPSG:32622").unwrap(),
            resolution: [1000.0; 2],
            bounds: [0.0, 7e6, 1e6, 9e6],
            chunk_shape: [100, 100],
            chunk_inner: None,
        };
        Grid::Rectilinear(Rectilinear::new(&asked).unwrap())
    }

    /// Bounds of tile `i` of a track, northward.
    fn tile(i: u32) -> Bounds {
        let south = 72.0 + 0.026 * f64::from(i);
        let east = -50.0 - 0.008 * f64::from(i);
        Bounds {
            lon: [east - 0.0081, east],
            lat: [south, south + 0.0261],
        }
    }

    #[test]
    fn a_patch_serves_the_tiles_ahead_and_no_other_locator() {
        let (utm, order) = (utm(), Order::new(3).unwrap());
        let healpix = Grid::from(Latitude::AuthalicWgs84);
        for (grid, order, most) in [(utm, order, 8), (healpix, Order::new(12).unwrap(), 3)] {
            let locator = Locator::new(order, grid);
            let mut patches = Patches::default();
            let mut made = 0;
            for i in 0..30 {
                let room = patches.last.as_ref().map(|made| made.room);
                assert!(patches.of(&locator, &tile(i), [-0.008, 0.026]).is_some());
                let last = patches.last.as_ref().unwrap();
                assert!(last.room.hold(&tile(i)));
                made += usize::from(room != Some(last.room));
            }
            assert!(made <= most, "{made} of 30");
            let coarser = Locator::new(Order::new(1).unwrap(), grid);
            patches.of(&coarser, &tile(29), [-0.008, 0.026]);
            assert!(patches.last.unwrap().locator == coarser);
        }
    }

    #[test]
    fn photons_that_a_patch_does_not_hold_have_none() {
        let locator = Locator::new(Order::new(3).unwrap(), utm());
        let wide = Bounds {
            lon: [-60.0, -50.0],
            lat: [70.0, 75.0],
        };
        assert!(Patches::default().of(&locator, &wide, [1.0, 1.0]).is_none());
    }
}
