//! `--device cuda` where the device decodes, selects and folds by itself, through the stand-in for NVIDIA's driver: the
//! store, the counts by reason and the words of a run on the CPU, whatever a granule is like.

use std::path::{Path, PathBuf};

use hdf5::{Extents, File, H5Type};
use serde_json::Value;

use super::cuda::log;
use super::granules::Heights;
use super::{Site, assert_same, json};
use crate::kernels::stand_in::with_stand_in;
use crate::support::deflate::Random;
use crate::support::{stderr, succeed};

const PHOTONS: usize = 5200;

/// What a run on CUDA says, once it is known to be what a run on the CPU says.
struct Both {
    report: Value,
    stretches: Value,
}

impl Both {
    /// Photons that the device folded, and those that the host read, by the reason.
    fn shares(&self) -> (u64, Vec<(String, u64)>) {
        let host = self.stretches["host"].as_object().unwrap();
        let host = host
            .iter()
            .map(|(why, n)| (why.clone(), n.as_u64().unwrap()));
        (self.of("photons"), host.collect())
    }

    fn of(&self, name: &str) -> u64 {
        self.stretches[name].as_u64().unwrap()
    }

    /// That the device folded every photon.
    #[track_caller]
    fn all_on_device(&self) {
        let read = self.report["photons"]["read"].as_u64().unwrap();
        assert_eq!(self.shares(), (read, Vec::new()));
    }

