//! What stores say of coordinate reference systems: their names, as text for GIS programs, and as CF's grid mappings.
//!
//! Beside `crs.rs`. Sources: the EPSG dataset for names and parameters; CF Conventions 1.11, appendix F, for grid mappings;
//! OGC 01-009 for the text that GDAL and rioxarray read.

use serde_json::{Map, Value, json};

use super::crs::{Crs, Kind};
use super::ellipsoid::HUGHES;

const WGS84: &str = r#"GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AUTHORITY["EPSG","4326"]]"#;
const ON_HUGHES: &str = r#"GEOGCS["Hughes 1980",DATUM["Hughes_1980",SPHEROID["Hughes 1980",6378273,298.279411123064,AUTHORITY["EPSG","7058"]],AUTHORITY["EPSG","1359"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AUTHORITY["EPSG","10345"]]"#;

impl Crs {
    /// Whether latitudes are on the ellipsoid of the older sea ice grids.
    fn is_on_hughes(self) -> bool {
        self.ellipsoid().name == HUGHES.name
    }

    /// The name in the EPSG dataset.
    pub(crate) fn title(self) -> String {
        match self.kind() {
            Kind::Geographic => "WGS 84".to_owned(),
            Kind::Utm(zone, south) => {
                format!("WGS 84 / UTM zone {zone}{}", if south { "S" } else { "N" })
            }
            Kind::Polar(..) | Kind::Azimuthal(_) | Kind::Cylindrical(_) => match self.code() {
                3031 => "WGS 84 / Antarctic Polar Stereographic",
                3411 => "NSIDC Sea Ice Polar Stereographic North",
                3412 => "NSIDC Sea Ice Polar Stereographic South",
                3413 => "WGS 84 / NSIDC Sea Ice Polar Stereographic North",
                3571 => "WGS 84 / North Pole LAEA Bering Sea",
                3572 => "WGS 84 / North Pole LAEA Alaska",
                3573 => "WGS 84 / North Pole LAEA Canada",
                3574 => "WGS 84 / North Pole LAEA Atlantic",
                3575 => "WGS 84 / North Pole LAEA Europe",
                3576 => "WGS 84 / North Pole LAEA Russia",
                6933 => "WGS 84 / NSIDC EASE-Grid 2.0 Global",
                _ => "WGS 84 / NSIDC Sea Ice Polar Stereographic South",
            }
            .to_owned(),
        }
    }

    /// The system as text that GIS programs read, of version 1.
    pub fn wkt(self) -> String {
        let geographic = if self.is_on_hughes() {
            ON_HUGHES
        } else {
            WGS84
        };
        let projected = |projection: &str, parameters: &[(&str, f64)]| {
            let parameters = parameters.iter();
            let parameters: Vec<String> = parameters
                .map(|(name, value)| format!(r#",PARAMETER["{name}",{value}]"#))
                .collect();
            let parameters = parameters.concat();
            format!(
                r#"PROJCS["{}",{geographic},PROJECTION["{projection}"]{parameters},UNIT["metre",1,AUTHORITY["EPSG","9001"]],AUTHORITY["EPSG","{}"]]"#,
                self.title(),
                self.code()
            )
        };
        let (x, y) = (("false_easting", 0.0), ("false_northing", 0.0));
        match self.kind() {
            Kind::Geographic => geographic.to_owned(),
            Kind::Polar(south, standard, origin) => {
                let standard = if south { -standard } else { standard };
                let standard = ("latitude_of_origin", standard);
                projected(
                    "Polar_Stereographic",
                    &[standard, ("central_meridian", origin), x, y],
                )
            }
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
            Kind::Azimuthal(origin) => projected(
                "Lambert_Azimuthal_Equal_Area",
                &[
                    ("latitude_of_center", 90.0),
                    ("longitude_of_center", origin),
                    x,
                    y,
                ],
            ),
            Kind::Cylindrical(standard) => projected(
                "Cylindrical_Equal_Area",
                &[
                    ("standard_parallel_1", standard),
                    ("central_meridian", 0.0),
                    x,
                    y,
                ],
            ),
        }
    }

    /// Attributes of a grid mapping.
    pub fn mapping(self) -> Map<String, Value> {
        let ellipsoid = self.ellipsoid();
        let datum = if self.is_on_hughes() {
            ellipsoid.name
        } else {
            "World Geodetic System 1984"
        };
        let mut attributes = object(json!({
            "reference_ellipsoid_name": ellipsoid.name,
            "semi_major_axis": ellipsoid.axis,
            "inverse_flattening": ellipsoid.inverse_flattening,
            "longitude_of_prime_meridian": 0.0,
            "prime_meridian_name": "Greenwich",
            "geographic_crs_name": ellipsoid.name,
            "horizontal_datum_name": datum,
        }));
        let mut of_kind = object(match self.kind() {
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
            Kind::Azimuthal(origin) => json!({
                "grid_mapping_name": "lambert_azimuthal_equal_area",
                "projected_crs_name": self.title(),
                "latitude_of_projection_origin": 90.0,
                "longitude_of_projection_origin": origin,
                "false_easting": 0.0,
                "false_northing": 0.0,
            }),
            Kind::Cylindrical(standard) => json!({
                "grid_mapping_name": "lambert_cylindrical_equal_area",
                "projected_crs_name": self.title(),
                "standard_parallel": standard,
                "longitude_of_central_meridian": 0.0,
                "false_easting": 0.0,
                "false_northing": 0.0,
            }),
        });
        attributes.append(&mut of_kind);
        attributes
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
