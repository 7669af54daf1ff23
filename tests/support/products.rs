//! Granules in the layouts of the products, with flags of every value and fill values, as the data dictionaries have
//! them; written without a look at any config.

use std::path::{Path, PathBuf};

use hdf5::File;
use hdf5::types::VarLenAscii;

use super::Site;

/// Rows of a ground track.
pub const ROWS: usize = 40;
/// The fill value of floats in all products.
const FILL: f32 = f32::MAX;

/// The values of one dataset, by row.
enum Data {
    F64(fn(usize) -> f64),
    F32(fn(usize) -> f32),
    /// Flags and numbers; the products have them in 8, 16 and 32 bits.
    Whole(fn(usize) -> i32),
    /// Five columns.
    Five(fn(usize) -> [i8; 5]),
    /// A column for each of [`CYCLES`].
    OfCycles(fn(usize, usize) -> f32),
    /// The same of a flag.
    FlagOfCycles(fn(usize, usize) -> i8),
}
use Data::{F32, F64, Five, FlagOfCycles, OfCycles, Whole};

/// The cycles of the columns of ATL11: not all that there are, so that a column is not told by counting.
pub const CYCLES: [i8; 3] = [3, 5, 7];

fn lat(i: usize) -> f64 {
    70.001 + i as f64 * 1e-6
}

fn lon(_: usize) -> f64 {
    -45.001
}

fn lat_f32(i: usize) -> f32 {
    lat(i) as f32
}

fn lon_f32(i: usize) -> f32 {
    lon(i) as f32
}

/// The height of a row: every seventh has none.
pub fn height(i: usize) -> f32 {
    if i % 7 == 3 {
        FILL
    } else {
        i as f32 * 0.5 + 10.0
    }
}

/// A flag that is bad in every fifth row.
pub fn is_bad(i: usize) -> bool {
    i % 5 == 2
}

/// Metres of a row, for weights.
pub fn metres(i: usize) -> f32 {
    if i.is_multiple_of(2) { 8.0 } else { 32.0 }
}

/// The height of a row in one of [`CYCLES`], by its place: other rows have none in the first and the last.
pub fn height_in(i: usize, cycle: usize) -> f32 {
    match cycle {
        0 => height(i),
        1 => 1000.0 + i as f32,
        _ if i % 6 == 1 => FILL,
        _ => i as f32 * 0.5 + 10.0 + (i % 4) as f32 * 0.25,
    }
}

/// Its formal error.
pub fn error_in(i: usize, cycle: usize) -> f32 {
    if (i + cycle).is_multiple_of(2) {
        0.25
    } else {
        0.5
    }
}

/// A flag of a row in a cycle: all are bad in the second.
pub fn is_bad_in(i: usize, cycle: usize) -> bool {
    match cycle {
        0 => is_bad(i),
        1 => true,
        _ => i % 8 == 5,
    }
}

fn bad_is_1(i: usize) -> i32 {
    i32::from(is_bad(i))
}

fn good_is_1(i: usize) -> i32 {
    i32::from(!is_bad(i))
}

fn every_third(i: usize) -> i32 {
    i32::from(i.is_multiple_of(3))
}

/// Confidence by surface: in the column of every surface another row is sure.
fn confidence(i: usize) -> [i8; 5] {
    [0, 1, 2, 3, 4].map(|surface| {
        if i % 5 == surface {
            4
        } else {
            (i % 5) as i8 - 2
        }
    })
}

