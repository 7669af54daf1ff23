//! Granules that are objects of a web server: the same bytes as from files, or an error that says what is wrong.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::{Site, refuse};
use crate::support::cloud::Server;
use crate::support::site::assert_same;
use crate::support::{icefold, stderr, stdout, succeed};

/// Two granules of a folder, their names, and a store of them as files.
pub fn site() -> (Site, PathBuf, [String; 2]) {
    let site = Site::new();
    let recipe = icefold::demo::Recipe {
        granules: 2,
        segments_per_track: 2000,
        seed: 7,
    };
    let folder = site.folder("granules");
    let made = icefold::demo::write_granules_with(&folder, &recipe).unwrap();
    let names = [0, 1].map(|i: usize| made[i].file_name().unwrap().to_str().unwrap().to_owned());
    let paths = names.each_ref().map(|name| folder.join(name));
    succeed(&mut site.run_to("files.zarr", "atl03", &[&paths[0], &paths[1]]));
    (site, folder, names)
}

pub fn run(site: &Site, store: &str, urls: &[String]) -> Command {
    let mut command = icefold();
    command.args(["run", "atl03"]).args(urls).args([
        "--threads",
        "2",
        "--device",
        "cpu",
        "--store",
    ]);
    command
        .arg(site.out(store))
        .arg("--report")
        .arg(site.out("run.json"));
    for name in ["EARTHDATA_TOKEN", "AWS_PROFILE", "AWS_ACCESS_KEY_ID"] {
        command.env_remove(name);
    }
    command
        .env("NETRC", "/nowhere")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("no_proxy", "127.0.0.1");
    command
}

pub fn report(site: &Site) -> Value {
    serde_json::from_slice(&std::fs::read(site.out("run.json")).unwrap()).unwrap()
}

