//! What is there is known for what it is, and shows the same to programs as on the command line.

use std::path::Path;

use icefold::inspect::{Inspection, Look, inspect};
use icefold::{MakeMap, Mapped, Run};

use super::{Site, atl03};
use crate::support::{icefold, stdout, succeed};

#[track_caller]
fn shows_the_same(path: &Path) -> Inspection {
    let found = inspect(path, Look::default()).unwrap();
    let mut command = icefold();
    command.arg("inspect").arg(path);
    // The command line says settings as its flags.
    let shown = stdout(&succeed(&mut command)).replace("--all lists", "all lists");
    assert_eq!(shown, found.to_string());
    let json = stdout(&succeed(command.arg("--json")));
    let value = serde_json::to_value(&found).unwrap();
    assert_eq!(json, format!("{value:#}\n"));
    found
}

#[test]
fn every_kind_is_known_and_shown_as_on_the_command_line() {
    let site = Site::of(1);
    let run = site.run().table(site.path("cells.parquet"));
    run.execute().unwrap();
    let map = site.path("map.json");
    MakeMap::new(atl03(), site.all(), &map).execute().unwrap();
    let part = Mapped::by(&map).shards("0..1".parse().unwrap());
    Run::new(atl03(), part)
        .into_store(site.path("b.zarr"))
        .execute()
        .unwrap();

    assert!(matches!(
        shows_the_same(&site.granules[0]),
        Inspection::Granule(_)
    ));
    assert!(matches!(
        shows_the_same(&site.path("a.zarr")),
        Inspection::Store(_)
    ));
    assert!(matches!(
        shows_the_same(&site.path("cells.parquet")),
        Inspection::Table(_)
    ));
    assert!(matches!(shows_the_same(&map), Inspection::Map(_)));
    let pieces = shows_the_same(&site.path("b.zarr.pieces"));
    assert!(matches!(pieces, Inspection::Pieces(_)));
    let report = shows_the_same(&site.path("a.run.json"));
    let Inspection::Report(report) = report else {
        panic!("{report:?}");
    };
    assert!(report.is_balanced() && report.stranger().is_none());
}

#[test]
fn of_a_granule_all_and_the_cost_can_be_told() {
    let site = Site::of(1);
    let config = atl03();
    let look = Look {
        config: Some(&config),
        all: true,
        ..Look::default()
    };
    let Inspection::Granule(found) = inspect(&site.granules[0], look).unwrap() else {
        panic!("a granule is one");
    };
    let json = found.json();
    assert!(json["cost"]["photons"].as_u64() > Some(0), "{json:#}");
    assert!(!json["datasets"].as_array().unwrap().is_empty());
    assert!(found.to_string().contains("config atl03 reads"));
}

#[test]
fn what_is_nothing_is_an_error_and_no_panic() {
    let site = Site::of(1);
    let text = site.path("a.txt");
    std::fs::write(&text, "nothing").unwrap();
    for path in [&text, &site.path("none"), &site.path("granules")] {
        assert!(
            inspect(path, Look::default()).is_err(),
            "{}",
            path.display()
        );
    }
}
