//! Objects below a URL as things that are put, fetched, listed and removed whole.
//!
//! Beside `object.rs`, for whoever writes. Every request is tried as often as a read is. Many are under way at a time,
//! within the memory that objects may take, and the first that fails for good ends all of them.

use std::fs;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, mpsc};

use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;
use object_store::path::Path as Key;
use tokio::sync::Semaphore;

use super::backend::{Backend, Identity, Stores, judged};
use super::fetch::Fetch;
use super::put::Putting;
use super::room;
use super::trouble::{Failed, Trouble, What};
use crate::source::{Listed, Put, Remote, Way, is_plain, shown};

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
    base: String,
    stores: Arc<Stores>,
    store: Arc<dyn ObjectStore>,
    remote: Remote,
    whole: u64,
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
        })
    }

    /// The same, sending objects that are longer in parts of so many bytes.
    #[must_use]
    pub fn in_parts(mut self, bytes: u64) -> Self {
        self.whole = bytes;
        self
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

    /// The bytes of a small object and its tag; `None` where there is none.
    ///
    /// # Errors
    /// They cannot be had.
    pub fn get(&self, name: &str) -> io::Result<Option<(Vec<u8>, Option<String>)>> {
        let Some(listed) = self.see(name)? else {
            return Ok(None);
        };
        let this = self.clone();
        let tag = listed.tag.clone();
        let got = self.wait(async move { this.range(&listed, 0..listed.bytes).await });
        match got {
            // It went in between.
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            got => Ok(Some((got?, tag))),
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

    fn key(&self, name: &str) -> Result<Key, Failed> {
        Key::parse(format!("{}{name}", self.base)).map_err(|e| {
            let trouble = Trouble::new(What::Refused, e.to_string());
            Failed::of_put(&trouble, &self.url(name), 1)
        })
    }

    async fn listed(&self, below: &str) -> Result<Vec<Listed>, Trouble> {
        let prefix = format!("{}{below}", self.base);
        let refused = |e: object_store::path::Error| Trouble::new(What::Refused, e.to_string());
        let prefix = Key::parse(prefix.trim_end_matches('/')).map_err(refused)?;
        let below = Some(&prefix).filter(|prefix| !prefix.as_ref().is_empty());
        let found = self.store.list(below).map_err(|e| judged(&e));
        let found: Vec<_> = found.try_collect().await?;
        let named = found.into_iter().filter_map(|meta| {
            let name = meta.location.as_ref().strip_prefix(&self.base)?.to_owned();
            Some(of_meta(name, &meta))
        });
        Ok(named.collect())
    }

    async fn seen(&self, name: &str) -> Result<Option<Listed>, Trouble> {
        let refused = |e: Failed| Trouble::new(What::Refused, e.said);
        let key = self.key(name).map_err(refused)?;
        let options = object_store::GetOptions {
            head: true,
            ..object_store::GetOptions::default()
        };
        match self.store.get_opts(&key, options).await {
            Ok(found) => Ok(Some(of_meta(name.to_owned(), &found.meta))),
            Err(e) => match judged(&e) {
                trouble if trouble.what == What::Status(404) => Ok(None),
                trouble => Err(trouble),
            },
        }
    }

    async fn removed(&self, names: &[String]) -> Result<(), Trouble> {
        let keys: Result<Vec<Key>, Failed> = names.iter().map(|name| self.key(name)).collect();
        let keys = keys.map_err(|e| Trouble::new(What::Refused, e.said))?;
        let keys = stream::iter(keys).map(Ok).boxed();
        let mut removed = self.store.delete_stream(keys);
        while let Some(one) = removed.next().await {
            match one.map_err(|e| judged(&e)) {
                Err(trouble) if trouble.what != What::Status(404) => return Err(trouble),
                _ => {}
            }
        }
        Ok(())
    }

    async fn range(&self, of: &Listed, range: std::ops::Range<u64>) -> Result<Vec<u8>, Failed> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let fetch = Fetch {
            stores: Arc::clone(&self.stores),
            backend: Backend::Store(Arc::clone(&self.store), self.key(&of.name)?),
            remote: self.remote.clone(),
        };
        let known = Identity {
            length: of.bytes,
            etag: of.tag.clone(),
            modified: of.modified,
        };
        let got = fetch.range(&known, range).await;
        got.map_err(|e| Failed::of(&e.trouble, &self.url(&of.name), e.tries))
    }

    async fn fetched(&self, listed: &Listed, path: &Path) -> Result<(), Failed> {
        let mut file = None;
        let mut at = 0;
        while at < listed.bytes || file.is_none() {
            let end = listed.bytes.min(at + self.whole);
            let bytes = self.range(listed, at..end).await?;
            let written = (|| {
                use std::io::Write;
                let out = if let Some(out) = &mut file {
                    out
                } else {
                    fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
                    file.insert(fs::File::create(path)?)
                };
                out.write_all(&bytes)
            })();
            written.map_err(|e| of_file(path, &e))?;
            at = end;
        }
        Ok(())
    }

    async fn file(
        &self,
        name: String,
        path: PathBuf,
        way: Way,
        room: &Semaphore,
    ) -> Result<Listed, Failed> {
        let length = fs::metadata(&path).map_err(|e| of_file(&path, &e))?.len();
        let share = u32::try_from(length.min(self.whole) / 1024 + 1).unwrap_or(u32::MAX >> 4);
        let _room = room.acquire_many(share).await;
        let url = self.url(&name);
        let key = self.key(&name)?;
        let put = if length > self.whole {
            let parts = self.whole;
            let once = || super::put::in_parts(&self.store, &key, (&path, parts), &way);
            self.tried(&url, once).await?
        } else {
            let bytes = fs::read(&path).map_err(|e| of_file(&path, &e))?;
            let putting = Putting::of(bytes, way);
            let put = self.tried(&url, || putting.once(&self.store, &key));
            put.await?
        };
        match put {
            Put::Done(tag) => Ok(Listed {
                name,
                bytes: length,
                tag,
                modified: 0,
            }),
            Put::Taken => Err(Failed::of_put(&Trouble::new(What::Changed, ""), &url, 1)),
        }
    }

    /// Makes a request again while that may help.
    async fn tried<T, F>(&self, url: &str, once: impl Fn() -> F) -> Result<T, Failed>
    where
        F: Future<Output = Result<T, Trouble>>,
    {
        let mut tries = 0;
        loop {
            let trouble = match once().await {
                Ok(done) => return Ok(done),
                Err(trouble) => trouble,
            };
            tries += 1;
            if !trouble.may_pass() || tries > self.remote.retries || self.remote.is_stopped() {
                return Err(Failed::of_put(&trouble, url, tries));
            }
            self.remote.traffic.retry();
            let pause = super::fetch::pause(tries);
            tokio::time::sleep(trouble.after.unwrap_or(pause)).await;
        }
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

fn of_meta(name: String, meta: &object_store::ObjectMeta) -> Listed {
    Listed {
        name,
        bytes: meta.size,
        tag: meta.e_tag.clone(),
        modified: meta.last_modified.timestamp().max(0).cast_unsigned() * 1_000_000_000,
    }
}

pub(super) fn of_file(path: &Path, error: &io::Error) -> Failed {
    Failed {
        said: format!("{}: {error}", path.display()),
        kind: error.kind(),
    }
}
