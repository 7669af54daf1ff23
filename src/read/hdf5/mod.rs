//! HDF5 granules: one product file each, read into photon batches.
//!
//! A granule is opened (`file.rs`), its ground tracks are found (`track.rs`), row ranges of their datasets
//! are read (`columns.rs`, `rows.rs`) by decoding the storage chunks (`chunk/`) wherever their layout is understood, and
//! by libhdf5 elsewhere; `reader.rs` keeps, counts and hands on. Segments that are linked to photons go
//! through `link.rs`, rows of granules that are joined to them through `join.rs`. Paths are walked link by
//! link (`walk.rs`), so that no file leads to another one unasked.

mod ahead;
mod attributes;
mod beam;
mod belonging;
mod block;
mod chosen;
mod chunk;
mod columns;
mod cost;
mod donor;
#[expect(
    unsafe_code,
    reason = "the library calls back with pointers, and the safe interface registers no driver"
)]
mod driver;
mod elsewhere;
mod extent;
mod file;
mod fit;
mod ground_track;
mod identity;
mod in_chunks;
mod in_time;
mod inspect;
mod inspect_text;
mod join;
mod join_times;
mod keep;
mod kept;
mod level_hint;
mod link;
mod load;
mod mapping;
mod numbered;
mod of_cycle;
mod open_block;
mod open_file;
mod open_join;
mod open_link;
mod picked;
mod presence;
mod profiles;
mod reader;
mod rows;
mod said;
mod scout;
mod select;
mod settle;
mod storage;
mod stretch;
mod superblock;
mod texts;
mod track;
mod types;
mod virtual_dataset;
mod walk;

pub use file::{GranuleFile, WholeDataset};
pub use fit::{Outline, Tracks};
pub(crate) use fit::{lacking, of_other_product, product};
pub use ground_track::{Beam, GroundTrackStatus, GroundTrackSummary, Unread};
pub(in crate::read) use in_time::{lies_outside, said_span};
pub use inspect::{Inspected, inspect, inspect_all};
pub use open_file::plugin_folders;
pub use reader::Reader;
pub(crate) use scout::{is_worth_scouting, scout};
pub(crate) use superblock::looks_like_hdf5;
