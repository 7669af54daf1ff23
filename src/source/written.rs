//! Objects that are written: how one is put, and what is said of those that are there.
//!
//! Beside the line. [`Prefix`](super::Prefix) does it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// An object below a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Behind the prefix, parts divided by `/`.
    pub name: String,
    pub bytes: u64,
    /// What tells it from another object of this name: its ETag.
    pub tag: Option<String>,
    /// Nanoseconds from 1970 to when it was put; 0 where that is not known.
    pub modified: u64,
}

impl Listed {
    /// Whether it is JSON, by its name.
    pub fn is_document(&self) -> bool {
        let end = std::path::Path::new(&self.name).extension();
        end.is_some_and(|end| end == "json")
    }
}

/// Over what an object may be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// Over nothing.
    New,
    /// Over anything.
    Over,
    /// Over the object with this tag, and no other.
    Instead(Option<String>),
}

/// What came of putting an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// It is there, with this tag.
    Done(Option<String>),
    /// Another object is there, or the one that was to be replaced is not.
    Taken,
}

/// Whether whoever writes may go on: only as long as it was heard of a moment ago, and never again once that is lost.
#[derive(Debug)]
pub struct Hold {
    most: Duration,
    /// When it was heard of last; `None` once it is lost.
    heard: Mutex<Option<Instant>>,
}

impl Hold {
    /// One that was heard of at this time, and has to be again before so long.
    pub fn new(at: Instant, most: Duration) -> Self {
        Self {
            most,
            heard: Mutex::new(Some(at)),
        }
    }

    /// It was heard of at this time.
    pub fn heard(&self, at: Instant) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        *heard = heard.map(|before| before.max(at));
    }

    /// It is lost for good.
    pub fn lose(&self) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub fn is_lost(&self) -> bool {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.is_none()
    }

    /// Whether something may be written now.
    pub fn is_held(&self) -> bool {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.is_some_and(|at| at.elapsed() < self.most)
    }
}

/// Whether a name behind a prefix is a relative path that leads nowhere else.
pub fn is_plain(name: &str) -> bool {
    let fits = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', '\0', ':']);
    name.split('/').all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere_else() {
        for plain in ["zarr.json", "12/h_mean/c/0", ".OUT.zarr.claim", "a b"] {
            assert!(is_plain(plain), "{plain}");
        }
        for other in [
            "",
            "/etc/passwd",
            "a/../../b",
            "a//b",
            "a/.",
            "C:/x",
            "a\\b",
        ] {
            assert!(!is_plain(other), "{other}");
        }
    }

    #[test]
    fn who_is_not_heard_of_holds_nothing_until_it_is_again() {
        let begun = Instant::now();
        let hold = Hold::new(begun, Duration::from_hours(1));
        assert!(hold.is_held() && !hold.is_lost());
        let short = Hold::new(begun, Duration::ZERO);
        short.heard(Instant::now());
        assert!(!short.is_held() && !short.is_lost());
        hold.lose();
        hold.heard(Instant::now());
        assert!(!hold.is_held() && hold.is_lost());
    }
}
