//! The examples do what they say.

#[allow(dead_code, reason = "`main` is for people")]
#[path = "../../examples/arrays.rs"]
mod arrays;
#[allow(dead_code, reason = "`main` is for people")]
#[path = "../../examples/device.rs"]
mod device;
#[allow(dead_code, reason = "`main` is for people")]
#[path = "../../examples/run.rs"]
mod run;
#[allow(dead_code, reason = "`main` is for people")]
#[path = "../../examples/watch.rs"]
mod watch;

use icefold::inspect::{Look, inspect};

use super::Site;

#[test]
fn the_example_of_a_run_writes_a_store_with_coarser_orders() {
    let site = Site::of(2);
    let (granules, store) = (site.path("granules"), site.path("photons.zarr"));
    let said = run::photons(&granules, &store).unwrap();
    assert!(said.ends_with("cells, and nothing was left out"), "{said}");
    let found = inspect(&store, Look::default()).unwrap().to_string();
    for order in ["order 12: ", "order 11: ", "order 10: "] {
        assert!(found.contains(order), "{found}");
    }
}

#[test]
fn the_example_of_arrays_counts_each_photon_in_its_cell() {
    let mut cells = arrays::heights().unwrap();
    cells.sort_by_key(|(_, count, _)| *count);
    let [(far, 1, lone), (near, 3, middle)] = cells[..] else {
        panic!("{cells:?}");
    };
    assert_ne!(far, near);
    assert_eq!((lone, middle), (2500.0, 100.25));
}

#[test]
fn the_example_of_a_watch_stops_a_run_that_has_enough() {
    let site = Site::of(1);
    let (granules, store) = (site.path("granules"), site.path("a.zarr"));
    let hasty = watch::Budget::of(1);
    assert!(!watch::run(&granules, &store, &hasty).unwrap());
    assert!(site.written().is_empty(), "{:?}", site.written());

    let patient = watch::Budget::of(u64::MAX);
    assert!(watch::run(&granules, &store, &patient).unwrap());
    assert!(store.is_dir() && patient.photons() > hasty.photons());
    assert_eq!(patient.notes(), [""; 0]);
}

#[test]
fn the_example_of_devices_finds_the_cpu_and_the_same_bits() {
    assert_eq!(device::devices()[0], "cpu");
    let site = Site::of(1);
    let cpu = ["cpu", "cpu"].map(str::to_owned);
    let said = device::compared(&site.path("granules"), &cpu).unwrap();
    assert_eq!(said, "2 devices, the same bits");
    let alone = device::compared(&site.path("granules"), &cpu[..1]);
    assert!(alone.unwrap_err().to_string().contains("two or more"));
}
