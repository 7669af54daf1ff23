//! Publishing: what a run made on this machine becomes objects of a store, whole or not at all for who reads it.
//!
//! Last on the line where an output is no folder. A run whose store is an object's URL ([`Address`]) works as any other, on a
//! desk ([`Desk`]): a folder of this machine. When all is made, it is sent: first what readers do not look for, last the
//! document by which a store is one (`store.rs`), under a claim that keeps other writers out (`claim.rs`). `beside.rs` has the
//! files that stand beside a store, `pieces.rs` pieces of one, `copy.rs` and `near.rs` bring
//! here what is only looked at.

mod address;
mod beside;
mod claim;
mod copy;
mod desk;
mod leftovers;
mod near;
mod pieces;
mod store;

use std::io;
use std::path::Path;

use crate::error::{Error, Kind};
use crate::source::failure;

pub use address::Address;
pub use beside::Beside;
pub use claim::Claim;
pub use copy::Copy;
pub use desk::Desk;
pub use leftovers::{Cleaned, clean};
pub use near::Near;
pub use pieces::{Brought, PiecesAway};
pub use store::{StoreAway, There};

/// What went wrong with objects of a store, as an error about it.
fn failed(store: &str, error: &io::Error) -> Error {
    if error.kind() == io::ErrorKind::Interrupted {
        return Error::interrupted().of_kind(Kind::Interrupted);
    }
    let said = failure(error).map_or_else(|| error.to_string(), str::to_owned);
    let message = match said.strip_prefix(store) {
        // What is below the store is named by the rest.
        Some(rest) => rest.trim_start_matches([':', '/', ' ']).to_owned(),
        None => said,
    };
    Error::store(Path::new(store), message).caused_by(io::Error::from(error.kind()))
}
