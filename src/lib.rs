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
//!
//! # From code
//!
//! What the program does is here as values that are put together and executed: [`Run`] makes a store of granules,
//! [`MakeMap`] a shard map, [`Finalize`] the store of pieces, [`Verify`] compares devices or stores, and
//! [`inspect`](inspect::inspect) looks at what is there. Their answers are values, too. Nothing of the library prints
//! or reads arguments: a [`Watch`] is told how far a run is and what is odd, and may stop it. `examples/` has a program
//! for each.
//!
//! ```
//! # fn main() -> icefold::Result<()> {
//! use icefold::demo::{Recipe, write_granules_with};
//! use icefold::{DeviceChoice, Granules, Layout, Memory, Outcome, Run, config};
//!
//! # let folder = tempfile::tempdir().unwrap();
//! # let folder = folder.path();
//! # let recipe = Recipe { granules: 1, segments_per_track: 200, seed: 1 };
//! # write_granules_with(&folder.join("granules"), &recipe)?;
//! let outcome = Run::new(config::load("atl03")?, Granules::found_in(folder.join("granules"))?)
//!     .into_store(folder.join("photons.zarr"))
//!     .layout(Layout::CELLS)
//!     .device(DeviceChoice::Cpu)
//!     .memory(Memory::gib(1))
//!     .tolerant(true)
//!     .execute()?;
//! let Outcome::Store(done) = outcome else {
//!     panic!("granules as they are become a store");
//! };
//! let photons = &done.report.photons;
//! assert_eq!(photons.read, photons.kept + photons.rejected);
//! # Ok(())
//! # }
//! ```

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
