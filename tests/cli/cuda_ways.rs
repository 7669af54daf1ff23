//! `--device cuda` in each of its ways, which variables of the environment choose, and with the modules that a driver
//! takes: other calls of the driver, the same bits.

use std::path::PathBuf;

use icefold::backend::cuda::PTX;

use super::cuda::{STRETCHES, granule, log, verify};
use super::{Site, assert_same, json, refuse};
use crate::kernels::stand_in::with_stand_in;
use crate::support::{icefold, succeed};

/// Devices between those that there is code for have their driver compile the PTX.
#[test]
fn machine_code_is_taken_where_there_is_some_for_the_device() {
    let site = Site::new();
    let granule = granule(&site);
    let modules = PTX.len() as u64;
    let cases = [
        (75, "", 0),
        (80, "", modules),
        (86, "", modules),
        (90, "", modules),
    ];
    let more = [(90, "1", 0), (100, "", modules), (120, "", 0)];
    for (capability, ptx, taken) in cases.into_iter().chain(more) {
        let written = site.path(&format!("log{capability}{ptx}"));
        let settings = format!("capability={capability},log={}", written.display());
        let mut verify = verify(&granule, "cpu,cuda", &settings);
        let (found, _) = json(verify.env("ICEFOLD_CUDA_PTX", ptx), 0);
        assert_eq!(found["identical"], true, "{capability}");
        assert_eq!(log(&written)[0]["machine_code"], taken, "{capability}");
    }
}

/// Rows of runs come back without a copy, or by copies; launches one by one, or as graphs: the same store.
#[test]
fn results_and_launches_are_chosen_by_the_environment() {
    let site = Site::new();
    let granule = granule(&site);
    let median = "    h_median: {function: median, source: h_ph, dtype: float32}\n";
    let config = site.atl03_with(median, "");
    succeed(&mut site.run_to("cpu.zarr", &config, &[&granule]));
    let run = |name: &str, variables: &[(&str, &str)]| {
        let (store, written) = (format!("{name}.zarr"), site.path(name));
        let mut run = site.run_to(&store, &config, &[&granule]);
        run.args(["--device", "cuda", "--json"]);
        run.env("ICEFOLD_CUDA_FOLD", "runs").env(STRETCHES, "host");
        run.envs(variables.iter().copied());
        let settings = format!("log={}", written.display());
        let (report, _) = json(with_stand_in(&mut run, &settings), 0);
        assert_same(&site.out("cpu.zarr"), &site.out(&store));
        let standing = report["stages"]["batches"]["standing"].as_u64().unwrap();
        let done = log(&written).remove(0);
        let of = |name: &str| done[name].as_u64().unwrap();
        (standing, of("launches"), of("downloads"), of("graphs"))
    };
    let mapped = run("mapped", &[]);
    let copied = run("copied", &[("ICEFOLD_CUDA_RESULTS", "copied")]);
    let graph = run("graph", &[("ICEFOLD_CUDA_LAUNCH", "graph")]);
    // The batch in no order has no room as runs, and its rows are copied.
    assert!(mapped.0 > 0 && mapped.0 == copied.0 && mapped.0 == graph.0);
    // Counts, cells and the rows of one pass.
    assert!(copied.2 >= mapped.2 + 3 * mapped.0, "{mapped:?} {copied:?}");
    // One kernel more writes them.
    assert!(mapped.1 > copied.1);
    assert_eq!((graph.1, graph.2), (mapped.1, mapped.2));
    assert!(mapped.3 == 0 && graph.3 >= mapped.0, "{graph:?}");
}

/// Threads that bring stored bytes each for itself, or together, of memory that a device reads, or of none: chunks are taken by
/// whoever comes first, and streams run in any order.
#[test]
fn whoever_brings_which_chunks_the_bits_are_the_same() {
    let site = Site::new();
    let granule = granule(&site);
    succeed(&mut site.run_to("cpu.zarr", "atl03", &[&granule]));
    let mut peaks = Vec::new();
    for (threads, bring, columns) in [
        ("1", "alone", ""),
        ("2", "alone", ""),
        ("3", "alone", ""),
        ("8", "alone", ""),
        ("8", "together", ""),
        ("8", "alone", "staged"),
    ] {
        for seed in 1..4 {
            let written = site.path(&format!("log{threads}{bring}{columns}{seed}"));
            let mut run = icefold();
            run.args(["run", "atl03"]).arg(&granule).arg("--store");
            run.arg(site.out("cuda.zarr"))
                .args(["--overwrite", "--json"]);
            run.args(["--device", "cuda", "--threads", threads]);
            run.env("ICEFOLD_CUDA_BRING", bring);
            run.env("ICEFOLD_CUDA_COLUMNS", columns);
            let settings = format!("seed={seed},log={}", written.display());
            let (report, _) = json(with_stand_in(&mut run, &settings), 0);
            assert_same(&site.out("cpu.zarr"), &site.out("cuda.zarr"));
            let stretches = &report["device"]["stretches"];
            assert_eq!(
                stretches["photons"], report["photons"]["read"],
                "{stretches}"
            );
            let done = log(&written).remove(0);
            let of = |name: &str| done[name].as_u64().unwrap();
            assert_eq!((of("left_bytes"), of("left_pinned_bytes")), (0, 0));
            peaks.push(of("portable_peak"));
        }
    }
    // Page-locked memory is that of the threads that read, and none where columns are copied.
    assert!(
        peaks[..12].iter().all(|peak| (1..=64 << 20).contains(peak)),
        "{peaks:?}"
    );
    assert_eq!(peaks[15..], [0; 3]);
}

