//! Overviews and layouts: what is asked for, refused, shown and compared.

use std::path::Path;

use icefold::error::Kind;
use icefold::grid::Order;
use icefold::store::StoreReader;
use icefold::{Layout, Verify};

use super::from_code::{done, looked, refused, seen};
use crate::support::granules::{Heights, one};
use crate::support::site::{Site, assert_same, tree};

#[test]
fn what_runs_leaves_no_trace_in_overviews_or_layout() {
    let site = Site::new();
    let (a, b) = (site.good("a.h5", -45.0), site.good("b.h5", 110.0));
    let all: Vec<u8> = (0..12).collect();
    for (overviews, layout) in [(&all[..], Layout::CELLS), (&[], Layout::FULL_SPHERE)] {
        let run = |store: &str, granules: &[&Path]| {
            let run = site.code_to(store, "atl03", granules).overwrite(true);
            run.overviews(overviews).layout(layout)
        };
        done(run("a.zarr", &[&a, &b]));
        done(run("b.zarr", &[&b, &a]).batch_rows(77));
        let [first, second] = ["a.zarr", "b.zarr"].map(|name| tree(&site.out(name)));
        assert!(first.len() > 10);
        assert!(first == second, "{layout}");
    }
}

#[test]
fn an_overview_that_differs_is_found() {
    let site = Site::new();
    let mut heights = Heights::along(-45.0, 3000);
    let a = site.granule("a.h5", &[("gt1l", heights.clone())]);
    heights.h[1500] = 55.5;
    let b = site.granule("b.h5", &[("gt1l", heights)]);
    for (store, granule) in [("a.zarr", &a), ("b.zarr", &b)] {
        done(
            site.code_to(store, "atl03", &one(granule))
                .overviews([6, 0]),
        );
    }
    let report = Verify::stores(&site.out("a.zarr"), &site.out("b.zarr")).unwrap();
    assert!(!report.identical());
    let report = report.to_string();
    for part in [
        "12/h_max: 1 of ",
        "6/h_max: 1 of ",
        "0/h_max: 1 of 1 ",
        "0/count: identical",
    ] {
        assert!(report.contains(part), "{report}");
    }
    done(site.code_to("c.zarr", "atl03", &one(&a)));
    let report = Verify::stores(&site.out("a.zarr"), &site.out("c.zarr")).unwrap();
    let mut differences = report.differences.iter().map(ToString::to_string);
    assert!(
        differences.any(|it| it.contains("6: only in a")),
        "{report}"
    );
    assert_same(&site.out("a.zarr"), &site.out("a.zarr"));
}

#[test]
fn overviews_are_reported_and_inspected() {
    let site = Site::new();
    let a = site.good("a.h5", -45.0);
    let run = site.code("atl03", &one(&a));
    let (report, _) = done(run.overviews([9, 4]));
    let store = site.out("a.zarr");
    let found = looked(&store);
    let orders = found["orders"].as_array().unwrap();
    assert_eq!(orders.len(), 3);
    assert_eq!(orders[0]["content_sha256"], report["content_sha256"]);
    for (overview, order) in report["overviews"]
        .as_array()
        .unwrap()
        .iter()
        .zip(&orders[1..])
    {
        for key in ["order", "content_sha256", "occupied_cells"] {
            assert_eq!(overview[key], order[key]);
        }
    }
    let coarser = StoreReader::open_order(&store, Order::new(8).unwrap());
    let says = ["has no order 8; it has 4, 9, 12"];
    refused(coarser.map(|_| ()), Kind::Store, &says);
}

#[test]
fn what_cannot_be_an_overview_or_a_layout_is_refused_before_anything_is_read() {
    let site = Site::new();
    let a = site.good("a.h5", -45.0);
    let run = || site.code("atl03", &one(&a));
    for (run, says) in [
        (
            run().overviews([12]),
            "order 12 is not coarser than the cell order 12",
        ),
        (run().overviews([11, 11]), "order 11 is given twice"),
        (run().overviews([30]), "order 30 is not coarser"),
        (
            run().overviews([11]).layout(Layout::FULL_SPHERE),
            "has one order",
        ),
    ] {
        refused(run.execute(), Kind::Argument, &[says]);
    }
    let fine = site.atl03_with(
        "parent_order: 6, child_order: 12",
        "parent_order: 6, child_order: 29",
    );
    let run = site.code(&fine, &one(&a));
    let says = [
        "would have Zarr chunks of",
        "cells of order 29",
        "choose another chunk_inner",
    ];
    refused(
        run.layout(Layout::FULL_SPHERE).execute(),
        Kind::Config,
        &says,
    );
    assert_eq!(site.written(), [""; 0]);
}

#[test]
fn a_layout_that_is_not_known_is_refused_by_name() {
    let site = Site::new();
    let a = site.good("a.h5", -45.0);
    done(site.code("atl03", &one(&a)).layout(Layout::FULL_SPHERE));
    let group = site.out("a.zarr").join("12/zarr.json");
    let text = std::fs::read_to_string(&group).unwrap();
    assert!(text.contains("\"fullsphere\""), "{text}");
    std::fs::write(&group, text.replace("\"fullsphere\"", "\"rings\"")).unwrap();
    let says = [
        "group 12: has layout \"rings\"",
        "reads cells, fullsphere, hive and raster, open it with zarr",
    ];
    refused(seen(site.out("a.zarr")), Kind::Store, &says);
}
