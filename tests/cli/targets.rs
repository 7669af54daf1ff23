//! What may be written over: what icefold wrote. Everything else stays, whatever flags are given.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::granules::one;
use super::{Site, json, refuse};
use crate::support::{icefold, succeed};

/// `icefold render out/a.zarr h_mean -o PATH`
fn render(site: &Site, output: &Path) -> Command {
    let mut command = icefold();
    command.arg("render").arg(site.out("a.zarr"));
    command.args(["h_mean", "-o"]).arg(output);
    command
}

#[test]
fn a_file_that_icefold_did_not_write_is_never_written_over() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    succeed(&mut site.run("atl03", &one(&good)));
    let thesis = site.path("thesis.json");
    // JSON, and a picture, but of somebody else.
    let png = b"\x89PNG\r\n\x1a\n and more";
    for bytes in [&b"{\"schema_version\": 1}"[..], b"[1, 2]", png, b"text"] {
        std::fs::write(&thesis, bytes).unwrap();
        let mut run = site.run("atl03", &one(&good));
        run.args(["--overwrite", "--report"]).arg(&thesis);
        let says = "thesis.json: a file is there that is no run report of icefold";
        refuse(
            &mut run,
            2,
            &["cannot write the run report ", says, "choose another path"],
        );
        let drawn = site.path("thesis.png");
        std::fs::write(&drawn, bytes).unwrap();
        let says = "thesis.png: a file is there that is no picture of icefold";
        refuse(&mut render(&site, &drawn), 2, &[says]);
        assert_eq!(std::fs::read(&drawn).unwrap(), bytes);
        let mut plan = icefold();
        plan.args(["plan", "atl03"])
            .arg(&good)
            .arg("-o")
            .arg(&thesis);
        refuse(&mut plan, 2, &["is no shard map of icefold"]);
        assert_eq!(std::fs::read(&thesis).unwrap(), bytes);
    }
    // Its own it replaces.
    let [picture, map] = ["map.png", "map.json"].map(|name| site.path(name));
    for _ in 0..2 {
        succeed(&mut render(&site, &picture));
        succeed(&mut site.plan("atl03", &one(&good)));
        succeed(site.run("atl03", &one(&good)).arg("--overwrite"));
    }
    refuse(&mut render(&site, &map), 2, &["pictures are PNG"]);
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
        let mut run = site.run(&config, &[&a, &b]);
        run.args(["--overwrite", "--report"]).arg(&output);
        refuse(&mut run, 2, &["which this run reads; choose another path"]);
        if output.extension().is_some_and(|e| e == "parquet") {
            let mut run = site.run(&config, &[&a, &b]);
            run.args(["--overwrite", "--table"]).arg(&output);
            refuse(
                &mut run,
                2,
                &["cannot write the table ", "which this run reads"],
            );
        }
        let mut plan = icefold();
        plan.arg("plan")
            .arg(&config)
            .args([&a, &b])
            .arg("-o")
            .arg(&output);
        refuse(&mut plan, 2, &["which this run reads"]);
    }
    assert!(before == bytes());
    assert!(site.written().is_empty(), "{:?}", site.written());
}

#[test]
fn one_path_for_two_outputs_and_paths_in_the_store_are_refused() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let twice = site.out("t.parquet");
    let mut run = site.run("atl03", &one(&good));
    run.arg("--table").arg(&twice).arg("--report").arg(&twice);
    refuse(&mut run, 2, &["t.parquet: the run report goes there"]);
    let mut run = site.run("atl03", &one(&good));
    run.arg("--report").arg(site.out("a.zarr/run.json"));
    refuse(
        &mut run,
        2,
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
    let mut run = site.run("atl03", &one(&good));
    let (report, _) = json(run.args(["--json", "--report"]).arg(null), 0);
    succeed(&mut render(&site, null));
    succeed(
        icefold()
            .args(["plan", "atl03"])
            .arg(&good)
            .arg("-o")
            .arg(null),
    );
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
    let mut run = site.run("atl03", &one(&good));
    succeed(run.args(["--overwrite", "--report"]).arg(&pipe));
    let read = reader.wait_with_output().unwrap().stdout;
    let read: serde_json::Value = serde_json::from_slice(&read).unwrap();
    assert_eq!(read["content_sha256"], report["content_sha256"]);
    assert!(std::fs::metadata(&pipe).unwrap().file_type().is_fifo());

    let [link, file, nothing] = ["link.json", "real.json", "nothing.json"].map(|n| site.path(n));
    std::os::unix::fs::symlink("real.json", &link).unwrap();
    let mut run = site.run("atl03", &one(&good));
    run.args(["--overwrite", "--report"]).arg(&link);
    refuse(
        &mut run,
        2,
        &["it is a link to something that does not exist"],
    );
    std::fs::write(&file, "").unwrap();
    succeed(&mut run);
    assert!(link.is_symlink() && std::fs::metadata(&file).unwrap().len() > 100);
    assert!(!nothing.exists());
    // A folder is none of these.
    let mut run = site.run("atl03", &one(&good));
    run.args(["--overwrite", "--report"]).arg(site.path("out"));
    refuse(&mut run, 2, &["cannot write the file", "it is a folder"]);
}

