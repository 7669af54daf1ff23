//! Tests: what scans find in folders, and what they pass over.

use super::*;

const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";

/// What a scan of a folder of these files finds, skips with reasons, and counts.
fn scanned(files: &[(&str, &[u8])], kind: GranuleKind) -> (Vec<String>, Vec<String>, u64) {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let found = scan(&[folder.path().to_path_buf()], kind).unwrap();
    let short = |path: &Path| {
        let path = path.strip_prefix(folder.path()).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let names = found.found.iter().map(|f| short(&f.path)).collect();
    let skipped = found.skipped.iter();
    let skipped = skipped.map(|s| format!("{} {}", short(&s.path), s.reason));
    (names, skipped.collect(), found.not_data)
}

#[test]
fn what_opens_is_found_whatever_its_extension() {
    let mut userblock = vec![0; 512];
    userblock.extend(HDF5);
    let files: &[(&str, &[u8])] = &[
        ("a.H5", HDF5),
        ("b.nc4", HDF5),
        ("c.dat", HDF5),
        ("d", &userblock),
        ("e.hdf5", b"<html>"),
        ("f.h5.1", HDF5),
        ("g.geoparquet", b"PAR1PAR1"),
        ("h.nc", b"CDF\x01...."),
        ("i.bin", b"????"),
    ];
    let (found, skipped, _) = scanned(files, GranuleKind::Hdf5);
    assert_eq!(found, ["a.H5", "b.nc4", "c.dat", "d", "e.hdf5", "f.h5.1"]);
    assert_eq!(
        skipped,
        [
            "g.geoparquet is a table, and HDF5 is asked for",
            "h.nc is netCDF-3, which is not read",
            "i.bin is not HDF5",
        ]
    );
    let (found, skipped, _) = scanned(files, GranuleKind::Table);
    assert_eq!(found, ["g.geoparquet"]);
    assert_eq!(skipped.len(), 8);
}

#[test]
fn hidden_files_leftovers_and_stores_are_passed_over_with_a_reason() {
    let files: &[(&str, &[u8])] = &[
        ("a.h5", HDF5),
        ("._a.h5", b"\0\x05\x16\x07"),
        (".a.h5.XyZ", HDF5),
        (".git/a.h5", HDF5),
        ("__MACOSX/._a.h5", HDF5),
        ("b.h5.part", HDF5),
        ("out.zarr/zarr.json", b"{}"),
        ("out.zarr.pieces/manifest.json", b"{}"),
        ("a.h5.xml", b"<x/>"),
        ("_SUCCESS", b""),
        (".DS_Store", b""),
    ];
    let (found, skipped, not_data) = scanned(files, GranuleKind::Hdf5);
    assert_eq!((found, not_data), (vec!["a.h5".to_owned()], 3));
    let reasons = [
        "._a.h5 is what macOS puts beside a file (AppleDouble)",
        ".a.h5.XyZ is hidden",
        ".git is a hidden folder",
        "__MACOSX holds what macOS puts beside files in archives",
        "b.h5.part is left over from a download",
        "out.zarr is a Zarr store",
        "out.zarr.pieces holds pieces of a store",
    ];
    assert_eq!(skipped, reasons);
}

#[cfg(unix)]
#[test]
fn links_and_pipes_end_no_scan() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("a")).unwrap();
    std::fs::write(at("a/g.h5"), HDF5).unwrap();
    for (target, link) in [
        ("..", "a/up"),
        ("a", "b"),
        ("/nowhere/x.h5", "x.h5"),
        ("y.h5", "y.h5"),
    ] {
        std::os::unix::fs::symlink(target, at(link)).unwrap();
    }
    let made = std::process::Command::new("mkfifo")
        .arg(at("pipe.h5"))
        .status();
    assert!(made.is_ok_and(|status| status.success()));
    let found = scan(&[folder.path().to_path_buf()], GranuleKind::Hdf5).unwrap();
    let paths: Vec<&Path> = found.found.iter().map(|f| &*f.path).collect();
    assert_eq!(paths, [at("a/g.h5")]);
    let reasons: Vec<&str> = found.skipped.iter().map(|s| &*s.reason).collect();
    assert_eq!(reasons[..2], ["is a named pipe", "is a link to nothing"]);
    assert!(reasons[2].starts_with("cannot be reached"), "{reasons:?}");
    for (name, says) in [
        ("pipe.h5", "is a named pipe"),
        ("x.h5", "is a link to /nowhere"),
    ] {
        let error = scan(&[at(name)], GranuleKind::Hdf5)
            .unwrap_err()
            .to_string();
        assert!(error.contains(says), "{error}");
    }
}
