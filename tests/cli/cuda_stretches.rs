//! `--device cuda` where the device decodes, selects and folds by itself, through the stand-in for NVIDIA's driver: the
//! store, the counts by reason and the words of a run on the CPU, whatever a granule is like.

use std::path::{Path, PathBuf};

use serde_json::{Value, json as value};

use super::cuda::log;
use super::granules::Heights;
use super::{Site, assert_same, json};
use crate::kernels::stand_in::with_stand_in;
use crate::support::odd::{ALL, odd_granule};
use crate::support::succeed;

/// What a run on CUDA says, once it is known to be what a run on the CPU says.
pub struct Both {
    pub report: Value,
    pub stretches: Value,
}

impl Both {
    /// Photons that the device folded, and those that the host read, by the reason.
    pub fn shares(&self) -> (u64, Vec<(String, u64)>) {
        let host = self.stretches["host"].as_object().unwrap();
        let host = host
            .iter()
            .map(|(why, n)| (why.clone(), n.as_u64().unwrap()));
        (self.of("photons"), host.collect())
    }

    pub fn of(&self, name: &str) -> u64 {
        self.stretches[name].as_u64().unwrap()
    }

    /// That the device folded every photon.
    #[track_caller]
    pub fn all_on_device(&self) {
        let read = self.report["photons"]["read"].as_u64().unwrap();
        assert_eq!(self.shares(), (read, Vec::new()));
    }

    /// That the host read every photon, for this reason.
    #[track_caller]
    pub fn all_on_host(&self, why: &str) {
        let read = self.report["photons"]["read"].as_u64().unwrap();
        assert_eq!(self.shares(), (0, vec![(why.to_owned(), read)]));
    }
}

/// What granules say of themselves, their warnings in any order.
fn granules_of(report: &Value) -> Value {
    let mut granules = report["granules"].clone();
    for done in granules["done"].as_array_mut().unwrap() {
        if let Some(warnings) = done["warnings"].as_array_mut() {
            warnings.sort_by_key(Value::to_string);
        }
    }
    granules
}

/// Runs on the CPU and on CUDA, both to this exit code, and compares stores and reports.
#[track_caller]
pub fn both(
    site: &Site,
    config: &Path,
    granules: &[&Path],
    (arguments, settings): (&[&str], &str),
) -> Both {
    for name in ["cpu", "cuda"] {
        let _ = std::fs::remove_dir_all(site.out(&format!("{name}.zarr")));
        let _ = std::fs::remove_file(site.out(&format!("{name}.run.json")));
    }
    let code = if arguments.contains(&"--tolerant") {
        3
    } else {
        0
    };
    let mut cpu = site.run_to("cpu.zarr", config, granules);
    let (expected, _) = json(cpu.args(arguments).arg("--json"), code);
    let mut cuda = site.run_to("cuda.zarr", config, granules);
    cuda.args(arguments).args(["--device", "cuda", "--json"]);
    let (report, _) = json(with_stand_in(&mut cuda, settings), code);
    assert_same(&site.out("cpu.zarr"), &site.out("cuda.zarr"));
    for part in [
        "photons",
        "remainders",
        "rejected_rows",
        "steps",
        "content_sha256",
    ] {
        assert_eq!(report[part], expected[part], "{part}");
    }
    assert_eq!(granules_of(&report), granules_of(&expected));
    let stretches = report["device"]["stretches"].clone();
    assert!(expected["device"]["stretches"].is_null());
    Both { report, stretches }
}

pub const FILTER: &str =
    "    - {dataset: \"/{group}/heights/signal_conf_ph\", column: 0, op: ne, value: -2}\n";
pub const MEDIAN: &str = "    h_median: {function: median, source: h_ph, dtype: float32}\n";

