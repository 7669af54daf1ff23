//! The photons of one synthetic ground track, and the geolocation segments that index them.
//!
//! Rates are about a tenth of the real ones, so that few photons cover a long arc.

use super::orbit::{PULSES, Pass, position};
use super::random::Random;
use super::surface::{Ground, ground};

/// Ground tracks from left to right: distance to the left of the reference ground track in metres,
/// and spot number when the spacecraft flies forward; odd spots are strong beams.
pub const BEAMS: [Beam; 6] = [
    Beam {
        name: "gt1l",
        across: 3345.0,
        spot: 6,
    },
    Beam {
        name: "gt1r",
        across: 3255.0,
        spot: 5,
    },
    Beam {
        name: "gt2l",
        across: 45.0,
        spot: 4,
    },
    Beam {
        name: "gt2r",
        across: -45.0,
        spot: 3,
    },
    Beam {
        name: "gt3l",
        across: -3255.0,
        spot: 2,
    },
    Beam {
        name: "gt3r",
        across: -3345.0,
        spot: 1,
    },
];
/// Value of `dem_h` where there is no elevation model: the product's fill value for floats.
pub const FILL_F32: f32 = f32::MAX;

/// Mean surface photons of a strong beam in a segment over ice; a weak beam has a quarter.
const STRONG_RATE: f64 = 4.0;
/// Mean background photons in a segment, of any beam.
const NOISE_RATE: f64 = 0.4;
/// Chance that a segment holds a photon of the transmitter echo path (TEP).
const TEP_CHANCE: f64 = 0.002;
/// Height of the telemetry window in metres.
const WINDOW: f64 = 120.0;
/// Roughness of the surface as photons see it, in metres.
const ROUGHNESS: f64 = 0.15;
/// One segment in so many has no elevation model.
const DEM_GAP: u32 = 97;

/// One of the six beams.
#[derive(Debug, Clone, Copy)]
pub struct Beam {
    pub name: &'static str,
    pub across: f64,
    pub spot: u8,
}

impl Beam {
    pub fn is_strong(self) -> bool {
        self.spot % 2 == 1
    }
}

/// Photons and geolocation segments, as struct of arrays.
#[derive(Debug, Clone, Default)]
pub struct Track {
    pub lat: Vec<f64>,
    pub lon: Vec<f64>,
    pub height: Vec<f32>,
    pub delta_time: Vec<f64>,
    /// Five values a photon: land, ocean, sea ice, land ice, inland water.
    pub confidence: Vec<i8>,
    /// 1-based row of the first photon of each segment; 0 where the segment has none.
    pub index_beg: Vec<i64>,
    pub count: Vec<i32>,
    pub reference_lat: Vec<f64>,
    pub reference_lon: Vec<f64>,
    pub segment_id: Vec<i32>,
    pub dem: Vec<f32>,
}

/// What a photon is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Origin {
    Surface,
    Noise,
    Tep,
}

/// Which segments of a pass have photons: none at both ends and under clouds.
pub fn clear_segments(segments: u32, random: &mut Random) -> Vec<bool> {
    let all = f64::from(segments);
    let (first, last) = ((0.02 * all) as usize, (0.97 * all) as usize);
    let mut clear = vec![true; segments as usize];
    let mut at = 0.0;
    while at < all {
        let cloud = at + all * random.between(0.04, 0.2);
        at = cloud + all * random.between(0.002, 0.04);
        for segment in clear.iter_mut().take(at as usize).skip(cloud as usize) {
            *segment = false;
        }
    }
    for (segment, is_clear) in clear.iter_mut().enumerate() {
        *is_clear &= segment > first && segment < last;
    }
    clear
}

impl Track {
    /// Makes the ground track of `beam`: segments in order, photons ascending in time. Segments
    /// that are not `clear` have no photons.
    pub fn make(pass: &Pass, beam: Beam, clear: &[bool], random: &mut Random) -> Self {
        let stops = Stops::of(beam);
        let mut track = Self::default();
        for (segment, &is_clear) in (0..).zip(clear) {
            let frame = pass.frame(segment);
            let middle = frame.place(10.0, beam.across);
            let below = ground(middle);
            let first = track.lat.len();
            if is_clear {
                // The receiver's window follows an onboard elevation model in steps.
                let window = (below.height / 15.0).floor() * 15.0 - 0.45 * WINDOW;
                for (pulse, origin) in stops.draw(below, random) {
                    track.delta_time.push(pass.time(segment, pulse));
                    let along = f64::from(pulse) * 20.0 / f64::from(PULSES) + jitter(random);
                    let place = frame.place(along, beam.across + jitter(random));
                    track.push_photon(place, origin, window, random);
                }
            }
            track.push_segment(first, position(middle));
            track.segment_id.push(pass.segment_id(segment));
            let has_dem = !segment.is_multiple_of(DEM_GAP);
            let dem = (below.height + 1.5) as f32;
            track.dem.push(if has_dem { dem } else { FILL_F32 });
        }
        track
    }

