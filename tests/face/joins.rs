//! What granules of other products say of photons: classes of ATL08, segments of ATL06 and ATL08.

use std::path::{Path, PathBuf};

use icefold::{DeviceChoice, Granules, Run, Verify, config};

use super::from_code::done;
use crate::support::Site;
use crate::support::joined::{PASS, Track};

const JOINS: &str = "
    canopy: {product: ATL08, by: photons}
    land: {product: ATL08, by: segments}
    ice: {product: ATL06, by: segments}";

/// A config with these outputs and filters, over all that is joined.
pub(super) fn pipeline(site: &Site, filters: &str, outputs: &str) -> PathBuf {
    let text = format!(
        r#"
data_source:
  groups: [gt1l, gt1r, gt2l]
  coordinates: {{latitude: "/{{group}}/heights/lat_ph", longitude: "/{{group}}/heights/lon_ph"}}
  joins:{JOINS}
  variables:
    h_ph: "/{{group}}/heights/h_ph"
    land_conf: {{path: "/{{group}}/heights/signal_conf_ph", column: 3}}
    class: {{path: classed_pc_flag, join: canopy}}
    ph_h: {{path: ph_h, join: canopy}}
    terrain: {{path: terrain/h_te_best_fit, join: land}}
    h_li: {{path: h_li, join: ice}}
  filters: [{filters}]
aggregation:
  variables:
{outputs}
output:
  grid: {{type: healpix, parent_order: 2, child_order: 4}}
"#
    );
    let path = site.path("joined.yaml");
    std::fs::write(&path, text).unwrap();
    path
}

pub(super) const ALL: &str = r#"    photons: {function: count, source: h_ph}
    classed: {function: count, source: class}
    ground: {expression: "sum(class == 1)", dtype: float64}
    above: {expression: "sum(ph_h)", dtype: float64}
    heights: {function: count, source: ph_h}
    terrain: {expression: "sum(terrain)", dtype: float64}
    ice: {expression: "sum(h_li)", dtype: float64}
    canopy: {expression: "sum(h_ph)", where: "class == 2 or class == 3", dtype: float64}
    signal: {expression: "sum(land_conf)", dtype: float64}
"#;

pub(super) fn tracks() -> Vec<(&'static str, Track)> {
    vec![
        ("gt1l", Track::along(-45.0, 150)),
        ("gt1r", Track::along(-44.999, 90)),
    ]
}

pub(super) fn run<'a>(config: &Path, granules: &[PathBuf], site: &Site) -> Run<'a> {
    let config = config::load(config.to_str().unwrap()).unwrap();
    Run::new(config, Granules::named(granules))
        .into_store(site.out("a.zarr"))
        .threads(2)
}

/// The values of a store that has one cell.
fn values(site: &Site, name: &str) -> f64 {
    let reader = icefold::store::StoreReader::open(site.out("a.zarr")).unwrap();
    let array = reader.read(name).unwrap();
    let values: Vec<f64> = array.as_f64();
    values.iter().sum()
}

#[test]
fn joined_values_are_those_that_a_search_finds() {
    let site = Site::new();
    let (tracks, all) = (tracks(), ALL);
    let granules = site.pass(&tracks);
    let (report, said) = done(run(&pipeline(&site, "", all), &granules, &site));
    let photons: Vec<_> = tracks
        .iter()
        .flat_map(|(_, track)| track.matched())
        .collect();
    let heights: Vec<f32> = tracks
        .iter()
        .flat_map(|(_, track)| track.h.clone())
        .collect();
    let count = |is: &dyn Fn(usize) -> bool| (0..photons.len()).filter(|&i| is(i)).count() as f64;
    let sum =
        |value: &dyn Fn(usize) -> Option<f64>| (0..photons.len()).filter_map(value).sum::<f64>();
    let expected = [
        ("photons", photons.len() as f64),
        ("classed", count(&|i| photons[i].class.is_some())),
        ("ground", count(&|i| photons[i].class == Some(1))),
        ("above", sum(&|i| photons[i].ph_h.map(f64::from))),
        ("heights", count(&|i| photons[i].ph_h.is_some())),
        ("terrain", sum(&|i| photons[i].land.map(f64::from))),
        ("ice", sum(&|i| photons[i].ice.map(f64::from))),
        (
            "canopy",
            sum(&|i| {
                photons[i]
                    .class
                    .filter(|c| *c >= 2)
                    .map(|_| f64::from(heights[i]))
            }),
        ),
        (
            "signal",
            tracks
                .iter()
                .flat_map(|(_, t)| t.conf.chunks(5))
                .map(|row| f64::from(row[3]))
                .sum(),
        ),
    ];
    for (name, expected) in expected {
        assert!(expected > 0.0, "{name}");
        assert_eq!(values(&site, name), expected, "{name}");
    }
    let joins = report["granules"]["done"][0]["joins"].as_array().unwrap();
    let matched = |name: &str| {
        let join = joins.iter().find(|join| join["join"] == name).unwrap();
        let (matched, unmatched) = (
            join["matched"].as_u64().unwrap(),
            join["unmatched"].as_u64().unwrap(),
        );
        assert_eq!(matched + unmatched, photons.len() as u64);
        matched as f64
    };
    assert_eq!(matched("canopy"), expected[1].1);
    assert_eq!(matched("land"), count(&|i| photons[i].land.is_some()));
    assert_eq!(joins[0]["granule"], format!("ATL08_{PASS}_01.h5"));
    let nulls = report["photons"]["null_by"]["class"].as_u64().unwrap() as f64;
    assert_eq!(nulls, expected[0].1 - expected[1].1);
    assert_eq!(
        report["granules"]["done"].as_array().unwrap().len(),
        1,
        "{said}"
    );
}

