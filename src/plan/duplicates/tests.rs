//! Tests: which of several files of a granule are kept, whatever the order in which they are given.

use std::collections::BTreeSet;
use std::path::Path;

use proptest::prelude::*;

use super::super::files::Overlap;
use super::*;

/// A file of a test: what is in it.
#[derive(Debug, Clone, Default)]
struct Fake {
    path: &'static str,
    /// Photons, as ground track and number; another product where there are none.
    photons: Vec<(u8, u32)>,
    broken: bool,
    scanned: bool,
    /// Of two files with the same, both have the same bytes.
    bytes: u64,
}

struct Fakes(Vec<Fake>);

impl Fakes {
    fn at(&self, path: &Path) -> &Fake {
        let fake = self.0.iter().find(|fake| Path::new(fake.path) == path);
        fake.unwrap_or_else(|| panic!("{} is there", path.display()))
    }
}

impl Files for Fakes {
    fn real(&self, path: &Path) -> PathBuf {
        path.to_path_buf()
    }

    fn bytes(&self, path: &Path) -> Option<u64> {
        Some(self.at(path).bytes + 1)
    }

    fn hash(&self, path: &Path, _whole: bool) -> Option<String> {
        Some(self.at(path).bytes.to_string())
    }

    fn probe(&self, path: &Path) -> Found {
        let fake = self.at(path);
        if fake.broken {
            return Found::Broken(Error::granule(fake.path, "is truncated"));
        }
        if fake.photons.is_empty() {
            return Found::Other("has no photons".to_owned());
        }
        Found::Fits {
            rows: fake.photons.len() as u64,
            tracks: fake
                .photons
                .iter()
                .map(|(track, _)| track.to_string())
                .collect(),
        }
    }

    fn overlap(&self, a: &Path, b: &Path) -> Result<Overlap, (PathBuf, Error)> {
        let set = |path| -> BTreeSet<(u8, u32)> { self.at(path).photons.iter().copied().collect() };
        let (a, b) = (set(a), set(b));
        Ok(Overlap {
            a: a.len() as u64,
            b: b.len() as u64,
            shared: a.intersection(&b).count() as u64,
        })
    }
}

const TOLERANT: Rules = Rules {
    policy: DuplicatePolicy::KeepLatest,
    kind: GranuleKind::Hdf5,
    tolerant: true,
};
const STRICT: Rules = Rules {
    tolerant: false,
    ..TOLERANT
};

fn run(fakes: &[Fake], rules: Rules) -> Result<Settled> {
    let candidate = |fake: &Fake| Candidate {
        path: fake.path.into(),
        scanned: fake.scanned,
    };
    let found = fakes.iter().map(candidate).collect();
    settle(found, rules, &Fakes(fakes.to_vec()))
}

/// A file with these photons of ground track 1.
fn fake(path: &'static str, photons: std::ops::Range<u32>) -> Fake {
    // Bytes of its own.
    let bytes = path
        .bytes()
        .fold(0, |sum: u64, c| sum.wrapping_mul(31) + u64::from(c))
        >> 8;
    Fake {
        path,
        photons: photons.map(|photon| (1, photon)).collect(),
        bytes,
        ..Fake::default()
    }
}

fn kept(settled: &Settled) -> Vec<&str> {
    let mut kept: Vec<&str> = settled.granules.iter().filter_map(|p| p.to_str()).collect();
    kept.sort_unstable();
    kept
}

const OLD: &str = "a/ATL06_20190105163308_01260202_006_02.h5";
const NEW: &str = "b/ATL06_20190105163308_01260202_007_01.h5";
const NEW_TOO: &str = "c/ATL06_20190105163308_01260202_007_01.h5";
const SUBSET: &str = "d/ATL06_20190105163308_01260202_007_01_subsetted.h5";
const QUICK: &str = "e/ATL06QL_20190105163308_01260202_007_01.h5";
const ELSEWHERE: &str = "f/ATL06_20190205163308_01260202_006_02.h5";
const NAMELESS: &str = "g/copy.h5";

#[test]
fn the_latest_release_is_kept_and_quick_looks_make_way() {
    let files = [OLD, NEW, QUICK, ELSEWHERE, NAMELESS].map(|path| fake(path, 0..9));
    let settled = run(&files, STRICT).unwrap();
    assert_eq!(kept(&settled), [NEW, ELSEWHERE, NAMELESS]);
    let why: Vec<&str> = settled.superseded.iter().map(|s| s.why).collect();
    assert_eq!(why, ["an earlier release", "a quick look"]);
    assert!(settled.superseded.iter().all(|s| s.by == Path::new(NEW)));
}

