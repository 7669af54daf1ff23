//! The demo's glacier: a basin of West Greenland with an invented ice surface that sinks where the glacier ends.
//!
//! Where it is is real, so that the map has a coast; heights and their change are functions of position and time alone.
//! Lengths are kilometres in a plane that touches at the terminus. Sines and exponentials come from `libm`, which has the same
//! bits everywhere.

/// Longitude and latitude of the terminus in degrees.
const TERMINUS: [f64; 2] = [-49.7, 69.17];
/// Kilometres in a degree of latitude, and in one of longitude at the terminus.
const DEGREE: [f64; 2] = [39.63, 111.6];
/// Where the basin ends inland, in kilometres from the terminus.
const LENGTH: f64 = 210.0;
/// 2019-07-01T00:00:00 in seconds since 2018-01-01: the date of the elevation model.
pub const SURVEYED: f64 = 546.0 * 86_400.0;
/// Seconds of a year of 365.25 days.
const YEAR: f64 = 31_557_600.0;
/// Positions of the outline.
const CORNERS: u32 = 72;

/// A place in the plane of the basin: kilometres east and north of the terminus.
#[derive(Debug, Clone, Copy)]
pub struct Spot {
    pub east: f64,
    pub north: f64,
}

impl Spot {
    /// Longitude and latitude in degrees.
    pub fn position(self) -> (f64, f64) {
        (
            TERMINUS[0] + self.east / DEGREE[0],
            TERMINUS[1] + self.north / DEGREE[1],
        )
    }

    /// Height of the ice in metres when it was surveyed; none in front of the ice, where there is fjord and rock.
    pub fn surveyed(self) -> Option<f64> {
        let inland = self.inland();
        if inland <= 0.0 {
            return None;
        }
        // A plastic ice sheet has a parabola in profile (Cuffey and Paterson, The Physics of Glaciers, section 8.10).
        let dome = 128.0 * inland.sqrt();
        let trough = 0.16 * dome * self.trunk();
        let relief = inland / (inland + 30.0);
        let waves = 14.0 * libm::sin(self.east / 4.3 + libm::sin(self.north / 9.0))
            + 9.0 * libm::sin((self.north - 0.5 * self.east) / 2.6);
        Some(35.0 + dome - trough + relief * waves)
    }

    /// How fast the surface rises, in metres a year: it sinks by metres along the trunk of the glacier, by decimetres around
    /// it, and grows a little far inland.
    fn rate(self) -> f64 {
        let inland = self.inland().max(0.0);
        let trunk = -5.0 * libm::exp(-inland / 32.0) * self.trunk();
        let margin = -0.8 * libm::exp(-inland / 60.0);
        trunk + margin + 0.12 * (inland / LENGTH)
    }

    /// Height in metres at a time in seconds since 2018-01-01.
    pub fn height(self, time: f64) -> Option<f64> {
        let years = (time - SURVEYED) / YEAR;
        self.surveyed().map(|ice| ice + years * self.rate())
    }

    /// Kilometres from the margin of the ice, which has bays.
    fn inland(self) -> f64 {
        self.east + 7.0 * libm::sin(self.north / 21.0) + 3.0 * libm::sin(self.north / 6.7 + 1.0)
            - 0.0016 * self.north * self.north
            + 5.0
    }

    /// 1 on the line along which the glacier flows, falling to both sides.
    fn trunk(self) -> f64 {
        let bend = 8.0 * libm::sin(self.east / 40.0);
        let width = 9.0 + 0.10 * self.east.max(0.0);
        let across = (self.north - bend) / width;
        libm::exp(-across * across)
    }
}

/// The outline of the basin as a ring of longitudes and latitudes, closed, counterclockwise: narrow at the terminus, wide
/// inland.
fn outline() -> Vec<[f64; 2]> {
    let ring = (0..=CORNERS).map(|corner| {
        let turn = f64::from(corner % CORNERS) / f64::from(CORNERS) * std::f64::consts::TAU;
        let (sin, cos) = libm::sincos(turn);
        let east = 0.5 * LENGTH * (1.0 - cos) - 12.0;
        let half_width = 78.0 * (0.5 * (1.0 - cos)).sqrt() + 6.0;
        let ragged = 1.0 + 0.07 * libm::sin(5.0 * turn) + 0.04 * libm::sin(11.0 * turn + 0.8);
        let spot = Spot {
            east,
            north: 4.0 - half_width * sin * ragged,
        };
        let (lon, lat) = spot.position();
        // Ten metres are enough of an outline.
        [(lon * 1e4).round() / 1e4, (lat * 1e4).round() / 1e4]
    });
    ring.collect()
}

/// The outline as GeoJSON.
pub fn geojson() -> String {
    let ring: Vec<String> = outline()
        .iter()
        .map(|[lon, lat]| format!("[{lon}, {lat}]"))
        .collect();
    let rows: Vec<String> = ring.chunks(6).map(|row| row.join(", ")).collect();
    format!(
        "{{\n\"type\": \"Feature\",\n\"properties\": {{\"name\": \"synthetic basin of a demo, no survey\"}},\n\
         \"geometry\": {{\"type\": \"Polygon\", \"coordinates\": [[\n{}\n]]}}\n}}\n",
        rows.join(",\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_glacier_sinks_at_its_end_and_hardly_inland() {
        let rate = |east, north| Spot { east, north }.rate();
        assert!(rate(5.0, 1.0) < -3.5, "{}", rate(5.0, 1.0));
        assert!(rate(190.0, 1.0).abs() < 0.3, "{}", rate(190.0, 1.0));
        let spot = Spot {
            east: 20.0,
            north: 0.0,
        };
        let year = spot.height(SURVEYED + YEAR).unwrap() - spot.height(SURVEYED).unwrap();
        assert!((year - spot.rate()).abs() < 1e-9);
        let sea = Spot {
            east: -40.0,
            north: 0.0,
        };
        assert!(sea.surveyed().is_none());
    }

    #[test]
    fn the_outline_is_a_region_around_the_ice() {
        let region = crate::region::Region::of_geojson(&geojson());
        assert!(region.is_ok(), "{region:?}");
        assert_eq!(outline()[0], outline()[CORNERS as usize]);
    }
}
