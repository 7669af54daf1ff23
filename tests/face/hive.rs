//! Stores in the hive layout: the same cells as in others, whole or not there, and refused where they cannot be.

use std::path::Path;

use icefold::error::Kind;
use icefold::store::StoreReader;
use icefold::{Layout, Memory, Verify, config};

use super::from_code::{done, looked, refused};
use crate::support::Site;
use crate::support::granules::{one, paths};
use crate::support::site::tree;

const OUTPUTS: &str = "    count: {function: count, source: h_ph}
    h_mean: {function: mean, source: h_ph}
    h_max: {function: max, source: h_ph, where: \"h_ph < 0\"}
    bins: {function: histogram, source: h_ph, params: {edges: [-100, 0, 10, 100]}}
    digest: {function: tdigest, source: h_ph, params: {delta: 20}}
";

/// A config of these outputs on a grid of these orders, as a file.
fn config(site: &Site, orders: &str, outputs: &str) -> std::path::PathBuf {
    let text = include_str!("../../src/config/atl03.yaml");
    let (source, _) = text.split_once("aggregation:").unwrap();
    let text = format!(
        "{source}aggregation:\n  variables:\n{outputs}output:\n  grid: {{type: healpix, {orders}}}\n"
    );
    let path = site.path("config.yaml");
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_hive_has_the_cells_of_the_layout_of_cells() {
    for (orders, overviews) in [
        ("parent_order: 6, child_order: 12", [10, 7, 6]),
        (
            "parent_order: 8, chunk_inner: 10, child_order: 12",
            [10, 9, 8],
        ),
        (
            "parent_order: 9, chunk_inner: 9, child_order: 11",
            [10, 10, 9],
        ),
    ] {
        let mut overviews = overviews.to_vec();
        overviews.dedup();
        let site = Site::new();
        let config = config(&site, orders, OUTPUTS);
        let granules = site.three();
        let run = |name: &str, layout: Layout| {
            let run = site.code_to(name, &config, &paths(&granules));
            done(run.layout(layout).overviews(overviews.clone())).0
        };
        let of_cells = run("cells.zarr", Layout::CELLS);
        let of_hive = run("hive.zarr", Layout::HIVE);
        for key in ["content_sha256", "outputs", "occupied_cells", "photons"] {
            assert_eq!(of_cells[key], of_hive[key], "{orders}: {key}");
        }
        let [cells, hive] = ["cells.zarr", "hive.zarr"].map(|name| site.out(name));
        let found = Verify::stores(&cells, &hive).unwrap();
        // Coarser digests are of digests there.
        let differs = |d: &&icefold::store::Difference| !d.array.ends_with("/digest");
        let differing: Vec<_> = found.differences.iter().filter(differs).collect();
        assert!(differing.is_empty(), "{orders}: {found}");
        let [of_cells, of_hive] = [&cells, &hive].map(|store| looked(store));
        let both = [&of_cells, &of_hive].map(|found| found["orders"].as_array().unwrap().len());
        assert_eq!(both, [overviews.len() + 1; 2], "{orders}");
        assert_eq!(of_hive["orders"][0]["layout"], "hive");
        let content = |found: &serde_json::Value| found["orders"][0]["content_sha256"].clone();
        assert_eq!(content(&of_cells), content(&of_hive));
        let drawn = [&cells, &hive].map(|store| {
            let reader = StoreReader::open(store).unwrap();
            (
                reader.cell_ids().unwrap(),
                reader.read("h_mean").unwrap().bytes,
            )
        });
        assert!(drawn[0] == drawn[1], "{orders}");
    }
}

#[test]
fn a_hive_has_the_same_bytes_however_the_run_was_cut() {
    let site = Site::new();
    let orders = "parent_order: 7, chunk_inner: 9, child_order: 11";
    let config = config(&site, orders, OUTPUTS);
    let (granules, shards) = site.mapped(&config);
    let hive = |run: icefold::Run<'static>| run.layout(Layout::HIVE).overviews([9, 8, 7]);
    done(hive(site.code_to("a.zarr", &config, &paths(&granules))));
    let mut turned = paths(&granules);
    turned.reverse();
    let little = hive(site.code_to("b.zarr", &config, &turned));
    done(little.partials_memory(Memory(1 << 16)).batch_rows(301));
    done(hive(site.part_as("c.zarr", &config, "0..1")));
    done(hive(site.part_as(
        "c.zarr",
        &config,
        &format!("1..{shards}"),
    )));
    done(site.making("c.zarr"));
    let [a, b, c] = ["a.zarr", "b.zarr", "c.zarr"].map(|name| tree(&site.out(name)));
    assert!(a.len() > 20);
    assert!(a == b, "batches and the order of granules leave a trace");
    assert!(a == c, "pieces leave a trace");
}

#[test]
fn the_newest_granule_says_when_a_hive_was_written() {
    let site = Site::new();
    let config = config(&site, "parent_order: 6, child_order: 9", OUTPUTS);
    let names = [
        "ATL03_20181014002445_02350104_006_02.h5",
        "ATL03_20200101000102_02350104_006_02.h5",
    ];
    let granules = names.map(|name| site.good(name, -45.0));
    let run = site.code_to("a.zarr", &config, &paths(&granules));
    done(run.layout(Layout::HIVE));
    let read = |path: &Path| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    };
    let manifest = read(&site.out("a.zarr/morton_hive.json"));
    assert_eq!(manifest["dataset"]["short_name"], "ATL03");
    assert_eq!(manifest["generated_at"], "2020-01-01T00:01:02+00:00");
    let looked = looked(site.out("a.zarr"));
    let leaf = looked["zarrs"][0]["path"].as_str().unwrap();
    let root = read(&site.out("a.zarr").join(leaf).join("zarr.json"));
    let stamp = &root["attributes"]["morton_hive_commit"];
    assert_eq!(stamp["written_at"], manifest["generated_at"]);
    assert_eq!(stamp["complete"], true);
}

#[test]
fn what_is_not_whole_or_damaged_is_never_read_as_cells() {
    let site = Site::new();
    let config = config(&site, "parent_order: 6, child_order: 9", OUTPUTS);
    let granule = site.good("a.h5", -45.0);
    done(
        site.code_to("a.zarr", &config, &one(&granule))
            .layout(Layout::HIVE),
    );
    let store = site.out("a.zarr");
    let leaf = looked(&store)["zarrs"][0]["path"]
        .as_str()
        .unwrap()
        .to_owned();
    let leaf = store.join(leaf);
    let chunk = leaf.join("9/h_mean/c/0");
    let bytes = std::fs::read(&chunk).unwrap();
    std::fs::remove_dir_all(leaf.join("9/h_mean/c")).unwrap();
    let error = StoreReader::open(&store).unwrap_err().to_string();
    assert!(
        error.contains("h_mean has no values; the store is damaged"),
        "{error}"
    );
    std::fs::create_dir(leaf.join("9/h_mean/c")).unwrap();
    std::fs::write(&chunk, &bytes).unwrap();
    let lists = leaf.join("9/digest/c/0");
    let bytes = std::fs::read(&lists).unwrap();
    std::fs::write(&lists, &bytes[..bytes.len() / 2]).unwrap();
    let error = StoreReader::open(&store).unwrap_err().to_string();
    assert!(
        error.contains("digest: ") && error.contains("damaged"),
        "{error}"
    );
    std::fs::write(&lists, &bytes).unwrap();
    let root = leaf.join("zarr.json");
    let text = std::fs::read_to_string(&root).unwrap();
    std::fs::write(
        &root,
        text.replace("\"complete\": true", "\"complete\": false"),
    )
    .unwrap();
    let found = looked(&store);
    assert_eq!(found["not_whole"].as_array().unwrap().len(), 1);
    assert_eq!(found["orders"][0]["occupied_cells"], 0);
}

#[test]
fn a_hive_is_replaced_only_where_it_is_icefolds_alone() {
    let site = Site::new();
    let config = config(&site, "parent_order: 6, child_order: 9", OUTPUTS);
    let granule = site.good("a.h5", -45.0);
    let run = || {
        site.code_to("a.zarr", &config, &one(&granule))
            .layout(Layout::HIVE)
    };
    done(run().overviews([7, 6]));
    refused(run().execute(), Kind::Store, &["exists"]);
    let before = tree(&site.out("a.zarr"));
    done(run().overviews([7, 6]).overwrite(true));
    assert!(before == tree(&site.out("a.zarr")));
    let foreign = site.out("a.zarr/notes.txt");
    std::fs::write(&foreign, "mine").unwrap();
    let says = ["is not replaced", "notes.txt"];
    refused(run().overwrite(true).execute(), Kind::Store, &says);
    std::fs::remove_file(foreign).unwrap();
    let other = site
        .code_to("a.zarr", &config, &one(&granule))
        .overwrite(true);
    done(other);
    assert!(!site.out("a.zarr/morton_hive.json").exists());
}

#[test]
fn what_a_hive_cannot_hold_is_refused_before_anything_is_read() {
    let site = Site::new();
    let granule = site.good("a.h5", -45.0);
    let refusal = |orders: &str, outputs: &str, overviews: &[u8], says: &str| {
        let config = config(&site, orders, outputs);
        let run = site.code_to("a.zarr", config, &one(&granule));
        let run = run.layout(Layout::HIVE).overviews(overviews);
        refused(run.execute(), Kind::Config, &[says]);
    };
    let orders = "parent_order: 6, child_order: 9";
    for overviews in [&[8][..], &[6], &[8, 6], &[8, 7, 6, 5]] {
        refusal(orders, OUTPUTS, overviews, "the last two 7,6, and");
    }
    let morton = "    morton: {function: count, source: h_ph}\n";
    refusal(orders, morton, &[], "an output is called morton");
    let spherical =
        "parent_order: 6, child_order: 9}\n  latitude: geodetic-spherical\n  nan: skip #";
    refusal(
        spherical,
        OUTPUTS,
        &[],
        "on WGS84, and output.latitude is geodetic-spherical",
    );
    assert_eq!(site.written(), Vec::<String>::new());
}

#[test]
fn a_config_may_say_that_its_store_is_a_hive_and_asks_the_same_question() {
    let site = Site::new();
    let path = config(&site, "parent_order: 6, child_order: 9", OUTPUTS);
    let text = std::fs::read_to_string(&path).unwrap();
    let of = |layout: &str| {
        let text = format!("{text}  store_layout: {layout}\n");
        config::parse_yaml("a", &text).map_err(|error| error.to_string())
    };
    let plain = config::parse_yaml("a", &text).unwrap();
    let hive = of("hive").unwrap();
    assert_eq!(
        (&plain.sha256, &of("flat").unwrap().sha256),
        (&hive.sha256, &hive.sha256)
    );
    assert!(
        of("hives")
            .unwrap_err()
            .contains("unknown value 'hives', did you mean 'hive'")
    );
    std::fs::write(&path, format!("{text}  store_layout: hive\n")).unwrap();
    let granule = site.good("a.h5", -45.0);
    done(site.code_to("a.zarr", &path, &one(&granule)));
    assert!(site.out("a.zarr/morton_hive.json").is_file());
    done(
        site.code_to("b.zarr", &path, &one(&granule))
            .layout(Layout::CELLS),
    );
    assert!(site.out("b.zarr/zarr.json").is_file());
}
