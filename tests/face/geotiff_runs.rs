//! GeoTIFF that a run writes with its store: the files of `icefold export`, whole or not at all.

use std::path::Path;

use icefold::error::Kind;
use icefold::export::{Export, export};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::from_code::{done, refused};
use super::rasters::{OUTPUTS, POLAR, config};
use crate::support::granules::paths;
use crate::support::site::{Site, names, tree};

/// That a folder has what an export of the store has, and that the report names it.
fn is_of(folder: &Path, store: &Path, report: &Value) {
    let again = folder.with_extension("again");
    std::fs::create_dir(&again).unwrap();
    export(&Export::new(store, &again)).unwrap();
    assert!(tree(folder) == tree(&again));
    std::fs::remove_dir_all(&again).unwrap();
    let files = report["geotiff"]["files"].as_array().unwrap();
    assert_eq!(files.len(), names(folder).len());
    for file in files {
        let bytes = std::fs::read(folder.join(file["name"].as_str().unwrap())).unwrap();
        assert_eq!(file["bytes"], bytes.len());
        let hash = icefold::digest::hex(&Sha256::digest(&bytes));
        assert_eq!(file["sha256"], hash);
    }
}

#[test]
fn files_come_with_the_store_however_it_is_made() {
    let site = Site::new();
    let granules = site.three();
    let granules = paths(&granules);
    let config = config(&site, POLAR, OUTPUTS);
    let [a, b, c] = ["a", "b", "c"].map(|name| site.out(name));
    let (report, _) = done(site.code(&config, &granules).overviews([2]).geotiff(&a));
    is_of(&a, &site.out("a.zarr"), &report);
    // Over a map, and of parts of one.
    done(site.mapping(&config, &granules));
    let (report, _) = done(site.over_as("b.zarr", &config).overviews([2]).geotiff(&b));
    is_of(&b, &site.out("b.zarr"), &report);
    done(site.part_as("c.zarr", &config, "0..2").overviews([2]));
    done(site.part_as("c.zarr", &config, "2..").overviews([2]));
    let (report, _) = done(site.making("c.zarr").geotiff(&c));
    is_of(&c, &site.out("c.zarr"), &report);
    assert!(tree(&a) == tree(&b) && tree(&a) == tree(&c));
    // Where the store stands, only what is missing is made.
    let run = || {
        site.over_as("b.zarr", &config)
            .overviews([2])
            .geotiff(&b)
            .resume(true)
    };
    std::fs::remove_dir_all(&b).unwrap();
    done(run());
    assert!(tree(&a) == tree(&b));
    done(run());
    std::fs::copy(b.join("count.tif"), b.join("other.tif")).unwrap();
    refused(
        run().execute(),
        Kind::Argument,
        &["has other files than those of"],
    );
    std::fs::remove_file(b.join("other.tif")).unwrap();
    done(run());
    let leftovers: Vec<String> = site
        .written()
        .into_iter()
        .filter(|name| name.starts_with('.'))
        .collect();
    assert!(
        leftovers.iter().all(|name| name.contains(".lock")),
        "{leftovers:?}"
    );
}

#[test]
fn folders_that_are_not_to_be_replaced_stay_and_no_store_is_written() {
    let site = Site::new();
    let granules = site.three();
    let granules = paths(&granules);
    let config = config(&site, POLAR, OUTPUTS);
    let run = || site.code(&config, &granules);
    let folder = site.out("tif");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("mine.tif"), "mine").unwrap();
    for overwrite in [false, true] {
        refused(
            run().geotiff(&folder).overwrite(overwrite).execute(),
            Kind::Argument,
            &["geotiff", "holds mine.tif, which is no GeoTIFF of icefold"],
        );
    }
    let file = folder.join("mine.tif");
    refused(
        run().geotiff(&file).execute(),
        Kind::Argument,
        &["is no folder"],
    );
    for (place, says) in [
        (site.out("a.zarr"), "a.zarr goes there, too"),
        (site.out("a.zarr").join("tif"), "goes there, too"),
        (site.out(""), "goes there, too"),
    ] {
        refused(run().geotiff(place).execute(), Kind::Argument, &[says]);
    }
    // Nothing can be made below a file: neither has a name.
    run().geotiff(file.join("tif")).execute().unwrap_err();
    assert!(!site.out("a.zarr").exists());
    std::fs::remove_file(&file).unwrap();
    done(run().geotiff(&folder));
    refused(
        run()
            .geotiff(&folder)
            .into_store(site.out("b.zarr"))
            .execute(),
        Kind::Argument,
        &["tif has files already", "overwrite"],
    );
    assert!(!site.out("b.zarr").exists());
    let before = tree(&folder);
    done(run().geotiff(&folder).overwrite(true));
    assert!(tree(&folder) == before);
}

#[test]
fn what_has_no_rows_and_columns_or_no_store_has_no_files() {
    let site = Site::new();
    let granules = site.three();
    let granules = paths(&granules);
    let folder = site.out("tif");
    refused(
        site.code("atl03", &granules).geotiff(&folder).execute(),
        Kind::Argument,
        &[
            "geotiff",
            "is for rows and columns, and the store has cells of HEALPix",
        ],
    );
    let config = config(&site, POLAR, OUTPUTS);
    done(site.mapping(&config, &granules));
    refused(
        site.part_as("a.zarr", &config, "0..1")
            .geotiff(&folder)
            .execute(),
        Kind::Argument,
        &["geotiff is written with the store", "shards writes pieces"],
    );
}

#[test]
fn verify_says_that_it_does_not_look_at_them() {
    let site = Site::new();
    let granules = site.three();
    let granules = paths(&granules);
    let config = config(&site, POLAR, OUTPUTS);
    let [a, b] = ["a", "b"].map(|name| {
        let tiffs = site.out(name);
        let store = site.out(&format!("{name}.zarr"));
        done(
            site.code(&config, &granules)
                .into_store(&store)
                .geotiff(&tiffs),
        );
        (store, tiffs)
    });
    let report = icefold::Verify::stores(&a.0, &b.0).unwrap();
    assert!(report.identical(), "{report}");
    assert!(
        report
            .to_string()
            .contains("GeoTIFF beside the stores is not looked at"),
        "{report}"
    );
    for geotiff in [a.1.join("count.tif"), a.1] {
        for (a, b) in [(&geotiff, &b.0), (&b.0, &geotiff)] {
            let refused = icefold::Verify::stores(a, b).unwrap_err();
            assert_eq!(refused.kind(), Kind::Argument);
            assert!(
                refused
                    .to_string()
                    .contains("is GeoTIFF, and stores are compared"),
                "{refused}"
            );
        }
    }
}
