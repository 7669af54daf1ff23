//! Which granule this is: product, release, cycle, reference ground track, orientation.
//!
//! Beside the line, for `inspect.rs`. What the file says (`orbit_info`, `ancillary_data`) wins over
//! what its name says; what neither says is null.

use chrono::DateTime;
use hdf5::Dataset;
use hdf5::types::{FixedAscii, FixedUnicode, TypeDescriptor};
use serde_json::{Value, json};

use super::attributes::text;
use super::file::GranuleFile;
use crate::photon::Values;
use crate::read::Says;

/// When its data begin and end, in UTC.
const ENDS: [&str; 2] = [
    "/ancillary_data/data_start_utc",
    "/ancillary_data/data_end_utc",
];
/// Longest text read, in bytes.
const TEXT: usize = 256;
/// Values read of one dataset at most.
const MOST: u64 = 4096;

/// `product`, `release`, `version`, `cycle`, `rgt`, `region` and `orientation`; a list where there
/// are several.
pub(super) fn identity(granule: &GranuleFile) -> Value {
    let named = Named::of(granule.name());
    let of_file = |paths: &[&str]| paths.iter().find_map(|path| numbers(granule, path));
    let or_name = |found: Option<Vec<i64>>, named: Option<i64>| {
        one_or_list(found.unwrap_or_else(|| named.into_iter().collect()))
    };
    let orientation = of_file(&["/orbit_info/sc_orient"]);
    let orientation = orientation.map(|found| {
        // ATL03 data dictionary, orbit_info/sc_orient.
        let word = |value: &i64| match value {
            0 => json!("backward"),
            1 => json!("forward"),
            2 => json!("transition"),
            other => json!(other),
        };
        found.iter().map(word).collect::<Vec<_>>()
    });
    json!({
        "product": named.product,
        "release": word(granule, "/ancillary_data/release").or(named.release),
        "version": word(granule, "/ancillary_data/version").or(named.version),
        "cycle": or_name(of_file(&["/orbit_info/cycle_number", "/ancillary_data/start_cycle"]), named.cycle),
        "rgt": or_name(of_file(&["/orbit_info/rgt", "/ancillary_data/start_rgt"]), named.rgt),
        "region": or_name(of_file(&["/ancillary_data/start_region"]), named.region),
        "orientation": orientation.map_or(Value::Null, one_or_list),
    })
}

fn one_or_list<T: Into<Value>>(values: Vec<T>) -> Value {
    let mut values: Vec<Value> = values.into_iter().map(Into::into).collect();
    match values.len() {
        0 => Value::Null,
        1 => values.remove(0),
        _ => Value::Array(values),
    }
}

/// What a file name of the products says (NSIDC user guides, "File Naming Convention").
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    product: Option<String>,
    release: Option<String>,
    version: Option<String>,
    pub(super) rgt: Option<i64>,
    pub(super) cycle: Option<i64>,
    pub(super) region: Option<i64>,
}

impl Named {
    /// `ATLnn_yyyymmddhhmmss_ttttccss_rrr_vv`, whatever stands before or after.
    pub(super) fn of(name: &str) -> Self {
        let mut found = Self::default();
        let Some(start) = name.find("ATL") else {
            return found;
        };
        let stem = name[start..].split('.').next().unwrap_or_default();
        let parts: Vec<&str> = stem.split('_').collect();
        let product = parts[0].split('-').next().unwrap_or_default();
        if !is_digits(&product[3..], 2) {
            return found;
        }
        found.product = Some(product.to_owned());
        let part = |i: usize, digits| parts.get(i).copied().filter(|p| is_digits(p, digits));
        if let (Some(_), Some(track)) = (part(1, 14), part(2, 8)) {
            found.rgt = track[..4].parse().ok();
            found.cycle = track[4..6].parse().ok();
            found.region = track[6..].parse().ok();
        }
        found.release = part(3, 3).map(str::to_owned);
        found.version = part(4, 2).map(str::to_owned);
        found
    }
}

fn is_digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|b| b.is_ascii_digit())
}

/// The dataset at this path, if there is one.
pub(super) fn dataset(granule: &GranuleFile, path: &str) -> Option<Dataset> {
    // What is not there is no error here, and that of a group of many names takes long to word.
    granule.has(path).ok()?.then_some(())?;
    let located = granule.dataset(path).ok()?;
    granule.check_sources(&located, path).ok()?;
    Some(located.dataset)
}

/// The distinct values of a small dataset of integers, in their order.
pub(super) fn numbers(granule: &GranuleFile, path: &str) -> Option<Vec<i64>> {
    dataset(granule, path)?;
    let read = granule.read_dataset(path, None, MOST).ok()?;
    let Values::I64(values) = read.column.values else {
        return None;
    };
    let nulls = read.column.nulls;
    let mut found: Vec<i64> = Vec::new();
    for (i, &value) in values.iter().enumerate() {
        let is_null = nulls.as_ref().is_some_and(|nulls| nulls.is_null(i));
        if !is_null && !found.contains(&value) {
            found.push(value);
        }
    }
    (!found.is_empty()).then_some(found)
}

impl GranuleFile {
    /// What it says of itself beyond its name.
    pub(crate) fn says(&self) -> Says {
        let root = self.find_group("/").ok().flatten();
        let source = root.and_then(|root| text(&root, "source"));
        Says {
            synthetic: source.is_some_and(|source| source == "synthetic"),
            end: word(self, ENDS[1]),
        }
    }

    /// When its data begin and end, where it says both as ISO 8601 has them.
    pub(in crate::read) fn time_span(&self) -> Option<[String; 2]> {
        let [start, end] = ENDS.map(|path| {
            let said = word(self, path)?;
            DateTime::parse_from_rfc3339(&said).ok().map(|_| said)
        });
        Some([start?, end?])
    }
}

/// The text of a dataset of one text.
pub(super) fn word(granule: &GranuleFile, path: &str) -> Option<String> {
    let dataset = dataset(granule, path)?;
    if dataset.size() != 1 {
        return None;
    }
    let bytes = match dataset.dtype().ok()?.to_descriptor().ok()? {
        TypeDescriptor::FixedAscii(n) if n <= TEXT => {
            let read = dataset.read_raw::<FixedAscii<TEXT>>().ok()?;
            read.first()?.as_bytes().to_vec()
        }
        TypeDescriptor::FixedUnicode(n) if n <= TEXT => {
            let read = dataset.read_raw::<FixedUnicode<TEXT>>().ok()?;
            read.first()?.as_bytes().to_vec()
        }
        _ => return None,
    };
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_products_say_which_granule_it_is() {
        let found = Named::of("processed_ATL06_20181015100401_02560110_003_01_gt1l.h5");
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            found,
            Named {
                product: text("ATL06"),
                release: text("003"),
                version: text("01"),
                rgt: Some(256),
                cycle: Some(1),
                region: Some(10),
            }
        );
        assert_eq!(
            Named::of("ATL10-02_20200101000000_00010601_006_02.h5").rgt,
            Some(1)
        );
    }

    #[test]
    fn other_names_say_nothing() {
        for name in ["a.h5", "ATLAS.h5", "ATL", "ATL0é.h5", "xATL03", ""] {
            let found = Named::of(name);
            assert_eq!((found.rgt, found.cycle), (None, None), "{name}");
        }
        assert_eq!(Named::of("ATL03_2018_12_x_y.h5").release, None);
    }
}
