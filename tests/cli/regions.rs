//! Regions of the command line and of configs: what is kept, what a map lists, what is refused.

use std::path::PathBuf;

use icefold::store::StoreReader;
use serde_json::{Value, json};

use super::{Site, assert_same, json as json_of, refuse};
use crate::support::granules::paths;
use crate::support::site::long_track;
use crate::support::tables::{Format, Row, config as table_config, points, write};
use crate::support::{icefold, stdout, succeed};

/// Around the first track of [`Site::three`], from 69 to 70.5 degrees north, with a slanted edge in the south.
const AREA: &str = r#"{"type": "Feature", "properties": {}, "geometry": {"type": "Polygon",
    "coordinates": [[[-46, 69], [-44.95, 69.25], [-44.95, 70.5], [-46, 70.5], [-46, 69]]]}}"#;

/// Photons of the first track that lie there, by arithmetic that has no slope but that of one edge.
fn inside(lon: f64, lat: f64) -> bool {
    let south = 69.0 + (lon + 46.0) * 0.25 / 1.05;
    (-46.0..-44.95).contains(&lon) && lat >= south && lat < 70.5
}

impl Site {
    pub(super) fn area(&self) -> PathBuf {
        let path = self.path("area.geojson");
        std::fs::write(&path, AREA).unwrap();
        path
    }
}

#[test]
fn photons_outside_a_region_are_counted_and_left_out() {
    let site = Site::new();
    let granules = site.three();
    let area = site.area();
    let mut run = site.run("atl03", &paths(&granules));
    let (report, warnings) = json_of(run.arg("--region").arg(&area).arg("--json"), 0);
    assert_eq!(warnings, "");
    let track = long_track(-45.0);
    let kept = track.lat.iter().zip(&track.lon);
    let kept = kept.filter(|(lat, lon)| inside(**lon, **lat)).count();
    let photons = &report["photons"];
    assert_eq!(photons["kept"], kept);
    assert_eq!(
        photons["rejected_by"],
        json!({
            "bad_coordinate": 4 * 3, "outside_region": 4 * 3000 - 12 - kept,
        })
    );
    let region = &report["config"]["region"];
    assert_eq!(region["bbox"], json!([-46.0, 69.0, -44.95, 70.5]));
    assert_eq!(
        (&region["polygons"], &region["positions"]),
        (&json!(1), &json!(4))
    );
    let store = site.out("a.zarr");
    let group = std::fs::read(store.join("zarr.json")).unwrap();
    let group: Value = serde_json::from_slice(&group).unwrap();
    assert_eq!(&group["attributes"]["icefold"]["region"], region);
    let counts = StoreReader::open(&store).unwrap().read("count").unwrap();
    assert_eq!(counts.as_f64().iter().sum::<f64>() as usize, kept);
    // Of granules outside nothing but positions is read.
    let decoded = |report: &Value| report["stages"]["decode"]["bytes"].as_u64().unwrap();
    let (whole, _) = json_of(
        site.run_to("whole.zarr", "atl03", &paths(&granules))
            .arg("--json"),
        0,
    );
    assert!(decoded(&report) < decoded(&whole) * 9 / 10, "{report}");
    succeed(icefold().arg("inspect").arg(site.out("a.run.json")));
}

