//! Granules that lead to other files: external links, virtual datasets, raw data in other files. Their
//! values are those files', or they are refused by name; nothing else is opened.

use std::path::{Path, PathBuf};

use hdf5::File;
use icefold::config::{Access, Config};
use tempfile::TempDir;

use super::{atl03, read, refusal};
use crate::support::folder;

const ROWS: usize = 500;

/// Files beside one another.
struct Beside {
    folder: TempDir,
}

impl Beside {
    fn new() -> Self {
        Self { folder: folder() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A new file, which `fill` writes.
    fn file(&self, name: &str, fill: impl FnOnce(&File)) -> PathBuf {
        let path = self.path(name);
        let file = File::create(&path).unwrap();
        fill(&file);
        file.close().unwrap();
        path
    }

    /// A part with heights in gt1l that begin with `first`.
    fn part(&self, name: &str, first: f32) -> PathBuf {
        self.file(name, |file| {
            coordinates(file);
            let heights = file.new_dataset::<f32>().shape(ROWS);
            let heights = heights.create("gt1l/heights/h_ph").unwrap();
            heights.write_raw(&heights_from(first)).unwrap();
        })
    }
}

fn heights_from(first: f32) -> Vec<f32> {
    (0..ROWS).map(|i| first + i as f32).collect()
}

/// Positions of gt1l.
fn coordinates(file: &File) {
    for (name, start) in [("lat_ph", 70.0), ("lon_ph", -45.0)] {
        let degrees: Vec<f64> = (0..ROWS).map(|i| start + i as f64 * 1e-5).collect();
        let path = format!("gt1l/heights/{name}");
        let dataset = file.new_dataset::<f64>().shape(ROWS);
        let dataset = dataset.create(path.as_str()).unwrap();
        dataset.write_raw(&degrees).unwrap();
    }
}

fn config() -> Config {
    atl03(&["h_ph"])
}

/// The config with these folders allowed.
fn allowing(folders: &[&Path]) -> Config {
    Config {
        access: Access {
            external: folders.iter().map(|f| f.to_path_buf()).collect(),
            ..Access::default()
        },
        ..config()
    }
}

#[track_caller]
fn assert_heights(path: &Path, config: &Config, first: f32) {
    let whole = read(path, config, 170).unwrap();
    let heights: Vec<Option<u64>> = whole.photons.iter().map(|p| p.values[0]).collect();
    let expected = heights_from(first).into_iter();
    let expected: Vec<_> = expected.map(|h| Some(u64::from(h.to_bits()))).collect();
    assert_eq!(heights, expected);
}

#[track_caller]
fn assert_refused(path: &Path, config: &Config, says: &[&str]) {
    let message = refusal(path, config);
    for part in says {
        assert!(message.contains(part), "no '{part}' in: {message}");
    }
}

#[test]
fn values_are_those_of_the_file_that_a_link_leads_to() {
    let beside = Beside::new();
    beside.part("b.h5", 1000.0);
    // The same layout, so that addresses in one file are those of other heights in the other.
    let master = beside.part("a.h5", 5.0);
    let file = File::open_rw(&master).unwrap();
    file.relink("gt1l", "own").unwrap();
    file.link_external("b.h5", "/gt1l", "gt1l").unwrap();
    file.close().unwrap();
    assert_heights(&master, &config(), 1000.0);
    // Only the heights, behind another link of the part.
    beside.file("c.h5", |file| {
        coordinates(file);
        let group = file.group("gt1l/heights").unwrap();
        group
            .link_external("a.h5", "gt1l/heights/h_ph", "h_ph")
            .unwrap();
    });
    assert_heights(&beside.path("c.h5"), &config(), 1000.0);
}

#[test]
fn links_within_a_file_are_followed_and_lead_somewhere() {
    let beside = Beside::new();
    let soft = |name: &str, target: &str| {
        let path = beside.part(name, 7.0);
        let file = File::open_rw(&path).unwrap();
        file.relink("gt1l", "own").unwrap();
        file.link_soft("own", "one").unwrap();
        file.link_soft("two", "two").unwrap();
        file.link_soft(target, "gt1l").unwrap();
        file.close().unwrap();
        path
    };
    for target in ["/own", "own", "./own/.", "one"] {
        assert_heights(&soft("a.h5", target), &config(), 7.0);
    }
    let nowhere = ["/gt1l is a link to /nowhere, which does not exist"];
    assert_refused(&soft("a.h5", "/nowhere"), &config(), &nowhere);
    let circle = ["/two is a link to two, behind 16 other links"];
    assert_refused(&soft("a.h5", "two"), &config(), &circle);
}

#[test]
fn links_lead_no_further_than_the_folders_that_are_allowed() {
    let (beside, elsewhere) = (Beside::new(), Beside::new());
    let outside = elsewhere.part("b.h5", 3.0);
    std::fs::create_dir(beside.path("parts")).unwrap();
    std::fs::copy(&outside, beside.path("parts/b.h5")).unwrap();
    let link = |name: &str, target: &str| {
        beside.file(name, |file| {
            file.link_external(target, "gt1l", "gt1l").unwrap();
        })
    };
    assert_heights(&link("a.h5", "parts/b.h5"), &config(), 3.0);
    let name = outside.to_str().unwrap();
    let refused = ["/gt1l is an external link to", name, "allow_external"];
    assert_refused(&link("a.h5", name), &config(), &refused);
    assert_heights(
        &beside.path("a.h5"),
        &allowing(&[elsewhere.folder.path()]),
        3.0,
    );
    // A way out of the folder, also behind a link of the file system.
    let up = format!(
        "../{}/b.h5",
        elsewhere.folder.path().file_name().unwrap().display()
    );
    assert_refused(
        &link("a.h5", &up),
        &config(),
        &["is outside the granule's folder"],
    );
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&outside, beside.path("c.h5")).unwrap();
        assert_refused(
            &link("a.h5", "c.h5"),
            &config(),
            &["is outside the granule's folder"],
        );
    }
    // An absolute name that leads nowhere is looked for beside the granule.
    assert_heights(
        &link("a.h5", "/gone/parts/../b.h5"),
        &config_of_copy(&beside),
        3.0,
    );
    let gone = ["/gt1l is an external link to gone.h5, which does not exist"];
    assert_refused(&link("a.h5", "gone.h5"), &config(), &gone);
    let text = beside.path("text.h5");
    std::fs::write(text, "no HDF5").unwrap();
    assert_refused(
        &link("a.h5", "text.h5"),
        &config(),
        &["text.h5", "is not HDF5"],
    );
}

