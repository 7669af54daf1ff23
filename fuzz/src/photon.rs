//! How columns are stored.

#[path = "../../src/photon/stored.rs"]
pub mod stored;
