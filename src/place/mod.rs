//! Where artefacts go: the one way by which files and stores come to stand where they are asked for.
//!
//! Beside the line, below everything that writes. What is written grows beside its target under a
//! hidden name (`hidden.rs`), is made durable (`sync.rs`) and renamed when it is whole (`file.rs`,
//! `folder.rs`, in one step with `swap.rs`). `standing.rs` says what may be written over (each kind of file is declared where such files are known again), `inputs.rs` what never
//! is. A run has its store's name to itself (`lock.rs`), and all that it writes gets its names in one order,
//! from a list that the next run completes if this one cannot (`commit.rs`, `paths.rs`). `leftovers.rs` finds what
//! killed runs left, `work.rs` what this process removes when it has to end at once, `sealed.rs` is
//! for documents that must not change.

mod commit;
mod file;
mod folder;
mod hidden;
mod inputs;
mod leftovers;
mod lock;
mod paths;
mod sealed;
mod standing;
mod swap;
mod sync;
mod work;

pub use commit::{Commit, Completed, Step, journal_of, pending, recover};
pub use file::{FilePlace, beside, whole_file, write_document, write_whole};
pub use folder::FolderPlace;
pub use hidden::{hidden, host};
pub use inputs::Inputs;
pub use leftovers::{Leftover, State, in_folder, remove_of};
pub use lock::{NameLock, duration, lock_of, now};
pub use sealed::{Opened, open, seal};
pub use standing::{Artefact, Folder, check_distinct, check_file, writes_through};
pub use swap::identity;
pub use sync::{create_folders, sync_folder, sync_parent};
pub use work::{abandon, begin, end};
