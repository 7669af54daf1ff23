//! Granules of one pass in the layouts of ATL03, ATL08 and ATL06, whose rows belong to each other.

use std::path::{Path, PathBuf};

use hdf5::{File, H5Type};

use super::Site;

/// What the name of every granule of the pass has behind the product.
pub const PASS: &str = "20190105163308_01260202_006";

/// Photons of one ground track, and what other products say of them.
#[derive(Debug, Clone, Default)]
pub struct Track {
    pub lat: Vec<f64>,
    pub lon: Vec<f64>,
    pub h: Vec<f32>,
    pub time: Vec<f64>,
    /// Five columns, row by row.
    pub conf: Vec<i8>,
    pub segment_id: Vec<i32>,
    pub count: Vec<i32>,
    /// Of ATL08: geolocation segment, place in it, class, height above ground.
    pub ph_segment_id: Vec<i32>,
    pub index: Vec<i32>,
    pub class: Vec<i8>,
    pub ph_h: Vec<f32>,
    pub ph_time: Vec<f64>,
    /// Of ATL08: first and last geolocation segment, a height.
    pub land: Vec<(i32, i32, f32)>,
    /// Of ATL06: geolocation segment, height.
    pub ice: Vec<(i32, f32)>,
}

/// What `ph_h` and heights have in place of a value.
pub const FILL: f32 = f32::MAX;

impl Track {
    /// Photons northward from 70 N: geolocation segments of 0 to 8 photons, some of their numbers missing.
    pub fn along(lon: f64, segments: i32) -> Self {
        let mut track = Self::default();
        for segment in (0..segments).filter(|segment| segment % 17 != 5) {
            let id = 400_000 + segment;
            let count = (segment * 7 + 3) % 9;
            track.segment_id.push(id);
            track.count.push(count);
            for index in 1..=count {
                let row = track.lat.len();
                track.lat.push(70.0 + 2e-5 * row as f64);
                track.lon.push(lon);
                let time = 3e7 + 1e-4 * f64::from(segment * 30 + index);
                track.time.push(time);
                track.h.push(((row * 37) % 101) as f32 * 0.5 - 20.0);
                track
                    .conf
                    .extend((0..5).map(|column| ((row + 2 * column) % 7) as i8 - 2));
                if (segment + index) % 3 != 0 {
                    track.ph_segment_id.push(id);
                    track.index.push(index);
                    track.class.push(((segment / 3 + index) % 4) as i8);
                    let height = if row % 11 == 0 {
                        FILL
                    } else {
                        (row % 23) as f32 * 0.25
                    };
                    track.ph_h.push(height);
                    track.ph_time.push(time);
                }
            }
            // Of a geolocation segment that the granule does not have.
            if segment % 17 == 4 {
                track.ph_segment_id.push(id + 1);
                track.index.push(1);
                track.class.push(1);
                track.ph_h.push(0.0);
                track.ph_time.push(0.0);
            }
            if segment % 2 == 0 {
                let height = if segment % 10 == 0 {
                    FILL
                } else {
                    segment as f32
                };
                track.ice.push((id, height));
            }
            if segment % 5 == 0 && segment % 15 != 0 {
                track.land.push((id, id + 4, 1000.0 + segment as f32));
            }
        }
        track
    }

    /// Values of each photon: of `ATL08` class and `ph_h`, of `ATL08` land, of `ATL06`.
    pub fn matched(&self) -> Vec<Photon> {
        let mut photons = Vec::new();
        for (id, count) in self.segment_id.iter().zip(&self.count) {
            for index in 1..=*count {
                let mut rows = self.ph_segment_id.iter().zip(&self.index);
                let row = rows.position(|row| row == (id, &index));
                let ice = self.ice.iter().find(|(of, _)| of == id);
                let land = self
                    .land
                    .iter()
                    .find(|(first, last, _)| first <= id && id <= last);
                photons.push(Photon {
                    class: row.map(|row| self.class[row]),
                    ph_h: row.map(|row| self.ph_h[row]).filter(|h| *h < FILL),
                    ice: ice.map(|(_, h)| *h).filter(|h| *h < FILL),
                    land: land.map(|(.., h)| *h),
                });
            }
        }
        photons
    }

