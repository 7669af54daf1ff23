//! Joins over shard maps of icefold's: what is joined is read where the map says that it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use icefold::error::Kind;
use icefold::{Granules, MakeMap, Mapped, Run, config};
use serde_json::{Value, json};

use super::from_code::{done, refused};
use super::joins::{ALL, pipeline, run, tracks};
use crate::support::cloud::Server;
use crate::support::site::{Site, assert_same};
use crate::support::{icefold, succeed};

/// The photons in one folder, what is joined to them in another.
fn apart(site: &Site) -> [PathBuf; 3] {
    let (photons, others) = (site.folder("photons"), site.folder("others"));
    let mut granules = site.pass(&tracks());
    for (granule, folder) in granules.iter_mut().zip([&photons, &others, &others]) {
        let moved = folder.join(granule.file_name().unwrap());
        fs::rename(&*granule, &moved).unwrap();
        *granule = moved;
    }
    granules
}

fn mapped(config: &Path, site: &Site, by: Mapped) -> Run<'static> {
    let config = config::load(config.to_str().unwrap()).unwrap();
    Run::new(config, by).into_store(site.out("b.zarr"))
}

#[test]
fn files_of_another_folder_are_joined_where_the_map_names_them() {
    let site = Site::new();
    let granules = apart(&site);
    let config = pipeline(&site, "", ALL);
    let (direct, _) = done(run(&config, &granules, &site));
    let of = config::load(config.to_str().unwrap()).unwrap();
    let map = site.path("map.json");
    done(MakeMap::new(of, Granules::named(&granules), &map));
    let over = |by: Mapped| mapped(&config, &site, by).overwrite(true);
    let (report, said) = done(over(Mapped::by(&map)));
    assert_eq!(report["content_sha256"], direct["content_sha256"]);
    assert_eq!((&report["plan"]["unused"], &*said), (&json!([]), ""));
    assert_same(&site.out("a.zarr"), &site.out("b.zarr"));
    // Paths count with a folder of granules, too; a file of the name in it is taken before them.
    let root = site.folder("photons");
    let (report, _) = done(over(Mapped::by(&map).in_folder(&root)));
    assert_eq!(report["content_sha256"], direct["content_sha256"]);
    fs::write(root.join(granules[1].file_name().unwrap()), "no HDF5").unwrap();
    let error = over(Mapped::by(&map).in_folder(&root))
        .execute()
        .unwrap_err();
    assert!(error.to_string().contains("ATL08"), "{error}");
    fs::remove_file(root.join(granules[1].file_name().unwrap())).unwrap();
    // Another's map names nothing that is read.
    site.change_map(|map| map["metadata"]["source"] = json!("another"));
    let missing = ["joins ATL08, and there is no ATL08 of release 006 of its pass"];
    refused(over(Mapped::by(&map)).execute(), Kind::Argument, &missing);
    site.change_map(|map| map["metadata"]["source"] = json!("icefold"));
    fs::remove_file(&granules[1]).unwrap();
    refused(over(Mapped::by(&map)).execute(), Kind::Argument, &missing);
}

/// Keeps what a machine is set up with out of it.
fn alone(command: &mut Command) -> &mut Command {
    for name in ["EARTHDATA_TOKEN", "AWS_PROFILE"] {
        command.env_remove(name);
    }
    command
        .env("NETRC", "/nowhere")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
        .env("AWS_CONFIG_FILE", "/nowhere")
        .env("AWS_ACCESS_KEY_ID", "AKID")
        .env("AWS_SECRET_ACCESS_KEY", "secret-key")
        .env("AWS_REGION", "us-west-2")
        .env("AWS_ALLOW_HTTP", "true")
        .env("no_proxy", "127.0.0.1")
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn objects_are_joined_where_the_map_names_them() {
    let site = Site::new();
    let folder = site.folder("granules");
    let granules = site.pass(&tracks()).map(|granule| {
        let moved = folder.join(granule.file_name().unwrap());
        fs::rename(&granule, &moved).unwrap();
        moved
    });
    let config = pipeline(&site, "", ALL);
    done(run(&config, &granules, &site));
    let names = granules.each_ref().map(|granule| {
        let name = granule.file_name().unwrap();
        name.to_str().unwrap().to_owned()
    });
    let (web, s3) = (Server::of(&folder, &[]), Server::s3(&folder));
    let endpoint = s3.url("");
    let places = [
        ("https", names.each_ref().map(|name| web.url(name))),
        (
            "s3",
            names
                .each_ref()
                .map(|name| format!("s3://granules/folder/{name}")),
        ),
    ];
    for (key, urls) in places {
        let map = site.path(&format!("{key}.json"));
        let mut plan = icefold();
        plan.env("AWS_ENDPOINT_URL", endpoint.trim_end_matches('/'));
        plan.arg("plan")
            .arg(&config)
            .args(&urls)
            .arg("-o")
            .arg(&map);
        succeed(alone(&mut plan));
        let said: Value = serde_json::from_slice(&fs::read(&map).unwrap()).unwrap();
        let assets = &said["granules"][0][0]["assets"];
        assert_eq!(assets["ATL08"][key], *urls[1]);
        let store = site.out(&format!("{key}.zarr"));
        let mut over = icefold();
        over.env("AWS_ENDPOINT_URL", endpoint.trim_end_matches('/'));
        over.arg("run")
            .arg(&config)
            .args(["--device", "cpu", "--plan"]);
        over.arg(&map).arg("--store").arg(&store);
        succeed(alone(&mut over));
        assert_same(&site.out("a.zarr"), &store);
    }
}
