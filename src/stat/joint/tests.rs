//! Tests: rows of joint accumulators in any order, joined, cut and checked.

use proptest::prelude::*;

use super::*;

fn rows(form: Form, rows: &[(u64, Vec<u64>)]) -> JointRows {
    let mut table = JointRows::new(form);
    for (cell, row) in rows {
        table.push(*cell, row);
    }
    table
}

fn form() -> impl Strategy<Value = Form> {
    prop_oneof![
        (1usize..=MOST_COLUMNS).prop_map(Form::Products),
        Just(Form::Ends),
        Just(Form::Marks(Mark::Granule)),
    ]
}

/// A form, and rows of some cells in the order of the cells.
fn table() -> impl Strategy<Value = (Form, Vec<(u64, Vec<u64>)>)> {
    form().prop_flat_map(|form| {
        let word = prop_oneof![
            0u64..3,
            any::<u64>().prop_map(|w| w >> 1),
            Just(u64::MAX >> 1)
        ];
        let row = (0u64..12, prop::collection::vec(word, form.words()));
        let rows = prop::collection::vec(row, 0..30).prop_map(|mut rows| {
            // Numbers of photons do not wrap.
            for (_, row) in &mut rows {
                row[0] >>= 8;
            }
            rows.sort_by_key(|(cell, _)| *cell);
            rows
        });
        (Just(form), rows)
    })
}

proptest! {
    #[test]
    fn rows_are_the_same_in_any_order_and_however_they_are_joined(
        (form, mut all) in table(),
        cut in any::<prop::sample::Index>(),
    ) {
        let whole = rows(form, &all);
        let cells: Vec<u64> = (0..12).collect();
        prop_assert!(whole.check(&cells).is_ok());
        all.reverse();
        all.sort_by_key(|(cell, _)| *cell);
        prop_assert_eq!(&rows(form, &all), &whole);
        // In two tables, joined cell by cell.
        let cut = cut.index(all.len() + 1);
        let (a, b) = (rows(form, &all[..cut]), rows(form, &all[cut..]));
        let mut joined = JointRows::new(form);
        for &cell in &cells {
            joined.join(&a, cell, cell);
            joined.join(&b, cell, cell);
        }
        prop_assert_eq!(&joined, &whole);
        // All in one cell, as in an overview.
        let (mut one, mut other) = (JointRows::new(form), JointRows::new(form));
        for (&up, &down) in cells.iter().zip(cells.iter().rev()) {
            one.join(&whole, up, 3);
            other.join(&whole, down, 3);
        }
        prop_assert_eq!(one, other);
        let mut part = whole.clone();
        part.truncate(5);
        part.extend(&whole, &cells[5..]);
        prop_assert_eq!(part, whole);
    }
}

#[test]
fn the_first_of_equal_times_has_the_least_value_and_the_last_the_greatest() {
    let row = |time, value| vec![time, value, time, value];
    let table = rows(
        Form::Ends,
        &[
            (7, row(5, 30)),
            (7, row(5, 10)),
            (7, row(9, 1)),
            (7, row(9, 2)),
        ],
    );
    assert_eq!(table.get(7), Some(&[5, 10, 9, 2][..]));
    assert_eq!(table.get(8), None);
}

#[test]
fn a_mark_is_in_a_set_once() {
    let mark = |n| (4, vec![0, n]);
    let table = rows(
        Form::Marks(Mark::Cycle),
        &[mark(9), mark(3), mark(9), mark(3), mark(5)],
    );
    assert_eq!(table.words, [0, 3, 0, 5, 0, 9]);
    assert_eq!(table.rows_of(4), 0..3);
}

#[test]
fn rows_of_cells_that_are_not_there_or_come_twice_are_found() {
    let row = vec![1, 2, 1, 2];
    let table = rows(Form::Ends, &[(3, row.clone()), (5, row.clone())]);
    assert!(table.check(&[3, 4, 5]).is_ok());
    assert!(table.check(&[3, 4]).is_err());
    let twice = JointRows::of(Form::Ends, vec![3, 3], [row.clone(), row.clone()].concat());
    assert!(twice.unwrap().check(&[3]).is_err());
    let form = Form::Marks(Mark::Granule);
    let marks = |words: Vec<u64>| JointRows::of(form, vec![3, 3], words).unwrap();
    assert!(marks(vec![0, 1, 0, 2]).check(&[3]).is_ok());
    assert!(marks(vec![0, 2, 0, 2]).check(&[3]).is_err());
    assert!(marks(vec![0, 2, 0, 1]).check(&[3]).is_err());
    assert_eq!(JointRows::of(form, vec![3], vec![1]), None);
}
