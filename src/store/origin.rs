//! What the names of granules say of a store that was made of them: product, release, and when the newest was taken.
//!
//! Beside `target.rs`, for layouts that say so. Only granules with photons in the store count, so it is the same however a
//! run was cut.

use std::path::Path;

use super::provenance::SourceFile;
use crate::read::product::ProductName;

/// Of the granules of a store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// Such as `ATL06`, where all granules are of one product.
    pub product: Option<String>,
    /// Such as `006`, of the newest granule.
    pub release: Option<String>,
    /// The time in the name of the newest, in UTC: `2019-02-22T15:59:47+00:00`.
    pub newest: Option<String>,
    /// Those with photons in the store.
    pub files: Vec<SourceFile>,
}

impl Origin {
    /// With these files, whatever they are called.
    #[must_use]
    pub fn with_files(mut self, files: impl Iterator<Item = SourceFile>) -> Self {
        self.files = files.collect();
        self
    }

    /// Of granules by their names.
    pub fn of<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let found: Vec<ProductName> = names
            .filter_map(|name| ProductName::of(Path::new(name)))
            .collect();
        let of_time = |name: &ProductName| {
            let digits = name.granule.split('_').nth(1)?;
            is_time(digits).then(|| digits.to_owned())
        };
        let times = found.iter().filter_map(|name| Some((of_time(name)?, name)));
        let newest = times.max();
        let first = found.first().map(|name| name.product.clone());
        Self {
            files: Vec::new(),
            product: first.filter(|first| found.iter().all(|name| name.product == *first)),
            release: newest.as_ref().and_then(|(_, name)| {
                let (release, _) = name.rank.release.first()?;
                Some(format!("{release:03}"))
            }),
            newest: newest.map(|(digits, _)| {
                let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
                format!(
                    "{}-{}-{}T{}:{}:{}+00:00",
                    part(0, 4),
                    part(4, 6),
                    part(6, 8),
                    part(8, 10),
                    part(10, 12),
                    part(12, 14)
                )
            }),
        }
    }
}

/// Whether text is `yyyymmddhhmmss`.
fn is_time(text: &str) -> bool {
    text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_granule_tells_the_time_whatever_the_order() {
        let names = [
            "ATL06_20190222155947_08580212_005_01.h5",
            "processed_ATL06_20200101000102_08580212_006_02.h5",
            "points.parquet",
        ];
        let origin = Origin::of(names.into_iter());
        assert_eq!(origin, Origin::of(names.into_iter().rev()));
        assert_eq!(origin.product.as_deref(), Some("ATL06"));
        assert_eq!(origin.release.as_deref(), Some("006"));
        let newest = origin.newest.as_deref();
        assert_eq!(newest, Some("2020-01-01T00:01:02+00:00"));
        assert_eq!(Origin::of(["a.parquet"].into_iter()), Origin::default());
    }
}
