//! `--overviews` and `--layout`: what is asked for, refused, shown and compared.

use std::path::{Path, PathBuf};

use super::granules::{Heights, one};
use super::{Site, assert_same, json, names, refuse};
use crate::support::{icefold, stdout, succeed};

/// Files below a folder with their bytes, sorted by path.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for name in names(folder) {
        let path = folder.join(&name);
        if path.is_dir() {
            let inside = files(&path).into_iter();
            found.extend(inside.map(|(inner, bytes)| (Path::new(&name).join(inner), bytes)));
        } else {
            found.push((PathBuf::from(name), std::fs::read(path).unwrap()));
        }
    }
    found
}

#[test]
fn what_runs_leaves_no_trace_in_overviews_or_layout() {
    let site = Site::new();
    let (a, b) = (site.good("a.h5", -45.0), site.good("b.h5", 110.0));
    for settings in [
        &["--overviews", "11,10,..0"][..],
        &["--layout", "fullsphere"],
    ] {
        let mut run = site.run_to("a.zarr", "atl03", &[&a, &b]);
        succeed(run.args(settings).arg("--overwrite"));
        let mut run = site.run_to("b.zarr", "atl03", &[&b, &a]);
        run.args(settings)
            .args(["--batch-rows", "77", "--overwrite"]);
        succeed(&mut run);
        let [first, second] = ["a.zarr", "b.zarr"].map(|name| files(&site.out(name)));
        assert!(first.len() > 10);
        assert!(first == second, "{settings:?}");
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
        succeed(
            site.run_to(store, "atl03", &one(granule))
                .args(["--overviews", "6,0"]),
        );
    }
    let mut verify = icefold();
    verify.arg("verify").arg(site.out("a.zarr"));
    let (report, _) = json(verify.arg(site.out("b.zarr")).arg("--json"), 4);
    let report = report["report"].as_str().unwrap();
    for part in [
        "12/h_max: 1 of ",
        "6/h_max: 1 of ",
        "0/h_max: 1 of 1 ",
        "0/count: identical",
    ] {
        assert!(report.contains(part), "{report}");
    }
    succeed(&mut site.run_to("c.zarr", "atl03", &one(&a)));
    let mut verify = icefold();
    verify.arg("verify").arg(site.out("a.zarr"));
    let (report, _) = json(verify.arg(site.out("c.zarr")).arg("--json"), 4);
    let differences = report["differences"].to_string();
    assert!(differences.contains("6: only in a"), "{differences}");
    assert_same(&site.out("a.zarr"), &site.out("a.zarr"));
}

#[test]
fn overviews_are_reported_inspected_and_drawn() {
    let site = Site::new();
    let a = site.good("a.h5", -45.0);
    let mut run = site.run("atl03", &one(&a));
    let (report, _) = json(run.args(["--overviews", "9,4", "--json"]), 0);
    let store = site.out("a.zarr");
    let (found, _) = json(icefold().arg("inspect").arg(&store).arg("--json"), 0);
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
    let maps = ["12", "9"].map(|order| {
        let map = site.out(&format!("{order}.png"));
        let mut render = icefold();
        render
            .arg("render")
            .arg(&store)
            .args(["h_mean", "--order", order, "-o"]);
        succeed(render.arg(&map));
        std::fs::read(map).unwrap()
    });
    assert_ne!(maps[0], maps[1]);
    let mut render = icefold();
    render
        .arg("render")
        .arg(&store)
        .args(["h_mean", "--order", "8", "-o"]);
    refuse(
        render.arg(site.out("8.png")),
        1,
        &["has no order 8; it has 4, 9, 12"],
    );
}

#[test]
fn what_cannot_be_an_overview_or_a_layout_is_refused_before_anything_is_read() {
    let site = Site::new();
    let a = site.good("a.h5", -45.0);
    for (settings, says) in [
        (
            &["--overviews", "12"][..],
            &["--overviews 12: order 12 is not coarser than the cell order 12"][..],
        ),
        (
            &["--overviews", "11,11"],
            &["--overviews 11,11: order 11 is given twice"],
        ),
        (
            &["--overviews", "10,x"],
            &["--overviews 10,x: 'x' is not an order from 0 to 29"],
        ),
        (
            &["--layout", "fullsphere", "--overviews", "11"],
            &["--layout fullsphere has one order, --overviews 11"],
        ),
    ] {
        refuse(site.run("atl03", &one(&a)).args(settings), 2, says);
    }
    let fine = site.atl03_with(
        "parent_order: 6, child_order: 12",
        "parent_order: 6, child_order: 29",
    );
    let mut run = site.run(&fine, &one(&a));
    let says = [
        "would have Zarr chunks of",
        "cells of order 29",
        "choose another chunk_inner",
    ];
    refuse(run.args(["--layout", "fullsphere"]), 2, &says);
    assert_eq!(site.written(), [""; 0]);
}

#[test]
fn a_layout_that_is_not_known_is_refused_by_name() {
    let site = Site::new();
    let a = site.good("a.h5", -45.0);
    succeed(site.run("atl03", &one(&a)).args(["--layout", "fullsphere"]));
    let group = site.out("a.zarr").join("12/zarr.json");
    let text = std::fs::read_to_string(&group).unwrap();
    assert!(text.contains("\"fullsphere\""), "{text}");
    std::fs::write(&group, text.replace("\"fullsphere\"", "\"rings\"")).unwrap();
    let says = [
        "group 12: has layout \"rings\"",
        "reads cells and fullsphere, open it with zarr",
    ];
    refuse(icefold().arg("inspect").arg(site.out("a.zarr")), 1, &says);
}

#[test]
fn a_dry_run_and_an_explanation_name_the_overviews() {
    let site = Site::new();
    let a = site.good("a.h5", -45.0);
    let mut run = site.run("atl03", &one(&a));
    let text = stdout(&succeed(run.args(["--overviews", "11..9", "--dry-run"])));
    assert!(text.contains("overviews of orders 11, 10, 9\n"), "{text}");
    let mut run = site.run("atl03", &one(&a));
    let text = stdout(&succeed(run.args(["--overviews", "11..9", "--explain"])));
    let line = text.lines().find(|line| line.starts_with("overviews"));
    assert!(
        line.is_some_and(|line| line.contains("11..9") && line.contains("command line")),
        "{text}"
    );
}
