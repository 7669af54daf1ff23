//! Shard maps as Parquet, as zagg's `ShardMap.to_parquet` has them: a row for each shard.
//!
//! Beside `map.rs`. The column `shard_keys` has the word of the shard (uint64, tagged as mortie's `morton_index`), `granules`
//! the list that the JSON form has, as JSON text, `aoi_mask`, where there is one, its cells in the same way. All else of the
//! JSON form is one JSON text in the metadata of the file.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, LargeStringArray, StringArray, UInt64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, UInt64Type};
use arrow::record_batch::RecordBatch;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::{KeyValue, ParquetMetaData, RowGroupMetaData};
use parquet::file::properties::WriterProperties;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::entry::MapGranule;
use super::map::{RawMap, Written};
use super::rectilinear;
use super::unused::unused_of_granules;
use crate::guard::guarded;

/// The key of what has no column, and zagg's name of it.
const META: &str = "zagg:shardmap_meta";
const KEYS: &str = "shard_keys";
const GRANULES: &str = "granules";
const AOI_MASK: &str = "aoi_mask";
/// The type of words, by its name among Arrow's extension types.
const MORTON: &str = "mortie.morton_index";
const AGAIN: &str = "make the map again";
/// Bytes that the lists of granules may take.
const MOST_BYTES: u64 = 4 << 30;
/// Rows read and written at a time.
const ROWS: usize = 1 << 12;

/// What has no column.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Meta {
    #[serde(default)]
    metadata: Option<Map<String, Value>>,
    #[serde(default)]
    grid_signature: Option<Map<String, Value>>,
}

/// Whether a file starts as Parquet.
pub(super) fn is_parquet(path: &Path) -> bool {
    let mut start = [0; 4];
    let read =
        File::open(path).and_then(|mut file| std::io::Read::read_exact(&mut file, &mut start));
    read.is_ok() && start == *b"PAR1"
}

/// Whether it is a shard map.
pub(super) fn looks_like_a_map(path: &Path) -> bool {
    text_of(path).is_some()
}

/// What the metadata of a map say of where it comes from.
pub(super) fn source(path: &Path) -> Option<String> {
    let meta: Meta = serde_json::from_str(&text_of(path)?).ok()?;
    let source = meta.metadata?.get("source")?.as_str()?.to_owned();
    Some(source)
}

fn text_of(path: &Path) -> Option<String> {
    if !is_parquet(path) {
        return None;
    }
    let file = File::open(path).ok()?;
    let builder = guarded(|| ParquetRecordBatchReaderBuilder::try_new(file)).ok()?;
    meta_of(builder.metadata()).map(str::to_owned)
}

fn meta_of(metadata: &ParquetMetaData) -> Option<&str> {
    let pairs = metadata.file_metadata().key_value_metadata();
    let meta = pairs.into_iter().flatten().find(|pair| pair.key == META);
    meta.and_then(|pair| pair.value.as_deref())
}

