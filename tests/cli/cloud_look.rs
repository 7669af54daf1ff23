//! Looking at stores that are objects: what is made of them is what is made of the same store in a folder.

use super::cloud_put::Bucket;
use super::refuse;
use crate::support::{icefold, succeed};

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn a_store_of_objects_is_drawn_viewed_and_exported_as_one_in_a_folder() {
    let bucket = Bucket::new();
    let url = "s3://granules/out/files.zarr";
    succeed(&mut bucket.run(&bucket.s3, url, &[]));
    let local = bucket.site.out("files.zarr");
    let local = local.to_str().unwrap();
    for (verb, name, more) in [
        ("render", "map.png", &["h_mean"][..]),
        ("view", "page.html", &[]),
        ("export", "cells.csv", &["h_mean", "count"]),
        ("export", "cells.parquet", &[]),
    ] {
        let made = |store: &str, folder: &str| {
            let output = bucket.site.folder(folder).join(name);
            let output = output.to_str().unwrap().to_owned();
            let mut arguments = vec![verb, store];
            arguments.extend(more);
            arguments.extend(["-o", &output]);
            let far = store.starts_with("s3");
            let mut command = if far {
                bucket.at(&arguments)
            } else {
                icefold()
            };
            if !far {
                command.args(&arguments);
            }
            let said = succeed(&mut command);
            assert!(!said.stdout.is_empty());
            std::fs::read(output).unwrap()
        };
        assert!(made(url, "far") == made(local, "near"), "{verb} {name}");
    }
    // The same twice is two looks, which are not in each other's way.
    succeed(&mut bucket.at(&["verify", url, url]));
    assert!(bucket.desk().is_empty(), "{:?}", bucket.desk());
}

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "needs Python")]
fn what_is_wrong_with_a_store_of_objects_is_said_by_its_url() {
    let bucket = Bucket::new();
    let url = "s3://granules/out/a.zarr";
    succeed(&mut bucket.run(&bucket.s3, url, &[]));
    let output = bucket.site.path("map.png");
    let output = output.to_str().unwrap();
    let said = refuse(
        &mut bucket.at(&["render", url, "no_such_array", "-o", output]),
        1,
        &[url, "no_such_array"],
    );
    assert!(!said.contains("desk/icefold-"), "{said}");
    let gone = "s3://granules/out/b.zarr";
    for arguments in [
        &["render", gone, "h_mean", "-o", output][..],
        &["view", gone, "-o", "page.html"],
        &["export", gone, "-o", "cells.csv"],
    ] {
        refuse(
            &mut bucket.at(arguments),
            2,
            &[gone, "nothing of this name"],
        );
    }
    assert!(!std::path::Path::new(output).exists());
    assert!(bucket.desk().is_empty(), "{:?}", bucket.desk());
}
