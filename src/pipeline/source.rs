//! The reading side of the line: granules become a stream of batches on a thread of its own.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Instant;

use crate::batch::{ColumnType, PhotonBatch};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::input::Input;
use crate::plan::ShardSet;
use crate::report::GranuleReport;

use super::survey::file_name;
use super::wanted::ShardFilter;

/// Batches that may wait between reader and device; two keep both busy and bound the memory.
const WAITING: usize = 2;
/// Batches that may exist at the same time: one decoded, those that wait, one on the device.
pub const IN_FLIGHT: usize = WAITING + 2;

/// What the reading thread says, granule after granule.
pub enum Message {
    Batch(PhotonBatch),
    /// The granule was read whole.
    End(Box<GranuleReport>),
    /// The granule cannot be read to its end; its batches so far do not count.
    Failed {
        name: String,
        error: Error,
    },
}

/// Granules to stream, and how.
pub struct Source<'a> {
    pub granules: &'a [PathBuf],
    pub config: &'a Config,
    pub types: &'a [ColumnType],
    pub batch_rows: usize,
    /// Only photons of these shards are handed on.
    pub wanted: Option<&'a ShardSet>,
}

impl Source<'_> {
    /// Reads on another thread while `consume` takes messages on this one; reading stops when
    /// `consume` returns.
    pub fn stream<T>(&self, consume: impl FnOnce(Receiver<Message>) -> Result<T>) -> Result<T> {
        thread::scope(|scope| {
            let (sender, receiver) = sync_channel(WAITING);
            scope.spawn(move || self.read_all(&sender));
            consume(receiver)
        })
    }

    fn read_all(&self, sender: &SyncSender<Message>) {
        for path in self.granules {
            let message = match self.read(path, sender) {
                Ok(Some(report)) => Message::End(Box::new(report)),
                Ok(None) => return,
                Err(error) => Message::Failed {
                    name: file_name(path),
                    error,
                },
            };
            if sender.send(message).is_err() {
                return;
            }
        }
    }

    /// One granule; `None` when nobody listens any more.
    fn read(&self, path: &Path, sender: &SyncSender<Message>) -> Result<Option<GranuleReport>> {
        let mut seconds = 0.0;
        let started = Instant::now();
        let mut input = Input::open(path, self.config, self.types, self.batch_rows, self.wanted)?;
        let mut filter = self.filter();
        seconds += started.elapsed().as_secs_f64();
        loop {
            let started = Instant::now();
            let Some(batch) = input.next_batch()? else {
                seconds += started.elapsed().as_secs_f64();
                break;
            };
            let batch = match &mut filter {
                Some(filter) => filter.narrow(batch),
                None => Some(batch),
            };
            seconds += started.elapsed().as_secs_f64();
            // A send waits while the device is behind: not reading time.
            if let Some(batch) = batch
                && sender.send(Message::Batch(batch)).is_err()
            {
                return Ok(None);
            }
        }
        let mut report = input.report(seconds);
        if let Some(filter) = filter {
            report.counts.move_to_rejected(&filter.outside);
        }
        Ok(Some(report))
    }

    fn filter(&self) -> Option<ShardFilter<'_>> {
        let names = || self.config.variables.iter().map(|v| v.name.as_str());
        self.wanted
            .map(|shards| ShardFilter::new(shards, &self.config.grid, names().collect()))
    }
}
