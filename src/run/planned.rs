//! A run whose granules are known, before any photon is read.

use std::path::PathBuf;

use crate::config::{Access, CellPolicy, Config};
use crate::error::{Error, Result, Setting, phrase};
use crate::grid::{GridConfig, Order};
use crate::pipeline::{self, Survey};
use crate::plan::{Plan, ShardMap};
use crate::store::{Geometry, Located, Target};
use crate::watch::Note;

use super::direct::Work;
use super::grown::{Grown, Growth};
use super::outcome::{Done, Outcome};
use super::pieces::PartRun;
use super::{Mapped, Run, Source};
use super::{geotiff, notes, targets, urls};

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
        if asked.config.grid.kind.rectilinear().is_some() {
            refuse_on_rectilinear(&asked)?;
        }
        refuse_in_table(&asked)?;
        check_update(&asked)?;
        if asked.overwrite && asked.resume {
            return Err(Error::argument(
                "to overwrite is to begin anew and to resume is to keep what is done; choose one",
            ));
        }
        for (path, what) in [
            (&asked.store, "store"),
            (&asked.table, "table"),
            (&asked.geotiff, "folder of GeoTIFF"),
            (&asked.report, "report"),
        ] {
            let refuse = |path: &PathBuf| urls::refuse(path, what, true);
            path.as_ref().map_or(Ok(()), refuse)?;
        }
        let (config, watch) = (&asked.config, settings.watch);
        if let Some(folder) = &asked.geotiff {
            let part = matches!(&asked.source, Source::Mapped(mapped) if mapped.shards.is_some());
            geotiff::check_asked(folder, asked.config.grid.kind, asked.layout, part)?;
        }
        let (plan, map) = match &asked.source {
            Source::Granules(granules) => (granules.plan(config, settings.tolerant, watch)?, None),
            Source::Mapped(mapped) => {
                let (plan, map) = mapped.plan(config, watch)?;
                (plan, Some((map, mapped.clone())))
            }
        };
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
        let Run {
            config,
            table,
            geotiff,
            overwrite,
            resume,
            settings,
            ..
        } = &self.asked;
        let store = self.store()?;
        let part = self.is_part();
        let map = self.map.as_ref().map(|(map, _)| map);
        let inputs = targets::inputs(&config.name, &self.plan, map);
        let (report, session) = targets::begin(&self, &store, &inputs)?;
        let work = Work {
            config,
            plan: &self.plan,
            target: Target {
                store: &store,
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
            geotiff::of_standing(&store, geotiff.as_deref())?;
            return Ok(Outcome::Standing(standing));
        }
        let mut grown = None;
        if self.asked.update {
            match Grown::find(&work, self.asked.allow_removal)? {
                Growth::Some(found) => grown = Some(found),
                Growth::Nothing(standing) => {
                    geotiff::of_standing(&store, geotiff.as_deref())?;
                    settings.watch.note(Note::NothingNew { store });
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

/// An update is of a store that stands and of granules as they are; partials are kept of those, too.
fn check_update(asked: &Run) -> Result<()> {
    let over_map = matches!(asked.source, Source::Mapped(_));
    if over_map && (asked.update || asked.keep_partials) {
        let setting = if asked.update {
            Setting::Update
        } else {
            Setting::KeepPartials
        };
        return Err(Error::argument(phrase![
            setting,
            " is about granules as they are, and this run follows a shard map, whose pieces are made of the granules that it \
             lists"
        ])
        .with_remedy("name the granules in place of the map"));
    }
    if asked.update && asked.overwrite {
        return Err(Error::argument(
            "to update is to add to the store that stands and to overwrite is to begin anew; choose one",
        ));
    }
    if asked.allow_removal && !asked.update {
        return Err(Error::argument(phrase![
            Setting::AllowRemoval,
            " takes granules out of a store that grows, and this run makes one anew"
        ])
        .with_remedy(phrase![
            "leave it out, or add to a store with ",
            Setting::Update
        ]));
    }
    Ok(())
}

/// What there is on grids of HEALPix only.
fn refuse_on_rectilinear(asked: &Run) -> Result<()> {
    if asked.config.cells == CellPolicy::Region {
        return Err(Error::argument(
            "all cells of a region are asked for, and the grid is rectilinear: a raster has all of its cells, and those \
             without a photon hold fill values; ask for occupied cells",
        ));
    }
    Ok(())
}

/// Outputs that are called as the columns of a table that say where its cells are, and geometries of no table.
fn refuse_in_table(asked: &Run) -> Result<()> {
    let Some(table) = &asked.table else {
        if asked.geometry == Geometry::None {
            return Ok(());
        }
        return Err(Error::argument(
            "geometries are asked for, and no table, which has them; name a table, or leave them out",
        ));
    };
    let located = Located {
        grid: asked.config.grid,
        geometry: asked.geometry,
    };
    let names = located.names();
    let mut outputs = asked.config.outputs.iter();
    match outputs.find(|output| names.contains(&&*output.name)) {
        None => Ok(()),
        Some(output) => Err(Error::argument(phrase![
            Setting::Table.to(table.display()),
            format!(
                ": a table has a column {} of its own, as an output is called",
                output.name
            )
        ])
        .with_remedy("choose another name for the output")),
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
