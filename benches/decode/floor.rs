//! The floor: the storage chunks of the four datasets, read and inflated one by one and discarded.
//! No value is unshuffled, converted, checked or kept.

use std::cell::RefCell;
use std::fs::File;
use std::path::Path;

use icefold::{Error, Result};
use libdeflater::Decompressor;
use rayon::prelude::*;

use crate::Answer;

const DATASETS: [&str; 4] = ["lat_ph", "lon_ph", "h_ph", "signal_conf_ph"];

/// A storage chunk, and the length that it inflates to.
#[derive(Debug)]
pub struct Chunk {
    address: u64,
    size: usize,
    length: usize,
}

/// The chunks of the datasets, through libhdf5; not timed.
pub fn chunks(path: &Path) -> Result<Vec<Chunk>> {
    let failed = |e: hdf5::Error| Error::granule(path.display().to_string(), e.to_string());
    let file = hdf5::File::open(path).map_err(failed)?;
    let mut chunks = Vec::new();
    for name in DATASETS {
        let dataset = file.dataset(&format!("/gt1l/heights/{name}"));
        let dataset = dataset.map_err(failed)?;
        let size = dataset.dtype().map_err(failed)?.size();
        let length = size * dataset.chunk().iter().flatten().product::<usize>();
        let visited = dataset.chunks_visit(|info| {
            chunks.push(Chunk {
                address: info.addr,
                size: info.size as usize,
                length,
            });
            0
        });
        visited.map_err(failed)?;
    }
    Ok(chunks)
}

/// Reads and inflates every chunk.
pub fn inflate(path: &Path, chunks: &[Chunk]) -> Result<Answer> {
    thread_local! {
        static STATE: RefCell<(Decompressor, Vec<u8>, Vec<u8>)> =
            RefCell::new((Decompressor::new(), Vec::new(), Vec::new()));
    }
    let file = File::open(path).map_err(|e| Error::io("open", path, e))?;
    let lengths = chunks.par_iter().with_max_len(1).map(|chunk| {
        STATE.with_borrow_mut(|(inflater, stored, out)| {
            stored.resize(stored.len().max(chunk.size), 0);
            out.resize(out.len().max(chunk.length), 0);
            let stored = &mut stored[..chunk.size];
            std::os::unix::fs::FileExt::read_exact_at(&file, stored, chunk.address)
                .map_err(|e| Error::io("read", path, e))?;
            inflater
                .zlib_decompress(stored, &mut out[..chunk.length])
                .map(|length| length as u64)
                .map_err(|e| Error::granule(path.display().to_string(), e.to_string()))
        })
    });
    let bytes = lengths.sum::<Result<u64>>()?;
    Ok(Answer {
        bytes,
        ..Answer::default()
    })
}
