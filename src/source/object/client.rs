//! The one client through which all requests go: it counts them, follows redirects by rules, and gives credentials to
//! whom they are for.
//!
//! Beside `backend.rs`. Redirects are not left to a library: a signed request must not reach another host, and what
//! Earthdata asks for on the way belongs to Earthdata alone.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use reqwest::header::{
    AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH, LOCATION,
    RANGE, RETRY_AFTER, SET_COOKIE,
};
use reqwest::{Method, Response, Url, redirect};

use super::earthdata::Earthdata;
use super::trouble::{Trouble, What};
use crate::source::{Remote, Traffic, Way};

/// Redirects that one request is followed through: Earthdata's login takes four.
const REDIRECTS: usize = 10;
/// Nothing is heard of a host for so long.
const CONNECT: Duration = Duration::from_secs(10);
/// Nothing more comes for so long.
const SILENCE: Duration = Duration::from_secs(30);
/// The same for who sends bytes: nothing comes before all are sent.
const PATIENCE: Duration = Duration::from_mins(2);
/// Longest time that a server is left alone because it asked for it.
const AFTER: Duration = Duration::from_mins(1);

tokio::task_local! {
    /// The condition under which parts that were sent become an object.
    static CONDITION: (HeaderName, HeaderValue);
}

/// Waits for what makes parts that were sent an object, which S3 does then only if nothing is there, or the object of one
/// ETag: `object_store` has no way to ask for that.
pub async fn completed<T>(way: &Way, work: impl Future<Output = T>) -> T {
    let condition = match way {
        Way::New => Some((IF_NONE_MATCH, HeaderValue::from_static("*"))),
        Way::Instead(Some(tag)) => HeaderValue::from_str(tag).ok().map(|tag| (IF_MATCH, tag)),
        Way::Instead(None) | Way::Over => None,
    };
    match condition {
        Some(condition) => CONDITION.scope(condition, work).await,
        None => work.await,
    }
}

/// A client with its rules.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    allow_http: bool,
    earthdata: Arc<Earthdata>,
    traffic: Arc<Traffic>,
}

impl Client {
    pub fn new(remote: &Remote) -> Result<Self, Trouble> {
        Self::waiting(remote, SILENCE)
    }

    /// One that waits until objects of some size have been sent.
    pub fn patient(remote: &Remote) -> Result<Self, Trouble> {
        Self::waiting(remote, PATIENCE)
    }

    fn waiting(remote: &Remote, silence: Duration) -> Result<Self, Trouble> {
        // Another part of the process may have chosen one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .user_agent(concat!("icefold/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .read_timeout(silence)
            .http1_only()
            .build()
            .map_err(|e| Trouble::lost(&e))?;
        Ok(Self {
            http,
            allow_http: remote.allow_http,
            earthdata: Arc::new(Earthdata::of_environment(remote.anonymous)),
            traffic: Arc::clone(&remote.traffic),
        })
    }

    pub fn earthdata(&self) -> &Earthdata {
        &self.earthdata
    }

    /// Sends a request for an object and follows it to where it is; with where that was.
    pub async fn get(&self, url: &Url, headers: &HeaderMap) -> Result<(Response, Url), Trouble> {
        let mut at = url.clone();
        for _ in 0..REDIRECTS {
            let answer = self.send(&at, url, headers.clone()).await?;
            let status = answer.status();
            if !status.is_redirection() || status.as_u16() == 304 {
                return if status.is_success() {
                    Ok((answer, at))
                } else {
                    Err(refusal(&answer))
                };
            }
            let next = answer.headers().get(LOCATION);
            let next = next
                .and_then(|to| to.to_str().ok())
                .and_then(|to| at.join(to).ok());
            let Some(next) = next else {
                return Err(Trouble::status(status.as_u16(), None));
            };
            self.may_lead(url, &at, &next)?;
            at = next;
        }
        Err(Trouble::new(
            What::Refused,
            format!("it was led on {REDIRECTS} times"),
        ))
    }

