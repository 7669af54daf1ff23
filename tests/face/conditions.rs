//! Which photons take part: conditions as filters, and of single outputs.

use std::path::PathBuf;

use hdf5::File;
use icefold::error::Kind;
use icefold::{DeviceChoice, Granules, Verify, config};

use super::from_code::{done, refused};
use crate::support::Site;
use crate::support::granules::one;

/// 3,000 photons in some ten cells: `h` in float32, `q` the integers 0 to 6, `d` with a null in every tenth.
fn granule(site: &Site) -> PathBuf {
    let path = site.path("a.h5");
    let file = File::create(&path).unwrap();
    let n = 3_000;
    let each = |f: &dyn Fn(usize) -> f64| (0..n).map(f).collect::<Vec<f64>>();
    let put = |name: &str, values: &[f64]| {
        let set = file.new_dataset::<f64>().shape(values.len());
        set.create(name).unwrap().write_raw(values).unwrap();
    };
    put("a/p/lat", &each(&|i| 70.0 + 0.001 * i as f64));
    put("a/p/lon", &vec![-45.0; n]);
    let h: Vec<f32> = (0..n)
        .map(|i| ((i * 7919) % 1000) as f32 * 0.3 - 100.0)
        .collect();
    let set = file.new_dataset::<f32>().shape(n).create("a/p/h").unwrap();
    set.write_raw(&h).unwrap();
    let q: Vec<i8> = (0..n).map(|i| (i % 7) as i8).collect();
    let set = file.new_dataset::<i8>().shape(n).create("a/p/q").unwrap();
    set.write_raw(&q).unwrap();
    let d = each(&|i| {
        if i % 10 == 0 {
            -9999.0
        } else {
            (i % 50) as f64
        }
    });
    put("a/p/d", &d);
    // A photon an hour from the start of 2019 on.
    put(
        "a/p/delta_time",
        &each(&|i| 365.0 * 86_400.0 + 3_600.0 * i as f64),
    );
    let units = file.dataset("a/p/delta_time").unwrap();
    let units = units
        .new_attr::<hdf5::types::VarLenUnicode>()
        .create("units")
        .unwrap();
    let epoch: hdf5::types::VarLenUnicode = "seconds since 2018-01-01".parse().unwrap();
    units.write_scalar(&epoch).unwrap();
    let fill = file.dataset("a/p/d").unwrap();
    let fill = fill.new_attr::<f64>().create("_FillValue").unwrap();
    fill.write_scalar(&-9999.0).unwrap();
    file.close().unwrap();
    path
}

