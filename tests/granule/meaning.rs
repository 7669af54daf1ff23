//! Attributes that say what numbers mean: packing, fill values, valid ranges, units.

use icefold::config::{FilterOp, ValidRangePolicy};
use icefold::photon::ColumnType;
use icefold::read::AppliedNumber;
use icefold::read::hdf5::{GranuleFile, Reader};

use super::synthetic::{Synthetic, fill, number, numbers, text};
use super::{Whole, atl03, filter, link, read, refusal, variable};

fn doubles(whole: &Whole, column: usize) -> Vec<Option<f64>> {
    let values = whole.photons.iter().map(|photon| photon.values[column]);
    values.map(|bits| bits.map(f64::from_bits)).collect()
}

fn singles(whole: &Whole, column: usize) -> Vec<Option<f32>> {
    let values = whole.photons.iter().map(|photon| photon.values[column]);
    let single = |bits| f32::from_bits(u32::try_from(bits).unwrap());
    values.map(|bits| bits.map(single)).collect()
}

fn integers(whole: &Whole, column: usize) -> Vec<Option<i64>> {
    let values = whole.photons.iter().map(|photon| photon.values[column]);
    values.map(|bits| bits.map(u64::cast_signed)).collect()
}

fn rows(whole: &Whole) -> Vec<u64> {
    whole.photons.iter().map(|photon| photon.row).collect()
}

#[test]
fn packed_values_are_unpacked_once_missing_ones_are_found() {
    let granule = Synthetic::new();
    granule.coordinates("gt1l", 4);
    let packed = granule.write("gt1l/heights/packed", &[-1_i16, 0, 12_345, 7]);
    number(&packed, "scale_factor", 0.01_f64);
    number(&packed, "add_offset", 900.0_f64);
    fill(&packed, -1_i16, false);
    let single = granule.write("gt1l/heights/single", &[1_i16, 2, 3, 4]);
    number(&single, "scale_factor", 0.1_f32);
    let unit = granule.write("gt1l/heights/unit", &[1_i32, 2, 3, 4]);
    number(&unit, "scale_factor", 1.0_f64);
    number(&unit, "add_offset", 0_i16);
    drop((packed, single, unit));
    let closed = granule.close();
    let whole = read(&closed.path, &atl03(&["packed", "single", "unit"]), 3).unwrap();
    let expected = [0.0, 12_345.0, 7.0].map(|x| Some(x * 0.01 + 900.0));
    assert_eq!(doubles(&whole, 0)[1..], expected);
    assert_eq!(doubles(&whole, 0)[0], None);
    assert_eq!(
        singles(&whole, 1),
        [1_f32, 2.0, 3.0, 4.0].map(|x| Some(x * 0.1_f32))
    );
    assert_eq!(integers(&whole, 2), [1, 2, 3, 4].map(Some));
    // Filters compare what is meant.
    let mut config = atl03(&["unit"]);
    config.filters = vec![filter("heights/packed", None, FilterOp::Gt, 900.0)];
    assert_eq!(rows(&read(&closed.path, &config, 3).unwrap()), [2, 3]);
}

#[test]
fn packed_coordinates_are_degrees() {
    let granule = Synthetic::new();
    for (name, values) in [
        ("lat_ph", [70_000_000_i32, 71_000_000, -1]),
        ("lon_ph", [-45_000_000_i32, -1, 0]),
    ] {
        let data = granule.write(&format!("gt1l/heights/{name}"), &values);
        number(&data, "scale_factor", 1e-6_f64);
        fill(&data, -1_i32, false);
        text(&data, "units", "degrees");
    }
    granule.write("gt1l/heights/h_ph", &[1_f32, 2.0, 3.0]);
    let closed = granule.close();
    let whole = read(&closed.path, &atl03(&["h_ph"]), 10).unwrap();
    assert_eq!(rows(&whole), [0]);
    assert_eq!(whole.photons[0].lat, (70e6_f64 * 1e-6).to_bits());
    assert_eq!(whole.photons[0].lon, (-45e6_f64 * 1e-6).to_bits());
    assert_eq!(whole.counts.rejected["bad_coordinate"], 2);
}

