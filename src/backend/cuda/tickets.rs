//! Tickets: how many stretches may be on devices at a time, so that their memory is enough for each.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::machine::QUEUES;

/// Stretches of a device at a time: some are decoded, so that chunks of all of them together keep its multiprocessors
/// busy, while the one before them is folded.
pub const A_DEVICE: usize = QUEUES;

/// Tickets that nobody has.
#[derive(Debug)]
pub struct Tickets {
    free: Mutex<usize>,
    given_back: Condvar,
}

/// Leave to have a stretch on a device, until it is dropped.
#[derive(Debug)]
pub struct Ticket(Arc<Tickets>);

impl Tickets {
    /// For so many devices.
    pub fn of(devices: usize) -> Arc<Self> {
        Arc::new(Self {
            free: Mutex::new(A_DEVICE * devices),
            given_back: Condvar::new(),
        })
    }

    fn free(&self) -> MutexGuard<'_, usize> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket {
    /// Waits for one.
    pub fn of(tickets: &Arc<Tickets>) -> Self {
        let free = tickets.free();
        let none = |free: &mut usize| *free == 0;
        let free = tickets.given_back.wait_while(free, none);
        *free.unwrap_or_else(PoisonError::into_inner) -= 1;
        Self(Arc::clone(tickets))
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        *self.0.free() += 1;
        self.0.given_back.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    #[test]
    fn who_wants_one_too_many_waits_until_one_is_given_back() {
        let tickets = Tickets::of(1);
        let first = [(); A_DEVICE].map(|()| Ticket::of(&tickets));
        let (done, came) = channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let third = Ticket::of(&tickets);
                done.send(()).unwrap();
                drop(third);
            });
            assert!(came.recv_timeout(Duration::from_millis(50)).is_err());
            drop(first);
            came.recv_timeout(Duration::from_mins(1)).unwrap();
        });
        assert_eq!(*tickets.free(), A_DEVICE);
    }
}
