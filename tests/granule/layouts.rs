//! Layouts that occur in granules: types, fills, filters, odd ground tracks.

use icefold::config::{Filter, FilterOp, NullPolicy};
use icefold::photon::ColumnType;
use icefold::read::hdf5::GranuleFile;

use super::synthetic::{Synthetic, fill};
use super::{Whole, atl03, filter, read, read_as, refusal};

fn read_all(granule: Synthetic, variables: &[&str]) -> Whole {
    read(&granule.close().path, &atl03(variables), 1 << 20).unwrap()
}

fn column(whole: &Whole, i: usize) -> Vec<Option<u64>> {
    whole.photons.iter().map(|p| p.values[i]).collect()
}

fn f32_bits(values: &[Option<f32>]) -> Vec<Option<u64>> {
    values
        .iter()
        .map(|v| v.map(|v| u64::from(v.to_bits())))
        .collect()
}

#[test]
fn missing_dataless_and_empty_ground_tracks_are_recorded() {
    let granule = Synthetic::with_heights(&[1.0, 2.0]);
    granule.group("gt1r");
    granule.group("gt2l");
    granule.group("gt2l/geolocation");
    granule.group("gt2r");
    granule.group("gt2r/heights");
    granule.coordinates("gt3l", 0);
    let whole = read_all(granule, &["h_ph"]);
    let expected = [
        ("gt1l", "present", 2),
        ("gt1r", "no data group", 0),
        ("gt2l", "no data group", 0),
        ("gt2r", "empty", 0),
        ("gt3l", "empty", 0),
        ("gt3r", "missing", 0),
    ];
    assert_eq!(
        whole.tracks,
        expected.map(|(name, status, rows)| (name.to_owned(), status, rows))
    );
    assert_eq!(whole.counts.kept, 2);
}

#[test]
fn a_granule_of_empty_ground_tracks_reads_as_nothing() {
    let granule = Synthetic::new();
    granule.coordinates("gt1l", 0);
    let closed = granule.close();
    let file = GranuleFile::open(&closed.path).unwrap();
    assert_eq!(file.source_columns(&atl03(&["h_ph"])).unwrap(), None);
    let whole = read(&closed.path, &atl03(&["h_ph"]), 10).unwrap();
    assert_eq!(whole.counts, icefold::photon::Counts::default());
}

#[test]
fn a_granule_without_any_ground_track_reads_as_one_of_empty_ones() {
    let granule = Synthetic::new();
    for group in [
        "METADATA",
        "ancillary_data",
        "orbit_info",
        "quality_assessment",
    ] {
        granule.group(group);
    }
    let whole = read_all(granule, &["h_ph"]);
    assert_eq!(whole.counts, icefold::photon::Counts::default());
    assert!(
        whole
            .tracks
            .iter()
            .all(|(_, status, rows)| (*status, *rows) == ("missing", 0))
    );
    // A subset of a ground track that the config does not read.
    let mut one = atl03(&["h_ph"]);
    one.ground_tracks = vec!["gt3r".into()];
    let other = Synthetic::with_heights(&[1.0]).close();
    assert_eq!(read(&other.path, &one, 10).unwrap().counts.read, 0);
}

#[test]
fn scalar_and_one_element_fill_values_of_any_type_are_nulls() {
    for as_array in [false, true] {
        let granule = Synthetic::with_heights(&[1.0, f32::MAX, f32::NAN]);
        let flag = granule.write("gt1l/heights/flag", &[127_i8, 3, 127]);
        fill(&flag, 127_i8, as_array);
        let wide = granule.write("gt1l/heights/wide", &[f32::MAX, 0.0, 1.0]);
        fill(&wide, f64::from(f32::MAX), as_array);
        let nan = granule.write("gt1l/heights/nan", &[f32::NAN, 0.0, 1.0]);
        fill(&nan, f32::NAN, as_array);
        let top = granule.write("gt1l/heights/top", &[u64::MAX, 5, 1]);
        fill(&top, u64::MAX, as_array);
        let whole = read_all(granule, &["h_ph", "flag", "wide", "nan", "top"]);
        // No fill value is declared: the largest float and NaN are values.
        assert_eq!(
            column(&whole, 0)[..2],
            f32_bits(&[Some(1.0), Some(f32::MAX)])
        );
        assert!(column(&whole, 0)[2].is_some());
        assert_eq!(column(&whole, 1), [None, Some(3), None]);
        assert_eq!(column(&whole, 2), f32_bits(&[None, Some(0.0), Some(1.0)]));
        assert_eq!(column(&whole, 3), f32_bits(&[None, Some(0.0), Some(1.0)]));
        assert_eq!(column(&whole, 4), [None, Some(5), Some(1)]);
        let nulls: Vec<_> = whole.counts.nulls.into_iter().collect();
        let expected = [("flag", 2), ("nan", 1), ("top", 1), ("wide", 1)];
        assert_eq!(nulls, expected.map(|(name, n)| (name.to_owned(), n)));
    }
}

