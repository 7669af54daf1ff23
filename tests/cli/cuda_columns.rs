//! `--device cuda` with columns that are decoded into page-locked memory: the device reads them there, its report says
//! how many, and the store is the CPU's however they got to the device.

use serde_json::Value;

use super::cuda::{STRETCHES, granule, log};
use super::{Site, assert_same, json};
use crate::kernels::stand_in::with_stand_in;
use crate::support::succeed;

/// A run of one granule on CUDA: its report, and what the stand-in did on each device.
struct Ran {
    report: Value,
    said: String,
    devices: Vec<Value>,
}

impl Ran {
    /// Runs, and compares the store with the CPU's, which has to be there.
    fn new(site: &Site, name: &str, settings: &str, columns: &str) -> Self {
        let (store, written) = (format!("{name}.zarr"), site.path(name));
        let mut run = site.run_to(&store, "atl03", &[&site.path("a.h5")]);
        run.args(["--device", "cuda:all", "--json"]);
        run.env("ICEFOLD_CUDA_COLUMNS", columns)
            .env(STRETCHES, "host");
        let settings = format!("{settings},log={}", written.display());
        let settings = settings.trim_start_matches(',');
        let (report, said) = json(with_stand_in(&mut run, settings), 0);
        assert_same(&site.out("cpu.zarr"), &site.out(&store));
        let devices = log(&written);
        for device in &devices {
            assert_eq!(
                (&device["left_bytes"], &device["left_pinned_bytes"]),
                (&0.into(), &0.into())
            );
        }
        Self {
            report,
            said,
            devices,
        }
    }

    /// Summed over devices.
    fn did(&self, what: &str) -> u64 {
        self.devices
            .iter()
            .map(|device| device[what].as_u64().unwrap())
            .sum()
    }

    fn in_place(&self) -> &Value {
        &self.report["stages"]["upload"]["in_place_bytes"]
    }
}

fn site() -> Site {
    let site = Site::new();
    let granule = granule(&site);
    succeed(&mut site.run_to("cpu.zarr", "atl03", &[&granule]));
    site
}

#[test]
fn columns_are_uploaded_from_where_they_were_decoded() {
    let site = site();
    let pinned = Ran::new(&site, "pinned", "", "");
    // Longitudes, latitudes and heights of the batch of 20,000; the columns of the other two are too small.
    assert_eq!(pinned.in_place(), 20_000 * 20);
    assert_eq!(pinned.did("portable_upload_bytes"), 20_000 * 20);
    assert_eq!(
        pinned.did("upload_bytes"),
        pinned.report["stages"]["upload"]["bytes"].as_u64().unwrap()
    );
    // All of the page-locked memory is in the report, and no more than the batches at a time.
    let locked = pinned.report["memory"]["locked_bytes"].as_u64().unwrap();
    assert_eq!(locked, pinned.did("portable_peak"));
    assert!((20_000 * 20..4 * 20_000 * 20).contains(&locked), "{locked}");

    let staged = Ran::new(&site, "staged", "", "staged");
    assert_eq!(
        (staged.in_place(), &staged.report["memory"]["locked_bytes"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(
        (
            staged.did("portable_upload_bytes"),
            staged.did("portable_peak")
        ),
        (0, 0)
    );
    assert_eq!(staged.did("upload_bytes"), pinned.did("upload_bytes"));
}

#[test]
fn no_order_of_streams_changes_what_columns_hold() {
    let site = site();
    for seed in 1..=5 {
        let ran = Ran::new(&site, "any", &format!("seed={seed}"), "pinned");
        assert_eq!(ran.in_place(), 20_000 * 20, "{seed}");
        std::fs::remove_dir_all(site.out("any.zarr")).unwrap();
        std::fs::remove_file(site.out("any.run.json")).unwrap();
    }
}

/// Any device may read what was locked through the first.
#[test]
fn several_devices_read_the_same_memory() {
    let site = site();
    let ran = Ran::new(&site, "both", "devices=2", "pinned");
    assert_eq!(ran.devices.len(), 2);
    assert_eq!(ran.in_place(), 20_000 * 20);
    assert_eq!(ran.did("portable_upload_bytes"), 20_000 * 20);
}

/// The system gives no page-locked memory for columns: they are copied, and the report says why.
#[test]
fn columns_that_cannot_be_locked_are_copied() {
    let site = site();
    let ran = Ran::new(&site, "refused", "pinning_fails=1", "");
    assert_eq!(
        (ran.in_place(), &ran.report["memory"]["locked_bytes"]),
        (&0.into(), &0.into())
    );
    assert_eq!(ran.did("portable_upload_bytes"), 0);
    let says = "bytes of the host's memory: out of memory";
    assert!(
        ran.said.contains(says) && ran.said.contains("copied once more"),
        "{}",
        ran.said
    );
}
