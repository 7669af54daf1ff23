//! Makes the store of the pieces of all shards.
//!
//! Last on the line of runs over a shard map: `pieces --assemble--> store`. No granule is opened.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Instant;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::finalize::{Overviews, StoreSchema, distinct};
use crate::grid::Order;
use crate::left_out::ErrorTable;
use crate::merge::{Piles, Window};
use crate::piece::{Marker, Pieces};
use crate::plan::GranulePath;
use crate::read::Applied;
use crate::stat::{Encoding, Job};
use crate::store::{Origin, Sink, Target, Whole};
use crate::watch::Watch;

/// What is assembled, and where it goes.
#[derive(Debug)]
pub struct Assembly<'a> {
    pub pieces: &'a Pieces,
    /// What the pieces are of.
    pub config: &'a Config,
    pub job: &'a Job,
    pub schema: &'a StoreSchema,
    pub store: &'a Path,
    /// Replace the store if it exists.
    pub overwrite: bool,
    /// Where the rows of the store go as a table, too.
    pub table: Option<&'a Path>,
    /// Where what tolerant runs left out is listed.
    pub errors: &'a Path,
    /// Bytes that values of coarser cells than shards may take, and where they go beyond: a folder that
    /// this process alone uses.
    pub memory: u64,
    pub spill: &'a Path,
    /// May wish to stop at the next shard.
    pub watch: &'a dyn Watch,
}

/// What the store was made of.
#[derive(Debug)]
pub struct Assembled {
    pub whole: Whole,
    /// Shards with photons.
    pub shards: u64,
    pub photons: u64,
    pub occupied_cells: u64,
    pub cells_without_weight: u64,
    /// Photons by step of time, where there are steps.
    pub steps: BTreeMap<u32, u64>,
    /// The same, each step for people.
    pub steps_said: Vec<(String, u64)>,
    /// Granules that some piece was made without, ascending.
    pub left_out: Vec<String>,
    /// Of what is in the pieces.
    pub pieces_sha256: String,
    /// What attributes of datasets say of their values.
    pub conventions: Vec<Applied>,
    pub seconds: f64,
}

/// Writes the store, and the tables beside it, which wait for their names.
///
/// # Errors
/// Shards without a piece, a piece that is not what it was, a failed write, an interrupt: nothing is
/// left at the target.
pub fn assemble(assembly: &Assembly) -> Result<Assembled> {
    let started = Instant::now();
    let Assembly { pieces, job, .. } = *assembly;
    let markers = pieces.all_done()?;
    let mut steps = BTreeMap::new();
    for (&step, photons) in markers.iter().flat_map(|marker| &marker.steps) {
        *steps.entry(step).or_default() += photons;
    }
    let schema = &assembly.schema.with_steps_of(&steps);
    let of_store = |step| {
        let steps = schema.steps.as_ref();
        steps.map_or_else(String::new, |steps| steps.said(step))
    };
    let orders = pieces.manifest().overviews();
    let target = Target {
        store: assembly.store,
        overwrite: assembly.overwrite,
        overviews: &orders,
        layout: pieces.manifest().layout(),
        config: Some(assembly.config),
    };
    let mut sink = target.open(schema, assembly.table, &origin(&markers))?;
    // Each shard is one cell of the orders that are coarser still.
    let shard_order = schema.grid.shard_order;
    let beyond: Vec<Order> = orders
        .iter()
        .copied()
        .filter(|o| *o < shard_order)
        .collect();
    let shards_as_cells = schema.at(shard_order);
    let encoding = Encoding::new(job, &shards_as_cells.grid);
    let piles = Piles::new(assembly.spill.to_path_buf());
    let mut overviews = Overviews::new(&beyond, &shards_as_cells, job, &piles);
    // They are copied on their way to coarser cells.
    overviews.hold(assembly.memory / 4);
    for marker in &markers {
        if assembly.watch.stop() {
            return Err(Error::interrupted());
        }
        let (mut cells, mut last) = (0, None);
        for table in pieces.tables(marker)? {
            let (order, table) = table?;
            if order == schema.grid.cell_order {
                cells += distinct(table.ids().iter().copied(), &mut last);
            }
            sink.append(order, &table)?;
        }
        check_cells(marker, schema.grid.cell_order, cells)?;
        if !beyond.is_empty() {
            let mut photons = 0;
            for part in pieces.top(marker, encoding)? {
                let part = Window::from(part?);
                photons += part.table.photons.iter().sum::<u64>();
                sink.append_all(&overviews.add(&part)?)?;
            }
            check_photons(marker, photons)?;
        }
    }
    sink.append_all(&overviews.finish()?)?;
    let mut errors = ErrorTable::new(assembly.errors);
    pieces.errors().gather(&mut errors, [])?;
    let whole = sink.finish(errors)?;
    let sum = |of: fn(&Marker) -> u64| markers.iter().map(of).sum();
    let left_out: BTreeSet<&String> = markers.iter().flat_map(|m| &m.left_out).collect();
    let cell_order = schema.grid.cell_order.get();
    let occupied = markers.iter().filter_map(|m| m.cells.get(&cell_order));
    Ok(Assembled {
        whole,
        shards: sum(|marker| u64::from(marker.photons > 0)),
        photons: sum(|marker| marker.photons),
        occupied_cells: occupied.sum(),
        cells_without_weight: sum(|marker| marker.cells_without_weight),
        steps_said: steps
            .iter()
            .map(|(&step, &photons)| (of_store(step), photons))
            .collect(),
        steps,
        left_out: left_out.into_iter().cloned().collect(),
        pieces_sha256: Marker::content_of_all(&markers),
        conventions: pieces.manifest().found.conventions.clone(),
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// What the granules of all pieces say of the store.
fn origin(markers: &[Marker]) -> Origin {
    let all = markers.iter().flat_map(|marker| &marker.granules);
    let with_photons = all.filter(|granule| granule.photons > 0);
    let names: BTreeSet<&str> = with_photons.map(|granule| &*granule.granule).collect();
    let sources = markers.iter().flat_map(|marker| &marker.sources);
    let files = sources.filter(|(name, _)| {
        let granule = GranulePath::granule_of(name);
        names.contains(&***name) || granule.is_some_and(|granule| names.contains(granule))
    });
    let files = files.map(|(name, file)| file.as_source(name));
    Origin::of(names.iter().copied()).with_files(files)
}

/// As many photons came out of a piece as went into it.
fn check_photons(marker: &Marker, found: u64) -> Result<()> {
    let (shard, marked) = (marker.shard, marker.photons);
    if found == marked {
        return Ok(());
    }
    Err(Error::gate(format!(
        "shard {shard}: the partials of its piece have {found} photons and its marker says {marked}"
    )))
}

/// As many cells came out of a piece as went into it.
fn check_cells(marker: &Marker, order: Order, found: u64) -> Result<()> {
    let marked = marker.cells.get(&order.get()).copied().unwrap_or_default();
    if found == marked {
        return Ok(());
    }
    Err(Error::gate(format!(
        "shard {}: its piece has {found} cells and its marker says {marked}",
        marker.shard
    )))
}
