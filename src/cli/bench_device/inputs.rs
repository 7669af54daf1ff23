//! Inputs for other programs: arrays of the same photons, and granules.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::backend::cpu::Cpu;
use crate::demo::{Recipe, write_granules_with};
use crate::error::{Error, Result};
use crate::photon::Values;

use super::super::machine::threads;
use super::BenchDeviceArgs;
use super::lines::Lines;
use super::photons::{self, Columns, Workload, grid, job};

/// Workloads of which arrays are written.
const WRITTEN: [Workload; 2] = [Workload::AlongTrack, Workload::FewCells];

fn out(args: &BenchDeviceArgs) -> Result<&Path> {
    let out = args
        .out
        .as_deref()
        .ok_or_else(|| Error::argument("no folder is given; say where to write with --out DIR"))?;
    fs::create_dir_all(out).map_err(|e| Error::io("create", out, e))?;
    Ok(out)
}

/// `cell.u32` and `h.f32` of each, in a folder of its name.
pub fn arrays(args: &BenchDeviceArgs, lines: &mut Lines) -> Result<u8> {
    let (folder, n, job) = (out(args)?, args.photons as usize, job(Columns::Height));
    let cpu = Cpu::open(threads(None))?;
    for workload in WRITTEN {
        let batch = cpu.install(|| photons::batch(workload, n, &job));
        let mut cells = vec![0; n];
        cpu.cells(&batch.lon, &batch.lat, &grid(), &mut cells);
        let narrow = cpu.install(|| photons::made(n, |i| cells[i as usize] as u32));
        let folder = folder.join(workload.name());
        fs::create_dir_all(&folder).map_err(|e| Error::io("create", &folder, e))?;
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.join(name);
            fs::write(&path, bytes).map_err(|e| Error::io("write", &path, e))
        };
        write("cell.u32", bytemuck::cast_slice(&narrow))?;
        if let Values::F32(heights) = &batch.columns[0].values {
            write("h.f32", bytemuck::cast_slice(heights))?;
        }
        let what = json!({"workload": workload.name(), "photons": n});
        lines.fact("arrays", &what)?;
    }
    Ok(0)
}

/// Granules of the demo's generator, in the folder itself.
pub fn granule(args: &BenchDeviceArgs, lines: &mut Lines) -> Result<u8> {
    let folder = out(args)?;
    let recipe = Recipe {
        segments_per_track: args.segments,
        ..Recipe::default()
    };
    let made = write_granules_with(folder, &recipe)?;
    let bytes = made
        .iter()
        .map(|path| fs::metadata(path).map_or(0, |m| m.len()));
    let what = json!({
        "granules": made.len(), "segments_per_track": args.segments, "bytes": bytes.sum::<u64>(),
    });
    lines.fact("granules", &what)?;
    Ok(0)
}
