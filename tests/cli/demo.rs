//! `icefold demo`: everyone gets the same bits. `docs/PROMISE.md` says what a change of them takes.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::{Site, json, names};
use crate::support::{icefold, stderr, stdout, succeed};

/// `content_sha256` of the demo's store. A change of it is a change of answers: say so in the
/// changelog.
const GOLDEN_CONTENT: &str = "a7de0135ee4953d9dd24e0f2e61a1ca339e503417230a35ac66ffbe5eb032334";
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
            .arg(&out);
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
    let made = ["demo.zarr", "granules", "map.png", "run.json"];
    assert_eq!(names(&out), made);
    let drawn = std::fs::read(out.join("map.png")).unwrap();
    let shown = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/demo.png");
    // On every system: what the README shows is what the demo draws.
    assert!(
        drawn == std::fs::read(shown).unwrap(),
        "docs/demo.png is not the map of the demo"
    );
    let mut bytes = Sha256::new();
    add_files(&mut bytes, &out.join("demo.zarr"), "");
    assert_eq!(format!("{:x}", bytes.finalize()), GOLDEN_BYTES);

    // Again, in the folder of the first.
    let output = succeed(&mut demo("1"));
    let text = stdout(&output);
    for part in [
        "folded synthetic ATL03",
        GOLDEN_CONTENT,
        "try next",
        "icefold inspect",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(names(&out), made);
    assert!(!stderr(&output).contains("warning"), "{}", stderr(&output));

    // The first of the commands that the demo proposes.
    let inspected = succeed(icefold().arg("inspect").arg(out.join("demo.zarr")));
    assert!(stdout(&inspected).contains(GOLDEN_CONTENT));
}
