//! A run whose granules are known, before any photon is read.

use std::path::{Path, PathBuf};

use crate::config::{Access, CellPolicy, Config};
use crate::error::{Error, Result, Setting, phrase};
use crate::grid::{GridConfig, Order};
use crate::pipeline::{self, Survey};
use crate::place::Inputs;
use crate::plan::{GranulePath, Plan, ShardMap};
use crate::publish::{Address, PiecesAway};
use crate::store::Target;
use crate::watch::Note;

use super::direct::Work;
use super::grown::{Grown, Growth};
use super::made_before::MadeBefore;
use super::outcome::{Done, Outcome};
use super::pieces::PartRun;
use super::{Mapped, Run, Source};
use super::{geotiff, notes, published, refused, targets, urls};

/// What a run will do.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// # use icefold::demo::{Recipe, write_granules_with};
/// use icefold::{Granules, Run, config};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = folder.path();
/// # let recipe = Recipe { granules: 1, segments_per_track: 200, seed: 1 };
/// # write_granules_with(&folder.join("granules"), &recipe)?;
/// let run = Run::new(config::load("atl03")?, Granules::found_in(folder.join("granules"))?)
///     .into_store(folder.join("photons.zarr"));
/// let planned = run.planned()?;
/// assert_eq!(planned.plan().granules.len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Planned<'a> {
    pub(super) asked: Run<'a>,
    plan: Plan,
    /// The map that lists the granules, and what is wanted of it.
    map: Option<(ShardMap, Mapped)>,
    overviews: Vec<Order>,
}

impl<'a> Planned<'a> {
    pub(super) fn new(mut asked: Run<'a>) -> Result<Self> {
        let settings = &asked.settings;
        asked.config.access = Access {
            threads: settings.threads,
            granules: 1,
            ..settings.access()?
        };
        let index = settings.open_index(&mut asked.config.access)?;
        let overviews = coarser_on(&asked.overviews, &asked.config.grid)
            .map_err(|what| Error::argument(format!("overviews: {what}")))?;
        if !asked.layout.has_overviews() && !overviews.is_empty() {
            return Err(Error::argument(
                "the layout of the full sphere has one order, and overviews are more; use the cells layout",
            ));
        }
        if asked.config.cells == CellPolicy::Region && asked.config.region.is_none() {
            return Err(Error::argument(phrase![
                "all cells of a region are asked for, and there is none"
            ])
            .with_remedy(phrase!["say where with ", Setting::Region.to("FILE")]));
        }
        refused::check(&asked)?;
        if asked.overwrite && asked.resume {
            return Err(Error::argument(
                "to overwrite is to begin anew and to resume is to keep what is done; choose one",
            ));
        }
        urls::refuse_written(&[
            (asked.store.as_deref(), "store"),
            (asked.table.as_deref(), "table"),
            (asked.report.as_deref(), "report"),
        ])?;
        let store = asked.store.as_ref().or(asked.config.store.as_ref());
        if let Some(store) = store.filter(|store| !Address::is(store)) {
            urls::refuse_beside(store, asked.table.as_deref(), asked.report.as_deref())?;
        }
        if let Some(folder) = &asked.geotiff {
            urls::refuse(folder, "folder of GeoTIFF", true)?;
        }
        let (config, watch) = (&asked.config, settings.watch);
        if let Some(folder) = &asked.geotiff {
            let part = matches!(&asked.source, Source::Mapped(mapped) if mapped.shards.is_some());
            geotiff::check_asked(folder, asked.config.grid.kind, asked.layout, part)?;
        }
        let (mut plan, map) = match &asked.source {
            Source::Granules(granules) => (granules.plan(config, settings.tolerant, watch)?, None),
            Source::Mapped(mapped) => {
                let (plan, map) = mapped.plan(config, (watch, &settings.scratch()))?;
                (plan, Some((map, mapped.clone())))
            }
        };
        if let Some(index) = &index {
            let store = asked.store.as_ref().or(config.store.as_ref());
            let before = store
                .filter(|_| asked.update)
                .map(|store| MadeBefore::of(store));
            let is_wanted =
                |granule: &GranulePath| before.as_ref().is_some_and(|before| before.has(granule));
            plan.spare(index, config, &is_wanted)?;
        }
        if let Some(indexed) = &plan.indexed {
            notes::of_index(indexed, watch);
        }
        Ok(Self {
            asked,
            plan,
            map,
            overviews,
        })
    }

    pub fn config(&self) -> &Config {
        &self.asked.config
    }

    /// The granules that are read, and those that are not.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Coarser orders that the store has, too; finest first.
    pub fn overviews(&self) -> &[Order] {
        &self.overviews
    }

    /// Opens every granule, and tells what the run would read and write; nothing is written.
    ///
    /// # Errors
    /// Strict: the first granule that cannot be used. No granule to tell types from; an output that no store can
    /// hold.
    pub fn survey(&self) -> Result<Survey> {
        pipeline::survey(&self.asked.config, &self.plan, self.asked.settings.tolerant)
    }

    /// As [`Run::execute`].
    ///
    /// # Errors
    /// As there.
    pub fn execute(self) -> Result<Outcome> {
        let store = self.store()?;
        if let Some(address) = Address::of(&store)? {
            return published::execute(self, &address);
        }
        self.on_disk(&store, None)
    }

