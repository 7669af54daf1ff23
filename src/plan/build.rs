//! Makes a shard map: which granules have photons in which shards.
//!
//! Beside the plan. A shard lists a granule if, and only if, a photon of the granule with valid coordinates
//! lies in it, in any ground track that the config reads; of a config with a region, a photon in the region. Of a config
//! that bounds its time, granules that lie outside as a whole are not listed. Filters, nulls and values play no other
//! part, so a map serves every config that reads the same positions. Only latitudes and longitudes are read. The bytes of
//! the map depend neither on threads nor on the order of granules.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use serde_json::Map;

use crate::config::{Config, TimeWindow};
use crate::error::{Error, Kind, Result, Setting, phrase};
use crate::index::{Index, Judged, Purpose, Verdict};
use crate::read::hdf5::{Outline, Tracks};
use crate::read::{Input, OUTSIDE_GRID, OUTSIDE_REGION, scout_alone};
use crate::watch::{Reading, ToRead, Watch};

use super::about::{metadata, nothing_to_list};
use super::entry::{MapGranule, entry};
use super::indexed::Indexed;
use super::map::{MapShard, ShardMap};
use super::mask::aoi_mask;
use super::signature::spatial_signature;
use super::{Absent, Plan};
use crate::grid::shard_runs;
use crate::place::canonical_folder;
use crate::read::GranulePath;

/// Rows of positions read at a time: a few megabytes for each thread.
pub(super) const ROWS: usize = 1 << 18;

/// How a map is made.
#[derive(Debug)]
pub struct Build<'a> {
    pub config: &'a Config,
    pub plan: &'a Plan,
    /// Where the map will be written: its granules' paths are relative to the folder.
    pub target: &'a Path,
    pub threads: usize,
    /// Leave out granules that cannot be read.
    pub tolerant: bool,
    /// What is known of granules, which spares opening some.
    pub index: Option<&'a Index>,
    /// Is told how far it is, and may wish it to stop at the next block of rows.
    pub watch: &'a dyn Watch,
}

/// A map, not yet written, and what was left out of it.
#[derive(Debug)]
pub struct Built {
    pub map: ShardMap,
    /// Granules that cannot be read; tolerant only.
    pub failed: Vec<Absent>,
    /// Names of granules that have no photon with valid coordinates.
    pub without_photons: Vec<String>,
    /// Names of granules that have such photons, and none of them in the region.
    pub outside_region: Vec<String>,
    /// Names of granules that have such photons in the region, and none of them on the grid.
    pub outside_grid: Vec<String>,
    /// Names of granules of which no photon is in the time, whose positions were not looked at.
    pub outside_time: Vec<String>,
    /// What came of an index, where there is one.
    pub indexed: Option<Indexed>,
    /// Rows whose position was looked at, and those of them without valid coordinates.
    pub photons: u64,
    pub bad_coordinates: u64,
}

/// The shards of one granule, ascending, its rows and ground tracks.
#[derive(Debug, Default)]
struct Footprint {
    shards: BTreeSet<u64>,
    photons: u64,
    bad_coordinates: u64,
    /// Whether photons with valid coordinates lie outside the region.
    is_outside: bool,
    /// The same in it that lie outside the grid.
    beyond: u64,
    /// Whether the granule lies outside of the time that the config bounds.
    outside_time: bool,
    outline: Option<Outline>,
    /// When its data begin and end.
    span: Option<[String; 2]>,
}

/// What is read of granules.
pub(super) struct Positions {
    positions: Config,
    /// The time that they have to be in, and the config that compares it.
    within: Option<(TimeWindow, Config)>,
}

