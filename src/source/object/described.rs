//! What the answer of a web server is, by its status and headers.
//!
//! Beside `backend.rs`, for servers that are asked directly.

use std::ops::Range;

use reqwest::header::{
    CONTENT_ENCODING, CONTENT_RANGE, ETAG, HeaderMap, HeaderValue, LAST_MODIFIED,
};

use super::backend::Identity;
use super::trouble::{Trouble, What};

/// What an answer of a web server is, by its headers.
pub fn described(
    status: u16,
    headers: &HeaderMap,
    asked: &Range<u64>,
    length: Option<u64>,
) -> Result<(Identity, Range<u64>), Trouble> {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let unfit = |why: &str| Trouble::new(What::Unfit, why);
    if text(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return Err(unfit("the server compresses what it sends"));
    }
    let (range, all) = match (status, text(CONTENT_RANGE)) {
        (206, Some(said)) => {
            content_range(said).ok_or_else(|| unfit("the server says no range of what it sends"))?
        }
        // All of it, where that is not more than what was asked for.
        (200, _) => match length {
            Some(all) if asked.start == 0 && all <= asked.end => (0..all, all),
            _ => {
                return Err(unfit(
                    "the server sends whole files only, no ranges of them",
                ));
            }
        },
        _ => return Err(unfit("the server sends no ranges")),
    };
    let modified =
        text(LAST_MODIFIED).and_then(|date| chrono::DateTime::parse_from_rfc2822(date).ok());
    let identity = Identity {
        length: all,
        etag: text(ETAG).map(str::to_owned),
        modified: modified.map_or(0, |date| {
            date.timestamp().max(0).cast_unsigned() * 1_000_000_000
        }),
    };
    Ok((identity, range))
}

/// `bytes 0-99/1234`.
fn content_range(said: &str) -> Option<(Range<u64>, u64)> {
    let (range, all) = said.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last, all): (u64, u64, u64) =
        (first.parse().ok()?, last.parse().ok()?, all.parse().ok()?);
    (first <= last && last < all).then_some((first..last + 1, all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_what_the_server_says_of_it() {
        assert_eq!(content_range("bytes 0-99/1234"), Some((0..100, 1234)));
        for wrong in [
            "bytes 0-99/*",
            "bytes 5-4/9",
            "bytes 0-9/9",
            "0-9/10",
            "bytes */10",
        ] {
            assert_eq!(content_range(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_server_without_ranges_is_refused_unless_all_was_asked_for() {
        let headers = HeaderMap::new();
        assert!(described(200, &headers, &(0..10), Some(11)).is_err());
        assert!(described(200, &headers, &(0..10), None).is_err());
        assert!(described(200, &headers, &(1..10), Some(9)).is_err());
        let (identity, range) = described(200, &headers, &(0..10), Some(9)).unwrap();
        assert_eq!((identity.length, range), (9, 0..9));
    }
}
