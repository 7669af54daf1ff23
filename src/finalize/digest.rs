//! Digests as columns of a table: for each cell a list of centroids, each a mean and a weight, and lists of their words.
//!
//! Beside `table.rs`, which makes the columns; stores take them apart again.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Float32Array, LargeListArray, StructArray, UInt64Array,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Fields, Float32Type, UInt64Type};

use super::Kind;
use crate::stat::{Channel, TDigest};

/// Bytes of one centroid where they are stored: two of float32.
const CENTROID: usize = 8;

/// The type of the column.
pub(super) fn data_type() -> DataType {
    DataType::LargeList(item())
}

/// The type of a column of words.
pub(super) fn words_type() -> DataType {
    DataType::LargeList(word())
}

fn word() -> Arc<Field> {
    Arc::new(Field::new("item", DataType::UInt64, false))
}

fn item() -> Arc<Field> {
    Arc::new(Field::new("item", DataType::Struct(members()), false))
}

fn members() -> Fields {
    ["mean", "weight"]
        .into_iter()
        .map(|name| Field::new(name, DataType::Float32, false))
        .collect()
}

/// A column of the digests of cells.
pub fn digests_of(digests: &[TDigest]) -> ArrayRef {
    let offsets = OffsetBuffer::from_lengths(digests.iter().map(TDigest::len));
    let all = digests.iter().map(TDigest::len).sum();
    let (mut means, mut weights) = (Vec::with_capacity(all), Vec::with_capacity(all));
    for digest in digests {
        means.extend(digest.iter().map(|(mean, _)| mean));
        weights.extend(digest.iter().map(|(_, weight)| weight));
    }
    let columns = [means, weights].map(|values| Arc::new(Float32Array::from(values)) as ArrayRef);
    let columns = columns.to_vec();
    let centroids = Arc::new(StructArray::new(members(), columns, None));
    Arc::new(LargeListArray::new(item(), offsets, centroids, None))
}

/// A column of the words of their centroids.
pub fn words_of(digests: &[TDigest], channel: Channel) -> ArrayRef {
    let lists = digests.iter().map(|digest| digest.words(channel));
    let offsets = OffsetBuffer::from_lengths(lists.clone().map(<[u64]>::len));
    let words = UInt64Array::from_iter_values(lists.flatten().copied());
    Arc::new(LargeListArray::new(word(), offsets, Arc::new(words), None))
}

/// What a cell without photons has in an array of lists.
pub fn no_list(kind: &Kind) -> ArrayRef {
    let none = [TDigest::default()];
    match kind {
        Kind::Words(channel) => words_of(&none, *channel),
        _ => digests_of(&none),
    }
}

/// Of each cell its list as little-endian bytes: of centroids mean, weight, mean, weight; or its words. An error in words
/// if the column is none of digests.
pub fn payloads(column: &ArrayRef) -> Result<Vec<Vec<u8>>, String> {
    let wrong = || format!("a column of digests is {}", column.data_type());
    if column.data_type() == &words_type() && column.null_count() == 0 {
        let lists = column.as_list_opt::<i64>().ok_or_else(wrong)?;
        let words = lists.values().as_primitive_opt::<UInt64Type>();
        let words = words.ok_or_else(wrong)?.values();
        let cells = lists.value_offsets().windows(2).map(|pair| {
            let words = &words[pair[0] as usize..pair[1] as usize];
            words.iter().flat_map(|word| word.to_le_bytes()).collect()
        });
        return Ok(cells.collect());
    }
    if column.data_type() != &data_type() || column.null_count() > 0 {
        return Err(wrong());
    }
    let lists = column.as_list_opt::<i64>().ok_or_else(wrong)?;
    let centroids = lists.values().as_struct_opt().ok_or_else(wrong)?;
    let part = |place: usize| centroids.column(place).as_primitive_opt::<Float32Type>();
    let (means, weights) = (part(0).ok_or_else(wrong)?, part(1).ok_or_else(wrong)?);
    let (means, weights) = (means.values(), weights.values());
    let cells = lists.value_offsets().windows(2).map(|pair| {
        let (start, end) = (pair[0] as usize, pair[1] as usize);
        let mut bytes = vec![0; (end - start) * CENTROID];
        let (centroids, _) = bytes.as_chunks_mut::<CENTROID>();
        let parts = means[start..end].iter().zip(&weights[start..end]);
        for (centroid, (mean, weight)) in centroids.iter_mut().zip(parts) {
            let both = u64::from(mean.to_bits()) | u64::from(weight.to_bits()) << 32;
            *centroid = both.to_le_bytes();
        }
        bytes
    });
    Ok(cells.collect())
}

/// The digest of such bytes; what is no whole centroid at their end is left out.
pub fn digest_of(payload: &[u8]) -> TDigest {
    let (centroids, _) = payload.as_chunks::<CENTROID>();
    TDigest::of(centroids.iter().map(|bytes| {
        let [a, b, c, d, e, f, g, h] = *bytes;
        (
            f32::from_le_bytes([a, b, c, d]),
            f32::from_le_bytes([e, f, g, h]),
        )
    }))
}

/// The words of such bytes.
pub fn words_in(payload: &[u8]) -> Vec<u64> {
    let (words, _) = payload.as_chunks::<8>();
    words.iter().map(|word| u64::from_le_bytes(*word)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_survive_the_way_through_a_column_and_bytes() {
        let digests = [
            TDigest::of([(1.5, 2.0), (3.0, 1.0)]),
            TDigest::default(),
            TDigest::of([(-0.25, 7.0)]),
        ];
        let column = digests_of(&digests);
        assert_eq!((column.len(), column.null_count()), (3, 0));
        let payloads = payloads(&column.slice(1, 2)).unwrap();
        assert_eq!(payloads[0], Vec::<u8>::new());
        assert_eq!(digest_of(&payloads[1]), digests[2]);
        let told = digests.map(|digest| {
            let words = (0..digest.len() as u64).collect();
            digest.telling(Channel::Time, words)
        });
        let column = words_of(&told, Channel::Time);
        let found = super::payloads(&column.slice(1, 2)).unwrap();
        assert_eq!(
            [words_in(&found[0]), words_in(&found[1])],
            [vec![], vec![0]]
        );
        assert!(
            super::payloads(&words_of(&told, Channel::Location))
                .unwrap()
                .iter()
                .all(Vec::is_empty)
        );
        let numbers: ArrayRef = Arc::new(Float32Array::from(vec![1.0]));
        assert!(super::payloads(&numbers).is_err());
    }
}
