//! Rows and columns beside HEALPix: the same photons along the same tracks, located and folded on each grid in turns.
//!
//! Asked by `benches/rasters/run.py`. Photons are made here: shots every 0.7 m from 66 to 76 degrees north, both ways, along
//! tracks near the central meridian of zone 22, half a metre of scatter, where all of the systems have cells.

use std::time::Instant;

use icefold::arrays::oracle;
use icefold::backend::cpu::Cpu;
use icefold::backend::{Backend, StageTimes};
use icefold::config::Dtype;
use icefold::config::GridConfig;
use icefold::grid::{AskedRectilinear, Crs, Grid, Latitude, Order, Rectilinear};
use icefold::photon::{Column, ColumnType, Origin, PhotonBatch, Rows, SourceColumn, Values};
use icefold::stat::{Job, Partials};
use icefold::usage;
use icefold::{Error, Result};
use serde_json::{Value, json};

use crate::ours::{Strategy, cpu};
use crate::task::Task;

/// Degrees of latitude from shot to shot: 0.7 m.
const STEP: f64 = 0.7 / 111_500.0;
/// Where tracks turn.
const ENDS: [f64; 2] = [66.0, 76.0];
/// Degrees of latitude by which shots are scattered.
const SCATTER: f64 = 0.5 / 111_500.0;
/// The systems, and where their grids lie: west, south, east and north.
const SYSTEMS: [(&str, [f64; 4]); 4] = [
    ("EPSG:3413", [-4e6, -4e6, 4e6, 4e6]),
    (
        "EPSG:6933",
        [-17_367_000.0, -7_342_000.0, 17_367_000.0, 7_342_000.0],
    ),
    ("EPSG:3574", [-4e6, -4e6, 4e6, 4e6]),
    ("EPSG:32622", [-1e6, 6e6, 2e6, 9e6]),
];

/// One grid, and what was measured on it.
#[derive(Debug)]
struct Contest {
    name: String,
    grid: GridConfig,
    locate: Vec<f64>,
    fold: Vec<f64>,
    cells: usize,
}

/// Times everything in turns and prints one JSON object; or one grid without a check and prints nothing, for a counter of
/// instructions.
pub fn rasters(
    photons: usize,
    metres: f64,
    (threads, repeats): (usize, usize),
    only: Option<&str>,
) -> Result<()> {
    let mut contests = contests(metres)?;
    let batch = track(photons);
    let job = job()?;
    let cpu = cpu(threads, Strategy::Auto)?;
    let mut located = vec![0; photons];
    if let Some(name) = only {
        let named = contests.iter().find(|contest| contest.name == name);
        let contest = named.ok_or_else(|| Error::argument(format!("there is no grid {name}")))?;
        for _ in 0..repeats {
            cpu.cells(&batch.lon, &batch.lat, &contest.grid, &mut located);
        }
        return Ok(());
    }
    for contest in &mut contests {
        contest.check(&cpu, &batch, &job)?;
    }
    for _ in 0..repeats {
        for contest in &mut contests {
            let clock = Clock::start();
            cpu.cells(&batch.lon, &batch.lat, &contest.grid, &mut located);
            contest.locate.push(clock.seconds());
        }
        for contest in &mut contests {
            let clock = Clock::start();
            let partials = contest.folded(&cpu, &batch, &job)?;
            contest.fold.push(clock.seconds());
            cpu.recycle(partials, &job);
        }
    }
    let grids: Vec<Value> = contests.iter().map(Contest::said).collect();
    println!(
        "{}",
        json!({"photons": photons, "metres": metres, "threads": threads, "grids": grids})
    );
    Ok(())
}

/// Processor seconds of the process, or of the wall where the system does not tell.
struct Clock {
    wall: Instant,
    cpu: Option<std::time::Duration>,
}

impl Clock {
    fn start() -> Self {
        Self {
            wall: Instant::now(),
            cpu: usage::cpu_time(),
        }
    }

    fn seconds(&self) -> f64 {
        usage::cpu_seconds_since(self.cpu).unwrap_or_else(|| self.wall.elapsed().as_secs_f64())
    }
}

impl Contest {
    fn new(name: &str, kind: Grid, orders: [Order; 2]) -> Self {
        Self {
            name: name.to_owned(),
            grid: GridConfig {
                shard_order: orders[0],
                chunk_order: None,
                cell_order: orders[1],
                steps: 1,
                kind,
            },
            locate: Vec::new(),
            fold: Vec::new(),
            cells: 0,
        }
    }

    fn folded(&self, cpu: &Cpu, batch: &PhotonBatch, job: &Job) -> Result<Partials> {
        cpu.fold(batch, &self.grid, job, &mut StageTimes::default())
    }