/// Reads the positions of all granules of the plan and makes their map.
///
/// # Errors
/// The first granule of the plan that cannot be read, or is of another product (strict); no granule with a
/// photon; a ground track that no granule can have; a path that is not UTF-8; an interrupt.
pub fn build(build: &Build) -> Result<Built> {
    let indexed = build
        .index
        .map(|index| Indexed::judge(index, build.plan, build.config, Purpose::Shards));
    let (indexed, known) = indexed.transpose()?.unzip();
    let mut known = known.unwrap_or_else(|| Judged {
        verdicts: vec![Verdict::Open; build.plan.granules.len()],
        ..Judged::default()
    });
    let outlines = std::mem::take(&mut known.outlines);
    let granules = build.plan.granules.iter().zip(&known.verdicts);
    let opened = granules.filter(|(_, known)| **known == Verdict::Open);
    let opened: Vec<ToRead> = opened.map(|(granule, _)| granule.into()).collect();
    let _reading = Reading::begin(build.watch, &opened);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(build.threads)
        .build()
        .map_err(|e| {
            Error::argument(format!("cannot start {} threads: {e}", build.threads))
                .with_remedy(phrase!["use fewer with ", Setting::Threads])
                .caused_by(e)
        })?;
    let wanted = Positions::of(build.config);
    // Granules before the first that fails are all read, so it is the first whatever the threads.
    let failing = AtomicUsize::new(usize::MAX);
    let shared = wanted.positions.access.granules > 1;
    let read = |(place, granule): (usize, &GranulePath)| {
        if place > failing.load(Ordering::Relaxed) {
            return None;
        }
        if let Some(footprint) = Footprint::known(&known.verdicts[place]) {
            let span = known.spans.get(&place).cloned();
            return Some(Ok(Footprint { span, ..footprint }));
        }
        let footprint = footprint(granule, &wanted, build.watch);
        match &footprint {
            // Alone it may fit: how many granules are read at a time says nothing of the map.
            Err(error) if shared && error.kind() == Kind::TooLarge => {}
            Ok(footprint) => build.watch.granule_done(&granule.name, footprint.photons),
            Err(error) if error.kind() == Kind::Interrupted || build.watch.stop() => {
                failing.fetch_min(0, Ordering::Relaxed);
            }
            Err(_) if build.tolerant => build.watch.granule_left_out(&granule.name),
            Err(_) => _ = failing.fetch_min(place, Ordering::Relaxed),
        }
        Some(footprint)
    };
    let granules = build.plan.granules.par_iter().enumerate();
    let mut footprints: Vec<_> = pool.install(|| granules.map(read).collect());
    pool.install(|| read_alone(build, wanted, &mut footprints));
    if build.watch.stop() {
        return Err(Error::interrupted());
    }
    let footprints = judged(build, footprints, outlines)?;
    let built = assemble(build, footprints)?;
    Ok(Built { indexed, ..built })
}

/// Reads granules that had too little memory beside others again, one by one.
fn read_alone(build: &Build, mut alone: Positions, footprints: &mut [Option<Result<Footprint>>]) {
    alone.positions.access.granules = 1;
    for (granule, slot) in build.plan.granules.iter().zip(footprints) {
        if !matches!(slot, Some(Err(error)) if error.kind() == Kind::TooLarge) {
            continue;
        }
        let read = footprint(granule, &alone, build.watch);
        match &read {
            Ok(footprint) => build.watch.granule_done(&granule.name, footprint.photons),
            Err(_) => build.watch.granule_left_out(&granule.name),
        }
        *slot = Some(read);
    }
}

/// Footprints, with an error in place of those of granules of another product.
///
/// # Errors
/// A ground track of the config that no granule can have.
fn judged(
    build: &Build,
    mut footprints: Vec<Option<Result<Footprint>>>,
    known: Vec<(String, Outline)>,
) -> Result<Vec<Option<Result<Footprint>>>> {
    let read = |footprint: &Option<Result<Footprint>>| matches!(footprint, Some(Ok(_)));
    if !build.tolerant && !footprints.iter().all(read) {
        return Ok(footprints);
    }
    let mut tracks = Tracks::default();
    for (name, outline) in known {
        tracks.add(&name, outline);
    }
    for (granule, footprint) in build.plan.granules.iter().zip(&mut footprints) {
        if let Some(Ok(footprint)) = footprint
            && let Some(outline) = footprint.outline.take()
        {
            tracks.add(&granule.name, outline);
        }
    }
    tracks.check_names(build.config)?;
    let mut strangers: BTreeMap<String, Error> =
        tracks.strangers(build.config).into_iter().collect();
    for (granule, footprint) in build.plan.granules.iter().zip(&mut footprints) {
        if let Some(error) = strangers.remove(&*granule.name) {
            *footprint = Some(Err(error));
        }
    }
    Ok(footprints)
}

impl Positions {
    pub(super) fn of(config: &Config) -> Self {
        let positions = config.positions();
        let within = TimeWindow::of(config).map(|window| {
            let mut times = positions.clone();
            let of_time = config.filters.iter().filter(|f| f.moment.is_some());
            times.filters = of_time.cloned().collect();
            (window, times)
        });
        Self { positions, within }
    }
}

impl Footprint {
    /// What an index tells of it; `None` where the granule is to be opened.
    fn known(verdict: &Verdict) -> Option<Self> {
        let footprint = Self::default();
        match verdict {
            Verdict::Open => None,
            Verdict::WithoutPhotons => Some(footprint),
            Verdict::OutsideTime => Some(Self {
                outside_time: true,
                ..footprint
            }),
            Verdict::OutsideRegion => Some(Self {
                is_outside: true,
                ..footprint
            }),
            Verdict::Shards(shards) => Some(Self {
                shards: shards.iter().copied().collect(),
                ..footprint
            }),
        }
    }
}

