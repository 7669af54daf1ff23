//! `icefold demo`: everyone gets the same bits. `docs/PROMISE.md` says what a change of them takes.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::{Site, json, names};
use crate::support::{icefold, stderr, stdout, succeed};

/// `content_sha256` of the demo's store. A change of it is a change of answers: say so in the
/// changelog.
const GOLDEN_CONTENT: &str = "a7de0135ee4953d9dd24e0f2e61a1ca339e503417230a35ac66ffbe5eb032334";
/// The same of the demo's land ice.
const GOLDEN_LAND_ICE: &str = "ce74aff82b08fb23f72112298433feaf5f7575d3b7546afec3fe6fb97d5eb3cf";
/// SHA-256 of names and bytes in the group of the demo's store, but for the group's document, which has
/// the version. A change of it is one of encoding or of attributes.
const GOLDEN_BYTES: &str = "57a32f1a3051531482e22fa85f7c99658aaa28cbde78526561ecf59f96acb930";

/// Adds every file below a folder by its name and its bytes, in the order of their names.
fn add_files(hash: &mut Sha256, folder: &Path, inside: &str) {
    for name in names(folder) {
        let (path, inside) = (folder.join(&name), format!("{inside}/{name}"));
        if path.is_dir() {
            add_files(hash, &path, &inside);
        } else if inside != "/zarr.json" && inside != "/provenance/zarr.json" {
            hash.update(inside.as_bytes());
            hash.update(std::fs::read(path).unwrap());
        }
    }
}

#[test]
fn the_demo_has_its_golden_content_whatever_the_threads() {
    let site = Site::new();
    let out = site.out("demo");
    let demo = |threads: &str| {
        let mut command = icefold();
        command
            .args(["demo", "--threads", threads, "--out"])
            .arg(&out)
            // Where what it proposes is run.
            .current_dir(site.root());
        command
    };
    let (report, message) = json(demo("4").arg("--json"), 0);
    assert_eq!(report["content_sha256"], GOLDEN_CONTENT);
    assert_eq!(report["threads"], 4);
    assert!(
        report["photons"]["rejected_by"]["bad_coordinate"].as_u64() > Some(0),
        "{report}"
    );
    assert!(message.contains("making synthetic granules"), "{message}");
    let made = [
        "basin.geojson",
        "demo.zarr",
        "granules",
        "land_ice",
        "land_ice.json",
        "land_ice.png",
        "land_ice.yaml",
        "land_ice.zarr",
        "map.png",
        "run.json",
    ];
    assert_eq!(names(&out), made);
    // On every system: what the README and the pages show is what the demo draws.
    for (drawn, shown) in [
        ("map.png", "docs/demo.png"),
        ("land_ice.png", "docs/land_ice.png"),
    ] {
        let drawn = std::fs::read(out.join(drawn)).unwrap();
        let shown_bytes = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(shown)).unwrap();
        assert!(
            drawn == shown_bytes,
            "{shown} is not the map of the demo: scripts/docs pictures"
        );
        assert!(drawn.len() < 300_000, "{shown} has {} bytes", drawn.len());
    }
    let mut bytes = Sha256::new();
    add_files(&mut bytes, &out.join("demo.zarr"), "");
    assert_eq!(format!("{:x}", bytes.finalize()), GOLDEN_BYTES);

    // Again, in the folder of the first.
    let output = succeed(&mut demo("1"));
    let text = stdout(&output);
    for part in [
        "folded synthetic ATL03",
        GOLDEN_CONTENT,
        "folded synthetic ATL06",
        GOLDEN_LAND_ICE,
        "in step        2022",
        "try next",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(
        !text.contains('\u{1b}'),
        "colours where there is no terminal"
    );
    assert_eq!(names(&out), made);
    assert!(!stderr(&output).contains("warning"), "{}", stderr(&output));

    run_what_is_proposed(&site, &text);
}

/// What the demo proposes has to work as it is printed, in the folder that the demo was run in; Python where there is one
/// with the readers.
fn run_what_is_proposed(site: &Site, text: &str) {
    let (_, next) = text.split_once("try next\n").unwrap();
    let lines: Vec<&str> = next
        .lines()
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| !line.starts_with('#'))
        .collect();
    assert!(lines.len() >= 9, "{next}");
    let python = std::env::var_os("ICEFOLD_TEST_PYTHON");
    let mut said = Vec::new();
    for line in lines {
        if line.starts_with("python3 ") && python.is_none() {
            continue;
        }
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", line]).current_dir(site.root());
        if let Some(python) = python.as_ref().filter(|_| line.starts_with("python3 ")) {
            let folder = site.path("python");
            std::fs::create_dir(&folder).unwrap();
            let call = format!("#!/bin/sh\nexec '{}' \"$@\"\n", Path::new(python).display());
            std::fs::write(folder.join("python3"), call).unwrap();
            succeed(
                std::process::Command::new("chmod")
                    .arg("+x")
                    .arg(folder.join("python3")),
            );
            let path = std::env::var("PATH").unwrap_or_default();
            shell.env("PATH", format!("{}:{path}", folder.display()));
        }
        let output = shell.output().unwrap();
        assert!(
            output.status.success(),
            "{line}\n{}{}",
            stdout(&output),
            stderr(&output)
        );
        said.push(stdout(&output));
    }
    assert!(said[0].contains(GOLDEN_LAND_ICE), "{}", said[0]);
    assert!(
        said.iter().any(|said| said.contains("identical")),
        "{said:?}"
    );
    for made in ["ice.png", "page.html", "again.zarr", "geotiff/h_mean.tif"] {
        assert!(site.path(made).exists(), "{made}");
    }
}
