//! `scripts/bench-device` from end to end on the stand-in for NVIDIA's driver: what it writes, whatever
//! ends it, and that it calls nothing a result that is none.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::Site;
use crate::kernels::stand_in::with_stand_in;
use crate::support::{python, stderr, stdout};

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/bench-device")
}

/// The script with sizes that an emulation bears, and these settings of the stand-in.
fn bench(site: &Site, settings: &str, arguments: &[&str]) -> Command {
    let mut command = python();
    command.arg(script()).arg("--small");
    command.args(["--binary", env!("CARGO_BIN_EXE_icefold"), "--suite"]);
    command.arg(std::env::current_exe().unwrap());
    command.arg("--out").arg(site.out("bench"));
    command.args(["--seconds", "3000"]).args(arguments);
    with_stand_in(&mut command, settings);
    command
}

/// What a call that ends with this code says.
#[track_caller]
fn ends(mut command: Command, code: i32) -> String {
    let output = command.output().unwrap();
    let said = stdout(&output) + &stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    said
}

fn text(site: &Site, name: &str) -> String {
    std::fs::read_to_string(site.out("bench").join(name)).unwrap_or_default()
}

/// The facts that are whole.
fn facts(site: &Site) -> Vec<Value> {
    text(site, "lines.jsonl")
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// What was said of a fact in a step.
fn values<'a>(facts: &'a [Value], step: &str, fact: &str) -> Vec<&'a Value> {
    let is = |line: &&Value| line["step"] == step && line["fact"] == fact;
    facts.iter().filter(is).map(|line| &line["value"]).collect()
}

/// How each step ended, as often as it did.
fn outcomes(facts: &[Value]) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::<String, Vec<String>>::new();
    for line in facts.iter().filter(|line| line["fact"] == "end") {
        let step = line["step"].as_str().unwrap().to_owned();
        let outcome = line["value"]["outcome"].as_str().unwrap();
        all.entry(step).or_default().push(outcome.to_owned());
    }
    all
}

/// Everything that was measured, by the names that hold it.
fn measured(value: &Value) -> Vec<&Value> {
    const NAMES: [&str; 5] = [
        "seconds",
        "photons_per_s",
        "kernel_seconds",
        "stages",
        "metrics",
    ];
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| {
                if NAMES.contains(&&**name) {
                    vec![value]
                } else {
                    measured(value)
                }
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(measured).collect(),
        _ => Vec::new(),
    }
}

/// Arrays that the host copies once more, and such that the device reads where they are: as long as 64 KiB there.
fn columns_reach_the_device_in_both_ways(facts: &[Value]) {
    let folds = values(facts, "end-to-end-large", "bits");
    let ways = folds.iter().map(|fold| {
        let of = |name: &str| fold[name].as_str().unwrap();
        (
            of("columns"),
            of("results"),
            fold["in_place_bytes"].as_u64().unwrap(),
        )
    });
    let positions = 2 * 8 * folds[0]["photons"].as_u64().unwrap();
    let expected = [
        ("staged", "mapped", 0),
        ("staged", "copied", 0),
        ("pinned", "mapped", positions),
    ];
    assert_eq!(ways.collect::<Vec<_>>(), expected);
    assert_eq!(values(facts, "end-to-end", "fold_in_place").len(), 1);
    let runs = values(facts, "run", "time");
    let devices: Vec<_> = runs
        .iter()
        .map(|run| run["device"].as_str().unwrap())
        .collect();
    assert_eq!(
        devices,
        ["cpu", "cuda", "cuda, batches", "cuda, staged", "auto"]
    );
    // What auto took, and what it reckoned with; of an emulation without what anything took.
    let auto = values(facts, "run", "auto");
    assert_eq!(auto[0]["took"], "cpu");
    assert!(auto[0]["by"]["cpu_seconds"]["total"].as_f64().unwrap() > 0.0);
    assert!(auto[0]["seconds"].is_null());
    let expected = values(facts, "line", "expected");
    let of = |device: &str| {
        expected
            .iter()
            .find(|value| value["device"] == device)
            .unwrap()
    };
    assert!(of("cpu")["expected_seconds"].as_f64().unwrap() > 0.0);
    assert!(of("cpu")["seconds"].is_null());
    // Of several devices at a time nothing is reckoned.
    assert!(of("cuda:all")["expected_seconds"].is_null(), "{expected:?}");
}