#[test]
fn a_region_is_the_same_from_a_file_a_config_and_numbers() {
    let site = Site::new();
    let granules = site.three();
    let file = site.path("box.geojson");
    let square = "[[[-46,69],[-44,69],[-44,70],[-46,70],[-46,69]]]";
    std::fs::write(
        &file,
        format!(r#"{{"type":"Polygon","coordinates":{square}}}"#),
    )
    .unwrap();
    let with = |name: &str, section: &str| {
        let changed = site.atl03_with("output:", &format!("region: {section}\noutput:"));
        let path = site.path(name);
        std::fs::rename(changed, &path).unwrap();
        path
    };
    let mut hashes = Vec::new();
    let mut stores = Vec::new();
    for (name, config, region) in [
        (
            "numbers.zarr",
            "atl03".into(),
            Some("-46,69,-44,70".to_owned()),
        ),
        (
            "file.zarr",
            "atl03".into(),
            Some(file.display().to_string()),
        ),
        (
            "bbox.zarr",
            with("a.yaml", "{bbox: [-46, 69, -44, 70]}"),
            None,
        ),
        (
            "named.zarr",
            with("b.yaml", &format!("{{file: {}}}", file.display())),
            None,
        ),
        (
            "inline.zarr",
            with(
                "c.yaml",
                &format!("{{geojson: {{type: Polygon, coordinates: {square}}}}}"),
            ),
            None,
        ),
        // What the command line says wins.
        (
            "wins.zarr",
            with("d.yaml", "{bbox: [0, 0, 1, 1]}"),
            Some("-46,69,-44,70".to_owned()),
        ),
    ] {
        let mut run = site.run_to(name, &config, &paths(&granules));
        run.arg("--json")
            .args(region.iter().flat_map(|region| ["--region", region]));
        let (report, _) = json_of(&mut run, 0);
        hashes.push(report["config"]["sha256"].clone());
        stores.push(site.out(name));
        assert!(report["photons"]["kept"].as_u64() > Some(1000), "{report}");
    }
    assert!(hashes.iter().all(|hash| *hash == hashes[0]), "{hashes:?}");
    for store in &stores[1..] {
        assert_same(&stores[0], store);
    }
    let mut explain = icefold();
    explain.args(["run", "atl03", "--explain", "--region=-46,69,-44,70"]);
    let said = stdout(&succeed(&mut explain));
    assert!(
        said.lines().any(|line| line.starts_with("region ")
            && line.contains("1 polygon of 4 positions within -46,69,-44,70")
            && line.ends_with("command line")),
        "{said}"
    );
}

#[test]
fn a_map_of_a_region_lists_what_it_needs_and_serves_that_region_only() {
    let site = Site::new();
    let granules = site.three();
    let area = site.area();
    let (said, warnings) = json_of(
        site.plan("atl03", &paths(&granules))
            .arg("--region")
            .arg(&area)
            .arg("--json"),
        0,
    );
    assert_eq!(warnings, "");
    assert_eq!(
        (&said["granules"], &said["outside_region"]),
        (&json!(1), &json!(2))
    );
    let map = site.map();
    assert_eq!(
        map["metadata"]["left_out"],
        json!([
            {"id": "b.h5", "outside_region": true}, {"id": "c.h5", "outside_region": true},
        ])
    );
    let region = &map["metadata"]["region"];
    assert_eq!(region["geometry"]["type"], "MultiPolygon");
    assert!(said["shards"].as_u64() < Some(8), "{said}");

    let mut direct = site.run_to("direct.zarr", "atl03", &paths(&granules));
    let (direct, _) = json_of(direct.arg("--region").arg(&area).arg("--json"), 0);
    let with = |store: &str, region: &str| {
        let mut run = site.run_plan(store);
        run.args(["--region", region, "--json"]);
        run
    };
    let area = area.to_str().unwrap();
    let (over_map, _) = json_of(&mut with("map.zarr", area), 0);
    assert_eq!(over_map["content_sha256"], direct["content_sha256"]);
    assert_same(&site.out("direct.zarr"), &site.out("map.zarr"));
    let says = [
        "was made for a region, 1 polygon of 4 positions within -46,69,-44.95,70.5",
        "and config atl03 has none; give the same with --region, or make a map",
    ];
    refuse(&mut site.run_plan("none.zarr"), 2, &says);
    let says = [
        "was made for a region",
        "has 1 polygon of 4 positions within -46,69,-45,70",
    ];
    refuse(&mut with("other.zarr", "-46,69,-45,70"), 2, &says);

    // A map of everything serves every region; pieces know theirs.
    succeed(&mut site.plan("atl03", &paths(&granules)));
    let shards = site.map()["shard_keys"].as_array().unwrap().len();
    let parts = [format!("0..{}", shards / 2), format!("{}..", shards / 2)];
    json_of(with("parts.zarr", area).args(["--shards", &parts[0]]), 0);
    let says = ["were begun with config", "and this run has"];
    refuse(
        with("parts.zarr", "-46,69,-45,70").args(["--shards", &parts[1]]),
        1,
        &says,
    );
    json_of(with("parts.zarr", area).args(["--shards", &parts[1]]), 0);
    // The pieces know the region, whatever becomes of the file.
    std::fs::remove_file(area).unwrap();
    let (made, _) = json_of(
        icefold()
            .arg("finalize")
            .arg(site.out("parts.zarr"))
            .arg("--json"),
        0,
    );
    assert_eq!(made["content_sha256"], direct["content_sha256"]);
    assert_eq!(made["config"]["region"], direct["config"]["region"]);
    assert_same(&site.out("direct.zarr"), &site.out("parts.zarr"));
}

#[test]
fn a_region_that_no_granule_reaches_makes_no_map_and_an_empty_store() {
    let site = Site::new();
    let granules = site.three();
    let says = [
        "none of the 3 granules has a photon in the region, 1 polygon of 4 positions within 100,0,101,1",
    ];
    refuse(
        site.plan("atl03", &paths(&granules))
            .args(["--region", "100,0,101,1"]),
        2,
        &says,
    );
    let mut run = site.run("atl03", &paths(&granules));
    let (report, warnings) = json_of(run.args(["--region", "100,0,101,1", "--json"]), 3);
    assert!(
        warnings.contains("rejected as outside_region"),
        "{warnings}"
    );
    assert_eq!(report["photons"]["kept"], 0);
}

#[test]
fn regions_that_cannot_be_honoured_are_refused_with_their_place() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let file = site.path("wrong.geojson");
    let ring = |ring: &str| {
        std::fs::write(
            &file,
            format!(
                r#"{{"type":"FeatureCollection","features":[{{"type":"Feature",
            "id":"b7","geometry":{{"type":"Polygon","coordinates":[{ring}]}}}}]}}"#
            ),
        )
        .unwrap();
        file.display().to_string()
    };
    let shown = file.display().to_string();
    for (text, says) in [
        (
            "[[0,0],[2,2],[2,0],[0,2],[0,0]]",
            "features[0] (id b7).geometry.coordinates[0] crosses itself: its edge",
        ),
        (
            "[[0,0],[2,2],[2,0]]",
            "coordinates[0] begins at [0.0, 0.0] and ends at [2.0, 0.0]",
        ),
        (
            "[[0,0],[2,-95],[2,0],[0,0]]",
            "coordinates[0][1] is [2, -95], whose latitude -95 is beyond 90",
        ),
    ] {
        let region = ring(text);
        let mut run = site.run("atl03", &[&good]);
        refuse(
            run.args(["--region", &region]),
            2,
            &["region ", &shown, says],
        );
    }
    for (region, says) in [
        ("10,5,10,6", "west 10 and east 10, which is no width"),
        ("10,5,20", "has 3 numbers; a box has four"),
    ] {
        let mut run = site.run("atl03", &[&good]);
        refuse(run.args(["--region", region]), 2, &[says]);
    }
    let mut run = site.run("atl03", &[&good]);
    refuse(
        run.args(["--region", "nowhere.geojson"]),
        1,
        &["cannot read nowhere.geojson"],
    );
    assert_eq!(site.written(), [""; 0]);
}

