//! Errors in the words of the command line, one of each family, and the exit code of each.

use icefold::piece::Pieces;
use serde_json::Value;

use super::granules::one;
use super::{Site, json, refuse};
use crate::support::{icefold, stderr, stdout, succeed};

#[test]
fn granules_that_cannot_be_used_end_a_strict_run_with_1_and_a_tolerant_one_with_3() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let text = site.text("ATL03_20190105163308_01260202_007_01.h5");
    let older = site.good("ATL03_20190105163308_01260202_006_02.h5", -30.0);
    let says = ["is not HDF5", "006_02.h5", "can be used", "--tolerant"];
    refuse(&mut site.run("atl03", &[&text, &older, &good]), 1, &says);
    refuse(&mut site.plan("atl03", &[&text, &older, &good]), 1, &says);
    assert!(site.written().is_empty(), "{:?}", site.written());
    let mut run = site.run("atl03", &[&text, &good]);
    let (report, message) = json(run.args(["--tolerant", "--json"]), 3);
    assert!(
        message.starts_with("warning: left out: granule "),
        "{message}"
    );
    let on_disk = std::fs::read(site.out("a.run.json")).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&on_disk).unwrap(), report);
    assert_eq!(report["command"][1], "run");
    let mut plan = site.plan("atl03", &[&text, &good]);
    let (said, _) = json(plan.args(["--tolerant", "--json"]), 3);
    assert_eq!((&said["granules"], &said["failed"]), (&1.into(), &1.into()));
    let says = ["none of the 1 granules can be used; the first says: granule "];
    let mut none = site.run_to("b.zarr", "atl03", &one(&text));
    refuse(none.arg("--tolerant"), 1, &says);
    refuse(
        &mut site.run_to("b.zarr", "atl06", &one(&good)),
        2,
        &["a.h5"],
    );
}

#[test]
fn what_is_there_is_kept_and_the_flag_that_replaces_it_is_named() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let table = site.out("t.parquet");
    let run = || {
        let mut run = site.run("atl03", &one(&good));
        run.arg("--table").arg(&table);
        run
    };
    succeed(&mut run());
    let says = ["store ", "a.zarr: exists; pass --overwrite to replace it"];
    refuse(&mut site.run("atl03", &one(&good)), 1, &says);
    std::fs::remove_dir_all(site.out("a.zarr")).unwrap();
    let says = ["t.parquet exists; pass --overwrite to replace it"];
    refuse(&mut run(), 2, &says);
    succeed(run().arg("--overwrite"));
    succeed(&mut site.run_to("photons.zarr", "atl03", &one(&good)));
    let says = [
        "photons.run.json is the report of",
        "choose another --store",
    ];
    refuse(&mut site.run_to("photons", "atl03", &one(&good)), 2, &says);
}

#[test]
#[cfg(unix)]
fn the_working_directory_is_not_replaced() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    succeed(&mut site.run("atl03", &one(&good)));
    let mut inside = icefold();
    inside.current_dir(site.out("a.zarr/crs"));
    inside.args(["run", "atl03"]).arg(&good).arg("--overwrite");
    refuse(
        inside.arg("--store").arg(site.out("a.zarr")),
        1,
        &["is the working directory or holds it"],
    );
    assert_eq!(site.written(), ["a.run.json", "a.zarr"]);
}

#[test]
fn maps_that_cannot_be_followed_end_with_2() {
    let site = Site::new();
    let (granules, _) = site.mapped("atl03");
    let finer = site.atl03_with("child_order: 12", "child_order: 13");
    let says = ["map.json: was made for another grid", "icefold plan"];
    refuse(&mut site.run_map("a.zarr", &finer), 2, &says);
    site.change_map(|map| {
        let keys = map["shard_keys"].as_array().unwrap().len();
        map["aoi_mask"] = serde_json::json!(vec![[1, 2, 3]; keys]);
    });
    let output = succeed(&mut site.run_plan("a.zarr"));
    assert!(stderr(&output).starts_with("warning: aoi_mask of shard map "));
    site.change_map(|map| _ = map.as_object_mut().unwrap().remove("aoi_mask"));
    std::fs::remove_file(&granules[0]).unwrap();
    let says = ["granule a.h5: shard map ", "no such file", "--granule-root"];
    refuse(&mut site.run_plan("b.zarr"), 2, &says);
    std::fs::write(site.path("map.json"), "[1]").unwrap();
    let says = ["map.json: is not a shard map", "icefold schema plan"];
    refuse(&mut site.run_plan("b.zarr"), 2, &says);
    refuse(
        icefold().arg("inspect").arg(site.path("map.json")),
        2,
        &says,
    );
}

