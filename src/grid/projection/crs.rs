//! The coordinate reference systems that grids may have: their EPSG codes, and their formulas.
//!
//! Beside `mod.rs`. Source: the EPSG dataset for parameters.

use std::fmt;

use super::ellipsoid::{Ellipsoid, HUGHES, WGS84};
use super::{Azimuthal, Cylindrical, Polar, Projection, Transverse};

/// A coordinate reference system, by its EPSG code: on WGS84, or on the ellipsoid that the older sea ice grids have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crs(u32);

/// What is particular to a system.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Geographic,
    /// Whether of the south, the latitude of true scale without its sign, and the longitude that points up or down.
    Polar(bool, f64, f64),
    Utm(u32, bool),
    /// The longitude that points down.
    Azimuthal(f64),
    /// The latitude of true scale.
    Cylindrical(f64),
}

impl Crs {
    /// What is known, for messages.
    pub const KNOWN: &str = "EPSG:4326, EPSG:3031, EPSG:3413, EPSG:3976, EPSG:3411, EPSG:3412, EPSG:3571 to \
         EPSG:3576, EPSG:6933, EPSG:32601 to EPSG:32660 and EPSG:32701 to EPSG:32760";

    /// The system of this name, such as `EPSG:3031`.
    pub fn named(name: &str) -> Option<Self> {
        let (authority, code) = name.split_once(':')?;
        let digits = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit());
        let code = code.parse().ok().filter(|_| digits)?;
        (authority.eq_ignore_ascii_case("epsg") && kind(code).is_some()).then_some(Self(code))
    }

    pub(super) fn kind(self) -> Kind {
        kind(self.0).unwrap_or(Kind::Geographic)
    }

    /// The ellipsoid that latitudes are on.
    ///
    /// Those of EPSG:3411 and 3412 are taken as they are, as PROJ does: their datum has no relation to another.
    pub(super) fn ellipsoid(self) -> &'static Ellipsoid {
        match self.0 {
            3411 | 3412 => &HUGHES,
            _ => &WGS84,
        }
    }

    /// The code by itself.
    pub fn code(self) -> u32 {
        self.0
    }

    /// Whether places are degrees of longitude and latitude.
    pub fn is_geographic(self) -> bool {
        matches!(self.kind(), Kind::Geographic)
    }

    /// Its formulas.
    pub(crate) fn projection(self) -> Projection {
        match self.kind() {
            Kind::Geographic => Projection::Geographic,
            Kind::Polar(south, standard, origin) => {
                Projection::Polar(Polar::new(self.ellipsoid(), south, standard, origin))
            }
            Kind::Utm(zone, south) => Projection::Transverse(Transverse::utm(zone, south)),
            Kind::Azimuthal(origin) => Projection::Azimuthal(Azimuthal::new(origin)),
            Kind::Cylindrical(standard) => Projection::Cylindrical(Cylindrical::new(standard)),
        }
    }

    /// Why no grid may have these edges: west, south, east and north.
    pub fn refuses(self, [west, south, east, north]: [f64; 4]) -> Option<String> {
        match self.kind() {
            Kind::Geographic if south < -90.0 || north > 90.0 => {
                Some("latitudes are from -90 to 90 degrees".to_owned())
            }
            Kind::Geographic if east - west > 360.0 || west < -360.0 || east > 540.0 => {
                Some("longitudes span 360 degrees at most, from a west of -360 or more".to_owned())
            }
            Kind::Utm(..) => self.too_far(west, east),
            Kind::Geographic | Kind::Polar(..) | Kind::Azimuthal(_) | Kind::Cylindrical(_) => None,
        }
    }

    /// Why a grid between these eastings is refused, whole shards included, if it is.
    pub fn too_far(self, west: f64, east: f64) -> Option<String> {
        let Kind::Utm(..) = self.kind() else {
            return None;
        };
        let from_meridian = |x: f64| (x - Transverse::easting()).abs();
        (from_meridian(east).max(from_meridian(west)) > Transverse::FARTHEST).then(|| {
            format!(
                "a grid of UTM lies within {} km of its central meridian, which has x = 500000",
                Transverse::FARTHEST / 1000.0
            )
        })
    }

    /// The pole in the middle of its plane: 1 north, -1 south.
    pub(crate) fn pole(self) -> Option<f64> {
        match self.kind() {
            Kind::Polar(south, ..) => Some(if south { -1.0 } else { 1.0 }),
            Kind::Azimuthal(_) => Some(1.0),
            Kind::Geographic | Kind::Utm(..) | Kind::Cylindrical(_) => None,
        }
    }
}

impl fmt::Display for Crs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EPSG:{}", self.0)
    }
}

fn kind(code: u32) -> Option<Kind> {
    Some(match code {
        4326 => Kind::Geographic,
        3031 => Kind::Polar(true, 71.0, 0.0),
        3411 | 3413 => Kind::Polar(false, 70.0, -45.0),
        3412 | 3976 => Kind::Polar(true, 70.0, 0.0),
        3571 => Kind::Azimuthal(180.0),
        3572 => Kind::Azimuthal(-150.0),
        3573 => Kind::Azimuthal(-100.0),
        3574 => Kind::Azimuthal(-40.0),
        3575 => Kind::Azimuthal(10.0),
        3576 => Kind::Azimuthal(90.0),
        6933 => Kind::Cylindrical(30.0),
        32_601..=32_660 => Kind::Utm(code - 32_600, false),
        32_701..=32_760 => Kind::Utm(code - 32_700, true),
        _ => return None,
    })
}