    /// One request, with what the host it goes to may be told.
    async fn send(
        &self,
        at: &Url,
        first: &Url,
        mut headers: HeaderMap,
    ) -> Result<Response, Trouble> {
        self.check_scheme(at)?;
        if host(at) != host(first) {
            headers.remove(AUTHORIZATION);
        }
        if let Some(value) = self.earthdata.authorization(at)? {
            headers.insert(AUTHORIZATION, value);
        }
        if let Some(cookies) = self.earthdata.cookies(at) {
            headers.insert(COOKIE, cookies);
        }
        self.traffic.request();
        let sent = self.http.get(at.clone()).headers(headers).send().await;
        let answer = sent.map_err(|e| Trouble::lost(&e.without_url()))?;
        let cookies = answer.headers().get_all(SET_COOKIE);
        self.earthdata
            .keep(at, cookies.iter().filter_map(|value| value.to_str().ok()));
        Ok(answer)
    }

    /// `http://` is for this machine, or for who says so.
    fn check_scheme(&self, url: &Url) -> Result<(), Trouble> {
        match url.scheme() {
            "https" => Ok(()),
            "http" if self.allow_http || is_here(url) => Ok(()),
            "http" => Err(Trouble::new(
                What::Refused,
                "http:// is not encrypted, and who is on the way may change what comes; use https://, or say that http is allowed (allow-http)",
            )),
            other => Err(Trouble::new(
                What::Refused,
                format!("{other}:// is not followed"),
            )),
        }
    }

    /// Whether a redirect may be followed.
    fn may_lead(&self, first: &Url, from: &Url, to: &Url) -> Result<(), Trouble> {
        let refuse = |why: &str| {
            let (from, to) = (host(from), host(to));
            Err(Trouble::new(
                What::Refused,
                format!("{from} leads to {to}, {why}"),
            ))
        };
        if from.scheme() == "https" && to.scheme() != "https" {
            return refuse("without encryption");
        }
        if is_here(to) && !is_here(first) {
            return refuse("which is this machine");
        }
        if !self.earthdata.may_ask(first, to) {
            return refuse("where passwords are for hosts of NASA's archives alone");
        }
        if self.earthdata.is_concerned(first) && !self.earthdata.may_lead(first, to) {
            return refuse("which Earthdata does not name");
        }
        Ok(())
    }
}

/// Host and port.
pub fn host(url: &Url) -> String {
    let name = url.host_str().unwrap_or_default();
    match url.port_or_known_default() {
        Some(port) => format!("{name}:{port}"),
        None => name.to_owned(),
    }
}

/// Whether a URL is one of this machine.
pub fn is_here(url: &Url) -> bool {
    let name = url.host_str().unwrap_or_default();
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let address = name.parse::<std::net::IpAddr>();
    name == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// What an answer that is no success says.
fn refusal(answer: &Response) -> Trouble {
    of_headers(answer.status().as_u16(), answer.headers())
}

fn of_headers(status: u16, headers: &HeaderMap) -> Trouble {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let after = text(RETRY_AFTER.as_str()).and_then(|seconds| seconds.trim().parse().ok());
    let after = after.map(|seconds| Duration::from_secs(seconds).min(AFTER));
    if let (301 | 307 | 400, Some(region)) = (status, text("x-amz-bucket-region")) {
        let said = format!("{status}: the bucket is in region {region}; set AWS_REGION={region}");
        return Trouble::new(What::Refused, said);
    }
    Trouble::status(status, after)
}

/// The client as `object_store` asks for one: answers to requests for objects that are no success are trouble.
#[async_trait]
impl HttpService for Client {
    async fn call(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let uri = request.uri().to_string();
        let of = |trouble: Trouble| HttpError::new(HttpErrorKind::Unknown, trouble);
        let url = Url::parse(&uri).map_err(|_| of(Trouble::new(What::Refused, "it has no URL")))?;
        let about = About::of(&request, &url);
        if about != About::Keys {
            self.check_scheme(&url).map_err(of)?;
        }
        if request.method() == Method::POST && url.query_pairs().any(|(key, _)| key == "uploadId") {
            let headers = request.headers_mut();
            // Without a condition there is nothing to add.
            let _ = CONDITION.try_with(|(name, value)| headers.insert(name, value.clone()));
        }
        self.traffic.request();
        let answer = HttpService::call(&self.http, request).await;
        let answer = match answer {
            Err(e) if about != About::Keys => return Err(of(Trouble::lost(&e))),
            answer => answer?,
        };
        let status = answer.status();
        let is_ours = match about {
            About::Keys => false,
            About::Read => !status.is_success(),
            // Whether there is one, and whether it is another: who put or looked knows what that means.
            About::Put => !status.is_success() && !matches!(status.as_u16(), 304 | 404 | 409 | 412),
        };
        if is_ours {
            return Err(of(of_headers(status.as_u16(), answer.headers())));
        }
        Ok(answer)
    }
}

/// What a request of the library's is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    /// Credentials: whom it goes to knows best.
    Keys,
    /// A range of an object.
    Read,
    /// Objects that are put, looked at, listed or removed.
    Put,
}

