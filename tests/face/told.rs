//! Digests that say where and when their photons are: that they depend on nothing else, and what a config may say of them.

use icefold::config::parse_yaml;
use icefold::piece::Pieces;
use icefold::store::StoreReader;
use icefold::{Layout, Memory, Verify};

use super::from_code::{done, looked};
use crate::support::Site;
use crate::support::granules::paths;
use crate::support::site::tree;

/// Times are heights, which is as good: many photons share one.
const CONFIG: &str = r#"
data_source:
  groups: [gt1l, gt2r, gt3r]
  coordinates: {latitude: "/{group}/heights/lat_ph", longitude: "/{group}/heights/lon_ph"}
  variables: {h: "/{group}/heights/h_ph"}
aggregation:
  variables:
    n: {function: count, source: h}
    plain: {function: tdigest, source: h, params: {delta: 30}, where: h > -10}
    told: {OUTPUT}
output:
  TIME
  grid: {type: healpix, parent_order: 6, child_order: 10}
"#;
const TOLD: &str = "function: tdigest, source: h, params: {delta: 30}, where: h > -10, location: leaf_id, temporal: \
                    per-centroid";
const TIME: &str =
    "time_source: {field: h, epoch: \"2018-01-01T00:00:00\", scale: gps, units: days}";

fn of(output: &str, time: &str) -> String {
    CONFIG.replace("OUTPUT", output).replace("TIME", time)
}

fn config(site: &Site) -> std::path::PathBuf {
    let path = site.path("config.yaml");
    std::fs::write(&path, of(TOLD, TIME)).unwrap();
    path
}

#[test]
fn what_centroids_say_depends_on_the_photons_alone_wherever_they_were_held() {
    let site = Site::new();
    let path = config(&site);
    let granules = site.three();
    let run = |name: &str, granules: &[&std::path::Path]| {
        let run = site.code_to(name, &path, granules).overviews([8, 3, 0]);
        run.table(site.out(&name.replace(".zarr", ".parquet")))
    };
    let (first, _) = done(run("a.zarr", &paths(&granules)));
    let mut turned = paths(&granules);
    turned.reverse();
    let little = run("b.zarr", &turned).partials_memory(Memory(1 << 16));
    let (second, _) = done(little.batch_rows(97).threads(3));
    let spilled = second["memory"]["spilled_bytes"].as_u64();
    assert!(spilled.is_some_and(|bytes| bytes > 0));
    assert_eq!(first["outputs"], second["outputs"]);
    let [a, b] = ["a.zarr", "b.zarr"].map(|name| site.out(name));
    assert!(tree(&a) == tree(&b));
    let bytes = |name: &str| std::fs::read(site.out(name)).unwrap();
    assert!(bytes("a.parquet") == bytes("b.parquet"));
    let found = Verify::stores(&a, &b).unwrap();
    for name in ["told", "told_locations", "told_times"] {
        assert!(
            found.to_string().contains(&format!("10/{name}: identical")),
            "{found}"
        );
    }
    // Means and weights are those of a digest that says nothing.
    let hash = |name: &str| first["outputs"][name]["sha256"].clone();
    assert!(hash("told").is_string());
    assert_eq!(hash("told"), hash("plain"));
    assert_ne!(hash("told_times"), hash("told_locations"));
    let reader = StoreReader::open(&a).unwrap();
    assert_eq!(
        reader.arrays(),
        ["n", "plain", "told", "told_locations", "told_times"]
    );
}

#[test]
fn pieces_and_what_is_resumed_have_the_same_words() {
    let site = Site::new();
    let path = config(&site);
    let (granules, shards) = site.mapped(&path);
    let overviews = [9, 6, 3];
    done(site.code(&path, &paths(&granules)).overviews(overviews));
    done(site.part_as("b.zarr", &path, "1..").overviews(overviews));
    assert!(Pieces::folder_of(&site.out("b.zarr")).exists());
    let rest = site.over_as("b.zarr", &path).resume(true);
    let (report, _) = done(rest.overviews(overviews));
    assert_eq!(report["pieces"]["kept"], shards - 1);
    assert_eq!(tree(&site.out("a.zarr")), tree(&site.out("b.zarr")));
}

