//! The parts of icefold that read Parquet and Arrow IPC, without those that know configs.

#[path = "../../../src/read/table/fields.rs"]
pub mod fields;
#[path = "../../../src/read/table/footer.rs"]
pub mod footer;
#[path = "../../../src/read/table/front.rs"]
pub mod front;
#[path = "../../../src/read/table/header.rs"]
pub mod header;
#[path = "../../../src/read/table/ipc/mod.rs"]
pub mod ipc;
#[path = "../../../src/read/table/lists.rs"]
pub mod lists;
#[path = "../../../src/read/table/metered.rs"]
pub mod metered;
#[path = "../../../src/read/table/named.rs"]
pub mod named;
#[path = "../../../src/read/table/pages.rs"]
pub mod pages;
#[path = "../../../src/read/table/piece.rs"]
pub mod piece;
#[path = "../../../src/read/table/room.rs"]
pub mod room;
#[path = "../../../src/read/table/row_groups.rs"]
pub mod row_groups;

use std::sync::Arc;

use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};

use fields::Pick;
use ipc::{IpcSource, Messages};
use metered::Metered;
use piece::{Piece, Reach, Stretch};
use room::{Fault, Room};
use row_groups::{ParquetSource, Wanted};

use super::bytes::Bytes;
use crate::guard::guarded;

/// Rows of a piece, and bytes that decoding may take.
const ROWS: usize = 1000;
pub const ROOM: u64 = 8 << 20;
/// Damaged files may say that they have rows without end, which is no fault of the reader's.
const PIECES: usize = 200;

/// Rows of a Parquet file; `None` where it is refused.
pub fn parquet(file: &Arc<dyn Bytes>) -> Option<usize> {
    footer::check(&**file).ok()?;
    let metered = Metered::new(Arc::clone(file));
    let loaded = guarded(|| ArrowReaderMetadata::load(&metered, ArrowReaderOptions::new())).ok()?;
    let metadata = loaded.metadata();
    let all: Vec<Pick> = (0..loaded.schema().fields().len()).map(whole).collect();
    let wanted = Wanted {
        schema: loaded.schema(),
        points: Some("points"),
        positions: all.clone(),
        all,
        stretches: vec![Stretch {
            reach: Reach::All,
            row_groups: (0..metadata.num_row_groups()).collect(),
            first: 0,
            rows: u64::try_from(metadata.file_metadata().num_rows()).unwrap_or(0),
        }],
    };
    let limits = (ROWS, Room::new(Some(ROOM), 1));
    let open = || Ok::<_, String>(ParquetSource::open(metadata, metered, wanted, limits));
    let mut source = guarded(open).ok()?.ok()?;
    let mut rows = 0;
    for _ in 0..PIECES {
        match guarded(|| Ok::<_, String>(source.next())).ok()?.ok()? {
            None => return Some(rows),
            Some(Piece::Rows { batch, .. }) => rows += batch.num_rows(),
            Some(Piece::Skipped(..)) => {}
        }
    }
    None
}

/// Rows of an Arrow IPC file or stream; `None` where it is refused. None of it may panic.
pub fn arrow(file: &Arc<dyn Bytes>, is_stream: bool) -> Option<usize> {
    let messages = guarded(|| {
        if is_stream {
            Messages::of_stream(&**file)
        } else {
            Messages::of_file(&**file)
        }
    });
    let messages = Arc::new(messages.ok()?);
    let _ = messages.count(&**file);
    let places = (0..messages.schema.fields().len()).filter(|&place| is_read(&messages, place));
    let metered = Metered::new(Arc::clone(file));
    let limits = (ROWS, Room::new(Some(ROOM), 1));
    let mut source = ours(IpcSource::open(
        &messages,
        metered,
        places.map(whole).collect(),
        limits,
    ))?;
    let mut rows = 0;
    for _ in 0..PIECES {
        match ours(source.next())? {
            None => return Some(rows),
            Some(batch) => rows += batch.num_rows(),
        }
    }
    None
}

/// All of a column.
fn whole(root: usize) -> Pick {
    Pick {
        root,
        path: Vec::new(),
    }
}

fn ours<T>(result: Result<T, Fault>) -> Option<T> {
    result.ok()
}

/// Whether a config may read a column of such a type.
fn is_read(messages: &Messages, place: usize) -> bool {
    use arrow::datatypes::DataType as D;
    let is_number = |data_type: &D| {
        matches!(data_type, D::Boolean)
            || (data_type.is_integer() || matches!(data_type, D::Float32 | D::Float64))
    };
    match messages.schema.field(place).data_type() {
        D::List(item) | D::LargeList(item) | D::FixedSizeList(item, _) => {
            is_number(item.data_type())
        }
        D::Binary | D::LargeBinary | D::BinaryView => true,
        D::Struct(fields) => fields.iter().all(|field| is_number(field.data_type())),
        other => is_number(other),
    }
}
