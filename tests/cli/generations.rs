//! Store, tables and report of one run belong together, whenever it is killed and whoever else runs.

use std::process::{Command, Stdio};
use std::time::Duration;

use icefold::place::journal_of;

use super::granules::one;
use super::{Site, json};
use crate::support::{icefold, stderr, succeed};

/// `icefold inspect --json out/NAME`
fn inspect(site: &Site, name: &str) -> Command {
    let mut command = icefold();
    command.args(["inspect", "--json"]).arg(site.out(name));
    command
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
