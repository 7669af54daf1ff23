//! One object is put: under its condition, with a hash of its bytes, and once, however often it is tried.
//!
//! Below `prefix.rs`. An answer may be lost after the server took the object. A second try with a condition then finds an
//! object there, which is its own: the hash that every object carries tells.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path as Key;
use object_store::{
    Attribute, Attributes, Error, GetOptions, GetResult, ObjectStore, PutMode, PutMultipartOptions,
    PutOptions, PutPayload, UpdateVersion,
};
use sha2::{Digest, Sha256};

use super::backend::judged;
use super::client::completed;
use super::trouble::{Trouble, What};
use crate::digest::{hex, of_file};
use crate::source::{Hold, Put, Way};

/// The key of an object's metadata that has its SHA-256: letters and digits alone, as Azure takes no other.
const HASH: &str = "icefoldsha256";

/// An object that is to be put.
pub struct Putting {
    bytes: Bytes,
    sha256: String,
    way: Way,
}

impl Putting {
    pub fn of(bytes: Vec<u8>, way: Way) -> Self {
        let sha256 = hex(&Sha256::digest(&bytes));
        Self {
            bytes: bytes.into(),
            sha256,
            way,
        }
    }

    /// One try.
    pub async fn once(&self, store: &Arc<dyn ObjectStore>, key: &Key) -> Result<Put, Trouble> {
        let mode = match &self.way {
            Way::New => PutMode::Create,
            Way::Over => PutMode::Overwrite,
            Way::Instead(tag) => PutMode::Update(UpdateVersion {
                e_tag: tag.clone(),
                version: None,
            }),
        };
        let options = PutOptions {
            mode,
            attributes: with_hash(&self.sha256),
            ..PutOptions::default()
        };
        let payload = PutPayload::from_bytes(self.bytes.clone());
        match store.put_opts(key, payload, options).await {
            Ok(put) => Ok(Put::Done(put.e_tag)),
            Err(e) if is_in_the_way(&e) => is_there(store, key, &self.sha256, &self.way).await,
            Err(e) => Err(judged(&e)),
        }
    }
}

/// Whether an error says that a condition does not hold.
fn is_in_the_way(error: &Error) -> bool {
    matches!(
        error,
        Error::AlreadyExists { .. } | Error::Precondition { .. } | Error::NotModified { .. }
    )
}

/// Whether what stands in the way is what an earlier try put.
async fn is_there(
    store: &Arc<dyn ObjectStore>,
    key: &Key,
    sha256: &str,
    way: &Way,
) -> Result<Put, Trouble> {
    match seen(store, key).await? {
        Some(found) if hash_of(&found.attributes) == Some(sha256) => {
            Ok(Put::Done(found.meta.e_tag))
        }
        // It went in between, or two came at the same moment: S3 answers both with 409.
        None if *way == Way::New => Err(Trouble::new(What::Lost, "another put was under way")),
        _ => Ok(Put::Taken),
    }
}

/// What is said of an object, if there is one.
async fn seen(store: &Arc<dyn ObjectStore>, key: &Key) -> Result<Option<GetResult>, Trouble> {
    let options = GetOptions {
        head: true,
        ..GetOptions::default()
    };
    match store.get_opts(key, options).await {
        Ok(found) => Ok(Some(found)),
        Err(e) => match judged(&e) {
            trouble if trouble.what == What::Status(404) => Ok(None),
            trouble => Err(trouble),
        },
    }
}

/// The hash that an object carries.
pub async fn hash(store: &Arc<dyn ObjectStore>, key: &Key) -> Result<Option<String>, Trouble> {
    let found = seen(store, key).await?;
    Ok(found.and_then(|found| hash_of(&found.attributes).map(str::to_owned)))
}