    fn write_photons(&self, file: &File, name: &str) {
        let at = |dataset: &str| format!("{name}/{dataset}");
        chunked(file, &at("heights/lat_ph"), &self.lat);
        chunked(file, &at("heights/lon_ph"), &self.lon);
        chunked(file, &at("heights/h_ph"), &self.h);
        chunked(file, &at("heights/delta_time"), &self.time);
        let conf = file
            .new_dataset::<i8>()
            .shape((self.lat.len(), 5))
            .chunk((300, 5))
            .deflate(6);
        let conf = conf.create(at("heights/signal_conf_ph").as_str()).unwrap();
        conf.write_raw(&self.conf).unwrap();
        let mut next = 1_i64;
        let mut begin = Vec::new();
        for &count in &self.count {
            begin.push(if count == 0 { 0 } else { next });
            next += i64::from(count);
        }
        plain(file, &at("geolocation/ph_index_beg"), &begin);
        plain(file, &at("geolocation/segment_ph_cnt"), &self.count);
        plain(file, &at("geolocation/segment_id"), &self.segment_id);
    }

    fn write_canopy(&self, file: &File, name: &str) {
        let at = |dataset: &str| format!("{name}/{dataset}");
        chunked(
            file,
            &at("signal_photons/ph_segment_id"),
            &self.ph_segment_id,
        );
        chunked(file, &at("signal_photons/classed_pc_indx"), &self.index);
        chunked(file, &at("signal_photons/classed_pc_flag"), &self.class);
        filled(&chunked(file, &at("signal_photons/ph_h"), &self.ph_h));
        chunked(file, &at("signal_photons/delta_time"), &self.ph_time);
        let of = |part: fn(&(i32, i32, f32)) -> i32| -> Vec<i32> {
            self.land.iter().map(part).collect()
        };
        plain(file, &at("land_segments/segment_id_beg"), &of(|row| row.0));
        plain(file, &at("land_segments/segment_id_end"), &of(|row| row.1));
        let heights: Vec<f32> = self.land.iter().map(|row| row.2).collect();
        plain(file, &at("land_segments/terrain/h_te_best_fit"), &heights);
    }

    fn write_ice(&self, file: &File, name: &str) {
        let at = |dataset: &str| format!("{name}/land_ice_segments/{dataset}");
        let (ids, heights): (Vec<i32>, Vec<f32>) = self.ice.iter().copied().unzip();
        plain(file, &at("segment_id"), &ids);
        filled(&plain(file, &at("h_li"), &heights));
    }
}

/// What is joined to one photon; nothing where no row is, or its value is a fill value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Photon {
    pub class: Option<i8>,
    pub ph_h: Option<f32>,
    pub ice: Option<f32>,
    pub land: Option<f32>,
}

fn chunked<T: H5Type>(file: &File, path: &str, values: &[T]) -> hdf5::Dataset {
    let builder = file
        .new_dataset::<T>()
        .shape(values.len()..)
        .chunk(300)
        .deflate(6);
    let dataset = builder.create(path).unwrap();
    dataset.write_raw(values).unwrap();
    dataset
}

fn plain<T: H5Type>(file: &File, path: &str, values: &[T]) -> hdf5::Dataset {
    let dataset = file
        .new_dataset::<T>()
        .shape(values.len())
        .create(path)
        .unwrap();
    dataset.write_raw(values).unwrap();
    dataset
}

fn filled(dataset: &hdf5::Dataset) {
    let attribute = dataset.new_attr::<f32>().create("_FillValue").unwrap();
    attribute.write_scalar(&FILL).unwrap();
}

impl Site {
    /// Writes a granule of a product with these ground tracks; its name is of this version.
    pub fn of_pass(&self, product: &str, version: &str, tracks: &[(&str, Track)]) -> PathBuf {
        let path = self.path(&format!("{product}_{PASS}_{version}.h5"));
        write(&path, product, tracks);
        path
    }

    /// ATL03, ATL08 and ATL06 of one pass.
    pub fn pass(&self, tracks: &[(&str, Track)]) -> [PathBuf; 3] {
        [("ATL03", "02"), ("ATL08", "01"), ("ATL06", "03")]
            .map(|(product, version)| self.of_pass(product, version, tracks))
    }
}

/// Writes a granule of a product.
pub fn write(path: &Path, product: &str, tracks: &[(&str, Track)]) {
    let file = File::create(path).unwrap();
    for (name, track) in tracks {
        match product {
            "ATL03" => track.write_photons(&file, name),
            "ATL08" => track.write_canopy(&file, name),
            _ => track.write_ice(&file, name),
        }
    }
    file.close().unwrap();
}
