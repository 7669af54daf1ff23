//! Entries as columns of Arrow, and back.
//!
//! Beside the line, under `file.rs`. docs/format/INDEX.md has the columns. What is kept of a granule's structure is the last
//! one, which only who opens the granule reads.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, Float64Array, ListArray, ListBuilder, RecordBatch,
    StringArray, StringBuilder, UInt32Array, UInt32Builder, UInt64Array, UInt64Builder,
};
use arrow::datatypes::{DataType, Field, Fields, Schema, UInt32Type, UInt64Type};

use super::entry::{CellRun, Entry, IndexedTrack};

/// The column of what is kept of structures.
pub(super) const KEPT: &str = "kept";
pub(super) const KEPT_BYTES: &str = "kept_bytes";
pub(super) const KEPT_CRC: &str = "kept_crc32c";
/// Columns that tell which granule an entry is of, and which version of it.
pub(super) const IDENTITY: [&str; 4] = ["address", "bytes", "modified", "etag"];

/// The columns.
pub(super) fn schema() -> Arc<Schema> {
    let list = |of: DataType, nullable| DataType::List(Arc::new(Field::new("item", of, nullable)));
    let text = |name: &str, nullable| Field::new(name, DataType::Utf8, nullable);
    let fields = vec![
        text("name", false),
        text("address", false),
        Field::new("bytes", DataType::UInt64, false),
        Field::new("modified", DataType::UInt64, false),
        text("etag", true),
        text("product", true),
        text("release", true),
        text("version", true),
        Field::new("time_from", DataType::Float64, true),
        Field::new("time_to", DataType::Float64, true),
        text("utc_start", true),
        text("utc_end", true),
        text("times", true),
        text("latitude", false),
        text("longitude", false),
        Field::new("rows", DataType::UInt64, false),
        Field::new("tracks", list(DataType::Utf8, false), false),
        Field::new("track_rows", list(DataType::UInt64, true), false),
        Field::new("cells_first", list(DataType::UInt64, false), false),
        Field::new("cells_count", list(DataType::UInt32, false), false),
        Field::new("cells_tracks", list(DataType::UInt32, false), false),
        Field::new(KEPT_BYTES, DataType::UInt64, false),
        Field::new(KEPT_CRC, DataType::UInt32, false),
        Field::new("crc32c", DataType::UInt32, false),
        Field::new(KEPT, DataType::Binary, true),
    ];
    Arc::new(Schema::new(Fields::from(fields)))
}

/// Entries, with what is kept of each, as a batch.
///
/// # Errors
/// In words; columns that are not of one length, which is a defect.
pub(super) fn batch(entries: &[(Entry, Option<Vec<u8>>)]) -> Result<RecordBatch, String> {
    let all = || entries.iter().map(|(entry, _)| entry);
    let text = |of: fn(&Entry) -> &str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(all().map(of)))
    };
    let some_text = |of: fn(&Entry) -> Option<&str>| -> ArrayRef {
        Arc::new(all().map(of).collect::<StringArray>())
    };
    let long = |of: fn(&Entry) -> u64| -> ArrayRef {
        Arc::new(UInt64Array::from_iter_values(all().map(of)))
    };
    let int = |of: fn(&Entry) -> u32| -> ArrayRef {
        Arc::new(UInt32Array::from_iter_values(all().map(of)))
    };
    let end = |end: usize| -> ArrayRef {
        let ends = all().map(|entry| entry.span.map(|span| span[end]));
        Arc::new(ends.collect::<Float64Array>())
    };
    let item = |of, nullable| Arc::new(Field::new("item", of, nullable));
    let mut names = ListBuilder::new(StringBuilder::new()).with_field(item(DataType::Utf8, false));
    let mut rows = ListBuilder::new(UInt64Builder::new()).with_field(item(DataType::UInt64, true));
    let mut first =
        ListBuilder::new(UInt64Builder::new()).with_field(item(DataType::UInt64, false));
    let mut count =
        ListBuilder::new(UInt32Builder::new()).with_field(item(DataType::UInt32, false));
    let mut tracks =
        ListBuilder::new(UInt32Builder::new()).with_field(item(DataType::UInt32, false));
    for entry in all() {
        for track in &entry.tracks {
            names.values().append_value(&track.name);
            rows.values().append_option(track.rows);
        }
        for run in &entry.cells {
            first.values().append_value(run.first);
            count.values().append_value(run.count);
            tracks.values().append_value(run.tracks);
        }
        names.append(true);
        rows.append(true);
        first.append(true);
        count.append(true);
        tracks.append(true);
    }
    let kept = entries.iter().map(|(_, kept)| kept.as_deref());
    let columns: Vec<ArrayRef> = vec![
        text(|e| &e.name),
        text(|e| &e.address),
        long(|e| e.bytes),
        long(|e| e.modified),
        some_text(|e| e.etag.as_deref()),
        some_text(|e| e.product.as_deref()),
        some_text(|e| e.release.as_deref()),
        some_text(|e| e.version.as_deref()),
        end(0),
        end(1),
        some_text(|e| e.utc.as_ref().map(|utc| &*utc[0])),
        some_text(|e| e.utc.as_ref().map(|utc| &*utc[1])),
        some_text(|e| e.times.as_deref()),
        text(|e| &e.latitude),
        text(|e| &e.longitude),
        long(Entry::rows),
        Arc::new(names.finish()),
        Arc::new(rows.finish()),
        Arc::new(first.finish()),
        Arc::new(count.finish()),
        Arc::new(tracks.finish()),
        long(|e| e.kept_bytes),
        int(|e| e.kept_crc32c),
        int(Entry::checksum),
        Arc::new(kept.collect::<BinaryArray>()),
    ];
    RecordBatch::try_new(schema(), columns).map_err(|e| e.to_string())
}

