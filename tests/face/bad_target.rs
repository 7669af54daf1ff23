//! Targets that cannot or must not be written.

use icefold::error::Kind;

use super::from_code::{done, looked, refused};
use crate::support::granules::one;
use crate::support::site::{Site, assert_same, names};

#[test]
fn a_store_that_exists_is_replaced_only_when_asked() {
    let site = Site::new();
    let (a, b) = (site.good("a.h5", -45.0), site.good("b.h5", -30.0));
    done(site.code("atl03", &one(&a)));
    let before = looked(site.out("a.zarr"));
    let says = ["store ", "a.zarr: exists; set overwrite to replace it"];
    refused(site.code("atl03", &one(&b)).execute(), Kind::Store, &says);
    assert_eq!(looked(site.out("a.zarr")), before);

    done(site.code("atl03", &one(&b)).overwrite(true));
    done(site.code_to("b.zarr", "atl03", &one(&b)));
    assert_same(&site.out("a.zarr"), &site.out("b.zarr"));
    let written = ["a.run.json", "a.zarr", "b.run.json", "b.zarr"];
    assert_eq!(site.written(), written);
}

#[test]
fn a_failed_overwrite_keeps_the_old_store() {
    let site = Site::new();
    let (a, b) = (site.good("a.h5", -45.0), site.wrong_length("b.h5"));
    done(site.code("atl03", &one(&a)));
    refused(
        site.code("atl03", &one(&b)).overwrite(true).execute(),
        Kind::Granule,
        &["b.h5"],
    );
    done(site.code_to("again.zarr", "atl03", &one(&a)));
    assert_same(&site.out("a.zarr"), &site.out("again.zarr"));
}

#[test]
fn what_is_not_a_store_is_never_replaced() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    std::fs::write(site.out("a.zarr"), "thesis").unwrap();
    let command = site.code("atl03", &one(&good));
    refused(
        command.overwrite(true).execute(),
        Kind::Store,
        &["a.zarr: exists and is a file", "another path"],
    );
    std::fs::create_dir(site.out("b.zarr")).unwrap();
    std::fs::write(site.out("b.zarr").join("thesis"), "text").unwrap();
    let command = site.code_to("b.zarr", "atl03", &one(&good));
    refused(
        command.overwrite(true).execute(),
        Kind::Store,
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
        let run = site
            .code("atl03", &one(&text))
            .into_store(site.path(target));
        refused(run.execute(), Kind::Io, &["cannot "]);
    }
    let run = site.code("atl03", &one(&text)).report(site.path("out"));
    refused(
        run.execute(),
        Kind::Argument,
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
        refused(
            site.code("atl03", &one(&good)).execute(),
            Kind::Granule,
            &says,
        );
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
    let run = || site.over("a.zarr");
    for run in [run(), run().overwrite(true), run().resume(true)] {
        refused(
            run.execute(),
            Kind::Pieces,
            &["the folder holds thesis.txt, which is no piece"],
        );
        assert_eq!(std::fs::read(folder.join("thesis.txt")).unwrap(), b"mine");
    }
}
