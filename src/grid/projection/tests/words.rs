//! What is said of systems, against the EPSG dataset.

use serde_json::{Value, json};

use super::*;

/// Names in the EPSG dataset.
const NAMES: [(&str, &str); 15] = [
    ("EPSG:4326", "WGS 84"),
    ("EPSG:3031", "WGS 84 / Antarctic Polar Stereographic"),
    ("EPSG:3411", "NSIDC Sea Ice Polar Stereographic North"),
    ("EPSG:3412", "NSIDC Sea Ice Polar Stereographic South"),
    (
        "EPSG:3413",
        "WGS 84 / NSIDC Sea Ice Polar Stereographic North",
    ),
    (
        "EPSG:3976",
        "WGS 84 / NSIDC Sea Ice Polar Stereographic South",
    ),
    ("EPSG:3571", "WGS 84 / North Pole LAEA Bering Sea"),
    ("EPSG:3572", "WGS 84 / North Pole LAEA Alaska"),
    ("EPSG:3573", "WGS 84 / North Pole LAEA Canada"),
    ("EPSG:3574", "WGS 84 / North Pole LAEA Atlantic"),
    ("EPSG:3575", "WGS 84 / North Pole LAEA Europe"),
    ("EPSG:3576", "WGS 84 / North Pole LAEA Russia"),
    ("EPSG:6933", "WGS 84 / NSIDC EASE-Grid 2.0 Global"),
    ("EPSG:32618", "WGS 84 / UTM zone 18N"),
    ("EPSG:32760", "WGS 84 / UTM zone 60S"),
];

/// The values of parameters in the EPSG dataset: latitude and longitude of origin, scale or standard parallel as the method
/// has it, false easting and northing.
const PARAMETERS: [(&str, [f64; 4]); 12] = [
    ("EPSG:3031", [-71.0, 0.0, 0.0, 0.0]),
    ("EPSG:3411", [70.0, -45.0, 0.0, 0.0]),
    ("EPSG:3412", [-70.0, 0.0, 0.0, 0.0]),
    ("EPSG:3413", [70.0, -45.0, 0.0, 0.0]),
    ("EPSG:3976", [-70.0, 0.0, 0.0, 0.0]),
    ("EPSG:3571", [90.0, 180.0, 0.0, 0.0]),
    ("EPSG:3573", [90.0, -100.0, 0.0, 0.0]),
    ("EPSG:3576", [90.0, 90.0, 0.0, 0.0]),
    ("EPSG:6933", [30.0, 0.0, 0.0, 0.0]),
    ("EPSG:32601", [0.0, -177.0, 500_000.0, 0.0]),
    ("EPSG:32618", [0.0, -75.0, 500_000.0, 0.0]),
    ("EPSG:32760", [0.0, 177.0, 500_000.0, 10_000_000.0]),
];

fn crs(name: &str) -> Crs {
    Crs::named(name).unwrap()
}

/// The numbers of the parameters of a text, in its order.
fn of_text(text: &str) -> Vec<f64> {
    let parameters = text.split("PARAMETER[").skip(1);
    let values = parameters.map(|rest| rest.split([',', ']']).nth(1).unwrap());
    values.map(|value| value.parse().unwrap()).collect()
}

