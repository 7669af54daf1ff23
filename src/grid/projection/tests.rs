//! Projections against PROJ 9.5.1, and against themselves.

use proptest::prelude::*;

use super::*;

/// Of PROJ, to the nanometre.
const KNOWN: [(&str, f64, f64, f64, f64); 27] = [
    ("EPSG:3031", 0.0, -90.0, 0.0, 0.0),
    (
        "EPSG:3031",
        106.8,
        -77.5,
        1305161.978148391,
        -394051.63356676995,
    ),
    (
        "EPSG:3031",
        -45.0,
        -71.0,
        -1472733.796335524,
        1472733.796335524,
    ),
    (
        "EPSG:3031",
        179.999,
        -60.25,
        57.66763691875812,
        -3304112.209545548,
    ),
    ("EPSG:3031", -180.0, -89.999, 0.0, -108.65244224443354),
    (
        "EPSG:3031",
        12.5,
        -35.0,
        1398815.7197939127,
        6309649.962330563,
    ),
    ("EPSG:3413", -45.0, 70.0, 0.0, -2187927.649279021),
    ("EPSG:3413", 0.0, 90.0, 0.0, 0.0),
    (
        "EPSG:3413",
        -50.123456,
        66.5,
        -230448.24579904866,
        -2570237.7782293973,
    ),
    ("EPSG:3413", 135.0, 60.0, 0.0, 3323160.2706410023),
    (
        "EPSG:3413",
        179.5,
        89.9999,
        -7.592762278892485,
        7.726451028080879,
    ),
    (
        "EPSG:3413",
        400.25,
        45.0,
        5114050.840928841,
        -424944.8553077434,
    ),
    (
        "EPSG:3976",
        10.5,
        -70.0,
        398718.14490516135,
        2151290.5985484645,
    ),
    (
        "EPSG:3976",
        -63.25,
        -64.75,
        -2481250.7069703527,
        1250653.314135538,
    ),
    ("EPSG:32618", -75.0, 0.0, 500000.0, 0.0),
    (
        "EPSG:32618",
        -76.6,
        38.9,
        361254.53307123575,
        4306896.270083343,
    ),
    (
        "EPSG:32618",
        -72.0,
        44.25,
        739513.0995797632,
        4904017.890858169,
    ),
    (
        "EPSG:32618",
        -78.0,
        84.0,
        465005.3449388639,
        9329005.182447437,
    ),
    (
        "EPSG:32618",
        -60.0,
        30.0,
        1955008.5025871822,
        3415413.849997238,
    ),
    (
        "EPSG:32618",
        -75.5,
        -10.5,
        445287.4385004771,
        -1160738.599777389,
    ),
    (
        "EPSG:32760",
        177.0,
        -45.0,
        500000.000000002,
        5017049.599773448,
    ),
    (
        "EPSG:32760",
        180.0,
        -17.5,
        818590.9266392188,
        8062621.368655117,
    ),
    (
        "EPSG:32760",
        -179.5,
        -80.0,
        567810.3990695724,
        1116373.825882189,
    ),
    (
        "EPSG:32760",
        174.2,
        -36.8,
        250187.6984886921,
        5923655.749886928,
    ),
    ("EPSG:32633", 15.0, 89.5, 500000.0, 9942140.306362899),
    (
        "EPSG:32633",
        60.0,
        80.0,
        1289381.0590873514,
        9204546.37141177,
    ),
    (
        "EPSG:32633",
        200.0,
        88.0,
        480542.2161907521,
        10220413.60135506,
    ),
];

#[test]
fn places_are_those_of_proj_to_ten_nanometres_and_back() {
    for (name, lon, lat, x, y) in KNOWN {
        let projection = Crs::named(name).unwrap().projection();
        let (found_x, found_y) = projection.project(lon, lat);
        let off = libm::hypot(found_x - x, found_y - y);
        assert!(
            off < 1e-8,
            "{name} {lon} {lat}: {found_x} {found_y}, {off} off"
        );
        let (back_lon, back_lat) = projection.unproject(x, y);
        assert!(
            (back_lat - lat).abs() < 1e-9,
            "{name} {lon} {lat}: {back_lat}"
        );
        let around = (back_lon - lon + 540.0).rem_euclid(360.0) - 180.0;
        let ground = around * (90.0 - lat.abs()).to_radians().sin();
        assert!(ground.abs() < 1e-9, "{name} {lon} {lat}: {back_lon}");
    }
}

#[test]
fn the_bits_are_pinned() {
    // Any backend and platform must give these words.
    let words = KNOWN.map(|(name, lon, lat, ..)| {
        let (x, y) = Crs::named(name).unwrap().projection().project(lon, lat);
        x.to_bits() ^ y.to_bits().rotate_left(1)
    });
    let all = words
        .iter()
        .fold(0u64, |all, word| all.rotate_left(7) ^ word);
    assert_eq!(all, PINNED);
}

const PINNED: u64 = 13_293_373_187_690_500_723;

#[test]
fn only_systems_with_formulas_have_a_name() {
    for name in ["EPSG:4326", "epsg:3031", "EPSG:32601", "EPSG:32760"] {
        assert_eq!(Crs::named(name).unwrap().to_string(), name.to_uppercase());
    }
    for name in [
        "EPSG:32661",
        "EPSG:32600",
        "EPSG:3857",
        "3031",
        "EPSG:",
        "EPSG:+3031",
        "OGC:CRS84",
    ] {
        assert!(Crs::named(name).is_none(), "{name}");
    }
}

#[test]
fn what_is_far_from_a_zone_has_no_place_in_it() {
    let projection = Crs::named("EPSG:32618").unwrap().projection();
    for (lon, lat) in [(15.0, 0.0), (-165.0, 5.0), (15.0, -30.0)] {
        let (x, y) = projection.project(lon, lat);
        assert!(x.is_nan() && y.is_nan());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn positions_of_a_box_are_projected_within_its_reach(
        name in prop::sample::select(vec!["EPSG:3031", "EPSG:3413", "EPSG:3976", "EPSG:32618", "EPSG:32733"]),
        lon in -540.0f64..540.0,
        lat in prop_oneof![-90.0f64..90.0, 89.9f64..90.0, -90.0f64..-89.9],
        size in -9.0f64..-0.3,
        wide in -3.0f64..3.0,
        at in (0.0f64..=1.0, 0.0f64..=1.0),
    ) {
        let size = 10f64.powf(size);
        let lon = [lon, (lon + size * 10f64.powf(wide)).min(540.0)];
        let lat = [lat, (lat + size).min(90.0)];
        let projection = Crs::named(name).unwrap().projection();
        if let Some(Around { x, y, reach }) = projection.around(lon, lat) {
            let between = |ends: [f64; 2], at: f64| (ends[0] + (ends[1] - ends[0]) * at).clamp(ends[0], ends[1]);
            let (px, py) = projection.project(between(lon, at.0), between(lat, at.1));
            prop_assert!((px - x).abs() <= reach && (py - y).abs() <= reach);
        }
    }
}
