//! Runs that keep no photon: whole and empty, and said.

use std::path::PathBuf;

use icefold::store::StoreReader;

use super::from_code::done;
use crate::support::granules::one;
use crate::support::site::Site;
use crate::support::tables::{Format, Row, table_yaml, write};

/// The built-in config atl03 with a filter that nothing passes.
fn nothing_passes(site: &Site) -> PathBuf {
    site.atl03_with("op: ne, value: -2", "op: gt, value: 100")
}

#[test]
fn a_run_that_keeps_nothing_says_why_and_writes_the_store() {
    let site = Site::new();
    let config = nothing_passes(&site);
    let granule = site.good("a.h5", -45.0);
    let (report, message) = done(site.code(&config, &one(&granule)));
    let says = "warning: no photon was kept of 3000: 3000 were rejected as filter: \
                signal_conf_ph[:,0] gt 100";
    assert!(message.contains(says), "{message}");
    assert!(message.contains("allow_empty"), "{message}");
    assert_eq!(report["photons"]["kept"], 0);
    assert_eq!(report["occupied_cells"], 0);
    assert!(StoreReader::open(site.out("a.zarr")).is_ok());
    let outcome = site.code_to("b.zarr", &config, &one(&granule)).execute();
    let outcome = outcome.unwrap();
    assert!(outcome.is_whole() && outcome.is_empty());
}

#[test]
fn metres_in_place_of_degrees_are_said_in_tables_too() {
    let site = Site::new();
    let row = |i: i32| Row {
        lon: 330_000.0,
        lat: -2_100_000.0 + f64::from(i),
        h: Some(1.0),
        k: Some(1),
        flag: 0,
    };
    let table = site.path("metres.parquet");
    write(
        &table,
        &(0..200).map(row).collect::<Vec<_>>(),
        Format::Parquet(50),
    );
    let config = site.path("table.yaml");
    std::fs::write(&config, table_yaml()).unwrap();
    let (_, message) = done(site.code(&config, &one(&table)));
    let says = "no photon was kept of 200: 200 were rejected as bad_coordinate";
    assert!(message.contains(says), "{message}");
    write(&table, &[], Format::Parquet(50));
    let (_, message) = done(site.code_to("b.zarr", &config, &one(&table)));
    assert!(
        message.contains("no granule that was read has any"),
        "{message}"
    );
}

#[test]
fn of_pieces_the_run_that_makes_the_store_says_so() {
    let site = Site::new();
    let config = nothing_passes(&site);
    let (_, shards) = site.mapped("atl03");
    let (_, said) = done(site.over_as("whole.zarr", &config));
    assert!(said.contains("no photon was kept of "), "{said}");
    // A part says so, and leaves the whole to be judged at the end.
    let range = format!("0..{shards}");
    let (_, part) = done(site.part_as("parts.zarr", &config, &range));
    assert!(part.contains("no photon was kept of "), "{part}");
    let (_, said) = done(site.making("parts.zarr").keep_pieces(true));
    assert!(said.contains("no photon was kept in any of "), "{said}");
    let again = site.making("parts.zarr").overwrite(true).execute().unwrap();
    assert!(again.is_whole() && again.is_empty());
    // The filter takes what is in the shards, whatever lies elsewhere.
    assert!(part.contains("rejected as filter: "), "{part}");
}