/// The shards that a granule has photons in.
///
/// # Errors
/// It cannot be read; an interrupt.
pub(super) fn shards_in(
    granule: &GranulePath,
    wanted: &Positions,
    watch: &dyn Watch,
) -> Result<BTreeSet<u64>> {
    footprint(granule, wanted, watch).map(|footprint| footprint.shards)
}

fn footprint(granule: &GranulePath, wanted: &Positions, watch: &dyn Watch) -> Result<Footprint> {
    let positions = &wanted.positions;
    let grid = &positions.grid;
    let locator = grid.shard_locator();
    // What is joined to it is named in the map, and not read.
    let alone = GranulePath {
        siblings: Vec::new(),
        ..granule.clone()
    };
    scout_alone(&alone.path, positions);
    let mut reader = Input::open(&alone, positions, &[], ROWS, None)?;
    if let Some((window, times)) = &wanted.within
        && reader.lies_outside(window, times)?
    {
        return Ok(Footprint {
            outline: reader.outline(positions)?,
            outside_time: true,
            ..Footprint::default()
        });
    }
    let mut shards = BTreeSet::new();
    let mut last = None;
    while let Some(batch) = reader.next_batch(watch)? {
        if watch.stop() {
            return Err(Error::interrupted());
        }
        shard_runs(&locator, &batch.lon, &batch.lat, |shard, _| {
            if last != Some(shard) {
                shards.insert(shard);
                last = Some(shard);
            }
        });
    }
    let counts = reader.counts();
    let rejected = |why: &str| counts.rejected.get(why).copied().unwrap_or(0);
    Ok(Footprint {
        outline: reader.outline(positions)?,
        span: reader.time_span()?,
        shards,
        photons: counts.read,
        bad_coordinates: rejected("bad_coordinate"),
        is_outside: rejected(OUTSIDE_REGION) > 0,
        beyond: rejected(OUTSIDE_GRID),
        outside_time: false,
    })
}

fn assemble(build: &Build, footprints: Vec<Option<Result<Footprint>>>) -> Result<Built> {
    let folder = canonical_folder(build.target)?;
    let mut built = Built {
        map: ShardMap {
            path: build.target.to_path_buf(),
            metadata: Map::new(),
            signature: Some(spatial_signature(&build.config.grid)),
            order: Some(build.config.grid.shard_order),
            shards: Vec::new(),
            granules: Vec::new(),
            unused: Vec::new(),
            aoi_mask: None,
        },
        failed: build.plan.absent.clone(),
        without_photons: Vec::new(),
        outside_region: Vec::new(),
        outside_grid: Vec::new(),
        outside_time: Vec::new(),
        indexed: None,
        photons: 0,
        bad_coordinates: 0,
    };
    let mut listed: Vec<(MapGranule, BTreeSet<u64>)> = Vec::new();
    for (granule, footprint) in build.plan.granules.iter().zip(footprints) {
        let footprint = match footprint {
            Some(Ok(footprint)) => footprint,
            Some(Err(error)) if build.tolerant => {
                built.failed.push(Absent {
                    granule: granule.name.to_string(),
                    reason: error.into(),
                });
                continue;
            }
            Some(Err(error)) => return Err(error),
            // Skipped, as one before it failed.
            None => continue,
        };
        built.photons += footprint.photons;
        built.bad_coordinates += footprint.bad_coordinates;
        if footprint.shards.is_empty() {
            let names = if footprint.outside_time {
                &mut built.outside_time
            } else if footprint.beyond > 0 {
                &mut built.outside_grid
            } else if footprint.is_outside {
                &mut built.outside_region
            } else {
                &mut built.without_photons
            };
            names.push(granule.name.to_string());
        } else {
            let entry = entry(granule, footprint.span, &folder)?;
            listed.push((entry, footprint.shards));
        }
    }
    if listed.is_empty() {
        return Err(nothing_to_list(build, &built));
    }
    listed.sort_by(|(a, _), (b, _)| a.rank().cmp(&b.rank()));
    built.without_photons.sort();
    built.outside_region.sort();
    built.outside_grid.sort();
    built.outside_time.sort();
    built.failed.sort_by(|a, b| a.granule.cmp(&b.granule));
    let mut shards: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (place, (_, footprint)) in listed.iter().enumerate() {
        for &shard in footprint {
            shards.entry(shard).or_default().push(place);
        }
    }
    let shards = shards.into_iter();
    built.map.shards = shards
        .map(|(id, granules)| MapShard { id, granules })
        .collect();
    built.map.granules = listed.into_iter().map(|(granule, _)| granule).collect();
    built.map.aoi_mask = aoi_mask(build.config, &built.map)?;
    built.map.metadata = metadata(build, &built);
    Ok(built)
}