#[test]
fn photons_decide_between_files_of_one_release() {
    let of = |a, b| [fake(NEW, a), fake(SUBSET, b)];
    for (files, left, why) in [
        (of(0..9, 0..9), vec![NEW], Some("the same photons")),
        (of(0..9, 3..6), vec![NEW], Some("a part of its photons")),
        (of(3..6, 0..9), vec![SUBSET], Some("a part of its photons")),
        (of(0..5, 5..9), vec![NEW, SUBSET], None),
    ] {
        let settled = run(&files, STRICT).unwrap();
        assert_eq!(kept(&settled), left);
        assert_eq!(settled.superseded.first().map(|s| s.why), why);
        assert_eq!(settled.parts.len(), usize::from(left.len() > 1));
    }
    let files = of(0..6, 5..9);
    let error = run(&files, STRICT).unwrap_err().to_string();
    assert!(
        error.contains("share 1 photons, of 4 and 6") && error.contains("keep_all"),
        "{error}"
    );
    let settled = run(&files, TOLERANT).unwrap();
    assert_eq!((kept(&settled), settled.failed.len()), (vec![NEW], 1));
}

#[test]
fn a_release_does_not_take_ground_tracks_away_that_it_lacks() {
    let (mut old, new) = (fake(OLD, 0..9), fake(NEW, 0..9));
    old.photons = vec![(2, 0), (2, 1)];
    let settled = run(&[old.clone(), new.clone()], STRICT).unwrap();
    assert_eq!(kept(&settled), [OLD, NEW]);
    old.photons.push((1, 0));
    let error = run(&[old.clone(), new.clone()], STRICT)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("has ground tracks that it has not: 2"),
        "{error}"
    );
    let settled = run(&[old, new], TOLERANT).unwrap();
    assert_eq!((kept(&settled), settled.failed.len()), (vec![NEW], 1));
}

#[test]
fn a_damaged_release_stops_a_strict_run_and_makes_way_in_a_tolerant_one() {
    let files = [
        fake(OLD, 0..9),
        Fake {
            broken: true,
            ..fake(NEW, 0..9)
        },
    ];
    let error = run(&files, STRICT).unwrap_err().to_string();
    assert!(
        error.contains("is truncated") && error.contains(OLD),
        "{error}"
    );
    let settled = run(&files, TOLERANT).unwrap();
    assert_eq!(kept(&settled), [OLD]);
    assert_eq!(settled.failed[0].0, Path::new(NEW));
    // One that would not have been read is no loss.
    let files = [
        fake(NEW, 0..9),
        Fake {
            broken: true,
            ..fake(OLD, 0..9)
        },
    ];
    assert_eq!(run(&files, STRICT).unwrap().superseded.len(), 1);
}

#[test]
fn what_has_a_granules_name_and_is_something_else_is_passed_over_in_folders() {
    let index = |scanned| Fake {
        scanned,
        ..fake(NEW_TOO, 0..0)
    };
    let settled = run(&[fake(NEW, 0..9), index(true)], STRICT).unwrap();
    assert_eq!((kept(&settled), settled.skipped.len()), (vec![NEW], 1));
    let error = run(&[fake(NEW, 0..9), index(false)], STRICT)
        .unwrap_err()
        .to_string();
    assert!(error.contains("has no photons"), "{error}");
    // With nothing else of the granule, it is the survey that says so.
    assert_eq!(kept(&run(&[index(true)], STRICT).unwrap()), [NEW_TOO]);
}

#[test]
fn files_of_the_same_bytes_are_one_unless_their_names_are_of_two_granules() {
    let copy = |path| Fake {
        bytes: 7,
        ..fake(path, 0..9)
    };
    let settled = run(&[NAMELESS, NEW, "h/x.h5"].map(copy), STRICT).unwrap();
    assert_eq!(kept(&settled), [NEW]);
    assert!(settled.superseded.iter().all(|s| s.why == "the same bytes"));
    let settled = run(&[NEW, ELSEWHERE].map(copy), STRICT).unwrap();
    assert_eq!(kept(&settled), [NEW, ELSEWHERE]);
    let tables = Rules {
        kind: GranuleKind::Table,
        ..STRICT
    };
    // Folders with keys tell tables apart.
    let hive = [
        "cycle=1/x.parquet",
        "cycle=2/x.parquet",
        "cycle=2/y.parquet",
    ]
    .map(copy);
    let settled = run(&hive, tables).unwrap();
    assert_eq!(kept(&settled), ["cycle=1/x.parquet", "cycle=2/x.parquet"]);
    let parts = ["gt1l/ATL06_20190105163308_01260202_006_02.parquet", OLD].map(|p| fake(p, 0..9));
    assert_eq!(run(&parts, tables).unwrap().granules.len(), 2);
}