/// Group and datasets of a product's ground track, in its data dictionary's spelling.
fn layout(product: &str) -> (&'static str, Vec<(&'static str, Data)>) {
    match product {
        "ATL03" => (
            "heights",
            vec![
                ("lat_ph", F64(lat)),
                ("lon_ph", F64(lon)),
                ("h_ph", F32(|i| i as f32 * 0.5 + 10.0)),
                ("signal_conf_ph", Five(confidence)),
                ("quality_ph", Whole(|i| i32::from(i % 10 == 3))),
            ],
        ),
        "ATL06" => (
            "land_ice_segments",
            vec![
                ("latitude", F64(lat)),
                ("longitude", F64(lon)),
                ("h_li", F32(height)),
                ("h_li_sigma", F32(metres)),
                ("atl06_quality_summary", Whole(bad_is_1)),
            ],
        ),
        "ATL07" => (
            "sea_ice_segments",
            vec![
                ("latitude", F64(lat)),
                ("longitude", F64(lon)),
                ("heights/height_segment_height", F32(height)),
                ("heights/height_segment_length_seg", F32(metres)),
                ("heights/height_segment_quality", Whole(good_is_1)),
                ("heights/height_segment_ssh_flag", Whole(every_third)),
            ],
        ),
        "ATL11" => layout_of_cycles(),
        other => layout_of_land_and_sea(other),
    }
}

/// The same of ATL11, which has a column for each cycle.
fn layout_of_cycles() -> (&'static str, Vec<(&'static str, Data)>) {
    (
        "",
        vec![
            ("latitude", F64(lat)),
            ("longitude", F64(lon)),
            ("h_corr", OfCycles(height_in)),
            ("h_corr_sigma", OfCycles(error_in)),
            (
                "quality_summary",
                FlagOfCycles(|i, cycle| i8::from(is_bad_in(i, cycle))),
            ),
        ],
    )
}

/// The same of the products of land, inland water and the open sea.
fn layout_of_land_and_sea(product: &str) -> (&'static str, Vec<(&'static str, Data)>) {
    match product {
        "ATL08" => (
            "land_segments",
            vec![
                ("latitude", F32(lat_f32)),
                ("longitude", F32(lon_f32)),
                ("terrain_flg", Whole(bad_is_1)),
                ("terrain/h_te_best_fit", F32(height)),
                (
                    "canopy/h_canopy",
                    F32(|i| if i % 2 == 0 { FILL } else { 12.5 }),
                ),
            ],
        ),
        "ATL10" => (
            "freeboard_segment",
            vec![
                ("latitude", F64(lat)),
                ("longitude", F64(lon)),
                ("beam_fb_height", F32(height)),
                (
                    "beam_fb_quality_flag",
                    Whole(|i| if is_bad(i) { -1 } else { (i % 3) as i32 }),
                ),
                ("heights/height_segment_length_seg", F32(metres)),
            ],
        ),
        "ATL12" => (
            "ssh_segments",
            vec![
                ("latitude", F64(lat)),
                ("longitude", F64(lon)),
                ("heights/h", F32(height)),
                (
                    "heights/h_uncrtn",
                    F32(|i| if i % 2 == 0 { 0.5 } else { 0.25 }),
                ),
                ("heights/swh", F32(|_| 2.0)),
                ("heights/bin_ssbias", F32(|_| -0.25)),
            ],
        ),
        "ATL13" => (
            "",
            vec![
                ("segment_lat", F64(lat)),
                ("segment_lon", F64(lon)),
                ("ht_ortho", F32(height)),
                ("ht_water_surf", F32(height)),
                ("stdev_water_surf", F32(|_| 0.125)),
                (
                    "snow_ice_atl09",
                    Whole(|i| if is_bad(i) { 3 } else { (i % 2) as i32 }),
                ),
            ],
        ),
        "ATL24" => (
            "",
            vec![
                ("lat_ph", F64(lat)),
                ("lon_ph", F64(lon)),
                ("ortho_h", F32(|i| -(i as f32) * 0.5)),
                ("ellipse_h", F32(|i| 30.0 - i as f32 * 0.5)),
                ("surface_h", F32(|_| 0.25)),
                ("class_ph", Whole(|i| [40, 41, 0, 40][i % 4])),
                ("low_confidence_flag", Whole(|i| i32::from(i % 8 == 0))),
                ("sensor_depth_exceeded", Whole(|i| i32::from(i > 35))),
            ],
        ),
        other => panic!("no layout of {other}"),
    }
}

