//! Shard maps: which of them a run accepts, and where it finds their granules.

use std::process::Command;

use serde_json::{Value, json};

use super::plan::{keys, long_track, paths, shards_of};
use super::{Site, assert_same, json as json_of, refuse};
use crate::support::{icefold, stderr, stdout, succeed};

#[test]
fn the_catalog_of_a_config_is_its_plan_unless_the_command_line_says_otherwise() {
    let site = Site::new();
    let granules = site.three();
    let [a, b, _] = paths(&granules);
    succeed(&mut site.plan("atl03", &[a]));
    let catalog = format!("catalog: {}\noutput:", site.path("map.json").display());
    let config = site.atl03_with("output:", &catalog);
    let read = |command: &mut Command| -> Vec<String> {
        let (report, _) = json_of(command.args(["--json", "--overwrite"]), 0);
        let done = report["granules"]["done"].as_array().unwrap().iter();
        done.map(|g| g["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(read(&mut site.run(&config, &[])), ["a.h5"]);
    let output = succeed(&mut site.run_to("b.zarr", &config, &[b]));
    assert!(
        stderr(&output).contains("is not used"),
        "{}",
        stderr(&output)
    );
    std::fs::rename(site.path("map.json"), site.path("a.json")).unwrap();
    succeed(&mut site.plan("atl03", &[b]));
    let mut command = site.run(&config, &[]);
    assert_eq!(
        read(command.arg("--plan").arg(site.path("a.json"))),
        ["a.h5"]
    );
    let text = stdout(&succeed(site.run_plan("d.zarr").arg("--explain")));
    assert!(
        text.contains("catalog") && text.contains("command line"),
        "{text}"
    );
}

#[test]
fn a_map_serves_every_config_of_its_spatial_grid() {
    let site = Site::new();
    let granules = site.three();
    succeed(&mut site.plan("atl03", &paths(&granules)));
    let other = site.atl03_with("h_median", "height");
    let mut command = site.run(&other, &[]);
    let output = succeed(command.arg("--plan").arg(site.path("map.json")));
    assert_eq!(stderr(&output), "");
    // An older map, with a full signature.
    site.change_map(|map| map["grid_signature"]["output_fields"] = json!({"count": "int32"}));
    assert_eq!(stderr(&succeed(&mut site.run_plan("b.zarr"))), "");
    // Without one, and without any metadata.
    site.change_map(|map| {
        map.as_object_mut().unwrap().remove("grid_signature");
        map.as_object_mut().unwrap().remove("metadata");
    });
    let message = stderr(&succeed(&mut site.run_plan("c.zarr")));
    assert!(
        message.starts_with("warning: ") && message.contains("has no grid_signature"),
        "{message}"
    );
    assert_same(&site.out("b.zarr"), &site.out("c.zarr"));
}

#[test]
fn a_map_of_another_grid_is_refused_with_both_sides() {
    let site = Site::new();
    let granules = site.three();
    succeed(&mut site.plan("atl03", &paths(&granules)));
    let finer = site.atl03_with("child_order: 12", "child_order: 13");
    site.change_map(|map| map["grid_signature"]["output_fields"] = json!(["count"]));
    let mut command = site.run(&finer, &[]);
    refuse(
        command.arg("--plan").arg(site.path("map.json")),
        2,
        &[
            "map.json: was made for another grid",
            "child_order is 12 in the map, 13 in the config; make a map",
            r#""child_order":12,"layout":"fullsphere"}"#,
            r#""child_order":13,"layout":"fullsphere"}"#,
            r#"stored {"type":"healpix""#,
            r#""output_fields":["count"]"#,
        ],
    );
    let sphere = site.atl03_with("output:\n", "output:\n  latitude: geodetic-spherical\n");
    refuse(
        site.run(&sphere, &[])
            .arg("--plan")
            .arg(site.path("map.json")),
        2,
        &[
            "latitude \"authalic-wgs84\" (by metadata.latitude)",
            "\"geodetic-spherical\"",
        ],
    );
    site.change_map(|map| map["metadata"] = json!({}));
    refuse(
        site.run(&sphere, &[])
            .arg("--plan")
            .arg(site.path("map.json")),
        2,
        &["latitude \"authalic-wgs84\" (by default)"],
    );
    // Whatever the signature says, the keys are what they are.
    let coarser = site.atl03_with("parent_order: 6", "parent_order: 5");
    site.change_map(|map| map["grid_signature"] = Value::Null);
    let output = site
        .run(&coarser, &[])
        .arg("--plan")
        .arg(site.path("map.json"))
        .output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("shards of order 6, those of config"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_config_that_reads_more_than_the_map_was_made_from_is_warned_of() {
    let site = Site::new();
    let granules = site.three();
    let one = site.atl03_with("[gt1l, gt1r, gt2l, gt2r, gt3l, gt3r]", "[gt1l]");
    succeed(&mut site.plan(&one, &[&granules[0]]));
    let (report, message) = json_of(site.run_plan("a.zarr").arg("--json"), 0);
    assert!(
        message.contains("was made from other positions"),
        "{message}"
    );
    assert!(report["photons"]["rejected_by"]["outside_shards"].as_u64() > Some(0));
}

#[test]
fn granules_are_found_by_name_below_the_root() {
    let site = Site::new();
    let granules = site.three();
    succeed(&mut site.plan("atl03", &paths(&granules)));
    let (whole, _) = json_of(site.run_plan("a.zarr").arg("--json"), 0);
    let deep = site.path("moved/deep");
    std::fs::create_dir_all(&deep).unwrap();
    for granule in &granules {
        std::fs::rename(granule, deep.join(granule.file_name().unwrap())).unwrap();
    }
    refuse(
        &mut site.run_plan("b.zarr"),
        2,
        &[
            "granule a.h5: shard map ",
            "has it at a.h5 from the map's folder",
            "no such file",
            "--granule-root",
            "(and 2 more granules)",
        ],
    );
    // Ids with or without their extension, as in zagg's maps.
    site.change_map(|map| {
        for granule in map["granules"]
            .as_array_mut()
            .unwrap()
            .iter_mut()
            .flat_map(|g| g.as_array_mut().unwrap())
        {
            let id = granule["id"]
                .as_str()
                .unwrap()
                .trim_end_matches(".h5")
                .to_owned();
            *granule = json!({"id": id, "s3": format!("s3://bucket/{id}.h5"),
                "https": format!("https://host/{id}.h5"), "time_start": "2019-01-05"});
        }
    });
    refuse(
        &mut site.run_plan("b.zarr"),
        2,
        &[
            "granule a: ",
            "has it at https://host/a.h5, and nothing is fetched; download it and name its folder with --granule-root",
        ],
    );
    let root = site.path("moved");
    let mut command = site.run_plan("b.zarr");
    let (found, _) = json_of(command.arg("--granule-root").arg(&root).arg("--json"), 0);
    assert_eq!(found["content_sha256"], whole["content_sha256"]);

    std::fs::remove_file(deep.join("b.h5")).unwrap();
    let mut command = site.run_plan("c.zarr");
    command.arg("--granule-root").arg(&root);
    let says = format!(
        "there is no file of that name in {}; download it",
        root.display()
    );
    refuse(
        &mut command,
        2,
        &["granule b: ", "https://host/b.h5, and ", &says],
    );
    let (report, message) = json_of(command.args(["--tolerant", "--json"]), 3);
    assert!(message.contains("left out: granule b: "), "{message}");
    assert_eq!(report["granules"]["failed"][0]["granule"], "b");
    assert_eq!(report["granules"]["done"].as_array().unwrap().len(), 2);
    // Two files of a name: any where they are copies, neither where they differ.
    std::fs::create_dir(root.join("again")).unwrap();
    std::fs::copy(deep.join("a.h5"), root.join("again/a.h5")).unwrap();
    json_of(command.arg("--overwrite"), 3);
    std::fs::copy(deep.join("c.h5"), root.join("again/a.h5")).unwrap();
    refuse(
        &mut command,
        2,
        &["granule a is in ", "more than once", "again/a.h5"],
    );
}

#[test]
fn duplicates_are_resolved_over_the_whole_map() {
    let site = Site::new();
    let name = |release: &str| format!("ATL03_20190105163308_01260202_{release}.h5");
    let [old, new] = [("006_02", -45.0), ("007_01", 10.0)]
        .map(|(release, lon)| site.granule(&name(release), &[("gt1l", long_track(lon))]));
    let keep_all = site.atl03_with("output:\n", "output:\n  duplicates: keep_all\n");
    succeed(&mut site.plan(&keep_all, &[&old, &new]));
    let mut all = icefold();
    all.args(["inspect", "--json"]).arg(site.path("map.json"));
    assert_eq!(json_of(&mut all, 0).0["granules"], 2);
    // The shards of the old one only: the new one, listed elsewhere, takes its place.
    let old_keys = shards_of(&[&long_track(-45.0)]);
    let start = keys(&site.map())
        .iter()
        .position(|key| *key == old_keys[0])
        .unwrap();
    let range = format!("{start}..{}", start + old_keys.len());
    let mut command = site.run_plan("a.zarr");
    command.args(["--shards", &range]);
    refuse(&mut command, 2, &["no granule is left to read"]);
    let (report, message) = json_of(site.run_plan("b.zarr").arg("--json"), 0);
    assert!(
        message.contains("006_02") && message.contains("takes its place"),
        "{message}"
    );
    assert_eq!(report["granules"]["done"][0]["name"], name("007_01"));
    // By default the plan itself leaves it out, and says so in the map.
    let output = succeed(&mut site.plan("atl03", &[&old, &new]));
    assert!(stderr(&output).contains("takes its place"));
    let left_out = &site.map()["metadata"]["left_out"];
    assert_eq!(
        *left_out,
        json!([{"id": name("006_02"), "superseded_by": name("007_01")}])
    );
}

#[test]
fn what_is_no_shard_map_is_refused_by_what_is_wrong_with_it() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let word = 11_570_310_392_668_225_542_u64;
    for (text, says) in [
        ("", "is not a shard map: EOF"),
        ("[1]", "is not a shard map: invalid"),
        ("{\"shard_keys\": []}", "missing field `granules`"),
        (
            "{\"shard_keys\": [1.1570310392668226e19], \"granules\": [[]]}",
            "invalid type: floating point",
        ),
        (
            "{\"shard_keys\": [1], \"granules\": [[], []]}",
            "has 1 shard_keys and 2 lists of granules",
        ),
        (
            "{\"shard_keys\": [7], \"granules\": [[]]}",
            "shard_keys[0] is 7, which is no morton word",
        ),
        (
            &format!("{{\"shard_keys\": [{word}, {word}], \"granules\": [[], []]}}"),
            "shard_keys[1] is 11570310392668225542, as is shard_keys[0]",
        ),
        (
            &format!("{{\"shard_keys\": [{word}, 1152921504606846976], \"granules\": [[], []]}}"),
            "shard_keys[1] is of order 0, shard_keys[0] of order 6",
        ),
    ] {
        std::fs::write(site.path("map.json"), text).unwrap();
        refuse(
            &mut site.run_plan("a.zarr"),
            2,
            &["shard map ", "map.json: ", says],
        );
        refuse(
            icefold().arg("inspect").arg(site.path("map.json")),
            2,
            &[says],
        );
    }
    std::fs::write(
        site.path("map.json"),
        "{\"shard_keys\": [], \"granules\": []}",
    )
    .unwrap();
    let run = |site: &Site| site.run_plan("a.zarr").output().unwrap();
    assert!(stderr(&run(&site)).contains("lists no shards"));
    let text = format!("{{\"shard_keys\": [{word}], \"granules\": [[]]}}");
    std::fs::write(site.path("map.json"), text).unwrap();
    assert!(stderr(&run(&site)).contains("lists no granules for its shards 0..1"));
    refuse(
        site.run("atl03", &[])
            .arg("--plan")
            .arg(site.path("none.json")),
        1,
        &["cannot read ", "none.json"],
    );
    refuse(
        site.run("atl03", &[]).arg("--plan").arg(&good),
        2,
        &["a.h5: is not a shard map"],
    );
}

#[test]
fn a_map_is_inspected_for_people_and_programs() {
    let site = Site::new();
    let granules = site.three();
    succeed(&mut site.plan("atl03", &paths(&granules)));
    // By its name, or by what it begins with.
    std::fs::copy(site.path("map.json"), site.path("map")).unwrap();
    let text = stdout(&succeed(icefold().arg("inspect").arg(site.path("map"))));
    assert!(
        text.contains("shard order      6") && text.contains("granules         3"),
        "{text}"
    );
    let (found, _) = json_of(
        icefold()
            .args(["inspect", "--json"])
            .arg(site.path("map.json")),
        0,
    );
    let map = site.map();
    assert_eq!(found["shards"].as_array().unwrap().len(), keys(&map).len());
    for (place, key) in keys(&map).into_iter().enumerate() {
        let shard = &found["shards"][place];
        assert_eq!(shard["key"], key);
        assert_eq!(
            shard["granules"],
            map["granules"][place].as_array().unwrap().len()
        );
        assert!(text.contains(&key.to_string()));
    }
    assert_eq!(found["metadata"], map["metadata"]);
}
