//! How objects are read: settings of a run, and what reading them took.
//!
//! Beside the line. Credentials are no part of them: those come from the environment and the files of those who gave
//! them, where a store needs them, and go nowhere else.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::known::Remembers;

/// Bytes of objects that may be in memory, where nobody says.
const MEMORY: u64 = 128 << 20;
/// Tries of a request that brings nothing, where nobody says.
const RETRIES: u32 = 8;

/// How objects are read.
#[derive(Debug, Clone)]
pub struct Remote {
    /// Requests are not signed, whatever credentials there are.
    pub anonymous: bool,
    /// `http://` is taken of any host, not only of this machine.
    pub allow_http: bool,
    /// A folder in which whole objects are kept, and looked for first.
    pub cache: Option<PathBuf>,
    /// How often a request is made again that brings nothing.
    pub retries: u32,
    /// Bytes that may be in memory between the network and who reads them.
    pub memory: u64,
    /// What is known of objects before they are asked for.
    pub index: Option<Arc<dyn Remembers>>,
    /// Whether objects that the index knows are taken for what they were until they are read.
    pub unasked: bool,
    /// Whether it is noted what the library of HDF5 asks for.
    pub noting: bool,
    /// Waiting ends once this is set.
    pub stop: Arc<AtomicBool>,
    /// What reading has taken so far.
    pub traffic: Arc<Traffic>,
}

impl Default for Remote {
    fn default() -> Self {
        Self {
            anonymous: false,
            allow_http: false,
            cache: None,
            retries: RETRIES,
            memory: MEMORY,
            index: None,
            unasked: false,
            noting: false,
            stop: Arc::default(),
            traffic: Arc::default(),
        }
    }
}

impl Remote {
    /// Whether waiting is to end.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Counts of requests and bytes.
#[derive(Debug, Default)]
pub struct Traffic {
    objects: AtomicU64,
    requests: AtomicU64,
    retries: AtomicU64,
    received: AtomicU64,
    needed: AtomicU64,
}

/// The same at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Took {
    /// Objects that were opened.
    pub objects: u64,
    /// Requests that were sent, those of logging in among them.
    pub requests: u64,
    /// Those of them that were sent again.
    pub retries: u64,
    /// Bytes of objects that came.
    pub received: u64,
    /// Bytes that were asked for by who reads granules, each once.
    pub needed: u64,
}

impl Traffic {
    pub(crate) fn object(&self) {
        self.objects.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn received(&self, bytes: u64) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn needed(&self, bytes: u64) {
        self.needed.fetch_add(bytes, Ordering::Relaxed);
    }

    /// What was counted up to now.
    pub fn took(&self) -> Took {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Took {
            objects: of(&self.objects),
            requests: of(&self.requests),
            retries: of(&self.retries),
            received: of(&self.received),
            needed: of(&self.needed),
        }
    }
}
