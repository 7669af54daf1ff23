//! Columns whose types, values or arrays do not fit: over ground tracks, granules and batches.

use std::path::{Path, PathBuf};

use hdf5::{File, H5Type};
use icefold::error::Kind;
use icefold::pipeline::Survey;

use super::from_code::{done, partly, refused, surveyed};
use crate::support::Site;
use crate::support::granules::one;

/// A pipeline over columns `h` and `k` with these outputs.
fn config(site: &Site, outputs: &str) -> PathBuf {
    let path = site.path("columns.yaml");
    let text = format!(
        r#"
data_source:
  groups: [a]
  coordinates: {{latitude: "/{{group}}/p/lat", longitude: "/{{group}}/p/lon"}}
  variables: {{h: "/{{group}}/p/h", k: "/{{group}}/p/k"}}
aggregation:
  variables:
{outputs}
output:
  grid: {{type: healpix, indexing_scheme: nested, parent_order: 2, child_order: 6}}
"#
    );
    std::fs::write(&path, text).unwrap();
    path
}

const EXTREMES: &str = "    h: {function: min, source: h}\n    k: {function: max, source: k}";
const MEANS: &str = "    h: {function: mean, source: h}\n    k: {function: mean, source: k}";

/// A granule with one photon for each value, all in one cell.
fn granule<H: H5Type, K: H5Type>(site: &Site, name: &str, h: &[H], k: &[K]) -> PathBuf {
    let path = site.path(name);
    let file = File::create(&path).unwrap();
    let put = |name: &str, values: &[f64]| {
        let builder = file.new_dataset::<f64>().shape(values.len());
        builder.create(name).unwrap().write_raw(values).unwrap();
    };
    put("a/p/lat", &vec![70.0; h.len()]);
    put("a/p/lon", &vec![-45.0; h.len()]);
    let h_set = file.new_dataset::<H>().shape(h.len()).create("a/p/h");
    h_set.unwrap().write_raw(h).unwrap();
    let k_set = file.new_dataset::<K>().shape(k.len()).create("a/p/k");
    k_set.unwrap().write_raw(k).unwrap();
    file.close().unwrap();
    path
}

fn dtypes(survey: &Survey) -> Vec<&'static str> {
    let arrays = survey.schema.arrays.iter();
    arrays.map(|array| array.dtype.name()).collect()
}

#[test]
fn a_number_that_its_declared_dtype_cannot_hold_stops_the_run_and_never_wraps() {
    let site = Site::new();
    let granule = granule(&site, "a.h5", &[1.0_f32; 300], &[40_000_i32; 300]);
    for (output, says) in [
        (
            "count: {function: count, source: h, dtype: uint8}",
            "array count of dtype uint8 cannot hold 300 (cell ",
        ),
        (
            "count: {function: count, source: h, dtype: int8}",
            "array count of dtype int8 cannot hold 300 (cell ",
        ),
        (
            "k_max: {function: max, source: k, dtype: int16}",
            "array k_max of dtype int16 cannot hold 40000 (cell ",
        ),
        (
            "bins: {function: histogram, source: h, params: {edges: [0, 5]}, dtype: uint8}",
            "array bins of dtype uint8 cannot hold 300 (cell ",
        ),
    ] {
        let config = config(&site, &format!("    {output}"));
        for tolerant in [false, true] {
            let says = [
                "finalize gate: ",
                says,
                "at order 6); declare a wider dtype",
            ];
            let run = site.code(&config, &one(&granule));
            refused(run.tolerant(tolerant).execute(), Kind::Gate, &says);
            assert!(site.written().is_empty(), "{:?}", site.written());
        }
    }
    // The same numbers where they fit.
    let config = config(
        &site,
        "    count: {function: count, source: h, dtype: int16}",
    );
    done(site.code(&config, &one(&granule)));
}

#[test]
fn a_granule_that_is_left_out_has_no_say_and_order_does_not_choose_it() {
    let site = Site::new();
    let a = granule(&site, "a.h5", &[1.5_f32], &[1.0_f32]);
    // Wider in h, and of another kind in k.
    let b = granule(&site, "b.h5", &[2.5_f64], &[1_i32]);
    let config = config(&site, EXTREMES);
    for granules in [[&*a, &*b], [&*b, &*a]] {
        let survey = surveyed(site.code(&config, &granules).tolerant(true));
        assert_eq!(dtypes(&survey), ["float32", "float32"]);
        assert_eq!(survey.failed[0].granule, "b.h5");
        let says = [
            "granule b.h5: column k is int32 in granule b.h5, float32 in granule a.h5; ",
            "separately",
        ];
        refused(
            site.code(&config, &granules).execute(),
            Kind::Granule,
            &says,
        );
    }
}

#[test]
fn a_granule_whose_datasets_do_not_fit_together_has_no_say() {
    let site = Site::new();
    let a = granule(&site, "a.h5", &[1.5_f32], &[1_i8]);
    let bad = granule(&site, "bad.h5", &[1.5_f64], &[1_i16, 2]);
    let config = config(&site, EXTREMES);
    let survey = surveyed(site.code(&config, &[&a, &bad]).tolerant(true));
    assert_eq!(dtypes(&survey), ["float32", "int8"]);
    assert_eq!(survey.failed.len(), 1);
}

