//! Synthetic ATL06 granules: the passes of four springs over the basin of `basin.rs`, a cycle of each year.
//!
//! Before the line, as `track.rs`, which makes photons. A row is a land ice segment of 40 m; of the product's, which overlap by
//! half, every third one is there, so that the demo stays small. Clouds, heights without a fit (fill values) and poor ones
//! (`atl06_quality_summary` 1) are among them.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::Result;

use super::basin::Spot;
use super::file::{Field, GranuleWriter};
use super::orbit::stamp;
use super::random::Random;
use super::track::{BEAMS, Beam, FILL_F32, clear_segments};
use super::write_whole;

/// Kilometres from a row to the next.
const STEP: f64 = 0.06;
/// Rows of a ground track, clouds among them: 176 km.
const ROWS: u32 = 2_930;
/// Passes in each direction, and kilometres from one to the next.
const PASSES: u32 = 11;
const APART: f64 = 19.0;
/// Sine and cosine of the angle between a track and the meridian: 8 degrees, about what the orbit has at 69 N.
const SLANT: [f64; 2] = [0.139_173_100_960_065_44, 0.990_268_068_741_570_3];
/// Cycles of the orbit that begin in the springs of 2019 to 2022.
const CYCLES: [u32; 4] = [3, 7, 11, 15];
/// 2018-10-13, when cycle 1 begins, in days since 2018-01-01; and days of a cycle.
const FIRST_CYCLE: u32 = 285;
const CYCLE: u32 = 91;
/// Kilometres that a track lies to the side of its reference from cycle to cycle, at most.
const POINTING: f64 = 0.01;
/// Speed of the ground track in kilometres a second.
const SPEED: f64 = 6.9;

/// The rows of one ground track.
#[derive(Debug, Default)]
struct Segments {
    lat: Vec<f64>,
    lon: Vec<f64>,
    delta_time: Vec<f64>,
    h_li: Vec<f32>,
    h_li_sigma: Vec<f32>,
    dem_h: Vec<f32>,
    quality: Vec<i8>,
    segment_id: Vec<i32>,
}

/// One pass of one cycle.
#[derive(Debug, Clone, Copy)]
struct Pass {
    cycle: u32,
    number: u32,
}

impl Pass {
    fn is_ascending(self) -> bool {
        self.number < PASSES
    }

    /// Reference ground track, 1 to 1387.
    fn ground_track(self) -> u32 {
        50 + self.number * 53
    }

    /// Start in whole seconds since 2018-01-01.
    fn start(self) -> u64 {
        let day = FIRST_CYCLE + CYCLE * (self.cycle - 1);
        // 1387 tracks in a cycle.
        let into = u64::from(self.ground_track()) * u64::from(CYCLE) * 86_400 / 1387;
        u64::from(day) * 86_400 + into
    }

    fn file_name(self) -> String {
        // Granules of West Greenland are regions 3 and 5 of their orbits.
        let region = if self.is_ascending() { "03" } else { "05" };
        format!(
            "ATL06_{}_{:04}{:02}{region}_006_01.h5",
            stamp(self.start()),
            self.ground_track(),
            self.cycle
        )
    }

    /// Where row `row` of a track is that lies `across` kilometres to the left.
    fn spot(self, row: u32, across: f64) -> Spot {
        let place = f64::from(self.number % PASSES) * APART;
        let along = (f64::from(row) - 0.5 * f64::from(ROWS)) * STEP;
        // Both directions go west as they go on: the orbit is retrograde.
        let forward_east = -SLANT[0];
        let forward_north = if self.is_ascending() {
            SLANT[1]
        } else {
            -SLANT[1]
        };
        Spot {
            east: place + along * forward_east - across * forward_north,
            north: along * forward_north + across * forward_east,
        }
    }

    fn track(self, beam: Beam, clear: &[bool], random: &mut Random) -> Segments {
        let mut track = Segments::default();
        let aside = beam.across / 1e3 + random.between(-POINTING, POINTING);
        for (row, _) in (0..).zip(clear).filter(|(_, clear)| **clear) {
            let spot = self.spot(row, aside);
            let time = self.start() as f64 + f64::from(row) * STEP / SPEED;
            // In front of the ice there is no land ice segment.
            let (Some(dem), Some(height)) = (spot.surveyed(), spot.height(time)) else {
                continue;
            };
            track.push(spot, time, random);
            track.segment_id.push(383_000 + 3 * row as i32);
            track.dem_h.push(dem as f32);
            track.measure(height, random);
        }
        track
    }
}

