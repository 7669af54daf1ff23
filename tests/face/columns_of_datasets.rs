//! Columns of 2-D datasets as source columns, levels that declare source columns, enums and booleans.

use std::path::PathBuf;

use hdf5::File;
use icefold::config;
use icefold::error::Kind;

use super::from_code::{done, refused};
use crate::support::Site;
use crate::support::granules::one;

const FILL: f32 = -999.0;

/// 900 photons in one cell: `rh` of five columns, cut into storage chunks across both, with a null in every thirteenth
/// row of column 2; `flag` is a boolean and `kind` an enum.
pub(super) fn granule(site: &Site) -> PathBuf {
    let path = site.path("a.h5");
    let file = File::create(&path).unwrap();
    let n = 900;
    let put = |name: &str, values: &[f64]| {
        let set = file.new_dataset::<f64>().shape(values.len());
        set.create(name).unwrap().write_raw(values).unwrap();
    };
    put("a/p/lat", &vec![70.0; n]);
    put("a/p/lon", &vec![-45.0; n]);
    let rh: Vec<f32> = (0..n)
        .flat_map(|row| (0..5).map(move |column| rh(row, column)))
        .collect();
    let set = file
        .new_dataset::<f32>()
        .shape((n, 5))
        .chunk((70, 2))
        .shuffle()
        .deflate(4);
    let set = set.create("a/p/rh").unwrap();
    set.write_raw(&rh).unwrap();
    set.new_attr::<f32>()
        .create("_FillValue")
        .unwrap()
        .write_scalar(&FILL)
        .unwrap();
    let per_segment: Vec<i16> = (0..90).map(|value| value as i16).collect();
    let set = file
        .new_dataset::<i16>()
        .shape((45, 2))
        .create("a/s/pair")
        .unwrap();
    set.write_raw(&per_segment).unwrap();
    let begin: Vec<i64> = (0..45).map(|segment| 1 + 20 * segment).collect();
    file.new_dataset::<i64>()
        .shape(45)
        .create("a/s/beg")
        .unwrap()
        .write_raw(&begin)
        .unwrap();
    file.new_dataset::<i32>()
        .shape(45)
        .create("a/s/count")
        .unwrap()
        .write_raw(&[20; 45])
        .unwrap();
    for (name, chunk) in [("a/p/flag", 100), ("a/p/flag_as_it_is", 0)] {
        let flags: Vec<bool> = (0..n).map(|row| row % 3 == 0).collect();
        let set = file.new_dataset::<bool>().shape(n);
        let set = if chunk > 0 {
            set.chunk(chunk).deflate(2)
        } else {
            set
        };
        set.create(name).unwrap().write_raw(&flags).unwrap();
    }
    file.close().unwrap();
    path
}

fn rh(row: usize, column: usize) -> f32 {
    if column == 2 && row.is_multiple_of(13) {
        FILL
    } else {
        ((row * (column + 3)) % 17) as f32 * 0.25
    }
}

pub(super) fn pipeline(site: &Site, variables: &str, filters: &str, outputs: &str) -> PathBuf {
    let text = format!(
        r#"
data_source:
  groups: [a]
  base_level: photons
  levels:
    photons: {{path: "/{{group}}/p", coordinates: {{latitude: lat, longitude: lon}}}}
    segments:
      path: "/{{group}}/s"
      link: {{to: photons, index_beg: beg, count: count, index_base: 1}}
      variables:
        pair: {{path: pair, column: 1}}
        left: {{path: "/{{group}}/s/pair", column: 0}}
  variables: {{{variables}}}
  filters: [{filters}]
aggregation:
  variables:
{outputs}
output:
  grid: {{type: healpix, indexing_scheme: nested, parent_order: 2, child_order: 7}}
"#
    );
    let path = site.path("columns.yaml");
    std::fs::write(&path, text).unwrap();
    path
}

pub(super) const VARIABLES: &str = "two: {path: '/{group}/p/rh', column: 2, resolution: 2^-20}, \
    four: {path: rh, column: 4, level: photons}, rh: {path: '/{group}/p/rh', columns: [0, 1, 4]}, \
    all: {path: '/{group}/p/rh', columns: [0, 2]}, flag: '/{group}/p/flag', plain: '/{group}/p/flag_as_it_is'";

