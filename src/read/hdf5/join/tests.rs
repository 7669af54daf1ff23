//! Tests: rows find their photons, however blocks are cut, and contradictions are told.

use super::*;
use crate::read::hdf5::link::Runs;
use proptest::prelude::*;

fn photons(base: &[i64], ids: &[i64]) -> Result<Places, BadJoin> {
    let mut matching = Matching::to(base, None)?;
    ids.iter().try_for_each(|&id| matching.photon(id))?;
    Ok(matching.places())
}

fn segments(base: &[i64], ids: &[(i64, i64)]) -> Result<Places, BadJoin> {
    let mut matching = Matching::to(base, None)?;
    ids.iter()
        .try_for_each(|&(first, last)| matching.segments(first, last))?;
    Ok(matching.places())
}

#[test]
fn a_photon_is_told_by_its_geolocation_segment_and_its_place_in_it_from_1() {
    // Three photons in segment 10, none in 11, two in 12; row 2 is of a segment that is not here.
    let runs = Runs::from_counts(&[3, 0, 2], 5).unwrap();
    let places = photons(&[10, 11, 12], &[10, 10, 11, 12]).unwrap();
    let of = |block: Range<u64>, indices: &[i64]| {
        let runs = runs.overlapping(&block);
        places.own(&runs, &block, indices)
    };
    let all = of(0..5, &[1, 3, 1, 2]);
    // Segment 11 has no run, so nothing is asked of its row.
    assert_eq!(
        all.unwrap(),
        Matched {
            rows: 0..4,
            of_photon: vec![0, NONE, 1, NONE, 3]
        }
    );
    let part = of(2..4, &[1, 3, 1, 2]).unwrap();
    assert_eq!(part.of_photon, [1, NONE]);
    let beyond = BadJoin::Beyond {
        row: 3,
        index: 3,
        photons: 2,
    };
    assert_eq!(of(0..5, &[1, 3, 1, 3]), Err(beyond));
    let zero = BadJoin::Beyond {
        row: 0,
        index: 0,
        photons: 3,
    };
    assert_eq!(of(0..5, &[0, 3, 1, 2]), Err(zero));
    assert_eq!(
        of(2..3, &[3, 3, 1, 2]),
        Err(BadJoin::Shared { row: 1, index: 3 })
    );
}

#[test]
fn a_row_of_several_geolocation_segments_belongs_to_all_their_photons() {
    let runs = Runs::from_counts(&[2, 1, 0, 1], 4).unwrap();
    let places = segments(&[7, 8, 9, 20], &[(1, 5), (6, 7), (8, 12), (21, 30)]).unwrap();
    let block = 0..4;
    let matched = places.shared(&runs.overlapping(&block), &block);
    assert_eq!(
        matched,
        Matched {
            rows: 1..3,
            of_photon: vec![0, 0, 1, NONE]
        }
    );
    let block = 3..4;
    let none = places.shared(&runs.overlapping(&block), &block);
    assert_eq!(
        none,
        Matched {
            rows: 0..0,
            of_photon: vec![NONE]
        }
    );
}

#[test]
fn rows_that_contradict_themselves_are_told() {
    let twice = Matching::to(&[4, 9, 4], None).unwrap_err();
    assert_eq!(twice, BadJoin::Twice { id: 4 });
    let nulls = NullBuffer::from(vec![true, true, false]);
    assert!(Matching::to(&[4, 9, 4], Some(&nulls)).is_ok());
    let order = BadJoin::Order {
        row: 2,
        id: 4,
        before: 5,
    };
    assert_eq!(photons(&[4, 5], &[4, 5, 4]), Err(order));
    let order = BadJoin::Order {
        row: 1,
        id: 4,
        before: 4,
    };
    assert_eq!(segments(&[4, 5], &[(4, 4), (4, 4)]), Err(order));
    let overlap = BadJoin::Order {
        row: 1,
        id: 8,
        before: 9,
    };
    assert_eq!(segments(&[4, 5], &[(5, 9), (8, 12)]), Err(overlap));
    let backward = BadJoin::Backward {
        row: 0,
        first: 5,
        last: 4,
    };
    assert_eq!(segments(&[4, 5], &[(5, 4)]), Err(backward));
}

proptest! {
    #[test]
    fn blocks_of_photons_have_the_rows_that_a_search_finds(
        counts in prop::collection::vec((0_i64..5, 1_i64..4, 0_u8..32), 1..40),
        step in 1_u64..20,
    ) {
        // Numbers with gaps, and some photons of each geolocation segment.
        let (mut base, mut id) = (Vec::new(), 0);
        let (mut ids, mut indices) = (Vec::new(), Vec::new());
        for (count, gap, mask) in &counts {
            id += gap;
            base.push(id);
            for index in 1..=*count {
                if mask >> index & 1 == 1 {
                    ids.push(id);
                    indices.push(index);
                }
            }
        }
        let lengths: Vec<i64> = counts.iter().map(|(count, ..)| *count).collect();
        let all = lengths.iter().sum::<i64>() as u64;
        let runs = Runs::from_counts(&lengths, all).unwrap();
        let places = photons(&base, &ids).unwrap();
        let mut expected = Vec::new();
        for (segment, length) in lengths.iter().enumerate() {
            for index in 1..=*length {
                let mut rows = ids.iter().zip(&indices);
                expected.push(rows.position(|row| row == (&base[segment], &index)));
            }
        }
        let mut found = Vec::new();
        let mut start = 0;
        while start < all {
            let block = start..all.min(start + step);
            let of_block = runs.overlapping(&block);
            let cover = places.cover(&of_block);
            let some = &indices[cover.start as usize..cover.end as usize];
            let matched = places.own(&of_block, &block, some).unwrap();
            found.extend(matched.of_photon.iter().map(|&row| {
                (row != NONE).then(|| row as usize + matched.rows.start as usize)
            }));
            start = block.end;
        }
        prop_assert_eq!(found, expected);
    }
}
