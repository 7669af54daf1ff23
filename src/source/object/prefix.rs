//! Objects below a URL as things that are put, fetched, listed and removed whole.
//!
//! Beside `object.rs`, for whoever writes. Every request is tried as often as a read is. Many are under way at a time,
//! within the memory that objects may take, and the first that fails for good ends all of them.

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, mpsc};

use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;
use tokio::sync::Semaphore;

use super::backend::Stores;
use super::put::Putting;
use super::room;
use super::trouble::{Failed, Trouble};
use crate::source::{Hold, Listed, Put, Remote, Way, is_plain, shown};

/// Requests that are under way at the same time.
const AT_ONCE: usize = 16;
/// Bytes that are sent in one request, or fetched, at most.
const WHOLE: u64 = 16 << 20;
/// Objects whose removal is one request to S3.
const REMOVED: usize = 1000;

/// The objects of a store whose keys begin alike.
#[derive(Debug, Clone)]
pub struct Prefix {
    /// Without a slash at the end.
    url: String,
    /// Empty, or with a slash at the end.
    pub(super) base: String,
    pub(super) stores: Arc<Stores>,
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) remote: Remote,
    /// Bytes that are sent in one request, or fetched, at most.
    pub(super) whole: u64,
    /// Whether anything may be asked for still.
    pub(super) hold: Option<Arc<Hold>>,
}

impl Prefix {
    /// Those below a URL such as `s3://bucket/folder`. Nothing is asked yet.
    ///
    /// # Errors
    /// A URL that is none of a store of objects; credentials that cannot be used.
    pub fn open(url: &str, remote: &Remote) -> io::Result<Self> {
        let url = url.trim_end_matches('/');
        let failed = |trouble: Trouble| Failed::of_put(&trouble, &shown(url), 1);
        let stores = Stores::to_write(remote).map_err(failed)?;
        let (store, key) = stores.bucket(url).map_err(failed)?;
        let base = if key.is_empty() {
            String::new()
        } else {
            key.trim_end_matches('/').to_owned() + "/"
        };
        Ok(Self {
            url: shown(url),
            base,
            stores: Arc::new(stores),
            store,
            remote: remote.clone(),
            whole: WHOLE,
            hold: None,
        })
    }

    /// The same, of which nothing is asked, put or removed when this is not held: no object, and no part of one.
    #[must_use]
    pub fn held(&self, hold: &Arc<Hold>) -> Self {
        let mut same = self.clone();
        same.hold = Some(Arc::clone(hold));
        same
    }

    /// The same, whoever wishes to stop: for what puts things in order at the end.
    #[must_use]
    pub fn to_the_end(&self) -> Self {
        let mut same = self.clone();
        same.remote.stop = Arc::new(AtomicBool::new(false));
        same
    }

    /// What an object is called.
    pub fn url(&self, name: &str) -> String {
        if name.is_empty() {
            return self.url.clone();
        }
        format!("{}/{name}", self.url)
    }

