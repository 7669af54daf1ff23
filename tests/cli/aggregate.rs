//! `aggregate`: a question as flags; its answer written, repeated and timed.

use std::path::Path;
use std::process::Command;

use icefold::arrays::npy;

use super::{Site, json, refuse};
use crate::support::site::tree;
use crate::support::tables::points;
use crate::support::{icefold, stderr, stdout, succeed};

fn aggregate(input: &Path, repeats: usize) -> Command {
    let mut command = icefold();
    command.args(["aggregate", "--cell-order", "12", "--threads", "2"]);
    command.arg("--repeat").arg(repeats.to_string());
    command.arg("--input").arg(input);
    command
}

/// Photons as plain arrays in a folder.
fn folder(site: &Site) -> std::path::PathBuf {
    let folder = site.folder("arrays");
    let rows = points();
    let column = |name: &str, values: Vec<f64>| npy::write(&folder.join(name), &values).unwrap();
    column("lon.npy", rows.iter().map(|row| row.lon).collect());
    column("lat.npy", rows.iter().map(|row| row.lat).collect());
    let h: Vec<f32> = rows.iter().map(|row| row.h.unwrap()).collect();
    npy::write(&folder.join("h.npy"), &h).unwrap();
    folder
}

#[test]
fn an_answer_is_written_where_a_flag_says() {
    let site = Site::new();
    let folder = folder(&site);
    let written = |name: &str| {
        let mut command = aggregate(&folder, 1);
        command.arg("--output").arg(site.out(name));
        command
    };
    for name in ["a.parquet", "a.arrow", "a.npy"] {
        succeed(&mut written(name));
    }
    let says = ["a.npy exists; pass --overwrite"];
    refuse(&mut written("a.npy"), 2, &says);
    succeed(written("a.npy").arg("--overwrite"));
    refuse(&mut written("a.csv"), 2, &["use .parquet, .arrow or .npy"]);
    assert_eq!(site.written(), ["a.arrow", "a.npy", "a.parquet"]);
}

#[test]
fn every_repeat_has_its_times_and_the_text_a_row_for_each() {
    let site = Site::new();
    let folder = folder(&site);
    let (found, _) = json(aggregate(&folder, 3).arg("--json"), 0);
    assert_eq!(found["photons"]["kept"], 1500);
    let repeats = found["repeats"].as_array().unwrap();
    assert_eq!(repeats.len(), 3);
    for times in repeats.iter().chain([&found["warm_up"]]) {
        let seconds = |name: &str| times[name].as_f64().unwrap();
        assert!(
            seconds("fold_seconds") > 0.0 && seconds("cpu_seconds") > 0.0,
            "{times}"
        );
        let finish = times["stages"]["finish"].as_f64().unwrap();
        assert_eq!(seconds("total_seconds"), seconds("fold_seconds") + finish);
        let stages = times["stages"].as_object().unwrap();
        let parts = stages.iter().filter(|(name, _)| *name != "finish");
        let parts: f64 = parts.map(|(_, seconds)| seconds.as_f64().unwrap()).sum();
        assert!(parts > 0.0 && parts <= seconds("fold_seconds"), "{times}");
        assert_eq!(times["strategy"], "runs");
    }
    let text = stdout(&succeed(&mut aggregate(&folder, 2)));
    assert!(
        text.contains("1,500 photons") && text.contains("\n       2 "),
        "{text}"
    );
    let says = format!(
        "content sha256 {}",
        found["content_sha256"].as_str().unwrap()
    );
    assert!(text.contains(&says), "{text}");
}

#[test]
fn what_cannot_be_asked_names_the_flag() {
    let site = Site::new();
    let folder = folder(&site);
    let ask = |arguments: &[&str]| {
        let mut command = aggregate(&folder, 1);
        command.args(arguments);
        command
    };
    let says = ["arrays has no hh.npy"];
    refuse(&mut ask(&["--values", "hh"]), 2, &says);
    refuse(&mut ask(&["--stats", "wmean"]), 2, &["--weights names"]);
    refuse(&mut ask(&["--device", "tpu"]), 5, &["device tpu: "]);
    let output = ask(&["--stats", "mode"]).output().unwrap();
    let says = "there is no statistic 'mode'; use count";
    assert!(stderr(&output).contains(says), "{}", stderr(&output));
    npy::write(&folder.join("h.npy"), &[1e9_f32; 1500]).unwrap();
    let says = ["is 1000000000: out of range +-16384", "--resolution"];
    refuse(&mut ask(&[]), 2, &says);
    succeed(&mut ask(&["--resolution", "2^-10"]));
    npy::write(&folder.join("s.npy"), &[1.0_f64; 1500]).unwrap();
    let weighted = ["--stats", "wmean,q25", "--weights", "s"];
    succeed(ask(&weighted).args(["--resolution", "2^-10"]));
}

