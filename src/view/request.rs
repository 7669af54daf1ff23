//! Requests of browsers: the line and the headers that matter, and what is refused of them.
//!
//! Below `server.rs`. Only what reads, only for this address by its own name (another name that leads here is a page of
//! somebody else that wants to read along), and only with the key that the address has.

use std::io::{BufRead, BufReader, ErrorKind, Read};

/// Bytes of a request at most.
const MOST: u64 = 16 << 10;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// The page itself.
    Page,
    /// A piece of it, by name.
    Piece(String),
}

/// Why something is not answered: status, and a line for whoever looks.
pub type Refusal = (u16, &'static str);

/// What somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Whether the answer has a body: that to `HEAD` has none, a refusal neither.
    pub body: bool,
    pub asked: Result<Asked, Refusal>,
}

const NO_REQUEST: Refusal = (400, "this is no request of a browser");
const LATE: Refusal = (408, "the request did not arrive in time");

impl Request {
    /// Reads a request, of which nothing but the first line and `Host` matters. Nothing of somebody who says nothing, as browsers
    /// do that open a connection for later.
    pub fn read(stream: impl Read, port: u16, key: &str) -> Option<Self> {
        let mut lines = BufReader::new(stream.take(MOST));
        let mut first = Vec::new();
        let end = lines.read_until(b'\n', &mut first);
        if first.is_empty() {
            return None;
        }
        let body = !first.starts_with(b"HEAD ");
        let asked = whole(end, first).and_then(|first| {
            let hosts = hosts(&mut lines)?;
            asked(&first, &hosts, port, key)
        });
        Some(Self { body, asked })
    }
}

/// A line without its end.
fn whole(end: std::io::Result<usize>, mut line: Vec<u8>) -> Result<String, Refusal> {
    match end.map_err(|error| error.kind()) {
        Ok(_) if line.ends_with(b"\n") => {
            while line.last().is_some_and(|byte| b"\r\n".contains(byte)) {
                line.pop();
            }
            String::from_utf8(line).map_err(|_| NO_REQUEST)
        }
        Err(ErrorKind::TimedOut | ErrorKind::WouldBlock) => Err(LATE),
        _ => Err(NO_REQUEST),
    }
}

/// Reads the headers, and gives whom they are for.
fn hosts(lines: &mut impl BufRead) -> Result<Vec<String>, Refusal> {
    let mut hosts = Vec::new();
    loop {
        let mut header = Vec::new();
        let end = lines.read_until(b'\n', &mut header);
        let header = whole(end, header)?;
        if header.is_empty() {
            return Ok(hosts);
        }
        let (name, value) = header
            .split_once(':')
            .ok_or((400, "a header has no name"))?;
        if name.eq_ignore_ascii_case("host") {
            hosts.push(value.trim().to_ascii_lowercase());
        }
    }
}

/// What the first line asks for, if it may.
fn asked(first: &str, hosts: &[String], port: u16, key: &str) -> Result<Asked, Refusal> {
    let mut own = vec![format!("127.0.0.1:{port}"), format!("localhost:{port}")];
    if port == 80 {
        // Browsers leave it out.
        own.extend(["127.0.0.1".to_owned(), "localhost".to_owned()]);
    }
    if !matches!(hosts, [host] if own.contains(host)) {
        return Err((403, "this address answers to its own name alone"));
    }
    let mut words = first.split(' ');
    let (method, target, version) = (words.next(), words.next(), words.next());
    let is_http = version.is_some_and(|version| version.starts_with("HTTP/1."));
    let (Some(method), Some(target), true, None) = (method, target, is_http, words.next()) else {
        return Err(NO_REQUEST);
    };
    if !["GET", "HEAD"].contains(&method) {
        return Err((405, "pages are only read"));
    }
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let inside = path.strip_prefix('/').and_then(|path| path.split_once('/'));
    let Some((_, name)) = inside.filter(|(given, _)| is_same(given, key)) else {
        return Err((
            403,
            "the key of this address is missing; open the address as it was printed",
        ));
    };
    match name.strip_prefix("piece/") {
        None if name.is_empty() => Ok(Asked::Page),
        Some(name) => Ok(Asked::Piece(name.to_owned())),
        None => Err((404, "there is nothing of this name")),
    }
}

