//! The library says nothing by itself: only the command line prints, and reads arguments and the environment.

use std::path::Path;

use super::lexer::lines;
use super::{expect_none, files, read};

/// What only the command line does.
const LOUD: [&str; 10] = [
    "print!(",
    "println!(",
    "dbg!(",
    "stdout()",
    "stderr()",
    "stdin()",
    "env::var",
    "env::args",
    "env::set_var",
    "process::exit",
];

/// Files that read the environment, and why.
const EXCEPTIONS: [(&str, &str); 9] = [
    (
        "src/read/hdf5/open_file.rs",
        "libhdf5 itself loads filters from where HDF5_PLUGIN_PATH says",
    ),
    (
        "src/read/hdf5/virtual_dataset.rs",
        "libhdf5 itself looks for sources where HDF5_VDS_PREFIX and HDF5_EXT_PREFIX say",
    ),
    (
        "src/place/hidden.rs",
        "the name of the machine, where the system tells in no other way",
    ),
    (
        "src/backend/device.rs",
        "ICEFOLD_HOST_STAGES, a switch of development",
    ),
    (
        "src/backend/cuda/way.rs",
        "ICEFOLD_CUDA_FOLD, _SORT, _RESULTS, _LAUNCH, _COLUMNS, _STRETCHES and _BRING, switches of development",
    ),
    (
        "src/backend/cuda/driver/modules.rs",
        "ICEFOLD_CUDA_FROM_SOURCE and ICEFOLD_CUDA_PTX, switches of development",
    ),
    (
        "src/backend/cuda/driver/libraries.rs",
        "ICEFOLD_CUDA_FOLDERS, a search path of the loader",
    ),
    (
        "src/source/object/backend.rs",
        "GOOGLE_BASE_URL; the crate of object stores itself reads credentials and endpoints of clouds there",
    ),
    (
        "src/source/object/earthdata.rs",
        "EARTHDATA_TOKEN, EARTHDATA_USERNAME, EARTHDATA_PASSWORD and NETRC, where credentials are kept that no argument is to show",
    ),
];

/// Where this code speaks up, tests aside.
fn loud(text: &str) -> Vec<(usize, &'static str)> {
    let program = text
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default();
    let mut found = Vec::new();
    for (number, line) in lines(program).iter().enumerate() {
        let code: String = line.code.split_whitespace().collect();
        found.extend(
            LOUD.iter()
                .filter(|what| code.contains(**what))
                .map(|what| (number + 1, *what)),
        );
    }
    found
}

fn is_exception(path: &str) -> bool {
    EXCEPTIONS.iter().any(|(exception, _)| *exception == path)
}

#[test]
fn only_the_command_line_prints_and_reads_the_environment() {
    let mut complaints = Vec::new();
    for path in files("src", "rs") {
        let shown = path.display().to_string();
        let may = shown.starts_with("src/cli/") || shown == "src/main.rs";
        if may || shown.ends_with("tests.rs") || is_exception(&shown) {
            continue;
        }
        for (number, what) in loud(&read(&path)) {
            complaints.push(format!(
                "{shown}:{number}: {what}: tell the watch, or take what is needed as an argument"
            ));
        }
    }
    expect_none(&complaints);
}

#[test]
fn exceptions_are_files_that_need_to_be() {
    for (path, why) in EXCEPTIONS {
        let found = loud(&read(Path::new(path)));
        assert!(!found.is_empty(), "{path} is no exception any more: {why}");
    }
}

#[test]
fn what_is_loud_is_found_in_code_and_nowhere_else() {
    let text = "// println!\nlet a = \"eprintln!\";\nprintln!(\"a\");\nlet b = std :: env :: var(a);\n\
                #[cfg(test)]\nmod tests {\n dbg!(a);\n}\n";
    assert_eq!(loud(text), [(3, "println!("), (4, "env::var")]);
}
