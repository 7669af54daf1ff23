//! Pages in a browser: what they say is what xarray reads, and what they draw is where it is and in its colour.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use icefold::demo::{Recipe, write_granules_with};

use crate::support::{Site, icefold, python, stdout, succeed};

const CHECK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/acceptance/view_page.py");
const OTHERS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/acceptance/view_others.py"
);
/// What runs where text becomes HTML.
const HOSTILE: &str = "</script><img src=x onerror='window.hacked = 1'>";

/// The store of some granules of the demo, with overviews.
fn store(site: &Site) -> std::path::PathBuf {
    let recipe = Recipe {
        granules: 2,
        segments_per_track: 400,
        seed: 1,
    };
    write_granules_with(&site.path("granules"), &recipe).unwrap();
    let store = site.out("a.zarr");
    let mut run = icefold();
    run.args(["run", "atl03"]).arg(site.path("granules"));
    succeed(run.args(["--overviews", "9,6", "--store"]).arg(&store));
    store
}

/// Puts text that would run into the units of every array.
fn spoil(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            spoil(&path);
        } else if path.file_name().is_some_and(|name| name == "zarr.json") {
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::write(&path, text.replace("\"meters\"", &format!("\"{HOSTILE}\""))).unwrap();
        }
    }
}

fn check(store: &Path, address: &str, more: &[&str]) {
    let mut check = python();
    check.arg(CHECK).arg(store).arg(address).args(more);
    let said = stdout(&succeed(&mut check));
    assert!(said.contains("as xarray reads them"), "{said}");
}

#[test]
#[cfg_attr(
    not(all(icefold_test_python, icefold_test_browser)),
    ignore = "no Python environment, or no browser"
)]
fn a_page_says_what_xarray_reads_and_runs_nothing_that_a_store_says() {
    let site = Site::new();
    let store = store(&site);
    spoil(&store);
    let page = site.out("page.html");
    let mut view = icefold();
    view.arg("view")
        .arg(&store)
        .args(["--title", HOSTILE, "-o"]);
    succeed(view.arg(&page));
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(!html.contains(HOSTILE) && !html.contains("<img"));
    check(&store, page.to_str().unwrap(), &["--hostile"]);
}

#[test]
#[cfg_attr(
    not(all(icefold_test_python, icefold_test_browser)),
    ignore = "no Python environment, or no browser"
)]
fn a_served_page_says_the_same() {
    let site = Site::new();
    let store = store(&site);
    let mut view = icefold();
    view.arg("view").arg(&store).arg("--no-open");
    let mut child = view
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut address = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut address).unwrap();
    let done = std::panic::catch_unwind(|| check(&store, address.trim(), &[]));
    child.kill().unwrap();
    child.wait().unwrap();
    done.unwrap();
}

#[test]
#[cfg_attr(
    not(all(icefold_test_python, icefold_test_browser)),
    ignore = "no Python environment, or no browser"
)]
fn rows_and_columns_steps_of_time_and_ids_beyond_2_to_the_53_are_shown_as_xarray_reads_them() {
    let site = Site::new();
    let granules = site.two_years();
    let steps = site.stepped("steps.yaml", "time: {every: year}");
    let config = |name: &str, grid: &str| {
        let path = site.path(name);
        let text = format!(
            "data_source:\n  groups: [gt1l]\n  coordinates: {{latitude: '/{{group}}/heights/lat_ph', longitude: \
             '/{{group}}/heights/lon_ph'}}\n  variables: {{h: '/{{group}}/heights/h_ph'}}\naggregation:\n  variables:\n    \
             n: {{function: count, source: h, dtype: int64}}\n    h_mean: {{function: mean, source: h, dtype: float64}}\n\
             output:\n  grid: {grid}\n"
        );
        std::fs::write(&path, text).unwrap();
        path
    };
    let raster = "{type: rectilinear, crs: EPSG:3413, resolution: 5000, bounds: [-300000, -3500000, 300000, -2000000], \
                  chunk_shape: [50, 40]}";
    let degrees = "{type: rectilinear, crs: EPSG:4326, resolution: 0.1, bounds: [-50, 58, -40, 68], chunk_shape: [50, 50]}";
    let fine = "{type: healpix, parent_order: 9, child_order: 29}";
    for (name, config) in [
        ("steps", steps),
        ("raster", config("raster.yaml", raster)),
        ("degrees", config("degrees.yaml", degrees)),
        ("fine", config("fine.yaml", fine)),
    ] {
        let (store, page) = (
            site.out(&format!("{name}.zarr")),
            site.out(&format!("{name}.html")),
        );
        let mut run = icefold();
        run.arg("run").arg(config).args(&granules).arg("--store");
        succeed(run.arg(&store));
        let mut view: Command = icefold();
        succeed(view.arg("view").arg(&store).arg("-o").arg(&page));
        let said = stdout(&succeed(python().arg(OTHERS).arg(&store).arg(&page)));
        assert!(
            said.contains("cells as xarray reads them"),
            "{name}: {said}"
        );
    }
}
