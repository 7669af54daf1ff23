//! T-digests as outputs: what a config may say of them, and that they depend on nothing but the values.

use icefold::config::parse_yaml;
use icefold::store::StoreReader;
use icefold::{Layout, Memory, Verify};

use super::from_code::done;
use crate::support::Site;
use crate::support::granules::{one, paths};
use crate::support::site::tree;

const CONFIG: &str = r#"
data_source:
  groups: [gt1l, gt2r, gt3r]
  coordinates: {latitude: "/{group}/heights/lat_ph", longitude: "/{group}/heights/lon_ph"}
  variables: {h: "/{group}/heights/h_ph"}
aggregation:
  variables:
    n: {function: count, source: h}
    all: {OUTPUT}
output:
  grid: {type: healpix, parent_order: 6, child_order: 10}
"#;

fn of(output: &str) -> String {
    CONFIG.replace("OUTPUT", output)
}

fn refusal(output: &str) -> String {
    parse_yaml("a", &of(output)).unwrap_err().to_string()
}

#[test]
fn a_digest_is_said_in_words_of_zagg_or_shorter() {
    let hash = |output: &str| parse_yaml("a", &of(output)).unwrap().sha256;
    let short = hash("function: tdigest, source: h");
    let zagg = "kind: ragged, function: zagg.stats.tdigest.build_tdigest, source: h, inner_shape: [2], \
                params: {delta: 512}, dtype: float32, fill_value: 0, overview_delta: 512";
    assert_eq!(hash(zagg), short);
    assert_ne!(
        hash("function: tdigest, source: h, params: {delta: 511}"),
        short
    );
    assert_ne!(
        hash("function: tdigest, source: h, overview_delta: 100"),
        short
    );
    // Coarser orders have 512 at most where nothing is said.
    let large = hash("function: tdigest, source: h, params: {delta: 8192}");
    let said = hash("function: tdigest, source: h, params: {delta: 8192}, overview_delta: 512");
    assert_eq!(large, said);
}

#[test]
fn what_a_digest_cannot_be_is_refused_by_name() {
    for (output, says) in [
        (
            "function: tdigest, source: h, params: {delta: 0}",
            "params.delta: is 0; it is 1 to",
        ),
        (
            "function: tdigest, source: h, params: {q: 0.5}",
            "a digest takes delta only",
        ),
        (
            "function: tdigest, source: h, inner_shape: [3]",
            "a mean and a weight: [2]",
        ),
        (
            "function: tdigest, source: h, dtype: float64",
            "its means and weights are float32",
        ),
        (
            "function: tdigest, source: h, kind: scalar",
            "a list for each cell; use ragged",
        ),
        (
            "function: mean, source: h, kind: ragged",
            "is of digests only, function: tdigest",
        ),
        (
            "function: mean, source: h, params: {delta: 9}",
            "params.delta: is of digests only",
        ),
        (
            "function: median, source: h, overview_delta: 9",
            "is of digests only",
        ),
        ("function: tdigets, source: h", "did you mean 'tdigest'"),
    ] {
        let message = refusal(output);
        assert!(message.contains(says), "{output}: {message}");
    }
}

#[test]
fn a_digest_depends_on_the_values_alone_wherever_they_were_held() {
    let site = Site::new();
    let outputs = "function: tdigest, source: h, params: {delta: 30}, where: h > -10";
    let path = site.path("config.yaml");
    std::fs::write(&path, of(outputs)).unwrap();
    let granules = site.three();
    let run = |name: &str, granules: &[&std::path::Path]| {
        site.code_to(name, &path, granules).overviews([8, 3, 0])
    };
    let (first, _) = done(run("a.zarr", &paths(&granules)));
    let mut turned = paths(&granules);
    turned.reverse();
    let little = run("b.zarr", &turned).partials_memory(Memory(1 << 16));
    let (second, _) = done(little.batch_rows(97));
    assert!(
        second["memory"]["spilled_bytes"]
            .as_u64()
            .is_some_and(|bytes| bytes > 0)
    );
    assert_eq!(first["outputs"], second["outputs"]);
    let [a, b] = ["a.zarr", "b.zarr"].map(|name| site.out(name));
    assert!(tree(&a) == tree(&b));
    let found = Verify::stores(&a, &b).unwrap();
    assert!(
        found.identical() && found.to_string().contains("10/all: identical"),
        "{found}"
    );
}

#[test]
fn a_digest_that_differs_is_shown_with_its_cell() {
    let site = Site::new();
    let path = site.path("config.yaml");
    let granule = site.good("a.h5", -45.0);
    for (name, delta) in [("a.zarr", 30), ("b.zarr", 29)] {
        let output = format!("function: tdigest, source: h, params: {{delta: {delta}}}");
        std::fs::write(&path, of(&output)).unwrap();
        done(site.code_to(name, &path, &one(&granule)));
    }
    let [a, b] = ["a.zarr", "b.zarr"].map(|name| site.out(name));
    let text = Verify::stores(&a, &b).unwrap().to_string();
    assert!(
        text.contains("lists differ, first at index 0, row "),
        "{text}"
    );
    assert!(
        text.contains("10/all: delta is 30 in a and 29 in b"),
        "{text}"
    );
    let reader = StoreReader::open(&a).unwrap();
    assert_eq!(reader.arrays(), ["all", "n"]);
    let error = reader.read("all").unwrap_err().to_string();
    assert!(
        error.contains("a list of values for each cell, and no number"),
        "{error}"
    );
    let refused = site.code_to("c.zarr", &path, &one(&granule));
    let error = refused.layout(Layout::FULL_SPHERE).execute().unwrap_err();
    assert!(
        error
            .to_string()
            .contains("use the cells or the hive layout"),
        "{error}"
    );
}