impl Site {
    /// A granule of a product with one ground track of [`ROWS`] rows that lie in one cell, which says its product.
    pub fn product(&self, name: &str, product: &str) -> PathBuf {
        let path = self.path(name);
        let file = File::create(&path).unwrap();
        write(&file, product);
        // ATL24 says it in a group of its metadata, the others at the root.
        if product == "ATL24" {
            let group = file.create_group("metadata/DatasetIdentification").unwrap();
            say(&group, "shortName", product);
        } else {
            say(&file, "short_name", product);
        }
        file.close().unwrap();
        path
    }

    /// The same, which does not say its product.
    pub fn product_unsaid(&self, name: &str, product: &str) -> PathBuf {
        let path = self.path(name);
        let file = File::create(&path).unwrap();
        write(&file, product);
        file.close().unwrap();
        path
    }
}

fn say(group: &hdf5::Group, attribute: &str, product: &str) {
    let text = VarLenAscii::from_ascii(product).unwrap();
    let created = group.new_attr::<VarLenAscii>().create(attribute).unwrap();
    created.write_scalar(&text).unwrap();
}

fn write(file: &File, product: &str) {
    let (group, datasets) = layout(product);
    let track = if product == "ATL11" { "pt2" } else { "gt2r" };
    if product == "ATL11" {
        let made = file.new_dataset::<i8>().shape(CYCLES.len());
        let made = made.create("pt2/cycle_number").unwrap();
        made.write_raw(&CYCLES).unwrap();
    }
    for (name, data) in datasets {
        let path = Path::new(track).join(group).join(name);
        let path = path.to_str().unwrap();
        match data {
            F64(of) => {
                let values: Vec<f64> = (0..ROWS).map(of).collect();
                let made = file.new_dataset::<f64>().shape(ROWS).create(path);
                made.unwrap().write_raw(&values).unwrap();
            }
            F32(of) => {
                let values: Vec<f32> = (0..ROWS).map(of).collect();
                let made = file.new_dataset::<f32>().shape(ROWS).create(path).unwrap();
                made.write_raw(&values).unwrap();
                let fill = made.new_attr::<f32>().create("_FillValue").unwrap();
                fill.write_scalar(&FILL).unwrap();
            }
            Whole(of) => {
                let values: Vec<i8> = (0..ROWS).map(|i| of(i) as i8).collect();
                let made = file.new_dataset::<i8>().shape(ROWS).create(path).unwrap();
                made.write_raw(&values).unwrap();
                let fill = made.new_attr::<i8>().create("_FillValue").unwrap();
                fill.write_scalar(&i8::MAX).unwrap();
            }
            Five(of) => {
                let values: Vec<i8> = (0..ROWS).flat_map(of).collect();
                let made = file.new_dataset::<i8>().shape((ROWS, 5)).create(path);
                made.unwrap().write_raw(&values).unwrap();
            }
            OfCycles(of) => {
                let made = file.new_dataset::<f32>().shape((ROWS, CYCLES.len()));
                let made = made.create(path).unwrap();
                made.write_raw(&by_cycle(of)).unwrap();
                let fill = made.new_attr::<f32>().create("_FillValue").unwrap();
                fill.write_scalar(&FILL).unwrap();
            }
            FlagOfCycles(of) => {
                let made = file.new_dataset::<i8>().shape((ROWS, CYCLES.len()));
                let made = made.create(path).unwrap();
                made.write_raw(&by_cycle(of)).unwrap();
                let fill = made.new_attr::<i8>().create("_FillValue").unwrap();
                fill.write_scalar(&i8::MAX).unwrap();
            }
        }
    }
}

/// All values of a dataset with a column for each cycle, row by row.
fn by_cycle<T>(of: fn(usize, usize) -> T) -> Vec<T> {
    let rows = 0..ROWS;
    rows.flat_map(|i| (0..CYCLES.len()).map(move |cycle| of(i, cycle)))
        .collect()
}