#[test]
fn systems_have_their_names_of_the_epsg_dataset_wherever_they_are_named() {
    for (code, name) in NAMES {
        let crs = crs(code);
        assert_eq!(crs.title(), name);
        assert_eq!(crs.projjson()["name"], name);
        let (text, number) = (crs.wkt(), &code[5..]);
        assert!(
            text.ends_with(&format!(r#"AUTHORITY["EPSG","{number}"]]"#)),
            "{text}"
        );
        assert_eq!(
            crs.projjson()["id"],
            json!({"authority": "EPSG", "code": crs.code()})
        );
        if crs.is_geographic() {
            assert!(text.starts_with(
                r#"GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563"#
            ));
            assert_eq!(crs.projjson()["type"], "GeographicCRS");
        } else {
            assert!(
                text.starts_with(&format!(r#"PROJCS["{name}",GEOGCS[""#)),
                "{text}"
            );
            assert_eq!(crs.projjson()["type"], "ProjectedCRS");
            assert_eq!(crs.projjson()["conversion"]["name"], name);
            assert_eq!(crs.mapping()["projected_crs_name"], name);
        }
        assert_eq!(
            crs.projjson()["$schema"],
            "https://proj.org/schemas/v0.7/projjson.schema.json"
        );
        assert_eq!(text.matches('[').count(), text.matches(']').count());
    }
}

#[test]
fn parameters_are_those_of_the_epsg_dataset_in_text_json_and_grid_mappings() {
    for (code, [lat, lon, easting, northing]) in PARAMETERS {
        let crs = crs(code);
        let is_utm = crs.code() > 32_600;
        let mut expected = vec![lat, lon, easting, northing];
        if is_utm {
            expected.insert(2, 0.9996);
        }
        assert_eq!(of_text(&crs.wkt()), expected, "{code}");
        let json = crs.projjson();
        let parameters = json["conversion"]["parameters"].as_array().unwrap();
        let values: Vec<f64> = parameters
            .iter()
            .map(|one| one["value"].as_f64().unwrap())
            .collect();
        assert_eq!(values, expected, "{code}");
        for parameter in parameters {
            let unit = match parameter["name"].as_str().unwrap() {
                name if name.starts_with("False") => "metre",
                name if name.starts_with("Scale") => "unity",
                _ => "degree",
            };
            assert_eq!(parameter["unit"], unit);
            let code = parameter["id"]["code"].as_u64().unwrap();
            assert!((8801..=8833).contains(&code) && parameter["id"]["authority"] == "EPSG");
        }
        let mapping = crs.mapping();
        assert_eq!(
            (&mapping["false_easting"], &mapping["false_northing"]),
            (&json!(easting), &json!(northing))
        );
        let longitude = [
            "straight_vertical_longitude_from_pole",
            "longitude_of_central_meridian",
            "longitude_of_projection_origin",
        ]
        .into_iter()
        .find_map(|key| mapping.get(key));
        assert_eq!(longitude, Some(&json!(lon)));
        let latitude = ["standard_parallel", "latitude_of_projection_origin"]
            .into_iter()
            .find_map(|key| mapping.get(key));
        assert_eq!(latitude, Some(&json!(lat)));
        let pole = mapping
            .get("latitude_of_projection_origin")
            .and_then(Value::as_f64);
        if crs.pole().is_some() {
            assert_eq!(pole, crs.pole().map(|sign| 90.0 * sign));
        }
    }
}

#[test]
fn methods_have_their_codes_and_names() {
    for (code, method, number, text, mapping) in [
        (
            "EPSG:3413",
            "Polar Stereographic (variant B)",
            9829,
            "Polar_Stereographic",
            "polar_stereographic",
        ),
        (
            "EPSG:32618",
            "Transverse Mercator",
            9807,
            "Transverse_Mercator",
            "transverse_mercator",
        ),
        (
            "EPSG:3574",
            "Lambert Azimuthal Equal Area",
            9820,
            "Lambert_Azimuthal_Equal_Area",
            "lambert_azimuthal_equal_area",
        ),
        (
            "EPSG:6933",
            "Lambert Cylindrical Equal Area",
            9835,
            "Cylindrical_Equal_Area",
            "lambert_cylindrical_equal_area",
        ),
    ] {
        let crs = crs(code);
        let expected = json!({"name": method, "id": {"authority": "EPSG", "code": number}});
        assert_eq!(crs.projjson()["conversion"]["method"], expected);
        assert!(crs.wkt().contains(&format!(r#"PROJECTION["{text}"]"#)));
        assert_eq!(crs.mapping()["grid_mapping_name"], mapping);
    }
    assert_eq!(
        crs("EPSG:4326").mapping()["grid_mapping_name"],
        "latitude_longitude"
    );
}

#[test]
fn axes_of_polar_planes_go_along_the_meridians_of_the_epsg_dataset() {
    for (code, direction, meridians) in [
        ("EPSG:3031", "north", Some([90.0, 0.0])),
        ("EPSG:3412", "north", Some([90.0, 0.0])),
        ("EPSG:3413", "south", Some([45.0, 135.0])),
        ("EPSG:3571", "south", Some([-90.0, 0.0])),
        ("EPSG:3572", "south", Some([-60.0, 30.0])),
        ("EPSG:3574", "south", Some([50.0, 140.0])),
        ("EPSG:3575", "south", Some([100.0, -170.0])),
        ("EPSG:3576", "south", Some([180.0, -90.0])),
        ("EPSG:6933", "", None),
        ("EPSG:32618", "", None),
    ] {
        let json = crs(code).projjson();
        assert_eq!(json["coordinate_system"]["subtype"], "Cartesian");
        let axes = json["coordinate_system"]["axis"].as_array().unwrap();
        for (i, (axis, name)) in axes.iter().zip(["Easting", "Northing"]).enumerate() {
            assert_eq!(
                (&axis["name"], &axis["unit"]),
                (&json!(name), &json!("metre"))
            );
            let expected = meridians.map_or(Value::Null, |lon| json!({"longitude": lon[i]}));
            assert_eq!(
                axis.get("meridian").unwrap_or(&Value::Null),
                &expected,
                "{code} {name}"
            );
            let direction = meridians.map_or(["east", "north"][i], |_| direction);
            assert_eq!(axis["direction"], direction, "{code}");
        }
    }
}

#[test]
fn ellipsoids_are_those_of_the_systems() {
    for (code, name, datum, axis, flattening, base) in [
        (
            "EPSG:3412",
            "Hughes 1980",
            "Hughes 1980",
            6_378_273.0,
            298.279_411_123_064,
            10_345,
        ),
        (
            "EPSG:3413",
            "WGS 84",
            "World Geodetic System 1984",
            6_378_137.0,
            298.257_223_563,
            4326,
        ),
    ] {
        let crs = crs(code);
        let base_crs = &crs.projjson()["base_crs"];
        assert_eq!(base_crs["id"]["code"], base);
        assert_eq!(
            (&base_crs["name"], &base_crs["datum"]["name"]),
            (&json!(name), &json!(datum))
        );
        let expected =
            json!({"name": name, "semi_major_axis": axis, "inverse_flattening": flattening});
        assert_eq!(base_crs["datum"]["ellipsoid"], expected);
        let mapping = crs.mapping();
        assert_eq!(mapping["reference_ellipsoid_name"], name);
        assert_eq!(mapping["horizontal_datum_name"], datum);
        assert_eq!(mapping["semi_major_axis"], axis);
        assert_eq!(mapping["inverse_flattening"], flattening);
        assert!(
            crs.wkt()
                .contains(&format!(r#"SPHEROID["{name}",{axis},{flattening}"#))
        );
    }
}
