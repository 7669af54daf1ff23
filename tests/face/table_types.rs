//! Tables of types beside plain numbers: points of `GeoArrow`, dictionaries, fields of structs, dates and timestamps,
//! brotli. Each gives the bits of a table of plain columns, or is refused by name.

use std::path::{Path, PathBuf};

use icefold::error::Kind;
use serde_json::Value;

use super::from_code::{done, refused};
use crate::support::Site;
use crate::support::granules::one;
use crate::support::tables::table_yaml;
use crate::support::{python, succeed};

const TABLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/face/pyarrow_types.py");
const DEGREES: &str = "coordinates: {latitude: lat, longitude: lon}";
const VARIABLES: &str = "variables: {h: h, k: k}";

/// A folder with all tables, which Python writes.
fn tables() -> Site {
    let site = Site::new();
    succeed(python().arg(TABLES).arg(site.root()));
    site
}

/// The config of tables with pieces of it replaced.
fn config(site: &Site, pieces: &[(&str, &str)]) -> PathBuf {
    let mut text = table_yaml();
    for (piece, other) in pieces {
        assert!(text.contains(piece), "{piece}");
        text = text.replace(piece, other);
    }
    let path = site.path("table.yaml");
    std::fs::write(&path, text).unwrap();
    path
}

/// What a run over tables reports.
#[track_caller]
fn report(site: &Site, config: &Path, tables: &[&str]) -> Value {
    let tables: Vec<PathBuf> = tables.iter().map(|table| site.path(table)).collect();
    let tables: Vec<&Path> = tables.iter().map(PathBuf::as_path).collect();
    done(site.code(config, &tables).overwrite(true)).0
}

