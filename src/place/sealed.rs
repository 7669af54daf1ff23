//! Documents that carry a SHA-256 of themselves: a changed byte is noticed, wherever it is.
//!
//! The file is a JSON object whose first key, `document_sha256`, is the hash of every byte after its
//! line.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::digest::hex;

const BEFORE: &str = "{\"document_sha256\":\"";
const AFTER: &str = "\",\n";
const DIGITS: usize = 64;

/// A document that is what it was when it was sealed.
#[derive(Debug)]
pub struct Opened<T> {
    pub document: T,
    /// The hash that it carries.
    pub sha256: String,
}

/// The bytes of a document with its hash, and that hash.
pub fn seal<T: Serialize>(document: &T, pretty: bool) -> (Vec<u8>, String) {
    let text = if pretty {
        serde_json::to_string_pretty(document)
    } else {
        serde_json::to_string(document)
    };
    let text = text.unwrap_or_else(|e| unreachable!("a document has only string keys: {e}"));
    let inside = text.strip_prefix('{').unwrap_or(&text).to_owned() + "\n";
    let sha256 = hex(&Sha256::digest(&inside));
    let sealed = format!("{BEFORE}{sha256}{AFTER}{inside}");
    (sealed.into_bytes(), sha256)
}

/// The document that was sealed.
///
/// # Errors
/// In words: it carries no hash, or another than its own; it is of another shape.
pub fn open<T: DeserializeOwned>(bytes: &[u8]) -> Result<Opened<T>, String> {
    let without = || "carries no SHA-256 of itself: it was changed or is of an older icefold";
    let rest = bytes.strip_prefix(BEFORE.as_bytes()).ok_or_else(without)?;
    let (digits, rest) = rest.split_at_checked(DIGITS).ok_or_else(without)?;
    let inside = rest.strip_prefix(AFTER.as_bytes()).ok_or_else(without)?;
    let sha256 = hex(&Sha256::digest(inside));
    if digits != sha256.as_bytes() {
        return Err(format!(
            "was changed after it was written: it has SHA-256 {sha256} and says {}",
            String::from_utf8_lossy(digits)
        ));
    }
    let text = [b"{", inside].concat();
    let document =
        serde_json::from_slice(&text).map_err(|e| format!("is of another shape: {e}"))?;
    Ok(Opened { document, sha256 })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_document_opens_as_it_was_and_with_no_byte_changed_added_or_cut() {
        let document = BTreeMap::from([("a", 1), ("b", 2)]);
        for pretty in [false, true] {
            let (bytes, sha256) = seal(&document, pretty);
            let opened: Opened<BTreeMap<String, i32>> = open(&bytes).unwrap();
            assert_eq!((opened.document["b"], opened.sha256), (2, sha256));
            assert!(serde_json::from_slice::<serde_json::Value>(&bytes).is_ok());
            for at in 0..bytes.len() {
                for bit in 0..8 {
                    let mut changed = bytes.clone();
                    changed[at] ^= 1 << bit;
                    assert!(open::<BTreeMap<String, i32>>(&changed).is_err(), "{at}");
                }
                assert!(open::<BTreeMap<String, i32>>(&bytes[..at]).is_err());
            }
            assert!(open::<BTreeMap<String, i32>>(&[&bytes[..], b"\n"].concat()).is_err());
        }
    }
}
