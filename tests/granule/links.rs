//! Geolocation segments linked to photons: conventions of the index, and counts that do not fit.

use super::synthetic::Synthetic;
use super::{Whole, atl03, link, read, refusal, variable};

/// Six photons in segments of 2, 0, 3, 0 and 1, with this index.
fn granule(index_beg: &[i64], counts: &[i32]) -> Synthetic {
    let granule = Synthetic::with_heights(&[0.0; 6]);
    granule.write("gt1l/geolocation/ph_index_beg", index_beg);
    granule.write("gt1l/geolocation/segment_ph_cnt", counts);
    granule.write("gt1l/geolocation/segment_id", &[10, 11, 12, 13, 14]);
    granule
}

fn config() -> icefold::config::Config {
    let mut config = atl03(&["h_ph"]);
    config.link = Some(link());
    let path = "/{group}/geolocation/segment_id";
    config.variables.push(variable("segment_id", path, true));
    config
}

fn segment_ids(whole: &Whole) -> Vec<u64> {
    whole.photons.iter().filter_map(|p| p.values[1]).collect()
}

const COUNTS: [i32; 5] = [2, 0, 3, 0, 1];
const IDS: [u64; 6] = [10, 10, 12, 12, 12, 14];

#[test]
fn a_one_based_index_with_zeros_needs_no_warning() {
    let closed = granule(&[1, 0, 3, 0, 6], &COUNTS).close();
    for batch_rows in 1..7 {
        let whole = read(&closed.path, &config(), batch_rows).unwrap();
        assert_eq!(segment_ids(&whole), IDS);
        assert!(whole.warnings.is_empty());
    }
}

#[test]
fn an_index_off_by_one_is_warned_of_once_and_the_counts_are_used() {
    let closed = granule(&[0, 0, 2, 0, 5], &COUNTS).close();
    let whole = read(&closed.path, &config(), 2).unwrap();
    assert_eq!(segment_ids(&whole), IDS);
    assert_eq!(whole.warnings.len(), 1);
    let warning = &whole.warnings[0];
    for part in [
        "a.h5",
        "/gt1l/geolocation/ph_index_beg",
        "3 of 3",
        "row 0: 0, expected 1",
    ] {
        assert!(warning.contains(part), "{warning}");
    }
    let mut zero_based = config();
    zero_based.link = Some(icefold::config::Link {
        index_base: 0,
        ..link()
    });
    assert!(
        read(&closed.path, &zero_based, 2)
            .unwrap()
            .warnings
            .is_empty()
    );
}

#[test]
fn the_index_of_a_parent_granule_is_warned_of_and_the_counts_are_used() {
    // All behind others, and with others between them.
    for index in [[101, 0, 103, 0, 106], [7, 0, 20, 0, 90]] {
        let closed = granule(&index, &COUNTS).close();
        let whole = read(&closed.path, &config(), 2).unwrap();
        assert_eq!(segment_ids(&whole), IDS);
        assert!(
            whole.warnings[0].contains("the sum is used"),
            "{:?}",
            whole.warnings
        );
    }
}

#[test]
fn photons_in_another_order_than_their_segments_are_found_by_the_index() {
    let closed = granule(&[5, 0, 2, 0, 1], &COUNTS).close();
    for batch_rows in 1..7 {
        let whole = read(&closed.path, &config(), batch_rows).unwrap();
        assert_eq!(segment_ids(&whole), [14, 12, 12, 12, 10, 10]);
        let warning = &whole.warnings[0];
        assert!(warning.contains("row 0: 5, expected 1"), "{warning}");
        assert!(warning.contains("the index is used"), "{warning}");
    }
}

#[test]
fn an_index_that_fits_neither_the_counts_nor_the_photons_is_refused() {
    let message = refusal(&granule(&[5, 0, 3, 0, 1], &COUNTS).close().path, &config());
    let says = "row 0: 5, expected 1), and its photons are not those of the granule";
    assert!(message.contains(says), "{message}");
}

#[test]
fn counts_that_do_not_fit_the_photons_are_refused() {
    let message = refusal(
        &granule(&[1, 0, 3, 0, 6], &[2, 0, 3, 0, 2]).close().path,
        &config(),
    );
    assert!(
        message.contains("segment_ph_cnt adds up to 7 photons"),
        "{message}"
    );
    assert!(
        message.contains("/gt1l/heights/lat_ph has 6 rows"),
        "{message}"
    );
    let message = refusal(
        &granule(&[1, 0, 3, 0, 6], &[2, 0, 5, -2, 1]).close().path,
        &config(),
    );
    assert!(message.contains("segment_ph_cnt row 3 is -2"), "{message}");
}

#[test]
fn datasets_of_the_geolocation_level_must_have_its_length() {
    let synthetic = granule(&[1, 0, 3, 0, 6], &COUNTS);
    synthetic.write("gt1l/geolocation/short", &[1, 2, 3]);
    let closed = synthetic.close();
    let mut short = config();
    short
        .variables
        .push(variable("short", "/{group}/geolocation/short", true));
    let message = refusal(&closed.path, &short);
    let expected = "/gt1l/geolocation/short has 3 rows, segment_ph_cnt has 5";
    assert!(message.contains(expected), "{message}");

    let uneven = Synthetic::with_heights(&[0.0; 6]);
    uneven.write("gt1l/geolocation/ph_index_beg", &[1_i64, 3]);
    uneven.write("gt1l/geolocation/segment_ph_cnt", &[6]);
    uneven.write("gt1l/geolocation/segment_id", &[1]);
    let message = refusal(&uneven.close().path, &config());
    assert!(message.contains("ph_index_beg has 2 rows"), "{message}");
}
