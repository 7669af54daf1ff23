//! Tests: pictures of made-up cells.

use std::path::Path;

use super::color::{self, ColorScale};
use super::ink::Ink;
use super::palette::Palette;
use super::png::Image;
use super::scene::{Color, Item, Scene};
use super::*;
use crate::grid::{AskedRectilinear, Crs, Latitude, Rectilinear};

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

/// What is on the picture of one map.
fn scene(map: &MapData, style: &MapStyle) -> Scene {
    let panel = Panel {
        caption: String::new(),
        cells: &map.cells,
        values: &map.values,
    };
    draw::scene(&Figure::of(map, vec![panel]), style).expect("a scene")
}

fn draw(map: &MapData) -> Image {
    canvas::pixels(&scene(map, &MapStyle::new()))
}

/// Texts on a picture.
fn texts(scene: &Scene) -> Vec<&str> {
    let items = scene.items.iter();
    items
        .filter_map(|item| match item {
            Item::Text(text) => Some(text.words.as_str()),
            _ => None,
        })
        .collect()
}

/// Pixels of the frame that are neither ground, graticule nor text: saturated ones.
fn colored(image: &Image) -> Vec<(u32, u32)> {
    let spread = |[r, g, b]: Color| r.max(g).max(b) - r.min(g).min(b);
    let frame = |x: u32, y: u32| (96..1124).contains(&x) && y >= 124;
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
    let scale =
        ColorScale::new([0.0, 100.0].into_iter(), &MapStyle::new(), Palette::VIRIDIS).unwrap();
    let (low, high) = (count(scale.color(0)), count(scale.color(color::LEVELS)));
    assert!(low > 1000 && high > 1000, "{low} low, {high} high");
}

