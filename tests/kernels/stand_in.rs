//! The stand-in for NVIDIA's driver: programs that find it in place of one. It is no driver and no
//! hardware; it shows how the backend uses the driver's interface, in orders of work that a device might
//! choose. Its C++ is in the folder `stand_in`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{stderr, stdout};

use super::compiled;

/// Its settings, as `stand_in/settings.hpp` lists them.
pub const SETTINGS: &str = "ICEFOLD_STAND_IN";

/// Lets a program find libraries in this folder before any other.
pub fn look_first(command: &mut Command, folder: OsString) {
    const PATH: &str = "LD_LIBRARY_PATH";
    let mut folders = folder;
    let given = command.get_envs().find(|(name, _)| *name == PATH);
    let before = given.and_then(|(_, value)| value.map(OsString::from));
    if let Some(others) = before.or_else(|| std::env::var_os(PATH)) {
        folders.push(":");
        folders.push(others);
    }
    command.env(PATH, folders);
}

/// Gives a program the stand-in, with these settings.
pub fn with_stand_in<'a>(command: &'a mut Command, settings: &str) -> &'a mut Command {
    look_first(command, compiled::stand_in().into());
    command.env(SETTINGS, settings)
}

/// Gives a program the stand-in where its loader does not look, by the name of the folder alone.
pub fn with_driver_elsewhere(command: &mut Command) -> &mut Command {
    command.env("ICEFOLD_CUDA_FOLDERS", compiled::elsewhere())
}

/// Gives a program the stand-in, and a library of NVRTC's release 13 that refuses all sources.
pub fn with_nvrtc_13(command: &mut Command) -> &mut Command {
    with_stand_in(command, "");
    look_first(command, compiled::nvrtc_13().into());
    command
}

/// Gives a program a driver's library in which nothing is.
pub fn without_functions(command: &mut Command) -> &mut Command {
    look_first(command, compiled::not_a_driver().into());
    command
}

/// Gives a program a stand-in that lacks a function.
pub fn without_launches(command: &mut Command) -> &mut Command {
    look_first(command, compiled::half_a_driver().into());
    command
}

/// Gives a program the stand-in, and libraries called NVRTC that are none.
pub fn without_nvrtc(command: &mut Command) -> &mut Command {
    with_stand_in(command, "");
    look_first(command, compiled::no_nvrtc().into());
    command
}

/// The folder with the NVRTC that `scripts/ptx` installs.
pub fn nvrtc() -> PathBuf {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/cuda/lib");
    let pythons = std::fs::read_dir(tools).unwrap();
    let folder = |python: PathBuf| python.join("site-packages/nvidia/cuda_nvrtc/lib");
    pythons
        .map(|python| folder(python.unwrap().path()))
        .find(|folder| folder.is_dir())
        .expect("the build script found one")
}

/// Runs the test that a device would be put to, in a process that finds the stand-in.
pub fn passes(test: &str, settings: &str) {
    passes_with(test, settings, &[]);
}

/// The same with variables of the environment.
pub fn passes_with(test: &str, settings: &str, variables: &[(&str, &str)]) {
    let (_, test) = test.split_once("::").expect("the name of the crate");
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--include-ignored"]);
    command.envs(variables.iter().copied());
    let output = with_stand_in(&mut command, settings).output().unwrap();
    let said = stdout(&output) + &stderr(&output);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{test}, {settings}, {variables:?}: {said}"
    );
}
