//! A connection for a while: who sends, or takes, a byte now and then does not hold it longer.
//!
//! Below `server.rs`. A time-out of a socket begins anew with every byte; this one has an end.

use std::io::{ErrorKind, Read, Result, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// A connection until a moment.
#[derive(Debug)]
pub struct Until<'a> {
    stream: &'a TcpStream,
    end: Instant,
}

impl<'a> Until<'a> {
    /// For this long from now on.
    pub fn for_time(stream: &'a TcpStream, time: Duration) -> Self {
        Self {
            stream,
            end: Instant::now() + time,
        }
    }

    /// What is left of the time.
    ///
    /// # Errors
    /// Nothing is.
    fn left(&self) -> Result<Duration> {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        Ok(left)
    }
}

impl Read for Until<'_> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        self.stream.set_read_timeout(Some(self.left()?))?;
        self.stream.read(into)
    }
}

impl Write for Until<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.stream.set_write_timeout(Some(self.left()?))?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> Result<()> {
        self.stream.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};
    use std::thread;

    use super::*;

    /// Both ends of a connection.
    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let there = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (listener.accept().unwrap().0, there)
    }

    #[test]
    fn a_byte_now_and_then_does_not_put_off_the_end() {
        const TIME: Duration = Duration::from_millis(300);
        let (here, mut there) = pair();
        // It goes on until the other end is closed, or for longer than anybody waits.
        let sender = thread::spawn(move || {
            let sent = (0..200).take_while(|_| {
                thread::sleep(Duration::from_millis(50));
                there.write_all(b"a").is_ok()
            });
            sent.count()
        });
        let started = Instant::now();
        let mut bytes = Vec::new();
        let ended = Until::for_time(&here, TIME).read_to_end(&mut bytes);
        let took = started.elapsed();
        let kind = ended.unwrap_err().kind();
        assert!(
            matches!(kind, ErrorKind::TimedOut | ErrorKind::WouldBlock),
            "{kind}"
        );
        assert!(!bytes.is_empty() && took >= TIME, "{took:?}");
        drop(here);
        assert!(sender.join().unwrap() < 200);
    }

    #[test]
    fn who_takes_nothing_is_left_at_the_end() {
        let (here, there) = pair();
        let mut until = Until::for_time(&here, Duration::from_millis(300));
        // More than the buffers between the two hold.
        let left = until.write_all(&vec![0; 64 << 20]).unwrap_err().kind();
        assert!(
            matches!(left, ErrorKind::TimedOut | ErrorKind::WouldBlock),
            "{left}"
        );
        drop(there);
    }
}
