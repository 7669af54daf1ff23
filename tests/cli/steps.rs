//! Steps of time on the command line: what a run says of them, and maps of one.

use super::{Site, json, refuse};
use crate::support::granules::paths;
use crate::support::timed::{DAY, tell};
use crate::support::{icefold, stdout, succeed};

#[test]
fn a_map_is_of_one_step_which_has_to_be_named() {
    let site = Site::new();
    let granule = site.timed("a.h5", -45.0, |i| 340.0 * DAY + i as f64 * DAY * 0.1);
    let config = site.stepped("a.yaml", "time: {every: month}");
    let (store, map) = (site.out("a.zarr"), site.out("a.png"));
    let mut run = icefold();
    run.arg("run")
        .arg(&config)
        .arg(&granule)
        .arg("--store")
        .arg(&store);
    let said = stdout(&succeed(&mut run));
    assert!(
        said.contains("in step        2018-12-01 to 2019-01-01: "),
        "{said}"
    );
    let render = |args: &[&str]| {
        let mut render = icefold();
        render
            .arg("render")
            .arg(&store)
            .args(args)
            .arg("-o")
            .arg(&map);
        render
    };
    succeed(&mut render(&["h_mean", "--time", "2019-02"]));
    let one = std::fs::read(&map).unwrap();
    assert!(one.len() > 1_000);
    // A map of each, in one picture.
    succeed(&mut render(&["h_mean", "--time", "all"]));
    assert_ne!(std::fs::read(&map).unwrap(), one);
    for (args, says) in [
        (
            &["n"][..],
            "a map is of one; name it with --time: its steps of time are 6: 2018-12-01",
        ),
        (&["n", "--time", "2021"], "--time 2021 is in no step of"),
        (&["n", "--time", "soon"], "--time 'soon' is no time"),
        (&["bins", "--time", "2019-02"], "has 2 values per cell"),
    ] {
        refuse(&mut render(args), 2, &[says]);
    }
    // The hashes of the report are those of the store.
    let report = site.out("a.run.json");
    succeed(icefold().arg("inspect").arg(&report));
    let text = stdout(&succeed(icefold().arg("inspect").arg(&store)));
    assert!(
        text.contains("steps of time: 6, 2018-12-01 to 2019-01-01 up to "),
        "{text}"
    );
    let text = stdout(&succeed(
        icefold()
            .arg("run")
            .arg(&config)
            .arg(&granule)
            .arg("--explain"),
    ));
    assert!(
        text.contains("time.axis") && text.contains("month, 996 steps"),
        "{text}"
    );
}

#[test]
fn a_plan_says_how_many_granules_lie_outside_the_time() {
    let site = Site::new();
    let granules = [100.0, 400.0, 401.0].map(|day| {
        let granule = site.timed(&format!("day{day}.h5"), -45.0, |i| day * DAY + i as f64);
        tell(&granule, "ancillary_data", "start_delta_time", day * DAY);
        tell(
            &granule,
            "ancillary_data",
            "end_delta_time",
            day * DAY + 1_500.0,
        );
        granule
    });
    let config = site.stepped("a.yaml", "time: {from: 2019-02-06}");
    let said = stdout(&succeed(&mut site.plan(&config, &paths(&granules))));
    assert!(said.contains(", 1 granules, "), "{said}");
    assert!(
        said.contains("\n  2 granules lie outside the time"),
        "{said}"
    );
    let (said, _) = json(site.plan(&config, &paths(&granules)).arg("--json"), 0);
    assert_eq!(
        (&said["granules"], &said["outside_time"]),
        (&1.into(), &2.into())
    );
}

#[test]
fn a_map_of_a_store_without_steps_has_none_to_name() {
    let site = Site::new();
    let granule = site.timed("a.h5", -45.0, |_| 400.0 * DAY);
    let config = site.stepped("a.yaml", "");
    let store = site.out("a.zarr");
    let (_, _) = json(
        icefold()
            .arg("run")
            .arg(&config)
            .arg(&granule)
            .arg("--json")
            .arg("--store")
            .arg(&store),
        0,
    );
    let mut render = icefold();
    render
        .arg("render")
        .arg(&store)
        .args(["n", "--time", "2019"])
        .arg("-o")
        .arg(site.out("a.png"));
    refuse(&mut render, 2, &["has no steps of time"]);
}
