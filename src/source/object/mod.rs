//! Objects of stores and web servers: the room in which icefold talks to a network.
//!
//! A run registers its URLs, which opens each of them by reading its head (`object.rs`); whoever reads finds them by their
//! paths from then on. `client.rs` sends every request, `backend.rs` knows whose a URL is (`aws.rs` and `earthdata.rs` who
//! asks), `fetch.rs` tries until all bytes are there, `ahead.rs` and `shelf.rs` spare requests, `trouble.rs` has words.
//! `prefix.rs`, `each.rs` and `put.rs` write. Nothing outside of this folder is asynchronous or knows of HTTP.

mod ahead;
mod aws;
mod backend;
mod cache;
mod client;
mod described;
mod each;
mod earthdata;
mod fetch;
mod many;
#[expect(clippy::module_inception, reason = "it is what the folder is about")]
mod object;
mod pages;
mod prefix;
mod put;
mod room;
mod shelf;
mod structure;
mod trouble;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use tokio::sync::Semaphore;

use backend::Stores;
use fetch::Fetch;
use object::{Object, Shared};
use trouble::{Failed, Trouble, What};

pub use prefix::Prefix;

use super::{Bytes, Remote, Seen, shown};
use crate::error::{Error, Result};

/// Objects that are opened at the same time, and those of them that an index knows, of which little is asked.
const OPENED: usize = 16;
const KNOWN: usize = 64;

/// An object by its path.
type Known = (Arc<dyn Bytes>, Seen);

static OBJECTS: Mutex<BTreeMap<PathBuf, Result<Known, Failed>>> = Mutex::new(BTreeMap::new());

/// Opens objects and gives them back as paths, by which they are found from now on. A URL that was registered before is
/// opened anew: it may be another object now. What cannot be opened is an error of whoever reads it, where that is wished.
///
/// # Errors
/// The first that cannot be opened.
pub fn register(urls: &[String], remote: &Remote, tolerant: bool) -> Result<Vec<PathBuf>> {
    if urls.is_empty() {
        return Ok(Vec::new());
    }
    check_apart(urls)?;
    let opened = opened(urls, remote)?;
    let mut paths = Vec::with_capacity(urls.len());
    for (url, opened) in urls.iter().zip(opened) {
        let known = opened.and_then(|object| {
            let seen = object.seen();
            let bytes: Arc<dyn Bytes> = match &remote.cache {
                Some(folder) => cache::kept(folder, &object).map_err(|e| Failed {
                    kind: e.kind(),
                    said: e.to_string(),
                })?,
                None => Arc::new(object),
            };
            Ok((bytes, seen))
        });
        if let Err(failed) = &known
            && (!tolerant || remote.is_stopped())
        {
            return Err(refused(failed));
        }
        let path = PathBuf::from(shown(url));
        let mut objects = OBJECTS.lock().unwrap_or_else(PoisonError::into_inner);
        objects.insert(path.clone(), known);
        paths.push(path);
    }
    Ok(paths)
}

/// That no two objects are called the same: one would be read in place of the other.
fn check_apart(urls: &[String]) -> Result<()> {
    let mut called: BTreeMap<String, &String> = BTreeMap::new();
    for url in urls {
        let name = shown(url);
        if called.get(&name).is_some_and(|other| *other != url) {
            return Err(Error::argument(format!(
                "{name}: two URLs differ only in what is not shown of one (user, query); read them in two runs, or \
                 download them"
            )));
        }
        called.insert(name, url);
    }
    Ok(())
}

fn refused(failed: &Failed) -> Error {
    let kind = match failed.kind {
        io::ErrorKind::Interrupted => return Error::interrupted(),
        kind => kind,
    };
    let (url, said) = failed.said.split_once(": ").unwrap_or(("", &failed.said));
    Error::granule(url, said).caused_by(io::Error::from(kind))
}

/// Opens several at a time.
fn opened(urls: &[String], remote: &Remote) -> Result<Vec<Result<Object, Failed>>> {
    let network = |trouble: &Trouble| Error::argument(format!("cannot use the network: {trouble}"));
    let stores = Arc::new(Stores::new(remote).map_err(|e| network(&e))?);
    let shared = Arc::new(Shared::new(remote.memory));
    let runtime = room::runtime().map_err(|e| network(&Trouble::lost(&e)))?;
    let gates = [OPENED, KNOWN].map(|most| Arc::new(Semaphore::new(most)));
    let (done, waiting) = mpsc::channel();
    for (number, url) in urls.iter().enumerate() {
        let (url, stores, shared) = (url.clone(), Arc::clone(&stores), Arc::clone(&shared));
        let remembered = remote
            .index
            .as_ref()
            .and_then(|index| index.object(&shown(&url)));
        let gate = Arc::clone(&gates[usize::from(remembered.is_some())]);
        let (done, remote) = (done.clone(), remote.clone());
        runtime.spawn(async move {
            let _turn = gate.acquire().await;
            let opened = match stores.backend(&url) {
                Ok(backend) => {
                    let fetch = Fetch {
                        stores,
                        backend,
                        remote,
                    };
                    match remembered {
                        Some(known) => Object::remembered(&url, fetch, shared, known).await,
                        None => Object::open(&url, fetch, shared).await,
                    }
                }
                Err(trouble) => Err(Failed::of(&trouble, &shown(&url), 1)),
            };
            // Nobody may wait any more.
            let _ = done.send((number, opened));
        });
    }
    drop(done);
    let mut all: Vec<Option<Result<Object, Failed>>> = urls.iter().map(|_| None).collect();
    while let Some(next) = room::next(remote, &waiting) {
        let (number, opened) = next.map_err(|_| Error::interrupted())?;
        all[number] = Some(opened);
    }
    let none = |url: &String| {
        let trouble = Trouble::new(What::Lost, "nobody answered the request");
        Err(Failed::of(&trouble, &shown(url), 1))
    };
    let each = all.into_iter().zip(urls);
    Ok(each
        .map(|(one, url)| one.unwrap_or_else(|| none(url)))
        .collect())
}

/// A registered object; any other is opened with no settings.
///
/// # Errors
/// It cannot be opened.
pub fn open(path: &Path) -> io::Result<Known> {
    let find = || {
        OBJECTS
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(path)
            .cloned()
    };
    if let Some(known) = find() {
        return known.map_err(io::Error::from);
    }
    let url = path.to_string_lossy().into_owned();
    register(&[url], &Remote::default(), false).map_err(|e| io::Error::other(e.to_string()))?;
    match find() {
        Some(known) => known.map_err(io::Error::from),
        None => Err(io::ErrorKind::NotFound.into()),
    }
}

/// The text of a document of a web server.
///
/// # Errors
/// It cannot be had.
pub fn get_text(url: &str, remote: &Remote) -> Result<String> {
    let stores = Stores::new(remote).map_err(|e| refused(&Failed::of(&e, &shown(url), 1)))?;
    let asked = url.to_owned();
    let text = room::wait(remote, async move { stores.text(&asked).await });
    text.map_err(|e| refused(&Failed::of(&e, &shown(url), 1)))
}

/// What an error of reading says of an object, with its remedy.
pub fn failure(error: &io::Error) -> Option<&str> {
    let failed = error.get_ref()?.downcast_ref::<Failed>()?;
    Some(&failed.said)
}
