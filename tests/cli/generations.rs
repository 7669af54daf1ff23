//! Store, tables and report of one run belong together, whenever it is killed and whoever else runs.

use std::process::{Command, Stdio};
use std::time::Duration;

use icefold::place::{NameLock, journal_of};
use serde_json::Value;

use super::granules::one;
use super::pieces::tree;
use super::plan::paths;
use super::{Site, json, refuse};
use crate::support::{icefold, stderr, stdout, succeed};

/// `icefold inspect --json out/NAME`
fn inspect(site: &Site, name: &str) -> Command {
    let mut command = icefold();
    command.args(["inspect", "--json"]).arg(site.out(name));
    command
}

#[test]
fn a_report_tells_whether_store_and_tables_are_of_its_run() {
    let site = Site::new();
    let (a, b) = (site.good("a.h5", -45.0), site.good("b.h5", -30.0));
    let mut spoiled = super::granules::Heights::along(-20.0, 100);
    spoiled.h[5] = 1e9;
    let c = site.granule("c.h5", &[("gt1l", spoiled)]);
    let mut run = site.run("atl03", &[&a, &c]);
    run.args(["--tolerant", "--table"])
        .arg(site.out("a.parquet"));
    json(run.arg("--json"), 3);
    let (found, _) = json(&mut inspect(&site, "a.run.json"), 0);
    let belongs = found["belongs"].as_array().unwrap();
    let what: Vec<&Value> = belongs.iter().map(|one| &one["what"]).collect();
    assert_eq!(what, ["store", "table", "error table"]);
    assert!(belongs.iter().all(|one| one["holds"] == true), "{found}");
    let text = stdout(&succeed(
        icefold().arg("inspect").arg(site.out("a.run.json")),
    ));
    assert!(text.contains("a.parquet is of this run"), "{text}");
    // Each of another run in its turn.
    let mut other = site.run_to("b.zarr", "atl03", &[&b, &c]);
    other
        .args(["--tolerant", "--table"])
        .arg(site.out("b.arrow"));
    json(other.arg("--json"), 3);
    let mut arrow = site.run_to("c.zarr", "atl03", &one(&a));
    succeed(arrow.arg("--table").arg(site.out("c.arrow")));
    json(&mut inspect(&site, "c.run.json"), 0);
    for (mine, theirs, says) in [
        ("a.zarr", "b.zarr", "store "),
        ("a.errors.parquet", "b.errors.parquet", "error table "),
    ] {
        std::fs::rename(site.out(mine), site.path("aside")).unwrap();
        std::fs::rename(site.out(theirs), site.out(mine)).unwrap();
        let (found, message) = json(&mut inspect(&site, "a.run.json"), 1);
        assert!(
            found["belongs"].to_string().contains("\"holds\":false"),
            "{found}"
        );
        assert!(
            message.contains(&format!("{says}{}", site.out(mine).display())),
            "{message}"
        );
        assert!(message.contains(" is of another run"), "{message}");
        std::fs::rename(site.out(mine), site.out(theirs)).unwrap();
        std::fs::rename(site.path("aside"), site.out(mine)).unwrap();
    }
    json(&mut inspect(&site, "a.run.json"), 0);
}

#[test]
fn a_stores_name_belongs_to_one_run_at_a_time() {
    let site = Site::new();
    let (granules, _) = site.mapped("atl03");
    succeed(&mut site.run("atl03", &paths(&granules)));
    let before = tree(&site.out("a.zarr"));
    let lock = NameLock::take(&site.out("a.zarr"), true).unwrap();
    let says = format!("is being written by process {} on ", std::process::id());
    let says = [&*says, "let it finish or stop it"];
    refuse(
        site.run("atl03", &paths(&granules)).arg("--overwrite"),
        1,
        &says,
    );
    refuse(site.run_plan("a.zarr").arg("--overwrite"), 1, &says);
    refuse(
        site.run_plan("a.zarr")
            .args(["--resume", "--shards", "0..1"]),
        1,
        &says,
    );
    refuse(&mut site.finalize("a.zarr"), 1, &says);
    assert_eq!(tree(&site.out("a.zarr")), before);
    drop(lock);
    // Parts share the name, and keep others out.
    let lock = NameLock::take(&site.out("b.zarr"), false).unwrap();
    succeed(site.run_plan("b.zarr").args(["--shards", "0..1"]));
    refuse(
        &mut site.finalize("b.zarr"),
        1,
        &["is being written by other runs"],
    );
    drop(lock);
    succeed(site.run_plan("b.zarr").arg("--resume"));
    assert_eq!(tree(&site.out("b.zarr")), before);
    assert!(!site.written().iter().any(|name| name.starts_with('.')));
}

