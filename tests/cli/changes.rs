//! `icefold config`, `--order` and `--set`.

use super::{Site, json, refuse};
use crate::support::granules::one;
use crate::support::{icefold, stderr, stdout, succeed};

fn config(args: &[&str]) -> String {
    stdout(&succeed(icefold().arg("config").args(args)))
}

#[test]
fn built_in_configs_are_listed_and_printed_with_their_comments() {
    let list = config(&[]);
    for built_in in icefold::config::built_in() {
        let line = list
            .lines()
            .find(|line| line.split_whitespace().next() == Some(built_in.name));
        assert!(
            line.is_some_and(|line| line.contains(built_in.product_in_words())),
            "{list}"
        );
        assert_eq!(
            config(&[built_in.name]).trim_end(),
            built_in.text.trim_end()
        );
    }
}

trait InWords {
    fn product_in_words(&self) -> &'static str;
}

impl InWords for icefold::config::BuiltIn {
    fn product_in_words(&self) -> &'static str {
        &self.about()[..20]
    }
}

#[test]
fn a_printed_config_runs_unchanged() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let mine = site.path("mine.yaml");
    std::fs::write(&mine, config(&["atl03"])).unwrap();
    let (of_name, _) = json(site.run_to("a.zarr", "atl03", &one(&good)).arg("--json"), 0);
    let (of_text, _) = json(site.run_to("b.zarr", &mine, &one(&good)).arg("--json"), 0);
    assert_eq!(of_name["config"]["sha256"], of_text["config"]["sha256"]);
    assert_eq!(of_name["content_sha256"], of_text["content_sha256"]);
}

#[test]
fn an_order_and_a_key_change_the_run_and_its_hash() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let changed = site.path("changed.yaml");
    let changes = ["--order", "9", "--set", "output.nan=skip"];
    std::fs::write(&changed, config(&[&["atl03"][..], &changes].concat())).unwrap();
    let (by_flags, _) = json(
        site.run_to("a.zarr", "atl03", &one(&good))
            .args(changes)
            .arg("--json"),
        0,
    );
    let (by_file, _) = json(
        site.run_to("b.zarr", &changed, &one(&good)).arg("--json"),
        0,
    );
    let (plain, _) = json(site.run_to("c.zarr", "atl03", &one(&good)).arg("--json"), 0);
    assert_eq!(by_flags["config"]["sha256"], by_file["config"]["sha256"]);
    assert_eq!(by_flags["content_sha256"], by_file["content_sha256"]);
    assert_ne!(by_flags["config"]["sha256"], plain["config"]["sha256"]);
    let mut explained = site.run("atl03", &one(&good));
    let text = stdout(&succeed(explained.args(changes).arg("--explain")));
    let line = |key: &str| {
        text.lines()
            .find(|l| l.starts_with(&format!("{key} ")))
            .unwrap()
            .to_owned()
    };
    assert!(line("output.grid.child_order").ends_with(" set"), "{text}");
    assert!(line("output.nan").ends_with(" set"), "{text}");
    assert!(
        line("output.grid.parent_order").ends_with(" built-in"),
        "{text}"
    );
}

#[test]
fn a_map_and_pieces_keep_the_changed_config() {
    let site = Site::new();
    let granules = site.three();
    let paths = super::granules::paths(&granules);
    let order = ["--order", "9"];
    succeed(site.plan("atl03", &paths).args(order));
    succeed(
        site.run_plan("a.zarr")
            .args(order)
            .args(["--shards", "0..2"]),
    );
    let refused = site
        .run_plan("a.zarr")
        .args(["--shards", "2..3"])
        .output()
        .unwrap();
    assert!(!refused.status.success(), "{}", stderr(&refused));
    let all = json(
        icefold()
            .arg("inspect")
            .arg(site.path("map.json"))
            .arg("--json"),
        0,
    )
    .0;
    let rest = format!("2..{}", all["shards"].as_array().unwrap().len());
    succeed(
        site.run_plan("a.zarr")
            .args(order)
            .args(["--shards", &rest]),
    );
    succeed(&mut site.finalize("a.zarr"));
    succeed(site.run_to("b.zarr", "atl03", &paths).args(order));
    super::assert_same(&site.out("a.zarr"), &site.out("b.zarr"));
}

#[test]
fn changes_that_change_nothing_are_refused() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let run = || site.run("atl03", &one(&good));
    refuse(
        run().args(["--set", "output.grid"]),
        2,
        &["change 'output.grid' is not KEY=VALUE"],
    );
    let both = ["--order", "9", "--set", "output.grid.child_order=9"];
    refuse(
        run().args(both),
        2,
        &["--order and --set output.grid.child_order=9 both say"],
    );
    refuse(
        run().args(["--set", "output.nam=skip"]),
        2,
        &["config atl03: output: unknown key 'nam', did you mean 'nan'"],
    );
    refuse(
        icefold().args(["config", "--order", "9"]),
        2,
        &["--order changes a config, and none is named"],
    );
    refuse(
        icefold().args(["config", "atl0"]),
        2,
        &["config atl0: no such file, did you mean atl03"],
    );
    let mut inspect = icefold();
    refuse(
        inspect.arg("inspect").arg(&good).args(["--order", "9"]),
        2,
        &["--order changes a config, and none is named"],
    );
    let mut verify = icefold();
    verify
        .arg("verify")
        .args(["a.zarr", "b.zarr", "--set", "output.nan=skip"]);
    refuse(
        &mut verify,
        2,
        &["--set changes a config, and two stores are compared"],
    );
}

#[test]
fn an_order_is_of_no_rows_and_columns() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let path = site.path("rows.yaml");
    let text = "data_source:
  groups: [gt1l]
  coordinates: {latitude: '/{group}/heights/lat_ph', longitude: '/{group}/heights/lon_ph'}
  variables: {h: '/{group}/heights/h_ph'}
aggregation:
  variables:
    n: {function: count, source: h}
output:
  grid: {type: rectilinear, crs: EPSG:3413, resolution: 1000, bounds: [0, -2000000, 100000, -1900000], chunk_shape: [10, 10]}
";
    std::fs::write(&path, text).unwrap();
    for order in [["--order", "9"], ["--set", "output.grid.child_order=9"]] {
        let says = [
            "order 9 is of HEALPix cells, and this config has rows and columns",
            "leave it out, or set output.grid.resolution",
        ];
        let said = refuse(site.run(&path, &one(&good)).args(order), 2, &says);
        assert!(!said.contains("child_order"), "{said}");
    }
}
