//! Marks of a granule: what its name says of the granule, its track and its cycle.
//!
//! Beside `product.rs`, for counts of granules, tracks and cycles. Files of one granule, such as its parts, have the same.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::product::ProductName;
use crate::stat::Marks;

/// Reference ground tracks that there are.
const TRACKS: u16 = 1387;

/// The marks of the granule of this name.
pub(crate) fn marks_of(name: &str) -> Marks {
    let product = ProductName::of(Path::new(name));
    let granule = product.as_ref().map_or(name, |product| &product.granule);
    let hash = Sha256::digest(granule.as_bytes());
    let half = |at: usize| u64::from_be_bytes(std::array::from_fn(|i| hash[at + i]));
    let (track, cycle) = product.map_or((None, None), |product| orbit(&product.granule));
    Marks {
        granule: [half(0), half(8)],
        track,
        cycle,
    }
}

/// Track and cycle: `ttttccss` behind the time of along-track products, and `ttttss` of ATL11, whose granules are of
/// many cycles.
fn orbit(granule: &str) -> (Option<u16>, Option<u16>) {
    let mut fields = granule.split('_').skip(1);
    let (Some(first), Some(second)) = (fields.next(), fields.next()) else {
        return (None, None);
    };
    let (orbit, has_cycle) = match (first.len(), second.len()) {
        (14, 8) => (second, true),
        (6, _) => (first, false),
        _ => return (None, None),
    };
    let number = |part: Option<&str>| part.and_then(|part| part.parse().ok());
    let track = number(orbit.get(..4)).filter(|track| (1..=TRACKS).contains(track));
    let cycle = number(orbit.get(4..6).filter(|_| has_cycle)).filter(|&cycle: &u16| cycle > 0);
    (track, cycle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_products_say_track_and_cycle() {
        let of = |name: &str| {
            let marks = marks_of(name);
            (marks.track, marks.cycle)
        };
        let name = "ATL06_20190105163308_01260202_006_02.h5";
        assert_eq!(of(name), (Some(126), Some(2)));
        assert_eq!(
            of("b/processed_ATL03_20190105163308_13871614_006_02_sub.h5"),
            (Some(1387), Some(16))
        );
        assert_eq!(of("ATL11_000110_0318_006_01.h5"), (Some(1), None));
        assert_eq!(of("ATL15_A1_0318_10km_003_01.nc"), (None, None));
        assert_eq!(of("ATL06_20190105163308_00000002_006_02.h5"), (None, None));
        assert_eq!(of("points.parquet"), (None, None));
    }

    #[test]
    fn releases_and_parts_are_one_granule_and_other_files_their_names() {
        let of = |name: &str| marks_of(name).granule;
        let name = "ATL06_20190105163308_01260202_006_02.h5";
        assert_eq!(
            of(name),
            of("a/ATL06_20190105163308_01260202_007_01_part.h5")
        );
        assert_ne!(of(name), of("ATL06_20190105163308_01260203_006_02.h5"));
        assert_ne!(of("a.parquet"), of("b.parquet"));
        assert_ne!(of("a/points.parquet"), of("b/points.parquet"));
    }
}
