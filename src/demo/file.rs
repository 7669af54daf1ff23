//! Writes synthetic ground tracks as an HDF5 granule, laid out and filtered as files of the products are.
//!
//! Chunks of 10,000 rows in extensible datasets; floats deflated at level 6, integers shuffled
//! first; `_FillValue`, `units` and `long_name` where the product has them (ATL03 data dictionary,
//! release 006).

use std::path::Path;

use hdf5::types::FixedAscii;
use hdf5::{Dataset, Group, H5Type, Location};

use super::track::{Beam, FILL_F32, Track};

/// Rows of an HDF5 chunk.
const CHUNK: usize = 10_000;
const DEFLATE: u8 = 6;

type Result<T> = hdf5::Result<T>;

/// One dataset: where it is, what it is called, and its fill value where it has one.
pub struct Field<T> {
    path: &'static str,
    units: &'static str,
    long_name: &'static str,
    fill: Option<T>,
    /// Integers are shuffled before they are deflated.
    shuffle: bool,
    /// Values a row; more than one makes the dataset 2-D.
    width: usize,
}

/// A granule that is being written.
pub struct GranuleWriter {
    file: hdf5::File,
}

impl GranuleWriter {
    /// Creates the file with the root attributes that say what it is.
    pub fn create(path: &Path, product: &str, title: &str) -> Result<Self> {
        let file = hdf5::FileBuilder::new()
            .with_fapl(hdf5::file::FileAccessBuilder::libver_earliest)
            .create(path)?;
        for (name, value) in [
            ("Conventions", "CF-1.6"),
            ("short_name", product),
            ("identifier_product_type", product),
            ("identifier_product_format_version", "006"),
            ("title", title),
            ("source", "synthetic"),
        ] {
            text(&file, name, value)?;
        }
        let orbit = file.create_group("orbit_info")?;
        let orientation = Field::<i8>::integer("sc_orient", "1", "Spacecraft Orientation");
        orientation.write(&orbit, &[1])?;
        Ok(Self { file })
    }

    /// Writes which pass of the orbit this is.
    pub fn orbit(&self, cycle: i8, ground_track: i16) -> Result<()> {
        let orbit = self.file.group("orbit_info")?;
        Field::<i8>::integer("cycle_number", "1", "Cycle Number").write(&orbit, &[cycle])?;
        Field::<i16>::integer("rgt", "1", "Reference Ground Track").write(&orbit, &[ground_track])
    }

    /// Creates the group of a ground track with what it says of itself.
    pub fn ground_track(&self, beam: Beam) -> Result<Group> {
        let group = self.file.create_group(beam.name)?;
        let beam_type = if beam.is_strong() { "strong" } else { "weak" };
        text(&group, "atlas_beam_type", beam_type)?;
        text(&group, "atlas_spot_number", &beam.spot.to_string())?;
        text(&group, "groundtrack_id", beam.name)?;
        text(&group, "sc_orientation", "Forward")?;
        Ok(group)
    }

    /// Writes one ground track of photons.
    pub fn write(&self, beam: Beam, track: &Track) -> Result<()> {
        let group = self.ground_track(beam)?;
        write_heights(&group, track)?;
        write_segments(&group, track)
    }

    /// Closes the file; what could not be written shows here.
    pub fn finish(self) -> Result<()> {
        self.file.flush()?;
        self.file.close()
    }
}

fn write_heights(group: &Group, track: &Track) -> Result<()> {
    group.create_group("heights")?;
    Field::float("heights/lat_ph", "degrees_north", "Latitude").write(group, &track.lat)?;
    Field::float("heights/lon_ph", "degrees_east", "Longitude").write(group, &track.lon)?;
    Field::float("heights/h_ph", "meters", "Photon WGS84 Height").write(group, &track.height)?;
    Field::float(
        "heights/delta_time",
        "seconds since 2018-01-01",
        "Elapsed GPS seconds",
    )
    .write(group, &track.delta_time)?;
    Field::integer("heights/signal_conf_ph", "1", "Photon Signal Confidence")
        .width(5)
        .write(group, &track.confidence)
}

fn write_segments(group: &Group, track: &Track) -> Result<()> {
    group.create_group("geolocation")?;
    group.create_group("geophys_corr")?;
    Field::integer("geolocation/ph_index_beg", "counts", "Photon Index Begin")
        .fill(0)
        .write(group, &track.index_beg)?;
    Field::integer("geolocation/segment_ph_cnt", "counts", "Number of photons")
        .fill(0)
        .write(group, &track.count)?;
    Field::integer(
        "geolocation/segment_id",
        "1",
        "Along-track segment ID Number",
    )
    .fill(0)
    .write(group, &track.segment_id)?;
    Field::float(
        "geolocation/reference_photon_lat",
        "degrees_north",
        "Segment latitude",
    )
    .write(group, &track.reference_lat)?;
    Field::float(
        "geolocation/reference_photon_lon",
        "degrees_east",
        "Segment longitude",
    )
    .write(group, &track.reference_lon)?;
    Field::float("geophys_corr/dem_h", "meters", "DEM Height")
        .fill(FILL_F32)
        .write(group, &track.dem)
}

impl<T: H5Type> Field<T> {
    pub fn float(path: &'static str, units: &'static str, long_name: &'static str) -> Self {
        Self {
            path,
            units,
            long_name,
            fill: None,
            shuffle: false,
            width: 1,
        }
    }

    pub fn integer(path: &'static str, units: &'static str, long_name: &'static str) -> Self {
        Self {
            shuffle: true,
            ..Self::float(path, units, long_name)
        }
    }

    pub fn fill(self, value: T) -> Self {
        Self {
            fill: Some(value),
            ..self
        }
    }

    fn width(self, width: usize) -> Self {
        Self { width, ..self }
    }

    /// Creates the dataset below `group` with `values`, row by row.
    pub fn write(&self, group: &Group, values: &[T]) -> Result<()> {
        let rows = values.len() / self.width;
        // Unlimited rows, because a chunk may not exceed a fixed extent. Times are not tracked, so
        // that equal content is equal bytes.
        let mut builder = group.new_dataset::<T>().obj_track_times(false);
        if self.shuffle {
            builder = builder.shuffle();
        }
        let builder = builder.deflate(DEFLATE);
        let dataset = if self.width == 1 {
            builder.chunk(CHUNK).shape(rows..).create(self.path)?
        } else {
            let builder = builder.chunk((CHUNK, self.width));
            builder.shape((rows.., self.width)).create(self.path)?
        };
        if !values.is_empty() {
            dataset.write_raw(values)?;
        }
        self.describe(&dataset)
    }

    fn describe(&self, dataset: &Dataset) -> Result<()> {
        text(dataset, "units", self.units)?;
        text(dataset, "long_name", self.long_name)?;
        if let Some(fill) = &self.fill {
            dataset
                .new_attr::<T>()
                .create("_FillValue")?
                .write_scalar(fill)?;
        }
        Ok(())
    }
}

/// Writes a fixed-length string attribute.
fn text(location: &Location, name: &str, value: &str) -> Result<()> {
    let value =
        FixedAscii::<64>::from_ascii(value).map_err(|e| hdf5::Error::from(e.to_string()))?;
    location
        .new_attr::<FixedAscii<64>>()
        .create(name)?
        .write_scalar(&value)
}
