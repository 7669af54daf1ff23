//! Objects that are written: how one is put, and what is said of those that are there.
//!
//! Beside the line. [`Prefix`](super::Prefix) does it.

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
}
