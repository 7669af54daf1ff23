//! What is far away is not waited for place by place.

use super::cloud::run;
use super::{Site, refuse};
use crate::support::cloud::Server;
use crate::support::site::assert_same;
use crate::support::succeed;

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn the_structure_of_granules_is_brought_together() {
    let site = Site::new();
    let recipe = icefold::demo::Recipe {
        granules: 3,
        segments_per_track: 8000,
        seed: 7,
    };
    let folder = site.folder("granules");
    let made = icefold::demo::write_granules_with(&folder, &recipe).unwrap();
    let paths: Vec<&std::path::Path> = made.iter().map(AsRef::as_ref).collect();
    succeed(&mut site.run_to("files.zarr", "atl03", &paths));
    let server = Server::of(&folder, &["--latency", "0.05"]);
    let urls: Vec<String> = made
        .iter()
        .map(|path| server.url(path.file_name().unwrap().to_str().unwrap()))
        .collect();
    succeed(&mut run(&site, "far.zarr", &urls));
    assert_same(&site.out("files.zarr"), &site.out("far.zarr"));
    let count = server.count();
    let of = |what: &str| count[what].as_u64().unwrap();
    // One after the other they would be as many waits as requests.
    assert!(of("requests") > 60, "{count}");
    assert!(of("waits") * 4 < of("requests"), "{count}");
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn what_a_scout_cannot_have_is_asked_for_once_more_and_no_oftener() {
    let site = Site::new();
    let recipe = icefold::demo::Recipe {
        granules: 1,
        segments_per_track: 8000,
        seed: 7,
    };
    let folder = site.folder("granules");
    let made = icefold::demo::write_granules_with(&folder, &recipe).unwrap();
    let name = made[0].file_name().unwrap().to_str().unwrap();
    // Gone once its head was read, and one more part.
    let server = Server::of(&folder, &["--lose", &format!("{name}:2:404")]);
    let url = server.url(name);
    refuse(
        &mut run(&site, "far.zarr", std::slice::from_ref(&url)),
        1,
        &[&url, "404"],
    );
    let count = server.count();
    assert!(count["requests"].as_u64().unwrap() < 60, "{count}");
    assert!(!site.out("far.zarr").exists());
}