    /// That the host read every photon, for this reason.
    #[track_caller]
    fn all_on_host(&self, why: &str) {
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
fn both(
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

/// Positions at the edges of what there is, and far beyond.
fn positions() -> (Vec<f64>, Vec<f64>) {
    let odd = [
        (f64::NAN, 0.0),
        (90.0, 540.0),
        (-90.0, -540.0),
        (90.000_000_000_000_02, 0.0),
        (45.0, 540.000_000_000_000_1),
        (45.0, f64::NEG_INFINITY),
        (f64::MAX, 1.0),
        (-0.0, -0.0),
    ];
    let at = |i: usize| {
        let along = (70.0 + i as f64 * 1e-4, -45.0 - i as f64 * 2e-5);
        odd.get(i.wrapping_sub(100)).copied().unwrap_or(along)
    };
    (0..PHOTONS).map(at).unzip()
}

/// A dataset in chunks, shuffled and deflated.
fn dataset<T: H5Type>(
    file: &File,
    name: &str,
    shape: impl Into<Extents>,
    values: &[T],
    chunk: &[usize],
) {
    let builder = file.new_dataset::<T>().shape(shape).chunk(chunk.to_vec());
    let made = builder
        .shuffle()
        .deflate(6)
        .create(format!("gt1l/heights/{name}").as_str());
    made.unwrap().write_raw(values).unwrap();
}

fn attribute<T: H5Type>(file: &File, name: &str, attribute: &str, value: T) {
    let dataset = file.dataset(&format!("gt1l/heights/{name}")).unwrap();
    dataset
        .new_attr::<T>()
        .create(attribute)
        .unwrap()
        .write_scalar(&value)
        .unwrap();
}

/// A granule with datasets of many types, with fill values and NaN, and another ground track without anything odd.
fn odd_granule(site: &Site, name: &str) -> PathBuf {
    let path = site.path(name);
    let file = File::create(&path).unwrap();
    let (lat, lon) = positions();
    let n = PHOTONS;
    dataset(&file, "lat_ph", n, &lat, &[500]);
    dataset(&file, "lon_ph", n, &lon, &[700]);
    let heights: Vec<f32> = (0..n)
        .map(|i| match i % 97 {
            0 => f32::MAX,
            1 => f32::NAN,
            // No whole numbers of units.
            2 => 1e-7,
            3 => -0.0,
            _ => (i as f32 * 0.37).sin() * 40.0,
        })
        .collect();
    dataset(&file, "h_ph", n, &heights, &[1000]);
    attribute(&file, "h_ph", "_FillValue", f32::MAX);
    let scores: Vec<f32> = (0..n)
        .map(|i| {
            if i % 50 == 7 {
                f32::NAN
            } else {
                (i % 101) as f32 / 100.0
            }
        })
        .collect();
    dataset(&file, "score", n, &scores, &[500]);
    let times: Vec<f64> = (0..n).map(|i| 6.0e7 + i as f64 * 1e-4).collect();
    dataset(&file, "delta_time", n, &times, &[500]);
    let confidence: Vec<i8> = (0..5 * n).map(|i| (i * 31 % 7) as i8 - 2).collect();
    dataset(&file, "signal_conf_ph", (n, 5), &confidence, &[500, 5]);
    let weights: Vec<u8> = (0..n).map(|i| (i * 37 % 256) as u8).collect();
    dataset(&file, "weight_ph", n, &weights, &[500]);
    attribute(&file, "weight_ph", "_FillValue", 255_u8);
    let counts: Vec<i32> = (0..n).map(|i| (i as i32 - 2000) * 1_000_003).collect();
    dataset(&file, "pulse", n, &counts, &[500]);
    Heights::along(-44.0, 4400).write(&file, "gt3r");
    for (name, of) in [
        ("score", 0),
        ("weight_ph", 1),
        ("pulse", 2),
        ("delta_time", 3),
    ] {
        let path = format!("gt3r/heights/{name}");
        let builder = file.new_dataset::<i16>().shape(4400).chunk(500).deflate(3);
        match of {
            0 | 3 => {
                let values = vec![0.5_f32; 4400];
                let made = file.new_dataset::<f32>().shape(4400).chunk(500).deflate(3);
                if of == 0 {
                    made.create(path.as_str())
                        .unwrap()
                        .write_raw(&values)
                        .unwrap();
                } else {
                    let values = vec![6.0e7_f64; 4400];
                    let made = file.new_dataset::<f64>().shape(4400).chunk(500).deflate(3);
                    made.create(path.as_str())
                        .unwrap()
                        .write_raw(&values)
                        .unwrap();
                }
            }
            _ => builder
                .create(path.as_str())
                .unwrap()
                .write_raw(&[100_i16; 4400])
                .unwrap(),
        }
    }
    file.close().unwrap();
    path
}

const FILTER: &str =
    "    - {dataset: \"/{group}/heights/signal_conf_ph\", column: 0, op: ne, value: -2}\n";
const MEDIAN: &str = "    h_median: {function: median, source: h_ph, dtype: float32}\n";

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
    assert_eq!(
        (
            ran.of("stretches"),
            &ran.stretches["left"],
            &ran.stretches["failed"]
        ),
        (2, &serde_json::json!({}), &serde_json::json!({}))
    );
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
    assert!(ran.report["remainders"]["h_ph"].as_u64() > Some(50));
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
        let ran = both(&site, &config, &[&granule], (&[], ""));
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

/// What a device cannot hold is read on the host, and it is said why.
#[test]
fn what_stays_on_the_host_is_said_by_name() {
    let site = Site::new();
    let granule = odd_granule(&site, "a.h5");
    let histogram =
        "    hist: {function: histogram, source: h_ph, params: {edges: [-40, 0, 40]}}\n";
    let expression = "    noise: {expression: \"mean(abs(h_ph))\", dtype: float32}\n";
    let with = |more: &str| site.atl03_with(MEDIAN, &format!("{MEDIAN}{more}"));
    let why = |config: &Path, why: &str| {
        let ran = both(&site, config, &[&granule], (&[], ""));
        let (photons, host) = ran.shares();
        let read = ran.report["photons"]["read"].as_u64().unwrap();
        assert!(
            photons == 0 && host.len() == 1 && host[0].1 == read,
            "{host:?}"
        );
        assert!(host[0].0.contains(why), "{host:?}");
    };
    why(&with(expression), "is computed on the host");
    why(&with(histogram), "h_ph: histograms");
    let condition = site.atl03_with(FILTER, "    - {expression: \"h_ph > 3\"}\n");
    why(&condition, "conditions over columns");
}

/// Attributes that change what values mean, types that are others, and layouts without chunks.
#[test]
fn ground_tracks_that_a_device_does_not_take_are_read_on_the_host() {
    let site = Site::new();
    let atl03 = Path::new("atl03");
    type Spoil = fn(&File);
    let cases: [(&str, Spoil); 5] = [
        ("values are packed", |file| {
            attribute(file, "h_ph", "scale_factor", 0.5_f64);
        }),
        (
            "positions have a valid range, or a position means null",
            |file| {
                attribute(file, "lat_ph", "valid_max", 70.2_f64);
            },
        ),
        (
            "positions have a valid range, or a position means null",
            |file| {
                attribute(file, "lon_ph", "_FillValue", -45.0_f64);
            },
        ),
        ("positions are not float64", |file| {
            let group = file.group("gt1l/heights").unwrap();
            group.unlink("lat_ph").unwrap();
            let lat: Vec<f32> = positions().0.into_iter().map(|x| x as f32).collect();
            dataset(file, "lat_ph", PHOTONS, &lat, &[500]);
        }),
        ("libhdf5 reads a dataset", |file| {
            let group = file.group("gt1l/heights").unwrap();
            group.unlink("h_ph").unwrap();
            let builder = group.new_dataset::<f32>().shape(PHOTONS).chunk(500);
            let made = builder.scale_offset(hdf5::filters::ScaleOffset::FloatDScale(1));
            let made = made.create("h_ph").unwrap();
            made.write_raw(&vec![1.5_f32; PHOTONS]).unwrap();
        }),
    ];
    for (why, spoil) in cases {
        let granule = odd_granule(&site, "a.h5");
        let file = File::open_rw(&granule).unwrap();
        spoil(&file);
        file.close().unwrap();
        let ran = both(&site, atl03, &[&granule], (&[], ""));
        let expected = vec![(why.to_owned(), PHOTONS as u64)];
        assert_eq!(ran.shares(), (4400, expected));
    }
}

/// Values of which a run has to tell: the device finds that there are some, and the host reads the stretch.
#[test]
fn what_has_to_be_told_of_is_told_as_on_the_host() {
    let site = Site::new();
    let granule = odd_granule(&site, "a.h5");
    let file = File::open_rw(&granule).unwrap();
    attribute(&file, "h_ph", "valid_min", -39.0_f32);
    let group = file.group("gt3r/heights").unwrap();
    group.unlink("h_ph").unwrap();
    let mut heights = vec![2.5_f32; 4400];
    heights[4000] = f32::MAX;
    let made = group.new_dataset::<f32>().shape(4400).chunk(500).deflate(6);
    made.create("h_ph").unwrap().write_raw(&heights).unwrap();
    drop(group);
    file.close().unwrap();
    // Two stretches of the second ground track, of which one has a value that looks like a fill value; beyond the range
    // of heights it is, too.
    let config = site.atl03_with(
        FILTER,
        &format!("{FILTER}    - {{dataset: \"/{{group}}/heights/h_ph\", op: lt, value: 1e30}}\n"),
    );
    let ran = both(&site, &config, &[&granule], (&[], ""));
    assert_eq!(
        ran.shares(),
        (0, vec![("values are to be told of".to_owned(), 9600)])
    );
    let warnings = ran.report["granules"]["done"][0]["warnings"]
        .as_array()
        .unwrap();
    assert!(warnings.len() >= 2, "{warnings:?}");
}

/// Rows out of the range of their column: the same error, and the same rows where they are left out.
#[test]
fn values_out_of_range_are_named_as_on_the_host() {
    let site = Site::new();
    let mut heights = Heights::along(-45.0, 5000);
    heights.h[4321] = 1e9;
    let granule = site.granule(
        "a.h5",
        &[("gt1l", Heights::along(-44.0, 4500)), ("gt3r", heights)],
    );
    fails_alike(&site, &granule);
    let ran = both(
        &site,
        Path::new("atl03"),
        &[&granule],
        (&["--tolerant"], ""),
    );
    let why = "values are out of the range of their column".to_owned();
    assert_eq!(ran.shares(), (4500, vec![(why, 5000)]));
    assert_eq!(ran.report["rejected_rows"]["count"], 1);
}

/// That both stop with the same words, which are given back.
#[track_caller]
fn fails_alike(site: &Site, granule: &Path) -> String {
    let said = ["cpu", "cuda"].map(|device| {
        let mut run = site.run_to("none.zarr", "atl03", &[granule]);
        with_stand_in(run.args(["--device", device]), "");
        let output = run.output().unwrap();
        (output.status.code(), stderr(&output))
    });
    assert_eq!(said[0], said[1]);
    assert_ne!(said[0].0, Some(0));
    said[1].1.clone()
}

/// A chunk that is damaged ends a run in the same words; a tolerant run leaves the granule out, and no photon of it counts.
#[test]
fn a_damaged_chunk_has_the_words_of_the_host() {
    let site = Site::new();
    let damaged = site.damaged("b.h5");
    let good = site.granule("a.h5", &[("gt1l", Heights::along(-45.0, 5000))]);
    let last = site.granule("c.h5", &[("gt2l", Heights::along(-46.0, 4500))]);
    // Too few photons for a stretch otherwise.
    let long = site.granule(
        "d.h5",
        &[
            ("gt1l", Heights::along(-45.5, 9000)),
            ("gt1r", Heights::along(-45.2, 4200)),
        ],
    );
    spoil_chunk(&long, "gt1l/heights/h_ph", 7);
    let said = fails_alike(&site, &long);
    assert!(
        said.contains("h_ph") && said.contains("rows 3500 to 3999"),
        "{said}"
    );
    let granules = [&*good, &damaged, &long, &last];
    let ran = both(&site, Path::new("atl03"), &granules, (&["--tolerant"], ""));
    assert_eq!(ran.shares(), (9500, Vec::new()));
}

/// Overwrites the bytes of a chunk of a dataset.
fn spoil_chunk(granule: &Path, path: &str, chunk: usize) {
    use std::io::{Seek, SeekFrom, Write};
    let file = File::open(granule).unwrap();
    let address = file.dataset(path).unwrap().chunk_info(chunk).unwrap().addr;
    file.close().unwrap();
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .open(granule)
        .unwrap();
    file.seek(SeekFrom::Start(address)).unwrap();
    file.write_all(&[0xff; 64]).unwrap();
}

/// Bytes of chunks changed at random: the run ends as on the CPU, in the same words or with the same store.
#[test]
fn chunks_damaged_at_random_end_as_on_the_host() {
    let site = Site::new();
    let good = site.granule("a.h5", &[("gt1l", Heights::along(-45.0, 4200))]);
    let bytes = std::fs::read(&good).unwrap();
    let file = File::open(&good).unwrap();
    let places: Vec<(u64, u64)> = ["lat_ph", "lon_ph", "h_ph"]
        .iter()
        .flat_map(|name| {
            let dataset = file.dataset(&format!("gt1l/heights/{name}")).unwrap();
            let chunks = dataset.num_chunks().unwrap();
            let infos = (0..chunks).map(|i| dataset.chunk_info(i).unwrap());
            infos.map(|info| (info.addr, info.size)).collect::<Vec<_>>()
        })
        .collect();
    file.close().unwrap();
    let mut random = Random::new(11);
    let mut ended = [0, 0];
    for _ in 0..12 {
        let mut spoiled = bytes.clone();
        let (address, size) = random.of(&places);
        let at = address + random.below(size as usize) as u64;
        spoiled[at as usize] ^= 1 << random.below(8);
        std::fs::write(&good, &spoiled).unwrap();
        let mut run = site.run_to("try.zarr", "atl03", &[&good]);
        let whole = run.output().unwrap().status.success();
        let _ = std::fs::remove_dir_all(site.out("try.zarr"));
        let _ = std::fs::remove_file(site.out("try.run.json"));
        ended[usize::from(whole)] += 1;
        if whole {
            both(&site, Path::new("atl03"), &[&good], (&[], ""));
        } else {
            fails_alike(&site, &good);
        }
    }
    assert!(ended[0] > 0, "{ended:?}");
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

/// Whoever inflates, however rows come back, and in whatever order streams run.
#[test]
fn no_way_of_the_device_changes_a_bit() {
    let site = Site::new();
    let granule = odd_granule(&site, "a.h5");
    let config = site.atl03_with(MEDIAN, "");
    succeed(&mut site.run_to("cpu.zarr", &config, &[&granule]));
    let ways = [
        ("ICEFOLD_CUDA_INFLATE", "lanes", "seed=1"),
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
            assert_eq!(stretches["host"][why], PHOTONS as u64 + 4400);
        } else {
            assert_eq!(stretches["photons"], PHOTONS as u64 + 4400, "{stretches}");
        }
    }
}
