//! Objects with an index: the same bytes with fewer requests, and what changed since is never believed.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::cloud::{report, run, site};
use super::{Site, json, refuse};
use crate::support::cloud::Server;
use crate::support::site::assert_same;
use crate::support::{icefold, stderr, succeed};

/// A call without credentials of whoever runs the tests.
fn alone(command: &mut Command) -> &mut Command {
    for name in ["EARTHDATA_TOKEN", "AWS_PROFILE", "AWS_ACCESS_KEY_ID"] {
        command.env_remove(name);
    }
    command
        .env("NETRC", "/nowhere")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("no_proxy", "127.0.0.1")
}

/// What `icefold index` says of these objects.
fn indexed(site: &Site, urls: &[String]) -> Value {
    let mut command = icefold();
    command.arg("index").args(urls).arg("-o");
    command
        .arg(site.path("index.parquet"))
        .args(["--threads", "2", "--json"]);
    json(alone(&mut command), 0).0
}

fn known(site: &Site, store: &str, urls: &[String]) -> Command {
    let mut command = run(site, store, urls);
    command.arg("--index").arg(site.path("index.parquet"));
    command
}

fn urls(server: &Server, names: &[String]) -> Vec<String> {
    names.iter().map(|name| server.url(name)).collect()
}

fn network(site: &Site, key: &str) -> u64 {
    report(site)["network"][key].as_u64().unwrap()
}

