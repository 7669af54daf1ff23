//! `icefold run --update`: flags, what is told, and updates that are killed.
#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::process::Command;

use super::resume::{draw, signalled, soak};
use super::{Site, json, refuse};
use crate::support::site::tree;
use crate::support::{icefold, stderr, stdout, succeed};

/// `icefold run atl03 --update out/STORE GRANULE...`
fn update(site: &Site, store: &str, granules: &[PathBuf]) -> Command {
    let mut command = icefold();
    command.args(["run", "atl03"]).args(granules);
    command.args(["--threads", "2", "--update"]);
    command.arg(site.out(store));
    command
}

fn refs(granules: &[PathBuf]) -> Vec<&Path> {
    granules.iter().map(AsRef::as_ref).collect()
}

#[test]
fn a_store_grows_by_one_flag_and_says_what_is_new() {
    let site = Site::new();
    let all = [-45.0, -30.0, -15.0].map(|lon| site.good(&format!("g{lon}.h5"), lon));
    succeed(site.run("atl03", &refs(&all[..1])).arg("--keep-partials"));
    let grown = succeed(&mut update(&site, "a.zarr", &all[..2]));
    let said = stderr(&grown);
    assert!(said.contains("the store grows; new: g-30.h5"), "{said}");
    assert!(
        stdout(&grown).contains("2 read, 1 of them before"),
        "{}",
        stdout(&grown)
    );
    let again = succeed(&mut update(&site, "a.zarr", &all[..2]));
    assert!(
        stderr(&again).contains("nothing is left to do"),
        "{}",
        stderr(&again)
    );
    assert_eq!(
        stdout(&again).trim(),
        site.out("a.zarr").display().to_string()
    );
    let (report, _) = json(update(&site, "a.zarr", &all).arg("--json"), 0);
    assert_eq!(report["update"]["by"], "partials", "{report}");
    assert_eq!(report["update"]["granules_before"], 2);
    succeed(&mut site.run_to("b.zarr", "atl03", &refs(&all)));
    assert_eq!(tree(&site.out("a.zarr")), tree(&site.out("b.zarr")));
    // What waits beside the store is told, and stays.
    let cleaned = stdout(&succeed(icefold().arg("clean").arg(site.out("a.zarr"))));
    assert!(
        cleaned.contains("a.zarr.partials: kept: partials of the 3 granules"),
        "{cleaned}"
    );
    refuse(
        &mut update(&site, "a.zarr", &all[1..]),
        1,
        &[
            "was made of g-45.h5, which this run does not name",
            "--allow-removal",
        ],
    );
    succeed(update(&site, "a.zarr", &all[1..]).arg("--allow-removal"));
    // The store of the environment is another; one that is typed is a second.
    let mut of_environment = update(&site, "a.zarr", &all[1..]);
    succeed(of_environment.env("ICEFOLD_STORE", site.out("c.zarr")));
    let mut both = update(&site, "a.zarr", &all[1..]);
    let says = ["adds to a store and --store", "give one of them"];
    refuse(both.arg("--store").arg(site.out("c.zarr")), 2, &says);
    let mut removal = site.run("atl03", &refs(&all));
    let ended = removal.arg("--allow-removal").output().unwrap();
    assert_eq!(ended.status.code(), Some(2), "{}", stderr(&ended));
}

#[test]
fn an_update_that_is_killed_leaves_the_old_store_or_the_new_one() {
    let site = Site::new();
    let (granules, _) = soak(&site, 10, 1_500);
    let few = &granules[..6];
    let mut state = 11;
    for keep in [true, false] {
        let first = || {
            let mut run = site.run_to("a.zarr", "atl03", &refs(few));
            run.args(["--overwrite", "--overviews", "10,4"]);
            if keep {
                run.arg("--keep-partials");
            }
            run
        };
        succeed(&mut first());
        let old = tree(&site.out("a.zarr"));
        let mut whole = site.run_to("b.zarr", "atl03", &refs(&granules));
        succeed(whole.args(["--overwrite", "--overviews", "10,4"]));
        let new = tree(&site.out("b.zarr"));
        let (mut kills, mut done, mut longest) = (0, 0, 60);
        while done < 2 || kills < 5 {
            let mut run = update(&site, "a.zarr", &granules);
            run.args([
                "--overviews",
                "10,4",
                "--checkpoint",
                "0",
                "--batch-rows",
                "500",
            ]);
            if draw(&mut state, 2) == 0 {
                run.arg("--resume");
            }
            let wait = 10 + draw(&mut state, longest);
            let (ended, message) = signalled(&mut run, "KILL", wait);
            assert!(!message.contains("error:"), "{message}");
            succeed(icefold().arg("clean").arg(site.path("out")));
            let now = tree(&site.out("a.zarr"));
            assert!(now == old || now == new, "{message}");
            if ended {
                assert!(now == new, "{message}");
                done += 1;
                longest = 60;
                // Back to the old one.
                succeed(&mut first());
            } else {
                kills += 1;
                longest = longest * 5 / 4;
                if now == new {
                    succeed(&mut first());
                }
            }
        }
        assert!(kills >= 5, "{kills}");
        succeed(update(&site, "a.zarr", &granules).args(["--overviews", "10,4"]));
        assert!(tree(&site.out("a.zarr")) == new);
        let hidden = site
            .written()
            .into_iter()
            .filter(|name| name.starts_with('.'));
        assert_eq!(hidden.collect::<Vec<_>>(), Vec::<String>::new());
        assert_eq!(site.out("a.zarr.partials").exists(), keep);
        std::fs::remove_dir_all(site.out("a.zarr")).unwrap();
        let _ = std::fs::remove_dir_all(site.out("a.zarr.partials"));
        let _ = std::fs::remove_dir_all(site.out("a.zarr.checkpoint"));
    }
}
