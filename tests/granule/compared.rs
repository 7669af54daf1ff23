//! Datasets of every type that only filters look at: the same photons as where a batch holds them, too.

use hdf5::H5Type;
use icefold::config::FilterOp::{self, Eq, Ge, Gt, In, Le, Lt, Ne, NotIn};
use icefold::config::ValidRangePolicy;

use super::synthetic::{Closed, Synthetic, fill, number};
use super::{Whole, atl03, filter, read, variable};

const ROWS: usize = 1_500;
const PATH: &str = "gt1l/heights/class";

/// How a dataset is stored.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Layout {
    Contiguous,
    Chunked,
    /// The second of five columns.
    Column,
}

/// A granule whose class goes through the values, many of them several times in a row.
fn granule<T: H5Type + Copy>(layout: Layout, values: &[T], (null, low): (T, T)) -> Closed {
    let heights: Vec<f32> = (0..ROWS).map(|row| row as f32).collect();
    let granule = Synthetic::with_heights(&heights);
    let class = |row: usize| values[(row / 37 + row / 500 * (row % 3)) % values.len()];
    let classes: Vec<T> = (0..ROWS).map(class).collect();
    let dataset = match layout {
        Layout::Contiguous => granule.write(PATH, &classes),
        Layout::Chunked => granule.write_chunked(PATH, &classes, 300, Some(6)),
        Layout::Column => {
            let rows = classes.iter().enumerate();
            let rows: Vec<T> = rows
                .flat_map(|(row, &class)| {
                    let other = values[row % values.len()];
                    [other, class, other, other, other]
                })
                .collect();
            let group = granule.within("gt1l/heights");
            let dataset = group.new_dataset::<T>().shape((ROWS, 5)).chunk((300, 5));
            let dataset = dataset.deflate(6).create("class").unwrap();
            dataset.write_raw(&rows).unwrap();
            dataset
        }
    };
    fill(&dataset, null, false);
    number(&dataset, "valid_min", low);
    drop(dataset);
    granule.close()
}

/// The photons without the last of their values, and all that is said of them.
fn said(mut whole: Whole, last: bool) -> impl PartialEq + std::fmt::Debug {
    if last {
        for photon in &mut whole.photons {
            photon.values.pop();
        }
    }
    let Whole {
        photons,
        counts,
        warnings,
        ..
    } = whole;
    (photons, counts.kept, counts.rejected, warnings)
}

/// Reads with a filter of the class alone, and with the class as a column beside, where it is held in 64 bits.
#[track_caller]
fn assert_same(closed: &Closed, layout: Layout, (op, values, keep): (FilterOp, &[f64], bool)) {
    let column = (layout == Layout::Column).then_some(1);
    let mut class = filter("heights/class", column, op, 0.0);
    class.values = values.to_vec();
    class.keep = keep;
    let mut alone = atl03(&["h_ph"]);
    alone.filters = vec![class, filter("heights/h_ph", None, Ge, 3.0)];
    if !keep {
        alone.valid_range = ValidRangePolicy::Ignore;
    }
    let mut beside = alone.clone();
    let mut held = variable("class", "/{group}/heights/class", false);
    held.column = column;
    beside.variables.push(held);
    let alone = read(&closed.path, &alone, 700).unwrap();
    let beside = read(&closed.path, &beside, 700).unwrap();
    assert_eq!(alone.counts.read, ROWS as u64);
    assert_eq!(said(alone, false), said(beside, true), "{layout:?} {op:?}");
}

fn check<T: H5Type + Copy + Into<i128>>(values: &[T], (null, low): (T, T)) {
    let as_float = |value: T| value.into() as f64;
    let (first, last) = (as_float(values[0]), as_float(values[values.len() - 1]));
    for layout in [Layout::Contiguous, Layout::Chunked, Layout::Column] {
        let closed = granule(layout, values, (null, low));
        for (op, constants, keep) in [
            (Eq, vec![first], true),
            (Ne, vec![first], true),
            (Ge, vec![0.5], false),
            (Lt, vec![last], true),
            (Gt, vec![last], false),
            (Le, vec![-1e300], true),
            (In, vec![first, last, 3.0], true),
            (NotIn, vec![first, last, as_float(null)], true),
        ] {
            assert_same(&closed, layout, (op, &constants, keep));
        }
    }
}

#[test]
fn integers_with_a_sign_are_compared_as_if_a_batch_held_them() {
    check(&[i8::MIN, -2, -1, 0, 3, 4, i8::MAX], (4, -2));
    check(&[i16::MIN, -2, -1, 0, 3, 4, i16::MAX], (i16::MIN, -2));
    check(&[i32::MIN, -2, -1, 0, 3, 4, i32::MAX], (i32::MAX, i32::MIN));
}

#[test]
fn integers_without_a_sign_are_compared_as_if_a_batch_held_them() {
    check(&[0, 3, 4, 127_u8, 128, u8::MAX], (u8::MAX, 1));
    check(&[0, 3, 4, 0x7fff_u16, 0x8000, u16::MAX], (0, 3));
    check(&[0, 3, 4, 0x7fff_ffff_u32, 0x8000_0000, u32::MAX], (3, 0));
}

#[test]
fn a_filter_of_stored_integers_keeps_what_the_integers_say() {
    let values = [i8::MIN, -2, -1, 0, 3, 4, i8::MAX];
    let closed = granule(Layout::Column, &values, (4, i8::MIN));
    let mut config = atl03(&["h_ph"]);
    config.filters = vec![filter("heights/class", Some(1), Ne, -2.0)];
    let whole = read(&closed.path, &config, 900).unwrap();
    let class = |row: usize| values[(row / 37 + row / 500 * (row % 3)) % values.len()];
    let kept: Vec<u64> = (0..ROWS)
        .filter(|&row| !matches!(class(row), -2 | 4))
        .map(|row| row as u64)
        .collect();
    let rows: Vec<u64> = whole.photons.iter().map(|photon| photon.row).collect();
    assert_eq!(rows, kept);
    let heights = whole.photons.iter().map(|photon| photon.values[0]);
    let expected = kept
        .iter()
        .map(|&row| Some(u64::from((row as f32).to_bits())));
    assert!(heights.eq(expected));
    // As many bytes are decoded as ever: two positions, a height and a class.
    assert_eq!(whole.bytes_read, ROWS as u64 * (8 + 8 + 4 + 1));
}
