//! Claims on stores that are made of objects: lost, taken over, cleaned up; and what the run that goes on may replace.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::cloud_put::Bucket;
use super::cloud_put_faults::URL;
use super::refuse;
use crate::support::{stderr, stdout, succeed};

const CLAIM: &str = ".a.zarr.claim";

/// Begins a command whose messages are wanted.
fn begun(command: &mut Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// That somebody else had taken the claim of a command over, and it stopped for that.
#[track_caller]
fn assert_lost(child: Child) {
    let output = child.wait_with_output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("another run has taken it over"), "{said}");
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn who_has_lost_its_claim_sends_no_more_and_leaves_it_alone() {
    let bucket = Bucket::new();
    let proxy = bucket.behind(&["--latency", "2"]);
    let child = begun(&mut bucket.run(&proxy, URL, &[]));
    let since = Instant::now();
    while bucket.tree(&["list", "a.zarr/"]).is_empty() {
        assert!(since.elapsed() < Duration::from_mins(2), "nothing is sent");
    }
    bucket.tree(&["put", CLAIM, "somebody's"]);
    assert_lost(child);
    bucket.assert_no_store();
    assert_eq!(bucket.tree(&["text", CLAIM]), ["somebody's"]);
    // What is no claim of icefold's is not taken over.
    refuse(
        &mut bucket.run(&bucket.s3, URL, &["--resume"]),
        1,
        &[CLAIM, "is no claim of icefold's"],
    );
    let cleaned = stdout(&succeed(&mut bucket.at(&["clean", URL])));
    assert!(cleaned.contains("left alone"), "{cleaned}");
    assert_eq!(bucket.hidden(), [CLAIM]);
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn clean_removes_nothing_but_under_a_claim_of_its_own() {
    let bucket = Bucket::new();
    bucket.killed(8, &[]);
    let before = bucket.tree(&["list", "a.zarr/"]);
    assert!(!before.is_empty());
    let proxy = bucket.behind(&["--latency", "2"]);
    let child = begun(&mut bucket.through(&proxy, &["clean", URL]));
    let mine = format!("\"process\":{},", child.id());
    let since = Instant::now();
    loop {
        let claim = bucket.tree(&["text", CLAIM]).concat();
        if claim.contains(&mine) {
            // Nobody who finds this takes it over without waiting for a word.
            assert!(claim.contains("\"left\":false"), "{claim}");
            break;
        }
        assert!(since.elapsed() < Duration::from_mins(2), "{claim}");
    }
    bucket.tree(&["put", CLAIM, "somebody's"]);
    assert_lost(child);
    assert_eq!(bucket.tree(&["list", "a.zarr/"]), before);
    assert_eq!(bucket.tree(&["text", CLAIM]), ["somebody's"]);
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn what_could_not_be_looked_at_stays_claimed() {
    let bucket = Bucket::new();
    bucket.killed(8, &[]);
    // It reads the claim that is left, takes it over, and is not let list.
    let proxy = bucket.behind(&["--refuse", "GET:1:403"]);
    refuse(
        &mut bucket.run(&proxy, URL, &["--resume"]),
        1,
        &[URL, "403"],
    );
    assert_eq!(bucket.hidden(), [CLAIM]);
    succeed(&mut bucket.run(&bucket.s3, URL, &["--resume"]));
    bucket.assert_is("a.zarr", "files.zarr");
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn a_run_that_goes_on_replaces_its_own_table_and_no_other() {
    let bucket = Bucket::new();
    let (key, table) = ("t/a.parquet", "s3://granules/t/a.parquet");
    let bytes = || std::fs::read(bucket.fetched("t/").join("a.parquet")).unwrap();
    let run = |more: &[&str]| bucket.run(&bucket.s3, URL, &[&["--table", table], more].concat());
    // One object may not be put.
    let kept_out = |object: &str, more: &[&str]| {
        let proxy = bucket.behind(&["--keep-out", object]);
        let says = [URL, "403", "--resume"];
        refuse(&mut bucket.run(&proxy, URL, more), 1, &says);
        bucket.assert_no_store();
    };
    let (root, before_table) = (
        "/granules/a.zarr/zarr.json",
        "/granules/a.zarr/h_mean/zarr.json",
    );
    kept_out(root, &["--table", table]);
    let sent = bytes();
    assert!(sent.starts_with(b"PAR1"));
    succeed(&mut run(&["--resume"]));
    bucket.assert_is("a.zarr", "files.zarr");
    assert!(bytes() == sent, "it is another");

    // The store that is replaced goes first, its table is there until the new one is sent.
    succeed(&mut run(&["--overwrite", "--order", "9"]));
    let coarse = bytes();
    assert!(coarse != sent);
    kept_out(before_table, &["--overwrite", "--table", table]);
    assert!(bytes() == coarse, "it is another");
    succeed(&mut run(&["--resume"]));
    bucket.assert_is("a.zarr", "files.zarr");
    assert!(bytes() == sent, "it is another");

    // What somebody else put there in the meantime stays.
    kept_out(before_table, &["--overwrite", "--table", table]);
    bucket.tree(&["put", key, "mine"]);
    let exists = ["table s3://granules/t/a.parquet exists", "--overwrite"];
    refuse(&mut run(&["--resume"]), 2, &exists);
    assert_eq!(bytes(), b"mine");
    let other = ["--table", "s3://granules/t/b.parquet", "--resume"];
    refuse(
        &mut bucket.run(&bucket.s3, URL, &other),
        2,
        &["table s3://granules/t/b.parquet", "was made without it"],
    );
    bucket.tree(&["remove", key]);
    succeed(&mut run(&["--resume"]));
    bucket.assert_is("a.zarr", "files.zarr");
    assert!(bytes() == sent, "it is another");
}