#[test]
fn every_fill_and_missing_value_is_null_and_passes_no_filter() {
    let granule = Synthetic::with_heights(&[0.0, 1.0, 2.0, 3.0, 4.0]);
    let data = [f32::MAX, -9999.0, 1.0, f32::NAN, -5.0];
    let both = granule.write("gt1l/heights/both", &data);
    fill(&both, f64::from(f32::MAX), true);
    numbers(&both, "missing_value", &[-9999_i32, 300]);
    let flag = granule.write("gt1l/heights/flag", &[127_i8, 1, 2, 3, 127]);
    numbers(&flag, "missing_value", &[127_i16, 300]);
    drop((both, flag));
    let closed = granule.close();
    let whole = read(&closed.path, &atl03(&["both", "flag", "h_ph"]), 2).unwrap();
    assert_eq!(singles(&whole, 0)[..3], [None, None, Some(1.0)]);
    assert!(singles(&whole, 0)[3].is_some_and(f32::is_nan));
    assert_eq!(integers(&whole, 1), [None, Some(1), Some(2), Some(3), None]);
    let odd = "attribute missing_value is 300, which no int8 is equal to";
    assert_eq!(whole.warnings.len(), 1);
    assert!(whole.warnings[0].contains(odd), "{:?}", whole.warnings);
    for (dataset, op, value, keep, expected) in [
        ("both", FilterOp::Gt, 0.0, true, &[2_u64][..]),
        ("both", FilterOp::Lt, 0.0, false, &[2, 3]),
        ("both", FilterOp::Ne, 1.0, true, &[3, 4]),
        ("flag", FilterOp::Ge, 2.0, true, &[2, 3]),
        ("flag", FilterOp::Ne, 2.0, true, &[1, 3]),
        ("flag", FilterOp::Eq, 2.0, false, &[1, 3]),
        ("flag", FilterOp::NotIn, 2.0, true, &[1, 3]),
    ] {
        let mut config = atl03(&["h_ph"]);
        let path = format!("heights/{dataset}");
        config.filters = vec![icefold::config::Filter {
            keep,
            ..filter(&path, None, op, value)
        }];
        let whole = read(&closed.path, &config, 2).unwrap();
        assert_eq!(rows(&whole), expected, "{dataset} {op:?} {value} {keep}");
        let rejected: u64 = whole.counts.rejected.values().sum();
        assert_eq!(rejected, 5 - expected.len() as u64);
        assert_eq!(whole.counts.rejected.len(), 1);
    }
}

#[test]
fn values_outside_the_valid_range_are_null_and_counted_unless_it_is_ignored() {
    let granule = Synthetic::new();
    granule.coordinates("gt1l", 5);
    let heights = granule.write("gt1l/heights/h_ph", &[0.0_f32, 0.1, 9.0, f32::NAN, -3.0]);
    number(&heights, "valid_max", 0.1_f64);
    number(&heights, "valid_min", -1_i32);
    fill(&heights, 9_f32, false);
    let flags = granule.write("gt1l/heights/flag", &[0_u8, 1, 2, 3, 4]);
    numbers(&flags, "valid_range", &[1_u8, 3]);
    let longitude = granule.write("gt1l/heights/lon", &[-45.0, -45.0, -45.0, 200.0, -45.0]);
    number(&longitude, "valid_max", 180.0);
    drop((heights, flags, longitude));
    let closed = granule.close();
    let mut config = atl03(&["h_ph", "flag"]);
    config.longitude = "/{group}/heights/lon".into();
    let whole = read(&closed.path, &config, 2).unwrap();
    assert_eq!(singles(&whole, 0), [Some(0.0), Some(0.1), None]);
    assert_eq!(integers(&whole, 1), [None, Some(1), Some(2)]);
    assert_eq!(whole.counts.rejected["null"], 1);
    assert_eq!(whole.counts.nulls["h_ph"], 1);
    // The last photon is null in both columns, the first in one of them.
    assert_eq!(whole.counts.outside_valid_range["flag"], 1);
    let said = |what: &str| whole.warnings.iter().any(|w| w.contains(what));
    assert_eq!(whole.warnings.len(), 3, "{:?}", whole.warnings);
    assert!(said(
        "h_ph: 1 values lie outside its valid_min -1 and valid_max 0.1 and are null"
    ));
    assert!(said(
        "flag: 2 values lie outside its valid_min 1 and valid_max 3"
    ));
    assert!(said(
        "lon: 1 values lie outside its valid_max 180 and are no positions"
    ));
    config.valid_range = ValidRangePolicy::Ignore;
    let whole = read(&closed.path, &config, 2).unwrap();
    assert_eq!(integers(&whole, 1), [0, 1, 2, 3, 4].map(Some));
    assert_eq!((whole.counts.kept, whole.warnings.len()), (5, 0));
}