/// One try to put a long file in parts. What is there is looked at before the first, and S3 is told the condition with the
/// last request, which makes the parts an object.
pub async fn in_parts(
    store: &Arc<dyn ObjectStore>,
    key: &Key,
    (path, part): (&Path, u64),
    way: &Way,
    hold: Option<&Hold>,
) -> Result<Put, Trouble> {
    let local = |e: &io::Error| {
        let said = format!("{} cannot be read: {e}", path.display());
        Trouble::new(What::Refused, said)
    };
    let (length, sha256) = of_file(path).map_err(|e| local(&e))?;
    if *way != Way::Over {
        let found = seen(store, key).await?;
        let tag = found.as_ref().map(|found| found.meta.e_tag.clone());
        let hash = found.as_ref().and_then(|found| hash_of(&found.attributes));
        match (tag, way) {
            (Some(tag), _) if hash == Some(&*sha256) => return Ok(Put::Done(tag)),
            (None, Way::New) => {}
            (Some(tag), Way::Instead(wanted)) if tag == *wanted => {}
            _ => return Ok(Put::Taken),
        }
    }
    let held = || match hold {
        Some(hold) if !hold.is_held() => Err(Trouble::new(What::Unheld, "")),
        _ => Ok(()),
    };
    let options = PutMultipartOptions {
        attributes: with_hash(&sha256),
        ..PutMultipartOptions::default()
    };
    let begun = store.put_multipart_opts(key, options).await;
    let mut upload = begun.map_err(|e| judged(&e))?;
    let mut file = File::open(path).map_err(|e| local(&e))?;
    let sent = async {
        let mut left = length;
        while left > 0 {
            held()?;
            let mut bytes = vec![0; usize::try_from(left.min(part)).unwrap_or(usize::MAX)];
            file.read_exact(&mut bytes).map_err(|e| local(&e))?;
            left -= bytes.len() as u64;
            let put = upload.put_part(PutPayload::from(bytes));
            put.await.map_err(|e| judged(&e))?;
        }
        held()?;
        match completed(way, upload.complete()).await {
            Ok(put) => Ok(Put::Done(put.e_tag)),
            Err(e) if is_in_the_way(&e) => is_there(store, key, &sha256, way).await,
            Err(e) => Err(judged(&e)),
        }
    };
    let sent = sent.await;
    if !matches!(sent, Ok(Put::Done(_))) {
        // What is not taken back is no object, and goes by the rules of the bucket.
        let _ = upload.abort().await;
    }
    sent
}

fn with_hash(sha256: &str) -> Attributes {
    let mut attributes = Attributes::new();
    attributes.insert(
        Attribute::Metadata(Cow::Borrowed(HASH)),
        sha256.to_owned().into(),
    );
    attributes
}