impl About {
    fn of(request: &HttpRequest, url: &Url) -> Self {
        let asks = |key: &str| url.query_pairs().any(|(name, _)| name == key);
        let method = request.method();
        if method == Method::GET && request.headers().contains_key(RANGE) {
            return Self::Read;
        }
        let is_object = match method.as_str() {
            "HEAD" | "DELETE" => true,
            // An instance is asked so for a token.
            "PUT" => !url.path().ends_with("/api/token"),
            "GET" => asks("list-type") || asks("comp"),
            "POST" => ["delete", "uploads", "uploadId", "comp"]
                .iter()
                .any(|key| asks(key)),
            _ => false,
        };
        if is_object { Self::Put } else { Self::Keys }
    }
}

#[async_trait]
impl HttpConnector for Client {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

/// A header of what is secret: it is not shown where headers are.
pub fn secret(text: &str) -> Result<HeaderValue, Trouble> {
    let value = HeaderValue::from_str(text);
    let mut value = value.map_err(|_| {
        Trouble::new(
            What::Refused,
            "a credential has letters that a header cannot have",
        )
    })?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(allow_http: bool) -> Client {
        Client::new(&Remote {
            allow_http,
            ..Remote::default()
        })
        .unwrap()
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn http_is_for_this_machine_unless_it_is_allowed() {
        let check = |allow, text: &str| client(allow).check_scheme(&url(text)).is_ok();
        for (text, strict, lax) in [
            ("https://host/a", true, true),
            ("http://127.0.0.1:9/a", true, true),
            ("http://localhost/a", true, true),
            ("http://[::1]:9/a", true, true),
            ("http://host/a", false, true),
            ("http://127.0.0.1.host/a", false, true),
            ("ftp://127.0.0.1/a", false, false),
        ] {
            assert_eq!(
                (check(false, text), check(true, text)),
                (strict, lax),
                "{text}"
            );
        }
    }

    #[test]
    fn a_redirect_keeps_encryption_and_stays_away_from_this_machine() {
        let may = |first: &str, to: &str| {
            client(true)
                .may_lead(&url(first), &url(first), &url(to))
                .is_ok()
        };
        assert!(may("https://a/x", "https://b/x"));
        assert!(!may("https://a/x", "http://a/x"));
        assert!(!may("https://a/x", "https://127.0.0.1/x"));
        assert!(!may("http://a/x", "http://localhost/x"));
        assert!(may("http://127.0.0.1:1/x", "http://127.0.0.1:2/x"));
        assert!(!may("https://a/x", "https://urs.earthdata.nasa.gov/oauth"));
        let data = "https://data.nsidc.earthdatacloud.nasa.gov/x";
        assert!(may(data, "https://urs.earthdata.nasa.gov/oauth"));
        assert!(may(
            data,
            "https://d1jecqxxv88lkr.cloudfront.net/x?Signature=1"
        ));
        assert!(!may(data, "https://elsewhere.org/x"));
        assert!(!may(
            data,
            "https://earthdatacloud.nasa.gov.elsewhere.org/x"
        ));
    }
}
