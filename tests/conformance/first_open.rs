//! Stores as they are opened the first time: from their path and over plain HTTP, with nothing said of them.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::support::granules::paths;
use crate::support::site::long_track;
use crate::support::{READERS, Site, icefold, later_python, python, stdout, succeed};

const CHECK: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/conformance/first_open.py"
);

const LATER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/conformance/later_readers.py"
);

const ZARRITA_JS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance/zarrita.mjs");

const RASTER: &str = "output:
  grid: {type: rectilinear, crs: EPSG:3413, resolution: 2000, bounds: [-240000, -2560000, 240000, -1920000], chunk_shape: \
  [80, 80]}
";

/// Stores of two granules, by name, each with the report of its run.
fn stores(site: &Site) -> [(&'static str, Value); 3] {
    let granules = [
        ("ATL03_20190222155947_08580204_006_01.h5", -45.0),
        ("ATL03_20190307010203_10550206_006_02.h5", 179.9),
    ]
    .map(|(name, lon)| site.granule(name, &[("gt1l", long_track(lon))]));
    let atl03 = icefold::config::load("atl03").unwrap().text;
    let raster = site.path("raster.yaml");
    let (head, _) = atl03.split_once("\noutput:\n").unwrap();
    std::fs::write(&raster, format!("{head}\n{RASTER}")).unwrap();
    let raster = raster.to_str().unwrap().to_owned();
    [
        ("cells.zarr", "atl03", &[][..]),
        ("tree.zarr", "atl03", &["--overviews", "11,9,4"]),
        ("raster.zarr", &raster, &["--overviews", "2,4"]),
    ]
    .map(|(store, config, settings)| {
        let mut run = icefold();
        run.arg("run")
            .arg(config)
            .args(paths(&granules))
            .args(settings);
        let report = stdout(&succeed(
            run.arg("--json").arg("--store").arg(site.out(store)),
        ));
        (store, serde_json::from_str(&report).unwrap())
    })
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn stores_open_by_their_path_and_their_address_alone() {
    let site = Site::new();
    let stores = stores(&site).map(|(store, _)| store);
    let mut check = python();
    check.arg(CHECK).arg(site.path("out"));
    let output = succeed(check.args(stores));
    let text = stdout(&output);
    for part in [
        "cells.zarr: ",
        "tree.zarr: ",
        "3 overviews",
        "raster.zarr: ",
        "2 overviews",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
#[cfg_attr(not(icefold_test_later), ignore = "no Python 3.12 with its readers")]
fn xdggs_as_it_is_now_decodes_cells_and_gdal_reads_the_values_of_rasters() {
    let site = Site::new();
    stores(&site);
    let mut check = later_python();
    check.arg(LATER);
    let output = succeed(check.args(["tree.zarr", "raster.zarr"].map(|name| site.out(name))));
    let text = stdout(&output);
    // The root and its overviews: four orders, and three widths of as many outputs.
    assert!(
        text.starts_with("xdggs 0.7") && text.contains(": 4 orders; GDAL 3."),
        "{text}"
    );
    let outputs = icefold::config::load("atl03").unwrap().outputs.len();
    assert!(
        text.contains(&format!(": {} arrays", 3 * outputs)),
        "{text}"
    );
}

#[test]
#[cfg_attr(not(icefold_test_node), ignore = "no Node.js with zarrita.js")]
fn zarrita_js_reads_every_value_from_a_folder_and_over_http() {
    let site = Site::new();
    for (store, report) in stores(&site) {
        let mut check = Command::new("node");
        check
            .arg(ZARRITA_JS)
            .arg(format!("{READERS}/js/node_modules"));
        check.arg(site.out(store));
        let overviews = report["overviews"].as_array().cloned().unwrap_or_default();
        let group = |of: &Value| match &of["group"] {
            Value::String(group) => group.clone(),
            _ => of["order"].to_string(),
        };
        let groups = overviews.iter().map(group).collect::<Vec<_>>();
        let found: Value = serde_json::from_str(&stdout(&succeed(check.args(&groups)))).unwrap();
        let orders = std::iter::once(("", &report));
        for (group, of) in orders.chain(groups.iter().map(String::as_str).zip(&overviews)) {
            let hashes = of["outputs"].as_object().unwrap();
            assert!(hashes.len() > 3, "{report}");
            for (name, facts) in hashes {
                let theirs = &found[group]["arrays"][name];
                // The hash of a raster is that of its rows of cells; what zarr-python reads of one is compared elsewhere.
                if store == "raster.zarr" {
                    let shape = theirs["shape"].as_array();
                    assert!(
                        name == "cell_ids" || shape.is_some_and(|shape| shape.len() == 2),
                        "{name}: {found}"
                    );
                } else {
                    assert_eq!(theirs["sha256"], facts["sha256"], "{store} {group} {name}");
                }
            }
        }
    }
}

/// What the convention says in its text and its schema, version 1: <https://github.com/zarr-conventions/dggs>.
#[test]
#[expect(clippy::too_many_lines, reason = "the convention is that long")]
fn groups_of_cells_say_what_the_dggs_convention_asks_for_and_nothing_that_it_forbids() {
    let site = Site::new();
    let run = |name: &str, settings: &[&str]| {
        let granule = site.granule("a.h5", &[("gt1l", long_track(-45.0))]);
        let mut run = icefold();
        run.arg("run").arg("atl03").arg(granule).args(settings);
        succeed(run.arg("--store").arg(site.out(name)));
        site.out(name)
    };
    let cells = run("a.zarr", &["--overviews", "11,9"]);
    let sphere = run("b.zarr", &["--layout", "fullsphere", "--order", "7"]);
    let spherical = run("c.zarr", &["--set", "output.latitude=geodetic-spherical"]);
    let groups = [
        (&cells, "", 12, true),
        (&cells, "11", 11, true),
        (&cells, "9", 9, true),
        (&sphere, "7", 7, false),
        (&spherical, "", 12, true),
    ];
    for (store, group, level, listed) in groups {
        let text = std::fs::read(store.join(group).join("zarr.json")).unwrap();
        let document: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(
            (&document["zarr_format"], &document["node_type"]),
            (&3.into(), &"group".into())
        );
        let attributes = &document["attributes"];
        let conventions = attributes["zarr_conventions"].as_array().unwrap();
        let uuid = "7b255807-140c-42ca-97f6-7a1cfecdbc38";
        let said = conventions.iter().find(|of| of["uuid"] == uuid).unwrap();
        let spec = "https://github.com/zarr-conventions/dggs/blob/v1/README.md";
        let schema =
            "https://raw.githubusercontent.com/zarr-conventions/dggs/refs/tags/v1/schema.json";
        let fixed = [
            ("schema_url", schema),
            ("spec_url", spec),
            ("uuid", uuid),
            ("name", "dggs"),
            (
                "description",
                "Discrete Global Grid Systems convention for zarr",
            ),
        ];
        for (key, value) in fixed {
            assert_eq!(said[key], value, "{group} {key}");
        }
        assert_eq!(
            said.as_object().unwrap().len(),
            fixed.len(),
            "no other key is allowed: {said}"
        );
        let dggs = attributes["dggs"].as_object().unwrap();
        let keys: BTreeSet<&str> = dggs.keys().map(String::as_str).collect();
        let mut expected = BTreeSet::from([
            "name",
            "refinement_level",
            "spatial_dimension",
            "indexing_scheme",
            "ellipsoid",
        ]);
        // Compression goes with the coordinate, and without either the whole domain is covered.
        if listed {
            expected.extend(["coordinate", "compression"]);
            assert_eq!(
                (&dggs["coordinate"], &dggs["compression"]),
                (&"cell_ids".into(), &"none".into())
            );
            let ids = std::fs::read(store.join(group).join("cell_ids/zarr.json")).unwrap();
            let ids: Value = serde_json::from_slice(&ids).unwrap();
            assert_eq!(ids["dimension_names"][0], dggs["spatial_dimension"]);
        }
        assert_eq!(keys, expected, "{group}");
        assert_eq!(
            (&dggs["name"], &dggs["indexing_scheme"]),
            (&"healpix".into(), &"nested".into())
        );
        assert_eq!(dggs["refinement_level"], level);
        let ellipsoid = dggs["ellipsoid"].as_object().unwrap();
        let keys: BTreeSet<&str> = ellipsoid.keys().map(String::as_str).collect();
        let one_of = [
            BTreeSet::from(["name", "radius"]),
            BTreeSet::from(["name", "semi_major_axis", "semi_minor_axis"]),
            BTreeSet::from(["name", "semi_major_axis", "inverse_flattening"]),
        ];
        assert!(one_of.contains(&keys), "{ellipsoid:?}");
        let numbers = ellipsoid.iter().filter(|(key, _)| *key != "name");
        assert!(
            numbers
                .map(|(_, number)| number.as_f64())
                .all(|n| n.is_some_and(|n| n > 0.0))
        );
    }
}
