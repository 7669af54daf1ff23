//! A granule in ATL03's layout with datasets of many types, and all that values may be: fill values, NaN, positions at
//! the edges of what there is, numbers that are no whole units.

use std::path::{Path, PathBuf};

use hdf5::{Extents, File, FileBuilder, H5Type};

use super::Site;
use super::granules::Heights;

/// Photons of its two ground tracks, of which the second has nothing odd.
pub const PHOTONS: usize = 5200;
pub const PLAIN: usize = 4400;
pub const ALL: u64 = (PHOTONS + PLAIN) as u64;

/// Positions along a track, and a few at the edges and far beyond; five of them are none.
pub fn positions() -> (Vec<f64>, Vec<f64>) {
    let odd = [
        (f64::NAN, 0.0),
        (90.0, 540.0),
        (-90.0, -540.0),
        (90.000_000_000_000_02, 0.0),
        (45.0, 540.000_000_000_000_1),
        (45.0, f64::NEG_INFINITY),
        (f64::MAX, 1.0),
        (-0.0, -0.0),
    ];
    let at = |i: usize| {
        let along = (70.0 + i as f64 * 1e-4, -45.0 - i as f64 * 2e-5);
        odd.get(i.wrapping_sub(100)).copied().unwrap_or(along)
    };
    (0..PHOTONS).map(at).unzip()
}

/// A dataset in chunks, shuffled and deflated.
pub fn dataset<T: H5Type>(
    file: &File,
    path: &str,
    shape: impl Into<Extents>,
    values: &[T],
    chunk: &[usize],
) {
    let builder = file.new_dataset::<T>().shape(shape).chunk(chunk.to_vec());
    let made = builder.shuffle().deflate(6).create(path);
    made.unwrap().write_raw(values).unwrap();
}

/// An attribute of a dataset of the first ground track's photons.
pub fn attribute<T: H5Type>(file: &File, name: &str, attribute: &str, value: &T) {
    let dataset = file.dataset(&format!("gt1l/heights/{name}")).unwrap();
    let made = dataset.new_attr::<T>().create(attribute).unwrap();
    made.write_scalar(value).unwrap();
}

/// A granule that is there, to change it. Without a lock: a program that another test is starting may hold that of who
/// wrote it.
pub fn reopened(path: &Path) -> File {
    let mut builder = FileBuilder::new();
    let builder = builder.with_fapl(|access| access.file_locking(false));
    builder.open_rw(path).unwrap()
}

/// Writes the granule.
pub fn odd_granule(site: &Site, name: &str) -> PathBuf {
    let path = site.path(name);
    let file = File::create(&path).unwrap();
    odd_track(&file);
    Heights::along(-44.0, PLAIN).write(&file, "gt3r");
    let plain = |name: &str| format!("gt3r/heights/{name}");
    dataset(&file, &plain("score"), PLAIN, &vec![0.5_f32; PLAIN], &[500]);
    dataset(
        &file,
        &plain("delta_time"),
        PLAIN,
        &vec![6.0e7; PLAIN],
        &[500],
    );
    dataset(
        &file,
        &plain("weight_ph"),
        PLAIN,
        &vec![100_i16; PLAIN],
        &[500],
    );
    dataset(&file, &plain("pulse"), PLAIN, &vec![100_i16; PLAIN], &[500]);
    segments(&file, "gt1l", PHOTONS);
    segments(&file, "gt3r", PLAIN);
    file.close().unwrap();
    path
}

fn odd_track(file: &File) {
    let n = PHOTONS;
    let path = |name: &str| format!("gt1l/heights/{name}");
    let (lat, lon) = positions();
    dataset(file, &path("lat_ph"), n, &lat, &[500]);
    dataset(file, &path("lon_ph"), n, &lon, &[700]);
    let height = |i: usize| match i % 97 {
        0 => f32::MAX,
        1 => f32::NAN,
        // No whole number of units.
        2 => 1e-7,
        3 => -0.0,
        _ => (i as f32 * 0.37).sin() * 40.0,
    };
    let heights: Vec<f32> = (0..n).map(height).collect();
    dataset(file, &path("h_ph"), n, &heights, &[1000]);
    attribute(file, "h_ph", "_FillValue", &f32::MAX);
    let score = |i: usize| {
        if i % 50 == 7 {
            f32::NAN
        } else {
            (i % 101) as f32 / 100.0
        }
    };
    let scores: Vec<f32> = (0..n).map(score).collect();
    dataset(file, &path("score"), n, &scores, &[500]);
    let times: Vec<f64> = (0..n).map(|i| 6.0e7 + i as f64 * 1e-4).collect();
    dataset(file, &path("delta_time"), n, &times, &[500]);
    let confidence: Vec<i8> = (0..5 * n).map(|i| (i * 31 % 7) as i8 - 2).collect();
    dataset(
        file,
        &path("signal_conf_ph"),
        (n, 5),
        &confidence,
        &[500, 5],
    );
    let weights: Vec<u8> = (0..n).map(|i| (i * 37 % 256) as u8).collect();
    dataset(file, &path("weight_ph"), n, &weights, &[500]);
    attribute(file, "weight_ph", "_FillValue", &255_u8);
    let pulses: Vec<i64> = (0..n).map(|i| (i as i64 - 2000) * 1_000_003).collect();
    dataset(file, &path("pulse"), n, &pulses, &[500]);
}

/// Geolocation segments of up to 60 photons each, some of none, with heights of a model, some of them missing.
fn segments(file: &File, track: &str, photons: usize) {
    let (mut counts, mut begins, mut left) = (Vec::new(), Vec::new(), photons);
    while left > 0 {
        let count = (counts.len() * 37 % 61).min(left);
        let begin = photons - left + 1;
        begins.push(if count == 0 { 0 } else { begin as i64 });
        counts.push(count as i32);
        left -= count;
    }
    let rows = counts.len();
    let path = |name: &str| format!("{track}/geolocation/{name}");
    dataset(file, &path("segment_ph_cnt"), rows, &counts, &[50]);
    dataset(file, &path("ph_index_beg"), rows, &begins, &[50]);
    let model: Vec<f32> = (0..rows)
        .map(|i| {
            if i % 9 == 4 {
                f32::MAX
            } else {
                i as f32 * 0.25
            }
        })
        .collect();
    let name = path("dem_h");
    dataset(file, &name, rows, &model, &[40]);
    let fill = file.dataset(&name).unwrap().new_attr::<f32>();
    fill.create("_FillValue")
        .unwrap()
        .write_scalar(&f32::MAX)
        .unwrap();
}
