//! Filters over datasets of text, and over what stands once per geolocation segment.

use std::path::{Path, PathBuf};

use hdf5::File;
use hdf5::types::{FixedAscii, FixedUnicode, VarLenAscii, VarLenUnicode};
use icefold::Run;
use icefold::config;
use icefold::error::Kind;

use super::columns_of_datasets::{VARIABLES, granule, pipeline};
use super::from_code::{done, refused};
use crate::support::Site;
use crate::support::granules::one;

/// The text of a row: a third each.
fn word(row: usize) -> &'static str {
    ["land", "sea ice", "-"][row % 3]
}

/// The granule with its rows' words in every way that HDF5 has for text, and words of geolocation segments.
fn with_texts(site: &Site) -> PathBuf {
    let path = granule(site);
    let file = File::open_rw(&path).unwrap();
    let rows = || 0..900;
    let fixed: Vec<FixedAscii<9>> = rows()
        .map(|row| FixedAscii::from_ascii(word(row)).unwrap())
        .collect();
    let blanks: Vec<FixedAscii<200>> = rows()
        .map(|row| FixedAscii::from_ascii(&format!("{:12}", word(row))).unwrap())
        .collect();
    let unicode: Vec<FixedUnicode<16>> = rows()
        .map(|row| word(row).replace("sea", "mér").parse().unwrap())
        .collect();
    let ascii: Vec<VarLenAscii> = rows()
        .map(|row| VarLenAscii::from_ascii(word(row)).unwrap())
        .collect();
    let variable: Vec<VarLenUnicode> = rows().map(|row| word(row).parse().unwrap()).collect();
    let by_segment: Vec<VarLenUnicode> = (0..45).map(|row| word(row).parse().unwrap()).collect();
    macro_rules! put {
        ($name:literal, $values:expr, $rows:literal, $chunk:literal) => {{
            let set = file.new_dataset_builder().with_data(&$values);
            let set = if $chunk > 0 {
                set.chunk($chunk).deflate(3)
            } else {
                set
            };
            set.create($name).unwrap()
        }};
    }
    put!("a/p/fixed", fixed, 900, 0);
    put!("a/p/blanks", blanks, 900, 64);
    put!("a/p/unicode", unicode, 900, 100);
    put!("a/p/ascii", ascii, 900, 0);
    let set = put!("a/p/variable", variable, 900, 128);
    let fill = set
        .new_attr::<VarLenUnicode>()
        .create("_FillValue")
        .unwrap();
    let dash: VarLenUnicode = "-".parse().unwrap();
    fill.write_scalar(&dash).unwrap();
    put!("a/s/name", by_segment, 45, 0);
    file.close().unwrap();
    path
}

/// A run with one filter that counts photons.
fn run(site: &Site, granule: &Path, filter: &str) -> Run<'static> {
    let outputs = "    n: {function: count, source: four}\n";
    let config = pipeline(site, VARIABLES, filter, outputs);
    site.code(&config, &one(granule)).overwrite(true)
}

#[test]
fn filters_compare_text_however_it_is_stored() {
    let site = Site::new();
    let granule = with_texts(&site);
    let kept = |name: &str, filter: &str| {
        let filter = format!("{{dataset: '/{{group}}/p/{name}', {filter}}}");
        let photons = |rows| {
            let report = done(run(&site, &granule, &filter).batch_rows(rows)).0;
            let reasons = report["photons"]["rejected_by"]
                .as_object()
                .unwrap()
                .clone();
            let reason = reasons.keys().next().cloned().unwrap_or_default();
            (report["photons"]["kept"].as_u64().unwrap(), reason)
        };
        let (whole, cut) = (photons(1000), photons(7));
        assert_eq!(whole, cut, "{filter}");
        whole
    };
    for name in ["fixed", "blanks", "ascii"] {
        for (filter, photons, reason) in [
            ("op: eq, value: sea ice", 300, "eq sea ice"),
            ("op: ne, value: land", 600, "ne land"),
            ("op: in, values: [land, '-']", 600, "in [land, -]"),
            ("op: not_in, values: [land, '-']", 300, "not_in [land, -]"),
            (
                "op: eq, value: land, keep: false",
                600,
                "eq land (keep: false)",
            ),
            ("op: eq, value: Land", 0, "eq Land"),
        ] {
            let reason = format!("filter: {name} {reason}");
            assert_eq!(kept(name, filter), (photons, reason));
        }
    }
    assert_eq!(kept("unicode", "op: eq, value: mér ice").0, 300);
    // A text that stands for no value passes no filter.
    assert_eq!(kept("variable", "op: ne, value: land").0, 300);
    assert_eq!(kept("variable", "op: eq, value: land, keep: false").0, 300);
    let both = "{dataset: '/{group}/p/fixed', op: ne, value: land}, {dataset: '/{group}/p/fixed', op: ne, value: '-'}";
    let report = done(run(&site, &granule, both)).0;
    assert_eq!(report["photons"]["kept"], 300);
}

