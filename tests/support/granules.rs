//! Granules in ATL03's layout that a test can spoil.

use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use hdf5::{File, FileBuilder};

use super::site::{Site, long_track};

/// Photons of one ground track, all with the same confidence.
#[derive(Debug, Clone)]
pub struct Heights {
    pub lat: Vec<f64>,
    pub lon: Vec<f64>,
    pub h: Vec<f32>,
    /// The `_FillValue` of `h_ph`.
    pub fill: Option<f32>,
}

impl Heights {
    /// Photons northward from 70 N at this longitude: some 150 in a cell of order 12.
    pub fn along(lon: f64, photons: usize) -> Self {
        let steps = || (0..photons).map(|i| i as f64);
        Self {
            lat: steps().map(|i| 70.0 + i * 1e-4).collect(),
            lon: vec![lon; photons],
            h: steps().map(|i| (i * 0.37).sin() as f32 * 40.0).collect(),
            fill: None,
        }
    }

    /// The same without one photon.
    pub fn without(mut self, photon: usize) -> Self {
        self.lat.remove(photon);
        self.lon.remove(photon);
        self.h.remove(photon);
        self
    }

    pub fn write(&self, file: &File, ground_track: &str) {
        let path = |name: &str| format!("{ground_track}/heights/{name}");
        let chunked = |name: &str, values: &[f64]| {
            let builder = file.new_dataset::<f64>().shape(values.len()..);
            let builder = builder.chunk(500).deflate(6);
            let dataset = builder.create(path(name).as_str()).unwrap();
            dataset.write_raw(values).unwrap();
        };
        chunked("lat_ph", &self.lat);
        chunked("lon_ph", &self.lon);
        let builder = file.new_dataset::<f32>().shape(self.h.len()..);
        let builder = builder.chunk(500).deflate(6);
        let h = builder.create(path("h_ph").as_str()).unwrap();
        h.write_raw(&self.h).unwrap();
        if let Some(fill) = self.fill {
            let attribute = h.new_attr::<f32>().create("_FillValue").unwrap();
            attribute.write_scalar(&fill).unwrap();
        }
        let confidence = vec![4_i8; self.lat.len() * 5];
        let builder = file.new_dataset::<i8>().shape((self.lat.len(), 5));
        let dataset = builder.create(path("signal_conf_ph").as_str()).unwrap();
        dataset.write_raw(&confidence).unwrap();
    }
}

impl Site {
    /// Writes a granule of these ground tracks.
    pub fn granule(&self, name: &str, tracks: &[(&str, Heights)]) -> PathBuf {
        let path = self.path(name);
        let file = File::create(&path).unwrap();
        for (ground_track, heights) in tracks {
            heights.write(&file, ground_track);
        }
        file.close().unwrap();
        path
    }

    /// A granule with nothing wrong, as the oldest library writes it: its superblock has no checksum.
    pub fn old(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        let mut builder = FileBuilder::new();
        builder.with_fapl(|access| access.libver_earliest());
        let file = builder.create(&path).unwrap();
        Heights::along(-45.0, 3000).write(&file, "gt1l");
        file.close().unwrap();
        path
    }

    /// A granule with nothing wrong.
    pub fn good(&self, name: &str, lon: f64) -> PathBuf {
        self.granule(name, &[("gt1l", Heights::along(lon, 3000))])
    }

    /// A granule whose first ground track is good, and whose second has heights of another length.
    pub fn wrong_length(&self, name: &str) -> PathBuf {
        let mut short = Heights::along(-44.0, 1200);
        short.h.truncate(1000);
        self.granule(
            name,
            &[("gt1l", Heights::along(-45.0, 3000)), ("gt2l", short)],
        )
    }

    /// A granule whose heights cannot be decoded from photon 2000 on.
    pub fn damaged(&self, name: &str) -> PathBuf {
        let path = self.good(name, -45.0);
        let file = File::open(&path).unwrap();
        let h = file.dataset("gt1l/heights/h_ph").unwrap();
        let address = h.chunk_info(4).unwrap().addr;
        drop(h);
        file.close().unwrap();
        let mut file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.seek(SeekFrom::Start(address)).unwrap();
        file.write_all(&[0xff; 64]).unwrap();
        path
    }

    /// The first half of a good granule.
    pub fn truncated(&self, name: &str) -> PathBuf {
        let path = self.good(name, -45.0);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        path
    }

    /// A text file that is called a granule.
    pub fn text(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, "<!DOCTYPE html>\n<title>Log in</title>\n").unwrap();
        path
    }

    /// A file with datasets that are no photons.
    pub fn other_file(&self, name: &str, dataset: &str) -> PathBuf {
        let path = self.path(name);
        let file = File::create(&path).unwrap();
        let made = file.new_dataset::<f64>().shape(3).create(dataset).unwrap();
        made.write_raw(&[1.0, 2.0, 3.0]).unwrap();
        path
    }

    /// Three granules over several shards, of which the first two overlap.
    pub fn three(&self) -> [PathBuf; 3] {
        [
            self.granule(
                "a.h5",
                &[("gt1l", long_track(-45.0)), ("gt3r", long_track(-43.0))],
            ),
            self.granule("b.h5", &[("gt1l", long_track(-44.9))]),
            self.granule("c.h5", &[("gt2r", long_track(10.0))]),
        ]
    }

    /// A granule whose latitudes have the filter bitshuffle, by a change of its message.
    pub fn with_filter(&self, name: &str) -> PathBuf {
        let path = self.good(name, -45.0);
        // The oldest format has no checksums of messages.
        let mut old = FileBuilder::new();
        let old = old.with_fapl(|access| access.file_locking(false).libver_earliest());
        let file = old.open_rw(&path).unwrap();
        let group = file.group("gt1l/heights").unwrap();
        group.unlink("lat_ph").unwrap();
        let lat = Heights::along(-45.0, 3000).lat;
        let builder = group.new_dataset::<f64>().shape(lat.len()).chunk(500);
        let dataset = builder.shuffle().create("lat_ph").unwrap();
        dataset.write_raw(&lat).unwrap();
        drop((dataset, group));
        file.flush().unwrap();
        file.close().unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        // Number 2, its name's length, flags, one parameter, the name: of the first version of the message.
        let shuffle = b"\x02\x00\x08\x00\x01\x00\x01\x00shuffle\0";
        let at = bytes
            .windows(shuffle.len())
            .position(|w| w == shuffle)
            .unwrap();
        bytes[at..at + 2].copy_from_slice(&32008_u16.to_le_bytes());
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Does something while a row of the second of three granules is out of range, and mends that granule.
    pub fn while_spoiled(&self, act: impl FnOnce()) {
        let path = self.path("b.h5");
        let good = std::fs::read(&path).unwrap();
        let time = std::fs::metadata(&path).unwrap().modified().unwrap();
        let mut spoiled = long_track(-44.9);
        spoiled.h[100] = 1e9;
        self.granule("b.h5", &[("gt1l", spoiled)]);
        act();
        std::fs::write(&path, good).unwrap();
        let file = std::fs::File::options().write(true).open(&path);
        file.unwrap().set_modified(time).unwrap();
    }
}

/// The path as an argument list of one.
pub fn one(path: &Path) -> [&Path; 1] {
    [path]
}

/// The paths as an argument list.
pub fn paths<const N: usize>(granules: &[PathBuf; N]) -> [&Path; N] {
    granules.each_ref().map(PathBuf::as_path)
}
