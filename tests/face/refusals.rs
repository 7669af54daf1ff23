//! What cannot be honoured is refused before anything is read.

use std::path::Path;

use icefold::{Granules, Layout, Memory, Run, Verify};

use super::{Site, atl03};

/// The error of a run.
#[track_caller]
fn refused(run: Run) -> String {
    run.planned().unwrap_err().to_string()
}

#[test]
fn settings_without_sense_are_refused_by_name() {
    let site = Site::of(1);
    let run = || site.run();
    for (run, says) in [
        (run().threads(0), "0 threads"),
        (run().batch_rows(0), "a batch of 0 rows"),
        (run().memory(Memory::mib(1)), "at least 96MiB"),
        (run().external([site.path("none")]), "is not a folder"),
        (
            run().overviews([12]),
            "order 12 is not coarser than the cell order 12",
        ),
        (run().overviews([9, 9]), "order 9 is given twice"),
        (
            run().overviews([9]).layout(Layout::FULL_SPHERE),
            "has one order",
        ),
        (run().overwrite(true).resume(true), "choose one"),
        (
            run().into_store("https://bucket/a.zarr"),
            "https:// is not written",
        ),
        (run().table("s3://bucket/a.parquet"), "a.zarr is a folder"),
    ] {
        let message = refused(run);
        assert!(message.contains(says), "{message}");
    }
    let message = refused(run().table("gs://bucket/a.parquet"));
    assert!(message.contains("gs:// is not written"), "{message}");
    assert!(site.written().is_empty(), "{:?}", site.written());
}

#[test]
fn granules_that_are_not_there_are_refused() {
    let none = Granules::found_in("/no/such/folder").unwrap_err();
    assert!(none.to_string().contains("/no/such/folder"), "{none}");
    let site = Site::of(1);
    let empty = Run::new(atl03(), Granules::default()).into_store(site.path("a.zarr"));
    assert!(refused(empty).contains("no granules given"));
    let missing = Run::new(atl03(), Granules::named(["/no/such.h5"]));
    assert!(refused(missing).contains("/no/such.h5"));
}

#[test]
fn one_device_is_not_compared_and_what_is_no_store_neither() {
    let site = Site::of(1);
    let alone = Verify::new(atl03(), site.all()).on("cpu", icefold::DeviceChoice::Cpu);
    let message = alone.execute().unwrap_err().to_string();
    assert!(message.contains("two or more"), "{message}");
    let none = Path::new("/no/such.zarr");
    assert!(Verify::stores(none, none).is_err());
}