/// The config, with the part copied beside the granules.
fn config_of_copy(beside: &Beside) -> Config {
    std::fs::copy(beside.path("parts/b.h5"), beside.path("b.h5")).unwrap();
    config()
}

#[test]
#[cfg(unix)]
fn pipes_and_devices_are_refused_and_those_nobody_asked_for_stay_closed() {
    let beside = Beside::new();
    let pipe = beside.path("pipe.h5");
    let made = std::process::Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .unwrap();
    assert!(made.success());
    assert_refused(&pipe, &config(), &["pipe.h5: is not a regular file"]);
    let path = beside.file("a.h5", |file| {
        file.link_external("pipe.h5", "/", "gt1l").unwrap();
    });
    let refused = ["/gt1l is an external link to pipe.h5, which is not a regular file"];
    assert_refused(&path, &config(), &refused);
    let path = beside.part("b.h5", 2.0);
    let file = File::open_rw(&path).unwrap();
    file.link_external("pipe.h5", "/", "gt9x").unwrap();
    file.link_external("/dev/zero", "/", "other").unwrap();
    file.close().unwrap();
    assert_heights(&path, &config(), 2.0);
}

/// A granule whose heights are virtual: `count` rows of each source, which is a file and a dataset.
fn virtual_heights(beside: &Beside, rows: usize, sources: &[(&str, &str, usize)]) -> PathBuf {
    beside.file("virtual.h5", |file| {
        coordinates(file);
        let mut start = 0;
        let mut heights = file.new_dataset::<f32>().shape(rows);
        for &(name, dataset, count) in sources {
            let (from, to) = (0..count, start..start + count);
            // Every source has, or should have, as many rows as the granule.
            heights = heights.virtual_map(name, dataset, ROWS, from, rows, to);
            start += count;
        }
        heights.create("gt1l/heights/h_ph").unwrap();
    })
}

