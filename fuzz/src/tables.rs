//! Small whole tables of every kind, and changes to them.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use arrow::array::{
    ArrayRef, BinaryArray, BinaryViewArray, BooleanArray, FixedSizeListArray, Float32Array,
    Float64Array, Int8Array, LargeListArray, ListArray, RecordBatch, StringArray, StructArray,
    UInt64Array,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Int16Type};
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding};
use parquet::file::properties::{WriterProperties, WriterVersion};

use crate::read::table;
use crate::source::{Bytes, FileBytes};
use crate::{Input, cap};

const ROWS: usize = 300;
/// Bytes beside those that decoding may take: metadata, rows of a piece, and what decoders set aside.
const BESIDE: usize = 60 << 20;

/// A whole table, and whether it is a stream.
type Whole = (Vec<u8>, bool);

static PARQUET: LazyLock<Vec<Vec<u8>>> = LazyLock::new(parquet_files);
static ARROW: LazyLock<Vec<Whole>> = LazyLock::new(arrow_files);

/// A changed Parquet file.
pub fn parquet(data: &[u8]) {
    let mut input = Input(data);
    let whole = &PARQUET[usize::from(input.byte()) % PARQUET.len()];
    let (bytes, is_changed) = changed(whole, &mut input);
    let read = within_cap(&bytes, table::parquet);
    assert!(
        is_changed || read == Some(ROWS),
        "a whole file gave {read:?}"
    );
}

/// A changed Arrow IPC file or stream.
pub fn arrow(data: &[u8]) {
    let mut input = Input(data);
    let (whole, is_stream) = &ARROW[usize::from(input.byte()) % ARROW.len()];
    let (bytes, is_changed) = changed(whole, &mut input);
    let read = within_cap(&bytes, |file| table::arrow(file, *is_stream));
    assert!(
        is_changed || read == Some(ROWS),
        "a whole file gave {read:?}"
    );
}

/// Reads a table from a file, and holds what it takes to the memory that it may.
fn within_cap<T>(bytes: &[u8], read: impl FnOnce(&Arc<dyn Bytes>) -> T) -> T {
    let mut file = tempfile::tempfile().expect("a temporary file");
    file.write_all(bytes).expect("room for it");
    let file = FileBytes::of(file, bytes.len() as u64, Path::new("a table"));
    let file: Arc<dyn Bytes> = Arc::new(file);
    cap::start();
    let read = read(&file);
    let most = cap::most();
    let allowed = table::ROOM as usize + BESIDE;
    assert!(
        most < allowed,
        "{most} bytes of memory at once, of {allowed}"
    );
    read
}

/// The table with up to four changes, and whether there were any.
fn changed(whole: &[u8], input: &mut Input) -> (Vec<u8>, bool) {
    let mut bytes = whole.to_vec();
    for _ in 0..input.byte() % 5 {
        // Metadata is at the end, and at the front of streams.
        let span = bytes.len().max(1);
        let place = match input.byte() % 3 {
            0 => input.number::<3>() as usize % span,
            1 => span - 1 - input.number::<2>() as usize % span.min(2000),
            _ => input.number::<2>() as usize % span.min(1000),
        };
        let end = bytes.len();
        match input.byte() % 7 {
            0 => bytes[place] = input.byte(),
            1 => bytes[place] ^= 1 << (input.byte() % 8),
            2 | 3 => {
                let at = place & !7;
                let wide = input.any().to_le_bytes();
                let to = (at + 8).min(end);
                bytes[at..to].copy_from_slice(&wide[..to - at]);
            }
            4 => {
                let value = (input.any() as u32).to_le_bytes();
                let at = place & !3;
                let to = (at + 4).min(end);
                bytes[at..to].copy_from_slice(&value[..to - at]);
            }
            5 => {
                let from = input.number::<3>() as usize % span;
                let length = usize::from(input.byte()).min(end - from).min(end - place);
                bytes.copy_within(from..from + length, place);
            }
            _ => bytes.truncate(end - (input.number::<2>() as usize % span) / 4),
        }
        if bytes.is_empty() {
            bytes.push(0);
        }
    }
    let is_changed = bytes != whole;
    (bytes, is_changed)
}

