//! Targets that cannot or must not be written.

use super::granules::one;
use super::{Site, names, refuse};
use crate::support::{icefold, succeed};

#[test]
fn a_store_that_exists_is_replaced_only_when_asked() {
    let site = Site::new();
    let (a, b) = (site.good("a.h5", -45.0), site.good("b.h5", -30.0));
    succeed(&mut site.run("atl03", &one(&a)));
    let before = succeed(
        icefold()
            .args(["inspect", "--json"])
            .arg(site.out("a.zarr")),
    );
    let says = ["store ", "a.zarr: exists; pass --overwrite to replace it"];
    refuse(&mut site.run("atl03", &one(&b)), 1, &says);
    let after = succeed(
        icefold()
            .args(["inspect", "--json"])
            .arg(site.out("a.zarr")),
    );
    assert_eq!(before.stdout, after.stdout);

    succeed(site.run("atl03", &one(&b)).arg("--overwrite"));
    succeed(&mut site.run_to("b.zarr", "atl03", &one(&b)));
    super::assert_same(&site.out("a.zarr"), &site.out("b.zarr"));
    let written = ["a.run.json", "a.zarr", "b.run.json", "b.zarr"];
    assert_eq!(site.written(), written);
}

#[test]
fn a_failed_overwrite_keeps_the_old_store() {
    let site = Site::new();
    let (a, b) = (site.good("a.h5", -45.0), site.wrong_length("b.h5"));
    succeed(&mut site.run("atl03", &one(&a)));
    refuse(site.run("atl03", &one(&b)).arg("--overwrite"), 1, &["b.h5"]);
    succeed(&mut site.run_to("again.zarr", "atl03", &one(&a)));
    super::assert_same(&site.out("a.zarr"), &site.out("again.zarr"));
}

#[test]
fn what_is_not_a_store_is_never_replaced() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    std::fs::write(site.out("a.zarr"), "thesis").unwrap();
    let mut command = site.run("atl03", &one(&good));
    refuse(
        command.arg("--overwrite"),
        1,
        &["a.zarr: exists and is a file", "another path"],
    );
    std::fs::create_dir(site.out("b.zarr")).unwrap();
    std::fs::write(site.out("b.zarr").join("thesis"), "text").unwrap();
    let mut command = site.run_to("b.zarr", "atl03", &one(&good));
    refuse(
        command.arg("--overwrite"),
        1,
        &["b.zarr: exists and is not a zarr store"],
    );
    assert_eq!(std::fs::read(site.out("a.zarr")).unwrap(), b"thesis");
    assert_eq!(names(&site.out("b.zarr")), ["thesis"]);
    assert_eq!(site.written(), ["a.zarr", "b.zarr"]);
}

#[test]
fn a_target_where_nothing_can_be_created_is_refused_at_once() {
    let site = Site::new();
    // A granule that could not be read shows that the target is checked first.
    let text = site.text("text.h5");
    std::fs::write(site.path("file"), "").unwrap();
    for target in ["file/a.zarr", "/proc/a.zarr"] {
        let mut command = icefold();
        command.args(["run", "atl03"]).arg(&text);
        command.arg("--store").arg(site.path(target));
        refuse(&mut command, 1, &["cannot "]);
    }
    let mut command = site.run("atl03", &one(&text));
    command.arg("--report").arg(site.path("out"));
    refuse(
        &mut command,
        2,
        &["cannot write the file", "it is a folder"],
    );
    assert!(site.written().is_empty());
}

#[test]
#[cfg(unix)]
fn a_folder_without_write_permission_is_refused() {
    use std::os::unix::fs::PermissionsExt;

    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let locked = site.path("out");
    let allow = |mode| std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(mode));
    allow(0o555).unwrap();
    // The superuser may write anyway: then there is nothing to see.
    if std::fs::write(locked.join("probe"), "").is_err() {
        let says = [
            "store ",
            "cannot create a folder in ",
            "ermission denied",
            "choose a path",
        ];
        refuse(&mut site.run("atl03", &one(&good)), 1, &says);
    }
    allow(0o755).unwrap();
}

#[test]
fn a_folder_where_pieces_would_go_is_not_touched_if_it_is_none_of_pieces() {
    let site = Site::new();
    site.mapped("atl03");
    let folder = icefold::piece::Pieces::folder_of(&site.out("a.zarr"));
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("thesis.txt"), "mine").unwrap();
    for more in [&[][..], &["--overwrite"], &["--resume"]] {
        refuse(
            site.run_plan("a.zarr").args(more),
            1,
            &["the folder holds thesis.txt, which is no piece"],
        );
        assert_eq!(std::fs::read(folder.join("thesis.txt")).unwrap(), b"mine");
    }
}