#[test]
fn nothing_nan_one_cell_and_equal_values_can_be_drawn() {
    let one = cell(12, -45.0, 70.0);
    let empty = draw(&map_of(12, vec![], |_| 0.0));
    assert_eq!(empty.width, 1400);
    assert!(colored(&empty).is_empty());
    let nan = draw(&map_of(12, vec![one], |_| f64::NAN));
    let no_value = Ink::of(Theme::Light).no_value;
    assert!(nan.pixels().filter(|pixel| *pixel == no_value).count() > 1000);
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
    assert_eq!(draw(&map_of(2, globe, |cell| cell as f64)).width, 1400);
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

/// Cells in degrees, around 60 degrees north.
fn grid_of_degrees() -> Grid {
    let asked = AskedRectilinear {
        crs: Crs::named("EPSG:4326").expect("a known system"),
        resolution: [0.5, 0.25],
        bounds: [-12.0, 55.0, 12.0, 65.0],
        chunk_shape: [8, 8],
        chunk_inner: None,
    };
    Grid::Rectilinear(Rectilinear::whole(&asked).expect("a grid"))
}

#[test]
fn svg_and_pdf_have_the_texts_and_the_shape_of_the_png() {
    let dir = tempfile::tempdir().unwrap();
    let map = swath();
    let [png, svg, pdf] = ["a.png", "a.svg", "a.PDF"].map(|name| {
        let out = dir.path().join(name);
        render(&map, &out).unwrap();
        // Its own it replaces.
        render(&map, &out).unwrap();
        std::fs::read(&out).unwrap()
    });
    let image = Image::from_png(&png);
    let svg = String::from_utf8(svg).unwrap();
    let size = format!("width=\"{}\" height=\"{}\"", image.width, image.height);
    assert!(svg.contains(&size), "{size}");
    let scene = scene(&map, &MapStyle::new());
    for text in texts(&scene) {
        assert!(
            svg.contains(&format!(">{}</text>", text.replace('&', "&amp;"))),
            "{text}"
        );
    }
    assert!(pdf.starts_with(b"%PDF-1.7"));
    assert!(pdf.ends_with(b"%%EOF\n"));
    let bounds = format!(
        "/MediaBox[0 0 {} {}]",
        f64::from(image.width) * 0.75,
        f64::from(image.height) * 0.75
    );
    assert!(
        pdf.windows(bounds.len())
            .any(|part| part == bounds.as_bytes()),
        "{bounds}"
    );
}

#[test]
fn a_style_is_seen_on_the_picture() {
    let map = map_of(
        6,
        (0..400)
            .map(|i| cell(6, -60.0 + f64::from(i) / 10.0, 70.0))
            .collect(),
        |cell| (cell % 7) as f64 - 3.0,
    );
    let style = MapStyle::new()
        .bbox([-50.0, 65.0, -30.0, 75.0])
        .and_then(|style| style.cmap("RdBu"))
        .and_then(|style| style.size(900, Some(700)))
        .unwrap()
        .theme(Theme::Dark)
        .label("change [m/year]");
    let scene = scene(&map, &style);
    assert_eq!((scene.width, scene.height), (900, 700));
    assert_eq!(scene.paper, Ink::of(Theme::Dark).paper);
    let texts = texts(&scene);
    assert!(texts.contains(&"change [m/year]"));
    assert!(
        texts.contains(&"\u{2212}2") && texts.contains(&"0") && texts.contains(&"2"),
        "{texts:?}"
    );
    let foot = texts
        .iter()
        .find(|text| text.starts_with("Projection: "))
        .unwrap();
    assert!(
        foot.contains("EPSG:3413") && foot.contains("Natural Earth 1:50 million"),
        "{foot}"
    );
    let image = canvas::pixels(&scene);
    let scale = ColorScale::new([-3.0, 3.0].into_iter(), &MapStyle::new(), Palette::RED_BLUE);
    let scale = scale.unwrap();
    let zero = scale.color(scale.level(0.0).unwrap());
    assert!(image.pixels().filter(|pixel| *pixel == zero).count() > 100);
}

#[test]
fn maps_of_a_strip_have_one_range_of_colors() {
    let map = map_of(
        6,
        (0..40).map(|i| cell(6, f64::from(i), 20.0)).collect(),
        |cell| cell as f64,
    );
    let (low, high) = ([0.0; 1], [100.0; 1]);
    let panels = [&low, &high].map(|values| Panel {
        caption: format!("step {}", values[0]),
        cells: &map.cells[..1],
        values,
    });
    let scene = draw::scene(&Figure::of(&map, panels.into()), &MapStyle::new()).unwrap();
    let scale =
        ColorScale::new([0.0, 100.0].into_iter(), &MapStyle::new(), Palette::VIRIDIS).unwrap();
    let image = canvas::pixels(&scene);
    for level in [0, color::LEVELS] {
        let count = image
            .pixels()
            .filter(|pixel| *pixel == scale.color(level))
            .count();
        assert!(count > 500, "{level}: {count}");
    }
    let texts = texts(&scene);
    assert!(
        texts.contains(&"step 0") && texts.contains(&"step 100"),
        "{texts:?}"
    );
    assert!(
        texts
            .iter()
            .any(|text| text.starts_with("2 cells in 2 steps")),
        "{texts:?}"
    );
}

#[test]
fn a_grid_of_rows_and_columns_is_drawn_in_its_own_plane() {
    let grid = grid_of_degrees();
    let order = grid.finest();
    let cells: Vec<u64> = (0..10)
        .map(|i| {
            let locator = grid.locator(order);
            locator.cell(-9.9 + f64::from(i), 60.0)
        })
        .collect();
    let map = MapData {
        grid,
        order,
        values: vec![1.0; cells.len()],
        cells,
        ..map_of(3, vec![], |_| 0.0)
    };
    let scene = scene(&map, &MapStyle::new());
    assert!(
        texts(&scene)
            .iter()
            .any(|text| text.contains("equirectangular, true at 60")),
        "{:?}",
        texts(&scene)
    );
}

#[test]
fn a_box_without_the_centre_of_a_cell_has_the_colours_of_the_cells_under_it() {
    let map = map_of(3, vec![cell(3, 10.0, 20.0), cell(3, 60.0, 20.0)], |id| {
        id as f64
    });
    let (lon, lat) = map.grid.center(map.order, cell(3, 10.0, 20.0));
    let style = |at: [f64; 2]| {
        let bbox = [at[0], at[1], at[0] + 0.25, at[1] + 0.25];
        MapStyle::new().bbox(bbox).unwrap().values(Some(5.0), None)
    };
    let on_it = scene(&map, &style([lon + 0.5, lat + 0.5]).unwrap());
    let value = cell(3, 10.0, 20.0);
    assert!(
        texts(&on_it).contains(&&*format!("least {value}")),
        "{:?}",
        texts(&on_it)
    );
    assert!(!texts(&on_it).contains(&"no cells"));
    let beside = scene(&map, &style([-100.0, -50.0]).unwrap());
    for words in ["no cells", "no finite value"] {
        assert!(texts(&beside).contains(&words), "{:?}", texts(&beside));
    }
}

#[test]
fn units_by_a_time_are_those_of_change() {
    for label in [
        "dhdt [m/year]",
        "slope [meters/seconds]",
        "v [m s-1]",
        "v [m yr^-1]",
    ] {
        assert!(is_change(label), "{label}");
    }
    for label in [
        "h_mean [m]",
        "count",
        "h_variance [m^2]",
        "x [1]",
        "photons/cell",
        "r [photons/shot]",
    ] {
        assert!(!is_change(label), "{label}");
    }
}