#[test]
fn pieces_that_are_no_store_yet_say_what_to_call() {
    let site = Site::new();
    site.mapped("atl03");
    let says = [
        "b.zarr.pieces: there are none",
        "icefold run CONFIG --plan MAP.json --shards A..B --store",
    ];
    refuse(&mut site.finalize("b.zarr"), 1, &says);
    let part = |range: &str| {
        let mut part = site.run_plan("b.zarr");
        part.args(["--shards", range]);
        part
    };
    let says = ["--table is written with the store", "icefold finalize"];
    refuse(part("0..2").arg("--table").arg("t.parquet"), 2, &says);
    let output = succeed(&mut part("0..2"));
    assert!(stdout(&output).contains("b.zarr.pieces"));
    assert!(stderr(&output).contains("icefold finalize "));
    let says = ["there is a piece of shard", "--resume", "--overwrite"];
    refuse(&mut site.run_plan("b.zarr"), 1, &says);
    let mut resumed = part("0..2");
    let says = [
        "were begun with overviews [] and this run has [9]",
        "--overwrite",
    ];
    refuse(resumed.args(["--resume", "--overviews", "9"]), 1, &says);
    refuse(
        &mut site.finalize("b.zarr"),
        1,
        &["shards are not done", "--resume"],
    );
    // Pieces without a granule are for tolerant runs.
    site.truncated("c.h5");
    let mut tolerant = site.run_plan("c.zarr");
    json(tolerant.args(["--shards", "..", "--tolerant", "--json"]), 3);
    let says = ["were begun with --tolerant", "pass --tolerant"];
    refuse(site.run_plan("c.zarr").arg("--resume"), 1, &says);
    json(site.finalize("c.zarr").arg("--json"), 3);
    assert!(!Pieces::folder_of(&site.out("c.zarr")).exists());
}

#[test]
fn no_photon_ends_with_3_unless_that_is_expected() {
    let site = Site::new();
    let config = site.atl03_with("op: ne, value: -2", "op: gt, value: 100");
    let granule = site.good("a.h5", -45.0);
    let (_, message) = json(site.run(&config, &one(&granule)).arg("--json"), 3);
    let says = "warning: no photon was kept of 3000: 3000 were rejected as filter: ";
    assert!(message.contains(says), "{message}");
    assert!(message.contains("--allow-empty"), "{message}");
    let mut expected = site.run_to("b.zarr", &config, &one(&granule));
    let (_, message) = json(expected.args(["--json", "--allow-empty"]), 0);
    assert!(message.contains(says), "{message}");
    site.mapped("atl03");
    let ends = |command: &mut std::process::Command, code: i32| {
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
    };
    ends(&mut site.run_map("whole.zarr", &config), 3);
    ends(
        site.run_map("expected.zarr", &config).arg("--allow-empty"),
        0,
    );
    // A part leaves the whole to be judged at the end.
    ends(
        site.run_map("parts.zarr", &config).args(["--shards", ".."]),
        0,
    );
    ends(site.finalize("parts.zarr").arg("--keep-pieces"), 3);
    let mut again = site.finalize("parts.zarr");
    ends(again.args(["--overwrite", "--allow-empty"]), 0);
}

#[test]
fn stores_that_differ_end_with_4() {
    let site = Site::new();
    let (a, b) = (site.good("a.h5", -45.0), site.good("b.h5", -44.0));
    succeed(&mut site.run_to("a.zarr", "atl03", &one(&a)));
    succeed(&mut site.run_to("b.zarr", "atl03", &one(&b)));
    let verify = |other: &str| {
        let mut verify = icefold();
        verify.arg("verify").arg(site.out("a.zarr"));
        verify.arg(site.out(other));
        verify
    };
    let text = stdout(&succeed(&mut verify("a.zarr")));
    assert!(text.contains("12/h_mean: identical, "), "{text}");
    let (report, _) = json(verify("a.zarr").arg("--json"), 0);
    assert_eq!(report["identical"], true);
    let output = verify("b.zarr").output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(stdout(&output).contains("\ndifference: 12/"));
    let message = stderr(&output);
    assert!(
        message.starts_with("error: ") && message.contains("b.zarr differ"),
        "{message}"
    );
    let (report, _) = json(verify("b.zarr").arg("--json"), 4);
    assert_eq!(report["identical"], false);
    assert!(!report["differences"].as_array().unwrap().is_empty());
    assert!(report["report"].as_str().unwrap().contains("difference: "));
    refuse(&mut verify("none"), 1, &["none: No such file"]);
}

#[test]
fn reports_that_are_not_to_be_believed_are_shown_and_end_with_1() {
    let site = Site::new();
    let (a, b) = (site.good("a.h5", -45.0), site.good("b.h5", -30.0));
    succeed(&mut site.run_to("a.zarr", "atl03", &one(&a)));
    succeed(&mut site.run_to("b.zarr", "atl03", &one(&b)));
    let path = site.out("a.run.json");
    let inspect = || {
        let mut inspect = icefold();
        inspect.arg("inspect").arg(&path);
        inspect
    };
    let (found, _) = json(inspect().arg("--json"), 0);
    assert_eq!(found["balanced"], true);
    // The store of another run.
    std::fs::remove_dir_all(site.out("a.zarr")).unwrap();
    std::fs::rename(site.out("b.zarr"), site.out("a.zarr")).unwrap();
    let (found, message) = json(inspect().arg("--json"), 1);
    assert_eq!(found["belongs"][0]["holds"], false);
    let says = format!("store {} is of another run", site.out("a.zarr").display());
    assert!(message.contains(&says), "{message}");
    assert!(message.contains("--overwrite"), "{message}");
    // A changed number.
    let mut report: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    report["photons"]["kept"] = 7.into();
    std::fs::write(&path, report.to_string()).unwrap();
    let output = inspect().output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("DOES NOT BALANCE: "));
    assert!(stderr(&output).contains("a.run.json: its sums do not balance"));
    let (found, _) = json(inspect().arg("--json"), 1);
    assert_eq!(found["balanced"], false);
    std::fs::write(&path, "{\"schema_version\": 1}").unwrap();
    refuse(&mut inspect(), 1, &["run report ", "icefold schema report"]);
}
