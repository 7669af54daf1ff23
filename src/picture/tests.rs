//! Tests: pictures of made-up cells.

use std::path::Path;

use super::canvas::{Color, Image};
use super::color::{self, ColorScale};
use super::draw::draw;
use super::*;
use crate::grid::Latitude;

const HASH_LATITUDE: Latitude = Latitude::GeodeticSpherical;

/// The cell of a position in degrees, on the sphere.
fn cell(order: u8, lon: f64, lat: f64) -> u64 {
    cdshealpix::nested::hash(order, lon.to_radians(), lat.to_radians())
}

fn map_of(order: u8, mut cells: Vec<u64>, value: impl Fn(u64) -> f64) -> MapData {
    cells.sort_unstable();
    cells.dedup();
    MapData {
        order: Order::new(order).expect("an order"),
        grid: HASH_LATITUDE.into(),
        values: cells.iter().map(|&cell| value(cell)).collect(),
        cells,
        title: "title".into(),
        label: "h_mean [m]".into(),
        note: String::new(),
    }
}

/// A swath that crosses near the north pole.
fn swath() -> MapData {
    let mut cells = Vec::new();
    for i in 0..4000 {
        let along = f64::from(i) / 1000.0 - 2.0;
        for across in [1.96, 2.0, 2.04] {
            let (x, y): (f64, f64) = (along, across);
            cells.push(cell(11, y.atan2(x).to_degrees(), 90.0 - x.hypot(y)));
        }
    }
    map_of(11, cells, |cell| (cell % 1000) as f64)
}

/// Pixels of the frame that are neither background, graticule nor text: saturated ones.
fn colored(image: &Image) -> Vec<(u32, u32)> {
    let spread = |[r, g, b]: Color| r.max(g).max(b) - r.min(g).min(b);
    let frame = |x: u32, y: u32| (92..1152).contains(&x) && y >= 116;
    image
        .enumerate_pixels()
        .filter(|(x, y, pixel)| frame(*x, *y) && spread(*pixel) > 45)
        .map(|(x, y, _)| (x, y))
        .collect()
}

#[test]
fn a_picture_is_the_same_for_any_order_of_cells() {
    let sorted = swath();
    let mut reversed = sorted.clone();
    reversed.cells.reverse();
    reversed.values.reverse();
    let dir = tempfile::tempdir().unwrap();
    let bytes = |name: &str, data: &MapData| {
        let out = dir.path().join(name);
        render(data, &out).unwrap();
        std::fs::read(&out).unwrap()
    };
    let first = bytes("a.png", &sorted);
    assert_eq!(first, bytes("b.png", &sorted));
    assert_eq!(first, bytes("c.png", &reversed));
}

#[test]
fn cells_have_the_colors_of_their_values() {
    let value = |cell: u64| if cell % 4 < 2 { 0.0 } else { 100.0 };
    let cells = (0..4).map(|i| cell(4, 10.0, 20.0) / 4 * 4 + i).collect();
    let image = draw(&map_of(4, cells, value));
    let count = |color: [u8; 3]| image.pixels().filter(|pixel| *pixel == color).count();
    let scale = ColorScale::new(&[0.0, 100.0]);
    let (low, high) = (count(scale.color(0)), count(scale.color(color::LEVELS)));
    assert!(low > 1000 && high > 1000, "{low} low, {high} high");
}

#[test]
fn nothing_nan_one_cell_and_equal_values_can_be_drawn() {
    let one = cell(12, -45.0, 70.0);
    let empty = draw(&map_of(12, vec![], |_| 0.0));
    assert_eq!(empty.width(), 1400);
    assert!(colored(&empty).is_empty());
    let nan = draw(&map_of(12, vec![one], |_| f64::NAN));
    assert!(nan.pixels().any(|pixel| pixel == color::NOT_A_NUMBER));
    for order in [0, 12, 29] {
        let image = draw(&map_of(order, vec![cell(order, -45.0, 70.0)], |_| 7.0));
        assert!(colored(&image).len() > 1000, "order {order}");
    }
    let equal = draw(&map_of(12, vec![one, one + 1], |_| -3.0));
    assert!(!colored(&equal).is_empty());
    let everything = draw(&map_of(0, (0..12).collect(), |cell| cell as f64));
    assert!(colored(&everything).len() > 100_000);
}

#[test]
fn cells_at_the_antimeridian_are_not_smeared() {
    let cells = (0..40)
        .map(|i| cell(8, 179.0 + f64::from(i) * 0.05, 10.0))
        .collect();
    let image = draw(&map_of(8, cells, |cell| cell as f64));
    let xs: Vec<u32> = colored(&image).iter().map(|pixel| pixel.0).collect();
    let (least, greatest) = (*xs.iter().min().unwrap(), *xs.iter().max().unwrap());
    assert!(
        greatest - least > 500,
        "the cells fill the view: {least}..{greatest}"
    );
    let globe = (0..12 * 16).filter(|cell| cell % 5 == 0).collect();
    assert_eq!(draw(&map_of(2, globe, |cell| cell as f64)).width(), 1400);
}

#[test]
fn sparse_small_cells_stay_visible() {
    let cells = vec![
        cell(20, 0.0, 80.0),
        cell(20, 120.0, 80.0),
        cell(20, 240.0, 80.0),
    ];
    let image = draw(&map_of(20, cells, |_| 1.0));
    assert!(colored(&image).len() >= 3 * 4);
}

#[test]
fn cells_without_values_and_cells_beyond_the_order_are_refused() {
    let mut data = swath();
    data.values.pop();
    let out = Path::new("never.png");
    assert!(
        render(&data, out)
            .unwrap_err()
            .to_string()
            .contains("cells with")
    );
    let data = map_of(0, vec![12], |_| 0.0);
    assert!(
        render(&data, out)
            .unwrap_err()
            .to_string()
            .contains("cell 12")
    );
    assert!(!out.exists());
}
