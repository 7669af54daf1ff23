//! Tells the compiler which optional test inputs exist, so that a test without its input is shown
//! as ignored instead of passing unseen. Nothing but tests may depend on these names:
//!
//! - `icefold_test_data`: the directory of real granules, `$ICEFOLD_TEST_DATA` or else
//!   `../shared/data`;
//! - `icefold_test_zagg`: the directory of `zagg_spec_check.py`, which holds stores to zagg's specification,
//!   `$ICEFOLD_TEST_ZAGG` or else `../shared/zagg`;
//! - `icefold_test_python`: the interpreter in `$ICEFOLD_TEST_PYTHON`, which has the packages of
//!   `tests/python-requirements.txt`;
//! - `icefold_test_later`: a Python of 3.12 or newer with the packages of `tests/readers/requirements.txt`, where
//!   `scripts/setup` installs it;
//! - `icefold_test_node`: Node.js, and the packages of `tests/readers/package.json` likewise;
//! - `icefold_test_cxx`: a C++ compiler, `$CXX` or else `c++`, which compiles the CUDA kernels for an
//!   emulation of a device on the host;
//! - `icefold_test_stand_in`: such a compiler on Linux, where a stand-in for NVIDIA's driver takes its
//!   place in the path of libraries;
//! - `icefold_test_browser`: Chromium's driver, which `scripts/setup` installs; on Ubuntu, which has no package of it, only where
//!   it is found. Anywhere else it has to be there, and the test says so;
//! - `icefold_test_nvrtc`: NVRTC, where `scripts/ptx` installs it;
//! - `icefold_test_cuda`: an NVIDIA driver that is loaded, `$ICEFOLD_TEST_CUDA` or else
//!   `/proc/driver/nvidia/version`.
//!
//! A variable that is set and points nowhere fails the build: whoever set it expects those tests
//! to run. A relative path is relative to this directory.

use std::env::var_os;
use std::path::{Path, PathBuf};
use std::process::exit;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let data = named_by("ICEFOLD_TEST_DATA", "a directory", Path::is_dir).or_else(|| {
        let beside = PathBuf::from("../shared/data");
        beside.is_dir().then_some(beside)
    });
    announce("icefold_test_data", data);
    let zagg = named_by("ICEFOLD_TEST_ZAGG", "a directory", Path::is_dir).or_else(|| {
        let beside = PathBuf::from("../shared/zagg");
        beside.is_dir().then_some(beside)
    });
    announce("icefold_test_zagg", zagg);
    let python = named_by("ICEFOLD_TEST_PYTHON", "a file", Path::is_file);
    announce("icefold_test_python", python);
    let readers = Path::new("target/tools/readers");
    let later = readers.join("python/.requirements");
    announce("icefold_test_later", later.is_file().then_some(later));
    let node = readers.join("js/.requirements");
    announce("icefold_test_node", node.is_file().then_some(node));
    announce("icefold_test_cxx", compiler());
    let linux = var_os("CARGO_CFG_TARGET_OS").is_some_and(|os| os == "linux");
    announce("icefold_test_stand_in", compiler().filter(|_| linux));
    announce("icefold_test_browser", browser());
    let nvrtc = PathBuf::from("target/tools/cuda/.wheels");
    announce("icefold_test_nvrtc", nvrtc.is_file().then_some(nvrtc));
    let driver = named_by("ICEFOLD_TEST_CUDA", "a file", Path::is_file).or_else(|| {
        let loaded = PathBuf::from("/proc/driver/nvidia/version");
        loaded.is_file().then_some(loaded)
    });
    announce("icefold_test_cuda", driver);
}

/// The path in `variable`, `None` where it is unset or empty.
fn named_by(variable: &str, kind: &str, exists: fn(&Path) -> bool) -> Option<PathBuf> {
    println!("cargo::rerun-if-env-changed={variable}");
    let path = PathBuf::from(var_os(variable).filter(|value| !value.is_empty())?);
    if !exists(&path) {
        let path = path.display();
        println!("cargo::error={variable} is {path}, which is not {kind}: correct or unset it");
        exit(1);
    }
    Some(path)
}

/// The driver of a browser, or, where there should be one, something that is there.
fn browser() -> Option<PathBuf> {
    let system = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let is_ubuntu = system.lines().any(|line| line == "ID=ubuntu");
    on_path("chromedriver").or_else(|| (!is_ubuntu).then(|| PathBuf::from("build.rs")))
}

/// A program in the folders of `PATH`.
fn on_path(name: impl AsRef<Path>) -> Option<PathBuf> {
    std::env::split_paths(&var_os("PATH")?)
        .map(|folder| folder.join(name.as_ref()))
        .find(|path| path.is_file())
}

/// The C++ compiler, where it is one that the emulation of a device can be compiled with.
fn compiler() -> Option<PathBuf> {
    println!("cargo::rerun-if-env-changed=CXX");
    let unix = var_os("CARGO_CFG_UNIX").is_some();
    let native = var_os("HOST") == var_os("TARGET");
    let name = var_os("CXX").unwrap_or_else(|| "c++".into());
    (unix && native).then(|| on_path(&name)).flatten()
}

/// Declares `cfg`, and sets it where its input exists.
fn announce(cfg: &str, input: Option<PathBuf>) {
    println!("cargo::rustc-check-cfg=cfg({cfg})");
    if let Some(path) = input {
        println!("cargo::rustc-cfg={cfg}");
        // An absent path here would rerun the build script on every build.
        println!("cargo::rerun-if-changed={}", path.display());
    }
}