/// A driver that refuses machine code compiles the PTX, and says so where a device is measured.
#[test]
fn machine_code_that_is_refused_is_named() {
    let site = Site::new();
    for (settings, taken, refused) in [
        ("capability=90", PTX.len(), 0),
        ("capability=90,code=209", 0, PTX.len()),
        ("capability=75", 0, 0),
    ] {
        let lines = site.path("lines.jsonl");
        let mut devices = icefold();
        devices
            .args(["bench-device", "devices", "--json-lines"])
            .arg(&lines);
        // Of an emulation nothing is measured, which its exit code says.
        let output = with_stand_in(&mut devices, settings).output().unwrap();
        assert_eq!(output.status.code(), Some(6));
        let opened = log(&lines).pop().unwrap();
        assert_eq!(opened["fact"], "opened");
        let modules = &opened["value"]["modules"][0];
        assert_eq!(modules["machine_code"].as_array().unwrap().len(), taken);
        let all = modules["refused"].as_array().unwrap();
        assert_eq!(all.len(), refused, "{settings}");
        for (one, (stem, _)) in all.iter().zip(PTX) {
            assert_eq!(one["module"], stem);
            let said = one["said"].as_str().unwrap();
            assert!(said.contains("CUDA_ERROR_NO_BINARY_FOR_GPU"), "{said}");
        }
    }
}

/// Both ways to fold, and to sort, from the command line: they launch other kernels, and give the same bits.
#[test]
fn ways_to_fold_and_sort_are_chosen_by_the_environment() {
    let site = Site::new();
    let granule = granule(&site);
    let median = "    h_median: {function: median, source: h_ph, dtype: float32}\n";
    // Order statistics are folded by the stages alone.
    let unordered = site.atl03_with(median, "");
    let ordered = PathBuf::from("atl03");
    succeed(&mut site.run_to("unordered.zarr", &unordered, &[&granule]));
    succeed(&mut site.run_to("ordered.zarr", &ordered, &[&granule]));
    for (config, expected, variable, values) in [
        (
            &unordered,
            "unordered.zarr",
            "ICEFOLD_CUDA_FOLD",
            ["runs", "stages"],
        ),
        (
            &ordered,
            "ordered.zarr",
            "ICEFOLD_CUDA_SORT",
            ["look-back", "scan"],
        ),
    ] {
        let launches = values.map(|value| {
            let (name, written) = (format!("{value}.zarr"), site.path(value));
            let mut run = site.run_to(&name, config, &[&granule]);
            run.args(["--device", "cuda"]).env(variable, value);
            run.env(STRETCHES, "host");
            succeed(with_stand_in(
                &mut run,
                &format!("log={}", written.display()),
            ));
            assert_same(&site.out(expected), &site.out(&name));
            log(&written)[0]["launches"].as_u64().unwrap()
        });
        assert!(launches[0] < launches[1], "{variable}: {launches:?}");
    }
    for (variable, remedy) in [
        ("ICEFOLD_CUDA_FOLD", "set it to runs or stages"),
        ("ICEFOLD_CUDA_SORT", "set it to look-back or scan"),
        ("ICEFOLD_CUDA_RESULTS", "set it to mapped or copied"),
        ("ICEFOLD_CUDA_LAUNCH", "set it to single or graph"),
        ("ICEFOLD_CUDA_COLUMNS", "set it to pinned or staged"),
        ("ICEFOLD_CUDA_BRING", "set it to alone or together"),
    ] {
        let mut run = site.run("atl03", &[&granule]);
        run.args(["--device", "cuda"]).env(variable, "quickly");
        let says = [variable, "\"quickly\"", remedy];
        refuse(with_stand_in(&mut run, ""), 5, &says);
    }
}
