//! What goes wrong between here and an object: in words with a remedy, and whether trying again may help.
//!
//! Beside `fetch.rs`, which tries again. Words name the object by its URL without what is secret; what a server writes
//! into the body of an error is left out, as it may repeat what it was sent.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

/// Why bytes did not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub what: What,
    /// How long the server wishes to be left alone.
    pub after: Option<Duration>,
    detail: String,
}

/// Kinds of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The server answers so, and would again.
    Status(u16),
    /// The server answers so for now: it is busy, or broken.
    Busy(u16),
    /// The connection was not made or was lost, or nothing came for long.
    Lost,
    /// It is another object now.
    Changed,
    /// It cannot be read in parts, or is not what was asked for.
    Unfit,
    /// It is not allowed to be asked for.
    Refused,
    /// Whoever writes there has no hold of it any more.
    Unheld,
    /// Whoever waits was told to stop.
    Stopped,
}

impl Trouble {
    pub fn new(what: What, detail: impl Into<String>) -> Self {
        Self {
            what,
            after: None,
            detail: detail.into(),
        }
    }

    /// An answer that is no success.
    pub fn status(status: u16, after: Option<Duration>) -> Self {
        let busy = matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504 | 509);
        let what = if busy {
            What::Busy(status)
        } else if status == 412 {
            What::Changed
        } else {
            What::Status(status)
        };
        Self {
            what,
            after,
            detail: String::new(),
        }
    }

    /// Nothing was heard, or no more.
    pub fn lost(error: &dyn Error) -> Self {
        let mut words = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            let more = inner.to_string();
            if !words.contains(&more) {
                words = format!("{words}: {more}");
            }
            cause = inner.source();
        }
        Self::new(What::Lost, words)
    }

    /// The trouble that an error of a library carries, or one of a lost connection.
    pub fn within(error: &(dyn Error + 'static)) -> Self {
        let mut cause = Some(error);
        while let Some(inner) = cause {
            if let Some(trouble) = inner.downcast_ref::<Self>() {
                return trouble.clone();
            }
            cause = inner.source();
        }
        Self::lost(error)
    }

    /// Whether it may be over when it is tried again.
    pub fn may_pass(&self) -> bool {
        matches!(self.what, What::Busy(_) | What::Lost)
    }

    /// What is said of an object, after so many tries.
    pub fn of(&self, url: &str, tries: u32) -> String {
        let again = match tries {
            0 | 1 => String::new(),
            tries => format!(" ({tries} tries)"),
        };
        let detail = if self.detail.is_empty() {
            String::new()
        } else {
            format!(": {}", self.detail)
        };
        let (what, remedy) = self.words();
        format!("{url}: {what}{again}{detail}; {remedy}")
    }

    /// The same of an object that was to be put or removed, or of those that were to be listed.
    pub fn of_put(&self, url: &str, tries: u32) -> String {
        let read = self.of(url, tries);
        let (what, remedy) = self.words();
        let (here, help) = match self.what {
            What::Status(403) => (
                "403 Forbidden: who asks may not write there".to_owned(),
                "check the credentials, their date of expiry, and what the bucket allows (list, get, put, delete)",
            ),
            What::Status(status @ (404 | 410)) => (
                format!("{status}: there is no such bucket"),
                "check the URL, the region and the endpoint, or make the bucket",
            ),
            What::Status(status @ (400 | 501)) => (
                format!("{status}: the server does not take the request"),
                "check what it says of itself; of a request that S3 knows, this server may know less",
            ),
            What::Changed => (
                "somebody else wrote it in the meantime".to_owned(),
                "see who writes there, and run again",
            ),
            _ => return read,
        };
        read.replacen(&what, &here, 1).replacen(remedy, help, 1)
    }

    fn words(&self) -> (String, &'static str) {
        match self.what {
            What::Status(401) => (
                "401 Unauthorized: who asks is not known".to_owned(),
                "give credentials; docs/CLOUD.md says from where they are taken",
            ),
            What::Status(403) => (
                "403 Forbidden: who asks may not read it".to_owned(),
                "check the credentials and their date of expiry, or read it anonymously if it is public",
            ),
            What::Status(status @ (404 | 410)) => (
                format!("{status}: there is no such object"),
                "check the URL; an object that was there before was moved or removed",
            ),
            What::Status(status @ (301 | 302 | 303 | 307 | 308)) => (
                format!("{status}: it is elsewhere"),
                "check the region (AWS_REGION) and the endpoint (AWS_ENDPOINT_URL)",
            ),
            What::Status(416) => (
                "416: it has no such bytes, so it is not the object that it was".to_owned(),
                "run again once nobody writes to it",
            ),
            What::Status(status) => (
                format!("the server answers {status}"),
                "check the URL and what the server says of itself",
            ),
            What::Busy(status @ (429 | 503 | 509)) => (
                format!("{status}: the server asks to be left alone"),
                "run again later, or with fewer at a time",
            ),
            What::Busy(status) => (
                format!("{status}: the server is in trouble"),
                "run again later",
            ),
            What::Lost => (
                "the connection was not made, or lost".to_owned(),
                "check the network and the name of the host, and run again",
            ),
            What::Changed => (
                "it is not the object that it was when it was opened (its ETag, length or date is another)"
                    .to_owned(),
                "run again once nobody writes to it",
            ),
            What::Unfit => (
                "it cannot be read in place".to_owned(),
                "name a folder to keep it whole in (cache), or download it and name its path",
            ),
            What::Refused => (
                "it is not asked for".to_owned(),
                "docs/CLOUD.md has what is allowed",
            ),
            What::Unheld => (
                "nothing more is written there: another run has it, or this one was not heard of for too long".to_owned(),
                "see who writes there, and run again",
            ),
            What::Stopped => ("interrupted".to_owned(), "run again"),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, _) = self.words();
        write!(f, "{what}")?;
        if self.detail.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", self.detail)
    }
}

impl Error for Trouble {}

/// A read of an object that failed for good, as an error of input and output: all is said, with the remedy.
#[derive(Debug, Clone)]
pub struct Failed {
    pub said: String,
    pub kind: io::ErrorKind,
}

impl Failed {
    /// A read.
    pub fn of(trouble: &Trouble, url: &str, tries: u32) -> Self {
        Self::with(trouble, trouble.of(url, tries))
    }

    /// Something that was to be written, listed or removed.
    pub fn of_put(trouble: &Trouble, url: &str, tries: u32) -> Self {
        Self::with(trouble, trouble.of_put(url, tries))
    }

    fn with(trouble: &Trouble, said: String) -> Self {
        let kind = match trouble.what {
            What::Status(404 | 410) => io::ErrorKind::NotFound,
            What::Status(401 | 403) | What::Refused => io::ErrorKind::PermissionDenied,
            What::Busy(_) => io::ErrorKind::TimedOut,
            What::Lost => io::ErrorKind::ConnectionAborted,
            What::Changed | What::Unfit => io::ErrorKind::InvalidData,
            What::Stopped => io::ErrorKind::Interrupted,
            What::Status(_) | What::Unheld => io::ErrorKind::Other,
        };
        Self { said, kind }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said)
    }
}

impl Error for Failed {}

impl From<Failed> for io::Error {
    fn from(failed: Failed) -> Self {
        Self::new(failed.kind, failed)
    }
}