#[test]
fn attributes_that_cannot_be_honoured_are_refused_by_name() {
    let granule = Synthetic::with_heights(&[1.0]);
    let data = |name: &str| granule.write(&format!("gt1l/heights/{name}"), &[1_i16]);
    numbers(&data("scales"), "scale_factor", &[1.0, 2.0]);
    text(&data("words"), "scale_factor", "0.01");
    number(&data("endless"), "add_offset", f64::INFINITY);
    number(&data("zero"), "scale_factor", 0.0);
    text(&data("unsigned"), "_Unsigned", "true");
    numbers(&data("three"), "valid_range", &[1_i16, 2, 3]);
    let twice = data("twice");
    numbers(&twice, "valid_range", &[1_i16, 2]);
    number(&twice, "valid_min", 1_i16);
    drop(twice);
    let closed = granule.close();
    for (name, says) in [
        ("scales", "attribute scale_factor has 2 values"),
        ("words", "attribute scale_factor is '0.01'"),
        ("endless", "attribute add_offset is inf"),
        ("zero", "attribute scale_factor is 0"),
        (
            "unsigned",
            "attribute _Unsigned is 'true' and the values are int16",
        ),
        ("three", "attribute valid_range has 3 values"),
        ("twice", "attributes valid_range and valid_min both"),
    ] {
        let message = refusal(&closed.path, &atl03(&[name]));
        let path = format!("granule a.h5: /gt1l/heights/{name}: ");
        assert!(
            message.starts_with(&path) && message.contains(says),
            "{message}"
        );
    }
    let mut config = atl03(&["twice"]);
    config.valid_range = ValidRangePolicy::Ignore;
    assert_eq!(read(&closed.path, &config, 10).unwrap().counts.kept, 1);
}

#[test]
fn a_link_of_packed_integers_is_refused() {
    let granule = Synthetic::with_heights(&[1.0, 2.0]);
    granule.write("gt1l/geolocation/ph_index_beg", &[1_i64]);
    let count = granule.write("gt1l/geolocation/segment_ph_cnt", &[1_i32]);
    number(&count, "scale_factor", 2_i32);
    drop(count);
    granule.write("gt1l/geolocation/dem", &[1_f32]);
    let mut config = atl03(&[]);
    config.variables = vec![variable("dem", "/{group}/geolocation/dem", true)];
    config.link = Some(link());
    let message = refusal(&granule.close().path, &config);
    assert!(
        message.contains("segment_ph_cnt: attribute scale_factor packs it"),
        "{message}"
    );
}

#[test]
fn coordinates_in_other_units_than_degrees_are_refused() {
    for (name, units, refused) in [
        ("lat_ph", "radians", true),
        ("lon_ph", "meters", true),
        ("lon_ph", "degrees_west", true),
        ("lat_ph", "degree_N", false),
        ("lon_ph", "degrees_east", false),
    ] {
        let granule = Synthetic::with_heights(&[1.0]);
        let path = granule.path.clone();
        let closed = granule.close();
        let file = hdf5::File::open_rw(&path).unwrap();
        text(
            &file.dataset(&format!("gt1l/heights/{name}")).unwrap(),
            "units",
            units,
        );
        file.close().unwrap();
        let config = atl03(&["h_ph"]);
        if refused {
            let message = refusal(&closed.path, &config);
            let says = format!("{name}: attribute units is '{units}'");
            assert!(message.contains(&says), "{message}");
        } else {
            assert_eq!(read(&closed.path, &config, 10).unwrap().counts.kept, 1);
        }
    }
}

#[test]
fn ground_tracks_in_other_units_are_refused_and_spellings_are_not() {
    for (units, refused) in [("feet", true), ("m", false)] {
        let granule = Synthetic::new();
        for (track, units) in [("gt1l", "meters"), ("gt2r", units)] {
            granule.coordinates(track, 1);
            let heights = granule.write(&format!("{track}/heights/h_ph"), &[1_f32]);
            text(&heights, "units", units);
        }
        let closed = granule.close();
        let config = atl03(&["h_ph"]);
        if refused {
            let message = refusal(&closed.path, &config);
            let says = "column h_ph is in feet in gt2r, in meters in gt1l";
            assert!(message.contains(says), "{message}");
        } else {
            assert_eq!(read(&closed.path, &config, 10).unwrap().counts.kept, 2);
        }
    }
}

#[test]
fn units_that_one_ground_track_lacks_are_noted() {
    let granule = Synthetic::new();
    for track in ["gt1l", "gt2r", "gt3l"] {
        granule.coordinates(track, 1);
        let heights = granule.write(&format!("{track}/heights/h_ph"), &[1_f32]);
        if track != "gt2r" {
            text(&heights, "units", "meters");
        }
    }
    let closed = granule.close();
    let file = GranuleFile::open(&closed.path).unwrap();
    let config = atl03(&["h_ph"]);
    let reader = Reader::open(&file, &config, &[ColumnType::F32], 10).unwrap();
    assert_eq!(
        reader.unit_gaps(&config),
        [
            "granule a.h5: column h_ph has no units in gt2r, in gt1l it is in meters; taken for the same"
        ]
    );
}