/// atl03 with other filters, each a dataset and what is done with it.
fn filtered(site: &Site, filters: &[(&str, &str)]) -> PathBuf {
    let lines = filters
        .iter()
        .map(|(name, rest)| format!("    - {{dataset: \"/{{group}}/heights/{name}\", {rest}}}\n"));
    site.atl03_with(FILTER, &lines.collect::<String>())
}

#[test]
fn every_photon_is_folded_where_it_was_decoded() {
    let site = Site::new();
    let granule = odd_granule(&site, "a.h5");
    let written = site.path("log");
    let settings = format!("log={}", written.display());
    let atl03 = Path::new("atl03");
    let ran = both(&site, atl03, &[&granule], (&[], &settings));
    ran.all_on_device();
    assert_eq!(ran.of("stretches"), 2);
    assert_eq!(ran.stretches["left"], value!({}));
    assert_eq!(ran.stretches["failed"], value!({}));
    // 11 + 8 + 6 + 11 chunks, and 9 + 9 + 9 with confidences that are not compressed: as many as are read together.
    assert!(ran.of("chunks") > 60, "{}", ran.stretches);
    let done = &log(&written)[0];
    assert_eq!(done["left_bytes"], 0);
    // Quantiles are not folded in runs; without them all are.
    let config = site.atl03_with(MEDIAN, "");
    let ran = both(&site, &config, &[&granule], (&[], "seed=5"));
    ran.all_on_device();
    assert_eq!(ran.report["stages"]["batches"]["standing"], 2);
    // The few photons with a remainder came back to the host.
    assert!(ran.report["remainders"]["h_ph"].as_u64() > Some(20));
}

#[test]
fn filters_of_every_kind_reject_what_the_host_rejects() {
    let site = Site::new();
    let granule = odd_granule(&site, "a.h5");
    let cases: [&[(&str, &str)]; 8] = [
        &[],
        &[
            ("signal_conf_ph", "column: 3, op: ge, value: 1"),
            ("signal_conf_ph", "column: 0, op: in, values: [0, 3, 4]"),
        ],
        &[
            ("weight_ph", "op: lt, value: 200"),
            ("score", "op: gt, value: 0.25"),
        ],
        &[
            ("score", "op: ne, value: 0.5"),
            ("pulse", "op: le, value: 1000000000"),
        ],
        &[
            ("score", "op: lt, value: 0.75, keep: false"),
            ("weight_ph", "op: not_in, values: [1, 2, 100]"),
        ],
        &[
            ("h_ph", "op: ge, value: -20.5"),
            ("delta_time", "op: gt, value: 6.00000001e7"),
        ],
        &[
            ("pulse", "op: eq, value: 100"),
            ("score", "op: le, value: inf"),
        ],
        &[("score", "op: lt, value: -1")],
    ];
    for filters in cases {
        let config = filtered(&site, filters);
        let ran = both(&site, &config, &[&granule], (&["--allow-empty"], ""));
        ran.all_on_device();
        let rejected = ran.report["photons"]["rejected_by"].as_object().unwrap();
        assert_eq!(rejected["bad_coordinate"], 5);
        assert!(
            rejected.len() > filters.len().min(1),
            "{filters:?} {rejected:?}"
        );
    }
}

