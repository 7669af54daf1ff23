//! Maps and manifests that say what icefold does not: named, or refused.

use serde_json::{Value, json};

use super::plan::paths;
use super::{Site, json as json_of, refuse};
use crate::support::{icefold, succeed};

#[test]
fn what_a_map_says_and_a_run_does_not_follow_is_named() {
    let site = Site::new();
    let granules = site.three();
    succeed(&mut site.plan("atl03", &paths(&granules)));
    site.change_map(|map| {
        map["aoi_mask"] = json!([[1, 2, 3]]);
        map["granules"][0][0]["assets"] = json!({"dem": {"href": "s3://bucket/dem.tif"}});
        map["granules"][0][0]["time_start"] = json!("2020-01-01T00:00:00Z");
        map["metadata"]["aoi_mask"] = json!(true);
    });
    let (report, message) = json_of(site.run_plan("a.zarr").arg("--json"), 0);
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(lines.len(), 2, "{message}");
    assert!(
        lines[0].starts_with("warning: aoi_mask of shard map "),
        "{message}"
    );
    assert!(
        lines[0].ends_with("and the store has no array of that name"),
        "{message}"
    );
    assert!(
        lines[1].starts_with("warning: granules[].assets of shard map "),
        "{message}"
    );
    assert_eq!(
        report["plan"]["unused"],
        json!(["aoi_mask", "granules[].assets"])
    );
}

#[test]
fn a_manifest_of_other_columns_than_its_config_is_refused() {
    let site = Site::new();
    let granules = site.three();
    succeed(&mut site.plan("atl03", &paths(&granules)));
    succeed(site.run_plan("a.zarr").args(["--shards", "0..1"]));
    let manifest = site.out("a.zarr.pieces").join("manifest.json");
    let mut changed: Value = serde_json::from_slice(&std::fs::read(&manifest).unwrap()).unwrap();
    changed["found"]["columns"] = json!([]);
    std::fs::write(&manifest, changed.to_string()).unwrap();
    let mut finalize = icefold();
    let says = ["manifest.json", "begin anew with --overwrite"];
    refuse(finalize.arg("finalize").arg(site.out("a.zarr")), 1, &says);
}

#[test]
#[cfg(unix)]
fn a_map_that_is_a_device_is_refused_and_not_read_for_ever() {
    let site = Site::new();
    let mut run = site.run("atl03", &[]);
    let says = ["shard map /dev/zero: is not a regular file"];
    refuse(run.args(["--plan", "/dev/zero"]), 2, &says);
}
