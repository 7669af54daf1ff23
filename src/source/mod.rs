//! Sources: where the bytes of granules come from: files, and objects that are read over the network.
//!
//! On the line, below all that reads. What is read is [`Bytes`], by place; a path that is a URL (`address.rs`) is an
//! object of a store or of a web server (`object/`), which stays where it is. Objects are written there, too: whole, below a
//! [`Prefix`]. Everything that waits for a network is in
//! that folder; who reads does not know of it.

mod address;
mod bytes;
mod known;
mod list;
#[cfg(not(feature = "cloud"))]
#[path = "no_object.rs"]
mod object;
#[cfg(feature = "cloud")]
mod object;
mod remote;
mod written;

use std::io;
use std::path::Path;
use std::sync::Arc;

pub use address::{decoded, is_object, of_file_url, scheme, shown};
pub use bytes::{Bytes, FileBytes, Joined, Part, Sink, read_up_to};
pub use known::{Remembered, Remembers, packed, unpacked};
pub use list::granules_of;
pub use object::{Prefix, failure, get_text, register};
pub use remote::{Remote, Took, Traffic};
pub use written::{Hold, Listed, Put, Way, is_plain};

/// What is known of a source without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    pub bytes: u64,
    /// Nanoseconds from 1970 to its last change; 0 where that is not known.
    pub modified: u64,
}

/// Opens a file, or an object.
///
/// # Errors
/// It cannot be had.
pub fn open(path: &Path) -> io::Result<Arc<dyn Bytes>> {
    if is_object(path) {
        return object::open(path).map(|(bytes, _)| bytes);
    }
    Ok(Arc::new(FileBytes::open(path)?))
}

/// What is known of a file, or of an object.
///
/// # Errors
/// There is none.
pub fn see(path: &Path) -> io::Result<Seen> {
    if is_object(path) {
        return object::open(path).map(|(_, seen)| seen);
    }
    let found = std::fs::metadata(path)?;
    let modified = found.modified().ok();
    let since = modified.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    Ok(Seen {
        bytes: found.len(),
        modified: since.map_or(0, |since| since.as_nanos() as u64),
    })
}
