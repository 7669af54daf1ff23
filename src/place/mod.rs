//! How files and stores come to stand under their names: whole, durable, and over nothing that is not
//! icefold's.
//!
//! Beside the line, below everything that writes. Whatever is written grows beside its target under a hidden
//! name, is synced, and is renamed when it is whole. Before that, `standing.rs` decides whether the target
//! may be replaced, `inputs.rs` that it is nothing the run reads, and `inside.rs` that it is in no store. A run
//! has its store's name to itself (`lock.rs`), and what it writes gets its names together, from a list that the
//! next run completes if this one cannot (`commit.rs`).

mod commit;
mod file;
mod folder;
mod hidden;
mod inputs;
mod inside;
mod leftovers;
mod lock;
mod paths;
mod sealed;
mod standing;
mod swap;
mod sync;
mod ways;
mod work;

pub use commit::{Commit, Completed, Step, journal_of, pending, recover};
pub use file::{FilePlace, beside, whole_file, write_document, write_whole};
pub(crate) use file::{write_failed, write_in_parts};
pub use folder::FolderPlace;
pub use hidden::{hidden, host};
pub use inputs::Inputs;
pub use inside::check_outside;
pub use leftovers::{Leftover, State, in_folder, remove_of};
pub use lock::{NameLock, duration, lock_of, now};
pub use sealed::{Opened, open, seal};
pub use standing::{Artefact, Folder, check_distinct, check_file, writes_through};
pub use swap::identity;
pub use sync::{create_folders, sync_folder, sync_parent};
pub(crate) use ways::{canonical_folder, way};
pub use work::{abandon, begin, end};
