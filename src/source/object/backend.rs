//! Whom a URL belongs to, and one request for a range of an object, checked.
//!
//! Beside `fetch.rs`. Web servers are asked directly, as their URLs may have a query and lead elsewhere; objects of stores
//! are asked for through `object_store`, which signs requests.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path as Key;
use object_store::{GetOptions, GetRange, ObjectStore, RetryConfig};
use reqwest::Url;
use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue, IF_MATCH, RANGE};

use super::aws;
use super::client::Client;
use super::described::described;
use super::trouble::{Trouble, What};
use crate::source::{Remote, scheme};

/// Addresses under which a machine is told its role.
const MACHINE: &str = "//169.254.";
/// Said where nobody gives any.
pub const NO_KEYS: &str = "no keys are set, and this machine is given none";

/// Where an object is asked for.
#[derive(Debug, Clone)]
pub enum Backend {
    Web {
        url: Url,
        /// Where the last request was led to, until that place no longer knows it.
        led: Arc<Mutex<Option<Url>>>,
    },
    Store(Arc<dyn ObjectStore>, Key),
}

/// What an object is, as far as a server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub length: u64,
    pub etag: Option<String>,
    /// Nanoseconds from 1970; 0 where it is not said.
    pub modified: u64,
}

impl Identity {
    /// Whether it is the same object: of two ETags those tell, else the date.
    pub fn is(&self, other: &Self) -> bool {
        let same = match (&self.etag, &other.etag) {
            (None, None) => self.modified == other.modified,
            (mine, theirs) => mine == theirs,
        };
        same && self.length == other.length
    }
}

/// An answer with bytes of a range.
pub struct Answer {
    pub identity: Identity,
    pub range: Range<u64>,
    pub body: BoxStream<'static, Result<Bytes, Trouble>>,
}

/// The stores of a run, each opened once.
#[derive(Debug)]
pub struct Stores {
    remote: Remote,
    client: Client,
    opened: Mutex<BTreeMap<(String, String), Arc<dyn ObjectStore>>>,
}

impl Stores {
    pub fn new(remote: &Remote) -> Result<Self, Trouble> {
        Ok(Self::through(Client::new(remote)?, remote))
    }

    /// As [`new`](Self::new), for who also writes.
    pub fn to_write(remote: &Remote) -> Result<Self, Trouble> {
        Ok(Self::through(Client::patient(remote)?, remote))
    }

    fn through(client: Client, remote: &Remote) -> Self {
        Self {
            client,
            remote: remote.clone(),
            opened: Mutex::default(),
        }
    }

    /// The text of a small document at a URL of a web server.
    pub async fn text(&self, url: &str) -> Result<String, Trouble> {
        let url = parsed(url)?;
        let (answer, _) = self.client.get(&url, &HeaderMap::new()).await?;
        answer
            .text()
            .await
            .map_err(|e| Trouble::lost(&e.without_url()))
    }

    /// Where a URL leads.
    pub fn backend(&self, url: &str) -> Result<Backend, Trouble> {
        let lower = scheme(url).unwrap_or_default().to_ascii_lowercase();
        if lower == "http" || lower == "https" {
            return Ok(Backend::Web {
                url: parsed(url)?,
                led: Arc::default(),
            });
        }
        let (store, key) = self.bucket(url)?;
        let unfit = |why: String| Trouble::new(What::Refused, why);
        if key.is_empty() {
            return Err(unfit(format!(
                "{lower}://BUCKET/KEY is an object, and this has not both"
            )));
        }
        let key = Key::parse(key).map_err(|e| unfit(e.to_string()))?;
        Ok(Backend::Store(store, key))
    }

    /// The store of a URL that is none of a web server, and the key in it, which may be empty.
    pub fn bucket(&self, url: &str) -> Result<(Arc<dyn ObjectStore>, String), Trouble> {
        let lower = scheme(url).unwrap_or_default().to_ascii_lowercase();
        let rest = url.split_once("://").map_or("", |(_, rest)| rest);
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        let unfit = |why: String| Trouble::new(What::Refused, why);
        if bucket.is_empty() {
            return Err(unfit(format!(
                "{lower}://BUCKET/KEY is an object, and this has no bucket"
            )));
        }
        let of = (lower.clone(), bucket.to_owned());
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = opened.get(&of) {
            return Ok((Arc::clone(store), key.to_owned()));
        }
        let store = self.open(&lower, bucket).map_err(|e| match e {
            Opening::Own(trouble) => trouble,
            Opening::Library(e) => unfit(format!("{lower}://{bucket} cannot be set up: {e}")),
        })?;
        opened.insert(of, Arc::clone(&store));
        Ok((store, key.to_owned()))
    }

