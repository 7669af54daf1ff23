//! Who asks S3: keys of the environment, of a profile, of an instance or container, of Earthdata, or nobody.
//!
//! Beside `backend.rs`. The order is that of Amazon's tools: the environment first, then the files of profiles
//! (`~/.aws/credentials`, `~/.aws/config`), then what the machine is given. NSIDC's buckets take temporary keys that its
//! endpoint gives to who has logged in to Earthdata, where no other keys are set.

use std::collections::BTreeMap;
use std::env::{var, var_os};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use object_store::CredentialProvider;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, AwsCredential};
use reqwest::Url;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::backend::{NO_KEYS, Opening};
use super::client::Client;
use super::trouble::{Trouble, What};

/// Beginning of the names of NSIDC's buckets, their region, and who gives keys for them
/// (`ICEFOLD_EARTHDATA_S3CREDENTIALS` names another).
const BUCKETS: &str = "nsidc-cumulus-";
const REGION: &str = "us-west-2";
const GIVES_KEYS: &str = "https://data.nsidc.earthdatacloud.nasa.gov/s3credentials";
/// Keys are valid for an hour; new ones are asked for before.
const VALID: Duration = Duration::from_mins(50);

/// What opens a bucket, but for who sends requests.
pub fn builder(client: &Client, bucket: &str, anonymous: bool) -> Result<AmazonS3Builder, Opening> {
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket);
    let set = |name: &str| var_os(name).is_some_and(|value| !value.is_empty());
    let unset = |builder: &AmazonS3Builder, key: AmazonS3ConfigKey| {
        builder.get_config_value(&key).is_none()
    };
    for (key, name) in [
        (AmazonS3ConfigKey::Region, "region"),
        (AmazonS3ConfigKey::Endpoint, "endpoint_url"),
    ] {
        if unset(&builder, key)
            && let Some(value) = profile(name)
        {
            builder = builder.with_config(key, value);
        }
    }
    if anonymous {
        return Ok(builder.with_skip_signature(true));
    }
    let of_machine = [
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ];
    if set("AWS_ACCESS_KEY_ID") || (!set("AWS_PROFILE") && of_machine.iter().any(|name| set(name)))
    {
        return Ok(builder);
    }
    if let Some((id, key)) = profile("aws_access_key_id").zip(profile("aws_secret_access_key")) {
        builder = builder.with_access_key_id(id).with_secret_access_key(key);
        return Ok(match profile("aws_session_token") {
            Some(token) => builder.with_token(token),
            None => builder,
        });
    }
    for name in [
        "credential_process",
        "sso_session",
        "sso_start_url",
        "role_arn",
        "source_profile",
    ] {
        if profile(name).is_some() {
            let said = format!(
                "the AWS profile {} takes its keys from {name}, which is not read; set the keys in the environment, which \
                 aws configure export-credentials prints",
                profile_name()
            );
            return Err(Trouble::new(What::Refused, said).into());
        }
    }
    if set("AWS_PROFILE") {
        let said = format!(
            "the AWS profile {} (AWS_PROFILE) has no keys",
            profile_name()
        );
        return Err(Trouble::new(What::Refused, said).into());
    }
    if bucket.starts_with(BUCKETS) && client.earthdata().is_known() {
        if unset(&builder, AmazonS3ConfigKey::Region) {
            builder = builder.with_region(REGION);
        }
        return Ok(builder.with_credentials(Arc::new(OfEarthdata::new(client)?)));
    }
    if var("AWS_EC2_METADATA_DISABLED").is_ok_and(|value| value.eq_ignore_ascii_case("true")) {
        return Err(Trouble::new(What::Status(401), NO_KEYS).into());
    }
    Ok(builder)
}

fn profile_name() -> String {
    let named = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"]
        .iter()
        .find_map(|name| var(name).ok().filter(|n| !n.is_empty()));
    named.unwrap_or_else(|| "default".to_owned())
}