impl Segments {
    fn push(&mut self, spot: Spot, time: f64, random: &mut Random) {
        let (lon, lat) = spot.position();
        // A millimetre or so, as positions of fits have it.
        self.lon.push(lon + random.between(-1e-8, 1e-8));
        self.lat.push(lat);
        self.delta_time.push(time);
    }

    /// A height with its error: most are good, some are blunders that say so, and some have none.
    fn measure(&mut self, height: f64, random: &mut Random) {
        let sigma = 0.02 + 0.06 * random.uniform();
        let (height, quality) = match random.uniform() {
            u if u < 0.01 => (f64::from(FILL_F32), 1),
            u if u < 0.05 => (height + 12.0 * random.normal(), 1),
            _ => (height + 3.0 * sigma * random.normal(), 0),
        };
        self.h_li.push(height as f32);
        self.h_li_sigma.push(sigma as f32);
        self.quality.push(quality);
    }
}

/// Writes the granules to `dir` and returns their paths in order of time.
///
/// # Errors
/// Where the folder or a file cannot be written.
pub fn write(dir: &Path, seed: u64) -> Result<Vec<PathBuf>> {
    let passes = CYCLES.into_iter().flat_map(|cycle| {
        // Passes of both directions take turns in a cycle, but names sort by time.
        (0..2 * PASSES).map(move |number| Pass { cycle, number })
    });
    let write_pass = |pass: Pass| {
        let path = [6, u64::from(pass.cycle), u64::from(pass.number)];
        let clear = clear_segments(ROWS, &mut Random::stream(seed, &path));
        let made: Vec<_> = BEAMS
            .par_iter()
            .map(|beam| {
                let path = [path[0], path[1], path[2], u64::from(beam.spot)];
                (
                    *beam,
                    pass.track(*beam, &clear, &mut Random::stream(seed, &path)),
                )
            })
            .collect();
        write_whole(dir, &pass.file_name(), |path| {
            write_granule(path, pass, &made)
        })
    };
    passes.map(write_pass).collect()
}

fn write_granule(path: &Path, pass: Pass, tracks: &[(Beam, Segments)]) -> hdf5::Result<()> {
    let writer = GranuleWriter::create(
        path,
        "ATL06",
        "synthetic heights in the layout of ATL06, not observations",
    )?;
    writer.orbit(pass.cycle as i8, pass.ground_track() as i16)?;
    for (beam, track) in tracks {
        let group = writer.ground_track(*beam)?;
        group.create_group("land_ice_segments")?;
        group.create_group("land_ice_segments/dem")?;
        Field::float(
            "land_ice_segments/latitude",
            "degrees_north",
            "Segment latitude",
        )
        .write(&group, &track.lat)?;
        Field::float(
            "land_ice_segments/longitude",
            "degrees_east",
            "Segment longitude",
        )
        .write(&group, &track.lon)?;
        Field::float(
            "land_ice_segments/delta_time",
            "seconds since 2018-01-01",
            "Elapsed GPS seconds",
        )
        .write(&group, &track.delta_time)?;
        for (name, what, values) in [
            ("land_ice_segments/h_li", "Land Ice height", &track.h_li),
            (
                "land_ice_segments/h_li_sigma",
                "Expected RMS segment misfit",
                &track.h_li_sigma,
            ),
            ("land_ice_segments/dem/dem_h", "DEM Height", &track.dem_h),
        ] {
            Field::float(name, "meters", what)
                .fill(FILL_F32)
                .write(&group, values)?;
        }
        Field::integer(
            "land_ice_segments/atl06_quality_summary",
            "1",
            "ATL06 Quality Summary",
        )
        .write(&group, &track.quality)?;
        Field::integer(
            "land_ice_segments/segment_id",
            "1",
            "Reference Point, m-th reference point",
        )
        .write(&group, &track.segment_id)?;
    }
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_lie_in_their_year_and_cross_each_other() {
        let first = Pass {
            cycle: 3,
            number: 0,
        };
        assert_eq!(first.file_name(), "ATL06_20190416064351_00500303_006_01.h5");
        let last = Pass {
            cycle: 15,
            number: 2 * PASSES - 1,
        };
        assert!(stamp(last.start()).starts_with("2022"), "{last:?}");
        // Northward and southward, both to the west.
        let step = |pass: Pass| {
            let (a, b) = (pass.spot(0, 0.0), pass.spot(1, 0.0));
            (b.east - a.east, b.north - a.north)
        };
        assert!(step(first).0 < 0.0 && step(first).1 > 0.0);
        assert!(step(last).0 < 0.0 && step(last).1 < 0.0);
        // gt1l is on the left: of a pass to the north in the west.
        assert!(first.spot(0, BEAMS[0].across / 1e3).east < first.spot(0, 0.0).east);
    }
}