#[test]
fn how_rows_are_cut_and_where_files_lie_changes_no_bit() {
    let site = Site::new();
    let granules = site.pass(&tracks());
    let config = pipeline(&site, "{expression: 'class >= 1 and h_li > 0'}", ALL);
    let content = |run: Run| done(run.overwrite(true)).0["content_sha256"].clone();
    let first = content(run(&config, &granules, &site));
    for rows in [1, 7, 64, 1000] {
        assert_eq!(
            content(run(&config, &granules, &site).batch_rows(rows)),
            first,
            "{rows}"
        );
    }
    let [photons, canopy, ice] = granules.clone();
    assert_eq!(content(run(&config, &[ice, canopy, photons], &site)), first);
    let folder = site.folder("all");
    for granule in &granules {
        std::fs::copy(granule, folder.join(granule.file_name().unwrap())).unwrap();
    }
    assert_eq!(content(run(&config, &[folder], &site)), first);
    let verified = Verify::new(
        config::load(config.to_str().unwrap()).unwrap(),
        Granules::named(&granules),
    )
    .on("cpu", DeviceChoice::Cpu)
    .on("wgpu", DeviceChoice::Wgpu(None))
    .execute()
    .unwrap();
    assert!(verified.identical(), "{:?}", verified.differences);
}

#[test]
fn a_photon_without_a_row_passes_no_condition_over_it() {
    let site = Site::new();
    let tracks = tracks();
    let granules = site.pass(&tracks);
    let kept = |filters: &str| {
        let report = done(run(&pipeline(&site, filters, ALL), &granules, &site).overwrite(true)).0;
        (report["photons"]["kept"].as_u64().unwrap(), report)
    };
    let photons: Vec<_> = tracks
        .iter()
        .flat_map(|(_, track)| track.matched())
        .collect();
    let classed = photons
        .iter()
        .filter(|photon| photon.class.is_some())
        .count() as u64;
    let (ground, report) = kept("{expression: 'class == 1'}");
    let (others, _) = kept("{expression: 'class == 1', keep: false}");
    assert_eq!(ground + others, classed);
    assert!(classed < photons.len() as u64 && ground > 0);
    let rejected = &report["photons"]["rejected_by"]["filter: class == 1.0"];
    assert_eq!(rejected.as_u64(), Some(photons.len() as u64 - ground));
}

#[test]
fn photons_of_a_region_have_their_rows() {
    let site = Site::new();
    let granules = site.pass(&tracks());
    let text = std::fs::read_to_string(pipeline(&site, "", ALL)).unwrap();
    let path = site.path("joined.yaml");
    let some = |west: f64, north: f64| {
        let bbox = format!("region: {{bbox: [{west}, 69, -40, {north}]}}\n");
        std::fs::write(&path, format!("{text}{bbox}")).unwrap();
        let report = done(run(&path, &granules, &site).overwrite(true)).0;
        let join = report["granules"]["done"][0]["joins"][0].clone();
        (
            values(&site, "above"),
            join["matched"].as_u64().unwrap(),
            join["unmatched"].as_u64().unwrap(),
        )
    };
    let (all, low) = (some(-50.0, 80.0), some(-50.0, 70.005));
    let rest = {
        let bbox = "region: {bbox: [-50, 70.005, -40, 80]}\n";
        std::fs::write(&path, format!("{text}{bbox}")).unwrap();
        let report = done(run(&path, &granules, &site).overwrite(true)).0;
        let join = report["granules"]["done"][0]["joins"][0].clone();
        (
            values(&site, "above"),
            join["matched"].as_u64().unwrap(),
            join["unmatched"].as_u64().unwrap(),
        )
    };
    assert_eq!((low.0 + rest.0, low.1 + rest.1, low.2 + rest.2), all);
    assert!(low.1 > 0 && rest.1 > 0);
}