/// Columns of every type that is read, and some that are not.
fn columns(with_lists: bool) -> RecordBatch {
    let numbers = |i: usize| (i % 11 != 0).then_some((i as f64 * 0.37).sin());
    let floats: Float64Array = (0..ROWS).map(numbers).collect();
    let h: Float32Array = (0..ROWS).map(|i| Some(i as f32)).collect();
    let flag: Int8Array = (0..ROWS).map(|i| Some((i % 3) as i8)).collect();
    let id: UInt64Array = (0..ROWS).map(|i| Some(i as u64 / 7)).collect();
    let sure: BooleanArray = (0..ROWS)
        .map(|i| (i % 5 != 0).then_some(i % 2 == 0))
        .collect();
    let text: StringArray = (0..ROWS).map(|i| Some(format!("x{}", i % 9))).collect();
    let points: BinaryArray = (0..ROWS).map(|i| Some(vec![i as u8; 21])).collect();
    let views: BinaryViewArray = (0..ROWS).map(|i| Some(vec![i as u8; i % 30])).collect();
    let part = |name: &str, array: ArrayRef| {
        let field = Field::new(name, array.data_type().clone(), true);
        (Arc::new(field), array)
    };
    let both = StructArray::from(vec![
        part("x", Arc::new(floats.clone())),
        part("y", Arc::new(h.clone())),
    ]);
    let mut all: Vec<(&str, ArrayRef)> = vec![
        ("both", Arc::new(both)),
        ("floats", Arc::new(floats)),
        ("h", Arc::new(h)),
        ("flag", Arc::new(flag)),
        ("id", Arc::new(id)),
        ("sure", Arc::new(sure)),
        ("text", Arc::new(text)),
        ("points", Arc::new(points)),
        ("views", Arc::new(views)),
    ];
    if with_lists {
        let lengths = || OffsetBuffer::<i32>::from_lengths((0..ROWS).map(|i| i % 6));
        let count = (0..ROWS).map(|i| i % 6).sum::<usize>();
        let values: Float64Array = (0..count).map(numbers).collect();
        let item = Arc::new(Field::new("item", DataType::Float64, true));
        let list = ListArray::new(Arc::clone(&item), lengths(), Arc::new(values.clone()), None);
        let wide = OffsetBuffer::<i64>::from_lengths((0..ROWS).map(|i| i % 6));
        let large = LargeListArray::new(item, wide, Arc::new(values), None);
        let fixed = (0..ROWS).map(|i| Some([Some(i as i16), None]));
        let fixed = FixedSizeListArray::from_iter_primitive::<Int16Type, _, _>(fixed, 2);
        all.push(("list", Arc::new(list)));
        all.push(("large", Arc::new(large)));
        all.push(("fixed", Arc::new(fixed)));
    }
    RecordBatch::try_from_iter(all).expect("columns of one length")
}

fn parquet_files() -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    let codecs = [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::LZ4_RAW,
        Compression::ZSTD(Default::default()),
        Compression::GZIP(Default::default()),
        Compression::BROTLI(Default::default()),
    ];
    for (number, codec) in codecs.into_iter().enumerate() {
        for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
            for with_lists in [false, true] {
                let properties = WriterProperties::builder()
                    .set_compression(codec)
                    .set_writer_version(version)
                    .set_dictionary_enabled(number % 2 == 0)
                    .set_column_encoding("h".into(), Encoding::BYTE_STREAM_SPLIT)
                    .set_column_dictionary_enabled("h".into(), false)
                    .set_max_row_group_row_count(Some(200))
                    .set_data_page_row_count_limit(60)
                    .set_write_batch_size(30);
                let batch = columns(with_lists);
                let mut out = Vec::new();
                let writer =
                    ArrowWriter::try_new(&mut out, batch.schema(), Some(properties.build()));
                let mut writer = writer.expect("a writer");
                writer.write(&batch).expect("rows");
                writer.close().expect("an end");
                files.push(out);
            }
        }
    }
    files
}

fn arrow_files() -> Vec<Whole> {
    let mut files = Vec::new();
    for codec in [
        None,
        Some(CompressionType::LZ4_FRAME),
        Some(CompressionType::ZSTD),
    ] {
        for with_lists in [false, true] {
            for is_stream in [false, true] {
                let options = IpcWriteOptions::default().try_with_compression(codec);
                let options = options.expect("a codec");
                let batch = columns(with_lists);
                let parts = [batch.slice(0, 200), batch.slice(200, ROWS - 200)];
                let mut out = Vec::new();
                if is_stream {
                    let writer =
                        StreamWriter::try_new_with_options(&mut out, &batch.schema(), options);
                    let mut writer = writer.expect("a writer");
                    parts
                        .iter()
                        .for_each(|part| writer.write(part).expect("rows"));
                    writer.finish().expect("an end");
                } else {
                    let writer =
                        FileWriter::try_new_with_options(&mut out, &batch.schema(), options);
                    let mut writer = writer.expect("a writer");
                    parts
                        .iter()
                        .for_each(|part| writer.write(part).expect("rows"));
                    writer.finish().expect("an end");
                }
                files.push((out, is_stream));
            }
        }
    }
    files
}