#[test]
fn every_integer_type_reads_as_itself() {
    let granule = Synthetic::with_heights(&[0.0, 0.0]);
    granule.write("gt1l/heights/i8", &[i8::MIN, i8::MAX]);
    granule.write("gt1l/heights/i16", &[i16::MIN, i16::MAX]);
    granule.write("gt1l/heights/i32", &[i32::MIN, i32::MAX]);
    granule.write("gt1l/heights/i64", &[i64::MIN, i64::MAX]);
    granule.write("gt1l/heights/u8", &[0, u8::MAX]);
    granule.write("gt1l/heights/u16", &[0, u16::MAX]);
    granule.write("gt1l/heights/u32", &[0, u32::MAX]);
    granule.write("gt1l/heights/u64", &[0, i64::MAX as u64]);
    let names = ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"];
    let whole = read_all(granule, &names);
    let ends: [[i64; 2]; 8] = [
        [i8::MIN.into(), i8::MAX.into()],
        [i16::MIN.into(), i16::MAX.into()],
        [i32::MIN.into(), i32::MAX.into()],
        [i64::MIN, i64::MAX],
        [0, u8::MAX.into()],
        [0, u16::MAX.into()],
        [0, u32::MAX.into()],
        [0, i64::MAX],
    ];
    for (i, [low, high]) in ends.into_iter().enumerate() {
        let expected = [Some(low.cast_unsigned()), Some(high.cast_unsigned())];
        assert_eq!(column(&whole, i), expected, "{}", names[i]);
    }
}

#[test]
fn columns_widen_without_loss_or_not_at_all() {
    let granule = Synthetic::with_heights(&[0.1]);
    granule.write("gt1l/heights/double", &[0.1_f64]);
    granule.write("gt1l/heights/exact", &[1_i64 << 60]);
    granule.write("gt1l/heights/inexact", &[(1_i64 << 60) + 1]);
    let closed = granule.close();
    let file = GranuleFile::open(&closed.path).unwrap();
    let read_one = |name: &str, wanted| read_as(&file, &atl03(&[name]), &[wanted], 10);
    let wide = read_one("h_ph", ColumnType::F64).unwrap();
    assert_eq!(column(&wide, 0), [Some(f64::from(0.1_f32).to_bits())]);
    let exact = read_one("exact", ColumnType::F64).unwrap();
    assert_eq!(column(&exact, 0), [Some(2_f64.powi(60).to_bits())]);
    for (name, wanted) in [
        ("double", ColumnType::F32),
        ("double", ColumnType::I64),
        ("h_ph", ColumnType::I64),
        ("inexact", ColumnType::F64),
        ("inexact", ColumnType::F32),
    ] {
        let Err(e) = read_one(name, wanted) else {
            panic!("{name} was read as {wanted:?}");
        };
        assert!(
            e.to_string().contains(&format!("/gt1l/heights/{name} ")),
            "{e}"
        );
    }
}

#[test]
fn coordinates_that_are_not_finite_beyond_the_pole_or_fill_are_bad() {
    let granule = Synthetic::new();
    let lat = [
        90.0,
        -90.0,
        90.000_1,
        f64::NAN,
        1.0,
        f64::INFINITY,
        f64::MAX,
        2.0,
    ];
    let lon = [540.0, -180.0, 0.0, 0.0, f64::NEG_INFINITY, 0.0, 0.0, -99.0];
    granule.write("gt1l/heights/lat_ph", &lat);
    fill(&granule.write("gt1l/heights/lon_ph", &lon), -99.0, false);
    granule.write("gt1l/heights/h_ph", &[0_f32; 8]);
    let whole = read_all(granule, &["h_ph"]);
    let rows: Vec<u64> = whole.photons.iter().map(|p| p.row).collect();
    assert_eq!(rows, [0, 1]);
    assert_eq!(whole.counts.rejected["bad_coordinate"], 6);
}

