//! The CPU backend: the stages with rayon, one file each.
//!
//! | stage | file |
//! | --- | --- |
//! | locate | `locate.rs` |
//! | sort | `sort.rs` |
//! | segment | `segment.rs` |
//! | reduce | `reduce.rs` |

mod locate;
mod reduce;
mod segment;
mod sort;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::batch::PhotonBatch;
use crate::config::GridConfig;
use crate::error::{Error, Result};
use crate::stat::{Job, Partials};

use super::{Backend, KeyTable};

/// A pool of worker threads.
#[derive(Debug)]
pub struct Cpu {
    pool: ThreadPool,
}

/// Photons stay where they are: device memory is host memory.
#[derive(Debug)]
pub struct Photons<'a>(&'a PhotonBatch);

/// One key per photon, in batch order.
#[derive(Debug)]
pub struct Keys {
    keys: Vec<u32>,
    table: KeyTable,
}

/// Keys in ascending order, and the photon that each belongs to.
#[derive(Debug)]
pub struct Sorted {
    keys: Vec<u32>,
    /// Index into the batch; photons of equal key keep their order.
    photons: Vec<u32>,
    table: KeyTable,
}

/// Segment `i` holds sorted photons `starts[i]..starts[i + 1]`.
#[derive(Debug)]
pub struct Segments {
    starts: Vec<usize>,
}

impl Cpu {
    /// A pool of `threads` threads.
    pub fn open(threads: usize) -> Result<Self> {
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|i| format!("icefold-cpu-{i}"))
            .build()
            .map_err(|e| Error::Device {
                device: "cpu".to_owned(),
                message: format!("cannot start {threads} threads: {e}; use fewer with --threads"),
            })?;
        Ok(Self { pool })
    }
}

impl Backend for Cpu {
    type Photons<'a> = Photons<'a>;
    type Keys = Keys;
    type Sorted = Sorted;
    type Segments = Segments;

    fn upload<'a>(&self, batch: &'a PhotonBatch) -> Result<Photons<'a>> {
        if u32::try_from(batch.len()).is_err() {
            return Err(Error::Device {
                device: "cpu".to_owned(),
                message: format!("a batch of {} photons exceeds 2^32 - 1", batch.len()),
            });
        }
        Ok(Photons(batch))
    }

    fn locate(&self, photons: &Photons<'_>, grid: &GridConfig) -> Result<Keys> {
        Ok(self.pool.install(|| locate::locate(photons.0, grid)))
    }

    fn sort(&self, keys: Keys) -> Result<Sorted> {
        Ok(self.pool.install(|| sort::sort(keys)))
    }

    fn segment(&self, sorted: &Sorted) -> Result<Segments> {
        Ok(self.pool.install(|| segment::segment(sorted)))
    }

    fn reduce(
        &self,
        photons: &Photons<'_>,
        sorted: &Sorted,
        segments: &Segments,
        job: &Job,
    ) -> Result<Partials> {
        Ok(self
            .pool
            .install(|| reduce::reduce(photons.0, sorted, segments, job)))
    }
}