/// That a table gives the photons and bits of the plain one.
#[track_caller]
fn as_plain(site: &Site, config_of_table: &Path, table: &str, plain: &Value) {
    let found = report(site, config_of_table, &[table]);
    assert_eq!(found["photons"], plain["photons"], "{table}");
    assert_eq!(found["content_sha256"], plain["content_sha256"], "{table}");
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn points_dictionaries_and_brotli_give_the_bits_of_plain_columns() {
    let site = tables();
    let plain = report(&site, &config(&site, &[]), &["plain.parquet"]);
    assert_eq!(plain["photons"]["rejected_by"]["bad_coordinate"], 143);
    for table in ["brotli.parquet", "dictionary.parquet"] {
        as_plain(&site, &config(&site, &[]), table, &plain);
    }
    let points = config(&site, &[(DEGREES, "coordinates: {geometry: place}")]);
    for table in [
        "separate.parquet",
        "separate.arrow",
        "pairs.parquet",
        "pairs.arrow",
        "triples.parquet",
        "triples.arrow",
        "geoparquet.parquet",
    ] {
        as_plain(&site, &points, table, &plain);
    }
    let says = [
        "dictionary.arrow: column h is Dictionary",
        "of Arrow IPC no dictionaries are read",
    ];
    let run = site.code(config(&site, &[]), &one(&site.path("dictionary.arrow")));
    refused(run.overwrite(true).execute(), Kind::Granule, &says);
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn fields_of_structs_are_columns() {
    let site = tables();
    let plain = report(&site, &config(&site, &[]), &["plain.parquet"]);
    let of_structs = config(&site, &[(VARIABLES, "variables: {h: s.h, k: s.in.k}")]);
    for table in ["structs.parquet", "structs.arrow"] {
        let found = report(&site, &of_structs, &[table]);
        assert_eq!(found["photons"], plain["photons"], "{table}");
        assert_eq!(found["shards"], plain["shards"], "{table}");
    }
    // A field of a null struct is null.
    let of_null = config(&site, &[(VARIABLES, "variables: {h: s.h, k: s.k}")]);
    for table in ["null_structs.parquet", "null_structs.arrow"] {
        let found = report(&site, &of_null, &[table]);
        assert_eq!(found["photons"]["rejected_by"]["null"], 428, "{table}");
    }
    for (variables, says) in [
        ("variables: {h: s, k: s.in.k}", "column s is Struct"),
        (
            "variables: {h: s, k: s.in.k}",
            "name one of them, such as s.h",
        ),
        (
            "variables: {h: s.list, k: s.in.k}",
            "in structs no lists are read",
        ),
        ("variables: {h: s.hh, k: s.in.k}", "has no column s.hh"),
        (
            "variables: {h: s.in.text, k: s.in.k}",
            "column s.in.text is Utf8, which is not supported",
        ),
    ] {
        let config = config(&site, &[(VARIABLES, variables)]);
        for table in ["structs.parquet", "structs.arrow"] {
            let run = site.code(&config, &one(&site.path(table)));
            refused(run.overwrite(true).execute(), Kind::Granule, &[says]);
        }
    }
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn dates_and_timestamps_are_times() {
    let site = tables();
    let time = "\ntime: {from: 2019-06, to: 2019-06-15, dataset: t}\noutput:\n";
    let with_time =
        |variables: &str| config(&site, &[("\noutput:\n", time), (VARIABLES, variables)]);
    let within = with_time(VARIABLES);
    let plain = report(&site, &within, &["seconds.parquet"]);
    assert_eq!(
        plain["photons"]["rejected_by"]["time: before 2019-06-01T00:00:00Z"],
        20
    );
    for unit in ["s", "ms", "us", "ns"] {
        for table in [
            format!("stamps_{unit}.parquet"),
            format!("stamps_{unit}.arrow"),
        ] {
            as_plain(&site, &within, &table, &plain);
        }
    }
    // All hours of a day are at its start, which the bounds are, too.
    for table in ["dates.parquet", "dates64.arrow"] {
        as_plain(&site, &within, table, &plain);
    }
    // As a column, times are seconds.
    let of_times = with_time("variables: {h: {path: t, resolution: 2^-17}, k: k}");
    let seconds = report(&site, &of_times, &["seconds.parquet"]);
    as_plain(&site, &of_times, "stamps_ns.parquet", &seconds);
    let run = site.code(&within, &one(&site.path("scaled.parquet")));
    let says =
        ["column t is Timestamp(ms), and its metadata have scale_factor, which is for numbers"];
    refused(run.overwrite(true).execute(), Kind::Granule, &says);
    let run = site.code(&within, &one(&site.path("plain.parquet")));
    refused(
        run.overwrite(true).execute(),
        Kind::Granule,
        &["has no column t"],
    );
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn days_in_names_of_folders_are_times() {
    let site = tables();
    let time = "\ntime: {from: 2019-06-01, dataset: day}\noutput:\n";
    let config = config(&site, &[("\noutput:\n", time)]);
    let found = report(&site, &config, &["days"]);
    assert_eq!(found["photons"]["read"], 48);
    // Four of each folder's photons have no position, which is looked at first.
    assert_eq!(
        found["photons"]["rejected_by"]["time: before 2019-06-01T00:00:00Z"],
        20
    );
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
fn what_is_no_point_in_degrees_and_no_number_is_refused_by_name() {
    let site = tables();
    let points = config(&site, &[(DEGREES, "coordinates: {geometry: place}")]);
    for (table, says) in [
        (
            "projected.parquet",
            "column place is in the reference system UTM 33, not in degrees",
        ),
        (
            "authority.parquet",
            "column place is in the reference system EPSG:3413, not in degrees",
        ),
        (
            "floats.parquet",
            "a struct of x and y, or a list of two numbers in float64",
        ),
        ("polygons.parquet", "column place is encoded as polygon"),
    ] {
        let run = site.code(&points, &one(&site.path(table)));
        refused(run.overwrite(true).execute(), Kind::Granule, &[says]);
    }
    let run = site.code(config(&site, &[]), &one(&site.path("polygons.parquet")));
    let says =
        ["of which only points are read: write them as points, or as two columns of degrees"];
    refused(run.overwrite(true).execute(), Kind::Granule, &says);
    let run = site.code(config(&site, &[]), &one(&site.path("category.parquet")));
    refused(
        run.overwrite(true).execute(),
        Kind::Granule,
        &["column k is Dictionary", "which is not supported"],
    );
}