/// Columns of every type, with and without nulls; some photons are null in all of them.
#[test]
fn columns_of_every_type_are_folded_with_their_nulls() {
    let site = Site::new();
    let granule = odd_granule(&site, "a.h5");
    let variables = "  variables:\n    h_ph: \"/{group}/heights/h_ph\"\n";
    let column = |name: &str| format!("    {name}: \"/{{group}}/heights/{name}\"\n");
    let text = include_str!("../../src/config/atl03.yaml");
    let (before, _) = text.split_once("aggregation:").unwrap();
    let (_, output) = text.split_once("\noutput:").unwrap();
    let of = |name: &str, functions: &[&str]| -> String {
        let line = |f: &&str| {
            format!("    {name}_{f}: {{function: {f}, source: {name}, dtype: float64}}\n")
        };
        functions.iter().map(line).collect()
    };
    let all = ["min", "max", "mean", "var", "median"];
    for (columns, functions) in [
        (&["h_ph", "weight_ph"][..], &all[..]),
        (&["h_ph", "weight_ph", "score"], &all[..4]),
        (&["pulse", "delta_time"], &["min", "max", "median"]),
        (&["delta_time", "score"], &["mean", "var"]),
        (&["h_ph", "delta_time"], &["min", "mean"]),
    ] {
        let named: String = columns.iter().map(|name| column(name)).collect();
        let before = before.replace(variables, &format!("  variables:\n{named}"));
        let outputs: String = columns.iter().map(|name| of(name, functions)).collect();
        let path = site.path("columns.yaml");
        let text = format!("{before}aggregation:\n  variables:\n{outputs}\noutput:{output}");
        std::fs::write(&path, text).unwrap();
        let ran = both(&site, &path, &[&granule], (&[], ""));
        ran.all_on_device();
        let nulls = &ran.report["photons"]["null_by"];
        assert_eq!(nulls["h_ph"].is_u64(), columns[0] == "h_ph", "{nulls}");
        let in_all = ran.report["photons"]["rejected_by"]["null"].as_u64();
        assert_eq!(
            in_all.is_some(),
            columns == ["h_ph", "weight_ph"],
            "{columns:?}"
        );
    }
}

/// Little memory makes short stretches, and less of it none.
#[test]
fn stretches_are_as_long_as_memory_allows() {
    let site = Site::new();
    let granule = site.granule(
        "a.h5",
        &[
            ("gt1l", Heights::along(-45.0, 20_000)),
            ("gt2r", Heights::along(-44.5, 9000)),
        ],
    );
    let atl03 = Path::new("atl03");
    let run = |memory: &str, settings: &str| {
        both(
            &site,
            atl03,
            &[&granule],
            (&["--device-memory", memory], settings),
        )
    };
    let written = site.path("log");
    let ran = run("8M", &format!("log={}", written.display()));
    ran.all_on_device();
    assert!(ran.of("stretches") > 2, "{}", ran.stretches);
    let peak = log(&written)[0]["peak_bytes"].as_u64().unwrap();
    assert!(peak <= 8 << 20, "{peak}");
    let ran = run("2M", "");
    ran.all_on_host("the device's memory has room for few rows");
    // An allocation that fails sends the stretch to the host, and changes no bit.
    for allocation in [1, 3, 6, 9, 12, 20] {
        let settings = format!("allocation_fails={allocation},allocation_fails_times=2");
        let ran = run("64M", &settings);
        let (_, host) = ran.shares();
        assert!(
            host.iter().all(|(why, _)| why.contains("no memory")),
            "{host:?}"
        );
    }
}

/// However rows come back, and in whatever order streams run.
#[test]
fn no_way_of_the_device_changes_a_bit() {
    let site = Site::new();
    let granule = odd_granule(&site, "a.h5");
    let config = site.atl03_with(MEDIAN, "");
    succeed(&mut site.run_to("cpu.zarr", &config, &[&granule]));
    let ways = [
        ("ICEFOLD_CUDA_FOLD", "stages", "seed=2"),
        ("ICEFOLD_CUDA_RESULTS", "copied", "seed=3"),
        ("ICEFOLD_CUDA_COLUMNS", "staged", "seed=4"),
        ("ICEFOLD_CUDA_LAUNCH", "graph", "seed=5"),
        ("ICEFOLD_CUDA_STRETCHES", "device", "seed=6,devices=2"),
        ("ICEFOLD_CUDA_STRETCHES", "host", "seed=7"),
    ];
    for (variable, value, settings) in ways {
        let store = format!("{variable}-{value}.zarr");
        let mut run = site.run_to(&store, &config, &[&granule]);
        run.args(["--device", "cuda:all", "--json"])
            .env(variable, value);
        let (report, _) = json(with_stand_in(&mut run, settings), 0);
        assert_same(&site.out("cpu.zarr"), &site.out(&store));
        let stretches = &report["device"]["stretches"];
        if value == "host" {
            let why = "ICEFOLD_CUDA_STRETCHES says so";
            assert_eq!(stretches["host"][why], ALL);
        } else {
            assert_eq!(stretches["photons"], ALL, "{stretches}");
        }
    }
}