#[test]
fn numbers_that_fill_gaps_without_a_word_count_and_are_told_of() {
    let netcdf = 9.969_21e36_f32;
    let granule = Synthetic::with_heights(&[1.0, f32::MAX, f32::MAX, netcdf, f32::INFINITY]);
    granule.write(
        "gt1l/heights/wide",
        &[
            f64::from(f32::MAX),
            f64::MAX,
            1e300,
            9.969_209_968_386_869e36,
            0.0,
        ],
    );
    let declared = granule.write("gt1l/heights/declared", &[f32::MAX; 5]);
    fill(&declared, 0_f32, false);
    drop(declared);
    let closed = granule.close();
    let mut config = atl03(&["h_ph", "wide", "declared"]);
    config.filters = vec![filter("heights/h_ph", None, FilterOp::Gt, 0.0)];
    for batch_rows in [1, 2, 10] {
        let whole = read(&closed.path, &config, batch_rows).unwrap();
        assert_eq!((whole.counts.kept, whole.counts.nulls.len()), (5, 0));
        let said: Vec<&str> = whole.warnings.iter().map(String::as_str).collect();
        let expected = [
            "h_ph: 2 values are 3.4028235e38",
            "h_ph: 1 values are 9.96921e36",
            "wide: 1 values are 3.4028234663852886e38",
            "wide: 1 values are 1.7976931348623157e308",
            "wide: 1 values are 9.969209968386869e36",
        ];
        assert_eq!(said.len(), expected.len(), "{said:?}");
        for expected in expected {
            assert!(said.iter().any(|said| said.contains(expected)), "{said:?}");
        }
    }
}

#[test]
fn thresholds_on_float32_are_float32() {
    let near = [0.1_f32.next_down(), 0.1, 0.1_f32.next_up()];
    let granule = Synthetic::with_heights(&near);
    granule.write("gt1l/heights/wide", &near.map(f64::from));
    let closed = granule.close();
    for (dataset, op, expected) in [
        ("h_ph", FilterOp::Eq, &[1_u64][..]),
        ("h_ph", FilterOp::Le, &[0, 1]),
        ("wide", FilterOp::Eq, &[]),
        ("wide", FilterOp::Le, &[0]),
    ] {
        let mut config = atl03(&["h_ph"]);
        config.filters = vec![filter(&format!("heights/{dataset}"), None, op, 0.1)];
        let whole = read(&closed.path, &config, 10).unwrap();
        assert_eq!(rows(&whole), expected, "{dataset} {op:?}");
    }
    let mut config = atl03(&["h_ph"]);
    config.filters = vec![filter("heights/h_ph", None, FilterOp::Eq, 1e39)];
    let message = refusal(&closed.path, &config);
    assert!(
        message.contains("which no float32 is equal to"),
        "{message}"
    );
}

#[test]
fn what_was_applied_is_told_by_dataset() {
    let granule = Synthetic::new();
    for track in ["gt1l", "gt2r"] {
        granule.coordinates(track, 1);
        let packed = granule.write(&format!("{track}/heights/packed"), &[5_i16]);
        number(&packed, "scale_factor", 0.5_f64);
        fill(&packed, -1_i16, false);
        number(&packed, "valid_max", 100_i16);
        granule.write(&format!("{track}/heights/plain"), &[5_i16]);
    }
    let closed = granule.close();
    let file = GranuleFile::open(&closed.path).unwrap();
    let types = [ColumnType::F64, ColumnType::I64];
    let config = atl03(&["packed", "plain"]);
    let reader = Reader::open(&file, &config, &types, 10).unwrap();
    let applied = reader.applied(&config);
    assert_eq!(applied.len(), 2);
    assert_eq!(applied[0], applied[1]);
    let applied = &applied[0];
    assert_eq!(applied.dataset, "/{group}/heights/packed");
    assert_eq!(
        (applied.dtype.name(), applied.read_as.name()),
        ("int16", "float64")
    );
    assert_eq!(
        (applied.scale_factor, applied.add_offset),
        (Some(0.5), None)
    );
    assert_eq!(applied.fill_values, [AppliedNumber::Integer(-1)]);
    assert_eq!(applied.valid_max, Some(AppliedNumber::Integer(100)));
}
