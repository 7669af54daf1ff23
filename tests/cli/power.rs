//! What success was said of is there after a power cut: all that stands was synced, every file and every name.
//!
//! `tests/support/power_cut.c` is loaded into the program, and keeps what is synced. `scripts/torture power` cuts
//! at random moments and goes on; here one sync that is left out is a test that fails.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use icefold::piece::Pieces;
use rustix::fs::{AtFlags, CWD, StatxFlags, statx};

use super::granules::{Heights, one, paths};
use super::{Site, names};
use crate::support::{folder, icefold, stderr, succeed};

/// A disk that keeps only what was synced.
struct Disk {
    folder: tempfile::TempDir,
    library: PathBuf,
}

impl Disk {
    fn new() -> Self {
        let folder = folder();
        let library = folder.path().join("power_cut.so");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/power_cut.c");
        let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
        let mut compile = Command::new(compiler);
        compile.args(["-x", "c", "-O1", "-shared", "-fPIC", source, "-o"]);
        succeed(compile.arg(&library));
        std::fs::create_dir(folder.path().join("disk")).unwrap();
        Self { folder, library }
    }

    /// The program's files go to this disk.
    fn under<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.env("LD_PRELOAD", &self.library);
        command.env("POWER_CUT_DISK", self.kept())
    }

    fn kept(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// What stands at a path, hidden names and locks aside, and would not after a cut.
    fn lost(&self, path: &Path) -> Vec<String> {
        let kept = std::fs::read(self.kept().join(identity(path)));
        let Ok(kept) = kept else {
            return vec![format!("{} was never synced", path.display())];
        };
        if path.is_file() {
            let same = kept == std::fs::read(path).unwrap();
            let changed = format!("{} was written to after it was synced", path.display());
            return if same { Vec::new() } else { vec![changed] };
        }
        let mut lost = Vec::new();
        let entries = names(path);
        for name in entries
            .iter()
            .filter(|name| !name.starts_with('.') && *name != "owners")
        {
            let inside = path.join(name);
            let entry = format!("{} {name}\0", identity(&inside));
            let has = kept.split_inclusive(|byte| *byte == 0);
            if !has.into_iter().any(|kept| kept == entry.as_bytes()) {
                lost.push(format!("the name {} is not synced", inside.display()));
            }
            lost.extend(self.lost(&inside));
        }
        lost
    }

    /// Nothing of what stands in a folder, but for these names, would be lost.
    #[track_caller]
    fn holds(&self, folder: &Path, stands: &[&str]) {
        let found = names(folder);
        for name in stands {
            assert!(found.iter().any(|found| found == name), "{name}: {found:?}");
        }
        let none: [String; 0] = [];
        assert_eq!(self.lost(folder), none);
    }
}

/// How the library names a file or folder.
fn identity(path: &Path) -> String {
    let wanted = StatxFlags::INO | StatxFlags::BTIME | StatxFlags::TYPE;
    let path = path.as_os_str().as_bytes();
    let found = statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, wanted).unwrap();
    let kind = match u32::from(found.stx_mode) & 0o170_000 {
        0o040_000 => 'd',
        0o100_000 => 'f',
        _ => 'o',
    };
    let (inode, birth) = (found.stx_ino, found.stx_btime);
    format!("{kind}{inode}-{}.{}", birth.tv_sec, birth.tv_nsec)
}

/// Two values that cannot be used, among others.
fn spoiled(site: &Site) -> PathBuf {
    let mut heights = Heights::along(-45.0, 500);
    heights.h[100..102].fill(1e9);
    site.granule("spoiled.h5", &[("gt1l", heights)])
}

#[test]
fn stores_tables_and_reports_last() {
    let (site, disk) = (Site::new(), Disk::new());
    let granule = spoiled(&site);
    for (store, table, layout) in [
        ("a.zarr", "a.parquet", ["--overviews", "11,8"]),
        ("b.zarr", "b.arrow", ["--layout", "fullsphere"]),
    ] {
        let mut run = site.run_to(store, "atl03", &one(&granule));
        run.arg("--tolerant").args(layout);
        run.arg("--table").arg(site.out(table));
        let output = disk.under(&mut run).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    }
    let all = ["a.zarr", "a.parquet", "a.errors.parquet", "a.run.json"];
    disk.holds(&site.path("out"), &all);
    disk.holds(&site.path("out"), &["b.zarr", "b.arrow", "b.run.json"]);
}

#[test]
fn a_store_that_took_the_place_of_another_lasts() {
    let (site, disk) = (Site::new(), Disk::new());
    let granule = site.granule("a.h5", &[("gt1l", Heights::along(-45.0, 500))]);
    for _ in 0..2 {
        let mut run = site.run("atl03", &one(&granule));
        succeed(disk.under(run.arg("--overwrite")));
        disk.holds(&site.path("out"), &["a.zarr", "a.run.json"]);
    }
}

#[test]
fn finished_pieces_and_the_store_that_is_made_of_them_last() {
    let (site, disk) = (Site::new(), Disk::new());
    site.mapped("atl03");
    let out = site.path("out");
    let mut part = site.run_plan("b.zarr");
    part.args(["--shards", "0..", "--overviews", "9,4"]);
    succeed(disk.under(&mut part));
    disk.holds(&out, &["b.zarr.pieces"]);
    disk.holds(&Pieces::folder_of(&site.out("b.zarr")), &["manifest.json"]);
    succeed(disk.under(&mut site.finalize("b.zarr")));
    disk.holds(&out, &["b.zarr", "b.finalize.json"]);
}

#[test]
fn what_a_run_that_failed_goes_on_from_lasts() {
    let (site, disk) = (Site::new(), Disk::new());
    site.mapped("atl03");
    let mut run = site.run_plan("b.zarr");
    run.args(["--partials-memory", "1", "--checkpoint", "0"]);
    site.while_spoiled(|| {
        let output = disk.under(&mut run).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    });
    let pieces = Pieces::folder_of(&site.out("b.zarr"));
    let inside = names(&pieces);
    let saved = inside.iter().map(|name| pieces.join(name));
    let saved = saved.filter(|path| path.join("checkpoint.json").is_file());
    let saved: Vec<PathBuf> = saved.collect();
    assert_eq!(saved.len(), 1, "{inside:?}");
    disk.holds(&saved[0], &["checkpoint.json"]);
    assert!(
        names(&saved[0]).len() > 1,
        "runs of partials are saved, too"
    );
}

#[test]
fn maps_pictures_and_granules_of_the_demo_last() {
    let (site, disk) = (Site::new(), Disk::new());
    let granules = site.three();
    let out = site.path("out");
    let mut plan = icefold();
    plan.arg("plan").arg("atl03").args(&granules).arg("-o");
    succeed(disk.under(plan.arg(out.join("map.json"))));
    succeed(disk.under(&mut site.run("atl03", &paths(&granules))));
    let mut render = icefold();
    render.arg("render").arg(site.out("a.zarr"));
    render.args(["h_mean", "-o"]).arg(out.join("map.png"));
    succeed(disk.under(&mut render));
    let mut demo = icefold();
    demo.args(["demo", "--out"]).arg(out.join("demo"));
    succeed(disk.under(&mut demo));
    disk.holds(&out, &["map.json", "a.zarr", "map.png", "demo"]);
}