/// The entries of a batch, each with its checksum held against what is there.
///
/// # Errors
/// In words, with the column or the row, counted from `first`.
pub(super) fn entries(batch: &RecordBatch, first: u64) -> Result<Vec<Entry>, String> {
    let columns = Columns(batch);
    let mut entries = Vec::with_capacity(batch.num_rows());
    let [name, address, latitude, longitude] =
        ["name", "address", "latitude", "longitude"].map(|name| columns.text(name));
    let (name, address, latitude, longitude) = (name?, address?, latitude?, longitude?);
    let (etag, product, times) = (
        columns.text("etag")?,
        columns.text("product")?,
        columns.text("times")?,
    );
    let (utc_start, utc_end) = (columns.text("utc_start")?, columns.text("utc_end")?);
    let (release, version) = (columns.text("release")?, columns.text("version")?);
    let (bytes, modified) = (columns.long("bytes")?, columns.long("modified")?);
    let (kept_bytes, kept_crc, crc) = (
        columns.long(KEPT_BYTES)?,
        columns.int(KEPT_CRC)?,
        columns.int("crc32c")?,
    );
    let (from, to) = (columns.double("time_from")?, columns.double("time_to")?);
    let (tracks, rows) = (columns.list("tracks")?, columns.list("track_rows")?);
    let [firsts, counts, masks] =
        ["cells_first", "cells_count", "cells_tracks"].map(|name| columns.list(name));
    let (firsts, counts, masks) = (firsts?, counts?, masks?);
    let owned = |of: &StringArray, row: usize| of.value(row).to_owned();
    let some = |of: &StringArray, row: usize| of.is_valid(row).then(|| owned(of, row));
    for row in 0..batch.num_rows() {
        let damaged = |what: &str| format!("row {} {what}", first + row as u64);
        let (names, of_tracks) = (tracks.value(row), rows.value(row));
        let (names, of_tracks) = names
            .as_string_opt::<i32>()
            .zip(of_tracks.as_primitive_opt::<UInt64Type>())
            .filter(|(names, rows)| names.len() == rows.len())
            .ok_or_else(|| damaged("has ground tracks and rows that do not fit"))?;
        let cells = cells(&firsts.value(row), &counts.value(row), &masks.value(row));
        let cells = cells.ok_or_else(|| damaged("has cells that do not fit"))?;
        let entry = Entry {
            name: owned(name, row),
            address: owned(address, row),
            bytes: bytes.value(row),
            modified: modified.value(row),
            etag: some(etag, row),
            product: some(product, row),
            release: some(release, row),
            version: some(version, row),
            span: (from.is_valid(row) && to.is_valid(row))
                .then(|| [from.value(row), to.value(row)]),
            utc: some(utc_start, row)
                .zip(some(utc_end, row))
                .map(|(start, end)| [start, end]),
            times: some(times, row),
            latitude: owned(latitude, row),
            longitude: owned(longitude, row),
            tracks: (0..names.len())
                .map(|i| IndexedTrack {
                    name: names.value(i).to_owned(),
                    rows: of_tracks.is_valid(i).then(|| of_tracks.value(i)),
                })
                .collect(),
            cells,
            kept_bytes: kept_bytes.value(row),
            kept_crc32c: kept_crc.value(row),
        };
        if entry.checksum() != crc.value(row) {
            return Err(damaged("does not have its checksum"));
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// The cells of an entry; `None` where its lists are not of one length or not of their types.
fn cells(first: &ArrayRef, count: &ArrayRef, tracks: &ArrayRef) -> Option<Vec<CellRun>> {
    let first = first.as_primitive_opt::<UInt64Type>()?.values();
    let count = count.as_primitive_opt::<UInt32Type>()?.values();
    let tracks = tracks.as_primitive_opt::<UInt32Type>()?.values();
    if first.len() != count.len() || first.len() != tracks.len() {
        return None;
    }
    let runs = first.iter().zip(count).zip(tracks);
    let run = |((&first, &count), &tracks)| CellRun {
        first,
        count,
        tracks,
    };
    Some(runs.map(run).collect())
}

/// Columns of a batch by name and type.
pub(super) struct Columns<'a>(pub &'a RecordBatch);

impl<'a> Columns<'a> {
    fn column<T: 'static>(&self, name: &str) -> Result<&'a T, String> {
        let column = self.0.column_by_name(name);
        let column = column.ok_or_else(|| format!("has no column {name}"))?;
        let typed = column.as_any().downcast_ref();
        typed.ok_or_else(|| format!("has a column {name} of {}", column.data_type()))
    }

    pub fn text(&self, name: &str) -> Result<&'a StringArray, String> {
        self.column(name)
    }

    pub fn long(&self, name: &str) -> Result<&'a UInt64Array, String> {
        self.column(name)
    }

    pub fn int(&self, name: &str) -> Result<&'a UInt32Array, String> {
        self.column(name)
    }

    pub fn double(&self, name: &str) -> Result<&'a Float64Array, String> {
        self.column(name)
    }

    pub fn bytes(&self, name: &str) -> Result<&'a BinaryArray, String> {
        self.column(name)
    }

    pub fn list(&self, name: &str) -> Result<&'a ListArray, String> {
        self.column(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::entry::runs;

    #[test]
    fn entries_come_back_as_they_were_and_damage_is_seen() {
        let plain = Entry {
            name: "b.h5".to_owned(),
            address: "s3://bucket/b.h5".to_owned(),
            bytes: 7,
            ..Entry::default()
        };
        let full = Entry {
            name: "a.h5".to_owned(),
            address: "a.h5".to_owned(),
            modified: 5,
            etag: Some("\"x\"".to_owned()),
            product: Some("ATL06".to_owned()),
            span: Some([1.5, 2.5]),
            utc: Some(["2018-10-14T00:24:45Z", "2018-10-14T00:30:00Z"].map(str::to_owned)),
            times: Some("/{group}/t".to_owned()),
            latitude: "/{group}/lat".to_owned(),
            tracks: ["gt1l", "gt1r"]
                .map(|name| IndexedTrack {
                    name: name.to_owned(),
                    rows: (name == "gt1l").then_some(9),
                })
                .into(),
            cells: runs([(1, 1), (2, 1), (9, 3)]),
            kept_bytes: 3,
            ..plain.clone()
        };
        let all = vec![(full.clone(), Some(vec![1, 2])), (plain.clone(), None)];
        let made = batch(&all).unwrap();
        assert_eq!(entries(&made, 0).unwrap(), [full, plain]);
        let other = Arc::new(UInt64Array::from(vec![8, 8]));
        let mut columns = made.columns().to_vec();
        columns[2] = other;
        let damaged = RecordBatch::try_new(schema(), columns).unwrap();
        assert_eq!(
            entries(&damaged, 40).unwrap_err(),
            "row 40 does not have its checksum"
        );
    }
}
