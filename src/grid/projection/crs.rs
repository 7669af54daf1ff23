//! The coordinate reference systems that grids may have: their EPSG codes, formulas, and names in stores.
//!
//! Beside `mod.rs`. Sources: the EPSG dataset for parameters; CF Conventions 1.11, appendix F, for those of grid mappings;
//! OGC 01-009 for the text that GDAL and rioxarray read.

use std::fmt;

use serde_json::{Map, Value, json};

use super::ellipsoid::{AXIS, INVERSE_FLATTENING};
use super::{Polar, Projection, Transverse};

/// A coordinate reference system on WGS84, by its EPSG code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crs(u32);

/// What is particular to a system.
enum Kind {
    Geographic,
    /// Whether of the south, the latitude of true scale without its sign, and the longitude that points up or down.
    Polar(bool, f64, f64),
    Utm(u32, bool),
}

const GEOGRAPHIC: &str = r#"GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AUTHORITY["EPSG","4326"]]"#;

impl Crs {
    /// What is known, for messages.
    pub const KNOWN: &str = "EPSG:4326, EPSG:3031, EPSG:3413, EPSG:3976, EPSG:32601 to EPSG:32660 and EPSG:32701 to EPSG:32760";

    /// The system of this name, such as `EPSG:3031`.
    pub fn named(name: &str) -> Option<Self> {
        let (authority, code) = name.split_once(':')?;
        let digits = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit());
        let code = code.parse().ok().filter(|_| digits)?;
        (authority.eq_ignore_ascii_case("epsg") && kind(code).is_some()).then_some(Self(code))
    }

    fn kind(self) -> Kind {
        kind(self.0).unwrap_or(Kind::Geographic)
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
                Projection::Polar(Polar::new(south, standard, origin))
            }
            Kind::Utm(zone, south) => Projection::Transverse(Transverse::utm(zone, south)),
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
            Kind::Geographic | Kind::Polar(..) => None,
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
    #[cfg(feature = "picture")]
    pub(crate) fn pole(self) -> Option<f64> {
        match self.kind() {
            Kind::Polar(south, ..) => Some(if south { -1.0 } else { 1.0 }),
            Kind::Geographic | Kind::Utm(..) => None,
        }
    }

    /// The name in the EPSG dataset.
    pub(crate) fn title(self) -> String {
        match self.kind() {
            Kind::Geographic => "WGS 84".to_owned(),
            Kind::Polar(..) => match self.0 {
                3031 => "WGS 84 / Antarctic Polar Stereographic",
                3413 => "WGS 84 / NSIDC Sea Ice Polar Stereographic North",
                _ => "WGS 84 / NSIDC Sea Ice Polar Stereographic South",
            }
            .to_owned(),
            Kind::Utm(zone, south) => {
                format!("WGS 84 / UTM zone {zone}{}", if south { "S" } else { "N" })
            }
        }
    }

    /// The system as text that GIS programs read, of version 1.
    pub fn wkt(self) -> String {
        let projected = |projection: &str, parameters: &[(&str, f64)]| {
            let parameters = parameters.iter();
            let parameters: Vec<String> = parameters
                .map(|(name, value)| format!(r#",PARAMETER["{name}",{value}]"#))
                .collect();
            let parameters = parameters.concat();
            format!(
                r#"PROJCS["{}",{GEOGRAPHIC},PROJECTION["{projection}"]{parameters},UNIT["metre",1,AUTHORITY["EPSG","9001"]],AUTHORITY["EPSG","{}"]]"#,
                self.title(),
                self.0
            )
        };
        match self.kind() {
            Kind::Geographic => GEOGRAPHIC.to_owned(),
            Kind::Polar(south, standard, origin) => projected(
                "Polar_Stereographic",
                &[
                    (
                        "latitude_of_origin",
                        if south { -standard } else { standard },
                    ),
                    ("central_meridian", origin),
                    ("false_easting", 0.0),
                    ("false_northing", 0.0),
                ],
            ),
            Kind::Utm(zone, south) => projected(
                "Transverse_Mercator",
                &[
                    ("latitude_of_origin", 0.0),
                    ("central_meridian", 6.0 * f64::from(zone) - 183.0),
                    ("scale_factor", 0.9996),
                    ("false_easting", 500_000.0),
                    ("false_northing", if south { 10_000_000.0 } else { 0.0 }),
                ],
            ),
        }
    }

    /// Attributes of a grid mapping.
    pub fn mapping(self) -> Map<String, Value> {
        let mut attributes = object(json!({
            "reference_ellipsoid_name": "WGS 84",
            "semi_major_axis": AXIS,
            "inverse_flattening": INVERSE_FLATTENING,
            "longitude_of_prime_meridian": 0.0,
            "prime_meridian_name": "Greenwich",
            "geographic_crs_name": "WGS 84",
            "horizontal_datum_name": "World Geodetic System 1984",
        }));
        attributes.extend(object(match self.kind() {
            Kind::Geographic => json!({"grid_mapping_name": "latitude_longitude"}),
            Kind::Polar(south, standard, origin) => json!({
                "grid_mapping_name": "polar_stereographic",
                "projected_crs_name": self.title(),
                "latitude_of_projection_origin": if south { -90.0 } else { 90.0 },
                "standard_parallel": if south { -standard } else { standard },
                "straight_vertical_longitude_from_pole": origin,
                "false_easting": 0.0,
                "false_northing": 0.0,
            }),
            Kind::Utm(zone, south) => json!({
                "grid_mapping_name": "transverse_mercator",
                "projected_crs_name": self.title(),
                "latitude_of_projection_origin": 0.0,
                "longitude_of_central_meridian": 6.0 * f64::from(zone) - 183.0,
                "scale_factor_at_central_meridian": 0.9996,
                "false_easting": 500_000.0,
                "false_northing": if south { 10_000_000.0 } else { 0.0 },
            }),
        }));
        attributes
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
        3413 => Kind::Polar(false, 70.0, -45.0),
        3976 => Kind::Polar(true, 70.0, 0.0),
        32_601..=32_660 => Kind::Utm(code - 32_600, false),
        32_701..=32_760 => Kind::Utm(code - 32_700, true),
        _ => return None,
    })
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