#[test]
fn a_hive_has_the_words_of_the_layout_of_cells() {
    let site = Site::new();
    let path = config(&site);
    let granules = site.three();
    let run = |name: &str, layout: Layout| {
        let run = site.code_to(name, &path, &paths(&granules));
        done(run.layout(layout).overviews([8, 7, 6])).0
    };
    let of_cells = run("cells.zarr", Layout::CELLS);
    let of_hive = run("hive.zarr", Layout::HIVE);
    for key in ["content_sha256", "outputs"] {
        assert_eq!(of_cells[key], of_hive[key], "{key}");
    }
    let [cells, hive] = ["cells.zarr", "hive.zarr"].map(|name| site.out(name));
    let found = Verify::stores(&cells, &hive).unwrap().to_string();
    assert!(found.contains("10/told_times: identical"), "{found}");
    // A hive has words of as many rows as its digests of coarser cells have.
    let orders = looked(&hive)["orders"].clone();
    for order in orders.as_array().unwrap() {
        let rows = |name: &str| {
            let arrays = order["arrays"].as_array().unwrap();
            let array = arrays.iter().find(|array| array["name"] == name).unwrap();
            array["rows"].as_u64().unwrap()
        };
        assert!(rows("told") > 0);
        assert_eq!(rows("told"), rows("told_locations"), "{order}");
        assert_eq!(rows("told"), rows("told_times"));
    }
    let again = site.code_to("again.zarr", &path, &paths(&granules));
    let again = again.layout(Layout::HIVE).overviews([8, 7, 6]);
    done(again.partials_memory(Memory(1 << 16)).batch_rows(89));
    assert!(tree(&hive) == tree(&site.out("again.zarr")));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a list of cases")]
fn what_cannot_be_told_is_refused_by_name() {
    for (output, time, says) in [
        (
            "function: mean, source: h, location: leaf_id",
            TIME,
            ".location: is of digests only",
        ),
        (
            "function: mean, source: h, temporal: per-centroid",
            TIME,
            ".temporal: is of digests only",
        ),
        (
            "function: tdigest, source: h, location: cell_id",
            TIME,
            "unknown value 'cell_id'",
        ),
        (
            "function: tdigest, source: h, temporal: per-cell",
            TIME,
            "min and max of the time",
        ),
        (TOLD, "nan: skip", "needs output.time_source"),
        (
            TOLD,
            "time_source: {field: g, epoch: \"2018-01-01\"}",
            "output.time_source.field: 'g' is not in data_source.variables",
        ),
        (
            TOLD,
            "time_source: {field: h, epoch: yesterday}",
            "output.time_source.epoch: 'yesterday' is no moment",
        ),
        (
            TOLD,
            "time_source: {field: h, epoch: \"2018-01-01\", scale: utc}",
            "use gps or tai",
        ),
        (
            "function: tdigest, source: h, params: {where: h > 1}",
            TIME,
            "params.where: is of build_tdigest_where",
        ),
        (
            "function: zagg.stats.tdigest.build_tdigest_where, source: h",
            TIME,
            "needs params.where",
        ),
        (
            "function: zagg.stats.tdigest.build_tdigest_where, source: h, params: {where: h > 1 | h < 0}",
            TIME,
            "put it in parentheses",
        ),
        (
            "function: zagg.stats.tdigest.build_tdigest_where, source: h, params: {where: h > 1}, where: h < 9",
            TIME,
            "stands beside params.where; keep one",
        ),
        (
            "function: mean, source: h, params: {threshold: 2}",
            TIME,
            "params.threshold: is of function: composition only",
        ),
        (
            "function: mean, source: h, attrs: {units: feet}",
            TIME,
            "attrs.units: is an attribute that the store has of its own",
        ),
        (
            "function: mean, source: h, attrs: {composition: {of: plain}}",
            TIME,
            "attrs.composition: is of function: composition only",
        ),
        (
            "function: composition, source: h, params: {conf_land: h}",
            TIME,
            "composition needs conf_ocean",
        ),
    ] {
        let message = parse_yaml("a", &of(output, time)).unwrap_err().to_string();
        assert!(message.contains(says), "{output}: {message}");
    }
    let conf =
        "conf_land: h, conf_ocean: h, conf_sea_ice: h, conf_land_ice: h, conf_inland_water: h";
    for (more, says) in [
        ("dtype: int64", "a composition is uint64"),
        (
            "fill_value: 1",
            "is not 0, by which a cell without signal is known",
        ),
        ("where: h > 0", "whose lanes are of all photons"),
        ("kind: ragged", "a composition is one number"),
        (
            "attrs: {composition: {threshold: 3}}",
            "attrs.composition.threshold: is 3, and what is packed is 2",
        ),
        (
            "attrs: {composition: {lanes: [land]}}",
            "attrs.composition.lanes",
        ),
        (
            "attrs: {composition: {of: n}}",
            "attrs.composition.of: is \"n\", which is no digest among the outputs",
        ),
    ] {
        let output = format!("function: composition, source: h, params: {{{conf}}}, {more}");
        let message = parse_yaml("a", &of(&output, TIME)).unwrap_err().to_string();
        assert!(message.contains(says), "{more}: {message}");
    }
    let rows = of(TOLD, TIME).replace(
        "{type: healpix, parent_order: 6, child_order: 10}",
        "{type: rectilinear, crs: EPSG:3031, resolution: 1000, bounds: [0, 0, 64000, 64000], chunk_shape: [64, 64]}",
    );
    let message = parse_yaml("a", &rows).unwrap_err().to_string();
    assert!(
        message.contains("told.location: asks for cells of HEALPix"),
        "{message}"
    );
}

#[test]
fn both_spellings_of_strata_ask_the_same_question_and_attributes_are_part_of_it() {
    let hash = |output: &str| parse_yaml("a", &of(output, TIME)).unwrap().sha256;
    let words = "function: tdigest, source: h, where: not (h > 1 or h < 0)";
    let zagg = "function: zagg.stats.tdigest.build_tdigest_where, kind: ragged, source: h, params: {where: \"~((h > 1) | (h \
                < 0))\"}";
    assert_eq!(hash(words), hash(zagg));
    assert_ne!(hash(words), hash(&format!("{words}, location: leaf_id")));
    assert_ne!(
        hash(words),
        hash(&format!("{words}, attrs: {{stratum: noise}}"))
    );
}

#[test]
fn a_photon_whose_time_has_no_word_is_rejected_with_its_place() {
    let site = Site::new();
    let path = site.path("config.yaml");
    let text = of(TOLD, &TIME.replace("2018-01-01", "1850-01-01"));
    std::fs::write(&path, text).unwrap();
    let granules = site.three();
    // Heights below 0 are days before 1850.
    let error = site.code(&path, &paths(&granules)).execute().unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("has no word") && message.contains("h_ph"),
        "{message}"
    );
}

#[test]
fn a_fault_of_the_times_is_told_once() {
    for time in [
        "time_source: {field: g, epoch: \"2018-01-01\"}",
        "time_source: {field: h, epoch: yesterday}",
        "time_source: {field: h}",
        "time_source: 3",
    ] {
        let message = parse_yaml("a", &of(TOLD, time)).unwrap_err().to_string();
        assert_eq!(message.matches("line ").count(), 1, "{time}: {message}");
        assert!(!message.contains("needs output.time_source"), "{message}");
    }
}
