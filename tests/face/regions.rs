//! Regions from code: parts of an area add up to the whole, with the same bits however they are computed.

use std::collections::BTreeMap;
use std::path::Path;

use icefold::store::StoreReader;
use icefold::{DeviceChoice, MakeMap, Mapped, Region, Run};
use serde_json::json;

use super::{Site, atl03, content};

/// A box, and what of it is south and north of a slanted line through its middle.
fn parts([west, south, east, north]: [f64; 4]) -> [Region; 3] {
    let (low, high) = (south + (north - south) * 0.4, south + (north - south) * 0.6);
    let polygon = |ring: [[f64; 2]; 5]| {
        let text = json!({"type": "Polygon", "coordinates": [ring]}).to_string();
        Region::of_geojson(&text).unwrap()
    };
    [
        Region::of_box(west, south, east, north).unwrap(),
        polygon([
            [west, south],
            [east, south],
            [east, high],
            [west, low],
            [west, south],
        ]),
        polygon([
            [west, low],
            [east, high],
            [east, north],
            [west, north],
            [west, low],
        ]),
    ]
}

/// A box around the middle photon of a ground track.
fn middle(site: &Site) -> [f64; 4] {
    let file = hdf5::File::open(&site.granules[0]).unwrap();
    let [lon, lat] = ["lon_ph", "lat_ph"].map(|name| {
        let dataset = file.dataset(&format!("gt2l/heights/{name}")).unwrap();
        let values = dataset.read_raw::<f64>().unwrap();
        values[values.len() / 2]
    });
    [lon - 0.5, lat - 0.02, lon + 0.5, lat + 0.02]
}

/// Count, smallest and largest height of each cell.
fn cells(store: &Path) -> BTreeMap<u64, [f64; 3]> {
    let store = StoreReader::open(store).unwrap();
    let ids = store.cell_ids().unwrap();
    let [count, min, max] =
        ["count", "h_min", "h_max"].map(|name| store.read(name).unwrap().as_f64());
    let rows = ids.into_iter().enumerate();
    rows.map(|(i, id)| (id, [count[i], min[i], max[i]]))
        .collect()
}

#[test]
fn parts_of_a_region_add_up_to_the_whole() {
    let site = Site::of(3);
    let names = ["whole.zarr", "south.zarr", "north.zarr"];
    let [whole, south, north] = parts(middle(&site));
    let mut kept = Vec::new();
    for (name, region) in names.into_iter().zip([&whole, &south, &north]) {
        let outcome = site
            .run_to(name)
            .region(region.clone())
            .overviews([9])
            .execute()
            .unwrap();
        let photons = &outcome.done().unwrap().report.photons;
        assert_eq!(photons.read, photons.kept + photons.rejected);
        assert!(photons.rejected_by["outside_region"] > 0);
        kept.push(photons.kept);
    }
    assert!(kept[1] > 0 && kept[2] > 0, "{kept:?}");
    assert_eq!(kept[0], kept[1] + kept[2]);
    let [whole, south, north] = names.map(|name| cells(&site.path(name)));
    let mut merged = south.clone();
    let mut cut = 0;
    for (cell, of_north) in &north {
        let none = [0.0, f64::INFINITY, f64::NEG_INFINITY];
        cut += usize::from(south.contains_key(cell));
        let of_south = merged.entry(*cell).or_insert(none);
        *of_south = [
            of_south[0] + of_north[0],
            of_south[1].min(of_north[1]),
            of_south[2].max(of_north[2]),
        ];
    }
    assert!(cut > 0, "no cell is cut");
    assert_eq!(merged, whole);
}

#[test]
fn photons_of_a_region_have_the_same_bits_however_they_are_folded() {
    let site = Site::of(3);
    let [_, region, _] = parts(middle(&site));
    let run = |name: &str| site.run_to(name).region(region.clone());
    let expected = content(&run("a.zarr").threads(1).execute().unwrap());
    for (name, run) in [
        ("b.zarr", run("b.zarr").threads(4)),
        ("c.zarr", run("c.zarr").batch_rows(1)),
        ("d.zarr", run("d.zarr").batch_rows(777).threads(3)),
        (
            "e.zarr",
            run("e.zarr").device("wgpu".parse::<DeviceChoice>().unwrap()),
        ),
    ] {
        assert_eq!(content(&run.execute().unwrap()), expected, "{name}");
    }
    let map = site.path("map.json");
    let built = MakeMap::new(atl03(), site.all(), &map)
        .region(region.clone())
        .execute()
        .unwrap();
    let all = MakeMap::new(atl03(), site.all(), site.path("all.json"))
        .execute()
        .unwrap();
    assert!(built.map.shards.len() < all.map.shards.len());
    for map in [map, site.path("all.json")] {
        let over = Run::new(atl03(), Mapped::by(&map)).region(region.clone());
        let outcome = over
            .into_store(site.path("m.zarr"))
            .overwrite(true)
            .execute()
            .unwrap();
        assert_eq!(content(&outcome), expected);
    }
}
