//! `icefold demo`: everyone gets the same bits.

use super::{Site, json};
use crate::support::{icefold, stderr, stdout, succeed};

/// `content_sha256` of the demo's store. A change of it is a change of answers: say so in the
/// changelog.
const GOLDEN_CONTENT: &str = "a7de0135ee4953d9dd24e0f2e61a1ca339e503417230a35ac66ffbe5eb032334";

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
    assert_eq!(super::names(&out), made);
    assert_eq!(&std::fs::read(out.join("map.png")).unwrap()[1..4], b"PNG");

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
    assert_eq!(super::names(&out), made);
    assert!(!stderr(&output).contains("warning"), "{}", stderr(&output));

    // The first of the commands that the demo proposes.
    let inspected = succeed(icefold().arg("inspect").arg(out.join("demo.zarr")));
    assert!(stdout(&inspected).contains(GOLDEN_CONTENT));
}
