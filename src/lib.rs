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
        feature = "cloud",
        feature = "cuda",
        feature = "hdf5",
        feature = "parquet",
        feature = "picture",
        feature = "wgpu"
    )),
    allow(dead_code, unused_imports, reason = "a part that uses it was left out")
)]

// What a caller needs. docs/PROMISE.md says which of it stays.
pub mod arrays;
pub mod config;
#[cfg(feature = "hdf5")]
pub mod demo;
#[cfg(not(feature = "hdf5"))]
#[path = "demo/no_hdf5.rs"]
pub mod demo;
pub mod devices;
pub mod error;
pub mod features;
#[cfg(feature = "parquet")]
mod guard;
pub mod inspect;
pub mod region;
pub mod report;
pub mod run;
pub mod watch;

// The parts that it is made of. The program's own tests and benches reach them; nothing of them is promised.
#[doc(hidden)]
pub mod backend;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod decode;
#[doc(hidden)]
pub mod digest;
#[doc(hidden)]
pub mod export;
#[doc(hidden)]
pub mod expr;
#[doc(hidden)]
pub mod finalize;
#[doc(hidden)]
pub mod folders;
#[doc(hidden)]
pub mod grid;
#[doc(hidden)]
pub mod index;
#[doc(hidden)]
pub mod left_out;
#[doc(hidden)]
pub mod merge;
#[doc(hidden)]
pub mod photon;
#[doc(hidden)]
pub mod picture;
#[doc(hidden)]
pub mod piece;
#[doc(hidden)]
pub mod pipeline;
#[doc(hidden)]
pub mod place;
#[doc(hidden)]
pub mod plan;
#[doc(hidden)]
pub mod publish;
#[doc(hidden)]
pub mod read;
#[doc(hidden)]
pub mod source;
#[doc(hidden)]
pub mod stat;
#[doc(hidden)]
pub mod store;
#[doc(hidden)]
pub mod text;
#[doc(hidden)]
pub mod usage;
#[doc(hidden)]
pub mod view;

pub use backend::DeviceChoice;
pub use error::{Error, Result};
pub use pipeline::Memory;
pub use region::Region;
pub use run::{Finalize, Granules, MakeMap, Mapped, Outcome, Run, Verify};
pub use store::Layout;
pub use watch::{Note, Watch};