#[test]
fn the_policy_of_the_config_is_followed() {
    let files = [fake(OLD, 0..9), fake(NEW, 0..9)];
    let with = |policy| run(&files, Rules { policy, ..STRICT });
    assert_eq!(with(DuplicatePolicy::KeepAll).unwrap().granules.len(), 2);
    let error = with(DuplicatePolicy::Error).unwrap_err().to_string();
    assert!(
        error.contains("are the same granule (an earlier release)"),
        "{error}"
    );
    // Parts of a granule are no duplicates.
    let parts = [fake(NEW, 0..4), fake(NEW_TOO, 4..9)];
    let rules = Rules {
        policy: DuplicatePolicy::Error,
        ..STRICT
    };
    assert_eq!(run(&parts, rules).unwrap().granules.len(), 2);
}

/// Files of two granules of several releases and copies, with photons that meet or do not.
fn any_files() -> impl Strategy<Value = Vec<Fake>> {
    let names = [OLD, NEW, NEW_TOO, SUBSET, QUICK, ELSEWHERE, NAMELESS];
    let file = (
        0u32..4,
        0u32..4,
        1u8..3,
        prop::bool::weighted(0.2),
        any::<bool>(),
        0u64..6,
    );
    let files = prop::collection::vec(file, names.len());
    let files = files.prop_map(move |files| {
        let all = names.into_iter().zip(files);
        let fake = |(path, (start, length, track, broken, scanned, bytes))| Fake {
            path,
            photons: (start..start + length)
                .map(|photon| (track, photon))
                .collect(),
            broken,
            scanned,
            bytes,
        };
        // Files of the same bytes are the same in all else.
        let mut fakes: Vec<Fake> = all.map(fake).collect();
        for i in 0..fakes.len() {
            if let Some(same) = fakes[..i]
                .iter()
                .find(|f| f.bytes == fakes[i].bytes)
                .cloned()
            {
                fakes[i].photons = same.photons;
                fakes[i].broken = same.broken;
            }
        }
        fakes
    });
    files.prop_flat_map(|files| prop::sample::subsequence(files, 0..=7).prop_shuffle())
}

proptest! {
    #[test]
    fn settling_depends_on_no_order_and_loses_no_file(files in any_files()) {
        let settled = run(&files, TOLERANT).unwrap();
        // Every file is somewhere, once.
        let left_out = settled.superseded.iter().map(|s| &s.granule);
        let left_out = left_out.chain(settled.skipped.iter().map(|s| &s.path));
        let left_out = left_out.chain(settled.failed.iter().map(|(path, _)| path));
        let mut all: Vec<&PathBuf> = settled.granules.iter().chain(left_out).collect();
        all.sort();
        let mut given: Vec<PathBuf> = files.iter().map(|f| f.path.into()).collect();
        given.sort();
        prop_assert_eq!(all, given.iter().collect::<Vec<_>>());
        // What takes another's place is read.
        for superseded in &settled.superseded {
            let by = settled.superseded.iter().find(|s| s.granule == superseded.by);
            let by = by.map_or(&superseded.by, |s| &s.by);
            // A copy of what is left out for another reason is named with it.
            let failed = settled.failed.iter().any(|(path, _)| path == by);
            let skipped = settled.skipped.iter().any(|s| s.path == *by);
            let read = settled.granules.contains(by);
            prop_assert!(read || failed || skipped, "{:?}", superseded);
        }
        // Of two that are kept of one granule, no photon counts twice, and both are reported.
        let fakes = Fakes(files.clone());
        for (i, a) in settled.granules.iter().enumerate() {
            for b in &settled.granules[i + 1..] {
                let [x, y] = [a, b].map(|path| crate::read::ProductName::of(path));
                let same = x.as_ref().zip(y.as_ref()).is_some_and(|(x, y)| x.granule == y.granule);
                if !same {
                    continue;
                }
                let parts = settled.parts.iter().any(|p| p.contains(a) && p.contains(b));
                prop_assert!(parts, "{:?}", settled);
                let overlap = fakes.overlap(a, b).map_err(|(_, e)| e).unwrap();
                prop_assert_eq!(overlap.shared, 0);
            }
        }
        let mut reversed = files.clone();
        reversed.reverse();
        let again = run(&reversed, TOLERANT).unwrap();
        prop_assert_eq!(kept(&settled), kept(&again));
        prop_assert_eq!(&settled.superseded, &again.superseded);
        prop_assert_eq!(&settled.parts, &again.parts);
        // Strict never reads other files than tolerant does: it reads them, or stops.
        if let Ok(strict) = run(&files, STRICT) {
            prop_assert_eq!(kept(&strict), kept(&settled));
            prop_assert!(settled.failed.is_empty());
        }
    }
}
