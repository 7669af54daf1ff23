//! What the names of product files say: of which granule a file is, and which release.
//!
//! Beside reading: the plan settles by it which files are of one granule. The grammars are those in the user
//! guides of NSIDC's ICESat-2 products. Whatever comes before the product's name or after the release tells
//! how a copy was made, not of which granule it is.

use std::path::Path;

/// What the name of a product file says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ProductName {
    /// `ATL06`.
    pub product: String,
    /// The granule: product, hemisphere, time or track, orbit, region; the same in all its files.
    pub granule: String,
    pub rank: Rank,
    /// What stands before the product and behind the release; empty in names of the archive.
    pub extra: (String, String),
}

/// Which of several files of a granule is the latest: the larger one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Rank {
    /// A quick look makes way for the final product of any release.
    pub is_final: bool,
    /// Release, then version; of two pairs (a product and what it was made from) the product's own, which
    /// is behind, comes first.
    pub release: Vec<(u16, u16)>,
    /// The last cycle of products that grow by cycles.
    pub last_cycle: u16,
}

/// Fields between the product and the release, by form: `0` stands for a digit, `A` for a letter or a
/// digit, `*` for any number of those.
///
/// The second of a form that counts cycles holds the first and the last of them.
const FORMS: [Form; 3] = [
    // ATL03_yyyymmddhhmmss_ttttccss_rrr_vv: along-track products, and grids of a day or a month.
    Form {
        fields: &["00000000000000", "00000000"],
        cycles: false,
    },
    // ATL11_ttttss_c1c2_rrr_vv
    Form {
        fields: &["000000", "0000"],
        cycles: true,
    },
    // ATL14_xx_c1c2_100m_rrr_vv, ATL15 likewise
    Form {
        fields: &["AA", "0000", "*"],
        cycles: true,
    },
];

struct Form {
    fields: &'static [&'static str],
    cycles: bool,
}

impl ProductName {
    /// Of a file; `None` where the name is not of a product.
    pub fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let mut starts = name.char_indices();
        starts.find_map(|(at, _)| Self::at(name, at))
    }

    /// Of a name whose product begins at this byte.
    fn at(name: &str, at: usize) -> Option<Self> {
        let head = name.get(at..at + 5)?;
        let digits = head.get(3..)?.bytes().all(|c| c.is_ascii_digit());
        if !head.get(..3)?.eq_ignore_ascii_case("ATL") || !digits {
            return None;
        }
        let product = head.to_ascii_uppercase();
        let mut rest = &name[at + 5..];
        let quick = rest
            .get(..2)
            .is_some_and(|mark| mark.eq_ignore_ascii_case("QL"));
        if quick {
            rest = &rest[2..];
        }
        // North and south of a sea ice product are different photons of one orbit.
        let hemisphere = ["-01", "-02"].into_iter().find(|h| rest.starts_with(h));
        rest = &rest[hemisphere.map_or(0, str::len)..];
        let (form, fields, rest) = FORMS
            .iter()
            .find_map(|form| fields(rest, form.fields).map(|(f, rest)| (form, f, rest)))?;
        let (mut releases, mut rest) = (Vec::new(), rest);
        while let Some((pair, behind)) = release(rest).filter(|_| releases.len() < 2) {
            releases.insert(0, pair);
            rest = behind;
        }
        if releases.is_empty() {
            return None;
        }
        let mut last_cycle = 0;
        let mut identity = vec![format!("{product}{}", hemisphere.unwrap_or(""))];
        for (place, field) in fields.iter().enumerate() {
            if form.cycles && place == 1 {
                // A later file of a granule holds the cycles of the earlier ones, too.
                last_cycle = field[2..].parse().ok()?;
                identity.push(field[..2].to_owned());
            } else {
                identity.push(field.to_ascii_uppercase());
            }
        }
        Some(Self {
            product,
            granule: identity.join("_"),
            rank: Rank {
                is_final: !quick,
                release: releases,
                last_cycle,
            },
            extra: (name[..at].to_owned(), without_extension(rest).to_owned()),
        })
    }
}

/// Fields of these forms, each with `_` before it, and what is behind them.
fn fields<'a>(mut text: &'a str, forms: &[&str]) -> Option<(Vec<&'a str>, &'a str)> {
    let mut found = Vec::with_capacity(forms.len());
    for form in forms {
        text = text.strip_prefix('_')?;
        let end = text.find('_')?;
        let field = &text[..end];
        let fits = *form == "*" || field.len() == form.len();
        let mut letters = field
            .bytes()
            .zip(form.bytes().chain(std::iter::repeat(b'A')));
        let of_form = |(c, form): (u8, u8)| match form {
            b'0' => c.is_ascii_digit(),
            _ => c.is_ascii_alphanumeric(),
        };
        if !fits || field.is_empty() || !letters.all(of_form) {
            return None;
        }
        found.push(field);
        text = &text[end..];
    }
    Some((found, text))
}