/// Each way from the page cache and from disk, the CPU beside it: all photons by the device where it decodes.
fn granules_reach_the_device_as_they_are_stored(facts: &[Value]) {
    let times = values(facts, "line", "time");
    for config in ["atl03", "means"] {
        for (device, from, decodes) in [
            ("cuda", "page cache", true),
            ("cuda, batches", "page cache", false),
            ("cpu, beside cuda", "page cache", false),
            ("cpu, beside cuda", "disk", false),
            ("cuda", "disk", false),
        ] {
            let is = |time: &&&Value| {
                time["config"] == config && time["device"] == device && time["from"] == from
            };
            let time = times.iter().find(is).unwrap();
            let there = time["stretches"]["photons"].as_u64().unwrap_or(0);
            assert_eq!(there == time["photons"], decodes, "{time}");
        }
    }
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn an_emulation_goes_through_all_of_it_and_no_rate_is_a_result() {
    let site = Site::new();
    let settings = "devices=2,memory=64M";
    ends(bench(&site, settings, &["--device", "cuda:all"]), 6);
    let facts = facts(&site);
    let outcomes = outcomes(&facts);
    assert_eq!(outcomes.len(), 23, "{outcomes:?}");
    let no_device_needed = [
        "cub",
        "nvcomp",
        "ncu",
        "ncu-line",
        "cupy",
        "torch",
        "wgpu",
        "memcheck",
        "racecheck",
    ];
    for (step, outcome) in &outcomes {
        assert_eq!(outcome.len(), 1, "{step}");
        let may_be_left_out = no_device_needed.contains(&step.as_str());
        let well = outcome[0] == "done" || may_be_left_out && outcome[0] == "left out";
        assert!(well, "{step}: {outcome:?}\n{}", text(&site, "log.txt"));
    }
    let bits: Vec<&Value> = facts.iter().filter(|line| line["fact"] == "bits").collect();
    assert!(
        bits.iter().all(|line| line["value"]["same"] == true),
        "{bits:?}"
    );
    for step in [
        "parity",
        "resident",
        "resident-large",
        "sort",
        "inflate",
        "line",
        "locate",
        "end-to-end",
        "run",
    ] {
        assert!(bits.iter().any(|line| line["step"] == *step), "{step}");
    }
    columns_reach_the_device_in_both_ways(&facts);
    granules_reach_the_device_as_they_are_stored(&facts);
    let located = values(&facts, "locate", "located");
    assert_eq!(located.last().unwrap()["positions"], 20_000);
    assert_eq!(values(&facts, "ceilings", "copy").len(), 8);
    // What has no runs is timed by the stages alone.
    let in_runs: Vec<&Value> = (bits.iter())
        .filter(|line| line["step"] == "resident" && line["value"]["in_runs"] == true)
        .filter(|line| line["value"]["launching"] == "single")
        .map(|line| &line["value"]["workload"])
        .collect();
    assert!(
        in_runs.iter().any(|workload| *workload == "along-track"),
        "{in_runs:?}"
    );
    for fact in ["from_keys", "from_coordinates", "from_keys_read_back"] {
        for (way, workloads) in [
            ("", in_runs.len()),
            ("_by_graph", in_runs.len()),
            ("_by_stages", 3),
        ] {
            let fact = format!("{fact}{way}");
            assert_eq!(values(&facts, "resident", &fact).len(), workloads, "{fact}");
        }
    }
    let kernels = values(&facts, "sort", "kernels");
    for (way, kernel) in kernels.iter().zip(["sweep", "sort"]) {
        assert!(way["launches"][kernel].as_u64() > Some(0), "{kernels:?}");
    }
    let tests = values(&facts, "suite", "test");
    assert!(!tests.is_empty() && tests.iter().all(|test| test["passed"] == true));
    assert_eq!(facts.iter().flat_map(measured).count(), 0);
    let table = text(&site, "record.md");
    let why = "Nothing here is a result: the device is an emulation";
    assert!(table.contains(why), "{table}");
    assert!(table.contains("| along-track | 4096 |"), "{table}");
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn what_differs_has_no_rate_and_the_rest_goes_on() {
    let site = Site::new();
    let chosen = ["--only", "parity,resident,sort,locate"];
    ends(bench(&site, "spoils=locate,memory=64M", &chosen), 4);
    let facts = facts(&site);
    let outcomes = outcomes(&facts);
    for step in ["parity", "resident", "locate"] {
        assert_eq!(outcomes[step], ["differs"], "{step}");
        let differs = |value: &&Value| value["same"] == false;
        assert!(values(&facts, step, "bits").iter().any(differs), "{step}");
    }
    // Every workload was still looked at, and none of them timed.
    assert_eq!(values(&facts, "parity", "compared").len(), 4);
    assert_eq!(values(&facts, "resident", "bits").len(), 9);
    assert!(values(&facts, "resident", "from_keys").is_empty());
    let positions = values(&facts, "locate", "bits");
    assert_eq!(positions[0]["differ"], 1, "{positions:?}");
    assert!(positions[0]["first"]["lon"].is_f64(), "{positions:?}");
    // A sort locates nothing.
    assert_eq!(outcomes["sort"], ["done"]);
    assert_eq!(values(&facts, "sort", "sort").len(), 1);
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn calls_that_are_killed_at_any_moment_lose_nothing_and_the_next_goes_on() {
    let site = Site::new();
    let steps = ["ceilings", "sort", "resident", "end-to-end", "locate"];
    let chosen = ["--only", &steps.join(",")];
    let (mut before, mut moment) = (String::new(), 0x9e37u64);
    for _ in 0..8 {
        let mut call = bench(&site, "memory=64M", &chosen).spawn().unwrap();
        moment = moment
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        std::thread::sleep(Duration::from_millis(200 + (moment >> 33) % 3000));
        call.kill().unwrap();
        call.wait().unwrap();
        let after = text(&site, "lines.jsonl");
        assert!(after.starts_with(&before), "{before}\n{after}");
        before = after;
    }
    // Half a line, as a machine leaves it that loses its power.
    let file = site.out("bench").join("lines.jsonl");
    before.push_str("{\"time\": 17");
    std::fs::write(file, &before).unwrap();
    ends(bench(&site, "memory=64M", &chosen), 6);
    assert!(text(&site, "lines.jsonl").starts_with(&before));
    let facts = facts(&site);
    for (step, outcome) in outcomes(&facts) {
        let is_about_the_machine = ["machine", "devices"].contains(&step.as_str());
        assert!(
            is_about_the_machine || outcome == ["done"],
            "{step}: {outcome:?}"
        );
    }
    for step in steps {
        assert_eq!(values(&facts, step, "end").len(), 1, "{step}");
    }
    // All is said: nothing is begun again.
    let begun = |site: &Site| text(site, "lines.jsonl").matches("\"begin\"").count();
    let so_far = begun(&site);
    ends(bench(&site, "memory=64M", &chosen), 6);
    assert_eq!(begun(&site), so_far + 3);
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn a_kernel_that_never_ends_and_one_that_fails_lose_their_step_only() {
    let site = Site::new();
    let chosen = ["--only", "sort,resident,ceilings", "--limit", "20"];
    ends(
        bench(&site, "hangs=sweep,launch_fails=30,memory=64M", &chosen),
        6,
    );
    let facts = facts(&site);
    let outcomes = outcomes(&facts);
    assert_eq!(outcomes["sort"], ["out of time"]);
    assert_eq!(outcomes["resident"], ["failed"]);
    assert_eq!(outcomes["ceilings"], ["done"]);
    let error = values(&facts, "resident", "error");
    let said = error[0]["message"].as_str().unwrap();
    assert!(said.contains("illegal memory access"), "{said}");
    let table = text(&site, "record.md");
    assert!(table.contains("| sort | out of time |"), "{table}");
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn without_a_device_it_says_why_and_a_later_call_finds_one() {
    let site = Site::new();
    let chosen = ["--only", "ceilings"];
    let said = ends(bench(&site, "devices=0", &chosen), 5);
    assert!(said.contains("the NVIDIA driver finds no device"), "{said}");
    ends(bench(&site, "memory=64M", &chosen), 6);
    assert_eq!(outcomes(&facts(&site))["ceilings"], ["done"]);
    let said = ends(bench(&site, "", &["--only", "celings"]), 2);
    assert!(said.contains("there is no step 'celings'"), "{said}");
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn a_pack_has_all_that_a_call_needs() {
    let site = Site::new();
    let packed = site.path("packed");
    let mut pack = python();
    // Programs of the system: those of a test build take minutes to compress.
    pack.arg(script()).arg("--pack").arg(&packed);
    pack.args(["--binary", "/bin/ls", "--suite", "/bin/cat"]);
    let said = ends(pack, 0);
    assert!(said.contains("in all; needs glibc 2."), "{said}");
    let mut table = python();
    std::fs::create_dir_all(site.out("bench")).unwrap();
    let line = r#"{"time": 1.0, "step": "machine", "fact": "host", "value": {"cores": 77}}"#;
    std::fs::write(site.out("bench").join("lines.jsonl"), line).unwrap();
    table.arg(packed.join("bench-device"));
    table.arg("--out").arg(site.out("bench"));
    ends(
        {
            table.arg("--table").arg(site.path("t.md"));
            table
        },
        0,
    );
    let text = std::fs::read_to_string(site.path("t.md")).unwrap();
    assert!(text.contains("77 cores"), "{text}");
    for name in ["icefold.xz", "suite.xz", "device/cub_sort.cu", "pack.json"] {
        assert!(packed.join(name).is_file(), "{name}");
    }
    let mut again = python();
    again.arg(script()).arg("--pack").arg(site.path("out"));
    again.args(["--binary", "/bin/ls", "--suite", "/bin/cat"]);
    let said = ends(again, 1);
    assert!(said.contains("has files that are not of a pack"), "{said}");
}
