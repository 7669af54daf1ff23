//! Runs without a shard map that are interrupted and killed, and go on.

use super::resume::{draw, signalled, soak};
use super::{Site, json};
use crate::support::site::tree;
use crate::support::{icefold, stderr, stdout, succeed};

#[test]
fn a_run_that_is_killed_again_and_again_leaves_the_bytes_of_one_that_was_not() {
    let site = Site::new();
    let (granules, _) = soak(&site, 12, 1_500);
    let paths: Vec<_> = granules.iter().map(AsRef::as_ref).collect();
    succeed(site.run("atl03", &paths).args(["--overviews", "10,4"]));
    let whole = tree(&site.out("a.zarr"));
    let (mut state, mut kills, mut resumed) = (7, 0, 0);
    for memory in ["1", "1G"] {
        // Longer each time, so that on a slow machine, too, it ends.
        let mut longest = 40;
        loop {
            let mut run = site.run_to("b.zarr", "atl03", &paths);
            run.args(["--overviews", "10,4", "--resume", "--checkpoint", "0"]);
            run.args(["--partials-memory", memory, "--batch-rows", "500"]);
            let wait = 20 + draw(&mut state, longest);
            longest = longest * 5 / 4;
            let (ended, message) = signalled(&mut run, "KILL", wait);
            resumed += u32::from(message.contains("were merged by an interrupted run"));
            if ended {
                break;
            }
            assert!(!message.contains("error:"), "{message}");
            kills += 1;
        }
        assert_eq!(tree(&site.out("b.zarr")), whole, "{memory}");
        let names = site.written();
        assert!(
            !names.iter().any(|name| name.contains("checkpoint")),
            "{names:?}"
        );
        std::fs::remove_dir_all(site.out("b.zarr")).unwrap();
        std::fs::remove_file(site.out("b.run.json")).unwrap();
    }
    assert!(
        kills > 0 && resumed > 0,
        "{kills} kills, resumed {resumed} times"
    );
}

#[test]
fn an_interrupted_run_keeps_its_granules_and_says_how_to_go_on() {
    let site = Site::new();
    let (granules, _) = soak(&site, 60, 3_000);
    let paths: Vec<_> = granules.iter().map(AsRef::as_ref).collect();
    let folder = site.out("b.zarr.checkpoint");
    let mut wait = 150;
    let message = loop {
        let mut run = site.run_to("b.zarr", "atl03", &paths);
        run.args(["--batch-rows", "20", "--overwrite"]);
        let (ended, message) = signalled(&mut run, "TERM", wait);
        if !ended && folder.exists() {
            break message;
        }
        wait = if ended { wait / 2 } else { wait * 3 / 2 };
    };
    let says = ["of 60 granules are merged and kept in", "--resume"];
    assert!(says.iter().all(|says| message.contains(says)), "{message}");
    // What is kept is told, and left where it is.
    let shown = stdout(&succeed(icefold().arg("inspect").arg(&folder)));
    assert!(
        shown.contains("granules of a run that was interrupted"),
        "{shown}"
    );
    let cleaned = stdout(&succeed(icefold().arg("clean").arg(site.path("out"))));
    assert!(cleaned.contains("b.zarr.checkpoint: kept: "), "{cleaned}");
    assert!(folder.exists());
    let (report, _) = json(
        site.run_to("b.zarr", "atl03", &paths)
            .args(["--resume", "--json"]),
        0,
    );
    assert!(report["granules"]["resumed"].as_u64() > Some(0), "{report}");
    assert_eq!(report["granules"]["done"].as_array().unwrap().len(), 60);
    let again = succeed(site.run_to("b.zarr", "atl03", &paths).arg("--resume"));
    assert!(
        stderr(&again).contains("is whole already"),
        "{}",
        stderr(&again)
    );
}