#[test]
fn overwriting_takes_a_store_of_icefold_and_nothing_that_is_more() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let overwrite = |store: &str| {
        let mut run = site.run_to(store, "atl03", &one(&good));
        run.arg("--overwrite");
        run
    };
    // Any document called zarr.json does not make a store.
    let other = site.out("other.zarr");
    for text in ["{}", "{\"zarr_format\": 3, \"node_type\": \"group\"}"] {
        let _ = std::fs::create_dir(&other);
        std::fs::write(other.join("zarr.json"), text).unwrap();
        std::fs::write(other.join("thesis"), "mine").unwrap();
        let says =
            "other.zarr: exists and is not replaced, as it is not only a store of icefold's: it";
        refuse(
            &mut overwrite("other.zarr"),
            1,
            &[says, "choose another path"],
        );
        assert_eq!(std::fs::read(other.join("thesis")).unwrap(), b"mine");
    }
    succeed(&mut site.run("atl03", &one(&good)));
    let foreign: [(&str, PathBuf); 4] = [
        ("notes.txt", site.out("a.zarr/notes.txt")),
        ("11", site.out("a.zarr/11/x")),
        ("extra", site.out("a.zarr/12/extra/zarr.json")),
        ("thesis", site.out("a.zarr/12/count/c/thesis")),
    ];
    for (name, path) in foreign {
        let made = !path.parent().unwrap().exists();
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "mine").unwrap();
        refuse(
            &mut overwrite("a.zarr"),
            1,
            &["a.zarr: exists and is not replaced", name],
        );
        assert_eq!(std::fs::read(&path).unwrap(), b"mine");
        std::fs::remove_file(&path).unwrap();
        if made {
            std::fs::remove_dir(path.parent().unwrap()).unwrap();
        }
    }
    succeed(&mut overwrite("a.zarr"));
    // Not from inside of it.
    let mut inside = icefold();
    inside.current_dir(site.out("a.zarr/12"));
    inside.args(["run", "atl03"]).arg(&good).arg("--overwrite");
    refuse(
        inside.arg("--store").arg(site.out("a.zarr")),
        1,
        &["is the working directory or holds it"],
    );
    assert_eq!(site.written(), ["a.run.json", "a.zarr", "other.zarr"]);
}

#[test]
fn going_on_never_replaces_a_store_that_was_not_to_be_replaced() {
    let site = Site::new();
    site.mapped("atl03");
    succeed(&mut site.run_plan("a.zarr"));
    let before = super::pieces::tree(&site.out("a.zarr"));
    // Pieces of another question, beside a store that ended.
    let other = site.atl03_with("h_variance", "h_var");
    let mut part = site.run_map("b.zarr", &other);
    succeed(part.args(["--shards", "0..1"]));
    let pieces = icefold::piece::Pieces::folder_of;
    std::fs::rename(pieces(&site.out("b.zarr")), pieces(&site.out("a.zarr"))).unwrap();
    let mut on = site.run_map("a.zarr", &other);
    refuse(on.arg("--resume"), 1, &["a.zarr: exists; pass --overwrite"]);
    assert_eq!(super::pieces::tree(&site.out("a.zarr")), before);
}

#[test]
fn an_overwriting_run_that_was_stopped_replaces_the_store_when_it_goes_on() {
    let site = Site::new();
    site.mapped("atl03");
    succeed(&mut site.run_plan("a.zarr"));
    let other = site.atl03_with("h_variance", "h_var");
    succeed(&mut site.run_map("b.zarr", &other));
    let mut run = site.run_map("a.zarr", &other);
    super::documents::stop(&site, run.arg("--overwrite"));
    succeed(site.run_map("a.zarr", &other).arg("--resume"));
    super::assert_same(&site.out("a.zarr"), &site.out("b.zarr"));
    // Nor is it replaced a second time.
    let mut part = site.run_map("c.zarr", "atl03");
    succeed(part.args(["--shards", "0..1"]));
    let pieces = icefold::piece::Pieces::folder_of;
    std::fs::rename(pieces(&site.out("c.zarr")), pieces(&site.out("a.zarr"))).unwrap();
    let mut on = site.run_plan("a.zarr");
    refuse(on.arg("--resume"), 1, &["a.zarr: exists; pass --overwrite"]);
}

#[test]
fn stores_whose_names_differ_behind_a_dot_have_reports_of_their_own() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    for store in ["photons.2018", "photons.2019"] {
        succeed(&mut site.run_to(store, "atl03", &one(&good)));
    }
    let names = [
        "photons.2018",
        "photons.2018.run.json",
        "photons.2019",
        "photons.2019.run.json",
    ];
    assert_eq!(site.written(), names);
    succeed(&mut site.run_to("photons.zarr", "atl03", &one(&good)));
    let mut other = site.run_to("photons", "atl03", &one(&good));
    let says = [
        "photons.run.json is the report of",
        "photons.zarr",
        "choose another --store",
    ];
    refuse(&mut other, 2, &says);
    succeed(other.arg("--report").arg(site.out("mine.json")));
}