#[test]
fn sections_of_configs_that_are_no_region_are_refused() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    for (section, says) in [
        (
            "{}",
            "region: has 0 of bbox, file and geojson; give one of them",
        ),
        (
            "{bbox: [1, 2, 3, 4], file: a}",
            "region: has 2 of bbox, file and geojson",
        ),
        (
            "{bbox: [1, 2, 3]}",
            "region.bbox: [1.0, 2.0, 3.0] has 3 numbers",
        ),
        (
            "{bbox: [1, 5, 3, 2]}",
            "region.bbox: [1, 5, 3, 2] has south 5 and north 2",
        ),
        (
            "{geojson: {type: Point, coordinates: [1, 2]}}",
            "region.geojson: is a Point, which has no inside",
        ),
        (
            "{file: nowhere.geojson}",
            "region.file: cannot read nowhere.geojson",
        ),
        (
            "{box: [1, 2, 3, 4]}",
            "region: unknown key 'box', did you mean 'bbox'",
        ),
    ] {
        let config = site.atl03_with("data_source:", &format!("region: {section}\ndata_source:"));
        refuse(&mut site.run(config, &[&good]), 2, &[says]);
    }
    assert_eq!(site.written(), [""; 0]);
}

#[test]
fn of_a_table_row_groups_outside_a_region_are_not_read() {
    let site = Site::new();
    let table = site.path("a.parquet");
    let mut rows: Vec<Row> = points();
    rows.extend(points().into_iter().map(|row| Row { lon: 190.0, ..row }));
    write(&table, &rows, Format::Parquet(100));
    let config = table_config(&site);
    let run = |store: &str, region: &str| {
        let mut run = site.run_to(store, &config, &[&table]);
        json_of(run.args(["--region", region, "--json"]), 0).0
    };
    for (store, region, kept) in [
        // Rows 300 to 449 lie in five row groups, of which two are cut.
        ("a.zarr", "-46,70.0295,-44,70.0445", 150),
        ("b.zarr", "-180,70.0295,-44,70.0445", 300),
        ("c.zarr", "160,70.0295,-160,70.0445", 150),
        ("d.zarr", "-46,70.0299,-44,71", 1201),
    ] {
        let report = run(store, region);
        assert_eq!(report["photons"]["kept"], kept, "{region}");
        assert_eq!(
            report["photons"]["rejected_by"],
            json!({"outside_region": 3000 - kept})
        );
        let decoded = report["stages"]["decode"]["bytes"].as_u64().unwrap();
        assert!(decoded < 3000 * 29 / 2, "{region}: {decoded}");
    }
}
