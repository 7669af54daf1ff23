//! `aggregate`: a question as flags; its answer written, repeated and timed.

use std::path::Path;
use std::process::Command;

use icefold::arrays::npy;

use super::{Site, json, refuse};
use crate::support::tables::points;
use crate::support::{icefold, stderr, stdout, succeed};

fn aggregate(input: &Path, repeats: usize) -> Command {
    let mut command = icefold();
    command.args(["aggregate", "--cell-order", "12", "--threads", "2"]);
    command.arg("--repeat").arg(repeats.to_string());
    command.arg("--input").arg(input);
    command
}

/// Photons as plain arrays in a folder.
fn folder(site: &Site) -> std::path::PathBuf {
    let folder = site.folder("arrays");
    let rows = points();
    let column = |name: &str, values: Vec<f64>| npy::write(&folder.join(name), &values).unwrap();
    column("lon.npy", rows.iter().map(|row| row.lon).collect());
    column("lat.npy", rows.iter().map(|row| row.lat).collect());
    let h: Vec<f32> = rows.iter().map(|row| row.h.unwrap()).collect();
    npy::write(&folder.join("h.npy"), &h).unwrap();
    folder
}

#[test]
fn an_answer_is_written_where_a_flag_says() {
    let site = Site::new();
    let folder = folder(&site);
    let written = |name: &str| {
        let mut command = aggregate(&folder, 1);
        command.arg("--output").arg(site.out(name));
        command
    };
    for name in ["a.parquet", "a.arrow", "a.npy"] {
        succeed(&mut written(name));
    }
    let says = ["a.npy exists; pass --overwrite"];
    refuse(&mut written("a.npy"), 2, &says);
    succeed(written("a.npy").arg("--overwrite"));
    refuse(&mut written("a.csv"), 2, &["use .parquet, .arrow or .npy"]);
    assert_eq!(site.written(), ["a.arrow", "a.npy", "a.parquet"]);
}

#[test]
fn every_repeat_has_its_times_and_the_text_a_row_for_each() {
    let site = Site::new();
    let folder = folder(&site);
    let (found, _) = json(aggregate(&folder, 3).arg("--json"), 0);
    assert_eq!(found["photons"]["kept"], 1500);
    let repeats = found["repeats"].as_array().unwrap();
    assert_eq!(repeats.len(), 3);
    for times in repeats.iter().chain([&found["warm_up"]]) {
        let seconds = |name: &str| times[name].as_f64().unwrap();
        assert!(
            seconds("fold_seconds") > 0.0 && seconds("cpu_seconds") > 0.0,
            "{times}"
        );
        let finish = times["stages"]["finish"].as_f64().unwrap();
        assert_eq!(seconds("total_seconds"), seconds("fold_seconds") + finish);
        let stages = times["stages"].as_object().unwrap();
        let parts = stages.iter().filter(|(name, _)| *name != "finish");
        let parts: f64 = parts.map(|(_, seconds)| seconds.as_f64().unwrap()).sum();
        assert!(parts > 0.0 && parts <= seconds("fold_seconds"), "{times}");
        assert_eq!(times["strategy"], "runs");
    }
    let text = stdout(&succeed(&mut aggregate(&folder, 2)));
    assert!(
        text.contains("1,500 photons") && text.contains("\n       2 "),
        "{text}"
    );
    let says = format!(
        "content sha256 {}",
        found["content_sha256"].as_str().unwrap()
    );
    assert!(text.contains(&says), "{text}");
}

#[test]
fn what_cannot_be_asked_names_the_flag() {
    let site = Site::new();
    let folder = folder(&site);
    let ask = |arguments: &[&str]| {
        let mut command = aggregate(&folder, 1);
        command.args(arguments);
        command
    };
    let says = ["arrays has no hh.npy"];
    refuse(&mut ask(&["--values", "hh"]), 2, &says);
    refuse(&mut ask(&["--stats", "wmean"]), 2, &["--weights names"]);
    refuse(&mut ask(&["--device", "tpu"]), 5, &["device tpu: "]);
    let output = ask(&["--stats", "mode"]).output().unwrap();
    let says = "there is no statistic 'mode'; use count";
    assert!(stderr(&output).contains(says), "{}", stderr(&output));
    npy::write(&folder.join("h.npy"), &[1e9_f32; 1500]).unwrap();
    let says = ["is 1000000000: out of range +-16384", "--resolution"];
    refuse(&mut ask(&[]), 2, &says);
    succeed(&mut ask(&["--resolution", "2^-10"]));
    npy::write(&folder.join("s.npy"), &[1.0_f64; 1500]).unwrap();
    let weighted = ["--stats", "wmean,q25", "--weights", "s"];
    succeed(ask(&weighted).args(["--resolution", "2^-10"]));
}
