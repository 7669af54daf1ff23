//! Earthdata Login: who is told the token or the password, and who is not.
//!
//! Beside `client.rs`. A data host of NASA's answers with a redirect to the login host, that takes a password, or a
//! token, and leads back, and the data host then leads to a signed URL, for which nothing more is needed. A token
//! (`EARTHDATA_TOKEN`) goes to data hosts; a password (`~/.netrc`, `EARTHDATA_USERNAME` and `EARTHDATA_PASSWORD`) goes to
//! the login host alone. Source: Earthdata Login's documentation for programmatic access.

use std::collections::BTreeMap;
use std::env::var;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use reqwest::Url;
use reqwest::header::HeaderValue;

use super::client::{host, is_here, secret};
use super::trouble::Trouble;

/// Where one logs in, if the environment does not name another place: `ICEFOLD_EARTHDATA_LOGIN`.
const LOGIN: &str = "https://urs.earthdata.nasa.gov";
/// Ends of the names of hosts that are Earthdata's.
const DATA: [&str; 2] = [".earthdata.nasa.gov", ".earthdatacloud.nasa.gov"];
/// Ends of the names of hosts of its archives outside the cloud, which lead to the login host, too.
const ARCHIVES: [&str; 5] = [
    ".nasa.gov",
    ".nsidc.org",
    ".usgs.gov",
    ".ornl.gov",
    ".alaska.edu",
];
/// Ends of the names of hosts that Earthdata's lead to with a signed URL.
const SIGNED: [&str; 2] = [".cloudfront.net", ".amazonaws.com"];

/// Credentials and where they go.
#[derive(Default)]
pub struct Earthdata {
    login: String,
    /// Hosts with ports that are taken for Earthdata's, too: `ICEFOLD_EARTHDATA_HOSTS`.
    others: Vec<String>,
    /// Hosts with ports of signed URLs, too: `ICEFOLD_EARTHDATA_SIGNED`.
    signed: Vec<String>,
    token: Option<String>,
    password: Option<(String, String)>,
    /// By host, then by name.
    cookies: Mutex<BTreeMap<String, BTreeMap<String, String>>>,
}

impl std::fmt::Debug for Earthdata {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What it holds is secret.
        f.debug_struct("Earthdata")
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
}

impl Earthdata {
    /// As the environment and `~/.netrc` have it.
    pub fn of_environment(anonymous: bool) -> Self {
        let set = |name: &str| var(name).ok().filter(|value| !value.is_empty());
        let login = set("ICEFOLD_EARTHDATA_LOGIN").unwrap_or_else(|| LOGIN.to_owned());
        let login = Url::parse(&login).map(|url| host(&url)).unwrap_or_default();
        let list = |name: &str| -> Vec<String> {
            let hosts = set(name).unwrap_or_default();
            let hosts = hosts
                .split(',')
                .map(str::trim)
                .filter(|host| !host.is_empty());
            hosts.map(str::to_owned).collect()
        };
        let of_environment = set("EARTHDATA_USERNAME").zip(set("EARTHDATA_PASSWORD"));
        let name = login.split(':').next().unwrap_or_default();
        let password = of_environment.or_else(|| {
            fs::read_to_string(netrc()?)
                .ok()
                .and_then(|text| entry(&text, name))
        });
        Self {
            others: list("ICEFOLD_EARTHDATA_HOSTS"),
            signed: list("ICEFOLD_EARTHDATA_SIGNED"),
            token: set("EARTHDATA_TOKEN").filter(|_| !anonymous),
            password: password.filter(|_| !anonymous),
            cookies: Mutex::default(),
            login,
        }
    }

    /// Whether there is anything to log in with.
    pub fn is_known(&self) -> bool {
        self.token.is_some() || self.password.is_some()
    }

    fn is_login(&self, url: &Url) -> bool {
        host(url) == self.login && is_secret_on_the_way(url)
    }

    fn is_data(&self, url: &Url) -> bool {
        let name = url.host_str().unwrap_or_default();
        let named = self.others.contains(&host(url)) && is_secret_on_the_way(url);
        named || (url.scheme() == "https" && DATA.iter().any(|end| name.ends_with(end)))
    }

    /// Whether a request to there has to do with Earthdata.
    pub fn is_concerned(&self, url: &Url) -> bool {
        self.is_login(url) || self.is_data(url)
    }

    /// Whether a request that began at a host of Earthdata's may be led there.
    pub fn may_lead(&self, first: &Url, to: &Url) -> bool {
        let name = to.host_str().unwrap_or_default();
        let named = self.signed.contains(&host(to));
        let signed = to.scheme() == "https" && SIGNED.iter().any(|end| name.ends_with(end));
        host(first) == host(to) || self.is_concerned(to) || signed || named
    }

    /// Whether a host may lead to the login host, which is told the password: anybody else would be let in by it.
    pub fn may_ask(&self, first: &Url, to: &Url) -> bool {
        let name = first.host_str().unwrap_or_default();
        let archive = first.scheme() == "https" && ARCHIVES.iter().any(|end| name.ends_with(end));
        host(to) != self.login || archive || self.is_concerned(first)
    }

