//! Stores that are made of objects: the bytes of those in folders, whole or not there, read back and replaced.

use std::path::PathBuf;
use std::process::Command;

use super::cloud::site;
use super::{Site, json, refuse};
use crate::support::cloud::Server;
use crate::support::site::{assert_same, tree};
use crate::support::{icefold, python, stderr, stdout, succeed};

/// A site whose granules are files, and S3 to write to.
pub struct Bucket {
    pub site: Site,
    pub granules: Vec<PathBuf>,
    pub s3: Server,
}

impl Bucket {
    pub fn new() -> Self {
        let (site, folder, names) = site();
        let granules = names.iter().map(|name| folder.join(name)).collect();
        let s3 = Server::s3(&site.folder("nothing"));
        Self { site, granules, s3 }
    }

    /// A command that knows where the bucket is, through this server.
    pub fn through(&self, server: &Server, args: &[&str]) -> Command {
        let mut command = icefold();
        command.args(args);
        for name in ["EARTHDATA_TOKEN", "AWS_PROFILE", "ICEFOLD_SCRATCH"] {
            command.env_remove(name);
        }
        command
            .env("AWS_ENDPOINT_URL", server.url("").trim_end_matches('/'))
            .env("AWS_REGION", "us-west-2")
            .env("AWS_ACCESS_KEY_ID", "AKID")
            .env("AWS_SECRET_ACCESS_KEY", "secret-key")
            .env("AWS_CONFIG_FILE", "/nowhere")
            .env("no_proxy", "127.0.0.1")
            .env("TMPDIR", self.site.folder("desk"));
        command
    }

    pub fn at(&self, args: &[&str]) -> Command {
        self.through(&self.s3, args)
    }

    /// A run over the granules into a store of the bucket.
    pub fn run(&self, server: &Server, store: &str, more: &[&str]) -> Command {
        let mut command = self.through(server, &["run", "atl03"]);
        command.args(&self.granules);
        command.args(["--threads", "2", "--device", "cpu", "--store", store]);
        command.args(more);
        command
    }

    /// What `tree.py` does.
    pub fn tree(&self, args: &[&str]) -> Vec<String> {
        let mut command = python();
        let port = self.s3.ports[0].to_string();
        command.args(["tests/support/cloud/tree.py", &port, "granules"]);
        let output = stdout(&succeed(command.args(args)));
        output
            .lines()
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// The objects below a name, brought into a folder.
    pub fn fetched(&self, name: &str) -> PathBuf {
        let folder = self.site.path("fetched");
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).unwrap();
        self.tree(&["fetch", name, folder.to_str().unwrap()]);
        folder
    }

    /// That a store of the bucket has the files of the one in a folder, byte by byte, and nothing is left beside it.
    #[track_caller]
    pub fn assert_is(&self, name: &str, folder: &str) {
        self.assert_has(name, folder);
        assert!(self.hidden().is_empty(), "{:?}", self.hidden());
        assert!(self.desk().is_empty(), "{:?}", self.desk());
    }

    /// The same, whatever is beside it.
    #[track_caller]
    pub fn assert_has(&self, name: &str, folder: &str) {
        let (found, wanted) = (
            tree(&self.fetched(&format!("{name}/"))),
            tree(&self.site.out(folder)),
        );
        assert_eq!(
            found.keys().collect::<Vec<_>>(),
            wanted.keys().collect::<Vec<_>>()
        );
        assert!(found == wanted, "bytes differ");
    }

    /// Claims that are there.
    pub fn hidden(&self) -> Vec<String> {
        let all = self.tree(&["list", ""]);
        all.into_iter()
            .filter(|key| key.contains(".claim"))
            .collect()
    }