/// A value of the profile, in either file.
fn profile(key: &str) -> Option<String> {
    let name = profile_name();
    let files = [
        ("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
        ("AWS_CONFIG_FILE", "config"),
    ];
    files.iter().find_map(|(variable, file)| {
        let named = var_os(variable)
            .filter(|named| !named.is_empty())
            .map(PathBuf::from);
        let path = named.or_else(|| Some(std::env::home_dir()?.join(".aws").join(file)))?;
        let text = fs::read_to_string(path).ok()?;
        let sections = sections(&text);
        let long = format!("profile {name}");
        let section = sections.get(&*name).or_else(|| sections.get(&*long))?;
        section.get(key).map(|value| (*value).to_owned())
    })
}

/// Sections of an INI file.
fn sections(text: &str) -> BTreeMap<&str, BTreeMap<&str, &str>> {
    let mut sections: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
    let mut name = "";
    for line in text.lines() {
        let line = line.trim_end();
        if line.starts_with(['#', ';', ' ', '\t']) {
            continue;
        }
        if let Some(section) = line
            .strip_prefix('[')
            .and_then(|rest| rest.split(']').next())
        {
            name = section.trim();
        } else if let Some((key, value)) = line.split_once('=') {
            sections
                .entry(name)
                .or_default()
                .insert(key.trim(), value.trim());
        }
    }
    sections
}

/// Temporary keys of who has logged in to Earthdata.
#[derive(Debug)]
struct OfEarthdata {
    client: Client,
    url: Url,
    given: Mutex<Option<(Instant, Arc<AwsCredential>)>>,
}

/// What the endpoint answers.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Keys {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
}

impl OfEarthdata {
    fn new(client: &Client) -> Result<Self, Trouble> {
        let named = var("ICEFOLD_EARTHDATA_S3CREDENTIALS")
            .ok()
            .filter(|url| !url.is_empty());
        let url = named.unwrap_or_else(|| GIVES_KEYS.to_owned());
        let url =
            Url::parse(&url).map_err(|e| Trouble::new(What::Refused, format!("{url}: {e}")))?;
        Ok(Self {
            client: client.clone(),
            url,
            given: Mutex::default(),
        })
    }

    async fn ask(&self) -> Result<AwsCredential, Trouble> {
        let (answer, _) = self.client.get(&self.url, &HeaderMap::new()).await?;
        let text = answer
            .bytes()
            .await
            .map_err(|e| Trouble::lost(&e.without_url()))?;
        // What is no JSON is the page on which one logs in.
        let keys: Keys = serde_json::from_slice(&text).map_err(|_| Trouble::status(401, None))?;
        Ok(AwsCredential {
            key_id: keys.access_key_id,
            secret_key: keys.secret_access_key,
            token: Some(keys.session_token),
        })
    }
}

#[async_trait]
impl CredentialProvider for OfEarthdata {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let mut given = self.given.lock().await;
        if let Some((since, keys)) = given.as_ref().filter(|(since, _)| since.elapsed() < VALID) {
            let _ = since;
            return Ok(Arc::clone(keys));
        }
        let keys = self
            .ask()
            .await
            .map_err(|trouble| object_store::Error::Generic {
                store: "Earthdata",
                source: Box::new(trouble),
            })?;
        let keys = Arc::new(keys);
        *given = Some((Instant::now(), Arc::clone(&keys)));
        Ok(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_sections_of_a_file() {
        let text = "# mine\n[default]\naws_access_key_id = A\naws_secret_access_key=B=C\n\n[profile two]\nregion = eu-west-1\n\
                    s3 =\n  endpoint_url = nested\n";
        let found = sections(text);
        assert_eq!(found["default"]["aws_access_key_id"], "A");
        assert_eq!(found["default"]["aws_secret_access_key"], "B=C");
        assert_eq!(found["profile two"]["region"], "eu-west-1");
        assert!(!found["profile two"].contains_key("endpoint_url"));
    }
}
