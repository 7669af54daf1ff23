//! `icefold bench-device`: a CUDA device held to the CPU's bits, then measured. Hidden: it is what
//! `scripts/bench-device` runs, with nothing of icefold but the binary.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::backend::cpu::Cpu;
use crate::backend::cuda::{Cuda, find};
use crate::backend::{Backend, DeviceChoice, StageTimes};
use crate::batch::{Column, ColumnType, Origin, PhotonBatch, Rows, Values};
use crate::config::GridConfig;
use crate::error::{Error, Result};
use crate::grid::{Latitude, Locator, Order};
use crate::stat::{ColumnOrigin, Job, JobColumn, Needs, Resolution};

use super::args::BenchDeviceArgs;
use super::out::{note, print_json};
use super::run::threads;

/// Where photons are.
#[derive(Debug, Clone, Copy)]
enum Workload {
    AlongTrack,
    OneCell,
    FewCells,
    ManyCells,
}

const WORKLOADS: [(&str, Workload); 4] = [
    ("along-track", Workload::AlongTrack),
    ("one-cell", Workload::OneCell),
    ("few-cells-shuffled", Workload::FewCells),
    ("many-cells-shuffled", Workload::ManyCells),
];
/// Photons of the workloads that are compared bit by bit, beside the largest.
const COMPARED: [usize; 7] = [0, 1, 255, 4095, 4096, 4097, 100_000];
const REPEATS: usize = 5;

/// A number in [0, 1) that looks random.
fn noise(i: usize, salt: u64) -> f64 {
    let bits = (i as u64 ^ salt << 40).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (bits ^ bits >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) as f64 / 2f64.powi(64)
}

fn position(workload: Workload, i: usize) -> (f64, f64) {
    match workload {
        // 0.7 m apart, from pole to pole and back.
        Workload::AlongTrack => {
            let turns = i as f64 * 6.3e-6 / 180.0;
            let up = 180.0 * (turns - turns.floor()) - 90.0;
            let north = if turns.floor() % 2.0 == 0.0 { up } else { -up };
            (-45.0 + i as f64 * 1e-6, north * 0.98)
        }
        Workload::OneCell => (12.5, -33.25),
        Workload::FewCells => (noise(i, 2) * 0.3, 41.7 + noise(i, 3) * 0.3),
        Workload::ManyCells => (noise(i, 4) * 360.0, noise(i, 5) * 180.0 - 90.0),
    }
}

fn grid() -> GridConfig {
    let order = |order| Order::new(order).unwrap_or(Order::MAX);
    GridConfig {
        shard_order: order(6),
        chunk_order: None,
        cell_order: order(12),
        latitude: Latitude::AuthalicWgs84,
    }
}

/// Columns of every type, with what each may be asked for; or heights alone.
fn job(everything: bool) -> Job {
    let needs = |terms: bool, ordered: bool| Needs {
        range: true,
        moments: !terms,
        variance: !terms,
        terms,
        ordered,
        edges: None,
    };
    let columns = [
        (ColumnType::F32, 34, needs(false, everything)),
        (ColumnType::F64, 34, needs(false, everything)),
        (ColumnType::F64, 34, needs(true, false)),
        (ColumnType::I64, 0, needs(false, everything)),
    ];
    let describe = |(column_type, exponent, needs)| JobColumn {
        name: format!("{column_type:?}"),
        origin: ColumnOrigin::Source(0),
        column_type,
        resolution: Resolution::new(exponent).unwrap_or(Resolution::DEFAULT),
        needs,
    };
    let columns = columns.into_iter().take(if everything { 4 } else { 1 });
    Job {
        columns: columns.map(describe).collect(),
        outputs: Vec::new(),
    }
}

fn batch(workload: Workload, n: usize, job: &Job) -> PhotonBatch {
    let (lon, lat) = (0..n).map(|i| position(workload, i)).unzip();
    let height = |i| noise(i, 6) * 4000.0 - 100.0;
    let many = job.columns.len() > 1;
    let column = |described: &JobColumn| Column {
        values: match described.column_type {
            ColumnType::F32 => Values::F32((0..n).map(|i| height(i) as f32).collect()),
            ColumnType::F64 => Values::F64((0..n).map(height).collect()),
            ColumnType::I64 => Values::I64((0..n).map(|i| height(i) as i64).collect()),
        },
        nulls: many.then(|| (0..n).map(|i| noise(i, 7) > 0.01).collect()),
    };
    PhotonBatch {
        origin: Origin {
            granule: "synthetic".into(),
            ground_track: "gt1l".into(),
            rows: Rows::Range(0..n as u64),
        },
        lon,
        lat,
        columns: job.columns.iter().map(column).collect(),
    }
}

