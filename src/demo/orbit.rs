//! Where the demo's ground tracks run: arcs of a near-polar orbit, and the times of their pulses.
//!
//! Each granule is one pass over its highest latitude. Three beam pairs, 3.3 km apart, of two beams
//! 90 m apart, follow the reference ground track (ATL03 ATBD, section 2.1); the Earth turns under
//! them. Angles go through `libm`, so positions have the same bits everywhere.

/// Mean radius of the Earth in metres.
pub const EARTH_RADIUS: f64 = 6_371_000.0;
/// Pulses in one geolocation segment of 20 m: one each 0.7 m, at 10 kHz.
pub const PULSES: u32 = 28;
/// Length of a geolocation segment along the ground in metres.
const SEGMENT_LENGTH: f64 = 20.0;
/// Seconds from one pulse to the next.
const PULSE_INTERVAL: f64 = 1e-4;
/// Highest geocentric latitude in degrees: the orbit's inclination is 92 degrees.
const HIGHEST_LATITUDE: f64 = 88.0;
/// Rotation of the Earth in radians per second.
const EARTH_RATE: f64 = 7.292_115_9e-5;
/// First eccentricity of WGS84, squared.
const E2: f64 = 0.006_694_379_990_141_317;
/// 2020-01-01T00:00:00 in seconds since 2018-01-01, the origin of `delta_time`.
const FIRST_START: u64 = 730 * 86_400;
/// Seconds from one granule to the next: 11 revolutions of 91 days / 1387.
const GRANULE_INTERVAL: u64 = 62_355;

/// One granule's pass.
#[derive(Debug, Clone)]
pub struct Pass {
    /// Start in whole seconds since 2018-01-01.
    pub start: u64,
    /// Reference ground track, 1 to 1387.
    pub ground_track: u64,
    /// Longitude of the highest latitude at the start, in radians.
    longitude: f64,
    /// Angle along the orbit from the highest latitude to the first segment, in radians.
    begin: f64,
}

/// Axes at one geolocation segment: up at the highest latitude, forward, and to the left.
#[derive(Debug, Clone)]
pub struct Frame {
    axes: [[f64; 3]; 3],
    begin: f64,
}

impl Pass {
    /// Pass number `granule`, of `segments` geolocation segments. Successive passes lie 97 degrees
    /// apart, so four of them enclose the pole and cross each other.
    pub fn new(granule: u64, segments: u32) -> Self {
        let length = f64::from(segments) * SEGMENT_LENGTH / EARTH_RADIUS;
        let shift = ((granule * 7) % 5) as f64 - 2.0;
        Self {
            start: FIRST_START + granule * GRANULE_INTERVAL,
            ground_track: 1 + (granule * 11) % 1387,
            longitude: radians(((granule * 97 + 20) % 360) as f64),
            begin: length * (0.05 * shift - 0.5),
        }
    }

    /// Seconds since 2018-01-01 of a pulse of a segment.
    pub fn time(&self, segment: u32, pulse: u32) -> f64 {
        self.start as f64
            + (f64::from(segment) * f64::from(PULSES) + f64::from(pulse)) * PULSE_INTERVAL
    }

    /// Number of a segment counted from the equator, as `segment_id`.
    pub fn segment_id(&self, segment: u32) -> i32 {
        let quarter = radians(90.0) + self.begin;
        (quarter * EARTH_RADIUS / SEGMENT_LENGTH) as i32 + segment as i32
    }

    /// The axes at a segment, the Earth having turned since the start.
    pub fn frame(&self, segment: u32) -> Frame {
        let turned = EARTH_RATE * (self.time(segment, 0) - self.start as f64);
        let (sin_lon, cos_lon) = libm::sincos(self.longitude - turned);
        let (sin_lat, cos_lat) = libm::sincos(radians(HIGHEST_LATITUDE));
        let up = [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat];
        // A retrograde orbit passes its highest latitude westward.
        let forward = [sin_lon, -cos_lon, 0.0];
        let left = [
            up[1] * forward[2] - up[2] * forward[1],
            up[2] * forward[0] - up[0] * forward[2],
            up[0] * forward[1] - up[1] * forward[0],
        ];
        Frame {
            axes: [up, forward, left],
            begin: self.begin + f64::from(segment) * SEGMENT_LENGTH / EARTH_RADIUS,
        }
    }
}

impl Frame {
    /// Unit vector of the place `along` metres into the segment and `across` metres to the left.
    pub fn place(&self, along: f64, across: f64) -> [f64; 3] {
        let (sin_along, cos_along) = libm::sincos(self.begin + along / EARTH_RADIUS);
        let (sin_across, cos_across) = libm::sincos(across / EARTH_RADIUS);
        let weights = [cos_across * cos_along, cos_across * sin_along, sin_across];
        let mut place = [0.0; 3];
        for (weight, axis) in weights.iter().zip(&self.axes) {
            for (sum, part) in place.iter_mut().zip(axis) {
                *sum += weight * part;
            }
        }
        place
    }
}

/// Longitude and geodetic latitude in degrees of a geocentric unit vector.
pub fn position(place: [f64; 3]) -> (f64, f64) {
    let [x, y, z] = place;
    let from_axis = (x * x + y * y).sqrt();
    (
        degrees(libm::atan2(y, x)),
        degrees(libm::atan2(z, (1.0 - E2) * from_axis)),
    )
}

/// `yyyymmddhhmmss` of a time in seconds since 2018-01-01.
pub fn stamp(seconds: u64) -> String {
    let clock = seconds % 86_400;
    let (mut year, mut day) = (2018, seconds / 86_400);
    while day >= 365 + leap(year) {
        day -= 365 + leap(year);
        year += 1;
    }
    let lengths = [31, 28 + leap(year), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 1;
    for length in lengths {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
    format!(
        "{year:04}{month:02}{:02}{hour:02}{minute:02}{second:02}",
        day + 1
    )
}

/// 1 in a leap year; years 1901 to 2099.
fn leap(year: u64) -> u64 {
    u64::from(year.is_multiple_of(4))
}

fn radians(degrees: f64) -> f64 {
    degrees * (std::f64::consts::PI / 180.0)
}

fn degrees(radians: f64) -> f64 {
    radians * (180.0 / std::f64::consts::PI)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_name_the_time() {
        assert_eq!(stamp(FIRST_START), "20200101000000");
        assert_eq!(stamp(FIRST_START + 60 * 86_400 - 1), "20200229235959");
        assert_eq!(stamp(FIRST_START + 366 * 86_400 + 3_661), "20210101010101");
    }

    #[test]
    fn beams_lie_at_their_distance_and_segments_follow_each_other() {
        let pass = Pass::new(0, 1000);
        let frame = pass.frame(10);
        let apart = |a: [f64; 3], b: [f64; 3]| {
            let squares: f64 = (0..3).map(|i| (a[i] - b[i]) * (a[i] - b[i])).sum();
            squares.sqrt() * EARTH_RADIUS
        };
        let pair = apart(frame.place(5.0, 3300.0), frame.place(5.0, 0.0));
        assert!((pair - 3300.0).abs() < 0.01, "pairs {pair} m apart");
        let joint = apart(
            frame.place(SEGMENT_LENGTH, 0.0),
            pass.frame(11).place(0.0, 0.0),
        );
        assert!(joint < 0.1, "segments {joint} m apart");
        let (_, latitude) = position(pass.frame(500).place(0.0, 0.0));
        assert!(
            (87.5..88.1).contains(&latitude),
            "highest latitude {latitude}"
        );
    }
}
