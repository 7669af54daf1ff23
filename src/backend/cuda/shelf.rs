//! Shelves: memory of a device that nobody uses at the moment, by who may take it next, and what somebody has of it.
//!
//! For `memory.rs`, which takes memory from the machine where no shelf has any that fits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::kernels::Argument;
use super::machine::{Block, Queue, Result, Span};

/// Memory that no batch uses at the moment.
#[derive(Debug, Default)]
pub struct Shelf {
    /// For kernels, which follow each other: free as soon as it comes back.
    pub scratch: Vec<Block>,
    /// For uploads, which overtake kernels: free once all that was launched is done.
    pub landing: Vec<Block>,
    /// Landing memory that kernels may still read.
    pub busy: Vec<Block>,
    /// For what is done in each queue beside the main one, kernels and uploads: free for the same queue, whose uploads
    /// wait for its kernels (`Machine::upload_behind`).
    pub beside: Vec<Vec<Block>>,
    /// Bytes taken from the machine, those in use included.
    pub taken: u64,
}

/// Memory in use; it goes back to its shelf when it is dropped.
#[derive(Debug)]
pub struct Lease {
    pub block: Block,
    /// As many as were asked for, in whole grains.
    pub bytes: u64,
    pub home: Home,
    pub shelf: Arc<Mutex<Shelf>>,
}

/// Where memory goes back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    Scratch,
    Landing,
    Beside(usize),
}

impl Home {
    /// Of memory that uploads write in a queue.
    pub fn of_uploads(queue: Queue) -> Self {
        match queue {
            Queue::Main => Self::Landing,
            Queue::Beside(number) => Self::Beside(number),
        }
    }
}

impl Shelf {
    /// Of a queue.
    pub fn beside(&mut self, number: usize) -> &mut Vec<Block> {
        if self.beside.len() <= number {
            self.beside.resize_with(number + 1, Vec::new);
        }
        &mut self.beside[number]
    }
}

/// The lock, whatever became of those who held it.
pub fn locked<T>(shelf: &Mutex<T>) -> MutexGuard<'_, T> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut shelf = locked(&self.shelf);
        let back = std::mem::replace(&mut self.block, Block::none());
        match self.home {
            Home::Scratch => shelf.scratch.push(back),
            Home::Landing => shelf.busy.push(back),
            Home::Beside(number) => shelf.beside(number).push(back),
        }
    }
}

impl Lease {
    /// Where it is.
    pub fn span(&self) -> Span<'_> {
        let all = self.block.span();
        // A lease is never longer than its block.
        all.part(0, self.bytes).unwrap_or(all)
    }

    /// As an argument of a kernel.
    pub fn at(&self) -> Argument<'_> {
        Argument::Memory(self.span())
    }

    /// From the byte `first` on, likewise.
    pub fn from(&self, first: u64) -> Result<Argument<'_>> {
        Ok(Argument::Memory(self.span().from(first)?))
    }
}
