//! Cells and overviews with more values than memory holds: the same store, within the memory that was asked for.

use std::path::{Path, PathBuf};
use std::process::Command;

use hdf5::File;

use super::{Site, json};
use crate::support::succeed;

const ROWS: usize = 900_000;
const GRANULES: usize = 4;
/// Of the values alone, of three columns.
const VALUES: u64 = (3 * 8 * ROWS * GRANULES) as u64;
const MEMORY: u64 = 96 << 20;

/// A config with quantiles of three columns.
fn config(site: &Site) -> PathBuf {
    let path = site.path("quantiles.yaml");
    let text = r#"data_source:
  groups: [gt1l]
  coordinates: {latitude: "/{group}/heights/lat_ph", longitude: "/{group}/heights/lon_ph"}
  variables: {h: "/{group}/heights/h_ph", x: "/{group}/heights/lon_ph", y: "/{group}/heights/lat_ph"}
aggregation:
  variables:
    n: {function: count, source: h}
    q10: {function: quantile, source: h, params: {q: 0.1}, dtype: float64}
    median: {function: median, source: h, dtype: float64}
    q90: {function: quantile, source: h, params: {q: 0.9}, dtype: float64}
    x_median: {function: median, source: x, dtype: float64}
    y_median: {function: median, source: y, dtype: float64}
output:
  grid: {type: healpix, parent_order: 6, child_order: 12}
"#;
    std::fs::write(&path, text).unwrap();
    path
}

/// Granules whose photons move on by a ten-thousandth degree after so many each.
fn granules(site: &Site, each: usize) -> Vec<PathBuf> {
    let paths: Vec<PathBuf> = (0..GRANULES)
        .map(|i| site.path(&format!("{i}.h5")))
        .collect();
    for (granule, path) in paths.iter().enumerate() {
        let file = File::create(path).unwrap();
        let write = |name: &str, values: &[f64]| {
            let dataset = file
                .new_dataset::<f64>()
                .shape(ROWS)
                .chunk(10_000)
                .deflate(1);
            let dataset = dataset.create(format!("gt1l/heights/{name}").as_str());
            dataset.unwrap().write_raw(values).unwrap();
        };
        let step = |i: usize| (i / each) as f64 * 1e-4;
        write(
            "lat_ph",
            &(0..ROWS).map(|i| 70.0 + step(i)).collect::<Vec<_>>(),
        );
        write("lon_ph", &vec![-45.0; ROWS]);
        // Every value once, in no order.
        let all = ROWS * GRANULES;
        let value = |i: usize| ((i * GRANULES + granule) * 7_368_787 % all) as f64 * 0.25;
        write("h_ph", &(0..ROWS).map(value).collect::<Vec<_>>());
        file.close().unwrap();
    }
    paths
}

/// What a run says of itself: its peak of memory, the hash of its store, bytes on disk.
fn facts(command: &mut Command, memory: &str) -> (u64, String, u64) {
    let (report, _) = json(command.args(["--memory", memory, "--json"]), 0);
    assert_eq!(report["photons"]["kept"], ROWS * GRANULES);
    (
        report["peak_resident_bytes"].as_u64().unwrap(),
        // Null where only pieces are written.
        report["content_sha256"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        report["memory"]["spilled_bytes"].as_u64().unwrap(),
    )
}

fn paths(granules: &[PathBuf]) -> Vec<&Path> {
    granules.iter().map(AsRef::as_ref).collect()
}

#[test]
#[cfg(target_os = "linux")]
fn a_cell_with_more_values_than_memory_is_selected_on_disk() {
    let site = Site::new();
    let config = config(&site);
    let granules = granules(&site, usize::MAX);
    let mut run = site.run_to("a.zarr", &config, &paths(&granules));
    let (all, whole, spilled) = facts(&mut run, "2GiB");
    assert_eq!(spilled, 0);
    let mut run = site.run_to("b.zarr", &config, &paths(&granules));
    let (peak, same, spilled) = facts(&mut run, "96MiB");
    assert_eq!(same, whole);
    assert!(all > VALUES && peak < MEMORY, "{all} and {peak}");
    assert!(spilled > VALUES, "{spilled}");
    assert_eq!(
        site.written(),
        ["a.run.json", "a.zarr", "b.run.json", "b.zarr"]
    );
}

#[test]
#[cfg(target_os = "linux")]
fn overviews_with_quantiles_keep_to_the_memory_at_every_order() {
    let site = Site::new();
    let config = config(&site);
    // Many cells in a few shards.
    let granules = granules(&site, 100);
    let overviews = ["--overviews", "0..11"];
    let mut run = site.run_to("a.zarr", &config, &paths(&granules));
    let (all, whole, _) = facts(run.args(overviews), "2GiB");
    let mut run = site.run_to("b.zarr", &config, &paths(&granules));
    let (peak, same, spilled) = facts(run.args(overviews), "96MiB");
    assert_eq!(same, whole);
    assert!(all > VALUES && peak < MEMORY, "{all} and {peak}");
    assert!(spilled > 0);

    // As pieces, which the store is made of by another process.
    succeed(&mut site.plan(&config, &paths(&granules)));
    let mut part = site.run_map("c.zarr", &config);
    part.args(overviews).args(["--shards", "0.."]);
    let (peak, _, spilled) = facts(&mut part, "96MiB");
    assert!(peak < MEMORY && spilled > 0, "{peak} and {spilled}");
    let mut finalize = site.finalize("c.zarr");
    let (store, _) = json(finalize.args(["--memory", "96MiB", "--json"]), 0);
    assert_eq!(store["content_sha256"], whole);
    let peak = store["peak_resident_bytes"].as_u64().unwrap();
    assert!(peak < MEMORY, "{peak}");
    let left = site.written();
    assert!(left.iter().all(|name| !name.starts_with('.')), "{left:?}");
}