#[test]
fn arrays_that_no_store_can_hold_are_found_before_anything_is_read() {
    let site = Site::new();
    let granule = granule(&site, "a.h5", &[1.5_f32], &[1_i8]);
    for (outputs, says) in [
        (
            "    k: {function: min, source: k, fill_value: NaN}",
            "k is int8, which does not hold its fill value NaN",
        ),
        (
            "    h: {function: min, source: h, fill_value: 1.0e+39}",
            "h is float32, which does not hold its fill value",
        ),
        (
            "    x: {function: histogram, source: h, params: {edges: [0, 1]}}\n    \
             x_below: {function: min, source: h}",
            "the name x_below of an output is taken",
        ),
    ] {
        let config = config(&site, outputs);
        let planned = site.code(&config, &one(&granule)).planned().unwrap();
        let message = planned.survey().unwrap_err().to_string();
        assert!(message.starts_with("config "), "{message}");
        assert!(message.contains(says), "{message}");
        refused(
            site.code(&config, &one(&granule)).execute(),
            Kind::Config,
            &["config ", says],
        );
        assert!(site.written().is_empty());
    }
}

#[test]
fn the_first_row_out_of_range_is_named_however_rows_are_cut() {
    let site = Site::new();
    let h = [1.0, 1.0, 9e9];
    let granule = granule(&site, "a.h5", &h, &[1.0, 9e9, 1.0]);
    let config = config(&site, MEANS);
    for rows in [1, 2, 3] {
        let run = site.code(&config, &one(&granule));
        let says = ["granule a.h5: /a/p/k row 1: 9000000000 is out of range"];
        refused(run.batch_rows(rows).execute(), Kind::Granule, &says);
    }
}

#[test]
fn integers_are_named_to_their_last_digit() {
    let site = Site::new();
    let large = (1_i64 << 62) + 1;
    let granule = granule(&site, "a.h5", &[1.0, 1.0], &[1, large]);
    let config = config(&site, MEANS);
    let says = [
        "/a/p/k row 1: 4611686018427387905 is out of range",
        "resolution 2^15, which holds it",
    ];
    refused(
        site.code(&config, &one(&granule)).execute(),
        Kind::Granule,
        &says,
    );
    let (report, _) = partly(site.code(&config, &one(&granule)).tolerant(true));
    assert_eq!(report["rejected_rows"]["first"][0]["value"], large);
    assert_eq!(report["photons"]["rejected_by"]["out_of_range:k"], 1);
}

#[test]
fn a_null_in_a_column_that_no_output_uses_does_not_count() {
    let site = Site::new();
    let path: &Path = &granule(&site, "a.h5", &[1.0, 2.0], &[5, 6]);
    let file = File::open_rw(path).unwrap();
    for (name, fill) in [("a/p/h", 2.0_f64), ("a/p/k", 5.0)] {
        let attribute = file.dataset(name).unwrap().new_attr::<f64>();
        let attribute = attribute.create("_FillValue").unwrap();
        attribute.write_scalar(&fill).unwrap();
    }
    file.close().unwrap();
    let config = config(&site, "    h: {function: mean, source: h}");
    let (report, _) = done(site.code(&config, &one(path)));
    assert_eq!(report["photons"]["rejected_by"]["null"], 1);
    assert_eq!(report["photons"]["null_by"], serde_json::json!({}));
}

#[test]
fn an_extreme_of_an_expression_is_float32_like_every_expression() {
    let site = Site::new();
    let granule = granule(&site, "a.h5", &[1.5_f64], &[1_i8]);
    let outputs = "    h: {expression: \"min(h + 0)\"}\n    k: {function: max, source: k}";
    let survey = surveyed(site.code(config(&site, outputs), &one(&granule)));
    assert_eq!(dtypes(&survey), ["float32", "int8"]);
}

#[test]
fn values_far_below_a_unit_are_summed_and_counted() {
    let site = Site::new();
    let tiny = [1e-13_f32, -3e-10, 5e-13, 1.0, f32::NAN, 1e-30];
    let times = [3e8_f64 + 1e-6, 3e8, 0.25, 1e-9, 4.0, 1e-13];
    let granule = granule(&site, "a.h5", &tiny, &times);
    let outputs = "    h: {function: nanmean, source: h, dtype: float64}
    k: {function: nansum, source: k, dtype: float64}";
    let config = config(&site, outputs);
    let text = std::fs::read_to_string(&config).unwrap();
    let text = text.replace(
        "k: \"/{group}/p/k\"",
        "k: {path: \"/{group}/p/k\", resolution: 2^-17}",
    );
    std::fs::write(&config, text).unwrap();
    let (report, _) = done(site.code(&config, &one(&granule)));
    assert_eq!(report["remainders"], serde_json::json!({"h": 4, "k": 3}));
    let of_granule = &report["granules"]["done"][0]["remainders"];
    assert_eq!(*of_granule, report["remainders"]);
    let store = icefold::store::StoreReader::open(Path::new(report["store"].as_str().unwrap()));
    let store = store.unwrap();
    let found = |name: &str| store.read(name).unwrap().as_f64()[0];
    let sum: f64 = tiny
        .iter()
        .map(|&x| f64::from(x))
        .filter(|x| x.is_finite())
        .sum();
    assert!((found("h") * 5.0 / sum - 1.0).abs() < 1e-15);
    // Two units in the last place of numbers beyond 2^29.
    assert!((found("k") - times.iter().sum::<f64>()).abs() < 2.4e-7);
}
