//! Which of many positions lie in a region: most of them without a look at each.
//!
//! On the line: rows are marked by position before any other test. Photons lie along a track, so the box around
//! some thousands nearly always lies on one side of every edge, which is decided for the box. A box that an edge
//! touches is halved, and the positions of the smallest are decided one by one. Both decisions are exact, so where
//! boxes are cut changes nothing.

use super::{Region, Side, wrapped};
use crate::grid::{Bounds, bounds_of};

/// Photons in the largest and the smallest stretch that is decided at once.
const LARGEST: usize = 4096;
const SMALLEST: usize = 32;

impl Region {
    /// Clears the marks of positions outside; those whose mark is clear already may be anything.
    pub(crate) fn narrow(&self, lon: &[f64], lat: &[f64], marks: &mut [u8]) {
        let stretches = lon.chunks(LARGEST).zip(lat.chunks(LARGEST));
        for ((lon, lat), marks) in stretches.zip(marks.chunks_mut(LARGEST)) {
            self.settle(lon, lat, marks);
        }
    }

    /// Drops positions outside from some of them, given by their places.
    pub(crate) fn retain(&self, lon: &[f64], lat: &[f64], places: &mut Vec<u32>) {
        let mut marks = vec![0; lon.len()];
        for &place in &*places {
            marks[place as usize] = 1;
        }
        self.narrow(lon, lat, &mut marks);
        places.retain(|&place| marks[place as usize] == 1);
    }

    fn settle(&self, lon: &[f64], lat: &[f64], marks: &mut [u8]) {
        match turned(bounds_of(lon, lat)).map(|bounds| self.side(&bounds)) {
            Some(Side::Inside) => {}
            Some(Side::Outside) => marks.fill(0),
            _ if lon.len() > SMALLEST => {
                let half = lon.len() / 2;
                let (left, right) = marks.split_at_mut(half);
                self.settle(&lon[..half], &lat[..half], left);
                self.settle(&lon[half..], &lat[half..], right);
            }
            _ => {
                for (i, mark) in marks.iter_mut().enumerate() {
                    if *mark == 1 {
                        *mark = u8::from(self.contains(lon[i], lat[i]));
                    }
                }
            }
        }
    }
}

/// Bounds whose longitudes are those of a region; `None` where they are of two turns, or of no position.
pub(crate) fn turned(bounds: Bounds) -> Option<Bounds> {
    let [west, east] = bounds.lon.map(wrapped);
    // Within one turn, wrapping takes the same number from both, and rounds nothing.
    let same = (east - west).to_bits() == (bounds.lon[1] - bounds.lon[0]).to_bits();
    let lon = [west, east];
    (west <= east && same && bounds.lon[1] - bounds.lon[0] < 360.0)
        .then_some(Bounds { lon, ..bounds })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn region() -> Region {
        let text = r#"{"type": "MultiPolygon", "coordinates": [
            [[[-20, -80], [20, -80], [0, 80], [-20, -80]], [[-5, -60], [0, 20], [5, -60], [-5, -60]]],
            [[[170, 60], [180, 60], [180, 90], [170, 90], [170, 60]]]]}"#;
        Region::of_geojson(text).unwrap()
    }

    proptest! {
        #[test]
        fn marks_stay_where_the_position_is_inside(
            lon in -540.0f64..540.0,
            lat in -90.0f64..90.0,
            step in -8.0f64..0.5,
            slope in -1.0f64..1.0,
            n in 0usize..9000,
            every in 1usize..5,
        ) {
            let region = region();
            let step = 10f64.powf(step);
            let at = |i: usize| i as f64 * step;
            let lon: Vec<f64> = (0..n).map(|i| (lon + slope * at(i)).clamp(-540.0, 540.0)).collect();
            let lat: Vec<f64> = (0..n).map(|i| (lat + at(i)).clamp(-90.0, 90.0)).collect();
            let marks: Vec<u8> = (0..n).map(|i| u8::from(i % every == 0)).collect();
            let expected: Vec<u8> =
                (0..n).map(|i| marks[i] & u8::from(region.contains(lon[i], lat[i]))).collect();
            let mut found = marks.clone();
            region.narrow(&lon, &lat, &mut found);
            prop_assert_eq!(&found, &expected);
            let mut places: Vec<u32> = (0..n as u32).filter(|&i| marks[i as usize] == 1).collect();
            region.retain(&lon, &lat, &mut places);
            prop_assert_eq!(places.len(), expected.iter().map(|&mark| usize::from(mark)).sum::<usize>());
        }
    }

    #[test]
    fn what_has_no_mark_may_be_no_position() {
        let (lon, lat) = (
            [0.0, f64::NAN, f64::INFINITY, 1e30],
            [-79.0, 0.0, f64::NAN, -1e30],
        );
        let mut marks = [1, 0, 0, 0];
        region().narrow(&lon, &lat, &mut marks);
        assert_eq!(marks, [1, 0, 0, 0]);
    }

    #[test]
    fn a_longitude_is_the_same_in_every_turn() {
        let region = region();
        for (lon, inside) in [
            (-180.0, false),
            (180.0, false),
            (175.0, true),
            (-185.0, true),
            (535.0, true),
            (540.0, false),
        ] {
            assert_eq!(region.contains(lon, 70.0), inside, "{lon}");
        }
        assert!(
            turned(Bounds {
                lon: [179.0, 181.0],
                lat: [0.0, 0.0]
            })
            .is_none()
        );
        assert_eq!(
            turned(Bounds {
                lon: [180.0, 181.0],
                lat: [0.0, 0.0]
            })
            .unwrap()
            .lon,
            [-180.0, -179.0]
        );
        assert!(
            turned(Bounds {
                lon: [-180.0, 180.0],
                lat: [0.0, 0.0]
            })
            .is_none()
        );
        assert!(turned(Bounds::NONE).is_none());
    }
}
