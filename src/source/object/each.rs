//! What is done with objects below a prefix, one request after the other, each tried until it is answered.
//!
//! Below `prefix.rs`, which has several under way and waits for them.

use std::fs;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;
use object_store::path::Path as Key;
use tokio::sync::Semaphore;

use super::backend::{Backend, Identity, judged};
use super::fetch::Fetch;
use super::prefix::Prefix;
use super::put::Putting;
use super::trouble::{Failed, Trouble, What};
use crate::source::{Listed, Put, Way};

impl Prefix {
    pub(super) fn key(&self, name: &str) -> Result<Key, Failed> {
        Key::parse(format!("{}{name}", self.base)).map_err(|e| {
            let trouble = Trouble::new(What::Refused, e.to_string());
            Failed::of_put(&trouble, &self.url(name), 1)
        })
    }

    pub(super) async fn listed(&self, below: &str) -> Result<Vec<Listed>, Trouble> {
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

    pub(super) async fn seen(&self, name: &str) -> Result<Option<Listed>, Trouble> {
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

    pub(super) async fn removed(&self, names: &[String]) -> Result<(), Trouble> {
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

    pub(super) async fn range(
        &self,
        of: &Listed,
        range: std::ops::Range<u64>,
    ) -> Result<Vec<u8>, Failed> {
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

    pub(super) async fn fetched(&self, listed: &Listed, path: &Path) -> Result<(), Failed> {
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

    pub(super) async fn file(
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
            let hold = self.hold.as_deref();
            let once = || super::put::in_parts(&self.store, &key, (&path, parts), &way, hold);
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
    pub(super) async fn tried<T, F>(&self, url: &str, once: impl Fn() -> F) -> Result<T, Failed>
    where
        F: Future<Output = Result<T, Trouble>>,
    {
        let mut tries = 0;
        loop {
            if self.hold.as_ref().is_some_and(|hold| !hold.is_held()) {
                return Err(Failed::of_put(&Trouble::new(What::Unheld, ""), url, 1));
            }
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
}

fn of_meta(name: String, meta: &object_store::ObjectMeta) -> Listed {
    Listed {
        name,
        bytes: meta.size,
        tag: meta.e_tag.clone(),
        modified: meta.last_modified.timestamp().max(0).cast_unsigned() * 1_000_000_000,
    }
}

fn of_file(path: &Path, error: &io::Error) -> Failed {
    Failed {
        said: format!("{}: {error}", path.display()),
        kind: error.kind(),
    }
}