/// Bytes that the server sends of each place of the objects.
fn asked_for(server: &Server) -> Vec<(String, u64, u64)> {
    let count = server.count();
    let ranges = count["ranges"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    ranges
        .map(|range| {
            (
                text(&range[0]),
                range[1].as_u64().unwrap(),
                range[2].as_u64().unwrap(),
            )
        })
        .collect()
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn a_run_with_an_index_asks_for_no_structure_and_has_the_same_store() {
    let (site, folder, names) = site();
    let server = Server::of(&folder, &[]);
    let urls = urls(&server, &names);
    succeed(&mut run(&site, "plain.zarr", &urls));
    let plain = ["requests", "bytes_received"].map(|key| network(&site, key));
    let made = indexed(&site, &urls);
    assert_eq!((&made["new"], &made["granules"]), (&2.into(), &2.into()));
    let before = asked_for(&server).len();
    succeed(&mut known(&site, "known.zarr", &urls));
    assert_same(&site.out("files.zarr"), &site.out("known.zarr"));
    let with = ["requests", "bytes_received"].map(|key| network(&site, key));
    assert!(with[1] < plain[1], "{with:?} {plain:?}");
    assert_eq!(report(&site)["index"]["known"], 2);
    // Whatever was asked for are values: one byte of each object to know it, storage chunks, and both ends.
    let asked = asked_for(&server).split_off(before);
    for name in &names {
        let path = folder.join(name);
        let chunks = chunks_of(&path);
        let length = fs::metadata(&path).unwrap().len();
        for (_, first, last) in asked.iter().filter(|(of, ..)| of == name) {
            let is_check = (*first, *last) == (0, 0);
            let is_end = *last < (64 << 10) || *first + (64 << 10) >= length;
            let is_value = chunks
                .iter()
                .any(|chunk| chunk.start <= *last && *first < chunk.end);
            assert!(is_check || is_end || is_value, "{name}: {first} to {last}");
        }
    }
    // All granules of the index, without naming them; and a call that finds nothing to do.
    let mut all = known(&site, "all.zarr", &[]);
    succeed(&mut all);
    assert_same(&site.out("files.zarr"), &site.out("all.zarr"));
    let again = indexed(&site, &urls);
    assert_eq!(
        (&again["written"], &again["requests"]),
        (&false.into(), &2.into())
    );
}

/// Where the storage chunks of a granule are.
fn chunks_of(path: &Path) -> Vec<std::ops::Range<u64>> {
    let file = hdf5::File::open(path).unwrap();
    let mut chunks = Vec::new();
    let mut groups = vec![file.as_group().unwrap()];
    while let Some(group) = groups.pop() {
        groups.extend(group.groups().unwrap());
        for dataset in group.datasets().unwrap() {
            for number in 0..dataset.num_chunks().unwrap_or(0) {
                let chunk = dataset.chunk_info(number).unwrap();
                chunks.push(chunk.addr..chunk.addr + chunk.size);
            }
        }
    }
    assert!(!chunks.is_empty());
    chunks
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn a_plan_of_an_index_reads_nothing_of_objects() {
    let (site, folder, names) = site();
    let server = Server::of(&folder, &[]);
    let urls = urls(&server, &names);
    indexed(&site, &urls);
    let plan = |more: &[&str], map: &str| {
        let mut command = icefold();
        command
            .args(["plan", "atl03"])
            .args(more)
            .arg("-o")
            .arg(site.path(map));
        let requests = || server.count()["requests"].as_u64().unwrap();
        let before = requests();
        let (said, _) = json(alone(command.arg("--json")), 0);
        (said, requests() - before)
    };
    let named: Vec<&str> = urls.iter().map(String::as_str).collect();
    let index = site.path("index.parquet").display().to_string();
    plan(&named, "plain.json");
    let expected = fs::read(site.path("plain.json")).unwrap();
    let (said, requests) = plan(&[&named[..], &["--index", &index]].concat(), "known.json");
    assert_eq!(
        (&said["index"]["spared"], &said["photons"]),
        (&2.into(), &0.into())
    );
    assert_eq!(requests, 2, "one of each, to know that it is the same");
    assert_eq!(fs::read(site.path("known.json")).unwrap(), expected);
    let (_, requests) = plan(
        &["--index", &index, "--index-check", "read"],
        "unasked.json",
    );
    assert_eq!(requests, 0);
    assert_eq!(fs::read(site.path("unasked.json")).unwrap(), expected);
    // A run over the map is told by the index, too.
    fs::rename(site.path("unasked.json"), site.path("map.json")).unwrap();
    let mut command = site.run_plan("mapped.zarr");
    succeed(alone(command.args(["--index", &index])));
    assert_same(&site.out("files.zarr"), &site.out("mapped.zarr"));
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn an_object_that_changed_since_is_opened_anew_or_refused() {
    let (site, folder, names) = site();
    let server = Server::of(&folder, &[]);
    let urls = urls(&server, &names);
    indexed(&site, &urls);
    // Other photons under the same name, of another length.
    let recipe = icefold::demo::Recipe {
        granules: 1,
        segments_per_track: 1500,
        seed: 9,
    };
    let other = icefold::demo::write_granules_with(&site.folder("other"), &recipe).unwrap();
    fs::copy(&other[0], folder.join(&names[0])).unwrap();
    let files = [0, 1].map(|i: usize| folder.join(&names[i]));
    succeed(&mut site.run_to("now.zarr", "atl03", &[&files[0], &files[1]]));
    succeed(&mut known(&site, "known.zarr", &urls));
    assert_same(&site.out("now.zarr"), &site.out("known.zarr"));
    let of = &report(&site)["index"];
    assert_eq!((&of["known"], &of["changed"]), (&1.into(), &1.into()));
    // Where nobody is asked before, the first read tells.
    let mut unasked = known(&site, "unasked.zarr", &urls);
    unasked.args(["--index-check", "read"]);
    refuse(
        &mut unasked,
        1,
        &[
            "it is not the object that the index knows",
            "index it again",
        ],
    );
    assert!(!site.out("unasked.zarr").exists());
    let output = unasked.arg("--tolerant").output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert_eq!(
        report(&site)["granules"]["failed"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    // Brought up to date it is believed again.
    let made = indexed(&site, &urls);
    assert_eq!((&made["changed"], &made["same"]), (&1.into(), &1.into()));
    let mut unasked = known(&site, "again.zarr", &urls);
    succeed(unasked.args(["--index-check", "read"]));
    assert_same(&site.out("now.zarr"), &site.out("again.zarr"));
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn bytes_that_were_damaged_in_the_index_are_an_error_and_no_number() {
    let (site, folder, names) = site();
    let server = Server::of(&folder, &[]);
    let urls = urls(&server, &names);
    indexed(&site, &urls);
    let index = site.path("index.parquet");
    let whole = fs::read(&index).unwrap();
    let (mut errors, cases) = (0, 24);
    for case in 0..cases {
        let mut damaged = whole.clone();
        let at = whole.len() * (case * 2 + 1) / (2 * cases);
        damaged[at] ^= 0x10;
        fs::write(&index, &damaged).unwrap();
        let store = format!("damaged{case}.zarr");
        let output = known(&site, &store, &urls).output().unwrap();
        let said = stderr(&output);
        if output.status.success() {
            assert_same(&site.out("files.zarr"), &site.out(&store));
        } else {
            assert!(
                said.contains("index") && !said.contains("panicked"),
                "{at}: {said}"
            );
            assert!(!site.out(&store).exists());
            errors += 1;
        }
    }
    assert!(errors > cases / 2, "{errors}");
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn faults_change_no_byte_of_an_index_or_of_a_run_over_it() {
    let (site, folder, names) = site();
    let (mut whole, mut faults, mut seed) = (0, 0, 1);
    while faults < 40 {
        let server = Server::of(&folder, &["--faults", &format!("{seed}:0.3:1000000")]);
        let urls = urls(&server, &names);
        let mut index = icefold();
        index
            .arg("index")
            .args(&urls)
            .arg("-o")
            .arg(site.path("index.parquet"));
        let made = alone(&mut index).output().unwrap();
        if made.status.success() {
            let output = known(&site, "a.zarr", &urls)
                .arg("--overwrite")
                .output()
                .unwrap();
            if output.status.success() {
                assert_same(&site.out("files.zarr"), &site.out("a.zarr"));
                whole += 1;
            } else {
                assert!(
                    stderr(&output).contains("tries"),
                    "seed {seed}: {}",
                    stderr(&output)
                );
            }
        } else {
            assert!(
                stderr(&made).contains("tries"),
                "seed {seed}: {}",
                stderr(&made)
            );
        }
        faults += server.count()["faults"].as_u64().unwrap();
        let _ = fs::remove_file(site.path("index.parquet"));
        seed += 1;
    }
    assert!(whole > 0);
}
