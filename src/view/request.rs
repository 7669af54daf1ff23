//! Requests of browsers: the line and the headers that matter, and what is refused of them.
//!
//! Below `server.rs`. Only what reads, only for this address by its own name (another name that leads here is a page of
//! somebody else that wants to read along), and only with the key that the address has.

use std::io::{BufRead, BufReader, Read};

/// Bytes of a request at most.
const MOST: u64 = 16 << 10;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// The page itself.
    Page { body: bool },
    /// A piece of it, by name.
    Piece { name: String, body: bool },
}

/// Why something is not answered: status, and a line for whoever looks.
pub type Refusal = (u16, &'static str);

/// Reads a request, of which nothing but the first line and `Host` matters.
///
/// # Errors
/// What is refused.
pub fn asked(stream: impl Read, port: u16, key: &str) -> Result<Asked, Refusal> {
    let mut lines = BufReader::new(stream.take(MOST));
    let mut line = || {
        let mut line = String::new();
        let read = lines.read_line(&mut line);
        let is_whole = read.is_ok() && line.ends_with('\n');
        is_whole
            .then(|| line.trim_end_matches(['\r', '\n']).to_owned())
            .ok_or((400, "this is no request of a browser"))
    };
    let first = line()?;
    let mut hosts = Vec::new();
    loop {
        let header = line()?;
        if header.is_empty() {
            break;
        }
        let (name, value) = header
            .split_once(':')
            .ok_or((400, "a header has no name"))?;
        if name.eq_ignore_ascii_case("host") {
            hosts.push(value.trim().to_ascii_lowercase());
        }
    }
    let mut own = vec![format!("127.0.0.1:{port}"), format!("localhost:{port}")];
    if port == 80 {
        // Browsers leave it out.
        own.extend(["127.0.0.1".to_owned(), "localhost".to_owned()]);
    }
    if !matches!(&hosts[..], [host] if own.contains(host)) {
        return Err((403, "this address answers to its own name alone"));
    }
    let mut words = first.split(' ');
    let (method, target, version) = (words.next(), words.next(), words.next());
    let is_http = version.is_some_and(|version| version.starts_with("HTTP/1."));
    let (Some(method), Some(target), true, None) = (method, target, is_http, words.next()) else {
        return Err((400, "this is no request of a browser"));
    };
    let body = match method {
        "GET" => true,
        "HEAD" => false,
        _ => return Err((405, "pages are only read")),
    };
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let inside = path.strip_prefix('/').and_then(|path| path.split_once('/'));
    let Some((_, name)) = inside.filter(|(given, _)| is_same(given, key)) else {
        return Err((
            403,
            "the key of this address is missing; open the address as it was printed",
        ));
    };
    match name.strip_prefix("piece/") {
        None if name.is_empty() => Ok(Asked::Page { body }),
        Some(name) => Ok(Asked::Piece {
            name: name.to_owned(),
            body,
        }),
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

    fn of(first: &str, host: &str) -> Result<Asked, u16> {
        let text = format!("{first}\r\nHost: {host}\r\nAccept: */*\r\n\r\n");
        asked(text.as_bytes(), 8080, "key").map_err(|(status, _)| status)
    }

    #[test]
    fn requests_are_answered_or_refused_by_what_they_are() {
        let piece = |name: &str| Asked::Piece {
            name: name.to_owned(),
            body: true,
        };
        let own = "127.0.0.1:8080";
        assert_eq!(
            of("GET /key/ HTTP/1.1", own),
            Ok(Asked::Page { body: true })
        );
        assert_eq!(
            of("HEAD /key/?a=b HTTP/1.1", "LOCALHOST:8080"),
            Ok(Asked::Page { body: false })
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
        let two = "GET /key/ HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nHost: evil\r\n\r\n";
        assert_eq!(
            asked(two.as_bytes(), 8080, "key").map_err(|e| e.0),
            Err(403)
        );
        let long = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(1 << 15));
        assert_eq!(
            asked(long.as_bytes(), 8080, "key").map_err(|e| e.0),
            Err(400)
        );
    }
}
