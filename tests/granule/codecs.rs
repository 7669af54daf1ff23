//! Filters that HDF5 has not built in: undone here, or named before anything is read.

use super::{atl03, read, refusal};
use crate::support::{folder, python, succeed};

#[test]
#[cfg_attr(not(icefold_test_python), ignore = "no Python")]
fn what_other_tools_packed_reads_the_same_or_is_refused_by_filter() {
    let folder = folder();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/granule/codecs.py");
    succeed(python().arg(script).arg(folder.path()));
    let packed = folder.path().join("packed.h5");
    let values = |name: &str| {
        let whole = read(&packed, &atl03(&[name]), 700).unwrap();
        let values: Vec<Option<u64>> = whole.photons.iter().map(|p| p.values[0]).collect();
        assert_eq!(values.len(), 2530, "{name}");
        values
    };
    for name in [
        "lzf",
        "lzf_shuffled",
        "lzf_checked",
        "zstd",
        "lz4",
        "blosc_copied",
    ] {
        assert_eq!(values(name), values("plain"), "{name}");
    }
    for name in ["lzf_steps", "lz4_steps"] {
        assert_eq!(values(name), values("steps"), "{name}");
    }
    for compressor in ["blosclz", "lz4", "lz4hc", "zlib", "zstd"] {
        for (order, block) in [(0, 0), (0, 256), (1, 0), (1, 256), (2, 0), (2, 256)] {
            let name = format!("blosc_{compressor}_{order}_{block}");
            assert_eq!(values(&name), values("plain"), "{name}");
        }
    }
    for (name, filter) in [
        ("bzip2", "bzip2 (307)"),
        ("snappy", "blosc with snappy (32001)"),
        ("unknown", "40123"),
    ] {
        let path = folder.path().join(format!("{name}.h5"));
        let message = refusal(&path, &atl03(&["h_ph"]));
        let says = format!("/gt1l/heights/h_ph is stored with the filter {filter}, which is not");
        assert!(message.contains(&says), "{message}");
        assert!(
            message.contains("h5repack") && !message.contains("plugin/"),
            "{message}"
        );
        // Other datasets of the granule can be read.
        assert_eq!(
            read(&path, &atl03(&["lat_ph"]), 700).unwrap().photons.len(),
            2530
        );
    }
}
