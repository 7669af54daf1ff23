//! Paths as the list of names holds them: relative to the store's folder where they are inside it, as text
//! for any bytes.
//!
//! So the folder may be reached by another path when a killed run is completed.

use std::path::{Path, PathBuf};

use super::sync::parent;
use crate::digest::hex;

/// A path as the list has it.
pub(super) fn relative(store: &Path, path: &Path) -> String {
    let plain = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let path = plain(path);
    let short = path.strip_prefix(plain(parent(store)));
    encode(short.unwrap_or(&path))
}

/// The path of a text that [`relative`] gave.
pub(super) fn absolute(store: &Path, text: &str) -> PathBuf {
    parent(store).join(decode(text))
}

/// Paths that are no Unicode have two digits for each byte, behind a character that is in no path.
fn encode(path: &Path) -> String {
    match path.to_str() {
        Some(text) => text.to_owned(),
        None => format!("\0{}", hex(path.as_os_str().as_encoded_bytes())),
    }
}

fn decode(text: &str) -> PathBuf {
    let Some(digits) = text.strip_prefix('\0') else {
        return PathBuf::from(text);
    };
    let bytes: Vec<u8> = (0..digits.len() / 2)
        .filter_map(|i| u8::from_str_radix(digits.get(2 * i..2 * i + 2)?, 16).ok())
        .collect();
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt;
        PathBuf::from(std::ffi::OsString::from_vec(bytes))
    }
    #[cfg(not(unix))]
    PathBuf::from(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_path_that_is_no_unicode_comes_back() {
        use std::os::unix::ffi::OsStrExt;
        let path = Path::new(std::ffi::OsStr::from_bytes(b"/a\xff/b"));
        assert_eq!(decode(&encode(path)), path);
    }
}