    /// The same where the store goes to a folder; with pieces that are shared with other machines.
    pub(super) fn on_disk(self, store: &Path, shared: Option<&PiecesAway>) -> Result<Outcome> {
        let Run {
            config,
            table,
            geotiff,
            overwrite,
            resume,
            settings,
            ..
        } = &self.asked;
        let part = self.is_part();
        let map = self.map.as_ref().map(|(map, _)| map);
        let mut inputs = self.inputs();
        inputs.extend(settings.index.as_deref());
        let (report, session) = targets::begin(&self, store, &inputs)?;
        let work = Work {
            config,
            plan: &self.plan,
            target: Target {
                store,
                overwrite: *overwrite || self.asked.update,
                overviews: &self.overviews,
                layout: self.asked.layout,
                geometry: self.asked.geometry,
                config: Some(config),
            },
            table: table.as_deref(),
            geotiff: geotiff.as_deref(),
            report: &report,
            inputs: &inputs,
            session: &session,
            keep_partials: self.asked.keep_partials,
            settings,
        };
        let goes_on = *resume && !self.asked.update;
        if let Some(standing) = work.standing((part, goes_on), map)? {
            geotiff::of_standing(store, geotiff.as_deref())?;
            return Ok(Outcome::Standing(standing));
        }
        let mut grown = None;
        if self.asked.update {
            match Grown::find(&work, self.asked.allow_removal)? {
                Growth::Some(found) => grown = Some(found),
                Growth::Nothing(standing) => {
                    geotiff::of_standing(store, geotiff.as_deref())?;
                    settings.watch.note(Note::NothingNew {
                        store: store.to_path_buf(),
                    });
                    return Ok(Outcome::Standing(standing));
                }
            }
        }
        let done = if let Some((map, mapped)) = &self.map {
            let part = PartRun {
                run: &work,
                map,
                granule_root: mapped.root(),
                part,
                resume: *resume,
                checkpoint: self.asked.checkpoint,
                shared,
            };
            part.execute()?
        } else {
            work.execute((*resume, self.asked.checkpoint), grown)?
        };
        notes::of_tally(&done.tally, settings.watch);
        if done.is_empty() {
            settings.watch.note(notes::nothing_kept(&done.tally.counts));
        }
        Ok(outcome(done, part))
    }

    /// Only some shards of a map: pieces are written, and no store.
    pub(super) fn is_part(&self) -> bool {
        let mapped = self.map.as_ref();
        mapped.is_some_and(|(_, mapped)| mapped.shards.is_some())
    }

    /// Which part of a map that is, in words; none of one that makes a store.
    pub(super) fn part_name(&self) -> Option<String> {
        let wanted = self.plan.wanted.as_ref().filter(|_| self.is_part());
        wanted.map(|wanted| format!("{}..{}", wanted.range.start, wanted.range.end))
    }

    /// The shards that are wanted of a map; none where there is no map.
    pub(super) fn shards(&self) -> Option<Vec<u64>> {
        let wanted = self.plan.wanted.as_ref();
        wanted.map(|wanted| wanted.shards.ids().to_vec())
    }

    /// What is never written over.
    pub(super) fn inputs(&self) -> Inputs {
        let map = self.map.as_ref().map(|(map, _)| map);
        targets::inputs(&self.asked.config.name, &self.plan, map)
    }

    /// Where to write.
    fn store(&self) -> Result<PathBuf> {
        if let Some(store) = &self.asked.store {
            return Ok(store.clone());
        }
        let config = &self.asked.config;
        let store = config.store.clone().ok_or_else(|| {
            Error::argument("no store given").with_remedy(phrase![
                "say where to write with ",
                Setting::Store.to("OUT.zarr")
            ])
        })?;
        urls::refuse_store(config, &store)?;
        Ok(store)
    }
}

fn outcome(done: Done, part: bool) -> Outcome {
    let done = Box::new(done);
    if part {
        Outcome::Pieces(done)
    } else {
        Outcome::Store(done)
    }
}

/// Orders of overviews on a grid, finest first: of rectilinear ones by the widths of their cells.
///
/// # Errors
/// As [`coarser`].
pub(crate) fn coarser_on(given: &[u8], grid: &GridConfig) -> Result<Vec<Order>, String> {
    let Some(rectilinear) = grid.kind.rectilinear() else {
        return coarser(given, grid.cell_order);
    };
    let block = rectilinear.block(grid.cell_order);
    let mut orders = Vec::new();
    for &width in given {
        let order = rectilinear
            .order_of_factor(width.into())
            .filter(|order| *order < grid.cell_order);
        let order = order.ok_or_else(|| {
            format!(
                "cells {width} wide are no overview: widths in cells are 2, 4, 8 and so on, up to 128, that divide both \
                 sides of chunk_shape {block:?}"
            )
        })?;
        if orders.contains(&order) {
            return Err(format!("{width} is given twice; give each width once"));
        }
        orders.push(order);
    }
    orders.sort_unstable();
    orders.reverse();
    Ok(orders)
}

/// Orders of overviews, finest first.
///
/// ```
/// use icefold::config::Order;
/// use icefold::run::coarser;
///
/// let cells = Order::new(12).unwrap();
/// assert_eq!(coarser(&[8, 11], cells), Ok(vec![Order::new(11).unwrap(), Order::new(8).unwrap()]));
/// assert!(coarser(&[12], cells).is_err());
/// ```
///
/// # Errors
/// In words: an order that is not coarser than the cells, or one that is given twice.
pub fn coarser(given: &[u8], cell_order: Order) -> Result<Vec<Order>, String> {
    let mut orders = Vec::new();
    for &order in given {
        match Order::new(order).filter(|&order| order < cell_order) {
            Some(order) if orders.contains(&order) => {
                return Err(format!(
                    "order {order} is given twice; give each order once"
                ));
            }
            Some(order) => orders.push(order),
            None => {
                return Err(format!(
                    "order {order} is not coarser than the cell order {cell_order}; an overview has \
                     larger cells than the store"
                ));
            }
        }
    }
    orders.sort_unstable();
    orders.reverse();
    Ok(orders)
}