#[test]
fn what_holds_of_a_segment_holds_of_its_photons() {
    let site = Site::new();
    let granule = with_texts(&site);
    let kept = |filter: &str| {
        let report = |rows| done(run(&site, &granule, filter).batch_rows(rows)).0;
        let (whole, cut) = (report(1000), report(7));
        assert_eq!(whole["content_sha256"], cut["content_sha256"]);
        assert_eq!(whole["photons"], cut["photons"]);
        whole["photons"]["kept"].as_u64().unwrap()
    };
    for (filter, photons) in [
        ("{level: segments, dataset: name, op: eq, value: land}", 300),
        (
            "{level: segments, dataset: '/{group}/s/name', op: ne, value: land}",
            600,
        ),
        // Of 90 values 0 to 89, two for each geolocation segment.
        (
            "{level: segments, dataset: pair, column: 0, op: lt, value: 20}",
            200,
        ),
        ("{level: photons, dataset: fixed, op: eq, value: land}", 300),
    ] {
        assert_eq!(kept(filter), photons, "{filter}");
    }
    // As the condition over the same values.
    let of = |filter: &str| done(run(&site, &granule, filter)).0["content_sha256"].clone();
    assert_eq!(
        of("{level: segments, dataset: pair, column: 0, op: ge, value: 31}"),
        of("{expression: 'left >= 31'}")
    );
    let hash = |filter: &str| {
        let path = pipeline(
            &site,
            VARIABLES,
            filter,
            "    n: {function: count, source: four}\n",
        );
        config::load(path.to_str().unwrap()).unwrap().sha256
    };
    assert_ne!(
        hash("{level: segments, dataset: '/{group}/x', op: eq, value: 1}"),
        hash("{level: photons, dataset: '/{group}/x', op: eq, value: 1}")
    );
}

#[test]
fn text_is_refused_where_a_number_is_needed_and_numbers_where_text_is() {
    let site = Site::new();
    let granule = with_texts(&site);
    for (filter, says) in [
        (
            "{dataset: '/{group}/p/fixed', op: eq, value: 7}",
            "/a/p/fixed: is text, and a filter compares it with the number 7; write it in quotes",
        ),
        (
            "{dataset: '/{group}/p/lat', op: eq, value: land}",
            "compares with 'land', and its values have no names",
        ),
        (
            "{dataset: '/{group}/p/fixed', op: eq, value: land}, {expression: 'word > 1'}",
            "/a/p/fixed is text, and a number is needed",
        ),
    ] {
        let variables = format!("{VARIABLES}, word: '/{{group}}/p/fixed'");
        let outputs = "    n: {function: count, source: four}\n";
        let config = pipeline(&site, &variables, filter, outputs);
        let run = site.code(&config, &one(&granule)).overwrite(true);
        refused(run.execute(), Kind::Granule, &[says]);
    }
    // Never written: what libhdf5 would have in its place is no value.
    {
        let file = File::open_rw(&granule).unwrap();
        let empty = file.new_dataset::<FixedAscii<4>>().shape(900);
        empty.create("a/p/unwritten").unwrap();
        file.close().unwrap();
    }
    let filter = "{dataset: '/{group}/p/unwritten', op: ne, value: land}";
    let says = ["/a/p/unwritten has 900 texts and none of them is stored"];
    refused(run(&site, &granule, filter).execute(), Kind::Granule, &says);
}