/// Values of geolocation segments, brought to their photons, beside those of photons.
#[test]
fn values_of_geolocation_segments_are_those_of_their_photons() {
    let site = Site::new();
    let granule = odd_granule(&site, "a.h5");
    let variable = "    h_ph: \"/{group}/heights/h_ph\"\n";
    let with = format!(
        "{variable}    dem_h: {{path: \"/{{group}}/geolocation/dem_h\", level: segments}}\n"
    );
    let config = site.atl03_with(variable, &with);
    let text = std::fs::read_to_string(&config).unwrap();
    let output = "    dem: {function: FUNCTION, source: dem_h, dtype: float32}\n";
    let more = ["mean", "max", "median"].map(|name| {
        let line = output.replace("FUNCTION", name);
        line.replace("dem:", &format!("dem_{name}:"))
    });
    let text = text.replace(MEDIAN, &format!("{MEDIAN}{}", more.concat()));
    std::fs::write(&config, text).unwrap();
    for arguments in [&[][..], &["--device-memory", "12M"]] {
        let ran = both(&site, &config, &[&granule], (arguments, ""));
        ran.all_on_device();
        assert!(ran.of("stretches") >= 2);
        let nulls = &ran.report["photons"]["null_by"];
        assert!(nulls["dem_h"].as_u64() > Some(300), "{nulls}");
    }
}

/// Over a shard map, photons count by the shard that they are in and for which their granule is listed.
#[test]
fn photons_outside_the_shards_of_a_map_are_rejected_as_on_the_host() {
    let site = Site::new();
    site.mapped("atl03");
    for (name, shards) in [("all", None), ("some", Some("1..3"))] {
        let run = |device: &str| {
            let mut run = site.run_plan(&format!("{name}-{device}.zarr"));
            run.args(["--device", device, "--json"]);
            run.args(
                shards
                    .map(|shards| ["--shards", shards])
                    .into_iter()
                    .flatten(),
            );
            json(with_stand_in(&mut run, ""), 0).0
        };
        let (expected, found) = (run("cpu"), run("cuda"));
        assert_eq!(found["photons"], expected["photons"]);
        assert_eq!(granules_of(&found), granules_of(&expected));
        let stretches = &found["device"]["stretches"];
        assert_eq!(
            stretches["photons"], found["photons"]["read"],
            "{stretches}"
        );
        let outside = found["photons"]["rejected_by"]["outside_shards"].as_u64();
        assert_eq!(outside.is_some(), shards.is_some());
    }
    assert_same(&site.out("all-cpu.zarr"), &site.out("all-cuda.zarr"));
}

/// Real granules, each with the configuration for its product.
#[test]
#[cfg_attr(not(icefold_test_data), ignore = "needs real granules")]
fn real_granules_have_the_store_of_the_cpu() {
    let site = Site::new();
    let folder = crate::support::data().join("icesat2");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    paths.sort();
    for path in &paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some(config) = ["atl03", "atl06"]
            .into_iter()
            .find(|c| name.to_lowercase().contains(c))
        else {
            continue;
        };
        let ran = both(&site, Path::new(config), &[path], (&[], ""));
        let read = ran.report["photons"]["read"].as_u64().unwrap();
        let (there, host) = ran.shares();
        let on_host: u64 = host.iter().map(|(_, photons)| photons).sum();
        assert_eq!(there + on_host, read, "{name}: {}", ran.stretches);
        assert_eq!(
            there == read,
            config == "atl03",
            "{name}: {}",
            ran.stretches
        );
    }
}
