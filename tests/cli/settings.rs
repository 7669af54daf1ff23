//! Where settings come from, what a dry run says, and what goes to which stream.

use super::granules::one;
use super::{Site, json};
use crate::support::{icefold, stderr, stdout, succeed};

/// The line of `--explain` about one key.
fn line<'a>(text: &'a str, key: &str) -> Vec<&'a str> {
    let mut lines = text.lines().map(|line| line.split_whitespace().collect());
    let found = lines.find(|words: &Vec<&str>| words.first() == Some(&key));
    found.unwrap_or_else(|| panic!("no {key} in\n{text}"))
}

#[test]
fn explain_says_where_every_setting_comes_from() {
    let site = Site::new();
    let config = site.atl03_with("output:\n", "store: in_config.zarr\noutput:\n  nan: skip\n");
    let mut command = icefold();
    command
        .arg("run")
        .arg(&config)
        .args(["--explain", "--batch-rows", "77"]);
    let text = stdout(&succeed(command.env("ICEFOLD_THREADS", "3")));
    assert_eq!(line(&text, "threads"), ["threads", "3", "environment"]);
    assert_eq!(
        line(&text, "batch_rows"),
        ["batch_rows", "77", "command", "line"]
    );
    assert_eq!(line(&text, "store")[2], "config", "{text}");
    assert_eq!(line(&text, "output.nan"), ["output.nan", "skip", "config"]);
    assert_eq!(
        line(&text, "output.nulls"),
        ["output.nulls", "exclude", "default"]
    );
    assert_eq!(line(&text, "mode"), ["mode", "strict", "default"]);
    // The command line wins over the environment, both over the config.
    command.args(["--threads", "2", "--store", "flag.zarr"]);
    let text = stdout(&succeed(&mut command));
    assert_eq!(line(&text, "threads"), ["threads", "2", "command", "line"]);
    assert_eq!(
        line(&text, "store"),
        ["store", "flag.zarr", "command", "line"]
    );

    let (settings, _) = json(command.arg("--json"), 0);
    assert_eq!(settings["threads"]["value"], "2");
    assert_eq!(settings["threads"]["origin"], "command line");
    assert_eq!(settings["output.nan"]["origin"], "config");
}

#[test]
fn a_dry_run_tells_what_would_be_done_and_writes_nothing() {
    let site = Site::new();
    let (good, bad) = (site.good("a.h5", -45.0), site.text("bad.h5"));
    let output = succeed(site.run("atl03", &one(&good)).arg("--dry-run"));
    for part in [
        "1 granule to read",
        "float32  /{group}/heights/h_ph",
        "h_median",
        "nothing",
    ] {
        assert!(stdout(&output).contains(part), "{}", stdout(&output));
    }
    let mut command = site.run("atl03", &[&good, &bad]);
    let (plan, _) = json(command.args(["--dry-run", "--json", "--tolerant"]), 3);
    assert_eq!(plan["cell_order"], 12);
    assert_eq!(plan["granules"].as_array().unwrap().len(), 1);
    assert_eq!(plan["failed"][0]["granule"], "bad.h5");
    let arrays = plan["arrays"].as_array().unwrap();
    assert!(
        arrays
            .iter()
            .any(|array| array["name"] == "h_mean" && array["dtype"] == "float32")
    );
    assert!(site.written().is_empty());
}

#[test]
fn results_go_to_standard_output_without_escape_codes() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    for quiet in [false, true] {
        let mut command = site.run("atl03", &[&good, &good]);
        command.arg("--overwrite");
        if quiet {
            command.env("NO_COLOR", "1");
        }
        let output = succeed(&mut command);
        let (out, err) = (stdout(&output), stderr(&output));
        assert!(
            out.contains("photons          3,000 read") && !out.contains("warning"),
            "{out}"
        );
        assert!(
            err.starts_with("warning: ") && err.lines().count() == 1,
            "{err}"
        );
        assert!(!(out + &err).contains(['\x1b', '\r']));
    }
    let usage = icefold().arg("rum").env("NO_COLOR", "1").output().unwrap();
    assert!(!stderr(&usage).contains('\x1b'));
}
