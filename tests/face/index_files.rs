//! Indexes that are damaged, are none, or are made in several calls.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use icefold::error::Kind;
use icefold::{Region, Watch};

use super::indexes::refused;
use crate::support::granules::paths;
use crate::support::site::Site;

#[test]
fn what_is_no_index_or_is_damaged_is_refused_and_never_believed() {
    let site = Site::new();
    let granules = site.three();
    let named = paths(&granules);
    site.indexed(&named);
    let index = site.path("index.parquet");
    let whole = fs::read(&index).unwrap();
    let region = Region::of_box(-46.0, 67.0, -44.95, 70.0).unwrap();
    let map = || {
        site.mapping("atl03", &named)
            .region(region.clone())
            .index(&index)
    };
    site.mapping("atl03", &named)
        .region(region.clone())
        .execute()
        .unwrap();
    let expected = site.map_bytes();
    map().execute().unwrap();
    assert_eq!(site.map_bytes(), expected);
    for cut in [0, 3, 4, 100, whole.len() / 2, whole.len() - 1] {
        fs::write(&index, &whole[..cut]).unwrap();
        let error = refused(map().execute());
        assert_eq!(error.kind(), Kind::Argument, "{error}");
        assert!(
            error.to_string().contains("index.parquet"),
            "{cut}: {error}"
        );
    }
    // A changed byte is an error or changes nothing.
    let (mut refusals, step) = (0, (whole.len() / 150).max(1));
    for at in (0..whole.len()).step_by(step) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x41;
        fs::write(&index, &damaged).unwrap();
        match map().execute() {
            Ok(_) => assert_eq!(site.map_bytes(), expected, "byte {at}"),
            Err(_) => refusals += 1,
        }
    }
    assert!(refusals > 50, "{refusals}");
    // Another format, by what the file says of itself.
    let text = br#"{"format":1"#;
    let mut other = whole.clone();
    let mut at = 0;
    while let Some(found) = other[at..]
        .windows(text.len())
        .position(|part| part == text)
    {
        at += found + text.len();
        other[at - 1] = b'7';
    }
    assert!(at > 0);
    fs::write(&index, &other).unwrap();
    let error = refused(map().execute()).to_string();
    assert!(
        error.contains("is of format 7, and this icefold reads format 1"),
        "{error}"
    );
    assert!(error.contains("make it again"), "{error}");
    // What is no index is not written over, and is not read.
    fs::write(&index, "mine").unwrap();
    assert!(site.indexing(&named).execute().is_err());
    assert_eq!(fs::read(&index).unwrap(), b"mine");
}

/// Whoever wishes to stop after a granule.
#[derive(Default)]
struct One(AtomicUsize);

impl Watch for One {
    fn granule_done(&self, _name: &str, _photons: u64) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn stop(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }
}

#[test]
fn a_call_that_is_stopped_keeps_what_it_looked_at_and_the_next_goes_on() {
    let site = Site::new();
    let granules = site.three();
    let named = paths(&granules);
    let one = One::default();
    let stopped = site.indexing(&named).threads(1).watch(&one);
    assert_eq!(refused(stopped.execute()).kind(), Kind::Interrupted);
    let made = site.indexed(&named);
    let (new, same) = (made.new, made.same);
    assert!(new > 0 && same > 0 && new + same == 3, "{new} {same}");
    let grown = fs::read(site.path("index.parquet")).unwrap();
    fs::remove_file(site.path("index.parquet")).unwrap();
    site.indexed(&named);
    assert_eq!(fs::read(site.path("index.parquet")).unwrap(), grown);
}