#[test]
fn flags_that_would_change_nothing_are_refused_and_the_environment_may_say_them() {
    let site = Site::new();
    let folder = folder(&site);
    for (flags, says) in [
        (
            &["--allow-empty"][..],
            "--allow-empty is about cells that are written with --to",
        ),
        (
            &["--progress", "none"],
            "--progress is about cells that are written with --to",
        ),
        (
            &["--overwrite"],
            "--overwrite is about a file that is written, and none is named with --output",
        ),
        (
            &["--memory", "1GiB"],
            "--memory is about tables, and arrays are in memory as a whole",
        ),
    ] {
        refuse(
            aggregate(&folder, 1).args(flags),
            2,
            &[says, "leave it out"],
        );
    }
    let to = |flags: &[&str]| {
        let mut command = icefold();
        command.arg("aggregate").arg(&folder).args(flags);
        command.arg("--to").arg(site.out("a.csv"));
        command
    };
    for flag in ["--progress", "--memory"] {
        let value = if flag == "--memory" { "1GiB" } else { "plain" };
        let says = format!("{flag} is about tables, and arrays are in memory as a whole");
        refuse(&mut to(&[flag, value]), 2, &[&says]);
    }
    succeed(
        to(&[])
            .env("ICEFOLD_PROGRESS", "plain")
            .env("ICEFOLD_MEMORY", "1GiB"),
    );
    succeed(aggregate(&folder, 1).env("ICEFOLD_PROGRESS", "plain"));
}

#[test]
fn texts_speak_of_no_config_where_nobody_wrote_one() {
    let site = Site::new();
    let folder = folder(&site);
    let mut timed = aggregate(&folder, 1);
    timed.args(["--region", "0,0,1,1"]);
    let said = refuse(
        &mut timed,
        2,
        &["arrays are read whole, without filters and without a region"],
    );
    assert!(!said.contains("config"), "{said}");
    let mut nothing = icefold();
    nothing
        .arg("aggregate")
        .arg(&folder)
        .args(["--region", "0,0,1,1"]);
    let output = nothing.arg("--to").arg(site.out("a.csv")).output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(
        said.contains("no photon was kept") && !said.contains("config"),
        "{said}"
    );
    let mut odd = icefold();
    odd.arg("aggregate")
        .arg(&folder)
        .args(["--time", "every=fortnight", "--time", "dataset=h"]);
    let said = refuse(odd.arg("--to").arg(site.out("a.csv")), 2, &["fortnight"]);
    assert!(!said.contains("config"), "{said}");
}

#[test]
fn nothing_is_written_into_a_store() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    succeed(&mut site.run_to("a.zarr", "atl03", &[&good]));
    let store = site.out("a.zarr");
    let before = tree(&store);
    let folder = folder(&site);
    let mut cells = icefold();
    cells
        .arg("aggregate")
        .arg(&folder)
        .arg("--to")
        .arg(store.join("x.csv"));
    refuse(
        &mut cells,
        2,
        &["x.csv", "a.zarr is a store", "choose a path beside it"],
    );
    let run = || site.run_to("b.zarr", "atl03", &[&good]);
    refuse(
        run().arg("--table").arg(store.join("12/x.parquet")),
        2,
        &["cannot write the table", "is a store"],
    );
    refuse(
        run().arg("--report").arg(store.join("new/run.json")),
        2,
        &["cannot write the run report", "is a store"],
    );
    let mut inside = site.run_to("a.zarr/b.zarr", "atl03", &[&good]);
    refuse(
        &mut inside,
        2,
        &["cannot write the store", "a.zarr is a store"],
    );
    let mut map = icefold();
    map.arg("render")
        .arg(&store)
        .args(["h_mean", "-o"])
        .arg(store.join("map.png"));
    refuse(&mut map, 2, &["cannot write the picture", "is a store"]);
    let mut plan = icefold();
    plan.args(["plan", "atl03"]).arg(&good);
    refuse(
        plan.arg("-o").arg(store.join("map.json")),
        2,
        &["cannot write the shard map", "is a store"],
    );
    assert_eq!(tree(&store), before);
}
