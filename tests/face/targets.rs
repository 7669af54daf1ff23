//! What may be written over: what icefold wrote. Everything else stays, whatever is asked for.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use icefold::error::Kind;
use icefold::plan::Built;
use icefold::{Granules, MakeMap};
use icefold::{Result, config};

use super::from_code::{done, refused};
use crate::support::granules::one;
use crate::support::site::{Site, assert_same, tree};

/// A map of these granules, made into this file.
fn map_at(config: impl AsRef<Path>, granules: &[&Path], target: &Path) -> Result<Built> {
    let config = config::load(config.as_ref().to_str().unwrap())?;
    MakeMap::new(config, Granules::named(granules), target).execute()
}

#[test]
fn a_file_that_icefold_did_not_write_is_never_written_over() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    done(site.code("atl03", &one(&good)));
    let thesis = site.path("thesis.json");
    // JSON, and a picture, but of somebody else.
    let png = b"\x89PNG\r\n\x1a\n and more";
    for bytes in [&b"{\"schema_version\": 1}"[..], b"[1, 2]", png, b"text"] {
        std::fs::write(&thesis, bytes).unwrap();
        let run = site.code("atl03", &one(&good));
        let run = run.overwrite(true).report(&thesis);
        let says = "thesis.json: a file is there that is no run report of icefold";
        refused(
            run.execute(),
            Kind::Argument,
            &["cannot write the run report ", says, "choose another path"],
        );
        refused(
            map_at("atl03", &one(&good), &thesis),
            Kind::Argument,
            &["is no shard map of icefold"],
        );
        assert_eq!(std::fs::read(&thesis).unwrap(), bytes);
    }
    // Its own it replaces.
    for _ in 0..2 {
        done(site.mapping("atl03", &one(&good)));
        done(site.code("atl03", &one(&good)).overwrite(true));
    }
}

#[test]
fn what_a_run_reads_is_never_written_over_whatever_it_is_called() {
    let site = Site::new();
    let config = site.atl03_with("h_variance", "h_var");
    let (a, b) = (site.good("a.h5", -45.0), site.good("b.h5", -30.0));
    let bytes = || [&config, &a, &b].map(|path| std::fs::read(path).unwrap());
    let before = bytes();
    let mut outputs = vec![config.clone(), a.clone(), b.clone()];
    #[cfg(unix)]
    {
        std::fs::hard_link(&a, site.path("hard.parquet")).unwrap();
        std::os::unix::fs::symlink(&a, site.path("soft.parquet")).unwrap();
        outputs.extend(["hard.parquet", "soft.parquet"].map(|name| site.path(name)));
    }
    for output in outputs {
        let run = site.code(&config, &[&a, &b]);
        let run = run.overwrite(true).report(&output);
        refused(
            run.execute(),
            Kind::Argument,
            &["which this run reads; choose another path"],
        );
        if output.extension().is_some_and(|e| e == "parquet") {
            let run = site.code(&config, &[&a, &b]);
            let run = run.overwrite(true).table(&output);
            refused(
                run.execute(),
                Kind::Argument,
                &["cannot write the table ", "which this run reads"],
            );
        }
        refused(
            map_at(&config, &[&a, &b], &output),
            Kind::Argument,
            &["which this run reads"],
        );
    }
    assert!(before == bytes());
    assert!(site.written().is_empty(), "{:?}", site.written());
}

#[test]
fn one_path_for_two_outputs_and_paths_in_the_store_are_refused() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let twice = site.out("t.parquet");
    let run = site.code("atl03", &one(&good));
    let run = run.table(&twice).report(&twice);
    refused(
        run.execute(),
        Kind::Argument,
        &["t.parquet: the run report goes there"],
    );
    let run = site.code("atl03", &one(&good));
    let run = run.report(site.out("a.zarr/run.json"));
    refused(
        run.execute(),
        Kind::Argument,
        &["the store goes there; choose a path beside it"],
    );
    assert!(site.written().is_empty(), "{:?}", site.written());
}

