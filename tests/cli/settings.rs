//! Where settings come from, what a dry run says, and what goes to which stream.

use super::granules::{one, paths};
use super::{Site, json, refuse};
use crate::support::site::keys;
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

#[test]
fn tolerance_comes_from_the_environment_and_strict_wins() {
    let site = Site::new();
    let (good, bad) = (site.good("a.h5", -45.0), site.text("bad.h5"));
    for (value, code) in [("1", 3), ("true", 3), ("0", 1), ("no", 1)] {
        let mut command = site.run("atl03", &[&good, &bad]);
        command.env("ICEFOLD_TOLERANT", value).arg("--overwrite");
        assert_eq!(
            command.output().unwrap().status.code(),
            Some(code),
            "{value}"
        );
    }
    let mut command = site.run("atl03", &[&good, &bad]);
    command
        .env("ICEFOLD_TOLERANT", "1")
        .args(["--overwrite", "--strict"]);
    refuse(&mut command, 1, &["bad.h5"]);
    let both = command.arg("--tolerant");
    refuse(both, 2, &["--strict and --tolerant exclude each other"]);
}

#[test]
fn a_dry_run_and_an_explanation_name_the_overviews() {
    let site = Site::new();
    let a = site.good("a.h5", -45.0);
    let mut run = site.run("atl03", &one(&a));
    let text = stdout(&succeed(run.args(["--overviews", "11..9", "--dry-run"])));
    assert!(text.contains("overviews of orders 11, 10, 9\n"), "{text}");
    let mut run = site.run("atl03", &one(&a));
    let text = stdout(&succeed(run.args(["--overviews", "11..9", "--explain"])));
    let line = text.lines().find(|line| line.starts_with("overviews"));
    assert!(
        line.is_some_and(|line| line.contains("11..9") && line.contains("command line")),
        "{text}"
    );
}

#[test]
fn a_dry_run_over_a_map_says_which_shards() {
    let site = Site::new();
    let granules = site.three();
    succeed(&mut site.plan("atl03", &paths(&granules)));
    let mut command = site.run_plan("a.zarr");
    command.args(["--shards", "0..2", "--dry-run"]);
    let text = stdout(&succeed(&mut command));
    let shards = keys(&site.map()).len();
    assert!(
        text.contains(&format!("to read, shards 0..2 of {shards} in ")),
        "{text}"
    );
    let (found, _) = json(command.arg("--json"), 0);
    assert_eq!(found["plan"]["shards"], "0..2");
    assert!(site.written().is_empty());
}

#[test]
fn the_catalog_of_a_config_is_its_map_unless_the_command_line_says_otherwise() {
    let site = Site::new();
    let (granules, _) = site.mapped("atl03");
    let catalog = format!("catalog: {}\noutput:", site.path("map.json").display());
    let config = site.atl03_with("output:", &catalog);
    let read = |run: &mut std::process::Command| {
        let (report, message) = json(run.args(["--json", "--overwrite"]), 0);
        (
            report["granules"]["done"].as_array().unwrap().len(),
            message,
        )
    };
    assert_eq!(read(&mut site.run(&config, &[])), (3, String::new()));
    let (granules, message) = read(&mut site.run(&config, &one(&granules[1])));
    assert!(
        granules == 1 && message.contains("is not used"),
        "{message}"
    );
    std::fs::rename(site.path("map.json"), site.path("other.json")).unwrap();
    let mut run = site.run(&config, &[]);
    run.arg("--plan").arg(site.path("other.json"));
    assert_eq!(read(&mut run).0, 3);
    let text = stdout(&succeed(site.run_plan("d.zarr").arg("--explain")));
    assert!(
        text.contains("catalog") && text.contains("command line"),
        "{text}"
    );
}
