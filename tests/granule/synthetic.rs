//! Small granules written on the spot, whole and damaged.

use std::path::{Path, PathBuf};

use hdf5::{Dataset, File, FileBuilder, H5Type};
use tempfile::TempDir;

/// A granule in its own folder, which goes with it.
pub struct Synthetic {
    pub path: PathBuf,
    file: File,
    folder: TempDir,
}

impl Synthetic {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.h5");
        // As the reader opens it: both may be open at once.
        let mut builder = FileBuilder::new();
        let file = builder.with_fapl(|access| access.file_locking(false));
        let file = file.create(&path).unwrap();
        Self { path, file, folder }
    }

    /// A granule in the oldest format, whose metadata have no checksums.
    pub fn in_old_format() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.h5");
        let mut builder = FileBuilder::new();
        let file = builder.with_fapl(|access| access.file_locking(false).libver_earliest());
        let file = file.create(&path).unwrap();
        Self { path, file, folder }
    }

    /// A granule whose ground track gt1l has these heights at valid positions.
    pub fn with_heights(heights: &[f32]) -> Self {
        let granule = Self::new();
        granule.coordinates("gt1l", heights.len());
        granule.write("gt1l/heights/h_ph", heights);
        granule
    }

    /// Valid `lat_ph` and `lon_ph` for `rows` photons of a ground track.
    pub fn coordinates(&self, ground_track: &str, rows: usize) {
        let degrees = |start: f64| (0..rows).map(move |i| start + i as f64 * 1e-5);
        let lat: Vec<f64> = degrees(70.0).collect();
        let lon: Vec<f64> = degrees(-45.0).collect();
        self.write(&format!("{ground_track}/heights/lat_ph"), &lat);
        self.write(&format!("{ground_track}/heights/lon_ph"), &lon);
    }

    pub fn group(&self, path: &str) {
        self.file.create_group(path).unwrap();
    }

    /// A group that exists.
    pub fn within(&self, path: &str) -> hdf5::Group {
        self.file.group(path).unwrap()
    }

    /// A 1-D dataset; groups on the way are made.
    pub fn write<T: H5Type>(&self, path: &str, values: &[T]) -> Dataset {
        self.write_shaped(path, &[values.len()], values)
    }

    /// A dataset of any shape, values in row-major order, contiguous.
    pub fn write_shaped<T: H5Type>(&self, path: &str, shape: &[usize], values: &[T]) -> Dataset {
        let dataset = self
            .file
            .new_dataset::<T>()
            .shape(shape)
            .create(path)
            .unwrap();
        dataset.write_raw(values).unwrap();
        dataset
    }

    /// A 1-D dataset in storage chunks of `chunk` values: shuffled, then deflated at this level.
    pub fn write_chunked<T: H5Type>(
        &self,
        path: &str,
        values: &[T],
        chunk: usize,
        deflate: Option<u8>,
    ) -> Dataset {
        let mut filters = vec![hdf5::filters::Filter::Shuffle];
        filters.extend(deflate.map(hdf5::filters::Filter::Deflate));
        let dataset = self
            .file
            .new_dataset::<T>()
            .shape(values.len())
            .chunk(chunk)
            .set_filters(&filters)
            .create(path)
            .unwrap();
        dataset.write_raw(values).unwrap();
        dataset
    }

    /// Closes the file, so that it can be read.
    pub fn close(self) -> Closed {
        // Datasets that are still at hand keep the file open, and bytes back.
        self.file.flush().unwrap();
        self.file.close().unwrap();
        Closed {
            path: self.path,
            _folder: self.folder,
        }
    }
}

/// A finished granule.
pub struct Closed {
    pub path: PathBuf,
    _folder: TempDir,
}

/// Gives a dataset a scalar or 1-element `_FillValue`.
pub fn fill<T: H5Type>(dataset: &Dataset, value: T, as_array: bool) {
    let builder = dataset.new_attr::<T>();
    if as_array {
        let attribute = builder.shape(1).create("_FillValue").unwrap();
        attribute.write_raw(&[value]).unwrap();
    } else {
        let attribute = builder.create("_FillValue").unwrap();
        attribute.write_scalar(&value).unwrap();
    }
}

/// Gives a dataset an attribute of one number.
#[expect(clippy::needless_pass_by_value, reason = "numbers are written as such")]
pub fn number<T: H5Type>(dataset: &Dataset, name: &str, value: T) {
    let attribute = dataset.new_attr::<T>().create(name).unwrap();
    attribute.write_scalar(&value).unwrap();
}

/// Gives a dataset an attribute of several numbers.
pub fn numbers<T: H5Type>(dataset: &Dataset, name: &str, values: &[T]) {
    let attribute = dataset.new_attr::<T>().shape(values.len());
    attribute.create(name).unwrap().write_raw(values).unwrap();
}

/// Gives a dataset an attribute of text.
pub fn text(dataset: &Dataset, name: &str, value: &str) {
    let attribute = dataset.new_attr::<hdf5::types::VarLenAscii>();
    let value = hdf5::types::VarLenAscii::from_ascii(value).unwrap();
    attribute
        .create(name)
        .unwrap()
        .write_scalar(&value)
        .unwrap();
}

/// A file of these bytes in its own folder.
pub fn file_of(name: &str, bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// The first `bytes` of a file, as a file of the same name.
pub fn truncated(path: &Path, bytes: u64) -> (TempDir, PathBuf) {
    let whole = std::fs::read(path).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    file_of(name, &whole[..usize::try_from(bytes).unwrap()])
}
