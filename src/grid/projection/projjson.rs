//! Coordinate reference systems as PROJJSON, which GeoParquet and GeoArrow name them in.
//!
//! Beside `wording.rs`. Sources: the schema of PROJJSON 0.7; the EPSG dataset for methods, parameters and their codes.

use serde_json::{Value, json};

use super::crs::{Crs, Kind};

impl Crs {
    /// The system as PROJJSON.
    pub(crate) fn projjson(self) -> Value {
        let Some((method, parameters)) = self.conversion() else {
            let mut alone = self.geographic();
            alone["$schema"] = json!(SCHEMA);
            return alone;
        };
        json!({
            "$schema": SCHEMA,
            "type": "ProjectedCRS",
            "name": self.title(),
            "base_crs": self.geographic(),
            "conversion": {
                "name": self.title(),
                "method": {"name": method.0, "id": epsg(method.1)},
                "parameters": parameters,
            },
            "coordinate_system": {
                "subtype": "Cartesian",
                "axis": self.axes(),
            },
            "id": epsg(self.code()),
        })
    }

    /// The axes of the plane. Around a pole both go away from it, each along a meridian, as the EPSG dataset has them.
    fn axes(self) -> Value {
        let axis = |name: &str, abbreviation: &str, direction: &str, meridian: Option<f64>| {
            let mut axis = json!({
                "name": name, "abbreviation": abbreviation, "direction": direction, "unit": "metre",
            });
            if let Some(longitude) = meridian {
                // From -180, without it, to 180.
                let turns = ((longitude - 180.0) / 360.0).ceil();
                axis["meridian"] = json!({"longitude": longitude - 360.0 * turns});
            }
            axis
        };
        let [x, y] = match self.kind() {
            Kind::Polar(true, _, origin) => {
                [("north", Some(origin + 90.0)), ("north", Some(origin))]
            }
            Kind::Polar(false, _, origin) | Kind::Azimuthal(origin) => [
                ("south", Some(origin + 90.0)),
                ("south", Some(origin + 180.0)),
            ],
            Kind::Geographic | Kind::Utm(..) | Kind::Cylindrical(_) => {
                [("east", None), ("north", None)]
            }
        };
        json!([
            axis("Easting", "X", x.0, x.1),
            axis("Northing", "Y", y.0, y.1)
        ])
    }

    /// The method by which degrees come into the plane, and its parameters; `None` of degrees.
    fn conversion(self) -> Option<((&'static str, u32), Vec<Value>)> {
        Some(match self.kind() {
            Kind::Geographic => return None,
            Kind::Polar(south, standard, origin) => (
                ("Polar Stereographic (variant B)", 9829),
                vec![
                    degrees(
                        "Latitude of standard parallel",
                        if south { -standard } else { standard },
                        8832,
                    ),
                    degrees("Longitude of origin", origin, 8833),
                    metres("False easting", 0.0, 8806),
                    metres("False northing", 0.0, 8807),
                ],
            ),
            Kind::Utm(zone, south) => (
                ("Transverse Mercator", 9807),
                vec![
                    degrees("Latitude of natural origin", 0.0, 8801),
                    degrees(
                        "Longitude of natural origin",
                        6.0 * f64::from(zone) - 183.0,
                        8802,
                    ),
                    parameter(
                        "Scale factor at natural origin",
                        0.9996,
                        &json!("unity"),
                        8805,
                    ),
                    metres("False easting", 500_000.0, 8806),
                    metres(
                        "False northing",
                        if south { 10_000_000.0 } else { 0.0 },
                        8807,
                    ),
                ],
            ),
            Kind::Azimuthal(origin) => (
                ("Lambert Azimuthal Equal Area", 9820),
                vec![
                    degrees("Latitude of natural origin", 90.0, 8801),
                    degrees("Longitude of natural origin", origin, 8802),
                    metres("False easting", 0.0, 8806),
                    metres("False northing", 0.0, 8807),
                ],
            ),
            Kind::Cylindrical(standard) => (
                ("Lambert Cylindrical Equal Area", 9835),
                vec![
                    degrees("Latitude of 1st standard parallel", standard, 8823),
                    degrees("Longitude of natural origin", 0.0, 8802),
                    metres("False easting", 0.0, 8806),
                    metres("False northing", 0.0, 8807),
                ],
            ),
        })
    }

    /// The system of degrees that it is made from.
    fn geographic(self) -> Value {
        let ellipsoid = self.ellipsoid();
        let is_on_hughes = matches!(self.code(), 3411 | 3412);
        let (name, datum, code) = if is_on_hughes {
            ("Hughes 1980", "Hughes 1980", 10_345)
        } else {
            ("WGS 84", "World Geodetic System 1984", 4326)
        };
        json!({
            "type": "GeographicCRS",
            "name": name,
            "datum": {
                "type": "GeodeticReferenceFrame",
                "name": datum,
                "ellipsoid": {
                    "name": ellipsoid.name,
                    "semi_major_axis": ellipsoid.axis,
                    "inverse_flattening": ellipsoid.inverse_flattening,
                },
            },
            "coordinate_system": {
                "subtype": "ellipsoidal",
                "axis": [
                    {"name": "Geodetic latitude", "abbreviation": "Lat", "direction": "north", "unit": "degree"},
                    {"name": "Geodetic longitude", "abbreviation": "Lon", "direction": "east", "unit": "degree"},
                ],
            },
            "id": epsg(code),
        })
    }
}

const SCHEMA: &str = "https://proj.org/schemas/v0.7/projjson.schema.json";

fn epsg(code: u32) -> Value {
    json!({"authority": "EPSG", "code": code})
}

fn parameter(name: &str, value: f64, unit: &Value, code: u32) -> Value {
    json!({"name": name, "value": value, "unit": unit, "id": epsg(code)})
}

fn degrees(name: &str, value: f64, code: u32) -> Value {
    parameter(name, value, &json!("degree"), code)
}

fn metres(name: &str, value: f64, code: u32) -> Value {
    parameter(name, value, &json!("metre"), code)
}
