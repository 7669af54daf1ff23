//! `--device cuda` where the device does not fold all by itself: what stays on the host and why, and granules that are
//! damaged, odd, or beyond what columns hold. As on the CPU, in the same words.

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use hdf5::File;

use super::Site;
use super::cuda_stretches::{FILTER, MEDIAN, both};
use super::granules::Heights;
use crate::kernels::stand_in::with_stand_in;
use crate::support::deflate::Random;
use crate::support::odd::{
    ALL, PHOTONS, PLAIN, attribute, dataset, odd_granule, positions, reopened,
};
use crate::support::timed::DAY;
use crate::support::{stderr, tables};

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

/// Makes a granule that a device does not take.
type Spoil = fn(&File);

/// Attributes that change what values mean, types that are others, and layouts without chunks.
#[test]
fn ground_tracks_that_a_device_does_not_take_are_read_on_the_host() {
    let site = Site::new();
    let atl03 = Path::new("atl03");
    let cases: [(&str, Spoil); 5] = [
        ("values are packed", |file| {
            attribute(file, "signal_conf_ph", "scale_factor", &0.5_f64);
        }),
        // Found where the values are.
        ("values are to be told of", |file| {
            attribute(file, "lat_ph", "valid_max", &70.2_f64);
        }),
        ("a position means null", |file| {
            attribute(file, "lon_ph", "_FillValue", &-45.0_f64);
        }),
        ("positions are not float64", |file| {
            let group = file.group("gt1l/heights").unwrap();
            group.unlink("lat_ph").unwrap();
            let lat: Vec<f32> = positions().0.into_iter().map(|x| x as f32).collect();
            dataset(file, "gt1l/heights/lat_ph", PHOTONS, &lat, &[500]);
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
        let file = reopened(&granule);
        spoil(&file);
        file.close().unwrap();
        let ran = both(&site, atl03, &[&granule], (&[], ""));
        let expected = vec![(why.to_owned(), PHOTONS as u64)];
        assert_eq!(ran.shares(), (PLAIN as u64, expected));
    }
}

/// Values of which a run has to tell: the device finds that there are some, and the host reads the stretch.
#[test]
fn what_has_to_be_told_of_is_told_as_on_the_host() {
    let site = Site::new();
    let granule = odd_granule(&site, "a.h5");
    let file = reopened(&granule);
    attribute(&file, "h_ph", "valid_min", &-39.0_f32);
    let group = file.group("gt3r/heights").unwrap();
    group.unlink("h_ph").unwrap();
    let mut heights = vec![2.5_f32; PLAIN];
    heights[4000] = f32::MAX;
    drop(group);
    dataset(&file, "gt3r/heights/h_ph", PLAIN, &heights, &[500]);
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
        (0, vec![("values are to be told of".to_owned(), ALL)])
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
    let file = reopened(granule);
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
    let file = reopened(&good);
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

/// Photons of one step of time stay on the device; where each has to be looked at, the host does.
#[test]
fn a_granule_of_one_step_of_time_is_folded_on_the_device() {
    let site = Site::new();
    let stepped = site.stepped("steps.yaml", "time: {every: month}");
    let text = std::fs::read_to_string(&stepped).unwrap();
    let lines = text.lines().filter(|line| !line.contains("histogram"));
    std::fs::write(&stepped, lines.collect::<Vec<_>>().join("\n") + "\n").unwrap();
    let granule = site.timed("a.h5", -45.0, |i| 400.0 * DAY + i as f64 * 0.01);
    let parted = both(&site, &stepped, &[&granule], (&[], ""));
    parted.all_on_host("photons are parted by their times");
    let file = reopened(&granule);
    for (name, time) in [("start", 400.0), ("end", 400.1)] {
        let path = format!("ancillary_data/{name}_delta_time");
        dataset(&file, &path, 1, &[time * DAY], &[1]);
    }
    file.close().unwrap();
    let ran = both(&site, &stepped, &[&granule], (&[], ""));
    ran.all_on_device();
    assert_eq!(ran.report["steps"].as_array().unwrap().len(), 1);
}

/// Photons that the host reads are counted once, under one reason.
#[test]
fn tables_are_read_on_the_host_and_counted_once() {
    let site = Site::new();
    let table = site.path("a.parquet");
    tables::write(&table, &tables::points(), tables::Format::Parquet(400));
    let config = tables::config(&site);
    let ran = both(&site, &config, &[&table], (&[], ""));
    let (photons, host) = ran.shares();
    assert!(photons == 0 && host.len() == 1, "{host:?}");
    assert!(
        host[0].0.contains("h: histograms") && host[0].1 == 1500,
        "{host:?}"
    );
    let text = tables::table_yaml();
    let plain = text
        .lines()
        .filter(|line| !line.contains("histogram") && !line.contains("expression"));
    std::fs::write(&config, plain.collect::<Vec<_>>().join("\n") + "\n").unwrap();
    let ran = both(&site, &config, &[&table], (&[], ""));
    ran.all_on_host("tables are read as batches");
}
