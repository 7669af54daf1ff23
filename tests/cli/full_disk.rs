//! Disks that fill up, at every stage: an error, and nothing half-written. A limit on the size of
//! files makes writes fail as a full disk does, whoever runs the tests.

use std::path::Path;
use std::process::{Command, Stdio};

use icefold::demo::{Recipe, write_granules_with};

use super::granules::{one, paths};
use super::{Site, names, refuse};
use crate::support::{icefold, succeed};

/// The command, in a shell that limits files to so many blocks of 512 bytes.
fn limited(command: &Command, blocks: u32) -> Command {
    let mut shell = Command::new("sh");
    let script = format!("ulimit -f {blocks}; exec \"$@\"");
    shell.arg("-c").arg(script).arg("sh");
    shell.arg(command.get_program()).args(command.get_args());
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(key, value),
            None => shell.env_remove(key),
        };
    }
    shell
}

#[test]
fn a_full_disk_leaves_no_store_whichever_write_fails() {
    let site = Site::new();
    let recipe = Recipe {
        granules: 1,
        segments_per_track: 3000,
        seed: 1,
    };
    let made = write_granules_with(&site.path("granules"), &recipe).unwrap();
    let run = site.run("atl03", &one(&made[0]));
    for blocks in [0, 1, 2] {
        let says = ["store ", "a.zarr", "File too large"];
        refuse(&mut limited(&run, blocks), 1, &says);
        assert!(site.written().is_empty(), "{blocks}: {:?}", site.written());
    }
    succeed(&mut limited(&run, 200));
    assert_eq!(site.written(), ["a.run.json", "a.zarr"]);
}

#[test]
fn a_report_that_does_not_fit_leaves_the_whole_store() {
    let site = Site::new();
    // Others each: of two with the same bytes one is left out.
    let granules: [_; 30] = std::array::from_fn(|i| {
        let heights = super::granules::Heights::along(-45.0 - 1e-6 * i as f64, 10);
        site.granule(&format!("{i}.h5"), &[("gt1l", heights)])
    });
    let mut run = site.run("atl03", &paths(&granules));
    // Of granules and ground tracks the report has more than the store; no array of one cell is nearly as long.
    run.arg("--report").arg(site.out("report.json"));
    let says = [
        "a.zarr: is whole, but its run report is missing",
        "report.json",
        "File too large",
    ];
    refuse(&mut limited(&run, 44), 1, &says);
    assert_eq!(site.written(), ["a.zarr"]);
    succeed(icefold().arg("inspect").arg(site.out("a.zarr")));
}

#[test]
fn a_demo_on_a_full_disk_says_so_and_leaves_no_half_granule() {
    let site = Site::new();
    let mut demo = icefold();
    demo.arg("demo").arg("--out").arg(site.out("demo"));
    let output = limited(&demo, 100).output().unwrap();
    let message = crate::support::stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{message}");
    for part in [
        "error: granule ATL03_",
        "cannot write",
        ": File too large; free space",
    ] {
        assert!(message.contains(part), "{message}");
    }
    assert!(!message.contains("panicked") && output.stdout.is_empty());
    assert!(names(&site.out("demo").join("granules")).is_empty());
}

#[test]
fn a_map_that_does_not_fit_leaves_no_half_picture() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    succeed(&mut site.run("atl03", &one(&good)));
    let mut render = icefold();
    render.arg("render").arg(site.out("a.zarr"));
    render.args(["h_mean", "-o"]).arg(site.out("map.png"));
    refuse(
        &mut limited(&render, 2),
        1,
        &["cannot write ", "map.png", "File too large"],
    );
    assert_eq!(site.written(), ["a.run.json", "a.zarr"]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_standard_output_is_an_error_and_a_full_standard_error_is_not() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let full = || {
        std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap()
    };
    let output = site
        .run("atl03", &one(&good))
        .stdout(full())
        .output()
        .unwrap();
    let message = crate::support::stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(
        message.contains("cannot write standard output"),
        "{message}"
    );

    // The same granule twice is worth a warning, which nobody gets.
    let twice: [&Path; 2] = [&good, &good];
    let mut run = site.run_to("b.zarr", "atl03", &twice);
    let status = run.stdout(Stdio::null()).stderr(full()).status();
    assert_eq!(status.unwrap().code(), Some(0));
    let status = icefold().args(["inspect", "none"]).stderr(full()).status();
    assert_eq!(status.unwrap().code(), Some(1));
}
