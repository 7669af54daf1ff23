//! The recipes of `docs/PLATFORM.md`, run as they stand there.
#![cfg(unix)]

use std::process::{Command, Stdio};

use super::Site;
use super::granules::paths;
use crate::support::site::tree;
use crate::support::succeed;

/// The code after a mark in the page.
fn recipe(name: &str) -> String {
    let page = include_str!("../../docs/PLATFORM.md");
    let mark = format!("<!-- test: {name} -->\n```");
    let (_, rest) = page.split_once(&mark).expect("the page has the recipe");
    let (_, code) = rest.split_once('\n').expect("a language stands there");
    code.split_once("\n```")
        .expect("the code ends")
        .0
        .to_owned()
}

/// A shell or a Python that finds the program and the map.
fn at(site: &Site, mut command: Command) -> Command {
    let programs = std::path::Path::new(env!("CARGO_BIN_EXE_icefold"));
    let mut path = programs
        .parent()
        .expect("a folder of programs")
        .as_os_str()
        .to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    command.env("PATH", path).current_dir(site.path(""));
    command
}

fn assert_recipe_made_the_store(site: &Site, granules: &[std::path::PathBuf; 3]) {
    succeed(&mut site.run("atl03", &paths(granules)));
    assert_eq!(tree(&site.out("a.zarr")), tree(&site.path("out.zarr")));
    assert!(!site.path("out.zarr.pieces").exists());
}

#[test]
fn tasks_of_a_job_array_make_the_store() {
    let site = Site::new();
    let (granules, _) = site.mapped("atl03");
    let script = recipe("slurm");
    assert!(script.contains("--shards \"$from..$to\""), "{script}");
    let task = |id: u32| {
        let mut task = at(&site, Command::new("bash"));
        task.args(["-c", &script]).stdout(Stdio::null());
        task.env("SLURM_ARRAY_TASK_ID", id.to_string());
        task.env("SLURM_ARRAY_TASK_COUNT", "4");
        task
    };
    // All at the same time; then one again, as a requeue does.
    let running: Vec<_> = (0..4).map(|id| task(id).spawn().unwrap()).collect();
    for mut child in running {
        assert!(child.wait().unwrap().success());
    }
    succeed(&mut task(2));
    succeed(at(&site, Command::new("icefold")).args(["finalize", "out.zarr"]));
    assert_recipe_made_the_store(&site, &granules);
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python")]
fn workers_of_dask_make_the_store() {
    let site = Site::new();
    let (granules, _) = site.mapped("atl03");
    let script = site.path("recipe.py");
    std::fs::write(&script, recipe("dask")).unwrap();
    let mut dask = at(&site, crate::support::python());
    succeed(dask.arg(&script));
    assert_recipe_made_the_store(&site, &granules);
}