/// What to replace in the config, with what, and what the message then holds.
const WRONG: &[(&str, &str, &str)] = &[
    (
        "column: 3",
        "column: -1",
        "data_source.variables.land_conf.column: expected a whole number from 0",
    ),
    (
        "join: land",
        "join: lend",
        "variables.terrain.join: unknown join 'lend', did you mean 'land'",
    ),
    (
        "join: ice",
        "join: ice, level: x",
        "variables.h_li.join: stands beside level",
    ),
    (
        "ATL06, by: segments",
        "ATL09, by: segments",
        "joins.ice.by: is segments; ATL09, whose granules are of whole orbits, is joined by profiles",
    ),
    (
        "ATL06, by: segments",
        "ATL06, by: profiles",
        "joins.ice.by: is profiles; ATL09, whose granules are of whole orbits, is joined by profiles, and no other",
    ),
    (
        "ATL06, by: segments",
        "ATL09, by: profiles, span: 0",
        "joins.ice.span: is 0; a profile has 1 to 1000000 geolocation segments",
    ),
    (
        "ATL06, by: segments",
        "ATL06, by: segments, span: 3",
        "joins.ice.span: is how far a profile goes; it belongs to by: profiles",
    ),
    (
        "ATL06, by: segments",
        "ATL11, by: segments",
        "joins.ice.product: is ATL11, whose granules are not of one pass",
    ),
    (
        "ATL06, by: segments",
        "ATL03, by: segments",
        "joins.ice.product: is ATL03, which has the photons",
    ),
    (
        "ATL06, by: segments",
        "ice, by: segments",
        "'ice' is no product, e.g. ATL08",
    ),
    (
        "ATL06, by: segments",
        "ATL13, by: segments",
        "joins.ice: key 'path' is missing; for ATL13 by segments",
    ),
    (
        "ATL06, by: segments",
        "ATL06, by: photons",
        "joins.ice: key 'path' is missing; for ATL06 by photons",
    ),
    (
        "ATL06, by: segments",
        "ATL06, by: segment",
        "unknown value 'segment', did you mean 'segments'",
    ),
    (
        "ATL06, by: segments",
        "ATL06, by: segments, index: x",
        "joins.ice.index: is the place of a photon",
    ),
    (
        "join: ice",
        "join: canopy",
        "joins.ice: no output and no filter uses a source column of it; remove it",
    ),
    (
        "ATL06, by",
        "ATL06, path: \"/{beam}/x\", by",
        "has a placeholder other than {group}",
    ),
    (
        "  joins:",
        "  jions:",
        "unknown key 'jions', did you mean 'joins'",
    ),
];

#[test]
fn joins_are_part_of_the_question_and_named_where_they_are_wrong() {
    let site = Site::new();
    let path = pipeline(&site, "", ALL);
    let text = std::fs::read_to_string(&path).unwrap();
    let load = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        config::parse_yaml("x", &text.replacen(from, to, 1))
    };
    let hash = |from: &str, to: &str| load(from, to).unwrap().sha256;
    assert_ne!(hash("", ""), hash("column: 3", "column: 2"));
    assert_ne!(
        hash("", ""),
        hash(
            "{product: ATL06, by: segments}",
            "{product: ATL06, by: segments, segment_id: id}"
        )
    );
    for (from, to, says) in WRONG {
        let message = load(from, to).unwrap_err().to_string();
        assert!(message.contains(says), "{to}: {message}");
    }
    let explained = config::explain(&load("", "").unwrap(), &[]);
    for line in [
        "ATL08 by photons, /{group}/signal_photons/ph_segment_id is /{group}/geolocation/segment_id",
        "/{group}/heights/signal_conf_ph[:,3]",
        "ATL06 /{group}/land_ice_segments/h_li",
    ] {
        assert!(explained.contains(line), "{explained}");
    }
}