    /// Cells are those of photons that are located one by one, and partials those of the plain fold: else there are no times.
    fn check(&mut self, cpu: &Cpu, batch: &PhotonBatch, job: &Job) -> Result<()> {
        let wrong = |what: &str| Error::argument(format!("{}: {what} are wrong", self.name));
        let mut located = vec![0; batch.len()];
        cpu.cells(&batch.lon, &batch.lat, &self.grid, &mut located);
        let locator = self.grid.locator();
        let positions = batch.lon.iter().zip(batch.lat.iter());
        let mut alone = positions.map(|(&lon, &lat)| locator.cell(lon, lat));
        if !located.iter().all(|&cell| alone.next() == Some(cell)) {
            return Err(wrong("cells"));
        }
        let cells = self.grid.kind.cells(self.grid.cell_order);
        if located.iter().any(|&cell| cell >= cells) {
            return Err(wrong("bounds, which leave photons outside,"));
        }
        let partials = self.folded(cpu, batch, job)?;
        if partials != oracle(batch, &self.grid, job) {
            return Err(wrong("partials"));
        }
        self.cells = partials.len();
        Ok(())
    }

    fn said(&self) -> Value {
        json!({"grid": self.name, "cells": self.cells, "locate": self.locate, "fold": self.fold})
    }
}

/// HEALPix first, whose rates the others are held to.
fn contests(metres: f64) -> Result<Vec<Contest>> {
    let order =
        |order| Order::new(order).ok_or_else(|| Error::argument(format!("no order {order}")));
    let healpix = Grid::from(Latitude::AuthalicWgs84);
    let mut contests = vec![Contest::new(
        "HEALPix order 12",
        healpix,
        [order(6)?, order(12)?],
    )];
    for (name, bounds) in SYSTEMS {
        let crs = Crs::named(name).ok_or_else(|| Error::argument(format!("no system {name}")))?;
        let grid = Rectilinear::new(&AskedRectilinear {
            crs,
            resolution: [metres; 2],
            bounds,
            chunk_shape: [256, 256],
            chunk_inner: None,
        });
        let grid = grid.map_err(|(key, why)| Error::argument(format!("{name}: {key} {why}")))?;
        let orders = [grid.shard_order(), grid.finest_order()];
        contests.push(Contest::new(name, Grid::Rectilinear(grid), orders));
    }
    Ok(contests)
}

/// As `locate_groupby`: five statistics of one column.
fn job() -> Result<Job> {
    let order = Order::new(12).ok_or_else(|| Error::argument("no order 12"))?;
    let grid = GridConfig {
        shard_order: order,
        chunk_order: None,
        cell_order: order,
        steps: 1,
        kind: Grid::from(Latitude::AuthalicWgs84),
    };
    let source = SourceColumn {
        name: "h".to_owned(),
        column_type: ColumnType::F32,
        dtype: Dtype::F32,
        units: None,
        long_name: None,
    };
    let (job, _) = Task::LocateGroupby.question(&grid)?.resolve(&[source])?;
    Ok(job)
}

/// Numbers from 0 to 1 in no order.
struct Noise(u64);

impl Noise {
    fn draw(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Photons of passes up and down, each half a degree west of the one before, which drift by 6.5 degrees of heading.
fn track(photons: usize) -> PhotonBatch {
    let mut noise = Noise(19);
    let shots = ((ENDS[1] - ENDS[0]) / STEP) as usize;
    let (mut lon, mut lat, mut h) = (Vec::new(), Vec::new(), Vec::new());
    for i in 0..photons {
        let (pass, shot) = (i / shots, i % shots);
        let along = shot as f64 * STEP;
        let (from, sign) = if pass % 2 == 0 {
            (ENDS[0], 1.0)
        } else {
            (ENDS[1], -1.0)
        };
        let at = from + sign * along + SCATTER * (noise.draw() - 0.5);
        let narrow = (at * std::f64::consts::PI / 180.0).cos();
        let drift = 0.114 * along + SCATTER * (noise.draw() - 0.5);
        lat.push(at);
        lon.push(-49.0 - 0.5 * (pass % 12) as f64 - drift / narrow);
        h.push((300.0 + 40.0 * (700.0 * at).sin() + noise.draw()) as f32);
    }
    PhotonBatch {
        origin: Origin {
            granule: "track".into(),
            ground_track: "gt1l".into(),
            rows: Rows::Range(0..photons as u64),
        },
        step: 0,
        lon: lon.into(),
        lat: lat.into(),
        columns: vec![Column {
            values: Values::F32(h.into()),
            nulls: None,
        }],
    }
}