    /// What a host is told of who asks.
    pub fn authorization(&self, url: &Url) -> Result<Option<HeaderValue>, Trouble> {
        if self.is_login(url) {
            let Some((user, password)) = &self.password else {
                return self.bearer();
            };
            let text = base64(format!("{user}:{password}").as_bytes());
            return secret(&format!("Basic {text}")).map(Some);
        }
        if self.is_data(url) {
            self.bearer()
        } else {
            Ok(None)
        }
    }

    fn bearer(&self) -> Result<Option<HeaderValue>, Trouble> {
        let token = self
            .token
            .as_ref()
            .map(|token| secret(&format!("Bearer {token}")));
        token.transpose()
    }

    /// The cookies that a host gave.
    pub fn cookies(&self, url: &Url) -> Option<HeaderValue> {
        let all = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        let of_host = all.get(&host(url))?;
        let text: Vec<String> = of_host
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        secret(&text.join("; ")).ok()
    }

    /// Keeps the cookies of a host of Earthdata's, which say that one has logged in.
    pub fn keep<'a>(&self, url: &Url, cookies: impl Iterator<Item = &'a str>) {
        if !self.is_concerned(url) {
            return;
        }
        let mut all = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        for cookie in cookies {
            let pair = cookie.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                let of_host = all.entry(host(url)).or_default();
                of_host.insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
    }
}

/// Whether nobody on the way to there reads what is sent.
fn is_secret_on_the_way(url: &Url) -> bool {
    url.scheme() == "https" || is_here(url)
}

/// Where passwords of hosts are kept.
fn netrc() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("NETRC").filter(|named| !named.is_empty()) {
        return Some(named.into());
    }
    let home = std::env::home_dir()?;
    let names = [".netrc", "_netrc"].map(|name| home.join(name));
    names.into_iter().find(|path| path.is_file())
}

/// User and password of a host, or of any.
fn entry(text: &str, host: &str) -> Option<(String, String)> {
    let mut words = text
        .lines()
        .map(|line| line.split(" #").next().unwrap_or_default())
        .flat_map(str::split_whitespace);
    let (mut ours, mut user, mut password) = (false, None, None);
    while let Some(word) = words.next() {
        match word {
            "machine" | "default" if ours && user.is_some() && password.is_some() => break,
            "machine" => (ours, user, password) = (words.next() == Some(host), None, None),
            "default" => (ours, user, password) = (true, None, None),
            "login" if ours => user = words.next(),
            "password" if ours => password = words.next(),
            _ => {}
        }
    }
    Some((user?.to_owned(), password?.to_owned())).filter(|_| ours)
}

/// Base64 with padding: RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let all = three.iter().enumerate().fold(0u32, |all, (i, byte)| {
            all | u32::from(*byte) << (16 - 8 * i)
        });
        for i in 0..4 {
            let letter = LETTERS[(all >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= three.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (text, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
        ] {
            assert_eq!(base64(text.as_bytes()), coded);
        }
    }

    #[test]
    fn a_netrc_has_the_password_of_a_host() {
        let text = "machine other login a password b\nmachine urs.earthdata.nasa.gov # mine\n  login me\n  password p#w\n\
                    default login any password one\n";
        let of = |host| entry(text, host).map(|(user, password)| format!("{user}/{password}"));
        assert_eq!(of("urs.earthdata.nasa.gov").as_deref(), Some("me/p#w"));
        assert_eq!(of("other").as_deref(), Some("a/b"));
        assert_eq!(of("unknown").as_deref(), Some("any/one"));
        assert_eq!(entry("machine a login b", "a"), None);
    }

    #[test]
    fn a_password_goes_to_the_login_host_and_a_token_to_data_hosts_alone() {
        let known = Earthdata {
            login: "urs.earthdata.nasa.gov:443".to_owned(),
            token: Some("TOKEN".to_owned()),
            password: Some(("me".to_owned(), "pw".to_owned())),
            ..Earthdata::default()
        };
        let told = |url: &str| {
            let value = known.authorization(&Url::parse(url).unwrap()).unwrap();
            value.map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(
            told("https://urs.earthdata.nasa.gov/oauth").as_deref(),
            Some("Basic bWU6cHc=")
        );
        let data = told("https://data.nsidc.earthdatacloud.nasa.gov/a.h5");
        assert_eq!(data.as_deref(), Some("Bearer TOKEN"));
        for url in [
            "https://x.cloudfront.net/a.h5",
            "https://bucket.s3.us-west-2.amazonaws.com/a.h5",
            "http://data.nsidc.earthdatacloud.nasa.gov/a.h5",
            "https://elsewhere.org/a.h5",
        ] {
            assert_eq!(told(url), None, "{url}");
        }
        assert!(!format!("{known:?}").contains("TOKEN"));
        let asks = |first: &str, to: &str| {
            known.may_ask(&Url::parse(first).unwrap(), &Url::parse(to).unwrap())
        };
        let login = "https://urs.earthdata.nasa.gov/oauth";
        for (first, may) in [
            ("https://data.nsidc.earthdatacloud.nasa.gov/a.h5", true),
            ("https://n5eil01u.ecs.nsidc.org/a.h5", true),
            ("http://n5eil01u.ecs.nsidc.org/a.h5", false),
            ("https://elsewhere.org/a.h5", false),
            ("https://nsidc.org.elsewhere.org/a.h5", false),
        ] {
            assert_eq!(asks(first, login), may, "{first}");
            assert!(asks(first, "https://x.cloudfront.net/a.h5"), "{first}");
        }
    }
}
