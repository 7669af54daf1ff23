//! Lists unfolded: one photon for each element, beside the values of its row.
//!
//! On the line: between `batches.rs` and `reader.rs`. The lists of a row have as many elements as one
//! another; every other column's value is that of all the row's photons. A null list is as many nulls
//! as the row's other lists have elements.
//!
//! ```text
//! lon   h           w            lon  h  w
//! 10    [1, 2]      [5, 6]   ->  10   1  5
//! 20    null        [7]          10   2  6
//! 30    []          []           20   -  7
//! ```

use std::ops::Range;

use arrow::array::{Array, ArrayRef, AsArray, UInt64Array};
use arrow::compute::take;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;

use super::types::list_item;

/// Rows of a table, and how many photons each is.
#[derive(Debug)]
pub(super) struct Rows {
    batch: RecordBatch,
    /// First photon of each row, and one past the last; `None` where every row is one photon.
    starts: Option<Vec<u64>>,
}

/// Photons of consecutive rows.
#[derive(Debug)]
pub(super) struct Photons {
    /// In the order of the batch, one value per photon.
    pub columns: Vec<ArrayRef>,
    pub count: usize,
    /// The row of each photon, from the first of the batch.
    pub rows: Vec<u64>,
}

impl Rows {
    /// Counts the photons of each row.
    ///
    /// # Errors
    /// The first row whose lists differ in length, and what is wrong in words.
    pub fn new(batch: RecordBatch) -> Result<Self, (usize, String)> {
        let schema = batch.schema();
        let fields = schema.fields().iter().zip(batch.columns());
        let lists: Vec<(&str, &ArrayRef)> = fields
            .filter(|(field, _)| list_item(field.data_type()).is_some())
            .map(|(field, array)| (field.name().as_str(), array))
            .collect();
        if lists.is_empty() {
            return Ok(Self {
                batch,
                starts: None,
            });
        }
        let mut starts = vec![0_u64; batch.num_rows() + 1];
        for row in 0..batch.num_rows() {
            let mut known: Option<(&str, usize)> = None;
            for &(name, array) in &lists {
                let Some(range) = elements(array, row) else {
                    continue;
                };
                match known {
                    Some((first, length)) if length != range.len() => {
                        let found = range.len();
                        let message = format!(
                            "has {length} values in {first} and {found} in {name}; lists of one \
                             row have one length"
                        );
                        return Err((row, message));
                    }
                    _ => known = Some((name, range.len())),
                }
            }
            starts[row + 1] = starts[row] + known.map_or(0, |(_, length)| length as u64);
        }
        Ok(Self {
            batch,
            starts: Some(starts),
        })
    }

    /// Photons of all rows.
    pub fn count(&self) -> u64 {
        match &self.starts {
            None => self.batch.num_rows() as u64,
            Some(starts) => starts[starts.len() - 1],
        }
    }

    /// Some of the photons, wherever in a row they begin and end.
    pub fn photons(&self, wanted: Range<u64>) -> Photons {
        let Some(starts) = &self.starts else {
            let count = (wanted.end - wanted.start) as usize;
            let part = self.batch.slice(wanted.start as usize, count);
            return Photons {
                columns: part.columns().to_vec(),
                count,
                rows: wanted.collect(),
            };
        };
        let count = (wanted.end - wanted.start) as usize;
        let parts = parts(starts, &wanted);
        let mut parents = Vec::with_capacity(count);
        for (row, part) in &parts {
            parents.extend(std::iter::repeat_n(*row as u64, part.len()));
        }
        let repeated = UInt64Array::from(parents.clone());
        let unfold = |array: &ArrayRef| match child(array) {
            None => gather(array, &repeated),
            Some(values) => {
                let mut places: Vec<Option<u64>> = Vec::with_capacity(count);
                for (row, part) in &parts {
                    if let Some(range) = elements(array, *row) {
                        let first = range.start;
                        places.extend(part.clone().map(|i| Some((first + i) as u64)));
                    } else {
                        places.extend(std::iter::repeat_n(None, part.len()));
                    }
                }
                gather(&values, &UInt64Array::from(places))
            }
        };
        Photons {
            columns: self.batch.columns().iter().map(unfold).collect(),
            count,
            rows: parents,
        }
    }
}

/// Which of each row's photons are wanted, of the rows that have some.
fn parts(starts: &[u64], wanted: &Range<u64>) -> Vec<(usize, Range<usize>)> {
    let mut parts = Vec::new();
    let mut row = starts.partition_point(|&first| first <= wanted.start) - 1;
    while row + 1 < starts.len() && starts[row] < wanted.end {
        let from = wanted.start.max(starts[row]) - starts[row];
        let to = wanted.end.min(starts[row + 1]) - starts[row];
        if from < to {
            parts.push((row, from as usize..to as usize));
        }
        row += 1;
    }
    parts
}

fn gather(values: &ArrayRef, places: &UInt64Array) -> ArrayRef {
    take(values, places, None)
        .unwrap_or_else(|e| unreachable!("every place is one of the array: {e}"))
}

