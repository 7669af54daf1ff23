//! Granules and tables from other sources than files: the same bits, and every fault of a source is an error.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int32Array, ListArray};
use arrow::datatypes::Int32Type;
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{WriterProperties, WriterVersion};

use super::hdf5::{GranuleFile, Reader};
use super::in_memory::{Fault, MemoryBytes};
use super::table::{TableFile, TableReader, source_columns};
use super::{GranulePath, Input, StillOpen};
use crate::Result;
use crate::config::{Config, load, parse_yaml};
use crate::demo::{Recipe, write_granules_with};
use crate::photon::{ColumnType, PhotonBatch, Values};
use crate::source::Bytes;
use crate::watch::Unwatched;

const TABLE: &str = "
data_source:
  reader: table
  coordinates: {latitude: lat, longitude: lon}
  variables: {k: k}
aggregation:
  variables:
    count: {function: count, source: k}
output:
  grid: {type: healpix, parent_order: 6, child_order: 12}
";

/// Photons by the bits of all that is known of them.
#[derive(Debug, Default, PartialEq)]
struct Photons {
    bits: Vec<Vec<u64>>,
}

impl Photons {
    fn add(&mut self, batch: &PhotonBatch) {
        for i in 0..batch.len() {
            let mut bits = vec![
                batch.origin.rows.get(i),
                batch.lon[i].to_bits(),
                batch.lat[i].to_bits(),
            ];
            for column in &batch.columns {
                bits.push(u64::from(column.is_valid(i)));
                bits.push(match &column.values {
                    Values::F32(v) => u64::from(v[i].to_bits()),
                    Values::F64(v) => v[i].to_bits(),
                    Values::I64(v) => v[i].cast_unsigned(),
                });
            }
            self.bits.push(bits);
        }
    }
}

fn small_granule(folder: &Path) -> PathBuf {
    let recipe = Recipe {
        granules: 1,
        segments_per_track: 400,
        seed: 1,
    };
    write_granules_with(folder, &recipe).unwrap().remove(0)
}

fn photons_of(granule: &GranuleFile, config: &Config, rows: usize) -> Result<Photons> {
    let columns = granule.source_columns(config)?.unwrap_or_default();
    let types: Vec<ColumnType> = columns.iter().map(|column| column.column_type).collect();
    let mut reader = Reader::open(granule, config, &types, rows)?;
    let mut photons = Photons::default();
    while let Some(batch) = reader.next_batch()? {
        photons.add(&batch);
        reader.recycle(batch);
    }
    Ok(photons)
}

/// The photons of a granule that stayed open; `None` where it has to be opened.
fn photons_kept(open: &StillOpen, granule: &GranulePath, types: &[ColumnType]) -> Option<Photons> {
    let mut input = open.take(granule, (types, 64), &None)?;
    let mut photons = Photons::default();
    while let Some(batch) = input.next_batch(&Unwatched).unwrap() {
        assert!(batch.len() <= 64);
        photons.add(&batch);
    }
    Some(photons)
}

#[test]
fn a_granule_that_stays_open_has_the_photons_of_one_that_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = small_granule(folder.path());
    let config = load("atl03").unwrap();
    let granule = GranulePath::alone(&path);
    // Written so long ago that what is written later has another time.
    std::thread::sleep(std::time::Duration::from_millis(150));
    let survey = || {
        let mut open = StillOpen::default();
        let described = Input::describe_and_keep(&granule, &config, &mut open).unwrap();
        let columns = described.columns.unwrap();
        let types: Vec<ColumnType> = columns.iter().map(|c| c.column_type).collect();
        (open, types)
    };
    let (open, types) = survey();
    let expected = photons_of(&GranuleFile::open(&path).unwrap(), &config, 1000).unwrap();
    assert_eq!(photons_kept(&open, &granule, &types), Some(expected));
    assert_eq!(photons_kept(&open, &granule, &types), None, "it was taken");
    // Others of its run are read in a wider type.
    let (open, _) = survey();
    assert_eq!(photons_kept(&open, &granule, &[ColumnType::F64]), None);
    let (open, types) = survey();
    let by_another_name = GranulePath {
        name: "another".into(),
        ..granule.clone()
    };
    assert_eq!(photons_kept(&open, &by_another_name, &types), None);
    open.close();
    assert_eq!(photons_kept(&open, &granule, &types), None, "it was closed");
    let (open, types) = survey();
    let copy = folder.path().join("copy.h5");
    std::fs::copy(&path, &copy).unwrap();
    std::fs::rename(&copy, &path).unwrap();
    assert_eq!(
        photons_kept(&open, &granule, &types),
        None,
        "it was replaced"
    );
}

fn photons_in(table: TableFile, config: &Config) -> Result<Photons> {
    let columns = source_columns(&table, config)?;
    let types: Vec<ColumnType> = columns.iter().map(|column| column.column_type).collect();
    let mut reader = TableReader::new(table, config, &types, 64, None)?;
    let mut photons = Photons::default();
    while let Some(batch) = reader.next_batch()? {
        photons.add(&batch);
    }
    Ok(photons)
}

