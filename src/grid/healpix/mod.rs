//! HEALPix, the grid behind the seam (`tiling.rs`): positions to cells and back, on the sphere or by the authalic latitude.
//!
//! Ids are NESTED. `locate.rs` is the reference locate that every backend reproduces; `latitude.rs`
//! maps geodetic to authalic latitude; `geometry.rs` goes back from cells to positions (through
//! `cdshealpix`), `outline.rs` to their outlines; `morton.rs` packs order and id into one word; `trig.rs` has the one sine and cosine with the
//! same bits everywhere; `attributes.rs` describes cells in stores; `many.rs` and `patch.rs` settle many positions at once.

mod attributes;
mod geometry;
mod latitude;
mod locate;
mod many;
pub mod morton;
pub mod outline;
mod patch;
mod tiling;
mod trig;

pub use geometry::{center, vertices};
pub use latitude::{authalic_from_geodetic, geodetic_from_authalic};
pub use locate::Locator;
pub use patch::Patch;
pub use tiling::Healpix;
pub use trig::sin_cos;

/// Every number that locating photons takes, by its name in `kernels/place.cu` and `kernels/runs.cu`.
pub fn numbers() -> impl Iterator<Item = (&'static str, f64)> {
    let numbers = [
        &trig::NUMBERS[..],
        &latitude::NUMBERS,
        &locate::NUMBERS,
        &many::NUMBERS,
    ];
    numbers.concat().into_iter()
}