#[cfg(unix)]
#[test]
fn devices_and_pipes_are_written_through_and_links_stay() {
    use std::os::unix::fs::FileTypeExt;

    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let null = Path::new("/dev/null");
    let run = site.code("atl03", &one(&good));
    let (report, _) = done(run.report(null));
    map_at("atl03", &one(&good), null).unwrap();
    let kind = std::fs::metadata(null).unwrap().file_type();
    assert!(kind.is_char_device());
    assert_eq!(site.written(), ["a.zarr"]);

    let pipe = site.path("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let mut reader = Command::new("cat");
    let reader = reader.arg(&pipe).stdout(Stdio::piped()).spawn().unwrap();
    let run = site.code("atl03", &one(&good));
    done(run.overwrite(true).report(&pipe));
    let read = reader.wait_with_output().unwrap().stdout;
    let read: serde_json::Value = serde_json::from_slice(&read).unwrap();
    assert_eq!(read["content_sha256"], report["content_sha256"]);
    assert!(std::fs::metadata(&pipe).unwrap().file_type().is_fifo());

    let [link, file, nothing] = ["link.json", "real.json", "nothing.json"].map(|n| site.path(n));
    std::os::unix::fs::symlink("real.json", &link).unwrap();
    let run = || {
        let run = site.code("atl03", &one(&good)).overwrite(true);
        run.report(&link)
    };
    refused(
        run().execute(),
        Kind::Argument,
        &["it is a link to something that does not exist"],
    );
    std::fs::write(&file, "").unwrap();
    done(run());
    assert!(link.is_symlink() && std::fs::metadata(&file).unwrap().len() > 100);
    assert!(!nothing.exists());
    // A folder is none of these.
    let run = site.code("atl03", &one(&good));
    let run = run.overwrite(true).report(site.path("out"));
    refused(
        run.execute(),
        Kind::Argument,
        &["cannot write the file", "it is a folder"],
    );
}

#[test]
fn overwriting_takes_a_store_of_icefold_and_nothing_that_is_more() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let overwrite = |store: &str| {
        let run = site.code_to(store, "atl03", &one(&good));
        run.overwrite(true)
    };
    // Any document called zarr.json does not make a store.
    let other = site.out("other.zarr");
    for text in ["{}", "{\"zarr_format\": 3, \"node_type\": \"group\"}"] {
        let _ = std::fs::create_dir(&other);
        std::fs::write(other.join("zarr.json"), text).unwrap();
        std::fs::write(other.join("thesis"), "mine").unwrap();
        let says =
            "other.zarr: exists and is not replaced, as it is not only a store of icefold's: it";
        refused(
            overwrite("other.zarr").execute(),
            Kind::Store,
            &[says, "choose another path"],
        );
        assert_eq!(std::fs::read(other.join("thesis")).unwrap(), b"mine");
    }
    done(site.code("atl03", &one(&good)));
    let foreign: [(&str, PathBuf); 4] = [
        ("notes.txt", site.out("a.zarr/notes.txt")),
        ("11", site.out("a.zarr/11/x")),
        ("extra", site.out("a.zarr/extra/zarr.json")),
        ("thesis", site.out("a.zarr/count/c/thesis")),
    ];
    for (name, path) in foreign {
        let made = !path.parent().unwrap().exists();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "mine").unwrap();
        refused(
            overwrite("a.zarr").execute(),
            Kind::Store,
            &["a.zarr: exists and is not replaced", name],
        );
        assert_eq!(std::fs::read(&path).unwrap(), b"mine");
        std::fs::remove_file(&path).unwrap();
        if made {
            std::fs::remove_dir(path.parent().unwrap()).unwrap();
        }
    }
    done(overwrite("a.zarr"));
    assert_eq!(site.written(), ["a.run.json", "a.zarr", "other.zarr"]);
}

#[test]
fn going_on_never_replaces_a_store_that_was_not_to_be_replaced() {
    let site = Site::new();
    site.mapped("atl03");
    done(site.over("a.zarr"));
    let before = tree(&site.out("a.zarr"));
    // Pieces of another question, beside a store that ended.
    let other = site.atl03_with("h_variance", "h_var");
    done(site.part_as("b.zarr", &other, "0..1"));
    let pieces = icefold::piece::Pieces::folder_of;
    std::fs::rename(pieces(&site.out("b.zarr")), pieces(&site.out("a.zarr"))).unwrap();
    let on = site.over_as("a.zarr", &other);
    refused(
        on.resume(true).execute(),
        Kind::Store,
        &["a.zarr: exists; set overwrite"],
    );
    assert_eq!(tree(&site.out("a.zarr")), before);
}

#[test]
fn an_overwriting_run_that_was_stopped_replaces_the_store_when_it_goes_on() {
    let site = Site::new();
    site.mapped("atl03");
    done(site.over("a.zarr"));
    let other = site.atl03_with("h_variance", "h_var");
    done(site.over_as("b.zarr", &other));
    let run = site.over_as("a.zarr", &other).overwrite(true);
    super::documents::stop(&site, run);
    done(site.over_as("a.zarr", &other).resume(true));
    assert_same(&site.out("a.zarr"), &site.out("b.zarr"));
    // Nor is it replaced a second time.
    done(site.part("c.zarr", "0..1"));
    let pieces = icefold::piece::Pieces::folder_of;
    std::fs::rename(pieces(&site.out("c.zarr")), pieces(&site.out("a.zarr"))).unwrap();
    let on = site.over("a.zarr");
    refused(
        on.resume(true).execute(),
        Kind::Store,
        &["a.zarr: exists; set overwrite"],
    );
}

#[test]
fn stores_whose_names_differ_behind_a_dot_have_reports_of_their_own() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    for store in ["photons.2018", "photons.2019"] {
        done(site.code_to(store, "atl03", &one(&good)));
    }
    let names = [
        "photons.2018",
        "photons.2018.run.json",
        "photons.2019",
        "photons.2019.run.json",
    ];
    assert_eq!(site.written(), names);
    done(site.code_to("photons.zarr", "atl03", &one(&good)));
    let other = || site.code_to("photons", "atl03", &one(&good));
    let says = [
        "photons.run.json is the report of",
        "photons.zarr",
        "choose another store",
    ];
    refused(other().execute(), Kind::Argument, &says);
    done(other().report(site.out("mine.json")));
}
