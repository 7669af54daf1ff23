//! The survey: every granule is opened once before any photon is read.
//!
//! So the types of columns are known, and a granule that cannot be opened is found before hours of work.

use crate::config::Config;
use crate::error::{Dialect, Error, Result};
use crate::expr::Mark;
use crate::features::Feature;
use crate::finalize::{StoreSchema, schema};
use crate::photon::{ColumnType, Load, SourceColumn};
use crate::plan::{Found, GranulePath, ListedShard, Plan, find_and_keep};
use crate::read::{Applied, Failed, StillOpen, marks_of};
use crate::stat::Job;
use crate::store::check_schema;
use std::collections::{BTreeMap, BTreeSet};

/// What a run will do, resolved against its granules.
#[derive(Debug)]
pub struct Survey {
    /// Granules that can be opened.
    pub granules: Vec<GranulePath>,
    /// Granules that cannot (tolerant runs only).
    pub failed: Vec<Failed>,
    /// One per variable of the config.
    pub columns: Vec<SourceColumn>,
    /// The types that the columns are read in.
    pub types: Vec<ColumnType>,
    pub job: Job,
    pub schema: StoreSchema,
    /// The shards whose photons count, with places in `granules`; all shards where there is none.
    pub listed: Option<Vec<ListedShard>>,
    /// What differs between granules, and is no reason to stop.
    pub drift: Vec<String>,
    /// What the attributes of datasets say of their values.
    pub conventions: Vec<Applied>,
    /// Rows of all granules that the survey was of.
    pub rows: u64,
    /// Bytes that storage chunks take at most while they are decoded.
    pub chunk_bytes: u64,
    /// What the granules that the survey was of ask of whoever reads them.
    pub load: Load,
    /// Some of the granules, as they were opened.
    pub open: StillOpen,
}

/// Opens every granule of the plan and settles the types of the columns.
///
/// Granules have their say in the order of their names, so the outcome does not depend on the
/// order in which they are given; one that is left out has none.
///
/// # Errors
/// A granule that cannot be used or is of another product (strict), a ground track that no granule can have,
/// no granule with data to tell the types from, an output that no store can hold.
pub fn survey(config: &Config, plan: &Plan, tolerant: bool) -> Result<Survey> {
    let mut failed = absent(plan, tolerant, config.access.dialect)?;
    let mut open = StillOpen::default();
    let found = find_and_keep(config, plan, tolerant, &mut open)?;
    failed.extend(found.failed.iter().cloned());
    let survey = Survey::new(config, plan, &found, failed)?;
    Ok(Survey { open, ..survey })
}

impl Survey {
    /// A plan whose granules have these columns, but for those that failed.
    ///
    /// # Errors
    /// An output that no store can hold.
    pub fn new(config: &Config, plan: &Plan, found: &Found, failed: Vec<Failed>) -> Result<Self> {
        let columns = &found.columns;
        let job = Job::new(config, columns);
        let schema = schema(config, &job, columns)?;
        check_schema(&schema).map_err(|message| Error::config(&config.name, message))?;
        let left_out: BTreeSet<&str> = failed.iter().map(|failed| &*failed.granule).collect();
        let mut granules = Vec::new();
        // Where each granule of the plan is among those that are read.
        let mut places = Vec::new();
        for granule in &plan.granules {
            let read = !left_out.contains(&*granule.name);
            places.push(read.then_some(granules.len()));
            if read {
                granules.push(granule.clone());
            }
        }
        check_marks(&job, &granules)?;
        let listed = |shard: &ListedShard| {
            let mut absent = shard.absent.clone();
            let mut read = Vec::new();
            for &granule in &shard.granules {
                match places[granule] {
                    Some(place) => read.push(place),
                    None => absent.push(plan.granules[granule].name.to_string()),
                }
            }
            ListedShard {
                id: shard.id,
                granules: read,
                absent,
            }
        };
        let listed = plan
            .wanted
            .as_ref()
            .map(|wanted| wanted.listed.iter().map(listed).collect());
        Ok(Self {
            types: columns.iter().map(|c| c.column_type).collect(),
            granules,
            failed,
            columns: columns.clone(),
            job,
            schema,
            listed,
            drift: found.drift.clone(),
            conventions: found.conventions.clone(),
            rows: found.rows,
            chunk_bytes: found.chunk_bytes,
            load: found.load.clone(),
            open: StillOpen::default(),
        })
    }

    /// What the granules that are read ask of whoever reads them.
    pub fn load_at_hand(&self) -> Load {
        self.load.of(self.granules.len() as u64)
    }

    /// Only these shards, of a run over a shard map, and the granules that they list.
    pub fn retain_shards(&mut self, keep: impl Fn(u64) -> bool) {
        let Some(listed) = &mut self.listed else {
            return;
        };
        listed.retain(|shard| keep(shard.id));
        let read: BTreeSet<usize> = listed.iter().flat_map(|s| &s.granules).copied().collect();
        let places: BTreeMap<usize, usize> =
            read.iter().enumerate().map(|(i, &g)| (g, i)).collect();
        for granule in listed.iter_mut().flat_map(|shard| &mut shard.granules) {
            *granule = places[granule];
        }
        self.granules = read.iter().map(|&g| self.granules[g].clone()).collect();
        let absent: BTreeSet<&String> = listed.iter().flat_map(|s| &s.absent).collect();
        self.failed
            .retain(|failed| absent.contains(&failed.granule));
    }
}

/// The names of granules say what outputs count.
///
/// # Errors
/// The first granule of which it is not known.
fn check_marks(job: &Job, granules: &[GranulePath]) -> Result<()> {
    for mark in job.marks() {
        let unknown = |granule: &&GranulePath| marks_of(&granule.name).get(mark).is_none();
        let Some(granule) = granules.iter().find(unknown) else {
            continue;
        };
        let what = match mark {
            Mark::Granule => "granule",
            Mark::Cycle => "cycle",
            Mark::Track => "reference ground track",
        };
        let (name, function) = (granule.name.to_string(), mark.name());
        let message = format!("its name does not say its {what}, which {function} counts");
        return Err(
            Error::granule(name, message).with_remedy("count n_granules, or leave the output out")
        );
    }
    Ok(())
}

/// Granules that the plan has no file of, or none that can be used: an error, or in a tolerant run left
/// out, with the reason in the words of a dialect.
///
/// # Errors
/// Strict: the first of them.
pub fn absent(plan: &Plan, tolerant: bool, dialect: &dyn Dialect) -> Result<Vec<Failed>> {
    if tolerant {
        Feature::Parquet.needed_for("list what a tolerant run leaves out")?;
    }
    if let Some(first) = plan.absent.first().filter(|_| !tolerant) {
        let more = match plan.absent.len() - 1 {
            0 => String::new(),
            more => format!(" (and {more} more granules)"),
        };
        return Err(Error::argument(first.reason.clone().and(more)));
    }
    let failed = plan.absent.iter().map(|absent| Failed {
        granule: absent.granule.clone(),
        reason: absent.reason.render(dialect),
    });
    Ok(failed.collect())
}