fn hash_of(attributes: &Attributes) -> Option<&str> {
    let hash = attributes.get(&Attribute::Metadata(Cow::Borrowed(HASH)))?;
    Some(hash.as_ref())
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::{Ipv4Addr, TcpListener};

    use object_store::memory::InMemory;

    use super::super::client::Client;
    use super::super::room::runtime;
    use super::*;
    use crate::source::Remote;

    fn put(store: &Arc<dyn ObjectStore>, bytes: &[u8], way: Way) -> Put {
        let putting = Putting::of(bytes.to_vec(), way);
        let key = Key::from("a/b");
        let once = putting.once(store, &key);
        runtime().unwrap().block_on(once).unwrap()
    }

    fn read(store: &Arc<dyn ObjectStore>) -> Vec<u8> {
        let got = async {
            let found = store
                .get_opts(&Key::from("a/b"), GetOptions::default())
                .await?;
            found.bytes().await
        };
        runtime().unwrap().block_on(got).unwrap().to_vec()
    }

    #[test]
    fn an_object_is_put_under_its_condition_and_known_again() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let Put::Done(first) = put(&store, b"one", Way::New) else {
            panic!("there was none");
        };
        // As where the answer to the first try was lost.
        assert_eq!(put(&store, b"one", Way::New), Put::Done(first.clone()));
        assert_eq!(put(&store, b"two", Way::New), Put::Taken);
        let Put::Done(second) = put(&store, b"two", Way::Instead(first.clone())) else {
            panic!("it is the one");
        };
        assert_eq!(put(&store, b"three", Way::Instead(first)), Put::Taken);
        assert_eq!(read(&store), b"two");
        assert!(matches!(put(&store, b"four", Way::Over), Put::Done(tag) if tag != second));
    }

    #[test]
    fn a_long_file_goes_in_parts_and_over_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long");
        let bytes: Vec<u8> = (0..10_500_u32).flat_map(u32::to_le_bytes).collect();
        std::fs::write(&path, &bytes).unwrap();
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let key = Key::from("a/b");
        let sent = |path: &Path, way| {
            let sent = in_parts(&store, &key, (path, 1000), &way, None);
            runtime().unwrap().block_on(sent).unwrap()
        };
        assert!(matches!(sent(&path, Way::New), Put::Done(_)));
        assert_eq!(read(&store), bytes);
        assert!(matches!(sent(&path, Way::New), Put::Done(_)));
        let other = folder.path().join("other");
        std::fs::write(&other, &bytes[1..]).unwrap();
        assert_eq!(sent(&other, Way::New), Put::Taken);
        assert!(matches!(sent(&other, Way::Over), Put::Done(_)));
        assert_eq!(read(&store), &bytes[1..]);
        // In place of one object and no other.
        let Put::Done(tag) = put(&store, b"short", Way::Over) else {
            panic!("anything goes over it");
        };
        let another = Way::Instead(Some("another".to_owned()));
        assert_eq!(sent(&path, another.clone()), Put::Taken);
        assert_eq!(read(&store), b"short");
        assert!(matches!(sent(&path, Way::Instead(tag)), Put::Done(_)));
        assert_eq!(read(&store), bytes);
        // As where the answer was lost: it is there.
        assert!(matches!(sent(&path, another), Put::Done(_)));
    }

    /// A server that takes an object in parts and answers the request that completes it so; what that was asked under.
    fn completed_by(answer: &'static str, way: &Way) -> (Put, String) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let client = Client::patient(&Remote::default()).unwrap();
        let builder = object_store::aws::AmazonS3Builder::new()
            .with_bucket_name("bucket")
            .with_region("us-west-2")
            .with_endpoint(format!("http://127.0.0.1:{port}"))
            .with_allow_http(true)
            .with_skip_signature(true)
            .with_http_connector(client);
        let store: Arc<dyn ObjectStore> = Arc::new(builder.build().unwrap());
        let there = matches!(way, Way::Instead(_));
        let serving = std::thread::spawn(move || {
            let (mut there, mut under) = (there, String::new());
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    stream.read_line(&mut head).unwrap();
                }
                let head = head.to_ascii_lowercase();
                let header = |name: &str| {
                    let mut lines = head.lines();
                    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
                };
                let length = header("content-length").map_or(0, |length| length.parse().unwrap());
                stream.read_exact(&mut vec![0; length]).unwrap();
                let date = "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n";
                let (status, headers, body) = if head.starts_with("head ") {
                    let status = if there { "200 OK" } else { "404 Not Found" };
                    (status, format!("ETag: \"old\"\r\n{date}"), "")
                } else if head.contains("?uploads") {
                    let body = "<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>";
                    ("200 OK", String::new(), body)
                } else if head.starts_with("put ") {
                    ("200 OK", "ETag: \"part\"\r\n".to_owned(), "")
                } else if head.starts_with("post ") {
                    let condition = |name: &str| Some(format!("{name}: {}", header(name)?));
                    let found = condition("if-none-match").or_else(|| condition("if-match"));
                    under = found.unwrap_or_default();
                    // Whoever came first.
                    there = true;
                    let body = "<CompleteMultipartUploadResult><ETag>\"new\"</ETag></CompleteMultipartUploadResult>";
                    (answer, String::new(), body)
                } else {
                    // What was sent is taken back.
                    ("204 No Content", String::new(), "")
                };
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                );
                stream.get_mut().write_all(answer.as_bytes()).unwrap();
                let is_last = head.starts_with("delete ") || answer.contains("\"new\"");
                if is_last && status != "412 Precondition Failed" {
                    break;
                }
            }
            under
        });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long");
        std::fs::write(&path, vec![1; 2500]).unwrap();
        let key = Key::from("a");
        let sent = in_parts(&store, &key, (&path, 1000), way, None);
        let put = runtime().unwrap().block_on(sent).unwrap();
        (put, serving.join().unwrap())
    }

    #[test]
    fn parts_become_an_object_under_its_condition() {
        let done = || Put::Done(Some("\"new\"".to_owned()));
        let old = || Way::Instead(Some("\"old\"".to_owned()));
        for (answer, way, put, under) in [
            ("200 OK", Way::New, done(), "if-none-match: *"),
            ("200 OK", old(), done(), "if-match: \"old\""),
            ("200 OK", Way::Over, done(), ""),
            (
                "412 Precondition Failed",
                Way::New,
                Put::Taken,
                "if-none-match: *",
            ),
            (
                "412 Precondition Failed",
                old(),
                Put::Taken,
                "if-match: \"old\"",
            ),
        ] {
            let found = completed_by(answer, &way);
            assert_eq!(found, (put, under.to_owned()), "{answer}");
        }
    }
}
