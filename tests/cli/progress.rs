//! Progress on standard error: a bar on a terminal, lines where asked for, else nothing.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::granules::{Heights, one};
use super::{Site, json};
use crate::support::{python, stderr, stdout, succeed};

const TERMINAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/in_terminal.py");

fn two(site: &Site) -> [PathBuf; 2] {
    [site.good("a.h5", -45.0), site.good("b.h5", -30.0)]
}

/// The lines of progress, without what begins them all.
fn lines(text: &str) -> Vec<&str> {
    let lines = text.lines();
    lines
        .filter_map(|line| line.strip_prefix("progress: "))
        .collect()
}

#[test]
fn nothing_is_shown_off_a_terminal() {
    let site = Site::new();
    let [a, b] = two(&site);
    let output = succeed(&mut site.run("atl03", &[&a, &b]));
    assert_eq!(stderr(&output), "");
}

#[test]
fn lines_are_shown_where_asked_for_and_the_last_has_everything() {
    let site = Site::new();
    let [a, b] = two(&site);
    let bytes = [&a, &b].map(|path| std::fs::metadata(path).unwrap().len());
    let kilobytes = format!("{:.1} kB", bytes.iter().sum::<u64>() as f64 / 1e3);
    let mut run = site.run("atl03", &[&a, &b]);
    let (report, said) = json(run.args(["--json", "--progress", "plain"]), 0);
    assert_eq!(report["photons"]["read"], 6000);
    let said = lines(&said);
    let last = said.last().unwrap();
    let begins = format!("2 of 2 granules, {kilobytes} of {kilobytes}, 6,000 photons, ");
    assert!(last.starts_with(&begins), "{last}");
    assert!(last.contains(" photons/s, ") && last.contains("kB/s") || last.contains("MB/s"));
    assert!(!last.contains("left"), "{last}");
    assert!(
        last.ends_with(" resident") || cfg!(not(target_os = "linux")),
        "{last}"
    );
    // The environment asks, a flag wins.
    let mut run = site.run_to("b.zarr", "atl03", &[&a, &b]);
    let output = succeed(run.env("ICEFOLD_PROGRESS", "plain"));
    assert!(
        lines(&stderr(&output))
            .last()
            .unwrap()
            .starts_with("2 of 2")
    );
    let mut run = site.run_to("c.zarr", "atl03", &[&a, &b]);
    run.env("ICEFOLD_PROGRESS", "plain")
        .args(["--progress", "none"]);
    assert_eq!(stderr(&succeed(&mut run)), "");
}

#[test]
fn a_long_run_tells_how_far_it_is_before_it_ends() {
    let site = Site::new();
    // One photon a batch is work for longer than the time between two lines.
    let long = site.granule("a.h5", &[("gt1l", Heights::along(-45.0, 190_000))]);
    let mut run = site.run("atl03", &one(&long));
    run.args(["--batch-rows", "1", "--progress", "plain"]);
    let mut child = run
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut said, &mut line).unwrap();
    let _ = child.kill();
    child.wait().unwrap();
    let said = lines(&line);
    assert!(said[0].starts_with("0 of 1 granules, "), "{line}");
    assert!(
        said[0].contains(" photons/s, ") && said[0].contains(" left"),
        "{line}"
    );
}

#[test]
fn a_granule_that_is_left_out_is_done_with() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let bad = site.damaged("b.h5");
    let mut run = site.run("atl03", &[&good, &bad]);
    let (_, said) = json(run.args(["--tolerant", "--json", "--progress", "plain"]), 3);
    let said = lines(&said);
    assert!(
        said.last().unwrap().starts_with("2 of 2 granules, "),
        "{said:?}"
    );
}

/// What a terminal of 160 columns gets from a run, all streams together.
fn on_terminal(site: &Site, store: &str, granules: &[&Path], no_color: bool) -> String {
    let run = site.run_to(store, "atl03", granules);
    let mut terminal = python();
    terminal
        .arg(TERMINAL)
        .arg(run.get_program())
        .args(run.get_args());
    terminal
        .env("TERM", "xterm-256color")
        .env_remove("NO_COLOR");
    if no_color {
        terminal.env("NO_COLOR", "1");
    }
    terminal.env_remove("ICEFOLD_PROGRESS").stdin(Stdio::null());
    stdout(&succeed(&mut terminal))
}

#[test]
#[cfg(unix)]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn a_terminal_gets_a_bar_and_colour_unless_it_wants_none() {
    let site = Site::new();
    let [a, b] = two(&site);
    let seen = on_terminal(&site, "a.zarr", &[&a, &b], false);
    assert!(
        seen.contains("of 2 granules, ") && seen.contains("photons/s"),
        "{seen:?}"
    );
    assert!(seen.contains("\u{1b}[34m"), "{seen:?}");
    assert!(!seen.contains("progress: "), "{seen:?}");
    let seen = on_terminal(&site, "b.zarr", &[&a, &b], true);
    assert!(seen.contains("of 2 granules, "), "{seen:?}");
    assert!(!seen.contains("\u{1b}[3"), "{seen:?}");
}
