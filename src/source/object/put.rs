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
    Attribute, Attributes, Error, GetOptions, ObjectStore, PutMode, PutMultipartOptions,
    PutOptions, PutPayload, UpdateVersion,
};
use sha2::{Digest, Sha256};

use super::backend::judged;
use super::trouble::{Trouble, What};
use crate::digest::{hex, of_file};
use crate::source::{Put, Way};

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
            Err(
                Error::AlreadyExists { .. }
                | Error::Precondition { .. }
                | Error::NotModified { .. },
            ) => self.is_there(store, key).await,
            Err(e) => Err(judged(&e)),
        }
    }

    /// Whether what stands in the way is what an earlier try put.
    async fn is_there(&self, store: &Arc<dyn ObjectStore>, key: &Key) -> Result<Put, Trouble> {
        let options = GetOptions {
            head: true,
            ..GetOptions::default()
        };
        match store.get_opts(key, options).await {
            Ok(found) if hash_of(&found.attributes) == Some(&*self.sha256) => {
                Ok(Put::Done(found.meta.e_tag))
            }
            Ok(_) => Ok(Put::Taken),
            Err(e) => match judged(&e) {
                // It went in between, or two came at the same moment: S3 answers both with 409.
                trouble if trouble.what == What::Status(404) && self.way == Way::New => {
                    Err(Trouble::new(What::Lost, "another put was under way"))
                }
                trouble if trouble.what == What::Status(404) => Ok(Put::Taken),
                trouble => Err(trouble),
            },
        }
    }
}

/// One try to put a long file in parts. Stores take no condition for those: that nothing is there is looked up before.
pub async fn in_parts(
    store: &Arc<dyn ObjectStore>,
    key: &Key,
    (path, part): (&Path, u64),
    way: &Way,
) -> Result<Put, Trouble> {
    let local = |e: &io::Error| {
        let said = format!("{} cannot be read: {e}", path.display());
        Trouble::new(What::Refused, said)
    };
    let (length, sha256) = of_file(path).map_err(|e| local(&e))?;
    if *way == Way::New {
        let options = GetOptions {
            head: true,
            ..GetOptions::default()
        };
        match store.get_opts(key, options).await {
            Ok(found) if hash_of(&found.attributes) == Some(&*sha256) => {
                return Ok(Put::Done(found.meta.e_tag));
            }
            Ok(_) => return Ok(Put::Taken),
            Err(e) => match judged(&e) {
                trouble if trouble.what == What::Status(404) => {}
                trouble => return Err(trouble),
            },
        }
    }
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
            let mut bytes = vec![0; usize::try_from(left.min(part)).unwrap_or(usize::MAX)];
            file.read_exact(&mut bytes).map_err(|e| local(&e))?;
            left -= bytes.len() as u64;
            let put = upload.put_part(PutPayload::from(bytes));
            put.await.map_err(|e| judged(&e))?;
        }
        upload.complete().await.map_err(|e| judged(&e))
    };
    match sent.await {
        Ok(put) => Ok(Put::Done(put.e_tag)),
        Err(trouble) => {
            // What is not taken back is no object, and goes by the rules of the bucket.
            let _ = upload.abort().await;
            Err(trouble)
        }
    }
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
    use object_store::memory::InMemory;

    use super::super::room::runtime;
    use super::*;

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
            let sent = in_parts(&store, &key, (path, 1000), &way);
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
    }
}
