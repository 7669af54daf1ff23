//! Part of a batch, for devices that take less than a batch.

use std::ops::Range;

use arrow::buffer::NullBuffer;

use crate::photon::{Column, PhotonBatch, Values};

/// Some photons of a column.
pub fn part(column: &Column, photons: Range<usize>) -> Column {
    let (start, len) = (photons.start, photons.len());
    Column {
        values: match &column.values {
            Values::F32(v) => Values::F32(v[photons].to_vec().into()),
            Values::F64(v) => Values::F64(v[photons].to_vec().into()),
            Values::I64(v) => Values::I64(v[photons].to_vec().into()),
        },
        nulls: column.nulls.as_ref().map(|nulls| nulls.slice(start, len)),
    }
}

/// Some photons of a batch.
pub fn part_of_batch(batch: &PhotonBatch, photons: Range<usize>) -> PhotonBatch {
    let mut origin = batch.origin.clone();
    origin.rows = origin.rows.part(photons.clone());
    PhotonBatch {
        origin,
        step: batch.step,
        lon: batch.lon[photons.clone()].to_vec().into(),
        lat: batch.lat[photons.clone()].to_vec().into(),
        columns: batch
            .columns
            .iter()
            .map(|column| part(column, photons.clone()))
            .collect(),
    }
}

/// One bit per photon, lowest first.
pub fn valid_words(nulls: &NullBuffer, photons: Range<usize>) -> Vec<u32> {
    let bits = nulls.inner().slice(photons.start, photons.len());
    let bytes = bits.sliced();
    let words = bytes.as_slice().chunks(4).map(|bytes| {
        let mut word = [0; 4];
        word[..bytes.len()].copy_from_slice(bytes);
        u32::from_le_bytes(word)
    });
    words.take(photons.len().div_ceil(32)).collect()
}

/// Which of these photons are not null, where words have a bit for each of all, lowest first.
pub fn valid_nulls(words: &[u32], photons: &[u32]) -> NullBuffer {
    let is_valid = |&photon: &u32| {
        let word = words.get((photon / u32::BITS) as usize);
        word.is_some_and(|word| word >> (photon % u32::BITS) & 1 == 1)
    };
    photons.iter().map(is_valid).collect()
}
