//! Maps against PROJ and Matplotlib: cells and coasts are where they have to be, to two pixels, and colours are right.

use crate::support::{Site, icefold, python, stdout, succeed};

const CHECK: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/conformance/picture_check.py"
);

/// Positions all over a box of degrees, in an order that means nothing, with heights.
fn points([west, south, east, north]: [f64; 4], count: u32) -> String {
    let mut text = String::from("lon,lat,h\n");
    for i in 0..count {
        let part = |by: f64| (f64::from(i) * by).fract();
        let (lon, lat) = (
            west + (east - west) * part(0.618_033_988_749_895),
            south + (north - south) * part(0.754_877_666_246_693),
        );
        let lon = (lon + 180.0).rem_euclid(360.0) - 180.0;
        text += &format!("{lon},{lat},{}\n", 100.0 * (lon.sin() + lat.cos()));
    }
    text
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn cells_and_coasts_are_where_proj_has_them_and_colours_are_those_of_matplotlib() {
    for (name, crs, place, order, size) in [
        (
            "Greenland",
            "EPSG:3413",
            [-56.0, 68.0, -44.0, 72.0],
            "7",
            "1400",
        ),
        (
            "Ross Ice Shelf",
            "EPSG:3031",
            [160.0, -79.0, 200.0, -74.0],
            "6",
            "1400",
        ),
        (
            "North Pole",
            "EPSG:3413",
            [-180.0, 76.0, 180.0, 88.0],
            "6",
            "900",
        ),
        ("Italy", "degrees", [8.0, 37.0, 18.0, 45.0], "7", "1400"),
        (
            "Fiji",
            "degrees",
            [174.0, -22.0, 186.0, -14.0],
            "7",
            "1200x1100",
        ),
    ] {
        let site = Site::new();
        let (csv, store, map) = (
            site.path("points.csv"),
            site.out("a.zarr"),
            site.out("a.png"),
        );
        std::fs::write(&csv, points(place, 60)).unwrap();
        let mut aggregate = icefold();
        aggregate
            .arg("aggregate")
            .arg(&csv)
            .args(["--stats", "mean"]);
        succeed(aggregate.args(["--order", order, "--to"]).arg(&store));
        let mut render = icefold();
        render
            .arg("render")
            .arg(&store)
            .arg("mean")
            .arg("-o")
            .arg(&map);
        succeed(render.args(["--vmin=-150", "--vmax", "150", "--size", size]));
        let mut check = python();
        check.arg(CHECK).arg(&store).args(["mean", "-150", "150"]);
        let said = stdout(&succeed(check.arg(&map).arg(crs)));
        assert!(said.contains("PROJ and Matplotlib agree"), "{name}: {said}");
    }
}
