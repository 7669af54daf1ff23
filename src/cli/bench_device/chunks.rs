//! Storage chunks inflated on the device, beside libdeflate on all threads of the host: columns of photons along a
//! track, cut into chunks and compressed as products have them.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use libdeflater::{CompressionLvl, Compressor};
use rayon::prelude::*;
use serde_json::json;

use crate::decode::inflate::with_tools;
use crate::error::{Error, Result};
use crate::photon::{PhotonBatch, Values};

use super::photons::{Columns, Workload, job};
use super::{Bench, rate};

const REPEATS: usize = 5;
/// Rows of a chunk: of products as they are, and of later releases.
const CHUNK_ROWS: [usize; 2] = [10_000, 100_000];
/// As products are compressed.
const LEVEL: i32 = 6;

/// A chunk as it is, and as a file has it.
struct Chunk<'a> {
    plain: &'a [u8],
    stored: Vec<u8>,
}

/// Every chunk of a batch's columns.
fn chunks(batch: &PhotonBatch, rows: usize) -> Result<Vec<Chunk<'_>>> {
    let mut columns: Vec<(&[u8], usize)> = vec![
        (bytemuck::cast_slice(&batch.lon), 8),
        (bytemuck::cast_slice(&batch.lat), 8),
    ];
    columns.extend(batch.columns.iter().map(|column| match &column.values {
        Values::F32(v) => (bytemuck::cast_slice(v), 4),
        Values::F64(v) => (bytemuck::cast_slice(v), 8),
        Values::I64(v) => (bytemuck::cast_slice(v), 8),
    }));
    let plain = columns
        .iter()
        .flat_map(|&(bytes, size)| bytes.chunks(rows * size));
    let plain: Vec<&[u8]> = plain.collect();
    plain.into_par_iter().map(compressed).collect()
}

fn compressed(plain: &[u8]) -> Result<Chunk<'_>> {
    let failed = |why: &dyn std::fmt::Debug| Error::argument(format!("libdeflate: {why:?}"));
    let level = CompressionLvl::new(LEVEL).map_err(|e| failed(&e))?;
    let mut compressor = Compressor::new(level);
    let mut stored = vec![0; compressor.zlib_compress_bound(plain.len())];
    let length = compressor.zlib_compress(plain, &mut stored);
    stored.truncate(length.map_err(|e| failed(&e))?);
    Ok(Chunk { plain, stored })
}

/// Inflates chunks of each length: on the host, and on the device where their bytes are there.
pub fn inflate(bench: &mut Bench) -> Result<()> {
    let n = bench.args.photons as usize;
    let batch = bench.batch(Workload::AlongTrack, n, &job(Columns::Height));
    for rows in CHUNK_ROWS {
        let chunks = bench.cpu.install(|| chunks(&batch, rows))?;
        inflate_all(bench, &chunks, rows)?;
        if let Some(folder) = &bench.args.out {
            written(&chunks, &folder.join(rows.to_string()))?;
        }
    }
    Ok(())
}

/// Writes chunks for other programs, one after the other: as they are in `plain`, as a file has them in `stored`, and both
/// lengths of each in `lengths.u32`.
fn written(chunks: &[Chunk], folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|e| Error::io("create", folder, e))?;
    let write = |name: &str, parts: &mut dyn Iterator<Item = &[u8]>| {
        let path = folder.join(name);
        let file = File::create(&path).map_err(|e| Error::io("create", &path, e))?;
        let mut file = BufWriter::new(file);
        let mut all = || -> std::io::Result<()> {
            for part in &mut *parts {
                file.write_all(part)?;
            }
            file.flush()
        };
        all().map_err(|e| Error::io("write", &path, e))
    };
    let lengths: Vec<u32> = chunks
        .iter()
        .flat_map(|chunk| [chunk.plain.len() as u32, chunk.stored.len() as u32])
        .collect();
    write("plain", &mut chunks.iter().map(|chunk| chunk.plain))?;
    write("stored", &mut chunks.iter().map(|chunk| &chunk.stored[..]))?;
    let mut lengths = std::iter::once(bytemuck::cast_slice(&lengths));
    write("lengths.u32", &mut lengths)
}

fn inflate_all(bench: &mut Bench, chunks: &[Chunk], rows: usize) -> Result<()> {
    let n = bench.args.photons as usize;
    let raw: usize = chunks.iter().map(|chunk| chunk.plain.len()).sum();
    let stored: usize = chunks.iter().map(|chunk| chunk.stored.len()).sum();
    let what = |by: &str| {
        json!({"of": "inflate", "by": by, "photons": n, "chunk_rows": rows, "chunks": chunks.len(),
               "bytes": raw, "stored_bytes": stored})
    };
    let by_host = || -> bool {
        let same = |chunk: &Chunk| {
            with_tools(|tools| {
                tools.decoded.resize(chunk.plain.len(), 0);
                let filled = tools
                    .work
                    .inflater
                    .inflate(&chunk.stored, &mut tools.decoded);
                filled == Ok(chunk.plain.len())
            })
        };
        chunks.par_iter().all(same)
    };
    let whole = bench.cpu.install(by_host);
    if bench.same(&what("libdeflate"), whole)? {
        let seconds = bench.times(REPEATS, || Ok(bench.cpu.install(by_host)))?;
        let lines = &mut bench.lines;
        lines.measured("inflate", what("libdeflate"), rate(n, &seconds))?;
    }
    let streams: Vec<(&[u8], u32)> = chunks
        .iter()
        .map(|chunk| (&chunk.stored[..], chunk.plain.len() as u32))
        .collect();
    let mut there = bench.cuda.upload_streams(&streams)?;
    bench.cuda.inflate(&mut there)?;
    let found = bench.cuda.read_streams(&there)?;
    let same = |(found, chunk): (&std::result::Result<Vec<u8>, _>, &Chunk)| {
        found.as_ref().is_ok_and(|bytes| bytes == chunk.plain)
    };
    if !bench.same(&what("cuda"), found.iter().zip(chunks).all(same))? {
        return Ok(());
    }
    drop(found);
    let seconds = bench.times(REPEATS, || bench.cuda.inflate(&mut there))?;
    bench
        .lines
        .measured("inflate", what("cuda"), rate(n, &seconds))?;
    Ok(())
}
