//! The floor of reading: the storage chunks of the datasets that a config reads, inflated one by one
//! and discarded. No value is unshuffled, converted, checked or kept.

use std::cell::RefCell;
use std::fs::File;
use std::path::Path;

use icefold::config::Config;
use icefold::{Error, Result};
use libdeflater::Decompressor;
use rayon::prelude::*;

/// A storage chunk, and the length that it inflates to.
#[derive(Debug)]
pub struct Chunk {
    address: u64,
    size: usize,
    length: usize,
}

/// The chunks of the datasets, through libhdf5; not timed. A ground track that is absent has none.
pub fn chunks(path: &Path, config: &Config) -> Result<Vec<Chunk>> {
    let failed = |e: hdf5::Error| Error::granule(path.display().to_string(), e.to_string());
    let file = hdf5::File::open(path).map_err(failed)?;
    let mut templates = vec![&config.latitude, &config.longitude];
    templates.extend(config.variables.iter().map(|variable| &variable.path));
    templates.extend(config.filters.iter().map(|filter| &filter.dataset));
    let mut chunks = Vec::new();
    for track in &config.ground_tracks {
        for template in &templates {
            let Ok(dataset) = file.dataset(&template.replace("{group}", track)) else {
                continue;
            };
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
    }
    Ok(chunks)
}

/// Reads and inflates every chunk; gives back how many bytes they hold.
pub fn inflate(path: &Path, chunks: &[Chunk]) -> Result<u64> {
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
    lengths.sum()
}