/// Reads a map, and finds what of it no run follows.
///
/// # Errors
/// In words, with the column and the row: what is no shard map.
pub(super) fn read(file: File) -> Result<(RawMap, Vec<String>), String> {
    let builder = guarded(|| ParquetRecordBatchReaderBuilder::try_new(file));
    let builder = builder.map_err(|why| format!("cannot be read as Parquet: {why}; {AGAIN}"))?;
    let meta = meta_of(builder.metadata()).ok_or_else(|| {
        format!(
"is Parquet without the metadata {META}, so it is no shard map; name a map, such as ShardMap.to_parquet of zagg writes"
        )
    })?;
    let meta: Meta = serde_json::from_str(meta)
        .map_err(|e| format!("has metadata {META} that are no JSON of a map ({e}); {AGAIN}"))?;
    let schema = Arc::clone(builder.schema());
    let place = |name: &str| {
        let place = schema.index_of(name);
        let columns = || {
            schema
                .fields()
                .iter()
                .map(|field| field.name().as_str())
                .collect::<Vec<_>>()
        };
        place.map_err(|_| {
            format!(
                "has no column {name}; it has {}; {AGAIN}",
                columns().join(", ")
            )
        })
    };
    let mut places = vec![place(KEYS)?, place(GRANULES)?];
    let has_mask = schema
        .index_of(AOI_MASK)
        .map(|of_mask| places.push(of_mask))
        .is_ok();
    check_size(builder.metadata())?;
    let mask = ProjectionMask::roots(builder.parquet_schema(), places);
    let damaged = |why: String| format!("has columns that cannot be read ({why}); {AGAIN}");
    let reader = guarded(|| builder.with_projection(mask).with_batch_size(ROWS).build());
    let mut rows = Rows {
        // zagg has the shard 0 of rows and columns as a null: the word 0 is none of a cell.
        null_is_zero: meta
            .grid_signature
            .as_ref()
            .is_some_and(rectilinear::is_of_one),
        mask: has_mask.then(Vec::new),
        ..Rows::default()
    };
    let mut reader = reader.map_err(damaged)?;
    while let Some(batch) = next(&mut reader).map_err(damaged)? {
        rows.add(&batch)?;
    }
    // A mask is read, and no run follows it.
    let known = [KEYS, GRANULES];
    let others = schema.fields().iter().map(|field| field.name().clone());
    rows.unused
        .extend(others.filter(|name| !known.contains(&&**name)));
    rows.unused.sort();
    rows.unused.dedup();
    let map = RawMap {
        metadata: meta.metadata,
        grid_signature: meta.grid_signature,
        shard_keys: rows.keys,
        granules: rows.granules,
        aoi_mask: rows.mask.map(Value::Array),
    };
    Ok((map, rows.unused))
}

/// What of a map was read so far.
#[derive(Default)]
struct Rows {
    null_is_zero: bool,
    keys: Vec<u64>,
    granules: Vec<Vec<MapGranule>>,
    /// Where there is a column of it.
    mask: Option<Vec<Value>>,
    unused: Vec<String>,
}

impl Rows {
    fn add(&mut self, batch: &RecordBatch) -> Result<(), String> {
        let column = |name: &str| -> Result<ArrayRef, String> {
            let column = batch.column_by_name(name);
            column
                .cloned()
                .ok_or_else(|| format!("has no column {name}; {AGAIN}"))
        };
        let keys = column(KEYS)?;
        let keys = keys.as_primitive_opt::<UInt64Type>().ok_or_else(|| {
            format!(
                "column {KEYS} is of {}, and keys of shards are unsigned integers of 64 bits; {AGAIN}",
                keys.data_type()
            )
        })?;
        let text = |name: &str, what: &str| -> Result<LargeStringArray, String> {
            let texts = column(name)?;
            if !is_text(texts.data_type()) {
                return Err(format!(
                    "column {name} is of {}, and lists of {what} are JSON text; {AGAIN}",
                    texts.data_type()
                ));
            }
            let texts = cast(&texts, &DataType::LargeUtf8)
                .map_err(|e| format!("column {name} cannot be read ({e}); {AGAIN}"))?;
            Ok(texts.as_string::<i64>().clone())
        };
        let lists = text(GRANULES, "granules")?;
        let masks = self.mask.is_some().then(|| text(AOI_MASK, "cells"));
        let masks = masks.transpose()?;
        for place in 0..batch.num_rows() {
            let row = self.keys.len();
            let wrong =
                |column: &str, what: &str| format!("column {column} row {row} {what}; {AGAIN}");
            if keys.is_null(place) && !self.null_is_zero {
                return Err(wrong(KEYS, "is null, and each row is a shard"));
            }
            let is_null = keys.is_null(place);
            self.keys.push(if is_null { 0 } else { keys.value(place) });
            if lists.is_null(place) {
                return Err(wrong(
                    GRANULES,
                    "is null, and a shard has a list of granules",
                ));
            }
            let text = lists.value(place);
            let listed = serde_json::from_str(text)
                .map_err(|e| wrong(GRANULES, &format!("is no list of granules ({e})")))?;
            self.granules.push(listed);
            self.unused.extend(unused_of_granules(text.as_bytes()));
            self.unused.sort();
            self.unused.dedup();
            if let (Some(masks), Some(of_shards)) = (&masks, &mut self.mask) {
                if masks.is_null(place) {
                    return Err(wrong(AOI_MASK, "is null, and a shard has a list of cells"));
                }
                let cells = serde_json::from_str(masks.value(place)).map_err(|e| {
                    wrong(AOI_MASK, &format!("is no JSON of a list of cells ({e})"))
                })?;
                of_shards.push(cells);
            }
        }
        Ok(())
    }
}