fn urls(server: &Server, names: &[String]) -> Vec<String> {
    names.iter().map(|name| server.url(name)).collect()
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn a_store_of_objects_is_that_of_the_files() {
    let (site, folder, names) = site();
    let server = Server::of(&folder, &[]);
    let urls = urls(&server, &names);
    succeed(&mut run(&site, "far.zarr", &urls));
    assert_same(&site.out("files.zarr"), &site.out("far.zarr"));
    let (report, count) = (report(&site), server.count());
    let network = &report["network"];
    let of = |key: &str| network[key].as_u64().unwrap();
    assert_eq!(of("requests"), count["requests"].as_u64().unwrap());
    assert_eq!(of("bytes_received"), count["bytes"].as_u64().unwrap());
    assert_eq!((of("objects"), of("retries")), (2, 0));
    assert!(of("bytes_needed") <= of("bytes_received"));
    // All requests but the first of an object hold it to its ETag.
    assert_eq!(count["without_if_match"], 0);

    let found = succeed(icefold().args(["inspect", &urls[0]]));
    assert!(
        stdout(&found).starts_with(&format!("{}  ", names[0])),
        "{}",
        stdout(&found)
    );
    // One as a URL of a file, one as an object with a secret in its query.
    let file = format!("file://{}", folder.join(&names[0]).display());
    let mixed = [file, format!("{}?Signature=secret", urls[1])];
    succeed(&mut run(&site, "mixed.zarr", &mixed));
    assert_same(&site.out("files.zarr"), &site.out("mixed.zarr"));
    let text = std::fs::read_to_string(site.out("run.json")).unwrap();
    assert!(text.contains("127.0.0.1") && !text.contains("secret"));
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn a_shard_map_names_objects_and_a_run_over_it_reads_them() {
    let (site, folder, names) = site();
    let server = Server::of(&folder, &[]);
    let urls = urls(&server, &names);
    let paths = [0, 1].map(|i: usize| Path::new(&urls[i]));
    succeed(&mut site.plan("atl03", &paths));
    let map = std::fs::read_to_string(site.path("map.json")).unwrap();
    assert!(urls.iter().all(|url| map.contains(&**url)));
    succeed(&mut site.run_plan("far.zarr"));
    assert_same(&site.out("files.zarr"), &site.out("far.zarr"));
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn lists_name_granules() {
    let (site, folder, names) = site();
    let server = Server::of(&folder, &[]);
    let urls = urls(&server, &names);
    let lines = site.path("list.txt");
    std::fs::write(
        &lines,
        format!("# two\n{}\n{}\n", urls[0], folder.join(&names[1]).display()),
    )
    .unwrap();
    let items = names.iter().map(|name| {
        format!(
            r#"{{"id": "{name}", "assets": {{"data": {{"href": "{}"}}}}}}"#,
            server.url(name)
        )
    });
    let items = format!(
        r#"{{"features": [{}]}}"#,
        items.collect::<Vec<_>>().join(", ")
    );
    std::fs::write(folder.join("items.json"), items).unwrap();
    for (store, list) in [
        ("lines.zarr", lines.display().to_string()),
        ("items.zarr", server.url("items.json")),
    ] {
        let mut command = run(&site, store, &[]);
        // Of a list with links over http:// and none over https://, the first is taken.
        succeed(command.args(["--granules-from", &list]));
        assert_same(&site.out("files.zarr"), &site.out(store));
    }
    std::fs::write(site.path("empty.txt"), "# nothing\n").unwrap();
    let mut empty = run(&site, "a.zarr", &[]);
    refuse(
        empty.arg("--granules-from").arg(site.path("empty.txt")),
        2,
        &["empty.txt names no granule"],
    );
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn what_cannot_be_read_is_said_with_the_url_and_the_remedy() {
    let (site, folder, names) = site();
    let name = &names[0];
    let lost = |status: &str| format!("{name}:2:{status}");
    let cases = [
        (
            vec!["--no-ranges".to_owned()],
            "sends whole files only",
            "(cache)",
        ),
        (
            vec!["--lose".to_owned(), format!("{name}:0:404")],
            "404: there is no such object",
            "check the URL",
        ),
        (
            vec!["--lose".to_owned(), lost("404")],
            "404: there is no such object",
            "check the URL",
        ),
        (
            vec!["--lose".to_owned(), lost("403")],
            "403 Forbidden",
            "anonymously",
        ),
        (
            vec!["--change".to_owned(), format!("{name}:2")],
            "not the object that it was",
            "nobody writes",
        ),
    ];
    for (settings, says, remedy) in cases {
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        let server = Server::of(&folder, &settings);
        let mut command = run(&site, "a.zarr", &urls(&server, &names));
        let message = refuse(&mut command, 1, &[says, remedy]);
        assert!(message.contains(&server.url(name)), "{message}");
        assert!(!site.out("a.zarr").exists());
    }
    let mut command = run(&site, "a.zarr", &["http://example.org/a.h5".to_owned()]);
    refuse(
        &mut command,
        1,
        &["http:// is not encrypted", "http is allowed"],
    );
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn a_tolerant_run_leaves_out_an_object_that_was_lost() {
    let (site, folder, names) = site();
    let server = Server::of(&folder, &["--lose", &format!("{}:2:404", names[0])]);
    let mut command = run(&site, "a.zarr", &urls(&server, &names));
    let output = command.arg("--tolerant").output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let failed = report(&site)["granules"]["failed"].to_string();
    assert!(failed.contains("404: there is no such object"), "{failed}");
    let lost_midway = content(&site);
    assert!(lost_midway.is_string());
    let gone = Server::of(&folder, &["--lose", &format!("{}:0:404", names[0])]);
    let mut command = run(&site, "gone.zarr", &urls(&gone, &names));
    assert_eq!(
        command.arg("--tolerant").output().unwrap().status.code(),
        Some(3)
    );
    let never_there = content(&site);
    let other = folder.join(&names[1]).display().to_string();
    succeed(&mut run(&site, "one.zarr", &[other]));
    assert_eq!([lost_midway, never_there], [content(&site), content(&site)]);
}

/// The content hash of the store that the last run wrote.
fn content(site: &Site) -> Value {
    report(site)["content_sha256"].clone()
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn requests_that_are_throttled_are_made_again_and_counted() {
    let (site, folder, names) = site();
    let server = Server::of(&folder, &["--throttle", "3"]);
    succeed(&mut run(&site, "a.zarr", &urls(&server, &names)));
    assert_same(&site.out("files.zarr"), &site.out("a.zarr"));
    assert_eq!(report(&site)["network"]["retries"], 6);
}

/// Faults at random, so many of them in all: the same bytes each time, or a clear error. `ICEFOLD_SOAK` asks for more.
#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn faults_change_no_byte() {
    let (site, folder, names) = site();
    let wanted = std::env::var("ICEFOLD_SOAK").map_or(50, |faults| faults.parse().unwrap());
    let (mut faults, mut seed, mut whole) = (0, 1, 0);
    while faults < wanted {
        let server = Server::of(&folder, &["--faults", &format!("{seed}:0.3:1000000")]);
        let output = run(&site, "a.zarr", &urls(&server, &names))
            .arg("--overwrite")
            .output()
            .unwrap();
        let count = server.count();
        faults += count["faults"].as_u64().unwrap();
        let message = stderr(&output);
        if output.status.success() {
            assert_same(&site.out("files.zarr"), &site.out("a.zarr"));
            assert_eq!(
                report(&site)["network"]["retries"],
                count["faults"],
                "{count}"
            );
            whole += 1;
        } else {
            assert!(
                message.contains("tries") && !message.contains("panicked"),
                "seed {seed}: {message}"
            );
        }
        seed += 1;
    }
    assert!(whole > 0);
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn whole_objects_are_kept_where_that_is_asked_for() {
    let (site, folder, names) = site();
    let cache = site.path("cache");
    let server = Server::of(&folder, &[]);
    let urls = urls(&server, &names);
    for store in ["once.zarr", "again.zarr"] {
        succeed(run(&site, store, &urls).arg("--cache").arg(&cache));
        assert_same(&site.out("files.zarr"), &site.out(store));
    }
    let bytes: u64 = names
        .iter()
        .map(|name| folder.join(name).metadata().unwrap().len())
        .sum();
    // The head of each is read to know which object it is.
    assert!(report(&site)["network"]["requests"].as_u64() == Some(2));
    assert!(server.count()["bytes"].as_u64().unwrap() < bytes + (5 << 20));
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn earthdata_is_told_who_asks_and_nobody_else_is() {
    let (site, folder, names) = site();
    let netrc = site.path("netrc");
    std::fs::write(
        &netrc,
        "machine 127.0.0.1 login me password secret-password\n",
    )
    .unwrap();
    let stand_in = |settings: &[&str]| Server::of(&folder, &[&["--earthdata"], settings].concat());
    let known = |server: &Server, store: &str| {
        let mut command = run(&site, store, &urls(server, &names));
        let [data, login, signed] = server.ports[..] else {
            panic!("three hosts")
        };
        command.env(
            "ICEFOLD_EARTHDATA_LOGIN",
            format!("http://127.0.0.1:{login}"),
        );
        command.env("ICEFOLD_EARTHDATA_HOSTS", format!("127.0.0.1:{data}"));
        let _ = signed;
        command
    };
    for (store, name, value) in [
        ("token.zarr", "EARTHDATA_TOKEN", "secret-token"),
        ("netrc.zarr", "NETRC", netrc.to_str().unwrap()),
    ] {
        let server = stand_in(&[]);
        let mut command = known(&server, store);
        command.env(
            "ICEFOLD_EARTHDATA_SIGNED",
            format!("127.0.0.1:{}", server.ports[2]),
        );
        let output = succeed(command.env(name, value));
        assert_same(&site.out("files.zarr"), &site.out(store));
        let count = server.count();
        assert_eq!(count["leaked"], serde_json::json!([]));
        let said = stdout(&output)
            + &stderr(&output)
            + &std::fs::read_to_string(site.out("run.json")).unwrap();
        assert!(!said.contains("secret"), "{said}");
    }
    // Nobody, and hosts that Earthdata does not name.
    let server = stand_in(&[]);
    refuse(
        &mut known(&server, "a.zarr"),
        1,
        &["401 Unauthorized", "give credentials"],
    );
    let server = stand_in(&["--astray", "https://elsewhere.example"]);
    let message = refuse(
        known(&server, "a.zarr").env("EARTHDATA_TOKEN", "secret-token"),
        1,
        &["elsewhere.example", "Earthdata does not name"],
    );
    assert!(!message.contains("secret"), "{message}");
}
