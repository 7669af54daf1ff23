//! Page-locked memory that columns are decoded into and uploaded from, without a copy in between.
//!
//! ```text
//!   reader --writes--> block --copy stream, an event behind it--> device
//!     ^                  '-- dropped by whoever had it --> shelf --.
//!     '------------------------------ taken ----------------------'
//! ```
//!
//! A copy goes on after the call that starts it. A block therefore keeps the event behind the copies from it, and
//! whoever writes it again or frees it waits for those first. Nobody else can do either: it is memory of this type.

#![allow(
    unsafe_code,
    reason = "copies of which the block says when they are over"
)]

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};

use cudarc::driver::{CudaContext, CudaEvent, CudaStream, sys};

use super::block::Span;
use super::pinned::{Pinned, send};
use super::{fault, locked};
use crate::backend::cuda::machine::Result;
use crate::photon::{ColumnBlock, ColumnMemory, MemoryTaken};

/// Bytes below which memory is not worth a block: they go through the ring.
const LITTLE: usize = 64 << 10;
/// Blocks are of whole grains.
const GRAIN: usize = 64 << 10;

/// Page-locked memory for the columns of a run.
#[derive(Debug)]
pub struct Columns {
    context: Arc<CudaContext>,
    shelf: Arc<Mutex<Shelf>>,
}

#[derive(Debug, Default)]
struct Shelf {
    /// Blocks that nobody has; the one that waited longest comes first.
    free: Vec<Room>,
    /// Bytes that there are, free or not.
    bytes: u64,
    taken: MemoryTaken,
}

/// Memory, and the copies from it that may not be over.
#[derive(Debug)]
struct Room {
    pinned: Pinned,
    copies: Mutex<Vec<Sent>>,
}

/// The last copy from a block on one stream.
#[derive(Debug)]
struct Sent {
    /// Where the driver has the stream.
    stream: usize,
    behind: CudaEvent,
    /// Nobody has waited for it.
    runs: bool,
}

/// A block that somebody has.
#[derive(Debug)]
pub struct Column {
    /// There until it is dropped.
    room: Option<Room>,
    shelf: Arc<Mutex<Shelf>>,
}

impl Columns {
    /// At most so many bytes.
    pub fn new(context: &Arc<CudaContext>, most: u64) -> Self {
        let shelf = Shelf {
            taken: MemoryTaken {
                most,
                ..MemoryTaken::default()
            },
            ..Shelf::default()
        };
        Self {
            context: Arc::clone(context),
            shelf: Arc::new(Mutex::new(shelf)),
        }
    }

    /// The smallest block that nobody has and that is large enough, or a new one where there is room for it.
    fn find(&self, bytes: usize) -> Option<Room> {
        let mut shelf = locked(&self.shelf);
        let length = |i: &usize| shelf.free[*i].pinned.len();
        let fitting = (0..shelf.free.len()).filter(|i| length(i) >= bytes);
        if let Some(best) = fitting.min_by_key(length) {
            return Some(shelf.free.remove(best));
        }
        let more = bytes.next_multiple_of(GRAIN);
        let free: usize = shelf.free.iter().map(|room| room.pinned.len()).sum();
        let had = shelf.bytes - free as u64;
        if had + more as u64 > shelf.taken.most || shelf.taken.refused.is_some() {
            return None;
        }
        // Those that are too small make room.
        while shelf.bytes + more as u64 > shelf.taken.most {
            let small = shelf.free.remove(0);
            shelf.bytes -= small.pinned.len() as u64;
        }
        // All devices may read it.
        match Pinned::lock(&self.context, more, sys::CU_MEMHOSTALLOC_PORTABLE) {
            Ok(pinned) => {
                shelf.bytes += more as u64;
                shelf.taken.peak = shelf.taken.peak.max(shelf.bytes);
                Some(Room {
                    pinned,
                    copies: Mutex::default(),
                })
            }
            Err(why) => {
                shelf.taken.refused = Some(why);
                None
            }
        }
    }
}

impl ColumnMemory for Columns {
    fn take(&self, bytes: usize) -> Option<Box<dyn ColumnBlock>> {
        if bytes < LITTLE {
            return None;
        }
        let room = Some(self.find(bytes)?);
        let shelf = Arc::clone(&self.shelf);
        Some(Box::new(Column { room, shelf }))
    }

    fn taken(&self) -> MemoryTaken {
        locked(&self.shelf).taken.clone()
    }
}

impl Room {
    /// Waits for all copies from it. After a failure of the device none is under way.
    fn settle(&mut self) {
        let copies = self.copies.get_mut();
        for copy in copies.unwrap_or_else(PoisonError::into_inner) {
            if std::mem::take(&mut copy.runs) {
                let _ = copy.behind.synchronize();
            }
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.settle();
    }
}

impl Column {
    /// The block, if it is one of this kind.
    pub fn of(block: &dyn ColumnBlock) -> Option<&Self> {
        let block: &dyn Any = block;
        block.downcast_ref()
    }

    /// Has a device copy the first so many bytes; they are read later than this returns.
    pub fn upload(
        &self,
        bytes: usize,
        to: Span,
        (copies, compute): (&CudaStream, &CudaStream),
    ) -> Result<()> {
        let from = &self.bytes()[..bytes];
        let Some(room) = &self.room else {
            return Ok(());
        };
        let mut all = locked(&room.copies);
        let stream = copies.cu_stream().addr();
        // A stream that is gone may have had the address of one on another device.
        let is_of =
            |sent: &Sent| sent.stream == stream && sent.behind.context() == copies.context();
        let known = if let Some(known) = all.iter().position(is_of) {
            known
        } else {
            let event = copies.context().new_event(None);
            all.push(Sent {
                stream,
                behind: event.map_err(|e| fault(e, "make an event"))?,
                runs: false,
            });
            all.len() - 1
        };
        // After a failure too: the device may still read it.
        all[known].runs = true;
        // SAFETY: the memory is page-locked; it is written in `bytes_mut` and freed with its `Room` alone, which wait
        // for the event first.
        unsafe { send(from, to, &all[known].behind, (copies, compute)) }
    }
}

impl ColumnBlock for Column {
    fn bytes(&self) -> &[u8] {
        self.room.as_ref().map_or(&[], |room| room.pinned.read())
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        let Some(room) = &mut self.room else {
            return &mut [];
        };
        room.settle();
        room.pinned.bytes()
    }
}

impl Drop for Column {
    /// Back to the shelf, copies and all: whoever has the block next waits for them.
    fn drop(&mut self) {
        locked(&self.shelf).free.extend(self.room.take());
    }
}
