//! How a shard map names a granule: by the way from its own folder, or by the URL of an object.
//!
//! Beside the plan, for `build.rs`; `resolve.rs` goes the other way.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::place::{canonical_folder, way};
use crate::read::GranulePath;
use crate::source::is_object;

/// One granule of a shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Granule")]
pub struct MapGranule {
    /// File name of the granule.
    pub id: String,
    /// Where it is on S3; read there where the map is icefold's.
    #[serde(default)]
    pub s3: Option<String>,
    /// Where it is on the web; read there where the map is icefold's.
    #[serde(default)]
    pub https: Option<String>,
    /// icefold's: the file, relative to the folder of the map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// When it was taken; of products that have one moment. No run follows it, so other programs may say it as they like;
    /// and so with what comes below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub datetime: Option<Value>,
    /// What it was taken together with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub time_key: Option<Value>,
    /// When its data begin, in UTC as ISO 8601 has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub time_start: Option<Value>,
    /// When its data end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub time_end: Option<Value>,
    /// Files of other products of the same pass, by product; where the map is icefold's, what is joined to the granule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Map<String, Value>>")]
    pub assets: Option<Value>,
}

/// What a map says of a granule with what is read beside it, whose data begin and end then, where that is known.
///
/// # Errors
/// A path or URL that it cannot hold.
pub(super) fn entry(
    granule: &GranulePath,
    span: Option<[String; 2]>,
    folder: &Path,
) -> Result<MapGranule> {
    let assets = granule.siblings.iter().map(|sibling| {
        let MapGranule {
            id,
            s3,
            https,
            path,
            ..
        } = place(&sibling.path, folder)?;
        let mut asset = json!({"id": id, "s3": s3, "https": https});
        if let Some(path) = path {
            asset["path"] = path.into();
        }
        Ok((sibling.product.clone(), asset))
    });
    // By name, whatever the order of joins.
    let assets: BTreeMap<String, Value> = assets.collect::<Result<_>>()?;
    let assets = Map::from_iter(assets);
    let [time_start, time_end] =
        span.map_or([None, None], |span| span.map(|at| Some(Value::from(at))));
    Ok(MapGranule {
        time_start,
        time_end,
        assets: (!assets.is_empty()).then_some(Value::Object(assets)),
        ..place(&granule.path, folder)?
    })
}

/// Where a granule is, with no more said of it.
fn place(path: &Path, folder: &Path) -> Result<MapGranule> {
    if is_object(path) {
        return of_object(path);
    }
    let file = canonical_folder(path)?.join(path.file_name().unwrap_or_default());
    let relative = way(&file, folder);
    let text = |path: &Path| {
        path.to_str().map(str::to_owned).ok_or_else(|| {
            Error::argument(format!(
                "granule {} has a path that is not UTF-8, which JSON cannot hold; rename it",
                path.display()
            ))
        })
    };
    Ok(MapGranule {
        path: Some(text(&relative)?),
        ..MapGranule::called(text(Path::new(path.file_name().unwrap_or_default()))?)
    })
}

/// An object, which has a URL in place of a path.
fn of_object(path: &Path) -> Result<MapGranule> {
    let url = path.to_string_lossy().into_owned();
    let (is_s3, is_web) = (url.starts_with("s3://"), url.starts_with("http"));
    if !is_s3 && !is_web {
        return Err(Error::argument(format!(
            "granule {url}: a shard map holds paths and URLs of s3:// and https:// only; run the granules without a map"
        )));
    }
    Ok(MapGranule {
        https: Some(url.clone()).filter(|_| is_web),
        s3: Some(url).filter(|_| is_s3),
        ..MapGranule::called(
            path.file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
        )
    })
}

impl MapGranule {
    /// A granule of which no more is known.
    fn called(id: String) -> Self {
        Self {
            id,
            s3: None,
            https: None,
            path: None,
            datetime: None,
            time_key: None,
            time_start: None,
            time_end: None,
            assets: None,
        }
    }

    /// Forgets the files of this machine, for a map that goes elsewhere.
    pub(crate) fn without_paths(&mut self) {
        self.path = None;
        let assets = self.assets.as_mut().and_then(Value::as_object_mut);
        let assets = assets.into_iter().flat_map(Map::values_mut);
        for asset in assets.filter_map(Value::as_object_mut) {
            asset.remove("path");
        }
    }

    /// Whether its assets are granules of ICESat-2's products and nothing else.
    pub(super) fn has_joined_only(&self) -> bool {
        let assets = self.assets.as_ref().map(Value::as_object);
        let named = assets.unwrap_or_default();
        assets.is_none() || named.is_some_and(|all| all.keys().all(|name| name.starts_with("ATL")))
    }

    /// What granules of a map are sorted by.
    pub(super) fn rank(&self) -> [&str; 4] {
        let [s3, https, path] =
            [&self.s3, &self.https, &self.path].map(|of| of.as_deref().unwrap_or_default());
        [&self.id, s3, https, path]
    }
}
