//! Where bytes come from, as far as it is needed here: nothing of the network.

#[path = "../../../src/source/bytes.rs"]
mod bytes;
#[path = "../../../src/source/remote.rs"]
mod remote;

pub use bytes::{Bytes, FileBytes, Joined, Part, Sink, read_up_to};
pub use remote::Remote;