/// The values that the lists of an array are made of.
fn child(array: &ArrayRef) -> Option<ArrayRef> {
    Some(match array.data_type() {
        DataType::List(_) => array.as_list::<i32>().values().clone(),
        DataType::LargeList(_) => array.as_list::<i64>().values().clone(),
        DataType::FixedSizeList(..) => array.as_fixed_size_list().values().clone(),
        _ => return None,
    })
}

/// Where the elements of a row's list are in [`child`]; `None` of a null list.
fn elements(array: &ArrayRef, row: usize) -> Option<Range<usize>> {
    if array.is_null(row) {
        return None;
    }
    Some(match array.data_type() {
        DataType::List(_) => {
            let offsets = array.as_list::<i32>().value_offsets();
            offsets[row] as usize..offsets[row + 1] as usize
        }
        DataType::LargeList(_) => {
            let offsets = array.as_list::<i64>().value_offsets();
            offsets[row] as usize..offsets[row + 1] as usize
        }
        _ => {
            let lists = array.as_fixed_size_list();
            let start = lists.value_offset_at(row);
            start..start + lists.value_length() as usize
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Float64Array, Int32Array, ListArray};
    use arrow::datatypes::{Float64Type, Int32Type};

    use super::*;

    fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
        RecordBatch::try_from_iter(columns).unwrap()
    }

    fn list(rows: Vec<Option<Vec<Option<i32>>>>) -> ArrayRef {
        Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(rows))
    }

    #[test]
    fn a_list_is_as_many_photons_as_it_has_elements() {
        let rows = batch(vec![
            (
                "lon",
                Arc::new(Float64Array::from(vec![10.0, 20.0, 30.0, 40.0])),
            ),
            (
                "h",
                list(vec![
                    Some(vec![Some(1), Some(2)]),
                    None,
                    Some(vec![]),
                    Some(vec![None]),
                ]),
            ),
            (
                "w",
                list(vec![
                    Some(vec![Some(5), Some(6)]),
                    Some(vec![Some(7)]),
                    None,
                    Some(vec![Some(8)]),
                ]),
            ),
        ]);
        // A slice starts inside the lists' values.
        for (skip, photons) in [(0, vec![0, 0, 1, 3]), (1, vec![0, 2])] {
            let rows = Rows::new(rows.slice(skip, 4 - skip)).unwrap();
            let all = rows.photons(0..rows.count());
            assert_eq!((all.count, &all.rows), (photons.len(), &photons));
            let lon = all.columns[0].as_primitive::<Float64Type>();
            let first = [10.0, 10.0, 20.0, 40.0];
            assert_eq!(lon.values(), &first[4 - photons.len()..]);
            let h = all.columns[1].as_primitive::<Int32Type>();
            let expected = Int32Array::from(vec![Some(1), Some(2), None, None]);
            assert_eq!(h, &expected.slice(4 - photons.len(), photons.len()));
            let w = all.columns[2].as_primitive::<Int32Type>();
            assert_eq!(w.values(), &[5, 6, 7, 8][4 - photons.len()..]);
        }
    }

    #[test]
    fn lists_of_other_lengths_in_one_row_are_refused_with_both() {
        let rows = batch(vec![
            ("h", list(vec![Some(vec![Some(1)]), Some(vec![Some(1)])])),
            ("w", list(vec![Some(vec![Some(1)]), Some(vec![])])),
        ]);
        let (row, message) = Rows::new(rows).unwrap_err();
        assert_eq!(row, 1);
        assert!(
            message.starts_with("has 1 values in h and 0 in w"),
            "{message}"
        );
    }

    #[test]
    fn photons_are_taken_from_the_middle_of_a_row_to_that_of_another() {
        let values = |n: i32| Some((0..n).map(Some).collect());
        let lists = list([2, 1, 0, 5, 1].map(values).to_vec());
        let x: ArrayRef = Arc::new(Int32Array::from(vec![0, 1, 2, 3, 4]));
        let rows = Rows::new(batch(vec![("h", lists), ("x", x)])).unwrap();
        assert_eq!(rows.count(), 9);
        let all = [
            (0, 0),
            (0, 1),
            (1, 0),
            (3, 0),
            (3, 1),
            (3, 2),
            (3, 3),
            (3, 4),
            (4, 0),
        ];
        for start in 0..9 {
            for end in start..=9 {
                let some = rows.photons(start as u64..end as u64);
                let column = |i: usize| {
                    some.columns[i]
                        .as_primitive::<Int32Type>()
                        .values()
                        .to_vec()
                };
                let expected = &all[start..end];
                assert_eq!(column(0), expected.iter().map(|p| p.1).collect::<Vec<_>>());
                assert_eq!(column(1), expected.iter().map(|p| p.0).collect::<Vec<_>>());
                assert_eq!(
                    some.rows,
                    expected.iter().map(|p| p.0 as u64).collect::<Vec<_>>()
                );
            }
        }
        let flat = batch(vec![("h", Arc::new(Int32Array::from(vec![1, 2, 3])))]);
        let flat = Rows::new(flat).unwrap();
        assert_eq!((flat.count(), flat.photons(1..3).rows), (3, vec![1, 2]));
    }
}
