//! Libraries that the tests of the CUDA backend compile from C++, once where their sources change: the
//! emulation of a device, and the stand-in for NVIDIA's driver.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

const FLAGS: [&str; 9] = [
    "-std=c++20",
    "-O2",
    "-fPIC",
    "-pthread",
    "-U_FORTIFY_SOURCE",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wno-unknown-pragmas",
];

/// The emulation, a library of its own.
pub fn emulation() -> PathBuf {
    libraries().join("icefold_emulation.so")
}

/// A folder with the stand-in as the driver's library.
#[cfg(icefold_test_stand_in)]
pub fn stand_in() -> PathBuf {
    libraries().join("stand_in")
}

/// A folder in which the driver's library is one without any function.
#[cfg(icefold_test_stand_in)]
pub fn not_a_driver() -> PathBuf {
    libraries().join("not_a_driver")
}

/// A folder with a stand-in that lacks `cuLaunchKernel`.
#[cfg(icefold_test_stand_in)]
pub fn half_a_driver() -> PathBuf {
    libraries().join("half_a_driver")
}

/// A folder with the stand-in, and without the links that developers' machines have.
#[cfg(icefold_test_stand_in)]
pub fn elsewhere() -> PathBuf {
    libraries().join("elsewhere")
}

/// A folder with a library of NVRTC's interface, of the release 13, that refuses all sources.
#[cfg(icefold_test_stand_in)]
pub fn nvrtc_13() -> PathBuf {
    libraries().join("nvrtc_13")
}

/// A folder with files called NVRTC that are no libraries.
#[cfg(icefold_test_stand_in)]
pub fn no_nvrtc() -> PathBuf {
    libraries().join("no_nvrtc")
}

/// Where the libraries are, once they are there.
fn libraries() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cuda");
    fs::create_dir_all(&folder).unwrap();
    // One test compiles; the others wait for it.
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let done = folder.join("done");
    let built = fs::metadata(&done).and_then(|file| file.modified());
    if built.is_ok_and(|built| built > newest_source()) {
        return folder;
    }
    compile(&folder);
    fs::write(done, "").unwrap();
    folder
}

fn newest_source() -> SystemTime {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_source = |path: &Path| {
        let extension = path.extension().and_then(|name| name.to_str());
        matches!(extension, Some("cu" | "cpp" | "hpp")) || path.ends_with("compiled.rs")
    };
    ["kernels", "tests/kernels", "tests/kernels/stand_in"]
        .iter()
        .flat_map(|folder| fs::read_dir(root.join(folder)).unwrap())
        .map(|file| file.unwrap())
        .filter(|file| is_source(&file.path()))
        .map(|file| file.metadata().unwrap().modified().unwrap())
        .max()
        .unwrap()
}

fn compile(folder: &Path) {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kernels");
    let object = folder.join("emulation.o");
    // One rounding per operation; fibers jump between stacks.
    let exact = ["-ffp-contract=off", "-fno-strict-aliasing", "-g", "-c"];
    let emulation = sources.join("emulation.cpp");
    compiler(&exact, &[&emulation], &object);
    // A library that a test has loaded stays as it is: a new one takes its name.
    let shared = |flags: &[&str], inputs: &[&Path], name: &str| {
        let fresh = folder.join("fresh.so");
        compiler(&[&["-shared"], flags].concat(), inputs, &fresh);
        let library = folder.join(name);
        fs::create_dir_all(library.parent().unwrap()).unwrap();
        fs::rename(fresh, library).unwrap();
    };
    shared(&[], &[&object], "icefold_emulation.so");
    let stand_in = folder.join("stand_in.o");
    let hidden = ["-fvisibility=hidden", "-c"];
    compiler(&hidden, &[&sources.join("stand_in/all.cpp")], &stand_in);
    let name = "stand_in/libcuda.so.1";
    shared(&[], &[&stand_in, &object], name);
    let half = folder.join("half.map");
    fs::write(&half, "{ local: cuLaunchKernel; };\n").unwrap();
    let half = format!("-Wl,--version-script={}", half.display());
    shared(&[&half], &[&stand_in, &object], "half_a_driver/libcuda.so");
    // The name that developers' machines have beside it, and that is looked for first.
    shared(&[], &[&stand_in, &object], "stand_in/libcuda.so");
    // A machine that has the driver where its loader does not look, with the name by which the loader
    // knows it again once it is loaded, as NVIDIA's has.
    let soname = "-Wl,-soname,libcuda.so.1";
    let elsewhere = "elsewhere/libcuda.so.1";
    shared(&[soname], &[&stand_in, &object], elsewhere);
    let nvrtc = sources.join("nvrtc_13.cpp");
    shared(&[], &[&nvrtc], "nvrtc_13/libnvrtc.so.13");
    let nothing = folder.join("nothing.cpp");
    fs::write(&nothing, "// Nothing.\n").unwrap();
    shared(&[], &[&nothing], "not_a_driver/libcuda.so");
    let no_nvrtc = folder.join("no_nvrtc");
    fs::create_dir_all(&no_nvrtc).unwrap();
    // The loader stops at the first file of a name, whatever is in it.
    for version in ["", ".13", ".12", ".11.2"] {
        let name = format!("libnvrtc.so{version}");
        fs::write(no_nvrtc.join(name), "no library").unwrap();
    }
}

fn compiler(flags: &[&str], inputs: &[&Path], to: &Path) {
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    let mut command = Command::new(&compiler);
    command.args(FLAGS).args(flags).args(inputs);
    let output = command.arg("-o").arg(to).output();
    let output = output.expect("the C++ compiler that the build script found starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{compiler}: {said}");
}
