//! All cells of a region: those without a photon, and the array that marks them.

use icefold::grid::Order;
use icefold::store::StoreReader;
use serde_json::Value;

use super::{Site, assert_same, json as json_of, refuse};
use crate::support::granules::paths;
use crate::support::{icefold, succeed};

const MASK: &str = "aoi_mask";

/// Cells of `all.zarr` have what those of `occupied.zarr` have, or are empty.
fn same_or_empty(site: &Site, order: u8) {
    let read = |store: &str| {
        let path = site.out(store);
        let order = Order::new(order).unwrap();
        let store = StoreReader::open_order(&path, order).unwrap();
        let values = |name: &str| store.read(name).unwrap().as_f64();
        let ids = store.cell_ids().unwrap();
        let mask = store.read(MASK).ok().map(|mask| mask.as_f64());
        (ids, values("count"), values("h_mean"), mask)
    };
    let (some, counts, means, none) = read("occupied.zarr");
    let (ids, all_counts, all_means, mask) = read("all.zarr");
    assert!(none.is_none() && mask.unwrap().iter().all(|&mask| mask == 1.0));
    assert!(ids.is_sorted_by(|a, b| a < b) && some.iter().all(|id| ids.contains(id)));
    if order != 4 {
        assert!(ids.len() > 4 * some.len(), "{} {}", ids.len(), some.len());
    }
    for (place, id) in ids.iter().enumerate() {
        match some.binary_search(id) {
            Ok(there) => {
                let same = [all_counts[place], all_means[place]] == [counts[there], means[there]];
                assert!(same, "{id}");
            }
            Err(_) => assert!(
                all_counts[place] == 0.0 && all_means[place].is_nan(),
                "{id}"
            ),
        }
    }
}

#[test]
fn all_cells_of_a_region_are_written_and_those_without_a_photon_are_empty() {
    let site = Site::new();
    let granules = site.three();
    let area = site.area();
    let run = |store: &str, more: &[&str]| {
        let mut run = site.run_to(store, "atl03", &paths(&granules));
        run.arg("--region")
            .arg(&area)
            .args(["--overviews", "10,4", "--json"])
            .args(more);
        json_of(&mut run, 0).0
    };
    let occupied = run("occupied.zarr", &[]);
    let table = site.out("all.arrow");
    let report = run(
        "all.zarr",
        &["--cells-of-region", "--table", table.to_str().unwrap()],
    );
    assert_ne!(report["config"]["sha256"], occupied["config"]["sha256"]);
    assert_eq!(report["occupied_cells"], occupied["occupied_cells"]);
    for overview in [0, 1] {
        let cells = |report: &Value| report["overviews"][overview]["occupied_cells"].clone();
        assert_eq!(cells(&report), cells(&occupied));
    }
    for order in [12, 10, 4] {
        same_or_empty(&site, order);
    }
    succeed(icefold().arg("inspect").arg(site.out("all.zarr")));

    // Of pieces, of a config, and of a store that has no photon: the same cells.
    let cells = |section: &str| {
        let inside = format!(
            "region: {{file: {}}}\noutput:\n  cells: {section}",
            area.display()
        );
        site.atl03_with("output:", &inside)
    };
    let config = cells("region");
    succeed(&mut site.plan("atl03", &paths(&granules)));
    let mut mapped = site.run_to("mapped.zarr", &config, &[]);
    mapped
        .arg("--plan")
        .arg(site.path("map.json"))
        .args(["--overviews", "10,4", "--json"]);
    let (mapped, _) = json_of(&mut mapped, 0);
    assert_eq!(mapped["content_sha256"], report["content_sha256"]);
    assert_same(&site.out("all.zarr"), &site.out("mapped.zarr"));
    let far = site.good("far.h5", 60.0);
    let mut none = site.run_to("none.zarr", &config, &[&far]);
    let (none, _) = json_of(none.args(["--allow-empty", "--json"]), 0);
    assert_eq!(none["occupied_cells"], 0);
    let (of_none, of_all) = (
        StoreReader::open(site.out("none.zarr")).unwrap(),
        StoreReader::open(site.out("all.zarr")).unwrap(),
    );
    assert_eq!(of_none.cell_ids().unwrap(), of_all.cell_ids().unwrap());
}

#[test]
fn the_full_sphere_knows_the_cells_of_a_region() {
    let site = Site::new();
    let granules = site.three();
    let config = site.atl03_with("child_order: 12", "child_order: 8");
    let run = |store: &str, layout: &str| {
        let mut run = site.run_to(store, &config, &paths(&granules));
        run.args([
            "--cells-of-region",
            "--region=-46,69,-44,70",
            "--layout",
            layout,
        ]);
        succeed(&mut run);
        site.out(store)
    };
    let (cells, sphere) = (run("cells.zarr", "cells"), run("sphere.zarr", "fullsphere"));
    let ids = StoreReader::open(&cells).unwrap().cell_ids().unwrap();
    let mask = std::fs::read_dir(sphere.join("8").join(MASK))
        .unwrap()
        .count();
    assert!(mask > 0);
    let sphere_reader = StoreReader::open(&sphere).unwrap();
    let mask = sphere_reader.read(MASK).unwrap();
    let marked: usize = mask.as_f64().iter().map(|&mask| mask as usize).sum();
    assert_eq!(marked, ids.len());
    succeed(icefold().arg("verify").arg(&cells).arg(&sphere));
}

#[test]
fn cells_of_no_region_or_of_too_many_are_refused() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let says =
        ["all cells of a region are asked for, and there is none; say where with --region FILE"];
    refuse(
        site.run("atl03", &[&good]).arg("--cells-of-region"),
        2,
        &says,
    );
    let fine = site.atl03_with("child_order: 12", "child_order: 20");
    let mut run = site.run(fine, &[&good]);
    let says =
        ["has more than 2147483648 cells of order 20; choose a smaller region or a coarser order"];
    refuse(
        run.args(["--region", "-180,-90,180,90", "--cells-of-region"]),
        2,
        &says,
    );
    let named = site.atl03_with("    count: {function", "    aoi_mask: {function");
    let mut run = site.run(named, &[&good]);
    let says = ["an output is called aoi_mask"];
    refuse(
        run.args(["--region", "-46,69,-44,70", "--cells-of-region"]),
        2,
        &says,
    );
    assert_eq!(site.written(), [""; 0]);
}
