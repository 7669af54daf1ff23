//! Stores of the full-sphere layout looked at: as the cells that they hold values of.

use std::path::{Path, PathBuf};

use icefold::error::Kind;
use icefold::picture::{MapData, render};
use icefold::store::StoreReader;
use icefold::{Layout, Verify};

use super::from_code::{done, looked, refused};
use crate::support::granules::{Heights, one};
use crate::support::site::Site;

/// Outputs of both kinds, on a grid of these orders.
fn config(site: &Site, orders: &str, outputs: &str) -> PathBuf {
    let text = include_str!("../../src/config/atl03.yaml");
    let (source, _) = text.split_once("aggregation:").unwrap();
    let text = format!(
        "{source}aggregation:\n  variables:\n{outputs}output:\n  grid: {{type: healpix, {orders}}}\n"
    );
    let path = site.path("config.yaml");
    std::fs::write(&path, text).unwrap();
    path
}

const OUTPUTS: &str = "    count: {function: count, source: h_ph}
    h_mean: {function: mean, source: h_ph}
    bins: {function: histogram, source: h_ph, params: {edges: [-100, 0, 10, 100]}}
";

/// The same photons in both layouts: `cells.zarr` and `sphere.zarr`.
fn both(site: &Site, config: &Path, granule: &Path) -> [PathBuf; 2] {
    let [cells, sphere] = ["cells.zarr", "sphere.zarr"];
    done(site.code_to(cells, config, &one(granule)));
    let run = site.code_to(sphere, config, &one(granule));
    done(run.layout(Layout::FULL_SPHERE));
    [site.out(cells), site.out(sphere)]
}

/// The text of a comparison that must find the same bits.
#[track_caller]
fn same(a: &Path, b: &Path) -> String {
    let found = Verify::stores(a, b).unwrap();
    assert!(found.identical(), "{found}");
    found.to_string()
}

/// A map of the means of a store, as a picture.
fn drawn(store: &Path, picture: &Path) -> Vec<u8> {
    let reader = StoreReader::open(store).unwrap();
    let grid = reader.grid();
    let map = MapData {
        order: grid.cell_order,
        grid: grid.kind,
        cells: reader.cell_ids().unwrap(),
        values: reader.read("h_mean").unwrap().as_f64(),
        title: "same".to_owned(),
        label: String::new(),
        note: String::new(),
    };
    render(&map, picture).unwrap();
    std::fs::read(picture).unwrap()
}

#[test]
fn both_layouts_are_inspected_drawn_and_verified_alike() {
    for orders in [
        "parent_order: 6, child_order: 12",
        "parent_order: 6, chunk_inner: 8, child_order: 12",
        "parent_order: 3, chunk_inner: 3, child_order: 9",
        // Read inner chunk by inner chunk.
        "parent_order: 0, chunk_inner: 3, child_order: 11",
        "parent_order: 4, child_order: 4",
    ] {
        let site = Site::new();
        let config = config(&site, orders, OUTPUTS);
        let mut heights = Heights::along(-45.0, 3000);
        heights.lon[2900..].fill(100.0);
        let granule = site.granule("a.h5", &[("gt1l", heights)]);
        let [cells, sphere] = both(&site, &config, &granule);
        let inspected = |store: &Path| {
            let mut found = looked(store);
            found["orders"][0].take()
        };
        let [of_cells, of_sphere] = [&cells, &sphere].map(|store| inspected(store));
        assert_eq!(
            (&of_cells["layout"], &of_sphere["layout"]),
            (&"cells".into(), &"fullsphere".into())
        );
        for key in [
            "order",
            "shard_order",
            "occupied_cells",
            "shards",
            "content_sha256",
        ] {
            assert_eq!(of_cells[key], of_sphere[key], "{orders}: {key}");
        }
        for (a, b) in [(&cells, &sphere), (&sphere, &cells), (&sphere, &sphere)] {
            let text = same(a, b);
            assert!(
                text.contains("/h_mean: identical") && text.contains("/bins: identical"),
                "{text}"
            );
            assert_eq!(text.contains("note: "), a != b, "{text}");
        }
        let drawn = [&cells, &sphere].map(|store| drawn(store, &site.out("map.png")));
        assert!(drawn[0] == drawn[1], "{orders}");
    }
}

