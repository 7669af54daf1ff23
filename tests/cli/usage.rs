//! Command lines that cannot be used: refused with the flag, the value and what would do.

use super::granules::{one, paths};
use super::{Site, names, refuse};
use crate::support::{icefold, succeed};

#[test]
fn unknown_verbs_and_flags_get_a_suggestion() {
    refuse(
        icefold().arg("rum"),
        2,
        &["unrecognized subcommand 'rum'", "'run'"],
    );
    let says = ["unexpected argument '--overwrit'", "--overwrite"];
    refuse(icefold().args(["run", "atl03", "--overwrit"]), 2, &says);
    let says = ["unexpected argument '--jsn'", "--json"];
    refuse(icefold().args(["inspect", "a", "--jsn"]), 2, &says);
}

#[test]
fn counts_that_make_no_sense_are_usage_errors() {
    for (flag, value) in [
        ("--threads", "0"),
        ("--threads", "1000000"),
        ("--threads", "many"),
        ("--batch-rows", "0"),
        ("--batch-rows", "99999999999"),
    ] {
        let mut command = icefold();
        command.args(["run", "atl03", "a.h5", "--store", "a.zarr", flag, value]);
        refuse(&mut command, 2, &["invalid value", value, flag]);
    }
}

#[test]
fn devices_that_are_not_there_exit_with_5() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    for device in ["tpu", "cuda", "cuda:7", "wgpu:", "wgpu:none"] {
        let mut command = site.run("atl03", &one(&good));
        let named = format!("device {device}: ");
        refuse(command.args(["--device", device]), 5, &[&named, "cpu"]);
    }
    assert!(site.written().is_empty());
}

#[test]
fn a_run_without_a_store_is_refused() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let mut command = icefold();
    command.args(["run", "atl03"]).arg(good);
    refuse(&mut command, 2, &["no store given", "--store OUT.zarr"]);
}

#[test]
fn flags_about_a_map_need_one() {
    let site = Site::new();
    let granules = site.three();
    succeed(&mut site.plan("atl03", &paths(&granules)));
    refuse(
        site.run("atl03", &[&granules[0]])
            .args(["--shards", "0..1"]),
        2,
        &["--shards is about a shard map and the run has none; name it with --plan"],
    );
    refuse(
        site.run("atl03", &[&granules[0]])
            .args(["--granule-root", "."]),
        2,
        &["--granule-root is about a shard map"],
    );
    refuse(
        &mut site.run("atl03", &[]),
        2,
        &["no granules given", "--plan"],
    );
    refuse(
        site.run_plan("a.zarr").args(["--shards", "1"]),
        2,
        &["--shards 1 is not a range"],
    );
    refuse(
        site.run_plan("a.zarr").args(["--shards", "-1..2"]),
        2,
        &["--shards -1..2 is not a range"],
    );
    refuse(
        site.run_plan("a.zarr").args(["--shards", "0..999"]),
        2,
        &["which has", "shards; choose within"],
    );
    refuse(
        site.run_plan("a.zarr").arg(&granules[0]),
        2,
        &["--plan", "cannot be used with"],
    );
}

#[test]
fn flags_about_folding_are_refused_where_two_stores_are_compared() {
    let site = Site::new();
    for (flag, value) in [("--memory", "1GiB"), ("--threads", "2")] {
        let mut verify = icefold();
        verify
            .arg("verify")
            .arg(site.out("a.zarr"))
            .arg(site.out("a.zarr"));
        verify.args([flag, value]);
        refuse(&mut verify, 2, &[flag, "--devices"]);
    }
}

#[test]
fn all_is_about_granules() {
    let site = Site::new();
    succeed(&mut site.run("atl03", &one(&site.good("a.h5", -45.0))));
    let store = site.out("a.zarr");
    let says = ["--all lists the datasets of a granule", "a.zarr is none"];
    refuse(icefold().arg("inspect").arg(&store).arg("--all"), 2, &says);
}

#[test]
fn settings_that_exclude_each_other_are_refused_together() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
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
        (
            &["--resume", "--overwrite"],
            &["--resume", "cannot be used with"],
        ),
    ] {
        refuse(site.run("atl03", &one(&good)).args(settings), 2, says);
    }
    assert_eq!(site.written(), [""; 0]);
    // Ranges are orders, too.
    let mut run = site.run("atl03", &one(&good));
    succeed(run.args(["--overviews", "11,10,..8", "--layout", "cells"]));
    let orders = names(&site.out("a.zarr"));
    let groups: Vec<&String> = (orders.iter())
        .filter(|name| name.parse::<u8>().is_ok())
        .collect();
    assert_eq!(groups, ["10", "11", "8", "9"]);
}
