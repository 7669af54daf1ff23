//! Parts that begin anew together: what was made of their store in pieces goes first, once.
//!
//! Beside `pieces.rs`. A part of a shard map begins only its own shards anew, under the manifest that is there: other parts
//! may be at work on theirs.

use std::path::Path;

use crate::error::Result;
use crate::piece::{Owner, Pieces};
use crate::publish::{Address, PiecesAway};
use crate::source::Remote;

use super::urls;

/// Takes the pieces of a store away, wherever it is, so that its parts may be of another question.
///
/// # Errors
/// Something else is at their place, a run works on them in a folder, or they cannot be removed.
pub fn clear_pieces(store: &Path) -> Result<()> {
    clear_pieces_with(store, &Remote::default())
}

/// The same, where objects are asked for like this.
///
/// # Errors
/// As [`clear_pieces`].
#[doc(hidden)]
pub fn clear_pieces_with(store: &Path, remote: &Remote) -> Result<()> {
    urls::refuse_unless_written(store, "store")?;
    if let Some(address) = Address::of(store)? {
        let prefix = address.open(remote)?;
        return PiecesAway::of(&address, &prefix).clear();
    }
    let folder = Pieces::folder_of(store);
    Pieces::check_place(&folder)?;
    if folder.exists() {
        let _owner = Owner::claim(&folder, None)?;
        Pieces::clear(&folder)?;
    }
    Ok(())
}