/// Prints one JSON document; exit code 5 without a device, 4 where a bit differs.
pub fn bench_device(args: &BenchDeviceArgs) -> Result<u8> {
    let DeviceChoice::Cuda(choice) = args.device.parse().map_err(|message| Error::Device {
        device: args.device.clone(),
        message,
    })?
    else {
        return Err(Error::Usage(format!(
            "--device is {}, and bench-device measures cuda",
            args.device
        )));
    };
    let end = Instant::now() + Duration::from_secs(args.seconds);
    let (cuda, cpu) = (
        Cuda::open(&choice, threads(None))?,
        Cpu::open(threads(None))?,
    );
    note(format!("devices: {}", cuda.names().join(", ")));
    let differences = compare(&cuda, &cpu, args.compared)?;
    let (positions, misplaced) = compare_positions(&cuda, &cpu, args.positions, end)?;
    note(format!(
        "parity: {} folds differ, {misplaced} of {positions} positions differ",
        differences.len()
    ));
    let same = differences.is_empty() && misplaced == 0;
    let (ceilings, mut measured) = (cuda.ceilings()?, Vec::new());
    for (name, workload) in WORKLOADS {
        // How fast a device gives other bits is of no interest.
        if same && Instant::now() < end {
            note(format!("measuring {name}"));
            let arrays = args.arrays.as_deref().map(|folder| folder.join(name));
            measured.push(measure(
                &cuda,
                (name, workload),
                args.photons,
                arrays.as_deref(),
            )?);
        }
    }
    print_json(&json!({
        "icefold_version": env!("CARGO_PKG_VERSION"),
        "found": find(),
        "devices": cuda.names(),
        "threads": threads(None),
        "parity": {
            "folds_that_differ": differences,
            "positions": positions,
            "positions_that_differ": misplaced,
        },
        "ceilings_gb_per_s": ceilings,
        "photons": args.photons,
        "workloads": measured,
    }))?;
    Ok(if same { 0 } else { 4 })
}

/// Folds that give other bits than the CPU's.
fn compare(cuda: &Cuda, cpu: &Cpu, most: usize) -> Result<Vec<String>> {
    let (grid, mut differences) = (grid(), Vec::new());
    let sizes = COMPARED.into_iter().filter(|&n| n < most).chain([most]);
    for (name, workload) in WORKLOADS {
        for (n, everything) in sizes.clone().flat_map(|n| [(n, true), (n, false)]) {
            let job = job(everything);
            let batch = batch(workload, n, &job);
            let mut times = StageTimes::default();
            let mut expected = cpu.fold(&batch, &grid, &job, &mut times)?;
            let mut found = cuda.fold(&batch, &grid, &job, &mut times)?;
            // Order statistics are multisets.
            for partials in [&mut expected, &mut found] {
                let ordered = partials
                    .columns
                    .iter_mut()
                    .filter_map(|c| c.ordered.as_mut());
                ordered.for_each(crate::stat::Ordered::sort);
            }
            if found != expected {
                differences.push(format!("{name}, {n} photons, all columns: {everything}"));
            }
        }
    }
    Ok(differences)
}

/// How many positions were located on both sides, and how many have another cell at order 29.
fn compare_positions(cuda: &Cuda, cpu: &Cpu, most: u64, end: Instant) -> Result<(u64, u64)> {
    const STEP: u64 = 1 << 22;
    let grid = GridConfig {
        cell_order: Order::MAX,
        ..grid()
    };
    let (job, mut compared, mut differing) = (job(false), 0u64, 0u64);
    while compared < most && Instant::now() < end {
        let step = STEP.min(most - compared);
        let mut located = vec![0; step as usize];
        let mut batch = batch(Workload::OneCell, 0, &job);
        (batch.lon, batch.lat) = (compared..compared + step)
            .map(|i| position(Workload::ManyCells, i as usize))
            .unzip();
        batch.origin.rows = Rows::Range(0..step);
        batch.columns.clear();
        cpu.cells(&batch.lon, &batch.lat, &grid, &mut located);
        let photons = cuda.upload(&batch)?;
        let found = cuda.cells(&cuda.locate(&photons, &grid)?)?;
        differing += found.iter().zip(&located).filter(|(a, b)| a != b).count() as u64;
        compared += step;
    }
    Ok((compared, differing))
}