pub(super) const OUTPUTS: &str = r#"    n: {function: count, source: four}
    two: {expression: "sum(two)", dtype: float64}
    twos: {function: count, source: two}
    four: {expression: "sum(four)", where: "two > 1", dtype: float64}
    high: {function: count, source: four, where: "any(rh > 3)"}
    low: {function: count, source: four, where: "all(rh <= 3)"}
    both: {function: count, source: four, where: "any(all > 3)"}
    most: {function: max, source: "rh[1]"}
    flags: {expression: "sum(flag == 1) + 1000 * sum(plain)", dtype: float64}
    pair: {expression: "sum(pair - left)", dtype: float64}
    lefts: {expression: "sum(left)", dtype: float64}
"#;

#[test]
fn columns_have_the_values_of_their_dataset() {
    let site = Site::new();
    let granule = granule(&site);
    let config = pipeline(&site, VARIABLES, "", OUTPUTS);
    let rows = || 0..900_usize;
    let is_null = |row: &usize| row.is_multiple_of(13);
    let any = |row: &usize, columns: &[usize]| columns.iter().any(|&c| rh(*row, c) > 3.0);
    let sum = |values: &mut dyn Iterator<Item = f32>| values.map(f64::from).sum::<f64>();
    let expected = [
        ("n", 900.0),
        (
            "two",
            sum(&mut rows().filter(|r| !is_null(r)).map(|r| rh(r, 2))),
        ),
        ("twos", rows().filter(|r| !is_null(r)).count() as f64),
        (
            "four",
            sum(&mut rows().filter(|r| rh(*r, 2) > 1.0).map(|r| rh(r, 4))),
        ),
        ("high", rows().filter(|r| any(r, &[0, 1, 4])).count() as f64),
        ("low", rows().filter(|r| !any(r, &[0, 1, 4])).count() as f64),
        (
            "both",
            rows().filter(|r| !is_null(r) && any(r, &[0, 2])).count() as f64,
        ),
        ("most", 4.0),
        ("flags", 300.0 * 1001.0),
        ("pair", 900.0),
        ("lefts", (0..45).map(|s| 40.0 * f64::from(s)).sum()),
    ];
    let mut first = None;
    for rows in [1000, 64, 7] {
        let run = site
            .code(&config, &one(&granule))
            .overwrite(true)
            .batch_rows(rows);
        let report = done(run).0;
        let content = first.get_or_insert_with(|| report["content_sha256"].clone());
        assert_eq!(report["content_sha256"], *content, "{rows}");
        let store = PathBuf::from(report["store"].as_str().unwrap());
        let reader = icefold::store::StoreReader::open(&store).unwrap();
        for (name, expected) in expected {
            assert_eq!(reader.read(name).unwrap().as_f64(), [expected], "{name}");
        }
        assert_eq!(report["photons"]["null_by"]["all[2]"], 70);
    }
}

#[test]
fn columns_that_stand_in_the_same_bytes_are_read_once() {
    let site = Site::new();
    let granule = granule(&site);
    {
        let file = File::open_rw(&granule).unwrap();
        let values: Vec<i16> = (0..4500).map(|value| (value % 311) as i16).collect();
        let set = file
            .new_dataset::<i16>()
            .shape((900, 5))
            .chunk((64, 5))
            .shuffle()
            .deflate(4);
        set.create("a/p/conf").unwrap().write_raw(&values).unwrap();
        file.close().unwrap();
    }
    let run = |columns: &str, rows: usize| {
        let variables = format!("x: {{path: '/{{group}}/p/conf', columns: [{columns}]}}");
        let outputs = format!("    s: {{expression: \"{}\", dtype: float64}}\n", {
            let sums = columns
                .split(", ")
                .map(|column| format!("sum(x[{column}])"));
            sums.collect::<Vec<_>>().join(" + ")
        });
        let config = pipeline(&site, &variables, "", &outputs);
        let run = site.code(&config, &one(&granule)).overwrite(true);
        let report = done(run.batch_rows(rows)).0;
        let store = PathBuf::from(report["store"].as_str().unwrap());
        let reader = icefold::store::StoreReader::open(&store).unwrap();
        let sum = reader.read("s").unwrap().as_f64()[0];
        (sum, report["stages"]["read"]["bytes"].as_u64().unwrap())
    };
    let expected: f64 = (0..4500).map(|value| f64::from(value % 311)).sum();
    let alone = run("0", 1000).1;
    for rows in [1000, 100, 7] {
        assert_eq!(run("0, 1, 2, 3, 4", rows), (expected, alone), "{rows}");
    }
}

