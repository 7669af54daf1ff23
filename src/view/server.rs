//! Serves a page and its pieces on the loopback address, to who knows the key.
//!
//! HTTP/1.1 as far as a browser needs it: one request to a connection, a thread for each, and only what `request.rs` lets
//! through. Pieces come from the store by their numbers; no part of a request becomes a path.

use std::hash::{BuildHasher, RandomState};
use std::io::{ErrorKind, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::html;
use super::piece::Piece;
use super::request::{Asked, Request};
use super::source::Source;
use super::until::Until;
use crate::error::{Error, Result};

/// From one look for connections, and for the wish to stop, to the next.
const NAP: Duration = Duration::from_millis(20);
/// Time for a request to arrive as a whole: browsers hold connections open on which they say nothing, and those must not hold up
/// the end.
const ARRIVAL: Duration = Duration::from_secs(2);
/// Time for an answer to leave as a whole: the largest has some megabytes, and the way may lead through `ssh`.
const LEAVING: Duration = Duration::from_secs(30);
/// Connections at the same time.
const MOST: usize = 64;

/// Who listens.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    port: u16,
    /// What an address has to have: other users of this machine reach the port, too.
    key: String,
}

/// An answer: status, type of what is in it, and that.
type Answer = (u16, &'static str, Vec<u8>);

impl Server {
    /// Listens on a port of 127.0.0.1; any that is free for 0.
    ///
    /// # Errors
    /// A port that is taken, or not to be had.
    pub fn bind(port: u16) -> Result<Self> {
        let failed = |error: std::io::Error| {
            let message = match error.kind() {
                ErrorKind::AddrInUse => {
                    format!("port {port} is taken; name another, or 0 for any that is free")
                }
                _ => format!("cannot listen on port {port} of 127.0.0.1: {error}"),
            };
            Error::argument(message)
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        // Seeded by the operating system.
        let word = || RandomState::new().hash_one(port);
        let key = format!("{:016x}{:016x}", word(), word());
        Ok(Self {
            listener,
            port,
            key,
        })
    }

    /// Where the page is.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}/{}/", self.port, self.key)
    }

    /// Answers until it is told to stop, and what was asked before.
    pub fn run(&self, source: &Source, stop: &AtomicBool) {
        let open = AtomicUsize::new(0);
        thread::scope(|scope| {
            while !stop.load(Ordering::Relaxed) {
                match self.listener.accept() {
                    Ok((stream, _)) if open.load(Ordering::Acquire) < MOST => {
                        open.fetch_add(1, Ordering::AcqRel);
                        let open = &open;
                        scope.spawn(move || {
                            self.serve(&stream, source);
                            open.fetch_sub(1, Ordering::AcqRel);
                        });
                    }
                    Ok((stream, _)) => drop(stream),
                    // Nobody is there, or somebody who came left again: neither is a reason to stop.
                    Err(_) => thread::sleep(NAP),
                }
            }
        });
    }

    /// Answers one request. That its sender left is no error, and to nothing there is no answer.
    fn serve(&self, stream: &TcpStream, source: &Source) {
        if stream.set_nonblocking(false).is_err() {
            return;
        }
        let arriving = Until::for_time(stream, ARRIVAL);
        let Some(request) = Request::read(arriving, self.port, &self.key) else {
            return;
        };
        let text = |status, text: &str| {
            (
                status,
                "text/plain; charset=utf-8",
                text.as_bytes().to_vec(),
            )
        };
        let (status, kind, body): Answer = match request.asked {
            Err((status, why)) => text(status, why),
            Ok(Asked::Page) => (
                200,
                "text/html; charset=utf-8",
                html::served(source).into_bytes(),
            ),
            Ok(Asked::Piece(name)) => {
                let found = Piece::named(&name).map(|piece| source.packed(piece, false));
                match found.unwrap_or(Ok(None)) {
                    Ok(Some(bytes)) => (200, "application/octet-stream", bytes),
                    Ok(None) => text(404, "there is nothing of this name"),
                    Err(error) => text(500, &error.to_string()),
                }
            }
        };
        let sent: &[u8] = if request.body { &body } else { &[] };
        let head = head(status, kind, body.len());
        let mut leaving = Until::for_time(stream, LEAVING);
        let _ = leaving
            .write_all(head.as_bytes())
            .and_then(|()| leaving.write_all(sent));
    }
}

/// The first line and the headers of an answer; its body has so many bytes, or would have.
fn head(status: u16, kind: &str, length: usize) -> String {
    let reason = match status {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        _ => "Internal Server Error",
    };
    let allow = if status == 405 {
        "Allow: GET, HEAD\r\n"
    } else {
        ""
    };
    format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{allow}Connection: close\r\n\
         Cache-Control: no-store\r\nContent-Security-Policy: {}; frame-ancestors 'none'\r\n\
         Cross-Origin-Resource-Policy: same-origin\r\nCross-Origin-Opener-Policy: same-origin\r\n\
         Referrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n\r\n",
        html::policy("'self'"),
    )
}
