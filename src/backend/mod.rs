//! The seam between the host and the devices: photon batches go in, partials come out.
//!
//! Above it there is no CUDA or wgpu; below it no HDF5, Zarr or command line. A backend keeps data in
//! its own associated types from stage to stage, so nothing leaves a device between the upload and the
//! partials that `reduce` gives back. `choose/` takes the device of a job where nobody names one.
//!
//! ```text
//!   PhotonBatch --upload--> Photons --locate--> Keys --sort--> Sorted --segment--> Segments
//!                              |                                  |                   |
//!                              +---------------- reduce ----------+-------------------+--> Partials
//! ```

pub mod choose;
mod clock;
pub mod cpu;
#[cfg(feature = "cuda")]
pub mod cuda;
#[cfg(not(feature = "cuda"))]
#[path = "no_cuda.rs"]
pub mod cuda;
mod device;
pub mod gpu;
mod joints;
mod keys;
mod probe;
mod remainders;
pub mod stretches;
#[cfg(feature = "wgpu")]
pub mod wgpu;
#[cfg(not(feature = "wgpu"))]
#[path = "no_wgpu.rs"]
pub mod wgpu;

pub use clock::{Batches, DeviceSeconds, StageTimes};
pub use device::{Device, DeviceChoice, HOST_STAGES};
pub use keys::{Distinct, KeyTable};
pub use probe::Probe;
pub use remainders::{Places, add_hosts};

use std::sync::Arc;

use crate::config::GridConfig;
use crate::error::Result;
use crate::photon::{ColumnMemory, PhotonBatch};
use crate::stat::{Job, Partials};

/// One implementation of the stages. All give the same bits for the same photons.
pub trait Backend {
    /// A batch's coordinates and columns, on the device.
    type Photons<'a>;
    /// One dense key per photon, and the table that maps keys to cells.
    type Keys;
    /// Photons in ascending order of key.
    type Sorted;
    /// Runs of equal keys in sorted order.
    type Segments;

    /// Memory for the columns of batches, at most so many bytes of it, from which uploads need no copy in between;
    /// `None` where any memory is as good.
    fn columns(&self, _bytes: u64) -> Option<Arc<dyn ColumnMemory>> {
        None
    }

    /// Puts a batch on the device.
    fn upload<'a>(&self, batch: &'a PhotonBatch) -> Result<Self::Photons<'a>>;

    /// Finds the cell of every photon.
    fn locate(&self, photons: &Self::Photons<'_>, grid: &GridConfig) -> Result<Self::Keys>;

    /// Orders photons by key.
    fn sort(&self, keys: Self::Keys) -> Result<Self::Sorted>;

    /// Finds the runs of equal keys.
    fn segment(&self, sorted: &Self::Sorted) -> Result<Self::Segments>;

    /// Folds every segment into one row of partials, ascending by cell.
    fn reduce(
        &self,
        photons: &Self::Photons<'_>,
        sorted: &Self::Sorted,
        segments: &Self::Segments,
        job: &Job,
    ) -> Result<Partials>;

    /// The stages in order. A backend that fuses stages overrides this; the bits stay the same.
    fn fold(
        &self,
        batch: &PhotonBatch,
        grid: &GridConfig,
        job: &Job,
        times: &mut StageTimes,
    ) -> Result<Partials> {
        times.batches.sorted += 1;
        let photons = times.upload.time(|| self.upload(batch))?;
        let keys = times.locate.time(|| self.locate(&photons, grid))?;
        let sorted = times.sort.time(|| self.sort(keys))?;
        let segments = times.segment.time(|| self.segment(&sorted))?;
        times
            .reduce
            .time(|| self.reduce(&photons, &sorted, &segments, job))
    }
}
