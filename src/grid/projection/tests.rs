//! Projections against PROJ 9.5.1, and against themselves.

use proptest::prelude::*;

use super::*;

mod back;
mod reach;
mod words;

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

/// Of PROJ too: on the ellipsoid of the older sea ice grids, and of projections that keep areas; around the pole (EPSG:3571 to
/// 3576) of 60 digits, as PROJ loses some there: 15 nanometres at 80 degrees, and 1.5 mm 10 m from the pole.
const OTHERS: [(&str, f64, f64, f64, f64); 20] = [
    ("EPSG:3411", -45.0, 70.0, 0.0, -2187973.8190250075),
    (
        "EPSG:3411",
        12.5,
        84.75,
        479984.68718298356,
        -305783.9698472664,
    ),
    (
        "EPSG:3411",
        -170.25,
        55.5,
        -3144055.819278383,
        2221998.9686244186,
    ),
    (
        "EPSG:3412",
        10.5,
        -70.0,
        398726.558673083,
        2151335.995177787,
    ),
    (
        "EPSG:3412",
        -63.25,
        -64.75,
        -2481303.1103977365,
        1250679.727637384,
    ),
    ("EPSG:3571", 180.0, 66.5, 0.0, -2605033.3920714767),
    (
        "EPSG:3571",
        -135.5,
        45.25,
        3408978.831276327,
        -3469002.0611922657,
    ),
    ("EPSG:3572", -150.0, 89.9999, 0.0, -11.169397956282003),
    (
        "EPSG:3573",
        -75.3,
        80.2,
        456795.6609423188,
        -993144.99620609,
    ),
    ("EPSG:3574", -40.0, 90.0, 0.0, 0.0),
    (
        "EPSG:3574",
        -20.75,
        60.0,
        1091216.5434793308,
        -3124764.2975998092,
    ),
    (
        "EPSG:3575",
        19.0,
        78.5,
        200572.9908114811,
        -1266368.0245388923,
    ),
    ("EPSG:3575", 190.0, 5.0, 0.0, 8610202.98283793),
    (
        "EPSG:3575",
        -60.0,
        -35.0,
        -10614873.569785234,
        -3863498.0199008514,
    ),
    (
        "EPSG:3576",
        91.0,
        50.0,
        76288.47016318337,
        -4370563.5285181105,
    ),
    ("EPSG:6933", 0.0, 0.0, 0.0, 0.0),
    (
        "EPSG:6933",
        -45.5,
        70.25,
        -4390125.751415791,
        6906784.87058268,
    ),
    (
        "EPSG:6933",
        179.999,
        -89.5,
        17367433.95888112,
        -7341948.052554568,
    ),
    (
        "EPSG:6933",
        12.25,
        30.0,
        1181956.9330734822,
        3658789.324855009,
    ),
    (
        "EPSG:6933",
        -120.125,
        -1e-06,
        -11590414.415138943,
        -0.12757329309051557,
    ),
];

#[test]
fn places_are_those_of_proj_to_ten_nanometres_and_back() {
    for (name, lon, lat, x, y) in KNOWN.into_iter().chain(OTHERS) {
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
    let all = |places: &[(&str, f64, f64, f64, f64)]| {
        let words = places.iter().map(|&(name, lon, lat, ..)| {
            let (x, y) = Crs::named(name).unwrap().projection().project(lon, lat);
            x.to_bits() ^ y.to_bits().rotate_left(1)
        });
        words.fold(0u64, |all, word| all.rotate_left(7) ^ word)
    };
    assert_eq!(all(&KNOWN), PINNED);
    assert_eq!(all(&OTHERS), PINNED_OTHERS);
}

const PINNED: u64 = 13_293_373_187_690_500_723;
const PINNED_OTHERS: u64 = 8_573_767_831_948_845_669;

#[test]
fn the_edges_of_the_global_grid_and_of_the_whole_earth_are_where_they_should_be() {
    let global = Crs::named("EPSG:6933").unwrap().projection();
    let (west, _) = global.project(-180.0, 0.0);
    assert_eq!(global.project(180.0, 0.0).0, west);
    assert!(global.project(180.0 - 1e-9, 0.0).0 > 1.73675e7);
    let polar = Crs::named("EPSG:3574").unwrap().projection();
    // The south pole is a circle around the north pole, of the root of four times the Earth's area by pi.
    let (x, y) = polar.project(17.0, -90.0);
    assert!((libm::hypot(x, y) - 12_742_014.4).abs() < 10.0, "{x} {y}");
    for projection in [global, polar] {
        let (x, y) = projection.project(f64::NAN, f64::NAN);
        assert!(x.is_nan() && y.is_nan());
    }
}

#[test]
fn only_systems_with_formulas_have_a_name() {
    for name in ["EPSG:4326", "epsg:3031", "EPSG:32601", "EPSG:32760"] {
        assert_eq!(Crs::named(name).unwrap().to_string(), name.to_uppercase());
    }
    for name in [
        "EPSG:32661",
        "EPSG:32600",
        "EPSG:3857",
        "EPSG:3570",
        "EPSG:3577",
        "EPSG:3410",
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
        name in prop::sample::select(vec!["EPSG:3031", "EPSG:3413", "EPSG:3976", "EPSG:32618", "EPSG:32733", "EPSG:3412", "EPSG:3573", "EPSG:6933"]),
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
