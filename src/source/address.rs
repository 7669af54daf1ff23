//! Addresses: what a granule is named by: a path, or a URL of an object.
//!
//! Beside the line. A URL travels as a path, in its own letters and without what is secret: user, password, query.
//! Its last part is the granule's name, as of a path.

use std::path::{Path, PathBuf};

/// Schemes of objects.
const OBJECTS: [&str; 8] = ["s3", "s3a", "gs", "az", "azure", "abfs", "http", "https"];

/// What stands before `://`, where a URL begins with it.
pub fn scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once("://")?;
    let letter = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    let begins = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    (begins && scheme.chars().all(letter)).then_some(scheme)
}

/// Whether a path is the URL of an object.
pub fn is_object(path: &Path) -> bool {
    let Some(text) = path.to_str() else {
        return false;
    };
    scheme(text).is_some_and(|scheme| {
        OBJECTS
            .iter()
            .any(|object| scheme.eq_ignore_ascii_case(object))
    })
}

/// The path that a `file://` URL means: on this machine, with its letters in percent decoded.
pub fn of_file_url(text: &str) -> Option<PathBuf> {
    let rest = text.strip_prefix("file://")?;
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    path.starts_with('/').then(|| PathBuf::from(decoded(path)))
}

/// Text with `%20` and the like as the letters that they are.
pub fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3);
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        if let Some(byte) = byte.filter(|_| bytes[at] == b'%') {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A URL without what may be secret: user and password, query and fragment. The container of a storage account of Azure's
/// stays, which stands where others have the user.
pub fn shown(url: &str) -> String {
    let open = |text: &str| text.split(['?', '#']).next().unwrap_or_default().to_owned();
    let Some((scheme, rest)) = url.split_once("://") else {
        return open(url);
    };
    // A password may hold what ends a host elsewhere.
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = host.split('@').next().unwrap_or_default().splitn(2, ':');
    let (user, behind) = (parts.next().unwrap_or_default(), parts.next());
    let has_password = !user.starts_with('[') && behind.is_some_and(|text| !is_port(text));
    let rest = match rest.rsplit_once('@').filter(|_| has_password) {
        Some((_, rest)) => rest,
        None => rest,
    };
    let rest = open(rest);
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let is_azure = scheme.eq_ignore_ascii_case("abfs") && !has_password;
    let host = host
        .rsplit_once('@')
        .filter(|_| !is_azure)
        .map_or(host, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_begin_with_a_scheme_and_paths_do_not() {
        for (text, found) in [
            ("s3://bucket/a", Some("s3")),
            ("gs://b", Some("gs")),
            ("file:///a/b", Some("file")),
            ("git+ssh://a", Some("git+ssh")),
            ("./s3://bucket", None),
            ("./s3:/bucket", None),
            ("a/b://c", None),
            ("://", None),
            ("C:\\a", None),
            ("", None),
        ] {
            assert_eq!(scheme(text), found, "{text}");
        }
        assert!(is_object(Path::new("S3://bucket/a.h5")));
        assert!(!is_object(Path::new("file:///a.h5")));
        assert!(!is_object(Path::new("ftp://host/a.h5")));
    }

    #[test]
    fn a_file_url_is_a_path_of_this_machine() {
        let path = |text| of_file_url(text).map(|path| path.display().to_string());
        assert_eq!(path("file:///a%20b/c.h5").as_deref(), Some("/a b/c.h5"));
        assert_eq!(path("file://localhost/c.h5").as_deref(), Some("/c.h5"));
        assert_eq!(path("file://elsewhere/c.h5"), None);
        assert_eq!(decoded("100%/%zz%41"), "100%/%zzA");
    }

    #[test]
    fn what_is_secret_is_not_shown() {
        assert_eq!(
            shown("https://me:pass@host/a/b.h5?X-Amz-Signature=secret#f"),
            "https://host/a/b.h5"
        );
        assert_eq!(shown("s3://bucket/k@y.h5"), "s3://bucket/k@y.h5");
        assert_eq!(shown("https://host?token=secret"), "https://host");
        for password in ["p/w", "p?w", "p#w", "p@w", "12"] {
            let url = format!("https://me:{password}@host:8080/a.h5");
            assert_eq!(shown(&url), "https://host:8080/a.h5");
        }
        assert_eq!(shown("https://me:p/w@host/k.h5"), "https://host/k.h5");
        assert_eq!(shown("https://[::1]:9/k@y.h5"), "https://[::1]:9/k@y.h5");
        assert_eq!(shown("https://host:80/k@y.h5"), "https://host:80/k@y.h5");
        assert_eq!(
            shown("abfs://of@account.dfs.core.windows.net/a.h5?sig=1"),
            "abfs://of@account.dfs.core.windows.net/a.h5"
        );
    }
}
