//! Granules as tasks: every photon as batches, each given back when it has been seen; and the floor,
//! the same storage chunks inflated and discarded.

use std::path::PathBuf;

use icefold::config::{self, Config};
use icefold::photon::{ColumnType, Values};
use icefold::read::Buffers;
use icefold::read::hdf5::{GranuleFile, Reader};
use icefold::{Error, Result};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::inflate::{Chunk, chunks, inflate};
use crate::task::Task;
use crate::workload::Workload;

/// Rows of a batch, as the program has them by default.
const BATCH_ROWS: usize = 1 << 20;

/// What was read, so that no answer goes unseen. Sums are of the values' bits, and wrap.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    pub photons: u64,
    pub lat: u64,
    pub lon: u64,
    pub h: u64,
    /// Bytes of values that went through.
    pub bytes: u64,
}

/// Granules on disk, and what is kept from repeat to repeat.
#[derive(Debug)]
pub struct Granules {
    paths: Vec<PathBuf>,
    config: Config,
    pool: ThreadPool,
    /// Used again from granule to granule, as in a run.
    buffers: Buffers,
    /// Of the floor: looked up beforehand.
    chunks: Vec<Vec<Chunk>>,
}

impl Granules {
    /// The granules of a workload; `None` where no task reads any.
    pub fn load(workload: &Workload, tasks: &[Task], threads: usize) -> Result<Option<Self>> {
        if !tasks.iter().any(|task| task.reads_granules()) {
            return Ok(None);
        }
        let description = &workload.description;
        let Some(pipeline) = &description.pipeline else {
            return Err(Error::argument(format!(
                "workload {} has no granules, and a task that reads granules is asked for",
                description.name
            )));
        };
        let config = config::load(&pipeline.display().to_string())?;
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        let paths = description.granules.clone();
        let chunks = if tasks.contains(&Task::Inflate) {
            paths
                .iter()
                .map(|path| chunks(path, &config))
                .collect::<Result<_>>()?
        } else {
            Vec::new()
        };
        Ok(Some(Self {
            paths,
            config,
            pool: pool
                .map_err(|e| Error::argument(format!("cannot start {threads} threads: {e}")))?,
            buffers: Buffers::default(),
            chunks,
        }))
    }

    /// Runs a task; sums are taken where they are `wanted`.
    pub fn run(&mut self, task: Task, wanted: bool) -> Result<Seen> {
        let mut seen = Seen::default();
        if task == Task::Inflate {
            for (path, chunks) in self.paths.iter().zip(&self.chunks) {
                seen.bytes += self.pool.install(|| inflate(path, chunks))?;
            }
            return Ok(seen);
        }
        let (paths, config, buffers) = (&self.paths, &self.config, &mut self.buffers);
        self.pool.install(|| {
            for path in paths {
                let granule = GranuleFile::open(path)?;
                let types = vec![ColumnType::F32; config.variables.len()];
                let reader = Reader::open(&granule, config, &types, BATCH_ROWS)?;
                let mut reader = reader.with_buffers(std::mem::take(buffers));
                while let Some(batch) = reader.next_batch()? {
                    seen.photons += batch.len() as u64;
                    if wanted {
                        seen.lat = sum(seen.lat, batch.lat.iter().map(|x| x.to_bits()));
                        seen.lon = sum(seen.lon, batch.lon.iter().map(|x| x.to_bits()));
                        if let Values::F32(h) = &batch.columns[0].values {
                            seen.h = sum(seen.h, h.iter().map(|x| u64::from(x.to_bits())));
                        }
                    }
                    reader.recycle(batch);
                }
                seen.bytes += reader.bytes_read();
                *buffers = reader.into_buffers();
            }
            Ok(seen)
        })
    }
}

fn sum(start: u64, bits: impl Iterator<Item = u64>) -> u64 {
    bits.fold(start, u64::wrapping_add)
}
