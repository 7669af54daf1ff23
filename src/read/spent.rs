//! What reading a granule takes: bytes, and the time until they have arrived.
//!
//! Beside the line: the readers measure and add up, the run report tells.

use std::ops::AddAssign;
use std::time::{Duration, Instant};

/// Bytes read and decoded, and the wall time of reading alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// Waiting for bytes of the file, and for libhdf5, which decodes what it reads.
    pub reading: Duration,
    /// Bytes as the file holds them; as decoded, where libhdf5 reads them.
    pub stored: u64,
    /// Bytes of values.
    pub decoded: u64,
}

impl Spent {
    /// Counts the time of `read` as reading.
    pub fn read<T>(&mut self, read: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let result = read();
        self.reading += started.elapsed();
        result
    }

    /// The part of `wall` that threads which worked together spent on reading, if they read and decoded
    /// for so long between them.
    pub fn share(wall: Duration, reading: Duration, decoding: Duration) -> Duration {
        let both = reading + decoding;
        if both.is_zero() {
            return Duration::ZERO;
        }
        wall.mul_f64(reading.as_secs_f64() / both.as_secs_f64())
    }
}

impl AddAssign for Spent {
    fn add_assign(&mut self, more: Self) {
        self.reading += more.reading;
        self.stored += more.stored;
        self.decoded += more.decoded;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wall_time_is_shared_as_the_threads_spent_theirs() {
        let [wall, one, three] = [1000, 1, 3].map(Duration::from_millis);
        assert_eq!(Spent::share(wall, one, three), Duration::from_millis(250));
        let none = Duration::ZERO;
        assert_eq!(Spent::share(wall, none, three), none);
        assert_eq!(Spent::share(wall, none, none), none);
    }
}