/// `_rrr_vv` at the beginning, and what is behind it, which is no further digit.
fn release(text: &str) -> Option<((u16, u16), &str)> {
    let (pair, behind) = text.split_at_checked("_000_00".len())?;
    let fits = pair.bytes().zip(*b"_000_00").all(|(c, form)| match form {
        b'0' => c.is_ascii_digit(),
        other => c == other,
    });
    if !fits || behind.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    Some(((pair[1..4].parse().ok()?, pair[5..].parse().ok()?), behind))
}

/// What is before the last dot.
fn without_extension(text: &str) -> &str {
    text.rsplit_once('.').map_or(text, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(text: &str) -> ProductName {
        ProductName::of(Path::new(text)).unwrap_or_else(|| panic!("{text} is a product's"))
    }

    #[test]
    fn releases_versions_copies_and_quick_looks_are_of_one_granule() {
        for [older, newer] in [
            [
                "ATL03_20190105163308_01260202_006_02.h5",
                "ATL03_20190105163308_01260202_007_01.h5",
            ],
            [
                "ATL06_20190105163308_01260202_006_01.h5",
                "processed_ATL06_20190105163308_01260202_006_02_subsetted.H5",
            ],
            [
                "ATL07-01_20190105163308_01260201_005_02.h5",
                "ATL07-01_20190105163308_01260201_006_01.h5",
            ],
            [
                "ATL10QL-02_20190105163308_01260201_007_01.h5",
                "ATL10-02_20190105163308_01260201_006_01.h5",
            ],
            [
                "ATL24_20190105163308_01260202_006_02_001_01.h5",
                "ATL24_20190105163308_01260202_006_01_002_01.h5",
            ],
            [
                "ATL11_000110_0318_006_01.h5",
                "ATL11_000110_0321_006_04_gt1l_subset.h5",
            ],
            ["ATL11_000110_0318_006_01.h5", "ATL11_000110_0318_007_01.h5"],
            [
                "ATL14_GL_0314_100m_002_01.nc",
                "atl14_gl_0318_100m_003_01.nc",
            ],
            [
                "ATL15_A1_0318_10km_003_01.nc",
                "ATL15_A1_0318_10km_004_01.nc",
            ],
        ] {
            let (older, newer) = (name(older), name(newer));
            assert_eq!(older.granule, newer.granule);
            assert!(older.rank < newer.rank, "{older:?} {newer:?}");
        }
    }

    #[test]
    fn hemispheres_tracks_regions_and_resolutions_are_granules_of_their_own() {
        for [a, b] in [
            [
                "ATL07-01_20190105163308_01260201_005_02.h5",
                "ATL07-02_20190105163308_01260201_005_02.h5",
            ],
            [
                "ATL03_20190105163308_01260202_006_02.h5",
                "ATL06_20190105163308_01260202_006_02.h5",
            ],
            ["ATL11_000110_0318_006_01.h5", "ATL11_000210_0318_006_01.h5"],
            ["ATL11_000110_0318_006_01.h5", "ATL11_000110_1018_006_01.h5"],
            [
                "ATL15_A1_0318_10km_003_01.nc",
                "ATL15_A1_0318_20km_003_01.nc",
            ],
            [
                "ATL15_A1_0318_10km_003_01.nc",
                "ATL15_A2_0318_10km_003_01.nc",
            ],
        ] {
            assert_ne!(name(a).granule, name(b).granule, "{a} {b}");
        }
    }

    #[test]
    fn other_names_are_of_no_product() {
        for text in [
            "a.h5",
            "",
            "ATL",
            "ATL03.h5",
            "ATL03_20190105163308_01260202.h5",
            "ATL03_2019010516330_01260202_006_02.h5",
            "ATL03_20190105163308_01260202_006_0\u{e9}.h5",
            "ATL03_20190105163308_01260202_006_023.h5",
            "ATL0\u{e9}_20190105163308_01260202_006_02.h5",
        ] {
            assert_eq!(ProductName::of(Path::new(text)), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_name_is_read_without_a_panic(text in "(ATL0?[0-9]{1,3}(QL)?(-0[12])?|.{0,4})[_0-9a-z\u{e9}.]{0,48}") {
            let _ = ProductName::of(Path::new(&text));
        }

        #[test]
        fn a_granule_is_known_whatever_stands_around_its_name(
            before in "([a-z]{0,8}_)?",
            behind in "(_[a-z]{1,9}|-[a-z]{1,9}| \\([1-9]\\))?",
            extension in "\\.(h5|H5|nc|he5)",
            date in "20[12][0-9]{11}",
            orbit in "[0-9]{8}",
            release in 0u16..1000,
            version in 0u16..100,
        ) {
            let text = format!("{before}ATL06_{date}_{orbit}_{release:03}_{version:02}{behind}{extension}");
            let found = name(&text);
            prop_assert_eq!(found.granule, format!("ATL06_{date}_{orbit}"));
            prop_assert_eq!(found.rank.release, vec![(release, version)]);
            prop_assert_eq!(found.extra, (before, behind));
        }
    }
}
