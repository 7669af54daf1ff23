//! icefold: every photon of the granule as batches, each given back when it has been seen.

use std::path::Path;

use icefold::batch::{ColumnType, Values};
use icefold::granule::{GranuleFile, Reader};
use icefold::{Result, config};

use crate::Answer;

/// Rows of a batch, as the program has them by default.
const BATCH_ROWS: usize = 1 << 20;

/// Reads the granule with the built-in config: coordinates, heights, and the filter on the echo
/// flag, which drops no photon here. Sums are taken where they are `wanted`.
pub fn decode(path: &Path, wanted: bool) -> Result<Answer> {
    let config = config::load("atl03")?;
    let granule = GranuleFile::open(path)?;
    let mut reader = Reader::open(&granule, &config, &[ColumnType::F32], BATCH_ROWS)?;
    let mut answer = Answer::default();
    while let Some(batch) = reader.next_batch()? {
        answer.photons += batch.len() as u64;
        if wanted {
            answer.lat = sum(answer.lat, batch.lat.iter().map(|x| x.to_bits()));
            answer.lon = sum(answer.lon, batch.lon.iter().map(|x| x.to_bits()));
            if let Values::F32(h) = &batch.columns[0].values {
                answer.h = sum(answer.h, h.iter().map(|x| u64::from(x.to_bits())));
            }
        }
        reader.recycle(batch);
    }
    answer.bytes = reader.bytes_read();
    Ok(answer)
}

fn sum(start: u64, bits: impl Iterator<Item = u64>) -> u64 {
    bits.fold(start, u64::wrapping_add)
}
