//! The head-to-head benches, as far as they go without peers of their own: files of engines and
//! workloads are understood, right answers pass, wrong ones do not.

use std::fs;
use std::path::Path;

use crate::support::{folder, python, stderr, stdout, succeed};

const BENCHES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/head_to_head");
const CHECK: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/conformance/check_benches.py"
);

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn right_answers_pass_and_spoiled_ones_do_not() {
    let scratch = folder();
    let output = succeed(python().arg(CHECK).arg(BENCHES).arg(scratch.path()));
    let text = stdout(&output);
    assert!(
        text.contains("answers right, each spoiled one caught"),
        "{text}"
    );
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn pages_quote_the_record_that_they_name() {
    let mut command = python();
    succeed(command.arg("quote.py").arg("--check").current_dir(BENCHES));
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn a_file_that_is_not_understood_is_refused_by_name() {
    let scratch = folder();
    let copy = scratch.path().join("head_to_head");
    for part in ["engines", "workloads"] {
        fs::create_dir_all(copy.join(part)).unwrap();
        for entry in fs::read_dir(Path::new(BENCHES).join(part)).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, copy.join(part).join(path.file_name().unwrap())).unwrap();
        }
    }
    fs::copy(
        Path::new(BENCHES).join("catalog.py"),
        copy.join("catalog.py"),
    )
    .unwrap();
    let list = || {
        let mut command = python();
        command.args([
            "-c",
            "import catalog; catalog.workloads(); print(len(catalog.engines()))",
        ]);
        command.current_dir(&copy);
        command
    };
    assert!(
        stdout(&succeed(&mut list()))
            .trim()
            .parse::<usize>()
            .unwrap()
            > 20
    );
    let engine = copy.join("engines/numpy.toml");
    let text = fs::read_to_string(&engine).unwrap();
    for (spoiled, says) in [
        (format!("speed = 3\n{text}"), "no key 'speed'"),
        (text.replace("\"groupby\"", "\"group\""), "no task group"),
        (
            text.replace("\"numpy\"", "\"nunpy\""),
            "engines/numpy.toml: name is nunpy",
        ),
    ] {
        fs::write(&engine, spoiled).unwrap();
        let output = list().output().unwrap();
        assert!(!output.status.success());
        assert!(stderr(&output).contains(says), "{}", stderr(&output));
    }
}