/// A config with these filters, and all statistics over the photons for which `only` holds.
fn pipeline(site: &Site, name: &str, filters: &str, only: Option<&str>) -> PathBuf {
    let only = only.map_or(String::new(), |only| format!(", where: \"{only}\""));
    let outputs: Vec<String> = [
        "n: {function: count, source: h",
        "h_mean: {function: mean, source: h",
        "h_std: {function: std, source: h",
        "h_min: {function: min, source: h",
        "h_median: {function: median, source: h",
        "bins: {function: histogram, source: h, params: {edges: [-100, 0, 100]}",
        "q_max: {function: max, source: q",
        "weighted: {function: average, source: h, params: {weights: 1.0 + d}",
        "above: {expression: \"sum(h - d) / count(h - d)\"",
    ]
    .iter()
    .map(|output| format!("    {output}{only}}}"))
    .collect();
    let text = format!(
        r#"
data_source:
  groups: [a]
  coordinates: {{latitude: "/{{group}}/p/lat", longitude: "/{{group}}/p/lon"}}
  variables: {{h: "/{{group}}/p/h", q: "/{{group}}/p/q", d: "/{{group}}/p/d"}}
  filters: [{filters}]
aggregation:
  variables:
{}
output:
  grid: {{type: healpix, indexing_scheme: nested, parent_order: 2, child_order: 7}}
"#,
        outputs.join("\n")
    );
    let path = site.path(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_condition_of_an_output_and_a_filter_give_the_same_bits() {
    let site = Site::new();
    let granule = granule(&site);
    for (filter, condition) in [
        ("{dataset: '/{group}/p/q', op: ge, value: 3}", "q >= 3"),
        ("{dataset: '/{group}/p/h', op: gt, value: 0.2}", "h > 0.2"),
        (
            "{dataset: '/{group}/p/q', op: in, values: [1, 5]}",
            "q == 1 or q == 5",
        ),
        ("{dataset: '/{group}/p/d', op: lt, value: 30}", "d < 30"),
    ] {
        let run = |name: &str, filters: &str, only: Option<&str>| {
            let config = pipeline(&site, &format!("{name}.yaml"), filters, only);
            done(
                site.code_to(&format!("{name}.zarr"), config, &one(&granule))
                    .overwrite(true),
            )
            .0
        };
        let filtered = run("filtered", filter, None);
        let expression = format!("{{expression: '{condition}'}}");
        let conditioned = run("conditioned", &expression, None);
        let only = run("only", "", Some(condition));
        for other in [&conditioned, &only] {
            assert_eq!(
                filtered["content_sha256"], other["content_sha256"],
                "{condition}"
            );
        }
        assert_eq!(only["photons"]["kept"], 3_000);
        assert_eq!(conditioned["photons"]["kept"], filtered["photons"]["kept"]);
        assert_eq!(
            conditioned["photons"]["null_by"],
            filtered["photons"]["null_by"]
        );
        let read = conditioned["photons"]["read"].as_u64().unwrap();
        let kept = conditioned["photons"]["kept"].as_u64().unwrap();
        let rejected = &conditioned["photons"]["rejected_by"];
        assert_eq!(rejected.as_object().unwrap().len(), 1, "{rejected}");
        let (reason, count) = rejected.as_object().unwrap().iter().next().unwrap();
        assert!(reason.starts_with("filter: "), "{reason}");
        assert_eq!(count.as_u64(), Some(read - kept));
    }
}

#[test]
fn photons_of_a_time_are_those_from_its_start_to_its_end() {
    let site = Site::new();
    let granule = granule(&site);
    let run = |time: &str| {
        let path = pipeline(&site, "time.yaml", "", None);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{text}time: {time}\n")).unwrap();
        done(site.code(path, &one(&granule)).overwrite(true)).0
    };
    let kept = |time: &str| run(time)["photons"]["kept"].as_u64().unwrap();
    assert_eq!(kept("{from: 2019-01-01, to: 2019-01-01}"), 24);
    assert_eq!(kept("{from: 2019-02, to: 2019-02}"), 28 * 24);
    assert_eq!(kept("{to: 2018}"), 0);
    assert_eq!(kept("{from: 2019}"), 3_000);
    assert_eq!(
        kept("{from: 2019.0, to: 2019-01-31T12:00:00Z}"),
        30 * 24 + 12
    );
    let (before, after) = (
        kept("{to: 2019-03-05T03:30Z}"),
        kept("{from: 2019-03-05T03:30Z}"),
    );
    assert_eq!(before + after, 3_000);
    assert_eq!(before, 63 * 24 + 4);
    let report = run("{from: 2019-02, to: 2019-02}");
    let rejected = &report["photons"]["rejected_by"];
    assert_eq!(rejected["time: before 2019-02-01T00:00:00Z"], 31 * 24);
    assert_eq!(
        rejected["time: not before 2019-03-01T00:00:00Z"],
        3_000 - 59 * 24
    );
}

#[test]
fn a_time_of_another_epoch_or_none_is_refused() {
    let site = Site::new();
    let granule = granule(&site);
    let run = |time: &str| {
        let path = pipeline(&site, "time.yaml", "", None);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{text}time: {time}\n")).unwrap();
        site.code(path, &one(&granule)).overwrite(true)
    };
    let units = |text: &str| {
        let file = File::open_rw(&granule).unwrap();
        let units = file
            .dataset("a/p/delta_time")
            .unwrap()
            .attr("units")
            .unwrap();
        let text: hdf5::types::VarLenUnicode = text.parse().unwrap();
        units.write_scalar(&text).unwrap();
    };
    for fine in [
        "seconds since 2018-01-01T00:00:00Z",
        "seconds since 2018-01-01 00:00:00.000000 UTC",
        "Seconds since 2018-01-01",
    ] {
        units(fine);
        done(run("{from: 2019}"));
    }
    for odd in [
        "seconds since 2000-01-01",
        "days since 2018-01-01",
        "seconds since 2018-01-01 12:00:00",
    ] {
        units(odd);
        let says = [
            "a.h5: ",
            "/a/p/delta_time: attribute units is '",
            odd,
            "time.dataset",
        ];
        refused(run("{from: 2019}").execute(), Kind::Granule, &says);
    }
    let says = ["/a/p/d: has no attribute units", "time.dataset"];
    refused(
        run("{from: 2019, dataset: '/{group}/p/d'}").execute(),
        Kind::Granule,
        &says,
    );
    for (time, says) in [
        ("{}", "time: has neither from nor to"),
        (
            "{from: 2020, to: 2019}",
            "time: ends at 2020-01-01T00:00:00Z, before it begins at 2020-01-01",
        ),
        (
            "{from: 06/2019}",
            "time.from: '06/2019' is no time; write a year (2019)",
        ),
        ("{from: 2017}", "time.from: '2017' is no time"),
        ("{since: 2019}", "unknown key 'since'"),
    ] {
        let path = pipeline(&site, "time.yaml", "", None);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{text}time: {time}\n")).unwrap();
        let message = config::load(path.to_str().unwrap())
            .unwrap_err()
            .to_string();
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn a_null_passes_neither_a_condition_nor_its_contrary() {
    let site = Site::new();
    let granule = granule(&site);
    let kept = |filters: &str| {
        let config = pipeline(&site, "nulls.yaml", filters, None);
        let report = done(site.code(config, &one(&granule)).overwrite(true)).0;
        report["photons"]["kept"].as_u64().unwrap()
    };
    let low = kept("{expression: 'd < 20'}");
    let high = kept("{expression: 'd < 20', keep: false}");
    assert_eq!(low + high, 2_700, "300 are null");
    assert!(low > 0 && high > 0);
    assert_eq!(kept("{expression: 'abs(h) <= 200 and not d < 20'}"), high);
}

#[test]
fn conditions_give_the_same_bits_on_every_device() {
    let site = Site::new();
    let granule = granule(&site);
    let filters = "{expression: 'has(q, 1) or d > 40'}";
    let path = pipeline(
        &site,
        "devices.yaml",
        filters,
        Some("h - d > -80 and lacks(q, 4)"),
    );
    let config = config::load(path.to_str().unwrap()).unwrap();
    let verified = Verify::new(config, Granules::named([&granule]))
        .on("cpu", DeviceChoice::Cpu)
        .on("wgpu", DeviceChoice::Wgpu(None))
        .execute()
        .unwrap();
    assert!(verified.identical(), "{:?}", verified.differences);
}

#[test]
fn conditions_change_the_question() {
    let site = Site::new();
    let hash = |filters: &str, only: Option<&str>| {
        let path = pipeline(&site, "hash.yaml", filters, only);
        config::load(path.to_str().unwrap()).unwrap().sha256
    };
    let hashes = [
        hash("", None),
        hash("{expression: 'q > 1'}", None),
        hash("", Some("q > 1")),
        hash("", Some("q > 2")),
        hash("{expression: 'q > 1', keep: false}", None),
    ];
    for (i, hash) in hashes.iter().enumerate() {
        assert!(!hashes[..i].contains(hash), "{i}");
    }
    assert_eq!(hash("{expression: ' (q>1) '}", None), hashes[1]);
}

#[test]
fn what_is_no_condition_is_refused_with_its_place() {
    let site = Site::new();
    let refused_by = |filters: &str, only: Option<&str>, says: &[&str]| {
        let path = pipeline(&site, "refused.yaml", filters, only);
        let message = config::load(path.to_str().unwrap())
            .unwrap_err()
            .to_string();
        let mut rest = &message[..];
        for part in says {
            let at = rest.find(part);
            let at = at.unwrap_or_else(|| panic!("no '{part}' in '{rest}' of: {message}"));
            rest = &rest[at + part.len()..];
        }
    };
    let key = "data_source.filters[0]";
    refused_by(
        "{expression: 'q + 1'}",
        None,
        &[
            &format!("{key}.expression: 'q + 1' at column 3"),
            "a condition stands here",
        ],
    );
    refused_by(
        "{expression: 'mean(q) > 1'}",
        None,
        &[
            &format!("{key}.expression"),
            "reduction 'mean' stands where every photon",
        ],
    );
    refused_by(
        "{expression: 'q > 1', op: gt, value: 3}",
        None,
        &[key, "has both expression and op"],
    );
    refused_by(
        "{dataset: '/{group}/p/q', value: 3}",
        None,
        &[key, "key 'op' is missing"],
    );
    refused_by(
        "",
        Some("qq > 1"),
        &["n.where: 'qq > 1'", "unknown name 'qq', did you mean 'q'"],
    );
}

#[test]
fn a_run_in_which_no_photon_passes_says_so() {
    let site = Site::new();
    let granule = granule(&site);
    let path = pipeline(&site, "none.yaml", "{expression: 'q > 100'}", None);
    let outcome = site.code(path, &one(&granule)).execute().unwrap();
    assert!(outcome.is_empty());
    let photons = &outcome.done().unwrap().report.photons;
    assert_eq!(photons.kept, 0);
    assert_eq!(photons.rejected_by["filter: q > 100.0"], 3_000);
}