    /// Desks that are there.
    pub fn desk(&self) -> Vec<String> {
        let names = crate::support::site::names(&self.site.path("desk"));
        names
            .into_iter()
            .filter(|name| name.starts_with("icefold-"))
            .collect()
    }
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn a_store_of_objects_has_the_bytes_of_one_in_a_folder() {
    let bucket = Bucket::new();
    let url = "s3://granules/out/a.zarr";
    let table = "s3://granules/tables/a.parquet";
    let output = succeed(&mut bucket.run(&bucket.s3, url, &["--table", table]));
    bucket.assert_is("out/a.zarr", "files.zarr");
    let all = bucket.tree(&["list", ""]);
    let beside: Vec<&String> = all.iter().filter(|key| !key.contains("a.zarr/")).collect();
    assert_eq!(beside, ["out/a.run.json", "tables/a.parquet"]);
    let report = bucket.tree(&["text", "out/a.run.json"]).join("\n");
    let said: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(
        (&said["store"], &said["table"]),
        (&url.into(), &table.into())
    );
    let said = stdout(&output) + &stderr(&output) + &report;
    assert!(said.starts_with("s3://granules/out/a.zarr\n"), "{said}");
    assert!(
        !said.contains("secret-key") && !said.contains("desk/icefold-"),
        "{said}"
    );

    // Read back, by icefold and by others.
    let local = bucket.site.out("files.zarr");
    let found = succeed(&mut bucket.at(&["inspect", url]));
    let here = succeed(icefold().arg("inspect").arg(&local));
    let name = |text: String, name: &str| text.replace(name, "STORE");
    assert_eq!(
        name(stdout(&found), url),
        name(stdout(&here), local.to_str().unwrap())
    );
    let cited = succeed(&mut bucket.at(&["cite", url]));
    assert_eq!(
        stdout(&cited),
        stdout(&succeed(icefold().arg("cite").arg(&local)))
    );
    succeed(&mut bucket.at(&["verify", url, local.to_str().unwrap()]));
    let inspected = succeed(&mut bucket.at(&["inspect", "s3://granules/out/a.run.json"]));
    assert!(stdout(&inspected).contains(url), "{}", stdout(&inspected));
    refuse(
        &mut bucket.at(&["inspect", "s3://granules/out/b.zarr"]),
        2,
        &["s3://granules/out/b.zarr", "nothing of this name"],
    );
    // xarray opens it where it is, from any web server that has its objects.
    bucket.tree(&["public", "out/"]);
    let code = "import sys, xarray; ds = xarray.open_zarr(sys.argv[1]); print(int(ds['count'].sum()), ds.sizes)";
    let opened = |store: &str| {
        let mut opened = python();
        stdout(&succeed(
            opened
                .args(["-c", code, store])
                .env("no_proxy", "127.0.0.1"),
        ))
    };
    let far = opened(&bucket.s3.url("granules/out/a.zarr"));
    assert_eq!(far, opened(local.to_str().unwrap()));
    assert!(bucket.desk().is_empty());
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn a_store_that_is_there_is_told_refused_or_replaced() {
    let bucket = Bucket::new();
    let url = "s3://granules/a.zarr";
    let coarse = bucket.site.out("coarse.zarr");
    let mut folder = icefold();
    folder
        .args(["run", "atl03", "--order", "9"])
        .args(&bucket.granules);
    succeed(folder.args(["--device", "cpu", "--store"]).arg(&coarse));
    succeed(&mut bucket.run(&bucket.s3, url, &["--order", "9"]));
    bucket.assert_is("a.zarr", "coarse.zarr");
    let again = ["--order", "9", "--resume"];
    let output = succeed(&mut bucket.run(&bucket.s3, url, &again));
    assert_eq!(stdout(&output), "s3://granules/a.zarr\n");
    assert!(
        stderr(&output).contains("s3://granules/a.zarr"),
        "{}",
        stderr(&output)
    );
    bucket.assert_is("a.zarr", "coarse.zarr");

    for (more, says) in [
        (
            &[][..],
            &["store s3://granules/a.zarr", "exists", "--overwrite"][..],
        ),
        (
            &["--resume"],
            &["exists, and is not the store", "--overwrite"],
        ),
    ] {
        refuse(&mut bucket.run(&bucket.s3, url, more), 1, says);
        bucket.assert_is("a.zarr", "coarse.zarr");
    }
    succeed(&mut bucket.run(&bucket.s3, url, &["--overwrite"]));
    bucket.assert_is("a.zarr", "files.zarr");

    // What is not only a store of icefold's stays, and so does what is none.
    bucket.tree(&["put", "a.zarr/notes.txt", "mine"]);
    refuse(
        &mut bucket.run(&bucket.s3, url, &["--overwrite"]),
        1,
        &["s3://granules/a.zarr/notes.txt", "does not write"],
    );
    bucket.tree(&["put", "b.zarr/notes.txt", "mine"]);
    for more in [&[][..], &["--overwrite"]] {
        let other = "s3://granules/b.zarr";
        refuse(
            &mut bucket.run(&bucket.s3, other, more),
            1,
            &["1 objects are there that are no store", "b.zarr/notes.txt"],
        );
    }
    assert!(bucket.hidden().is_empty());
    let cleaned = succeed(&mut bucket.at(&["clean", "s3://granules/b.zarr"]));
    assert!(
        stdout(&cleaned).contains("left alone"),
        "{}",
        stdout(&cleaned)
    );
    assert_eq!(bucket.tree(&["list", "b.zarr"]), ["b.zarr/notes.txt"]);
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn maps_and_pieces_may_be_objects() {
    let bucket = Bucket::new();
    let (map, url) = ("s3://granules/map.json", "s3://granules/a.zarr");
    let mut plan = bucket.at(&["plan", "atl03"]);
    succeed(plan.args(&bucket.granules).args(["-o", map]));
    let (inspected, _) = json(&mut bucket.at(&["inspect", map, "--json"]), 0);
    let shards = inspected["shards"].as_array().unwrap().len();
    assert!(shards > 2, "{shards}");
    let root = bucket.site.path("granules");
    let part = |from: usize, to: usize, desk: &str| {
        let mut command = bucket.at(&["run", "atl03", "--plan", map, "--store", url, "--resume"]);
        command
            .args(["--device", "cpu", "--threads", "1", "--granule-root"])
            .arg(&root);
        command.args(["--shards", &format!("{from}..{to}")]);
        // Each as on a machine of its own.
        command.env("TMPDIR", bucket.site.folder(desk));
        command
    };
    let half = shards / 2;
    let mut first = part(0, half, "one")
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    succeed(&mut part(half, shards, "two"));
    assert!(first.wait().unwrap().success());
    let again = succeed(&mut part(0, half, "three"));
    assert!(
        stdout(&again).contains("pieces were done before"),
        "{}",
        stdout(&again)
    );
    let (pieces, _) = json(
        &mut bucket.at(&["inspect", "s3://granules/a.zarr.pieces", "--json"]),
        0,
    );
    assert_eq!(pieces["done"].as_u64(), Some(shards as u64), "{pieces}");
    let keys = bucket.tree(&["list", ""]);
    assert!(
        !keys.iter().any(|key| key.ends_with("a.zarr/zarr.json")),
        "{keys:?}"
    );

    succeed(&mut bucket.at(&["finalize", url, "--keep-pieces"]));
    bucket.assert_is("a.zarr", "files.zarr");
    let again = succeed(&mut bucket.at(&["finalize", url]));
    assert_eq!(stdout(&again), "s3://granules/a.zarr\n");
    // Of a task that comes late all is done.
    succeed(&mut part(0, half, "four"));
    succeed(&mut bucket.at(&["finalize", url, "--overwrite"]));
    bucket.assert_is("a.zarr", "files.zarr");
    let keys = bucket.tree(&["list", "a.zarr.pieces"]);
    assert!(keys.is_empty(), "{keys:?}");
    let late = succeed(&mut part(0, half, "five"));
    assert_eq!(stdout(&late), "s3://granules/a.zarr\n");
    refuse(
        &mut bucket.at(&["finalize", "s3://granules/b.zarr"]),
        1,
        &["s3://granules/b.zarr.pieces", "there are none"],
    );

    // Over the whole map at once.
    let mut whole = bucket.at(&["run", "atl03", "--plan", map, "--granule-root"]);
    whole
        .arg(&root)
        .args(["--device", "cpu", "--store", "s3://granules/c.zarr"]);
    succeed(&mut whole);
    bucket.assert_is("c.zarr", "files.zarr");
    assert!(bucket.tree(&["list", "c.zarr.pieces"]).is_empty());
    assert_same(&bucket.fetched("c.zarr/"), &bucket.site.out("files.zarr"));

    // What is no piece is never taken away with them.
    bucket.tree(&["put", "c.zarr.pieces/thesis.txt", "mine"]);
    refuse(
        whole.arg("--overwrite"),
        1,
        &["s3://granules/c.zarr.pieces", "thesis.txt", "is no piece"],
    );
    assert_eq!(bucket.tree(&["list", "c.zarr.pieces"]).len(), 1);
    assert_same(&bucket.fetched("c.zarr/"), &bucket.site.out("files.zarr"));
}

#[test]
fn what_is_only_read_is_refused_by_name() {
    let site = Site::new();
    let run = |store: &str, more: &[&str]| {
        let mut command = icefold();
        command
            .args(["run", "atl03", "a.h5", "--store", store])
            .args(more);
        command.current_dir(site.root());
        command
    };
    for (store, more, says) in [
        (
            "https://host/a.zarr",
            &[][..],
            &["--store https://host/a.zarr", "only read", "s3://"][..],
        ),
        (
            "gs://bucket/a.zarr",
            &[],
            &[
                "--store gs://bucket/a.zarr",
                "gs:// is not written",
                "only read",
                "s3://",
            ],
        ),
        (
            "ABFS://c@account.dfs.core.windows.net/a.zarr",
            &[],
            &["ABFS:// is not written", "only read"],
        ),
        (
            "s3://bucket/a.zarr",
            &["--table", "az://c/a.parquet"],
            &["--table az://c/a.parquet", "only read"],
        ),
        ("ftp://host/a.zarr", &[], &["ftp:// is not written"]),
        (
            "s3://bucket",
            &[],
            &["s3://bucket", "both a bucket and a name"],
        ),
        (
            "s3://bucket/a.zarr?X-Amz-Signature=secret",
            &[],
            &["no query"],
        ),
        (
            "s3://bucket/a.zarr",
            &["--geotiff", "s3://bucket/tif"],
            &["--geotiff"],
        ),
        (
            "a.zarr",
            &["--table", "s3://bucket/a.parquet"],
            &["a.parquet", "is a folder"],
        ),
        (
            "a.zarr",
            &["--report", "s3://bucket/run.json"],
            &["run.json", "is a folder"],
        ),
    ] {
        let said = refuse(&mut run(store, more), 2, says);
        assert!(!said.contains("secret"), "{said}");
    }
    assert!(site.written().is_empty());
}