#[test]
fn of_runs_that_replace_one_store_at_once_all_is_of_one() {
    let site = Site::new();
    let granules = [-45.0, -40.0, -35.0].map(|lon| site.good(&format!("g{lon}.h5"), lon));
    for _ in 0..4 {
        let runs = granules.iter().map(|granule| {
            let mut run = site.run("atl03", &one(granule));
            run.args(["--overwrite", "--table"])
                .arg(site.out("a.parquet"));
            run.stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        });
        let runs: Vec<_> = runs.collect();
        let mut done = 0;
        for run in runs {
            let output = run.wait_with_output().unwrap();
            let message = stderr(&output);
            match output.status.code() {
                Some(0) => done += 1,
                _ => assert!(message.contains("is being written by"), "{message}"),
            }
        }
        assert!(done > 0);
        let (found, _) = json(&mut inspect(&site, "a.run.json"), 0);
        assert_eq!(found["belongs"].as_array().unwrap().len(), 2, "{found}");
        assert_eq!(site.written(), ["a.parquet", "a.run.json", "a.zarr"]);
    }
}

#[cfg(unix)]
#[test]
fn a_run_that_is_killed_at_any_moment_leaves_one_generation_or_the_means_to_complete_it() {
    let site = Site::new();
    let granules = [-45.0, -40.0].map(|lon| site.good(&format!("g{lon}.h5"), lon));
    let run = |which: usize| {
        let mut run = site.run("atl03", &one(&granules[which]));
        run.args(["--overwrite", "--table"])
            .arg(site.out("a.parquet"));
        run
    };
    let began = std::time::Instant::now();
    succeed(&mut run(0));
    let whole = began.elapsed().as_millis() as u64;
    let (mut killed, mut interrupted) = (0, 0);
    for turn in 0..30 {
        let silent = run(turn % 2)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let mut child = silent.unwrap();
        // Mostly near the end, where names are given.
        std::thread::sleep(Duration::from_millis(whole * (70 + 2 * turn as u64) / 100));
        child.kill().unwrap();
        killed += u32::from(!child.wait().unwrap().success());
        interrupted += u32::from(journal_of(&site.out("a.zarr")).exists());
        succeed(icefold().arg("clean").arg(site.path("out")));
        let (found, _) = json(&mut inspect(&site, "a.run.json"), 0);
        assert_eq!(found["belongs"].as_array().unwrap().len(), 2, "{found}");
        assert_eq!(site.written(), ["a.parquet", "a.run.json", "a.zarr"]);
    }
    eprintln!("{killed} of 30 killed, {interrupted} while names were given");
    assert!(killed > 0);
}

#[test]
fn what_is_done_says_so_when_it_is_asked_for_again() {
    let site = Site::new();
    let (_, shards) = site.mapped("atl03");
    let all = format!("0..{shards}");
    let done = |command: &mut Command| {
        let output = succeed(command);
        let says = "is whole already, and its values are those of its report";
        assert!(stderr(&output).contains(says), "{}", stderr(&output));
    };
    // A run over the whole map.
    succeed(&mut site.run_plan("a.zarr"));
    let before = tree(&site.out("a.zarr"));
    done(site.run_plan("a.zarr").arg("--resume"));
    let (report, _) = json(site.run_plan("a.zarr").args(["--resume", "--json"]), 0);
    assert!(report["content_sha256"].is_string());
    // Not of another question, and not if it was changed.
    for more in [&["--overviews", "9"][..], &["--layout", "fullsphere"]] {
        let mut other = site.run_plan("a.zarr");
        refuse(other.arg("--resume").args(more), 1, &["a.zarr: exists"]);
    }
    assert_eq!(tree(&site.out("a.zarr")), before);
    // Parts, and what makes the store of them.
    for range in ["0..2", "2.."] {
        succeed(site.run_plan("b.zarr").args(["--shards", range]));
    }
    let table = site.out("b.parquet");
    let finalize = || {
        let mut finalize = site.finalize("b.zarr");
        finalize.arg("--table").arg(&table);
        finalize
    };
    succeed(finalize().arg("--keep-pieces"));
    done(&mut finalize());
    succeed(site.run_plan("b.zarr").args(["--shards", &all, "--resume"]));
    succeed(finalize().arg("--overwrite"));
    done(&mut finalize());
    done(finalize().arg("--overwrite"));
    done(
        site.run_plan("b.zarr")
            .args(["--shards", "0..2", "--resume"]),
    );
    assert_eq!(tree(&site.out("b.zarr")), before);
    // A store without any trace of pieces is none that was made of some.
    std::fs::remove_file(site.out("b.finalize.json")).unwrap();
    refuse(
        &mut site.finalize("b.zarr"),
        1,
        &["b.zarr.pieces: there are none"],
    );
}