    fn open(&self, scheme: &str, bucket: &str) -> Result<Arc<dyn ObjectStore>, Opening> {
        // Tries are counted here, and not made by others.
        let once = RetryConfig {
            max_retries: 0,
            ..RetryConfig::default()
        };
        let anonymous = self.remote.anonymous;
        match scheme {
            "s3" | "s3a" => {
                let builder = aws::builder(&self.client, bucket, anonymous)?;
                let builder = builder
                    .with_retry(once)
                    .with_http_connector(self.client.clone());
                Ok(Arc::new(builder.build()?))
            }
            "gs" => {
                let builder = GoogleCloudStorageBuilder::from_env()
                    .with_bucket_name(bucket)
                    .with_retry(once)
                    .with_skip_signature(anonymous)
                    .with_http_connector(self.client.clone());
                let base = std::env::var("GOOGLE_BASE_URL").ok();
                let builder = match base.filter(|base| !base.is_empty()) {
                    Some(base) => builder.with_base_url(&base),
                    None => builder,
                };
                Ok(Arc::new(builder.build()?))
            }
            _ => {
                let builder = MicrosoftAzureBuilder::from_env()
                    .with_retry(once)
                    .with_http_connector(self.client.clone());
                // abfs://CONTAINER@ACCOUNT.dfs.core.windows.net
                let builder = match bucket.split_once('@') {
                    Some((container, host)) => builder
                        .with_container_name(container)
                        .with_account(host.split('.').next().unwrap_or_default()),
                    None => builder.with_container_name(bucket),
                };
                let builder = if anonymous {
                    builder.with_skip_signature(true)
                } else {
                    builder
                };
                Ok(Arc::new(builder.build()?))
            }
        }
    }

    /// One request for a range, from an object that is still what it was, if that is known.
    pub async fn get(
        &self,
        from: &Backend,
        range: Range<u64>,
        known: Option<&Identity>,
    ) -> Result<Answer, Trouble> {
        let etag = known
            .and_then(|known| known.etag.as_ref())
            .filter(|etag| !etag.starts_with("W/"));
        let answer = match from {
            Backend::Web { url, led } => self.of_web((url, led), &range, etag).await?,
            Backend::Store(store, key) => of_store(store, key, &range, etag).await?,
        };
        let end = range.end.min(answer.identity.length);
        if answer.range != (range.start..end) {
            let Range { start, end } = answer.range;
            let said = format!(
                "bytes {} to {} were asked for, and {start} to {end} came",
                range.start, range.end
            );
            return Err(Trouble::new(What::Unfit, said));
        }
        match known {
            Some(known) if !known.is(&answer.identity) => Err(Trouble::new(What::Changed, "")),
            _ => Ok(answer),
        }
    }

    async fn of_web(
        &self,
        (url, led): (&Url, &Mutex<Option<Url>>),
        range: &Range<u64>,
        etag: Option<&String>,
    ) -> Result<Answer, Trouble> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let text = format!("bytes={}-{}", range.start, range.end - 1);
        headers.insert(
            RANGE,
            HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("bytes=0-0")),
        );
        if let Some(etag) = etag.and_then(|etag| HeaderValue::from_str(etag).ok()) {
            headers.insert(IF_MATCH, etag);
        }
        let known = led.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let found = match &known {
            Some(known) => match self.client.get(known, &headers).await {
                // A signed URL ends; the one that gives them may give another.
                Err(Trouble {
                    what: What::Status(400 | 401 | 403 | 404),
                    ..
                }) => self.client.get(url, &headers).await,
                found => found,
            },
            None => self.client.get(url, &headers).await,
        };
        let (answer, at) = found?;
        *led.lock().unwrap_or_else(PoisonError::into_inner) = (at != *url).then_some(at);
        let (identity, range) = described(
            answer.status().as_u16(),
            answer.headers(),
            range,
            answer.content_length(),
        )?;
        let body = answer
            .bytes_stream()
            .map_err(|e| Trouble::lost(&e.without_url()));
        Ok(Answer {
            identity,
            range,
            body: body.boxed(),
        })
    }
}

/// Why a store cannot be opened.
pub enum Opening {
    Own(Trouble),
    Library(object_store::Error),
}

impl From<object_store::Error> for Opening {
    fn from(error: object_store::Error) -> Self {
        Self::Library(error)
    }
}

impl From<Trouble> for Opening {
    fn from(trouble: Trouble) -> Self {
        Self::Own(trouble)
    }
}

fn parsed(url: &str) -> Result<Url, Trouble> {
    Url::parse(url).map_err(|e| Trouble::new(What::Refused, format!("it is no URL: {e}")))
}

async fn of_store(
    store: &Arc<dyn ObjectStore>,
    key: &Key,
    range: &Range<u64>,
    etag: Option<&String>,
) -> Result<Answer, Trouble> {
    let options = GetOptions {
        range: Some(GetRange::Bounded(range.clone())),
        if_match: etag.cloned(),
        ..GetOptions::default()
    };
    let found = store.get_opts(key, options).await.map_err(|e| judged(&e))?;
    let identity = Identity {
        length: found.meta.size,
        etag: found.meta.e_tag.clone(),
        modified: found.meta.last_modified.timestamp().max(0).cast_unsigned() * 1_000_000_000,
    };
    Ok(Answer {
        identity,
        range: found.range.clone(),
        body: found.into_stream().map_err(|e| judged(&e)).boxed(),
    })
}

/// What an error of the library is: trouble of ours that it carries, or one of its own.
pub fn judged(error: &object_store::Error) -> Trouble {
    let trouble = Trouble::within(error);
    if trouble.what != What::Lost {
        return trouble;
    }
    if trouble.to_string().contains(MACHINE) {
        return Trouble::new(What::Status(401), NO_KEYS);
    }
    match error {
        object_store::Error::NotFound { .. } => Trouble::status(404, None),
        object_store::Error::Precondition { .. } => Trouble::new(What::Changed, ""),
        object_store::Error::PermissionDenied { .. } => Trouble::status(403, None),
        object_store::Error::Unauthenticated { .. } => Trouble::status(401, None),
        _ => trouble,
    }
}
