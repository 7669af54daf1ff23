//! Runs that keep no photon: said on standard error, and by the exit code unless that is expected.

use std::path::PathBuf;

use icefold::store::StoreReader;

use super::granules::one;
use super::{Site, json};
use crate::support::stderr;
use crate::support::tables::{Kind, Row, table_yaml, write};

/// The built-in config atl03 with a filter that nothing passes.
fn nothing_passes(site: &Site) -> PathBuf {
    site.atl03_with("op: ne, value: -2", "op: gt, value: 100")
}

#[test]
fn a_run_that_keeps_nothing_says_why_writes_the_store_and_exits_with_3() {
    let site = Site::new();
    let config = nothing_passes(&site);
    let granule = site.good("a.h5", -45.0);
    let (report, message) = json(site.run(&config, &one(&granule)).arg("--json"), 3);
    let says = "warning: no photon was kept of 3000: 3000 were rejected as filter: \
                signal_conf_ph[:,0] gt 100";
    assert!(message.contains(says), "{message}");
    assert!(message.contains("--allow-empty"), "{message}");
    assert_eq!(report["photons"]["kept"], 0);
    assert_eq!(report["occupied_cells"], 0);
    assert!(StoreReader::open(site.out("a.zarr")).is_ok());
    let mut expected = site.run_to("b.zarr", &config, &one(&granule));
    let (_, message) = json(expected.args(["--json", "--allow-empty"]), 0);
    assert!(message.contains(says), "{message}");
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
        Kind::Parquet(50),
    );
    let config = site.path("table.yaml");
    std::fs::write(&config, table_yaml()).unwrap();
    let (_, message) = json(site.run(&config, &one(&table)).arg("--json"), 3);
    let says = "no photon was kept of 200: 200 were rejected as bad_coordinate";
    assert!(message.contains(says), "{message}");
    write(&table, &[], Kind::Parquet(50));
    let (_, message) = json(
        site.run_to("b.zarr", &config, &one(&table)).arg("--json"),
        3,
    );
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
    let code = |run: &mut std::process::Command, code: i32| {
        let output = run.output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(code),
            "{run:?} {}",
            stderr(&output)
        );
        stderr(&output)
    };
    let said = code(&mut site.run_map("whole.zarr", &config), 3);
    assert!(said.contains("no photon was kept of "), "{said}");
    code(
        site.run_map("expected.zarr", &config).arg("--allow-empty"),
        0,
    );
    // A part says so, and leaves the whole to be judged at the end.
    let range = format!("0..{shards}");
    let part = code(
        site.run_map("parts.zarr", &config)
            .args(["--shards", &range]),
        0,
    );
    assert!(part.contains("no photon was kept of "), "{part}");
    let said = code(site.finalize("parts.zarr").arg("--keep-pieces"), 3);
    assert!(said.contains("no photon was kept in any of "), "{said}");
    let mut again = site.finalize("parts.zarr");
    code(again.args(["--overwrite", "--allow-empty"]), 0);
    // The filter takes what is in the shards, whatever lies elsewhere.
    assert!(part.contains("rejected as filter: "), "{part}");
}