/// Whether two texts are the same, in a time that does not tell where they differ.
fn is_same(a: &str, b: &str) -> bool {
    let differing = a
        .bytes()
        .zip(b.bytes())
        .fold(0, |sum, (a, b)| sum | (a ^ b));
    a.len() == b.len() && differing == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Request {
        Request::read(text.as_bytes(), 8080, "key").expect("something was said")
    }

    fn of(first: &str, host: &str) -> Result<Asked, u16> {
        let text = format!("{first}\r\nHost: {host}\r\nAccept: */*\r\n\r\n");
        read(&text).asked.map_err(|(status, _)| status)
    }

    #[test]
    fn requests_are_answered_or_refused_by_what_they_are() {
        let piece = |name: &str| Asked::Piece(name.to_owned());
        let own = "127.0.0.1:8080";
        assert_eq!(of("GET /key/ HTTP/1.1", own), Ok(Asked::Page));
        assert_eq!(
            of("HEAD /key/?a=b HTTP/1.1", "LOCALHOST:8080"),
            Ok(Asked::Page)
        );
        assert_eq!(of("GET /key/piece/meta HTTP/1.0", own), Ok(piece("meta")));
        // What follows is a name that there is not, never a path.
        assert_eq!(
            of("GET /key/piece/../../etc/passwd HTTP/1.1", own),
            Ok(piece("../../etc/passwd"))
        );
        for (first, host, status) in [
            ("GET / HTTP/1.1", own, 403),
            ("GET /other/ HTTP/1.1", own, 403),
            ("GET /kez/ HTTP/1.1", own, 403),
            ("GET /key/ HTTP/1.1", "evil.example:8080", 403),
            ("GET /key/ HTTP/1.1", "127.0.0.1:80", 403),
            ("GET /key/ HTTP/1.1", "", 403),
            ("POST /key/ HTTP/1.1", own, 405),
            ("GET /key/zarr.json HTTP/1.1", own, 404),
            ("GET /key/../x HTTP/1.1", own, 404),
            ("GET /key/", own, 400),
            ("GET /key/ HTTP/2", own, 400),
            ("", own, 400),
        ] {
            assert_eq!(of(first, host), Err(status), "{first}");
        }
        let status = |text: &str| read(text).asked.map_err(|(status, _)| status);
        let two = "GET /key/ HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nHost: evil\r\n\r\n";
        assert_eq!(status(two), Err(403));
        let long = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(1 << 15));
        assert_eq!(status(&long), Err(400));
        let cut = "GET /key/ HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n";
        assert_eq!(status(cut), Err(400));
    }

    #[test]
    fn only_head_has_answers_without_a_body_refusals_too() {
        for (first, body) in [
            ("HEAD /key/ HTTP/1.1", false),
            ("HEAD /kez/ HTTP/1.1", false),
            ("HEAD /key/zarr.json HTTP/1.1", false),
            ("HEAD /key/", false),
            ("GET /kez/ HTTP/1.1", true),
            ("POST /key/ HTTP/1.1", true),
            ("HEADS /key/ HTTP/1.1", true),
        ] {
            let text = format!("{first}\r\nHost: 127.0.0.1:8080\r\n\r\n");
            assert_eq!(read(&text).body, body, "{first}");
        }
    }

    /// Says its text, and then nothing any more.
    struct Stalled<'a>(&'a [u8]);

    impl Read for Stalled<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            match self.0.read(into)? {
                0 => Err(ErrorKind::WouldBlock.into()),
                read => Ok(read),
            }
        }
    }

    #[test]
    fn half_a_request_is_late_and_no_word_is_none() {
        for text in ["HEAD /ke", "GET /key/ HTTP/1.1\r\nHost: 127"] {
            let request = Request::read(Stalled(text.as_bytes()), 8080, "key").unwrap();
            assert_eq!(request.asked, Err(LATE));
            assert_eq!(request.body, text.starts_with("GET"));
        }
        assert_eq!(Request::read(Stalled(b""), 8080, "key"), None);
        assert_eq!(Request::read(&b""[..], 8080, "key"), None);
    }
}
