//! `icefold view`: pages as files, and whom the server answers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::granules::one;
use super::{Site, refuse};
use crate::support::{icefold, stderr, stdout, succeed};

fn view(site: &Site, args: &[&str]) -> Command {
    let mut view = icefold();
    view.arg("view").arg(site.out("a.zarr")).args(args);
    view
}

/// A store of one granule with an overview.
fn site() -> Site {
    let site = Site::new();
    let mut run = site.run("atl03", &one(&site.good("a.h5", -45.0)));
    succeed(run.args(["--overviews", "9"]));
    site
}

#[test]
fn a_page_has_all_in_it_and_reaches_nothing() {
    let site = site();
    let page = site.out("page.html");
    for _ in 0..2 {
        let mut view = view(&site, &["-o"]);
        let done = succeed(view.arg(&page));
        assert_eq!(stdout(&done).trim(), page.to_str().unwrap());
        assert_eq!(stderr(&done), "");
    }
    let html = std::fs::read_to_string(&page).unwrap();
    assert!(html.starts_with("<!doctype html>\n<!-- Software: icefold -->\n"));
    assert!(html.contains("connect-src 'none'") && html.contains("default-src 'none'"));
    for name in [
        "meta",
        "earth",
        "blocks-0",
        "ids-1-0",
        "range-1-4",
        "values-1-0-4-0",
    ] {
        assert!(html.contains(&format!("id=\"piece-{name}\"")), "{name}");
    }
    // Addresses are those of standards and of DOIs, and nothing is loaded from one.
    for part in [
        "src=\"http",
        "href=\"http",
        "url(http",
        "import(",
        "@import",
    ] {
        assert!(!html.contains(part), "{part}");
    }
    // One variable of one order is a part of it.
    let mut less = view(&site, &["--variables", "h_mean", "--order", "9", "-o"]);
    succeed(less.arg(site.out("less.htm")));
    let less = std::fs::read_to_string(site.out("less.htm")).unwrap();
    assert!(less.len() < html.len() && !less.contains("piece-blocks-1"));
    assert!(!less.contains("piece-values-0-0-1-0"));
}

#[test]
fn what_cannot_be_shown_is_refused_by_name_and_remedy() {
    let site = site();
    let before = site.written();
    let page = |args: &[&str], name: &str| {
        let mut view = view(&site, args);
        view.arg("-o").arg(site.out(name));
        view
    };
    for (args, code, says) in [
        (
            &["--variables", "h_men"][..],
            1,
            "has no array h_men; it has count, h_max",
        ),
        (
            &["--order", "8"],
            1,
            "--order 8 is none of its orders, which are 9, 12",
        ),
        (
            &["--max-size", "20KiB"],
            1,
            "is more than a page of 20.0 KiB: 6 variables, order 9 has",
        ),
    ] {
        refuse(&mut page(args, "page.html"), code, &[says]);
    }
    let message = refuse(&mut page(&["--max-size", "20KiB"], "page.html"), 1, &[]);
    for remedy in ["--variables or --order", "--max-size", "without a file"] {
        assert!(message.contains(remedy), "{message}");
    }
    refuse(&mut page(&[], "page.pdf"), 2, &["a page is HTML"]);
    std::fs::write(site.path("thesis.html"), "<!doctype html>\n<p>mine").unwrap();
    let mut over = view(&site, &["-o"]);
    let says = "a file is there that is no page of icefold";
    refuse(over.arg(site.path("thesis.html")), 2, &[says]);
    refuse(
        &mut page(&["--port", "80"], "page.html"),
        2,
        &["cannot be used with"],
    );
    assert_eq!(site.written(), before);
}

#[test]
fn arrays_of_lists_and_bins_are_left_out_and_named() {
    let site = Site::new();
    let config = "data_source:\n  groups: [gt1l]\n  coordinates: {latitude: '/{group}/heights/lat_ph', longitude: \
                  '/{group}/heights/lon_ph'}\n  variables: {h: '/{group}/heights/h_ph'}\naggregation:\n  variables:\n    \
                  n: {function: count, source: h}\n    bins: {function: histogram, source: h, params: {edges: [0, 5, 9]}}\n    \
                  digest: {kind: ragged, function: tdigest, source: h}\noutput:\n  \
                  grid: {type: healpix, parent_order: 6, child_order: 12}\n";
    let path = site.path("c.yaml");
    std::fs::write(&path, config).unwrap();
    succeed(&mut site.run(&path, &one(&site.good("a.h5", -45.0))));
    let mut view = view(&site, &["-o"]);
    let said = stderr(&succeed(view.arg(site.out("page.html"))));
    for name in [
        "note: bins is left out: it has",
        "note: digest is left out: it has a list",
    ] {
        assert!(said.contains(name), "{said}");
    }
}

/// A server, ended when dropped.
struct Served {
    child: Child,
    address: String,
}