/// Whole tables of each format, with a list of values in each row.
fn tables(folder: &Path) -> Vec<PathBuf> {
    let lists = (0..500).map(|i| Some((0..i % 7).map(move |k| Some(i * 10 + k))));
    let k: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(lists));
    let lon: ArrayRef = Arc::new(
        (0..500)
            .map(f64::from)
            .map(|i| Some(i / 9.0))
            .collect::<Float64Array>(),
    );
    let lat: ArrayRef = Arc::new(
        (0..500)
            .map(f64::from)
            .map(|i| Some(i / 11.0))
            .collect::<Float64Array>(),
    );
    let flag: ArrayRef = Arc::new((0..500).map(Some).collect::<Int32Array>());
    let columns = [("lon", lon), ("lat", lat), ("k", k), ("flag", flag)];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let path = |name: &str| folder.join(name);
    let file = |name: &str| std::fs::File::create(path(name)).unwrap();
    for (name, codec, version) in [
        ("1.parquet", Compression::SNAPPY, WriterVersion::PARQUET_1_0),
        (
            "2.parquet",
            Compression::ZSTD(ZstdLevel::default()),
            WriterVersion::PARQUET_2_0,
        ),
    ] {
        let properties = WriterProperties::builder()
            .set_compression(codec)
            .set_writer_version(version)
            .set_max_row_group_row_count(Some(300))
            .set_data_page_row_count_limit(50)
            .set_write_batch_size(25);
        let properties = Some(properties.build());
        let mut writer = ArrowWriter::try_new(file(name), batch.schema(), properties).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    }
    let options = || {
        let options = IpcWriteOptions::default();
        options
            .try_with_compression(Some(CompressionType::LZ4_FRAME))
            .unwrap()
    };
    let schema = batch.schema();
    let mut writer = FileWriter::try_new_with_options(file("3.arrow"), &schema, options()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    let mut writer =
        StreamWriter::try_new_with_options(file("4.arrows"), &schema, options()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    ["1.parquet", "2.parquet", "3.arrow", "4.arrows"]
        .map(path)
        .to_vec()
}

fn in_bytes(bytes: MemoryBytes, path: &Path) -> Result<TableFile> {
    TableFile::open_in(Arc::new(bytes), path, "the table")
}

#[test]
fn chunks_in_memory_have_the_bits_of_their_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = small_granule(folder.path());
    let config = load("atl03").unwrap();
    let whole = photons_of(&GranuleFile::open(&path).unwrap(), &config, 1 << 20).unwrap();
    assert!(whole.bits.len() > 1000);
    for rows in [977, 1 << 20] {
        let bytes = Arc::new(MemoryBytes::of_file(&path));
        let granule = GranuleFile::open(&path).unwrap();
        let granule = granule.over(Arc::<MemoryBytes>::clone(&bytes));
        assert_eq!(photons_of(&granule, &config, rows).unwrap(), whole);
        assert!(bytes.reads() > 0);
    }
}

#[test]
fn tables_in_memory_have_the_bits_of_their_files() {
    let folder = tempfile::tempdir().unwrap();
    let config = parse_yaml("table", TABLE).unwrap();
    for path in tables(folder.path()) {
        let whole = photons_in(TableFile::open(&path).unwrap(), &config).unwrap();
        let values: usize = (0..500).map(|i| i % 7).sum();
        assert_eq!(whole.bits.len(), values, "{}", path.display());
        let table = in_bytes(MemoryBytes::of_file(&path), &path).unwrap();
        assert_eq!(photons_in(table, &config).unwrap(), whole);
    }
}

#[test]
fn chunks_that_do_not_come_are_errors_that_name_dataset_and_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = small_granule(folder.path());
    let config = load("atl03").unwrap();
    let whole = photons_of(&GranuleFile::open(&path).unwrap(), &config, 1 << 20).unwrap();
    let length = MemoryBytes::of_file(&path).length();
    for fault in [Fault::Fails, Fault::Short] {
        let mut failed = 0;
        for at in (0..length).step_by(length as usize / 30) {
            let bytes = MemoryBytes::of_file(&path).spoiled(at, fault);
            let granule = GranuleFile::open(&path).unwrap().over(Arc::new(bytes));
            match photons_of(&granule, &config, 5000) {
                // Nothing that is wanted stands there.
                Ok(photons) => assert_eq!(photons, whole, "{at}"),
                Err(error) => {
                    let said = error.to_string();
                    let names = [
                        granule.name(),
                        "cannot read /gt",
                        " rows ",
                        "a storage chunk: it cannot be read",
                    ];
                    assert!(names.iter().all(|name| said.contains(name)), "{at}: {said}");
                    failed += 1;
                }
            }
        }
        assert!(failed > 5, "{failed}");
    }
}

#[test]
fn tables_that_do_not_come_are_errors_that_name_them() {
    let folder = tempfile::tempdir().unwrap();
    let config = parse_yaml("table", TABLE).unwrap();
    for path in tables(folder.path()) {
        let whole = photons_in(TableFile::open(&path).unwrap(), &config).unwrap();
        let length = MemoryBytes::of_file(&path).length();
        for fault in [Fault::Fails, Fault::Short] {
            let mut failed = 0;
            for at in (0..length).step_by(97) {
                let bytes = MemoryBytes::of_file(&path).spoiled(at, fault);
                let photons = in_bytes(bytes, &path).and_then(|table| photons_in(table, &config));
                match photons {
                    Ok(photons) => assert_eq!(photons, whole, "{at}"),
                    Err(error) => {
                        let said = error.to_string();
                        let name = path.file_name().unwrap().to_string_lossy();
                        let is_named = said.contains("the table") || said.contains(&*name);
                        assert!(is_named, "{at}: {said}");
                        failed += 1;
                    }
                }
            }
            assert!(failed > 10, "{}: {failed}", path.display());
        }
    }
}
