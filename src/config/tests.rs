//! Tests: which configurations are accepted, which are refused and how, and what the hash depends on.

use super::*;
use crate::error::Kind;
use crate::expr::{CellExpr, ReductionKind};

pub(super) const GOOD: &str = r#"
data_source:
  groups: [gt1l, gt1r]
  coordinates: {latitude: "/{group}/heights/lat_ph", longitude: "/{group}/heights/lon_ph"}
  variables:
    h_ph: "/{group}/heights/h_ph"
    dem_h: {path: "/{group}/geolocation/dem_h", resolution: 2^-30}
  filters:
    - {dataset: "/{group}/heights/signal_conf_ph", column: 0, op: ne, value: -2}
  base_level: photons
  levels:
    photons: {path: "/{group}/heights", coordinates: {latitude: lat_ph, longitude: lon_ph}, link: null}
    segments:
      path: "/{group}/geolocation"
      link: {to: photons, index_beg: ph_index_beg, count: "/{group}/geolocation/segment_ph_cnt", index_base: 1}
  read_plan: {spatial_index: segments, pad: 1}
aggregation:
  variables:
    count: {function: len, source: h_ph, dtype: int32, fill_value: 0}
    h_mean: {function: np.mean, source: h_ph, dtype: float32}
    bins: {function: histogram, source: dem_h, params: {edges: [0, 1, 2.5]}}
output:
  grid: {type: healpix, indexing_scheme: nested, parent_order: 6, chunk_inner: 8, child_order: 12}
"#;

fn good() -> Config {
    parse_yaml("good", GOOD).unwrap()
}

fn hash_after(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    let text = GOOD.replacen(from, to, 1);
    parse_yaml("y", &text).unwrap().sha256
}

fn pipeline(name: &str) -> String {
    let data = std::env::var("ICEFOLD_TEST_DATA")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data").into());
    format!("{data}/pipelines/{name}")
}

#[test]
fn a_pipeline_becomes_typed_values() {
    let config = good();
    assert_eq!(config.ground_tracks, ["gt1l", "gt1r"]);
    assert_eq!(config.latitude, "/{group}/heights/lat_ph");
    assert!(!config.variables[0].per_segment);
    assert!(config.variables[1].per_segment);
    let resolution = config.variables[1].resolution.unwrap();
    assert_eq!(resolution.exponent(), 30);
    let link = config.link.as_ref().unwrap();
    assert_eq!(link.index_beg, "/{group}/geolocation/ph_index_beg");
    assert_eq!((link.index_base, &link.latitude), (1, &None));
    assert_eq!(config.filters[0].values, [-2.0]);
    assert_eq!(config.grid.chunk_order.unwrap().get(), 8);
    let names: Vec<&str> = config.outputs.iter().map(|o| o.name.as_str()).collect();
    assert_eq!(names, ["count", "h_mean", "bins"]);
    assert_eq!(config.outputs[0].fill_value, Some(0.0));
    assert_eq!(config.outputs[1].statistic, "mean");
    let Definition::Histogram { edges, .. } = &config.outputs[2].definition else {
        panic!("not a histogram");
    };
    assert_eq!(edges, &[0.0, 1.0, 2.5]);
}

#[test]
fn levels_decide_which_columns_are_per_segment() {
    let by_level = GOOD.replace("resolution: 2^-30", "level: photons");
    assert!(!parse_yaml("x", &by_level).unwrap().variables[1].per_segment);
    let listed = GOOD
        .replace("/geolocation/dem_h", "/geophys_corr/dem_h")
        .replace(
            "      path: \"/{group}/geolocation\"\n",
            "      path: \"/{group}/geolocation\"\n      variables: [dem_h]\n",
        );
    assert!(parse_yaml("x", &listed).unwrap().variables[1].per_segment);
    let elsewhere = GOOD.replace("/geolocation/dem_h", "/geophys_corr/dem_h");
    assert!(!parse_yaml("x", &elsewhere).unwrap().variables[1].per_segment);
}