#[test]
fn a_photon_counts_under_the_first_reason_that_rejects_it() {
    let granule = Synthetic::new();
    granule.write("gt1l/heights/lat_ph", &[99.0, 1.0, 2.0, 3.0, 4.0]);
    granule.write("gt1l/heights/lon_ph", &[0.0_f32; 5]);
    let h = granule.write("gt1l/heights/h_ph", &[9_f32, 9.0, 9.0, 9.0, 1.0]);
    fill(&h, 9_f32, false);
    granule.write("gt1l/heights/q", &[1_u8, 1, 0, 0, 0]);
    let conf = [0_i8, 7, 0, 7, 0, 7, 0, 8, 0, 8];
    granule.write_shaped("gt1l/heights/conf", &[5, 2], &conf);
    let mut config = atl03(&["h_ph"]);
    config.filters = vec![
        filter("heights/q", None, FilterOp::Lt, 1.0),
        Filter {
            keep: false,
            ..filter("heights/conf", Some(1), FilterOp::In, 7.0)
        },
    ];
    let whole = read(&granule.close().path, &config, 2).unwrap();
    let rejected: Vec<_> = whole
        .counts
        .rejected
        .iter()
        .map(|(k, v)| (k.as_str(), *v))
        .collect();
    let expected = [
        ("bad_coordinate", 1),
        ("filter: conf[:,1] in [7] (keep: false)", 1),
        ("filter: q lt 1", 1),
        ("null", 1),
    ];
    assert_eq!(rejected, expected);
    assert_eq!(whole.photons[0].row, 4);
}

#[test]
fn chunked_shuffled_and_deflated_datasets_read_the_same() {
    let heights: Vec<f32> = (0..1000_u16).map(|i| f32::from(i).sin()).collect();
    let plain = Synthetic::with_heights(&heights);
    let expected = read_all(plain, &["h_ph"]).photons;
    for level in [None, Some(1), Some(9)] {
        let granule = Synthetic::new();
        granule.coordinates("gt1l", heights.len());
        granule.write_chunked("gt1l/heights/h_ph", &heights, 64, level);
        assert_eq!(read_all(granule, &["h_ph"]).photons, expected);
    }
}

#[test]
fn a_dataset_used_twice_is_read_once() {
    let granule = Synthetic::with_heights(&[1.0, 2.0, 3.0]);
    let mut config = atl03(&["h_ph", "h_ph"]);
    config.filters = vec![filter("heights/h_ph", None, FilterOp::Gt, 1.0)];
    let whole = read(&granule.close().path, &config, 10).unwrap();
    assert_eq!(whole.counts.kept, 2);
    assert_eq!(whole.bytes_read, 3 * (8 + 8 + 4));
}

#[test]
fn a_config_without_variables_keeps_every_valid_photon() {
    let whole = read_all(Synthetic::with_heights(&[1.0, 2.0]), &[]);
    assert_eq!(whole.counts.kept, 2);
}

#[test]
fn nulls_reject_names_the_first_null() {
    let granule = Synthetic::new();
    granule.coordinates("gt1l", 3);
    let h = granule.write("gt1l/heights/h_ph", &[1_f32, 2.0, 9.0]);
    fill(&h, 9_f32, true);
    let mut config = atl03(&["h_ph"]);
    config.nulls = NullPolicy::Reject;
    let closed = granule.close();
    let message = refusal(&closed.path, &config);
    assert!(
        message.starts_with("granule a.h5: /gt1l/heights/h_ph row 2 is null"),
        "{message}"
    );
    config.filters = vec![filter("heights/h_ph", None, FilterOp::Lt, 9.0)];
    assert_eq!(read(&closed.path, &config, 2).unwrap().counts.kept, 2);
}

#[test]
fn a_column_is_as_wide_as_its_widest_ground_track() {
    for tracks in [["gt1l", "gt2r"], ["gt2r", "gt1l"]] {
        let granule = Synthetic::new();
        granule.coordinates("gt1l", 1);
        granule.coordinates("gt2r", 1);
        granule.write(&format!("{}/heights/h", tracks[0]), &[1.5_f32]);
        granule.write(&format!("{}/heights/h", tracks[1]), &[1.1_f64]);
        granule.write(&format!("{}/heights/k", tracks[0]), &[7_i8]);
        granule.write(&format!("{}/heights/k", tracks[1]), &[-1000_i16]);
        let closed = granule.close();
        let file = GranuleFile::open(&closed.path).unwrap();
        let columns = file.source_columns(&atl03(&["h", "k"])).unwrap().unwrap();
        assert_eq!(columns[0].column_type, ColumnType::F64);
        let dtypes = [columns[0].dtype.name(), columns[1].dtype.name()];
        assert_eq!(dtypes, ["float64", "int16"]);
        let whole = read(&closed.path, &atl03(&["h", "k"]), 10).unwrap();
        assert!(column(&whole, 0).contains(&Some(1.1_f64.to_bits())));
    }
}

#[test]
fn a_column_that_is_integer_in_one_ground_track_and_float_in_another_is_refused() {
    let granule = Synthetic::with_heights(&[1.0]);
    granule.coordinates("gt2r", 1);
    granule.write("gt2r/heights/h_ph", &[1_i32]);
    let message = refusal(&granule.close().path, &atl03(&["h_ph"]));
    let expected = "granule a.h5: column h_ph is int32 in gt2r, float32 in gt1l; ";
    assert!(message.contains(expected), "{message}");
}
