//! Every verb explains itself; pipes, completions and versions.

use std::io::Read;
use std::process::Stdio;

use super::granules::{Heights, one};
use super::{Site, json, refuse};
use crate::support::{icefold, stderr, stdout, succeed};

const VERBS: [&str; 11] = [
    "devices",
    "demo",
    "run",
    "index",
    "plan",
    "inspect",
    "render",
    "verify",
    "config",
    "schema",
    "completions",
];

/// What the tests' build has.
const ALL: &str = "cli, cloud, cuda, hdf5, parquet, picture, wgpu";

#[test]
fn every_verb_explains_itself() {
    let help = stdout(&succeed(icefold().arg("--help")));
    for verb in VERBS {
        assert!(help.contains(&format!("\n  {verb}")), "{help}");
        let own = succeed(icefold().args([verb, "--help"]));
        assert!(stdout(&own).contains(&format!("Usage: icefold {verb}")));
        assert!(stderr(&own).is_empty());
    }
    assert!(help.contains("Exit codes: 0 ok"), "{help}");
    let short = concat!("icefold ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(stdout(&succeed(icefold().arg("-V"))), short);
    let long = format!("{short}features: {ALL}\n");
    assert_eq!(stdout(&succeed(icefold().arg("--version"))), long);
    assert_eq!(icefold().output().unwrap().status.code(), Some(2));
}

#[test]
fn completions_know_the_verbs_and_flags() {
    for shell in ["bash", "zsh", "fish"] {
        let text = stdout(&succeed(icefold().args(["completions", shell])));
        for word in VERBS.iter().chain(&["batch-rows", "overwrite"]) {
            assert!(text.contains(word), "{shell}: no {word}");
        }
    }
}

#[test]
fn a_granule_is_inspected_for_people_and_programs() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let text = stdout(&succeed(icefold().arg("inspect").arg(&good)));
    assert!(text.contains("a.h5") && text.contains("h_ph"), "{text}");
    let (found, _) = json(icefold().args(["inspect", "--json"]).arg(&good), 0);
    assert_eq!(found["granule"], "a.h5");
    assert_eq!(found["ground_tracks"][0]["name"], "gt1l");
}

#[test]
fn inspecting_with_a_config_tells_what_a_run_would_read() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let with = |config: &str| {
        let mut command = icefold();
        command.arg("inspect").arg(&good).args(["--config", config]);
        command
    };
    let (found, _) = json(with("atl03").arg("--json"), 0);
    let cost = &found["cost"];
    let (report, _) = json(site.run("atl03", &one(&good)).arg("--json"), 0);
    assert_eq!(cost["photons"], report["photons"]["read"]);
    assert_eq!(
        cost["total"]["granule_bytes"].as_u64().unwrap(),
        std::fs::metadata(&good).unwrap().len()
    );
    let paths: Vec<&str> = cost["datasets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|dataset| dataset["path"].as_str().unwrap())
        .collect();
    let needed = ["h_ph", "lat_ph", "lon_ph", "signal_conf_ph"];
    assert_eq!(
        paths,
        needed.map(|name| format!("/{{group}}/heights/{name}"))
    );
    let text = stdout(&succeed(&mut with("atl03")));
    assert!(text.contains("config atl03 reads"), "{text}");
    let says = [
        "config atl06: does not fit granule a.h5: it reads /gt1l/land_ice_segments, and gt1l holds \
         heights;",
        "use a config for the product",
    ];
    refuse(with("atl06").arg("--json"), 2, &says);
    refuse(&mut with("atl06"), 2, &says);
    // A granule of the product in which nothing was seen is one all the same.
    let empty = site.granule("empty.h5", &[("gt1l", Heights::along(-45.0, 0))]);
    let mut of_empty = icefold();
    of_empty
        .arg("inspect")
        .arg(&empty)
        .args(["--config", "atl03"]);
    let text = stdout(&succeed(&mut of_empty));
    assert!(
        text.contains("nothing: its ground tracks are empty, or not there"),
        "{text}"
    );
    let store = site.out("a.zarr");
    let mut of_store = icefold();
    of_store
        .arg("inspect")
        .arg(&store)
        .args(["--config", "atl03"]);
    refuse(&mut of_store, 2, &["--config", "a.zarr"]);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    succeed(&mut site.run("atl03", &one(&good)));
    let mut inspect = icefold();
    inspect.args(["inspect", "--json"]).arg(site.out("a.zarr"));
    let mut run = site.run_to("b.zarr", "atl03", &[&good, &good]);
    for command in [
        &mut inspect,
        icefold().args(["completions", "zsh"]),
        &mut run,
    ] {
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        drop(child.stdout.take());
        let mut message = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut message)
            .unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{message}");
        assert!(!message.contains("panicked"), "{message}");
    }
    // Nor is one of standard error, which gets the warning.
    let mut run = site.run_to("c.zarr", "atl03", &[&good, &good]);
    let mut child = run
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn the_schemas_of_the_formats_are_printed() {
    for (format, schema) in [
        ("config", icefold::config::json_schema()),
        ("plan", icefold::plan::json_schema()),
        ("report", icefold::report::json_schema()),
    ] {
        assert_eq!(json(icefold().args(["schema", format]), 0).0, schema);
    }
}