/// Bytes of the one file of an array in the full-sphere layout.
fn file(sphere: &Path, name: &str) -> PathBuf {
    let mut files = std::fs::read_dir(sphere.join("12").join(name).join("c")).unwrap();
    let path = files.next().unwrap().unwrap().path();
    assert!(files.next().is_none());
    path
}

#[test]
fn a_value_that_differs_or_stands_where_none_should_is_found_with_its_cell() {
    let site = Site::new();
    let config = config(&site, "parent_order: 6, child_order: 12", OUTPUTS);
    let [cells, sphere] = both(&site, &config, &site.good("a.h5", -45.0));
    let path = file(&sphere, "h_mean");
    let whole = std::fs::read(&path).unwrap();
    let shard: u64 = path.file_name().unwrap().to_str().unwrap().parse().unwrap();
    let is_nan = |place: usize| {
        let bytes = whole[4 * place..4 * place + 4].try_into().unwrap();
        f32::from_le_bytes(bytes).is_nan()
    };
    let (occupied, empty) = (
        (0..4096).find(|&p| !is_nan(p)),
        (0..4096).find(|&p| is_nan(p)),
    );
    for place in [occupied.unwrap(), empty.unwrap()] {
        let mut changed = whole.clone();
        changed[4 * place] ^= 1;
        std::fs::write(&path, changed).unwrap();
        let cell = format!("(cell {})", (shard << 12) + place as u64);
        for (a, b) in [(&cells, &sphere), (&sphere, &cells)] {
            let found = Verify::stores(a, b).unwrap();
            assert!(!found.identical());
            let text = found.to_string();
            let differs = text
                .lines()
                .find(|line| line.starts_with("difference: "))
                .unwrap();
            assert!(
                differs.starts_with("difference: 12/h_mean: 1 of "),
                "{text}"
            );
            assert!(differs.contains(&cell), "{cell}: {text}");
            assert!(text.contains("12/bins: identical"), "{text}");
        }
    }
    std::fs::write(&path, &whole[..100]).unwrap();
    refused(
        Verify::stores(&sphere, &sphere),
        Kind::Store,
        &["h_mean cannot be decoded", "damaged"],
    );
    std::fs::remove_file(&path).unwrap();
    let says = format!("h_mean has no file of shard {shard}, which ");
    refused(
        Verify::stores(&cells, &sphere),
        Kind::Store,
        &["sphere.zarr: ", &says, "damaged"],
    );
}

#[test]
fn a_cell_of_which_every_output_is_its_fill_value_is_no_difference() {
    let site = Site::new();
    let mean = "    h_mean: {function: mean, source: h_ph}\n";
    let config = config(&site, "parent_order: 6, child_order: 12", mean);
    let mut heights = Heights::along(-45.0, 3000);
    heights.h[..700].fill(f32::NAN);
    heights.h[1600..2000].fill(f32::NAN);
    heights.h[2800..].fill(f32::NAN);
    let granule = site.granule("a.h5", &[("gt1l", heights)]);
    let [cells, sphere] = both(&site, &config, &granule);
    let occupied = |store: &Path| {
        looked(store)["orders"][0]["occupied_cells"]
            .as_u64()
            .unwrap()
    };
    let (all, valued) = (occupied(&cells), occupied(&sphere));
    assert!(valued + 3 < all, "{valued} of {all}");
    for (a, b) in [(&cells, &sphere), (&sphere, &cells)] {
        let text = same(a, b);
        assert!(
            text.contains(&format!("12/h_mean: identical, {all} cells")),
            "{text}"
        );
    }
}