impl Served {
    fn of(site: &Site, args: &[&str]) -> Self {
        let mut view = view(site, &["--no-open"]);
        view.args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = view.spawn().unwrap();
        let mut address = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut address).unwrap();
        Self {
            child,
            address: address.trim().to_owned(),
        }
    }

    /// Host with port, and the path with the key.
    fn parts(&self) -> (&str, &str) {
        let rest = self.address.strip_prefix("http://").expect("an address");
        let at = rest.find('/').expect("a path");
        (&rest[..at], &rest[at..])
    }

    /// Status, headers and body of an answer.
    fn ask(&self, request: &str) -> (u16, String, Vec<u8>) {
        let mut stream = TcpStream::connect(self.parts().0).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap();
        let head = String::from_utf8(answer[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        (status.unwrap(), head, answer[end + 4..].to_vec())
    }

    fn get(&self, method: &str, path: &str, host: &str) -> (u16, String, Vec<u8>) {
        self.ask(&format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_server_answers_whoever_has_the_address_and_gives_nothing_but_the_page() {
    let site = site();
    let served = Served::of(&site, &[]);
    let (host, path) = served.parts();
    let port = host
        .strip_prefix("127.0.0.1:")
        .expect("the loopback address");
    let (status, head, body) = served.get("GET", path, host);
    assert_eq!(status, 200);
    for header in [
        "Content-Type: text/html; charset=utf-8",
        "X-Content-Type-Options: nosniff",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "Cross-Origin-Resource-Policy: same-origin",
    ] {
        assert!(head.contains(header), "{head}");
    }
    let html = String::from_utf8(body).unwrap();
    assert!(html.contains("<script>") && !html.contains("id=\"piece-meta\""));
    let (status, head, body) = served.get("HEAD", path, &format!("localhost:{port}"));
    assert_eq!((status, body.len()), (200, 0));
    assert!(
        head.contains(&format!("Content-Length: {}", html.len())),
        "{head}"
    );
    // What is refused to HEAD has the headers of what is refused to GET, and no body either.
    for (path, status) in [
        ("/", 403),
        ("/0123/", 403),
        (&*format!("{path}zarr.json"), 404),
        (&*format!("{path}piece/none"), 404),
    ] {
        let (of_get, head, body) = served.get("GET", path, host);
        let (of_head, without, nothing) = served.get("HEAD", path, host);
        assert_eq!((of_get, of_head), (status, status), "{path}");
        assert_eq!(head, without, "{path}");
        assert!(!body.is_empty() && nothing.is_empty(), "{path}");
    }
    let piece = |name: &str| served.get("GET", &format!("{path}piece/{name}"), host);
    // Deflated, in the format of zlib.
    let (status, _, body) = piece("meta");
    assert_eq!((status, body[0]), (200, 0x78));
    assert_eq!(piece("values-1-0-0-0").0, 200);
    for name in [
        "values-9-0-0-0",
        "values-1-0-0-1",
        "ids-1-99999",
        "../zarr.json",
        "..%2f..%2fetc%2fpasswd",
        "/etc/passwd",
        "a.zarr",
    ] {
        assert_eq!(piece(name).0, 404, "{name}");
    }
    let key = &path[1..path.len() - 1];
    assert!(key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit()));
    for (method, path, host, expected) in [
        ("GET", "/", host, 403),
        ("GET", "/0123/", host, 403),
        ("GET", path, "evil.example", 403),
        ("GET", path, &*format!("evil.example:{port}"), 403),
        ("POST", path, host, 405),
        ("PUT", path, host, 405),
        ("GET", &*format!("{path}zarr.json"), host, 404),
        ("GET", &*format!("{path}../../zarr.json"), host, 404),
    ] {
        let (status, _, body) = served.get(method, path, host);
        assert_eq!(status, expected, "{method} {path} {host}");
        assert!(!body.windows(4).any(|four| four == b"zarr"), "{path}");
    }
    assert_eq!(
        served.ask(&format!("nonsense\r\nHost: {host}\r\n\r\n")).0,
        400
    );
    assert_eq!(served.ask(&format!("GET {path} HTTP/1.1\r\n\r\n")).0, 403);
    // Somebody who says nothing holds nobody up.
    let _silent = TcpStream::connect(host).unwrap();
    assert_eq!(piece("earth").0, 200);
    let mut taken = view(&site, &["--no-open", "--port", port]);
    refuse(&mut taken, 2, &["port ", " is taken"]);
}

#[test]
fn a_request_has_its_time_however_its_bytes_are_spread() {
    let site = site();
    let served = Served::of(&site, &[]);
    let (host, path) = served.parts();
    // Two connections: one goes on with a byte now and then, one says nothing.
    let mut dripping = TcpStream::connect(host).unwrap();
    let mut silent = TcpStream::connect(host).unwrap();
    let started = Instant::now();
    let mut sender = dripping.try_clone().unwrap();
    let drops = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nX-Slow: {}",
        "a".repeat(400)
    );
    let sending = std::thread::spawn(move || {
        for byte in drops.as_bytes() {
            if sender.write_all(&[*byte]).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    // The server may close while a byte is on its way; what it said before counts.
    let mut answer = Vec::new();
    let mut part = [0; 512];
    while let Ok(read @ 1..) = dripping.read(&mut part) {
        answer.extend_from_slice(&part[..read]);
    }
    let took = started.elapsed();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"),
        "{answer}"
    );
    // Some two seconds, of the forty and more that its bytes would take.
    assert!(took < Duration::from_secs(20), "{took:?}");
    // To nothing there is no answer.
    let mut nothing = Vec::new();
    silent.read_to_end(&mut nothing).unwrap();
    assert_eq!(nothing, b"");
    sending.join().unwrap();
    assert_eq!(served.get("GET", path, host).0, 200);
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_server_and_that_is_no_failure() {
    let site = site();
    let before = site.written();
    for name in ["INT", "TERM"] {
        let mut served = Served::of(&site, &[]);
        assert_eq!(served.get("GET", served.parts().1, served.parts().0).0, 200);
        let kill = format!("kill -{name} {}", served.child.id());
        assert!(
            Command::new("sh")
                .args(["-c", &kill])
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(served.child.wait().unwrap().code(), Some(0), "{name}");
    }
    assert_eq!(site.written(), before);
}

#[test]
fn a_store_that_is_none_is_refused_before_anybody_is_served() {
    let site = Site::new();
    let mut none = icefold();
    none.arg("view")
        .arg(site.path("none.zarr"))
        .arg("--no-open");
    refuse(&mut none, 1, &["none.zarr"]);
}