    /// Appends a photon at the unit vector `place`; `window` is the bottom of the telemetry window.
    fn push_photon(&mut self, place: [f64; 3], origin: Origin, window: f64, random: &mut Random) {
        let (lon, lat) = position(place);
        let surface = ground(place);
        let height = match origin {
            Origin::Surface => surface.height + ROUGHNESS * random.normal(),
            Origin::Noise | Origin::Tep => window + WINDOW * random.uniform(),
        };
        self.lon.push(lon);
        self.lat.push(lat);
        self.height.push(height as f32);
        let offset = height - surface.height;
        self.confidence
            .extend(confidence(origin, surface, offset, random));
    }

    /// Appends the segment of the photons from row `first` on; its reference is the photon in the
    /// middle, or `middle` (longitude and latitude in degrees) where it has none.
    fn push_segment(&mut self, first: usize, middle: (f64, f64)) {
        let count = self.lat.len() - first;
        let (lon, lat) = if count == 0 {
            middle
        } else {
            let reference = first + count / 2;
            (self.lon[reference], self.lat[reference])
        };
        self.reference_lon.push(lon);
        self.reference_lat.push(lat);
        self.index_beg
            .push(if count == 0 { 0 } else { first as i64 + 1 });
        self.count.push(count as i32);
    }

    /// The same segments without photons, as of a beam that was switched off.
    pub fn emptied(self) -> Self {
        Self {
            index_beg: vec![0; self.index_beg.len()],
            count: vec![0; self.count.len()],
            reference_lat: self.reference_lat,
            reference_lon: self.reference_lon,
            segment_id: self.segment_id,
            dem: self.dem,
            ..Self::default()
        }
    }

    /// Moves the latitude of `rows` beyond the pole (180 degrees less the latitude), as an angle
    /// that was never wrapped; rows past the end are ignored.
    pub fn spoil(&mut self, rows: &[usize]) {
        for &row in rows {
            if let Some(lat) = self.lat.get_mut(row) {
                *lat = 180.0 - *lat;
            }
        }
    }
}

/// exp(-rate) of each kind of photon, of one beam.
struct Stops {
    ice: f64,
    sea: f64,
    noise: f64,
}

impl Stops {
    fn of(beam: Beam) -> Self {
        let rate = if beam.is_strong() {
            STRONG_RATE
        } else {
            STRONG_RATE / 4.0
        };
        Self {
            ice: libm::exp(-rate),
            sea: libm::exp(-0.6 * rate),
            noise: libm::exp(-NOISE_RATE),
        }
    }

    /// Pulse and origin of a segment's photons, ascending by pulse.
    fn draw(&self, below: Ground, random: &mut Random) -> Vec<(u32, Origin)> {
        let surface = random.poisson(if below.land_ice { self.ice } else { self.sea });
        let noise = random.poisson(self.noise);
        let tep = u32::from(random.uniform() < TEP_CHANCE);
        let mut drawn = Vec::with_capacity((surface + noise + tep) as usize);
        for (origin, count) in [
            (Origin::Surface, surface),
            (Origin::Noise, noise),
            (Origin::Tep, tep),
        ] {
            for _ in 0..count {
                drawn.push(((random.bits() % u64::from(PULSES)) as u32, origin));
            }
        }
        drawn.sort_by_key(|&(pulse, _)| pulse);
        drawn
    }
}

/// Photons of a pulse lie within 2 mm of each other.
fn jitter(random: &mut Random) -> f64 {
    random.between(-0.002, 0.002)
}

/// `signal_conf_ph` of one photon: -2 possible TEP, -1 surface type not considered, 0 noise,
/// 1 within 10 m of the surface, 2 to 4 surface.
fn confidence(origin: Origin, surface: Ground, offset: f64, random: &mut Random) -> [i8; 5] {
    let value = match origin {
        Origin::Tep => return [-2; 5],
        Origin::Noise => i8::from(offset.abs() < 10.0),
        Origin::Surface => match random.uniform() {
            u if u < 0.85 => 4,
            u if u < 0.95 => 3,
            _ => 2,
        },
    };
    if surface.land_ice {
        [value, -1, -1, value, -1]
    } else {
        [-1, value, value, -1, -1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(beam: Beam) -> Track {
        let clear = clear_segments(300, &mut Random::stream(1, &[0]));
        Track::make(
            &Pass::new(0, 300),
            beam,
            &clear,
            &mut Random::stream(1, &[0, 1]),
        )
    }

    #[test]
    fn segments_index_every_photon_once() {
        let track = track(BEAMS[1]);
        let mut next = 1;
        for (&begin, &count) in track.index_beg.iter().zip(&track.count) {
            assert_eq!(begin, if count == 0 { 0 } else { next });
            next += i64::from(count);
        }
        assert_eq!(next - 1, track.lat.len() as i64);
        assert_eq!((track.count[0], track.count[299]), (0, 0));
        assert!(track.delta_time.is_sorted());
        assert_eq!(track.confidence.len(), 5 * track.lat.len());
    }

    #[test]
    fn strong_beams_have_more_photons_than_weak_ones() {
        let (weak, strong) = (track(BEAMS[0]).lat.len(), track(BEAMS[1]).lat.len());
        assert!(strong > 2 * weak, "{strong} strong, {weak} weak");
    }
}