#[test]
fn built_in_configs_load_by_name() {
    let atl03 = load("atl03").unwrap();
    let grid = atl03.grid;
    assert_eq!((grid.shard_order.get(), grid.cell_order.get()), (6, 12));
    assert_eq!(atl03.filters[0].op, FilterOp::Ne);
    assert!(atl03.link.is_some());
    assert_eq!(atl03.outputs.len(), 6);
    let atl06 = load("atl06").unwrap();
    assert_eq!(atl06.outputs.len(), 9);
    assert_eq!(atl06.outputs[3].source, "h_li, s_li");
    assert_eq!(atl06.outputs[6].statistic, "quantile 0.25");
    let sem = &atl06.outputs[4];
    assert_eq!(sem.name, "h_sem");
    assert_eq!(sem.statistic, "std(h_li, ddof=1) / sqrt(count(h_li))");
    let says = sem.long_name.as_deref().unwrap();
    assert!(says.contains("standard error of the unweighted mean of h_li from its spread"));
    let message = load("atl99").unwrap_err().to_string();
    assert!(message.contains("no such file; the built-in configs are atl03, atl03-land"));
    let message = load("alt06").unwrap_err().to_string();
    assert!(
        message.contains("no such file, did you mean atl06; "),
        "{message}"
    );
    assert!(load("./atl03").is_err());
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn the_built_in_atl06_asks_what_the_file_asks_but_for_the_error() {
    let sigma = "    h_sigma:\n      expression: \"1.0 / np.sqrt(np.sum(1.0 / s_li**2))\"\n      dtype: float32\n";
    let text = std::fs::read_to_string(pipeline("atl06.yaml")).unwrap();
    assert!(text.contains(sigma), "{text}");
    let built_in = builtin::text("atl06").unwrap();
    let (start, rest) = built_in.split_once("    h_sem:\n").unwrap();
    let (_, end) = rest.split_once("dtype: float32\n").unwrap();
    let file = parse_yaml("file", &text.replace(sigma, "")).unwrap();
    let ours = parse_yaml("ours", &format!("{start}{end}")).unwrap();
    assert_eq!(file.sha256, ours.sha256);
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn of_zaggs_own_pipeline_files_30_run_and_the_others_are_refused_by_place() {
    let (mut seen, mut run) = (Vec::new(), 0);
    for entry in std::fs::read_dir(pipeline("zagg")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        match load(path.to_str().unwrap()) {
            Ok(_) => run += 1,
            Err(error) => {
                let message = error.to_string();
                assert!(message.contains("line "), "{message}");
                assert_eq!(error.kind(), Kind::Config, "{message}");
            }
        }
        seen.push(name);
    }
    assert_eq!((seen.len(), run), (34, 30), "{seen:?}");
}

#[test]
#[cfg_attr(not(icefold_test_data), ignore = "no test data")]
fn the_built_in_atl03_is_the_file_on_a_healpix_grid() {
    let polar = load(&pipeline("atl06_polar.yaml")).unwrap();
    assert_eq!(polar.grid.kind.name(), "rectilinear");

    let text = std::fs::read_to_string(pipeline("atl03.yaml")).unwrap();
    let grid = text.find("  grid:").unwrap();
    let healpix = "  grid: {type: healpix, parent_order: 6, child_order: 12}\n";
    let moved = parse_yaml("moved", &format!("{}{healpix}", &text[..grid])).unwrap();
    assert_eq!(moved.sha256, load("atl03").unwrap().sha256);
}

#[test]
fn hashes_of_built_in_configs_stay_what_they_are() {
    // Pieces and stores are known by them, also to later versions of icefold.
    const HASHES: &str = "atl03 97fdc1b92714f258ad46e98d6e96aa048e1e971496f999b288d28c76c6ba3364
atl06 78959ce3386c4c98029d2b7c282877cc0a60f234a9beeb3705c8f77aa6b22ba9
atl06-antarctica dc66b726c6bf966c2304f3efd4a7828934c85a90b36051dea6a9a3bf03aed1ac
atl06-greenland 5742251523c3904213009fa99ea17b278c8fadc17d9c45e411e63049a511c63a
atl03-land 371d96a7ffb32be337283075ad73ab7e6a7fb4b473f4c77d66c954528acfc5f9
atl03-land-ice bc3a49b69dcb156da4eb6afa3cf159bdafe9baad8588cc3a5623be4e7506be25
atl03-ocean d82ca4b876a6417463ff3b88d55a31014573dcc48e88162c411d499cb6303833
atl03-sea-ice 923dead72753e65a5954430b40b45c89fc1d0915a85bc97797d7e1467c654ef6
atl07 a04bc64230909f403123eabcbfaff4c979ae4fc0c1535c1f139767f38d4cd4c4
atl08 462c9643c11f6b817f8af82a62ef8d724399d061221d54d68e36186ce1fa53a3
atl10 cf47f24c6f4d1fd20a84b884778930d5fd3dc6921694864801a790b9a15cb187
atl11 3d1daf41ca9cb8bd3e94dc798cddac77f2af8ef341ef5da88e7c27aa0cb816d9
atl12 a84fbdcaf462f6c44fb1467b4709829448ad305fdd673a1f07c91f4767d7d500
atl13 e3fdbcc93080cceb9ab3d2fa81cc5d67acbdfad2c873ea731256e4ef6da9a0d1
atl24 59a1b7585ba26abad4e39c0005475f14722220d97c37e0c3601c57e634901547";
    assert_eq!(HASHES.lines().count(), built_in().len());
    for line in HASHES.lines() {
        let (name, sha256) = line.split_once(' ').unwrap();
        assert_eq!(load(name).unwrap().sha256, sha256, "{name}");
    }
}

#[test]
fn the_hash_sees_meaning_only() {
    let hash = good().sha256;
    assert_eq!(hash.len(), 64);
    let same = [
        ("op: ne, value: -2", "value: -2.0, keep: true, op: ne"),
        (
            "function: np.mean, source: h_ph, dtype: float32",
            "source: h_ph, function: mean",
        ),
        (
            "output:\n",
            "output:\n  nan: propagate\n  latitude: authalic-wgs84\n",
        ),
        ("[gt1l, gt1r]", "[gt1r, gt1l]"),
        (
            "index_beg: ph_index_beg",
            "index_beg: \"/{group}/geolocation/ph_index_beg\"",
        ),
        ("  groups:", "  reader: h5coro\n  driver: s3\n  groups:"),
        (
            "\noutput:",
            "\n# a comment\nstore: a.zarr\ncatalog: b.json\noutput:",
        ),
        ("fill_value: 0", "fill_value: 0.0"),
    ];
    for (from, to) in same {
        assert_eq!(hash_after(from, to), hash, "{to}");
    }
    let different = [
        ("value: -2", "value: -1"),
        ("np.mean", "np.nanmean"),
        ("child_order: 12", "child_order: 13"),
        ("output:\n", "output:\n  latitude: geodetic-spherical\n"),
        ("output:\n", "output:\n  nan: skip\n"),
        ("output:\n", "output:\n  nulls: reject\n"),
        ("output:\n", "output:\n  duplicates: keep_all\n"),
        ("np.mean,", "np.mean, long_name: height,"),
        ("h_mean:", "h_avg:"),
        ("2^-30", "2^-31"),
        ("index_base: 1", "index_base: 0"),
        ("2.5]", "2.6]"),
    ];
    for (from, to) in different {
        assert_ne!(hash_after(from, to), hash, "{to}");
    }
}

#[test]
fn the_order_of_keys_does_not_matter() {
    let output = GOOD.find("output:").unwrap();
    let swapped = format!("{}{}", &GOOD[output..], &GOOD[..output]);
    assert_eq!(parse_yaml("x", &swapped).unwrap().sha256, good().sha256);
}

#[test]
fn resolutions_are_powers_of_two_in_three_spellings() {
    for spelling in ["2**-30", "9.313225746154785e-10", "2^-30"] {
        assert_eq!(hash_after("2^-30", spelling), good().sha256, "{spelling}");
    }
}

#[test]
fn skipping_nan_turns_every_statistic_but_counts_into_its_nan_family() {
    let text = GOOD.replace("output:\n", "output:\n  nan: skip\n");
    let config = parse_yaml("x", &text).unwrap();
    let skips = |i: usize| match &config.outputs[i].definition {
        Definition::Scalar(CellExpr::Reduce(r)) => (r.kind.clone(), r.skip_nan),
        other => panic!("{other:?}"),
    };
    assert_eq!(skips(0), (ReductionKind::Count, false));
    assert_eq!(skips(1), (ReductionKind::Mean, true));
    assert_eq!(config.outputs[1].statistic, "nanmean");
}

#[test]
fn explanations_say_where_each_value_comes_from() {
    let shown = explain(&good(), &[]);
    let line = |start: &str| {
        let found = shown.lines().find(|line| line.starts_with(start));
        found
            .unwrap()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(
        line("output.latitude"),
        "output.latitude authalic-wgs84 default"
    );
    assert_eq!(
        line("output.grid.chunk_inner"),
        "output.grid.chunk_inner 8 config"
    );
    assert!(line("aggregation.variables.h_mean").contains("mean of h_ph as float32 config"));
    let flag = |key: &str| (key.to_owned(), "a.zarr".to_owned(), "--store".to_owned());
    let shown = explain(&load("atl06").unwrap(), &[flag("store"), flag("threads")]);
    assert!(shown.contains("built-in"));
    assert_eq!(shown.matches("--store").count(), 2);
    assert_eq!(shown.lines().filter(|l| l.starts_with("store")).count(), 1);
}

#[test]
fn the_schema_names_every_section() {
    let schema = json_schema().to_string();
    for key in [
        "data_source",
        "ph_index",
        "parent_order",
        "additionalProperties",
        "not_in",
    ] {
        let expected = key != "ph_index";
        assert_eq!(schema.contains(key), expected, "{key}");
    }
}

#[test]
fn the_wider_of_two_dtypes_holds_both_and_does_not_depend_on_their_order() {
    use Dtype::{F32, F64, I8, I16, I32, I64, U8, U16, U64};
    for (a, b, wider) in [
        (I8, I16, I16),
        (U8, I8, I16),
        (U16, I8, I32),
        (U8, I32, I32),
        (U64, I8, I64),
        (U8, U16, U16),
        (F32, F64, F64),
        (I64, I64, I64),
    ] {
        assert_eq!((a.wider(b), b.wider(a)), (wider, wider), "{a:?} {b:?}");
    }
}

#[test]
fn a_variable_that_no_output_uses_is_no_variable() {
    let unused = GOOD.replace("source: dem_h", "source: h_ph");
    let config = parse_yaml("x", &unused).unwrap();
    let names: Vec<&str> = config.variables.iter().map(|v| v.name.as_str()).collect();
    assert_eq!(names, ["h_ph"]);
    let undeclared = unused.replace(
        "    dem_h: {path: \"/{group}/geolocation/dem_h\", resolution: 2^-30}\n",
        "",
    );
    assert_ne!(undeclared, unused);
    assert_eq!(parse_yaml("x", &undeclared).unwrap().sha256, config.sha256);
}

#[test]
fn a_quality_filter_is_a_filter_by_equality() {
    let quality = "  quality_filter: {dataset: \"/{group}/heights/q\", value: 0}";
    let (start, rest) = GOOD.split_once("  filters:\n").unwrap();
    let (_, end) = rest.split_once('\n').unwrap();
    let config = parse_yaml("x", &format!("{start}{quality}\n{end}")).unwrap();
    let filters: Vec<_> = config.filters.iter().map(|f| (f.op, f.values[0])).collect();
    assert_eq!(filters, [(FilterOp::Eq, 0.0)]);
}

#[test]
fn where_which_beams_and_which_cells_are_part_of_the_question() {
    let after = |text: &str| hash_after("output:\n", &format!("{text}output:\n"));
    let inside = |text: &str| hash_after("output:\n", &format!("output:\n  {text}\n"));
    let beams = |text: &str| hash_after("  groups:", &format!("  beams: {text}\n  groups:"));
    let mut different = vec![
        good().sha256,
        after("region: {bbox: [0, 1, 2, 3]}\n"),
        after("region: {bbox: [0, 1, 2, 4]}\n"),
        inside("cells: region"),
        beams("strong"),
        beams("weak"),
        beams("{spots: [1, 3]}"),
        beams("{type: weak, transition: exclude}"),
    ];
    different.sort();
    different.dedup();
    assert_eq!(different.len(), 8);
    assert_eq!(inside("cells: occupied"), good().sha256);
    assert_eq!(beams("{type: weak, transition: refuse}"), beams("weak"));
    assert_eq!(beams("{spots: [3, 1]}"), beams("{spots: [1, 3]}"));
    let ring =
        "region: {geojson: {type: Polygon, coordinates: [[[2,1],[2,3],[0,3],[0,1],[2,1]]]}}\n";
    assert_eq!(after(ring), after("region: {bbox: [0, 1, 2, 3]}\n"));
}

#[test]
fn a_config_is_about_the_region_that_is_known_and_opens_no_file() {
    let region = Region::of_box(0.0, 1.0, 2.0, 3.0).unwrap();
    let text = GOOD.replacen("output:\n", "region: {file: nowhere.geojson}\noutput:\n", 1);
    assert!(parse_yaml("x", &text).is_err());
    let known = parse_with_region("x", &text, Some(region.clone())).unwrap();
    assert_eq!(known.region, Some(region.clone()));
    assert_eq!(known.sha256, good().within(region).sha256);
    let none = parse_with_region("x", &text, None).unwrap();
    assert_eq!((none.region, none.sha256), (None, good().sha256));
}
