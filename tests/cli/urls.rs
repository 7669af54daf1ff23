//! URLs where paths are wanted: refused with the flag or key, and nothing is written.

use super::granules::one;
use super::{Site, names, refuse};
use crate::support::{icefold, succeed};

/// Command lines, and what is said of them.
const REFUSED: [(&str, &str); 13] = [
    (
        "run atl03 a.h5 --store https://b/a.zarr",
        "--store https://b/a.zarr: https:// is not written; a web server is only read",
    ),
    (
        "run atl03 a.h5 --store a.zarr --table ftp://b/a.parquet",
        "--table ftp://",
    ),
    (
        "run atl03 a.h5 --store a.zarr --report https://b/a.json",
        "--report https://",
    ),
    (
        "run atl03 ftp://me:secret@host/a.h5 --store a.zarr",
        "granule ftp://host/a.h5: ftp:// is not read",
    ),
    (
        "run points.yaml a.csv --store file:///a.zarr",
        "write the path without file://",
    ),
    ("run s3://b/a.yaml a.h5 --store a.zarr", "config s3://"),
    (
        "run atl03 --plan https://b/m.json --store a.zarr",
        "--plan https://",
    ),
    (
        "run atl03 --plan m.json --granule-root s3://b --store a.zarr",
        "--granule-root s3://",
    ),
    ("plan atl03 a.h5 -o https://b/m.json", "--output https://"),
    ("finalize https://b/a.zarr", "https://"),
    ("inspect ftp://b/a.h5", "ftp://b/a.h5"),
    ("render a.zarr h_mean -o s3://b/m.png", "--output s3://"),
    ("verify a.zarr https://b/b.zarr", "https://b/b.zarr"),
];

#[test]
fn a_url_is_no_target_and_no_granule() {
    let site = Site::new();
    let good = site.good("a.h5", -45.0);
    let here = names(site.root());
    let run = |arguments: &[&str]| {
        let mut command = icefold();
        command.current_dir(site.root()).args(arguments);
        command
    };
    for (arguments, says) in REFUSED {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        refuse(&mut run(&arguments), 2, &[says]);
    }
    let mut by_environment = run(&["run", "atl03", "a.h5"]);
    by_environment.env("ICEFOLD_STORE", "https://b/a.zarr");
    refuse(&mut by_environment, 2, &["--store https://"]);
    assert_eq!(names(site.root()), here);

    // In a config, where it is what is used.
    let config = site.atl03_with("output:", "store: https://b/a.zarr\noutput:");
    let mut command = icefold();
    command.arg("run").arg(&config).arg(&good);
    refuse(
        &mut command,
        2,
        &["store (or output.store) https://b/a.zarr", "not written"],
    );
    succeed(&mut site.run(&config, &one(&good)));
    let config = site.atl03_with("output:", "catalog: https://b/m.json\noutput:");
    let mut command = site.run_to("b.zarr", &config, &[]);
    refuse(&mut command, 2, &["catalog https://b/m.json", "not read"]);
    succeed(&mut site.run_to("b.zarr", &config, &one(&good)));
}