#[test]
fn a_virtual_dataset_needs_all_of_its_sources() {
    const H: &str = "/gt1l/heights/h_ph";
    let beside = Beside::new();
    beside.part("b.h5", 40.0);
    let made = |sources: &[_]| virtual_heights(&beside, ROWS, sources);
    assert_heights(&made(&[("b.h5", H, ROWS)]), &config(), 40.0);
    let what = "/gt1l/heights/h_ph takes its values from";
    let gone = made(&[("b.h5", H, 200), ("gone.h5", H, 300)]);
    assert_refused(&gone, &config(), &[what, "gone.h5, which does not exist"]);
    let no_dataset = made(&[("b.h5", "/gt1l/h", ROWS)]);
    assert_refused(
        &no_dataset,
        &config(),
        &["/gt1l/h in b.h5, which has no such dataset"],
    );
    let gap = made(&[("b.h5", H, 499)]);
    assert_refused(
        &gap,
        &config(),
        &["virtual dataset of 500 rows, and no source has row 499"],
    );
    beside.file("short.h5", |file| {
        let short = file.new_dataset::<f32>().shape(9).create("h").unwrap();
        short.write_raw(&[0_f32; 9]).unwrap();
    });
    let short = made(&[("short.h5", "h", ROWS)]);
    assert_refused(
        &short,
        &config(),
        &["h in short.h5", "not as many as it takes"],
    );
    let outside = made(&[("/etc/passwd", H, ROWS)]);
    assert_refused(
        &outside,
        &config(),
        &["/etc/passwd", "outside the granule's folder"],
    );
}

/// A granule whose heights are in other files: names, offsets and lengths in bytes.
fn raw_heights(beside: &Beside, parts: &[(&str, usize, usize)]) -> PathBuf {
    beside.file("raw.h5", |file| {
        coordinates(file);
        let mut heights = file.new_dataset::<f32>().shape(ROWS);
        for &(name, offset, size) in parts {
            heights = heights.external(name, offset, size);
        }
        heights.create("gt1l/heights/h_ph").unwrap();
    })
}

#[test]
fn raw_data_in_other_files_is_read_from_the_granules_folder_only() {
    let beside = Beside::new();
    let bytes: Vec<u8> = heights_from(9.0)
        .iter()
        .flat_map(|h| h.to_le_bytes())
        .collect();
    let (front, back) = bytes.split_at(1200);
    std::fs::write(beside.path("front.raw"), [b"head", front].concat()).unwrap();
    std::fs::write(beside.path("back.raw"), back).unwrap();
    let made = |parts: &[_]| raw_heights(&beside, parts);
    assert_heights(
        &made(&[("front.raw", 4, 1200), ("back.raw", 0, 800)]),
        &config(),
        9.0,
    );
    let gone = made(&[("front.raw", 4, 1200), ("gone.raw", 0, 800)]);
    let says = ["/gt1l/heights/h_ph has its values in gone.raw, which does not exist"];
    assert_refused(&gone, &config(), &says);
    let short = made(&[("front.raw", 5, 1200), ("back.raw", 0, 800)]);
    assert_refused(
        &short,
        &config(),
        &["front.raw, bytes 5 to 1205 of it, and it has 1204"],
    );
    let outside = made(&[("/etc/passwd", 0, 2000)]);
    assert_refused(
        &outside,
        &config(),
        &["/etc/passwd, which is outside the granule's folder"],
    );
}
