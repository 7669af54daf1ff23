//! What the library may not say: it knows no command line, so its texts name no flag and no verb of one, and
//! give no exit codes.

use super::lexer::{lines, strings};
use super::{expect_none, files, read, words};

/// Verbs of the program.
const VERBS: [&str; 18] = [
    "aggregate",
    "bench",
    "bench-device",
    "cite",
    "clean",
    "completions",
    "demo",
    "devices",
    "finalize",
    "index",
    "inspect",
    "plan",
    "render",
    "run",
    "schema",
    "verify",
    "view",
    "help",
];

/// Files with texts that look like flags and are none of the program's, or that are for whoever calls the program later.
const OTHERS_FLAGS: [&str; 2] = [
    // Options of NVIDIA's compiler.
    "src/backend/cuda/driver/modules.rs",
    // What a store says of how to make it again, for whoever has the program.
    "src/store/command.rs",
];

/// The flag or verb that a text names.
fn spoken(text: &str) -> Option<String> {
    let flags = text.split("--").skip(1);
    let mut flags = flags.filter(|after| after.starts_with(|c: char| c.is_ascii_lowercase()));
    if let Some(flag) = flags.next() {
        return Some(format!("--{}", words(flag).next().unwrap_or_default()));
    }
    let mut calls = text.split("icefold ").skip(1);
    calls.find_map(|after| {
        let name = |c: char| !c.is_ascii_lowercase() && c != '-';
        let verb = after.split(name).next().unwrap_or_default();
        VERBS.contains(&verb).then(|| format!("icefold {verb}"))
    })
}

/// Files of the library with their text, tests left out.
fn library() -> impl Iterator<Item = (String, String)> {
    let files = files("src", "rs").into_iter();
    files.filter_map(|path| {
        let shown = path.display().to_string();
        let of_program = shown.starts_with("src/cli/") || shown == "src/main.rs";
        let of_tests = shown.ends_with("tests.rs") || shown == "src/merge/damage.rs";
        if of_program || of_tests {
            return None;
        }
        let text = read(&path);
        let program = text.split("#[cfg(test)]\nmod tests {").next();
        Some((shown, program.unwrap_or_default().to_owned()))
    })
}

#[test]
fn no_text_outside_the_command_line_names_its_flags_and_verbs() {
    let mut complaints = Vec::new();
    for (path, program) in library() {
        if OTHERS_FLAGS.contains(&path.as_str()) {
            continue;
        }
        for (number, text) in strings(&program) {
            if let Some(what) = spoken(&text) {
                complaints.push(format!(
                    "{path}:{number}: says `{what}`: name a `Setting` or an `Action` in a `phrase!`"
                ));
            }
        }
    }
    expect_none(&complaints);
}

#[test]
fn exit_codes_are_given_in_the_command_line() {
    let mut complaints = Vec::new();
    for (path, program) in library() {
        for (number, line) in lines(&program).iter().enumerate() {
            let codes = ["ExitCode", "exit_code"];
            if words(&line.code).any(|word| codes.contains(&word)) {
                let number = number + 1;
                complaints.push(format!(
                    "{path}:{number}: knows an exit code: give an `Error` of a `Kind` back"
                ));
            }
        }
    }
    expect_none(&complaints);
}

#[test]
fn flags_and_verbs_are_found_in_texts() {
    let says = |text: &str| spoken(text);
    assert_eq!(says("pass --memory 2GiB").as_deref(), Some("--memory"));
    assert_eq!(
        says("call icefold clean there").as_deref(),
        Some("icefold clean")
    );
    assert_eq!(says("icefold config 1, and icefold reads -- or a--"), None);
}