#[test]
fn a_column_gives_the_bits_of_a_dataset_of_its_own() {
    let site = Site::new();
    let granule = granule(&site);
    {
        let file = File::open_rw(&granule).unwrap();
        let values: Vec<f32> = (0..900).map(|row| rh(row, 2)).collect();
        let set = file
            .new_dataset::<f32>()
            .shape(900)
            .create("a/p/alone")
            .unwrap();
        set.write_raw(&values).unwrap();
        set.new_attr::<f32>()
            .create("_FillValue")
            .unwrap()
            .write_scalar(&FILL)
            .unwrap();
        file.close().unwrap();
    }
    let outputs = "    mean: {function: mean, source: x}\n    median: {function: median, source: x}\n    \
                   bins: {function: histogram, source: x, params: {edges: [0, 1, 2, 5]}}\n";
    let content = |variable: &str| {
        let config = pipeline(&site, variable, "{expression: 'x < 4'}", outputs);
        let report = done(site.code(&config, &one(&granule)).overwrite(true)).0;
        (report["content_sha256"].clone(), report["photons"].clone())
    };
    assert_eq!(
        content("x: {path: rh, level: photons, column: 2}"),
        content("x: '/{group}/p/alone'")
    );
}

#[test]
fn columns_that_are_not_there_or_not_chosen_are_refused_with_the_shape() {
    let site = Site::new();
    let granule = granule(&site);
    let outputs = "    n: {function: count, source: x}\n";
    for (variable, says) in [
        (
            "x: '/{group}/p/rh'",
            [
                "/a/p/rh is 2-D with 5 columns, of shape (900, 5), and none is chosen",
                "give `column`, 0 to 4",
            ],
        ),
        (
            "x: {path: '/{group}/p/rh', column: 5}",
            [
                "/a/p/rh has 5 columns and column 5 is asked for",
                "of shape (900, 5)",
            ],
        ),
        (
            "x: {path: '/{group}/p/flag', column: 0}",
            [
                "/a/p/flag is 1-D and column 0 is asked for",
                "leave `column` out",
            ],
        ),
    ] {
        let config = pipeline(&site, variable, "", outputs);
        refused(
            site.code(&config, &one(&granule)).execute(),
            Kind::Granule,
            &says,
        );
    }
}

#[test]
fn columns_and_levels_that_contradict_themselves_are_named() {
    let site = Site::new();
    let text = std::fs::read_to_string(pipeline(&site, VARIABLES, "", OUTPUTS)).unwrap();
    for (from, to, says) in [
        (
            "columns: [0, 1, 4]",
            "columns: [0, 1, 0]",
            "variables.rh.columns: has 0 twice",
        ),
        (
            "columns: [0, 1, 4]",
            "columns: []",
            "variables.rh.columns: are 0, and 1 to 256 are read",
        ),
        (
            "columns: [0, 1, 4]",
            "columns: [0], column: 1",
            "variables.rh.columns: stands beside column",
        ),
        (
            "source: \"rh[1]\"",
            "source: rh",
            "'rh' is not in data_source.variables",
        ),
        (
            "any(rh > 3)",
            "rh > 3",
            "'rh' has several columns; choose one, as in rh[0]",
        ),
        (
            "left: {",
            "two: {",
            "levels.segments.variables.two: is one of data_source.variables, too",
        ),
        (
            "pair: {path: pair,",
            "pair: {level: photons, path: pair,",
            "variables.pair.level: is not 'segments'",
        ),
        (
            "{two:",
            "{'x[1]': '/{group}/p/rh', two:",
            "a source column's name is made of letters",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        let message = config::parse_yaml("x", &text.replacen(from, to, 1))
            .unwrap_err()
            .to_string();
        assert!(message.contains(says), "{to}: {message}");
    }
}

#[test]
fn source_columns_of_a_level_are_those_of_the_data_source() {
    let site = Site::new();
    let text = std::fs::read_to_string(pipeline(&site, VARIABLES, "", OUTPUTS)).unwrap();
    let moved = text
        .replacen("      variables:\n        pair: {path: pair, column: 1}\n        left: {path: \"/{group}/s/pair\", column: 0}\n", "", 1)
        .replacen("{two:", "{pair: {path: '/{group}/s/pair', column: 1}, left: {path: '/{group}/s/pair', column: 0}, two:", 1);
    assert_ne!(text, moved);
    let hash = |text: &str| config::parse_yaml("x", text).unwrap().sha256;
    assert_eq!(hash(&text), hash(&moved));
}