/// Seconds of the fastest of some runs, and what the last one gave.
fn fastest<T>(mut work: impl FnMut() -> Result<(T, Duration)>) -> Result<(T, f64)> {
    let (mut last, mut best) = work()?;
    for _ in 1..REPEATS {
        let took;
        (last, took) = work()?;
        best = best.min(took);
    }
    Ok((last, best.as_secs_f64()))
}

/// Each stage with data on the device, and the fold with the transfers inside.
fn measure(
    cuda: &Cuda,
    (name, workload): (&str, Workload),
    n: u32,
    arrays: Option<&Path>,
) -> Result<Value> {
    let (job, grid) = (job(false), grid());
    let batch = batch(workload, n as usize, &job);
    if let Some(folder) = arrays {
        write_arrays(folder, &batch, &grid)?;
    }
    let timed = |start: Instant| -> Result<Duration> {
        cuda.wait()?;
        Ok(start.elapsed())
    };
    let (photons, upload) = fastest(|| {
        let start = Instant::now();
        Ok((cuda.upload(&batch)?, timed(start)?))
    })?;
    let (_, locate) = fastest(|| {
        let start = Instant::now();
        Ok((cuda.locate(&photons, &grid)?, timed(start)?))
    })?;
    let (sorted, sort) = fastest(|| {
        let keys = cuda.locate(&photons, &grid)?;
        cuda.wait()?;
        let start = Instant::now();
        Ok((cuda.sort(keys)?, timed(start)?))
    })?;
    let (segments, segment) = fastest(|| {
        let start = Instant::now();
        Ok((cuda.segment(&sorted)?, timed(start)?))
    })?;
    let (_, reduce) = fastest(|| {
        let start = Instant::now();
        Ok((
            cuda.reduce(&photons, &sorted, &segments, &job)?,
            timed(start)?,
        ))
    })?;
    drop((photons, sorted, segments));
    // Once more for what it finds in place, then between events.
    let once = || cuda.fold(&batch, &grid, &job, &mut StageTimes::default());
    once()?;
    let (_, kernels) = cuda.timed(once)?;
    let (partials, fold) = fastest(|| {
        let start = Instant::now();
        let partials = cuda.fold(&batch, &grid, &job, &mut StageTimes::default())?;
        Ok((partials, start.elapsed()))
    })?;
    let rate = |seconds: f64| json!({"seconds": seconds, "photons_per_s": f64::from(n) / seconds});
    Ok(json!({
        "workload": name,
        "cells": partials.len(),
        "device_resident": {
            "locate": rate(locate),
            "sort": rate(sort),
            "segment": rate(segment),
            "reduce_with_read_back": rate(reduce),
        },
        "kernels_of_one_fold": kernels,
        "with_transfers": {
            "upload": rate(upload),
            "fold_host_arrays_to_partials": rate(fold),
        },
    }))
}

/// What other programs are given: the same positions, heights and cells.
fn write_arrays(folder: &Path, batch: &PhotonBatch, grid: &GridConfig) -> Result<()> {
    fs::create_dir_all(folder).map_err(|e| Error::io("create", folder, e))?;
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, bytes).map_err(|e| Error::io("write", &path, e))
    };
    let locator = Locator::new(grid.cell_order, grid.latitude);
    let positions = batch.lon.iter().zip(&batch.lat);
    let cells: Vec<u32> = positions
        .map(|(&lon, &lat)| locator.cell(lon, lat) as u32)
        .collect();
    write("cell.u32", bytemuck::cast_slice(&cells))?;
    write("lon.f64", bytemuck::cast_slice(&batch.lon))?;
    write("lat.f64", bytemuck::cast_slice(&batch.lat))?;
    if let Values::F32(heights) = &batch.columns[0].values {
        write("h.f32", bytemuck::cast_slice(heights))?;
    }
    Ok(())
}
