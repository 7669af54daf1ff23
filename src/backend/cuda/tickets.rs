//! Tickets: how many stretches may be on devices at a time, so that their memory is enough for each.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::machine::{QUEUES, Queue};

/// Stretches of a device at a time: some are decoded, so that chunks of all of them together keep its multiprocessors
/// busy, while the one before them is folded.
pub const A_DEVICE: usize = QUEUES;

/// Tickets that nobody has, by their numbers; the one that was given back first comes first.
#[derive(Debug)]
pub struct Tickets {
    free: Mutex<VecDeque<usize>>,
    given_back: Condvar,
    devices: usize,
}

/// Leave to have a stretch on a device, until it is dropped, in a queue in which no other stretch is meanwhile.
#[derive(Debug)]
pub struct Ticket {
    number: usize,
    tickets: Arc<Tickets>,
}

impl Tickets {
    /// For so many devices.
    pub fn of(devices: usize) -> Arc<Self> {
        Arc::new(Self {
            free: Mutex::new((0..A_DEVICE * devices).collect()),
            given_back: Condvar::new(),
            devices,
        })
    }

    fn free(&self) -> MutexGuard<'_, VecDeque<usize>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket {
    /// Waits for one.
    pub fn of(tickets: &Arc<Tickets>) -> Self {
        let mut free = tickets.free();
        loop {
            if let Some(number) = free.pop_front() {
                return Self {
                    number,
                    tickets: Arc::clone(tickets),
                };
            }
            let waited = tickets.given_back.wait(free);
            free = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The number of its device.
    pub fn device(&self) -> usize {
        self.number % self.tickets.devices
    }

    /// Its queue there.
    pub fn queue(&self) -> Queue {
        Queue::Beside(self.number / self.tickets.devices)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.tickets.free().push_back(self.number);
        self.tickets.given_back.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
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
        assert_eq!(tickets.free().len(), A_DEVICE);
    }

    #[test]
    fn no_two_that_are_out_have_a_queue_in_common() {
        let tickets = Tickets::of(2);
        let mut out: Vec<_> = (0..2 * A_DEVICE).map(|_| Ticket::of(&tickets)).collect();
        let places = |out: &[Ticket]| -> BTreeSet<_> {
            let place = |ticket: &Ticket| (ticket.device(), format!("{:?}", ticket.queue()));
            out.iter().map(place).collect()
        };
        assert_eq!(places(&out).len(), 2 * A_DEVICE);
        // Devices take turns.
        assert_eq!([&out[0], &out[1]].map(Ticket::device), [0, 1]);
        // In whatever order they come back.
        for given_back in [5, 0, 3, 6, 2] {
            drop(out.swap_remove(given_back));
            out.push(Ticket::of(&tickets));
            assert_eq!(places(&out).len(), 2 * A_DEVICE);
        }
    }
}