fn is_text(of: &DataType) -> bool {
    match of {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

fn next(reader: &mut ParquetRecordBatchReader) -> Result<Option<RecordBatch>, String> {
    guarded(|| reader.next().transpose())
}

/// That the lists of granules and of cells are not larger than a map may be.
fn check_size(metadata: &ParquetMetaData) -> Result<(), String> {
    let chunks = metadata
        .row_groups()
        .iter()
        .flat_map(RowGroupMetaData::columns);
    let of_lists = chunks.filter(|chunk| {
        let name = chunk.column_path().parts().first();
        name.is_some_and(|name| name == GRANULES || name == AOI_MASK)
    });
    let sizes = of_lists.map(|chunk| u64::try_from(chunk.uncompressed_size()).unwrap_or(0));
    let bytes = sizes.fold(0, u64::saturating_add);
    if bytes > MOST_BYTES {
        return Err(format!(
            "has lists of granules and cells of {bytes} bytes, and a map {MOST_BYTES} at most; make maps of smaller areas"
        ));
    }
    Ok(())
}

/// The bytes of a map; equal maps have equal ones.
///
/// # Errors
/// In words, what cannot be held.
pub(super) fn bytes(map: &Written) -> Result<Vec<u8>, String> {
    let failed = |e: &dyn ToString| format!("cannot be written as Parquet: {}", e.to_string());
    let meta = Meta {
        metadata: Some(map.metadata.clone()),
        grid_signature: map.grid_signature.cloned(),
    };
    let meta = serde_json::to_string(&meta).map_err(|e| failed(&e))?;
    let tag = [
        ("ARROW:extension:name", MORTON),
        ("ARROW:extension:metadata", ""),
    ];
    let tag: HashMap<String, String> = tag
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    let mut fields = vec![
        Field::new(KEYS, DataType::UInt64, true).with_metadata(tag),
        Field::new(GRANULES, DataType::Utf8, true),
    ];
    if map.aoi_mask.is_some() {
        fields.push(Field::new(AOI_MASK, DataType::Utf8, true));
    }
    // In the file's own metadata for all readers, and in those of Arrow's schema, which pyarrow takes in their place.
    let of_schema = HashMap::from([(META.to_owned(), meta.clone())]);
    let schema = Arc::new(Schema::new_with_metadata(fields, of_schema));
    let level = ZstdLevel::try_new(3).map_err(|e| failed(&e))?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(ROWS))
        .build();
    let mut out = Vec::new();
    let writer = ArrowWriter::try_new(&mut out, Arc::clone(&schema), Some(properties));
    let mut writer = writer.map_err(|e| failed(&e))?;
    for first in (0..map.shard_keys.len()).step_by(ROWS) {
        let rows = first..map.shard_keys.len().min(first + ROWS);
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(UInt64Array::from(map.shard_keys[rows.clone()].to_vec())),
            texts(&map.granules[rows.clone()]).map_err(|e| failed(&e))?,
        ];
        if let Some(mask) = &map.aoi_mask {
            columns.push(texts(&mask[rows]).map_err(|e| failed(&e))?);
        }
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns).map_err(|e| failed(&e))?;
        writer.write(&batch).map_err(|e| failed(&e))?;
    }
    writer.append_key_value_metadata(KeyValue::new(META.to_owned(), meta));
    writer.close().map_err(|e| failed(&e))?;
    Ok(out)
}

fn texts<T: Serialize>(values: &[T]) -> serde_json::Result<ArrayRef> {
    let texts = values.iter().map(serde_json::to_string);
    let texts: Vec<String> = texts.collect::<serde_json::Result<_>>()?;
    Ok(Arc::new(StringArray::from(texts)))
}
