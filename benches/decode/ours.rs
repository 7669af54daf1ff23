//! icefold: every photon of the granule as batches, each given back when it has been seen; and the
//! whole line from the granule to partials.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use icefold::backend::{Device, DeviceChoice};
use icefold::batch::{ColumnType, Values};
use icefold::config::DuplicatePolicy;
use icefold::granule::{Buffers, GranuleFile, Reader};
use icefold::pipeline::{self, Memory, Options};
use icefold::plan::plan;
use icefold::report::Progress;
use icefold::{Result, config};

use crate::Answer;

/// Rows of a batch, as the program has them by default.
const BATCH_ROWS: usize = 1 << 20;

/// Reads the granule with the built-in config: coordinates, heights, and the filter on the echo
/// flag, which drops no photon here. Sums are taken where they are `wanted`. Buffers are used again
/// from granule to granule, as in a run.
pub fn decode(path: &Path, wanted: bool, buffers: &mut Buffers) -> Result<Answer> {
    let config = config::load("atl03")?;
    let granule = GranuleFile::open(path)?;
    let rows = std::env::var("ROWS")
        .ok()
        .and_then(|r| r.parse().ok())
        .unwrap_or(BATCH_ROWS);
    let reader = Reader::open(&granule, &config, &[ColumnType::F32], rows)?;
    let mut reader = reader.with_buffers(std::mem::take(buffers));
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
    *buffers = reader.into_buffers();
    Ok(answer)
}

/// Folds the granule into partials of count, minimum, maximum, mean and variance, as a run does;
/// returns how many photons they hold.
pub fn partials(path: &Path, threads: usize) -> Result<u64> {
    let config = config::parse_yaml("five", include_str!("five.yaml"))?;
    let plan = plan(
        &[PathBuf::from(path)],
        config.granules,
        DuplicatePolicy::Error,
    )?;
    let device = Device::open(&DeviceChoice::Cpu, threads)?;
    let survey = pipeline::survey(&config, &plan, false)?;
    let options = Options {
        batch_rows: Memory::DEFAULT.rows(&survey.types, config.filters.len(), &survey.job),
        tolerant: false,
        table: None,
        // A strict run lists nothing.
        errors: Path::new("errors.parquet"),
        partials: u64::MAX,
        spill: Path::new(""),
        pieces: None,
        interrupted: &AtomicBool::new(false),
    };
    let folded = pipeline::fold(&config, &survey, &device, &options, &Progress::hidden())?;
    Ok(folded.partials.photons())
}

fn sum(start: u64, bits: impl Iterator<Item = u64>) -> u64 {
    bits.fold(start, u64::wrapping_add)
}
