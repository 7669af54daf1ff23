//! Whether all pieces were made of the same files: each granule one, and what was joined to it one.
//!
//! Beside the line. Pieces of one store may be written on several machines, each of which finds granules and their
//! siblings in its own folders. Where those differ, the store would be what no single run makes.

use std::collections::BTreeMap;
use std::path::Path;

use super::{GranuleFile, Marker};
use crate::error::{Action, Error, Result, Setting, phrase};

/// Checks that markers say the same of every file that several of them were made of.
///
/// # Errors
/// The first file that two pieces differ in, with both.
pub(super) fn check_same(markers: &[Marker], pieces: &Path) -> Result<()> {
    let mut seen: BTreeMap<&str, (u64, &GranuleFile)> = BTreeMap::new();
    for marker in markers {
        for (name, file) in &marker.sources {
            let (shard, first) = *seen.entry(name).or_insert((marker.shard, file));
            // Copies on several machines have several times.
            if (first.bytes, &first.probe) == (file.bytes, &file.probe) {
                continue;
            }
            let message = format!(
                "granule {name} is not one file: shard {shard} was made of {} and shard {} of {}",
                first.said(),
                marker.shard,
                file.said()
            );
            return Err(Error::pieces(pieces, message).with_remedy(phrase![
                "give both machines the same file, do one of them again with ",
                Setting::Shards.to("A..B"),
                " ",
                Setting::Resume,
                ", then ",
                Action::Finalize
            ]));
        }
    }
    Ok(())
}

impl GranuleFile {
    /// The file in words.
    fn said(&self) -> String {
        let name = self.name.as_ref();
        let name = name.map_or(String::new(), |name| format!("{name}, "));
        let probe = self.probe.get(..12).unwrap_or(&self.probe);
        format!("{name}{} bytes (probe {probe})", self.bytes)
    }
}
