//! Granules that are objects of S3: signed requests, profiles, Earthdata's keys, and faults on the way.

use super::cloud::{report, run, site};
use super::{Site, refuse};
use crate::support::cloud::Server;
use crate::support::site::assert_same;
use crate::support::{stderr, stdout, succeed};

fn urls(bucket: &str, names: &[String]) -> Vec<String> {
    names
        .iter()
        .map(|name| format!("s3://{bucket}/folder/{name}"))
        .collect()
}

fn at(site: &Site, store: &str, server: &Server, urls: &[String]) -> std::process::Command {
    let mut command = run(site, store, urls);
    command
        .env("AWS_ENDPOINT_URL", server.url("").trim_end_matches('/'))
        .env("AWS_ALLOW_HTTP", "true");
    command
        .env("AWS_SHARED_CREDENTIALS_FILE", site.path("credentials"))
        .env("AWS_CONFIG_FILE", "/nowhere");
    command.env("AWS_REGION", "us-west-2");
    command
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn a_store_of_a_bucket_is_that_of_the_files_whoever_asks() {
    let (site, folder, names) = site();
    let s3 = Server::s3(&folder);
    let urls = urls("granules", &names);
    std::fs::write(
        site.path("credentials"),
        "[default]\naws_access_key_id = AKID\naws_secret_access_key = secret-key\n",
    )
    .unwrap();
    let keys = [
        ("AWS_ACCESS_KEY_ID", "AKID"),
        ("AWS_SECRET_ACCESS_KEY", "secret-key"),
    ];
    let output = succeed(at(&site, "keys.zarr", &s3, &urls).envs(keys));
    assert_same(&site.out("files.zarr"), &site.out("keys.zarr"));
    let said = stdout(&output)
        + &stderr(&output)
        + &std::fs::read_to_string(site.out("run.json")).unwrap();
    assert!(
        said.contains("s3://granules/") && !said.contains("secret"),
        "{said}"
    );
    succeed(&mut at(&site, "profile.zarr", &s3, &urls));
    assert_same(&site.out("files.zarr"), &site.out("profile.zarr"));
    succeed(at(&site, "nobody.zarr", &s3, &urls).arg("--anonymous"));
    assert_same(&site.out("files.zarr"), &site.out("nobody.zarr"));
    refuse(
        at(&site, "a.zarr", &s3, &urls).env("AWS_PROFILE", "other"),
        1,
        &["profile other", "has no keys"],
    );
    let absent = ["s3://granules/folder/none.h5".to_owned()];
    refuse(
        at(&site, "a.zarr", &s3, &absent).envs(keys),
        1,
        &["none.h5", "404: there is no such object"],
    );
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn earthdata_gives_keys_for_its_buckets() {
    let (site, folder, names) = site();
    let (s3, login) = (Server::s3(&folder), Server::of(&folder, &["--earthdata"]));
    let urls = urls("nsidc-cumulus-test", &names);
    let mut command = at(&site, "a.zarr", &s3, &urls);
    command.env("EARTHDATA_TOKEN", "secret-token");
    command.env(
        "ICEFOLD_EARTHDATA_S3CREDENTIALS",
        login.url("s3credentials"),
    );
    command.env(
        "ICEFOLD_EARTHDATA_LOGIN",
        format!("http://127.0.0.1:{}", login.ports[1]),
    );
    command.env(
        "ICEFOLD_EARTHDATA_HOSTS",
        format!("127.0.0.1:{}", login.ports[0]),
    );
    succeed(&mut command);
    assert_same(&site.out("files.zarr"), &site.out("a.zarr"));
    let count = login.count();
    // Keys are asked for once.
    assert_eq!(
        (&count["by_name"]["s3credentials"], &count["leaked"]),
        (&1.into(), &serde_json::json!([]))
    );
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn faults_between_here_and_s3_change_no_byte() {
    let (site, folder, names) = site();
    let s3 = Server::s3(&folder);
    let behind = s3.ports[0].to_string();
    let proxy = Server::of(&folder, &["--behind", &behind, "--faults", "5:0.5:1000"]);
    let keys = [
        ("AWS_ACCESS_KEY_ID", "AKID"),
        ("AWS_SECRET_ACCESS_KEY", "secret-key"),
    ];
    succeed(at(&site, "a.zarr", &proxy, &urls("granules", &names)).envs(keys));
    assert_same(&site.out("files.zarr"), &site.out("a.zarr"));
    let (count, report) = (proxy.count(), report(&site));
    assert!(count["faults"].as_u64().unwrap() > 4, "{count}");
    assert_eq!(report["network"]["retries"], count["faults"]);
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn an_index_of_a_bucket_spares_its_structure() {
    let (site, folder, names) = site();
    let s3 = Server::s3(&folder);
    let urls = urls("granules", &names);
    std::fs::write(site.path("credentials"), "").unwrap();
    let keys = [
        ("AWS_ACCESS_KEY_ID", "AKID"),
        ("AWS_SECRET_ACCESS_KEY", "secret-key"),
    ];
    succeed(at(&site, "plain.zarr", &s3, &urls).envs(keys));
    let received = |site: &Site| report(site)["network"]["bytes_received"].as_u64().unwrap();
    let plain = received(&site);
    let index = site.path("index.parquet");
    // The same settings of who asks, for another verb.
    let known = at(&site, "unused.zarr", &s3, &[]);
    let mut indexing = crate::support::icefold();
    for (name, value) in known.get_envs() {
        match value {
            Some(value) => indexing.env(name, value),
            None => indexing.env_remove(name),
        };
    }
    indexing.arg("index").args(&urls).arg("-o").arg(&index);
    succeed(indexing.envs(keys));
    let text = String::from_utf8_lossy(&std::fs::read(&index).unwrap()).into_owned();
    assert!(text.contains("s3://granules/") && !text.contains("secret-key"));
    let mut with = at(&site, "known.zarr", &s3, &[]);
    succeed(with.arg("--index").arg(&index).envs(keys));
    assert_same(&site.out("files.zarr"), &site.out("known.zarr"));
    assert!(received(&site) < plain, "{} of {plain}", received(&site));
    assert_eq!(report(&site)["index"]["known"], 2);
}
