//! What runs leave that are killed, and how it goes away.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::granules::{Heights, one};
use super::{Site, json, names};
use crate::support::{icefold, stderr, stdout, succeed};

fn signal(child: &Child, name: &str) {
    let status = Command::new("sh")
        .args(["-c", &format!("kill -{name} {}", child.id())])
        .status();
    assert!(status.unwrap().success());
}

/// A run that takes long, and spills from its first batch on, until it has something on disk.
#[expect(clippy::zombie_processes, reason = "whoever asks for it waits for it")]
fn at_work(site: &Site, store: &str) -> Child {
    let long = site.granule("long.h5", &[("gt1l", Heights::along(-45.0, 190_000))]);
    let mut run = site.run_to(store, "atl03", &one(&long));
    run.args(["--batch-rows", "1", "--partials-memory", "1"]);
    let child = run
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let spill = format!(".{store}.spill-");
    let begun = || site.written().iter().any(|name| name.starts_with(&spill));
    for _ in 0..400 {
        if begun() {
            return child;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    panic!("the run does not spill: {:?}", site.written());
}

#[test]
fn the_next_run_removes_what_a_killed_one_left_and_says_so() {
    let site = Site::new();
    for _ in 0..2 {
        let mut child = at_work(&site, "a.zarr");
        // While it is alive, everything is its own.
        succeed(icefold().arg("clean").arg(site.path("out")));
        assert!(child.try_wait().unwrap().is_none());
        assert!(site.written().len() > 1, "{:?}", site.written());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(site.written().len() > 1, "{:?}", site.written());
        let good = site.good("a.h5", -45.0);
        let output = succeed(site.run("atl03", &one(&good)).arg("--overwrite"));
        let message = stderr(&output);
        assert!(
            message.contains(".a.zarr.spill-") && message.contains(", which a killed run left"),
            "{message}"
        );
        assert_eq!(site.written(), ["a.run.json", "a.zarr"]);
        std::fs::remove_dir_all(site.out("a.zarr")).unwrap();
        std::fs::remove_file(site.out("a.run.json")).unwrap();
    }
}

#[test]
fn clean_shows_and_removes_leftovers_and_nothing_else() {
    let site = Site::new();
    let mut child = at_work(&site, "a.zarr");
    child.kill().unwrap();
    child.wait().unwrap();
    let mine = [
        ".bashrc",
        ".a.zarr.partial",
        ".a.zarr.spill-x",
        "a-1-2-3",
        ".other.lock",
    ];
    for name in mine {
        std::fs::write(site.out(name), "mine").unwrap();
    }
    let elsewhere = ".a.zarr.partial-some-node-7-18b0-1";
    std::fs::create_dir(site.out(elsewhere)).unwrap();
    let clean = || {
        let mut clean = icefold();
        clean.arg("clean").arg(site.path("out"));
        clean
    };
    let before = site.written();
    let shown = stdout(&succeed(clean().arg("--dry-run")));
    assert!(
        shown.contains("would be removed: its run is gone"),
        "{shown}"
    );
    assert!(shown.contains("left alone: made on some-node"), "{shown}");
    assert_eq!(site.written(), before);
    let (found, _) = json(clean().arg("--json"), 0);
    assert!(found["leftovers"].as_array().unwrap().len() >= 2, "{found}");
    let mut left: Vec<&str> = mine.to_vec();
    left.push(elsewhere);
    left.sort_unstable();
    assert_eq!(site.written(), left);
    std::fs::remove_dir(site.out(elsewhere)).unwrap();
    let said = stdout(&succeed(&mut clean()));
    assert!(said.contains("nothing is left of killed runs"), "{said}");
    // By a store's name, only what is beside that.
    let mut child = at_work(&site, "b.zarr");
    child.kill().unwrap();
    child.wait().unwrap();
    succeed(icefold().arg("clean").arg(site.out("a.zarr")));
    assert!(
        site.written()
            .iter()
            .any(|name| name.starts_with(".b.zarr.spill-"))
    );
    succeed(icefold().arg("clean").arg(site.out("b.zarr")));
    assert!(
        !site
            .written()
            .iter()
            .any(|name| name.starts_with(".b.zarr"))
    );
}

/// Whether this process ignores a signal, and with it the runs that it starts.
#[cfg(target_os = "linux")]
fn is_ignored(name: &str) -> bool {
    let number = match name {
        "HUP" => 1,
        "USR1" => 10,
        "USR2" => 12,
        _ => return false,
    };
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let mask = status.lines().find_map(|l| l.strip_prefix("SigIgn:"));
    let mask = u64::from_str_radix(mask.unwrap().trim(), 16).unwrap();
    mask >> (number - 1) & 1 == 1
}

#[cfg(target_os = "linux")]
#[test]
fn every_signal_that_asks_a_run_to_end_leaves_nothing() {
    let site = Site::new();
    for name in ["INT", "TERM", "HUP", "XCPU", "USR1", "USR2", "ALRM"] {
        // What the tests ignore, as under nohup, their runs ignore too.
        if is_ignored(name) {
            continue;
        }
        let child = at_work(&site, "a.zarr");
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(130), "{name}: {message}");
        assert!(
            message.contains("interrupted; nothing was written"),
            "{name}: {message}"
        );
        assert!(site.written().is_empty(), "{name}: {:?}", site.written());
    }
}

#[test]
fn a_second_signal_ends_a_run_at_once_and_still_leaves_nothing() {
    let site = Site::new();
    for _ in 0..5 {
        let child = at_work(&site, "a.zarr");
        let twice = format!("kill -INT {0}; kill -TERM {0}", child.id());
        assert!(
            Command::new("sh")
                .args(["-c", &twice])
                .status()
                .unwrap()
                .success()
        );
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
        let left = site.written().into_iter();
        let left: Vec<String> = left
            .filter(|name| name.strip_suffix(".lock").is_none())
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_that_is_to_ignore_hang_ups_goes_on() {
    let site = Site::new();
    let good = site.granule("a.h5", &[("gt1l", Heights::along(-45.0, 20_000))]);
    let run = site.run("atl03", &one(&good));
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' HUP; exec \"$@\"", "sh"]);
    shell.arg(run.get_program()).args(run.get_args());
    shell.args(["--batch-rows", "1"]);
    let child = shell
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(150));
    signal(&child, "HUP");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(names(&site.path("out")), ["a.run.json", "a.zarr"]);
}
