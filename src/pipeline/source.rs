//! The reading side of the line: granules become a stream of batches on a thread of its own, behind one that opens the next.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Instant;

use crate::backend::Device;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::photon::stretch::StretchRoom;
use crate::photon::{ColumnMemory, ColumnType, PhotonBatch};
use crate::piece::GranuleFile;
use crate::plan::GranulePath;
use crate::read::Buffers;
use crate::read::GranuleReport;
use crate::read::{Input, StillOpen, scouted};
use crate::source::is_object;
use crate::watch::Watch;

use super::schedule::Scheduled;
use super::stretches::BegunStretch;

/// Batches that may wait between reader and device; two keep both busy and bound the memory.
const WAITING: usize = 2;
/// Granules that may be open and wait for the reader, beside the one that it reads and the one that is being opened.
const OPEN: usize = 0;
/// Batches that may exist at the same time: one decoded, those that wait, one on the device.
pub const IN_FLIGHT: usize = WAITING + 2;

/// What the reading thread says, granule after granule.
pub enum Message {
    /// A batch, and the part of its granule, from 0 to 1, that was read with it.
    Batch(PhotonBatch, f64),
    /// A stretch that the device has, likewise.
    Stretch(Box<BegunStretch>, f64),
    /// The device gives no results any more.
    DeviceFailed(Error),
    /// The granule was read whole.
    End(Box<Ended>),
    /// The granule cannot be read to its end; its batches so far do not count.
    Failed { name: String, error: Error },
}

/// A granule that was read whole.
pub struct Ended {
    pub report: GranuleReport,
    /// Its files as they were before they were opened; of what is no file nothing is known.
    pub files: Vec<(String, Option<GranuleFile>)>,
    /// Photons that a device takes no stretches of, by the reason.
    pub read_here: BTreeMap<String, u64>,
}

/// The files of a granule as they are now, the granule itself first.
///
/// # Errors
/// One of them cannot be read.
fn files_of(granule: &GranulePath, hashed: bool) -> Result<Vec<(String, Option<GranuleFile>)>> {
    let of = if hashed {
        GranuleFile::hashed
    } else {
        GranuleFile::of
    };
    let files = granule.files().into_iter().enumerate();
    let looked = files.map(|(place, (name, path))| {
        // What is no file may give its bytes once only.
        if !is_object(path) && !path.is_file() {
            return Ok((name, None));
        }
        let file = of(path).map_err(|source| Error::io("read", path, source))?;
        // The granule is called by its name in the run.
        let file = if place == 0 {
            file
        } else {
            file.called_as(path)
        };
        Ok((name, Some(file)))
    });
    looked.collect()
}

/// A granule that is open.
struct Opened {
    input: Input,
    /// Its files as they were before.
    files: Vec<(String, Option<GranuleFile>)>,
    seconds: f64,
}

/// Granules to stream, and how.
pub struct Source<'a> {
    pub granules: &'a [Scheduled],
    pub config: &'a Config,
    pub types: &'a [ColumnType],
    pub batch_rows: usize,
    /// Granules that need not be opened.
    pub open: &'a StillOpen,
    /// Whose threads decode.
    pub device: &'a Device,
    /// What batches hold is decoded into this, as far as it goes.
    pub memory: Option<Arc<dyn ColumnMemory>>,
    /// How much of a ground track the device takes as it is stored; `None` where it takes batches.
    pub room: Option<StretchRoom>,
    pub watch: &'a dyn Watch,
}

