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
    for table in ["brotli.parquet", "dictionary.parquet", "dictionary.arrow"] {
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
            "column s.in.text is Utf8, and a number is needed; text is compared by filters",
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
    for table in ["stamps_listed.parquet", "stamps_listed.arrow"] {
        as_plain(&site, &within, table, &plain);
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
        &["column k is Dictionary", "and a number is needed"],
    );
}

const FILTER: &str = "{dataset: flag, op: ne, value: 1}";

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python environment")]
#[expect(clippy::too_many_lines, reason = "a list of cases")]
fn filters_compare_columns_of_text_as_they_do_numbers() {
    let site = tables();
    let with = |filter: &str| config(&site, &[(FILTER, filter)]);
    let pairs = [
        ("op: eq, value: land", "op: eq, value: 0"),
        ("op: ne, value: sea ice", "op: ne, value: 1"),
        ("op: in, values: [land, '']", "op: in, values: [0, 2]"),
        (
            "op: not_in, values: [land, river]",
            "op: not_in, values: [0, 7]",
        ),
        (
            "op: eq, value: land, keep: false",
            "op: eq, value: 0, keep: false",
        ),
    ];
    for (of_text, of_numbers) in pairs {
        let numbers = with(&format!("{{dataset: number, {of_numbers}}}"));
        let plain = report(&site, &numbers, &["words.parquet"]);
        let kept = plain["photons"]["kept"].as_u64().unwrap();
        assert!((100..800).contains(&kept), "{of_numbers}: {kept}");
        let texts = with(&format!("{{dataset: surface, {of_text}}}"));
        for table in [
            "words.parquet",
            "words.arrow",
            "large.parquet",
            "large.arrow",
            "views.arrow",
            "coded.parquet",
            "coded.arrow",
            "wide.parquet",
            "wide.arrow",
            "grows.arrows",
        ] {
            let run = site.code(&texts, &one(&site.path(table))).overwrite(true);
            let found = done(run.batch_rows(41)).0;
            assert_eq!(found["photons"]["kept"], kept, "{table}: {of_text}");
            assert_eq!(found["content_sha256"], plain["content_sha256"], "{table}");
        }
        for name in ["of.coded", "of.plain"] {
            let texts = with(&format!("{{dataset: {name}, {of_text}}}"));
            for table in ["texts_in_structs.parquet", "texts_in_structs.arrow"] {
                let found = report(&site, &texts, &[table]);
                assert_eq!(found["photons"]["kept"], kept, "{table}: {name}");
            }
        }
    }
    // In the names of folders.
    let kept = |word: &str| {
        let filter = with(&format!("{{dataset: surface, op: eq, value: {word}}}"));
        report(&site, &filter, &["surface=sea ice"])["photons"]["kept"].clone()
    };
    assert_eq!((kept("land"), kept("sea ice")), (0.into(), 857.into()));
    // A folder that stands for null passes no filter, and the photons of the other are kept.
    let folders = site.folder("hive");
    for name in ["surface=sea ice", "surface=__HIVE_DEFAULT_PARTITION__"] {
        std::fs::create_dir(folders.join(name)).unwrap();
        for file in std::fs::read_dir(site.path("surface=sea ice")).unwrap() {
            let from = file.unwrap().path();
            let to = folders.join(name).join(format!(
                "{}_{}",
                name.len(),
                from.file_name().unwrap().display()
            ));
            std::fs::copy(from, to).unwrap();
        }
    }
    let both = [
        "hive/surface=sea ice",
        "hive/surface=__HIVE_DEFAULT_PARTITION__",
    ];
    for op in ["op: eq, value: sea ice", "op: ne, value: land"] {
        let filter = with(&format!("{{dataset: surface, {op}}}"));
        let found = report(&site, &filter, &both);
        assert_eq!(found["photons"]["kept"], 857, "{op}");
    }
    for (filter, table, says) in [
        (
            "{dataset: surface, op: eq, value: 3}",
            "words.arrow",
            "column surface is text, and a filter compares it with the number 3; write it in quotes",
        ),
        (
            "{dataset: number, op: eq, value: land}",
            "words.arrow",
            "compares with 'land', and its values have no names",
        ),
        (
            "{dataset: surface, op: eq, value: land}, {expression: 'k > 3'}",
            "replaced.arrows",
            "dictionary batch 2: replaces another",
        ),
    ] {
        let run = site.code(with(filter), &one(&site.path(table)));
        refused(run.overwrite(true).execute(), Kind::Granule, &[says]);
    }
    let config = config(&site, &[(VARIABLES, "variables: {h: h, k: surface}")]);
    let run = site.code(config, &one(&site.path("words.arrow")));
    let says = ["column surface is Utf8, and a number is needed"];
    refused(run.overwrite(true).execute(), Kind::Granule, &says);
}
