//! Stores that grow: of which kinds they are, and what is refused.

use std::fs;
use std::path::PathBuf;

use icefold::error::Kind;
use icefold::{Granules, Layout, Region, Run, config};

use super::atl03;
use super::from_code::refused;
use super::grows::{apart, grown, over};
use crate::support::site::{self, tree};

#[test]
fn a_store_of_another_question_is_refused_with_both() {
    let site = site::Site::new();
    let all = apart(&site);
    over(&site, "a.zarr", &all[..1]).execute().unwrap();
    let before = tree(&site.out("a.zarr"));
    let text = atl03().text;
    let other = |piece: &str, by: &str| {
        assert!(text.contains(piece), "{piece}");
        let path = site.path("other.yaml");
        fs::write(&path, text.replace(piece, by)).unwrap();
        let config = config::load(path.to_str().unwrap()).unwrap();
        let run = Run::new(config, Granules::named(&all[..2]));
        run.into_store(site.out("a.zarr"))
            .overviews([10, 5])
            .update(true)
    };
    let same = || over(&site, "a.zarr", &all[..2]).update(true);
    let boxed = Region::of_box(-46.0, 69.0, -44.0, 71.0).unwrap();
    let cases = [
        (
            other("child_order: 12", "child_order: 11"),
            ["cells of order 12", "asks for 11"],
        ),
        (
            other("parent_order: 6", "parent_order: 7"),
            ["shards of order 6", "asks for 7"],
        ),
        (
            same().overviews([10]),
            ["overviews of orders 10,5", "asks for order 10"],
        ),
        (
            same().overviews([]),
            ["overviews of orders 10,5", "asks for no order"],
        ),
        (
            same().overviews([]).layout(Layout::FULL_SPHERE),
            ["the layout cells", "asks for fullsphere"],
        ),
        (
            same().region(boxed),
            [
                "the region of the whole Earth",
                "asks for [-46.0,69.0,-44.0,71.0]",
            ],
        ),
        (
            same().hash_granules(true),
            ["has no hash of all of granule", "asks for those"],
        ),
        (
            other("value: -2", "value: 0"),
            ["another question", "`value: -2`, this run `value: 0`"],
        ),
    ];
    for (run, says) in cases {
        refused(run.execute(), Kind::Store, &says);
        assert_eq!(tree(&site.out("a.zarr")), before);
    }
}

#[test]
fn what_an_update_is_not_about_is_refused() {
    let site = site::Site::new();
    let all = apart(&site);
    let none = over(&site, "none.zarr", &all).update(true).execute();
    refused(
        none,
        Kind::Store,
        &["is not there, so there is nothing to add to", "store"],
    );
    let both = over(&site, "a.zarr", &all).update(true).overwrite(true);
    refused(both.execute(), Kind::Argument, &["to update is to add"]);
    let removal = over(&site, "a.zarr", &all).allow_removal(true);
    refused(
        removal.execute(),
        Kind::Argument,
        &["allow_removal", "update"],
    );
    site.mapping("atl03", &[&all[0]]).execute().unwrap();
    let mapped = || {
        Run::new(atl03(), icefold::Mapped::by(site.path("map.json"))).into_store(site.out("a.zarr"))
    };
    refused(
        mapped().update(true).execute(),
        Kind::Argument,
        &["update is about granules as they are"],
    );
    refused(
        mapped().keep_partials(true).execute(),
        Kind::Argument,
        &["keep_partials"],
    );
    assert!(site.written().is_empty(), "{:?}", site.written());
}

#[test]
fn every_layout_grows_with_partials_and_without() {
    let site = site::Site::new();
    let all = apart(&site);
    for (layout, keep) in [
        (Layout::FULL_SPHERE, true),
        (Layout::FULL_SPHERE, false),
        (Layout::HIVE, true),
        (Layout::HIVE, false),
    ] {
        let run = |store: &str, granules: &[PathBuf]| {
            let run = Run::new(atl03(), Granules::named(granules)).into_store(site.out(store));
            run.threads(2).layout(layout)
        };
        run("a.zarr", &all[..3])
            .keep_partials(keep)
            .overwrite(true)
            .execute()
            .unwrap();
        let (_, update) = grown(run("a.zarr", &all));
        assert_eq!(update.by, if keep { "partials" } else { "all" });
        assert_eq!(update.why.is_none(), keep);
        run("b.zarr", &all).overwrite(true).execute().unwrap();
        assert_eq!(
            tree(&site.out("a.zarr")),
            tree(&site.out("b.zarr")),
            "{layout}"
        );
    }
}

#[test]
fn rasters_and_lists_grow_with_partials_and_are_read_without() {
    let site = site::Site::new();
    let granules = site.three();
    let raster = super::rasters::config(&site, super::rasters::POLAR, super::rasters::OUTPUTS);
    let healpix = site.path("healpix.yaml");
    let text = fs::read_to_string(&raster).unwrap();
    let (questions, _) = text.split_once("output:").unwrap();
    let grid = "type: healpix, indexing_scheme: nested, parent_order: 6, child_order: 12";
    fs::write(
        &healpix,
        format!("{questions}output:\n  grid: {{{grid}}}\n"),
    )
    .unwrap();
    for (config, why) in [(raster, "the layout raster"), (healpix, "digest is a list")] {
        let config = config::load(config.to_str().unwrap()).unwrap();
        for keep in [true, false] {
            let run = |store: &str, granules: &[PathBuf]| {
                let run = Run::new(config.clone(), Granules::named(granules));
                run.into_store(site.out(store)).threads(2)
            };
            let first = run("a.zarr", &granules[..2]).overwrite(true);
            first.keep_partials(keep).execute().unwrap();
            let (read, update) = grown(run("a.zarr", &granules));
            assert_eq!(read.len(), if keep { 1 } else { 3 });
            let said = update.why.unwrap_or_default();
            assert!(
                keep == said.is_empty() && (keep || said.contains(why)),
                "{said}"
            );
            run("b.zarr", &granules).overwrite(true).execute().unwrap();
            assert_eq!(tree(&site.out("a.zarr")), tree(&site.out("b.zarr")));
        }
    }
}

#[test]
fn what_is_left_out_stays_in_the_error_table() {
    let site = site::Site::new();
    let mut all = apart(&site);
    all.push(site.truncated("e.h5"));
    let run = |store: &str, granules: &[PathBuf]| over(&site, store, granules).tolerant(true);
    for keep in [true, false] {
        run("a.zarr", &[&all[..1], &all[4..]].concat())
            .keep_partials(keep)
            .overwrite(true)
            .execute()
            .unwrap();
        let (_, update) = grown(run("a.zarr", &all));
        assert_eq!(update.by, if keep { "partials" } else { "all" });
        run("b.zarr", &all).overwrite(true).execute().unwrap();
        assert_eq!(tree(&site.out("a.zarr")), tree(&site.out("b.zarr")));
        let errors = ["a.errors.parquet", "b.errors.parquet"].map(|name| fs::read(site.out(name)));
        let [a, b] = errors.map(Result::unwrap);
        assert!(a == b);
    }
}