impl Source<'_> {
    /// Reads on another thread while `consume` takes messages on this one, and gives batches back
    /// that it is done with; reading stops when `consume` returns. Granules are opened on a third, one ahead: finding where their
    /// storage chunks are is the work of one thread, and of an object it waits for its store.
    pub fn stream<T>(
        &self,
        consume: impl FnOnce(Receiver<Message>, Sender<PhotonBatch>) -> Result<T>,
    ) -> Result<T> {
        thread::scope(|scope| {
            let (sender, receiver) = sync_channel(WAITING);
            let (give_back, given_back) = channel();
            let (open, opened) = sync_channel(OPEN);
            scope.spawn(move || self.open_all(&open));
            scope.spawn(move || self.read_all(&opened, &sender, &given_back));
            consume(receiver, give_back)
        })
    }

    /// Opens granules in their order, one ahead of the reader.
    fn open_all(&self, sender: &SyncSender<Result<Opened>>) {
        let paths: Vec<&Path> = self.granules.iter().map(|g| &*g.granule.path).collect();
        scouted(&paths, self.config, |scouts| {
            for (place, granule) in self.granules.iter().enumerate() {
                scouts.reach(place);
                if sender.send(self.open(granule)).is_err() {
                    return;
                }
            }
        });
    }

    fn open(&self, granule: &Scheduled) -> Result<Opened> {
        let files = files_of(&granule.granule, self.config.access.hashed)?;
        let started = Instant::now();
        let (path, rows) = (&granule.granule, self.batch_rows);
        let wanted = &granule.wanted;
        let anew = || Input::open(path, self.config, self.types, rows, wanted.clone());
        let kept = self.open.take(path, (self.types, rows), wanted);
        let mut input = kept.map_or_else(anew, Ok)?;
        // A device takes stretches in an order of its own.
        if self.room.is_none() {
            input.foretell();
        }
        Ok(Opened {
            input,
            files,
            seconds: started.elapsed().as_secs_f64(),
        })
    }

    fn read_all(
        &self,
        opened: &Receiver<Result<Opened>>,
        sender: &SyncSender<Message>,
        given_back: &Receiver<PhotonBatch>,
    ) {
        let mut buffers = Buffers::default();
        for (granule, opened) in self.granules.iter().zip(opened) {
            let read = opened.and_then(|opened| {
                let Opened {
                    input,
                    files,
                    seconds,
                } = opened;
                let read = self.read((input, seconds), &mut buffers, (sender, given_back))?;
                Ok((read, files))
            });
            let message = match read {
                Ok((Some((report, read_here)), mut files)) => {
                    // The first is the granule itself.
                    if let Some((_, Some(file))) = files.first_mut() {
                        *file = file.clone().saying(&report.says);
                    }
                    Message::End(Box::new(Ended {
                        report,
                        files,
                        read_here,
                    }))
                }
                Ok((None, _)) => return,
                Err(error) => Message::Failed {
                    name: granule.granule.name.to_string(),
                    error,
                },
            };
            if sender.send(message).is_err() {
                return;
            }
        }
    }

    /// One granule; `None` when nobody listens any more.
    fn read(
        &self,
        (mut input, mut seconds): (Input, f64),
        buffers: &mut Buffers,
        (sender, given_back): (&SyncSender<Message>, &Receiver<PhotonBatch>),
    ) -> Result<Option<(GranuleReport, BTreeMap<String, u64>)>> {
        // A granule that failed took the buffers with it.
        buffers.lend(self.memory.clone());
        input.use_buffers(buffers);
        loop {
            let started = Instant::now();
            for batch in given_back.try_iter() {
                input.recycle(batch);
            }
            let room = self.room.as_ref();
            let mut next = || room.map(|room| input.next_stretch(room)).transpose();
            if let Some(stretch) = self.device.install(&mut next)?.flatten() {
                let message = match self.device.begin(stretch, self.memory.as_deref()) {
                    Ok(begun) => Message::Stretch(Box::new(begun), input.share_read()),
                    Err(error) => Message::DeviceFailed(error),
                };
                seconds += started.elapsed().as_secs_f64();
                if sender.send(message).is_err() {
                    return Ok(None);
                }
                continue;
            }
            let batch = self.device.install(|| input.next_batch(self.watch))?;
            seconds += started.elapsed().as_secs_f64();
            let Some(batch) = batch else {
                if input.is_done() {
                    break;
                }
                // A stretch follows.
                continue;
            };
            // A send waits while the device is behind: not reading time.
            if sender
                .send(Message::Batch(batch, input.share_read()))
                .is_err()
            {
                return Ok(None);
            }
        }
        let done = (input.report(seconds), input.read_here());
        input.give_buffers(buffers);
        Ok(Some(done))
    }
}
