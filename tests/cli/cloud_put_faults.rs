//! Writing objects where something goes wrong: on the way, at the other end, and with other writers.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::cloud_put::Bucket;
#[cfg(unix)]
use super::json;
use super::refuse;
#[cfg(unix)]
use super::resume::{signalled, soak};
use crate::support::cloud::Server;
use crate::support::{stderr, stdout, succeed};

pub const URL: &str = "s3://granules/a.zarr";

impl Bucket {
    /// A server between the program and the bucket.
    pub fn behind(&self, settings: &[&str]) -> Server {
        let port = self.s3.ports[0].to_string();
        Server::of(
            &self.site.path("granules"),
            &[&["--behind", &port], settings].concat(),
        )
    }

    /// A run that is killed after so many objects were put.
    pub fn killed(&self, puts: u64, more: &[&str]) {
        let proxy = self.behind(&["--latency", "0.02"]);
        let mut child = self
            .run(&proxy, URL, more)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while proxy.count()["by_method"]["PUT"].as_u64().unwrap_or(0) < puts {
            assert!(begun.elapsed() < Duration::from_mins(2), "nothing is sent");
            if child.try_wait().unwrap().is_some() {
                break;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// That nothing at the store's name looks whole.
    #[track_caller]
    pub fn assert_no_store(&self) {
        let keys = self.tree(&["list", "a.zarr/"]);
        assert!(!keys.contains(&"a.zarr/zarr.json".to_owned()), "{keys:?}");
    }
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn faults_on_the_way_change_no_byte() {
    let bucket = Bucket::new();
    let mut faults = 0;
    let wanted = std::env::var("ICEFOLD_SOAK").map_or(120, |faults| faults.parse().unwrap());
    let mut seeds = 0..;
    while faults <= wanted {
        let seed = seeds.next().unwrap();
        let proxy = bucket.behind(&["--faults", &format!("{seed}:0.45:1000")]);
        let more: &[&str] = if seed == 0 { &[] } else { &["--overwrite"] };
        let output = bucket.run(&proxy, URL, more).output().unwrap();
        if output.status.success() {
            bucket.assert_is("a.zarr", "files.zarr");
        } else {
            // So many in a row may be too many: then it says so, and nothing looks whole that is not.
            assert!(stderr(&output).contains("tries"), "{}", stderr(&output));
            let keys = bucket.tree(&["list", "a.zarr/"]);
            if keys.contains(&"a.zarr/zarr.json".to_owned()) {
                // It ended before the one that it was to replace was touched.
                bucket.assert_has("a.zarr", "files.zarr");
            }
            succeed(&mut bucket.run(&bucket.s3, URL, &["--resume"]));
            bucket.assert_is("a.zarr", "files.zarr");
        }
        faults += proxy.count()["faults"].as_u64().unwrap();
        assert!(seed < wanted, "{faults} faults in so many runs");
    }
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn what_the_server_refuses_leaves_no_store_and_is_sent_later() {
    let bucket = Bucket::new();
    for (refused, says) in [
        ("PUT:12:403", "403 Forbidden: who asks may not write there"),
        ("PUT:12:503", "503: the server asks to be left alone"),
    ] {
        let proxy = bucket.behind(&["--refuse", refused]);
        let said = refuse(
            &mut bucket.run(&proxy, URL, &["--overwrite"]),
            1,
            &[URL, says],
        );
        assert!(said.contains("--resume"), "{said}");
        bucket.assert_no_store();
        // Made once, it is sent without reading a granule.
        refuse(
            &mut bucket.run(&bucket.s3, URL, &[]),
            1,
            &["not sent", "--resume", "--overwrite"],
        );
        let sent = succeed(&mut bucket.run(&bucket.s3, URL, &["--resume"]));
        assert_eq!(stdout(&sent), "s3://granules/a.zarr\n");
        bucket.assert_is("a.zarr", "files.zarr");
    }
    // What cannot be looked at is not replaced.
    let proxy = bucket.behind(&["--refuse", "GET:2:403"]);
    refuse(
        &mut bucket.run(&proxy, URL, &["--overwrite"]),
        1,
        &[URL, "403 Forbidden"],
    );
    bucket.assert_is("a.zarr", "files.zarr");
    let proxy = bucket.behind(&["--refuse", "PUT:0:403"]);
    refuse(
        &mut bucket.run(&proxy, "s3://granules/b.zarr", &[]),
        1,
        &["b.zarr", "403"],
    );
    refuse(
        &mut bucket.run(&bucket.s3, "s3://no-such-bucket/b.zarr", &[]),
        1,
        &["s3://no-such-bucket/b.zarr", "404: there is no such bucket"],
    );
    assert!(bucket.desk().is_empty(), "{:?}", bucket.desk());
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn a_run_that_is_killed_while_it_sends_leaves_no_store() {
    let bucket = Bucket::new();
    bucket.killed(8, &[]);
    bucket.assert_no_store();
    assert_eq!(bucket.hidden(), [".a.zarr.claim"]);
    // `clean` of the same machine knows that it is gone.
    let would = stdout(&succeed(&mut bucket.at(&["clean", URL, "--dry-run"])));
    assert!(would.contains("would be removed"), "{would}");
    let cleaned = stdout(&succeed(&mut bucket.at(&["clean", URL])));
    assert!(
        cleaned.contains("objects of a run that is gone") && cleaned.contains("kept: a store"),
        "{cleaned}"
    );
    assert!(bucket.tree(&["list", "a.zarr"]).is_empty() && bucket.hidden().is_empty());
    succeed(&mut bucket.run(&bucket.s3, URL, &["--resume"]));
    bucket.assert_is("a.zarr", "files.zarr");

    // While a store is replaced: the old one or none, and then the new one.
    bucket.killed(8, &["--overwrite"]);
    succeed(&mut bucket.run(&bucket.s3, URL, &["--resume"]));
    bucket.assert_is("a.zarr", "files.zarr");
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn two_writers_do_not_both_win() {
    let bucket = Bucket::new();
    // The first is slow to send; the second is of another machine, and hears of it.
    let proxy = bucket.behind(&["--latency", "1"]);
    let mut first = bucket.run(&proxy, URL, &[]);
    let mut first = first
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while bucket.hidden().is_empty() {
        assert!(first.try_wait().unwrap().is_none());
    }
    let mut second = bucket.run(&bucket.s3, URL, &[]);
    second.env("TMPDIR", bucket.site.folder("another"));
    let output = second.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    let known = said.contains("is being written by process") || said.contains("exists");
    assert!(known, "{said}");
    assert!(first.wait().unwrap().success());
    bucket.assert_is("a.zarr", "files.zarr");
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn what_somebody_else_puts_or_takes_away_is_noticed_before_the_root() {
    let bucket = Bucket::new();
    let proxy = bucket.behind(&["--latency", "2"]);
    let mut child = bucket.run(&proxy, URL, &[]);
    let child = child
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while bucket.tree(&["list", "a.zarr/"]).is_empty() {
        assert!(begun.elapsed() < Duration::from_mins(2), "nothing is sent");
    }
    bucket.tree(&["put", "a.zarr/12/foreign", "mine"]);
    let output = child.wait_with_output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("a.zarr/12/foreign is not what this run sent"),
        "{said}"
    );
    bucket.assert_no_store();
    bucket.tree(&["remove", "a.zarr/12/foreign"]);
    succeed(&mut bucket.run(&bucket.s3, URL, &["--resume"]));
    bucket.assert_is("a.zarr", "files.zarr");
}

#[cfg(unix)]
#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn a_run_that_is_told_to_stop_sends_its_pieces_and_another_machine_goes_on() {
    let bucket = Bucket::new();
    let (_, shards) = soak(&bucket.site, 60, 3000);
    let map = bucket.site.path("map.json");
    let run = |store: &str| {
        let mut run = bucket.at(&[
            "run",
            "atl03",
            "--device",
            "cpu",
            "--batch-rows",
            "20",
            "--plan",
        ]);
        run.arg(&map).args(["--store", store]);
        run
    };
    succeed(&mut run(bucket.site.out("whole.zarr").to_str().unwrap()));
    let mut wait = 600;
    let said = loop {
        let (ended, said) = signalled(run(URL).arg("--overwrite"), "TERM", wait);
        let pieces = bucket.tree(&["list", "a.zarr.pieces/shard-"]);
        let done = pieces.iter().filter(|key| key.contains(".json")).count();
        if !ended && done > 0 {
            assert!(
                done < shards && said.contains(&format!("{done} of {shards}")),
                "{said}"
            );
            break said;
        }
        wait = if ended { wait / 2 } else { wait * 3 / 2 };
    };
    assert!(
        said.contains("a.zarr.pieces, where another machine finds them"),
        "{said}"
    );
    assert!(bucket.hidden().is_empty());
    bucket.assert_no_store();
    let mut again = run(URL);
    again
        .args(["--resume", "--json"])
        .env("TMPDIR", bucket.site.folder("another"));
    let (report, _) = json(&mut again, 0);
    assert!(report["pieces"]["kept"].as_u64() > Some(0), "{report}");
    std::fs::remove_dir_all(bucket.site.path("desk")).unwrap();
    bucket.site.folder("desk");
    bucket.assert_is("a.zarr", "whole.zarr");
}
