//! icefold folds ICESat-2 photons into HEALPix cells.
//!
//! Data flows along one line, and the folders show it:
//!
//! ```text
//! granule --read--> PhotonBatch --[ backend: upload, locate, sort, segment, reduce ]--> Partials
//!         --merge--> RunPartials --finalize--> CellTable --write--> Zarr store
//! ```
//!
//! Every statistic accumulates in exact integers, so the answer has the same bits for any backend,
//! thread count, batch split and input order. `docs/ARCHITECTURE.md` maps the source tree.

// What only a part that was left out needs stays where it is.
#![cfg_attr(
    not(all(
        feature = "cli",
        feature = "cuda",
        feature = "hdf5",
        feature = "parquet",
        feature = "picture",
        feature = "wgpu"
    )),
    allow(dead_code, unused_imports, reason = "a part that uses it was left out")
)]

pub mod arrays;
pub mod backend;
#[cfg(feature = "cli")]
pub mod cli;
pub mod config;
pub mod decode;
#[cfg(feature = "hdf5")]
pub mod demo;
#[cfg(not(feature = "hdf5"))]
#[path = "demo/no_hdf5.rs"]
pub mod demo;
pub mod digest;
pub mod error;
pub mod expr;
pub mod features;
pub mod finalize;
pub mod folders;
pub mod grid;
pub mod inspect;
pub mod left_out;
pub mod merge;
pub mod photon;
pub mod picture;
pub mod piece;
pub mod pipeline;
pub mod place;
pub mod plan;
pub mod read;
pub mod report;
pub mod run;
pub mod stat;
pub mod store;
pub mod text;
pub mod usage;
pub mod watch;

pub use backend::DeviceChoice;
pub use error::{Error, Result};
pub use pipeline::Memory;
pub use run::{Finalize, Granules, MakeMap, Mapped, Outcome, Run, Verify};
pub use store::Layout;
pub use watch::{Note, Watch};