    /// All objects whose names begin so, in the order of their names.
    ///
    /// # Errors
    /// They cannot be listed; one whose name is no relative path.
    pub fn list(&self, below: &str) -> io::Result<Vec<Listed>> {
        let (this, folder) = (self.clone(), below.to_owned());
        let mut found = self.wait(async move {
            let (url, once) = (this.url(folder.trim_end_matches('/')), || {
                this.listed(&folder)
            });
            this.tried(&url, once).await
        })?;
        found.sort_by(|a, b| a.name.cmp(&b.name));
        let odd = found.iter().find(|listed| !is_plain(&listed.name));
        match odd {
            None => Ok(found),
            Some(odd) => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "{}: this name is no path that a file can have; see who put it there",
                    self.url(&odd.name)
                ),
            )),
        }
    }

    /// What is said of an object; `None` where there is none.
    ///
    /// # Errors
    /// The server does not answer.
    pub fn see(&self, name: &str) -> io::Result<Option<Listed>> {
        let (this, name) = (self.clone(), name.to_owned());
        self.wait(async move {
            let url = this.url(&name);
            this.tried(&url, || this.seen(&name)).await
        })
    }

    /// The SHA-256 that an object says to have, in hexadecimal digits; `None` where there is no object, or it says none.
    ///
    /// # Errors
    /// The server does not answer.
    pub fn hash(&self, name: &str) -> io::Result<Option<String>> {
        let (this, name) = (self.clone(), name.to_owned());
        self.wait(async move {
            let (key, url) = (this.key(&name)?, this.url(&name));
            this.tried(&url, || super::put::hash(&this.store, &key))
                .await
        })
    }

    /// The bytes of a small object and its tag; `None` where there is none.
    ///
    /// # Errors
    /// They cannot be had.
    pub fn get(&self, name: &str) -> io::Result<Option<(Vec<u8>, Option<String>)>> {
        let mut again = 0;
        loop {
            let Some(listed) = self.see(name)? else {
                return Ok(None);
            };
            let this = self.clone();
            let tag = listed.tag.clone();
            let got = self.wait(async move { this.range(&listed, 0..listed.bytes).await });
            match got {
                // It went in between, or another came.
                Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(e) if e.kind() == io::ErrorKind::InvalidData && again < 3 => again += 1,
                got => return Ok(Some((got?, tag))),
            }
        }
    }

    /// Puts a small object.
    ///
    /// # Errors
    /// The server does not take it.
    pub fn put(&self, name: &str, bytes: Vec<u8>, way: Way) -> io::Result<Put> {
        let (this, name) = (self.clone(), name.to_owned());
        self.wait(async move {
            let putting = Putting::of(bytes, way);
            let key = this.key(&name)?;
            let url = this.url(&name);
            this.tried(&url, || putting.once(&this.store, &key)).await
        })
    }

    /// Puts files under names, all of them; what there is to say of each, in their order.
    ///
    /// # Errors
    /// The first that cannot be read or put; one whose name is [taken](Put::Taken). Some may have been put.
    pub fn send(&self, files: &[(String, PathBuf)], way: &Way) -> io::Result<Vec<Listed>> {
        let budget = self.remote.memory.max(2 * self.whole) / 1024;
        let room = Arc::new(Semaphore::new(usize::try_from(budget).unwrap_or(1 << 20)));
        let sent: Vec<_> = files
            .iter()
            .map(|(name, path)| {
                let (this, room) = (self.clone(), Arc::clone(&room));
                let (name, path, way) = (name.clone(), path.clone(), way.clone());
                async move { this.file(name, path, way, &room).await }
            })
            .collect();
        self.wait(stream::iter(sent).buffered(AT_ONCE).try_collect())
    }

    /// Fetches objects into a folder, as files of their names.
    ///
    /// # Errors
    /// The first that cannot be fetched, or written.
    pub fn bring(&self, objects: &[Listed], folder: &Path) -> io::Result<()> {
        let brought: Vec<_> = objects
            .iter()
            .map(|listed| {
                let (this, listed) = (self.clone(), listed.clone());
                let path = folder.join(&listed.name);
                async move { this.fetched(&listed, &path).await }
            })
            .collect();
        self.wait(
            stream::iter(brought)
                .buffer_unordered(AT_ONCE)
                .try_collect(),
        )
    }

    /// Removes objects, in any order; those that are not there are no error.
    ///
    /// # Errors
    /// One that cannot be removed.
    pub fn remove(&self, names: &[String]) -> io::Result<()> {
        for part in names.chunks(REMOVED) {
            let (this, part) = (self.clone(), part.to_vec());
            self.wait(async move {
                let url = this.url(part.first().map_or("", |name| name));
                this.tried(&url, || this.removed(&part)).await
            })?;
        }
        Ok(())
    }

    fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Failed>> + Send + 'static,
    ) -> io::Result<T> {
        let (done, waiting) = mpsc::channel();
        let task = room::runtime()?.spawn(async move {
            // Nobody may wait any more.
            let _ = done.send(work.await);
        });
        match room::next(&self.remote, &waiting) {
            Some(Ok(done)) => Ok(done?),
            Some(Err(stopped)) => {
                task.abort();
                Err(Failed::of_put(&stopped, &self.url, 1).into())
            }
            None => Err(io::Error::other(format!(
                "{}: the request ended without an answer",
                self.url
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use object_store::memory::InMemory;
    use object_store::throttle::{ThrottleConfig, ThrottledStore};

    use super::*;

    /// Objects of memory, of which each takes a while to be put.
    fn slow() -> Prefix {
        let pace = ThrottleConfig {
            wait_put_per_call: Duration::from_millis(20),
            ..ThrottleConfig::default()
        };
        let remote = Remote::default();
        Prefix {
            url: "s3://bucket/a".to_owned(),
            base: "a/".to_owned(),
            stores: Arc::new(Stores::to_write(&remote).unwrap()),
            store: Arc::new(ThrottledStore::new(InMemory::new(), pace)),
            remote,
            whole: 1000,
            hold: None,
        }
    }

    /// Sends a file under so many names, and loses the hold in the midst of it; what was put.
    fn lost_while_sending(bytes: usize, names: usize) -> Vec<Listed> {
        let prefix = slow();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, vec![7; bytes]).unwrap();
        let files: Vec<_> = (0..names)
            .map(|name| (format!("{name:04}"), path.clone()))
            .collect();
        let hold = Arc::new(Hold::new(Instant::now(), Duration::from_hours(1)));
        let held = prefix.held(&hold);
        let sending = std::thread::spawn(move || held.send(&files, &Way::New));
        std::thread::sleep(Duration::from_millis(300));
        hold.lose();
        let said = sending.join().unwrap().unwrap_err().to_string();
        assert!(said.contains("nothing more is written there"), "{said}");
        assert!(prefix.held(&hold).remove(&["0000".to_owned()]).is_err());
        prefix.list("").unwrap()
    }

    #[test]
    fn who_has_lost_its_hold_puts_nothing_more() {
        let put = lost_while_sending(1, 2000);
        assert!(!put.is_empty() && put.len() < 2000, "{}", put.len());
        // What was sent of one in parts is no object.
        assert_eq!(lost_while_sending(500_000, 1), []);
    }
}
