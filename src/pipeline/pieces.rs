//! Runs over a shard map: each shard becomes a piece as soon as its last granule has been merged.
//!
//! Last on the line of such a run: `Windows --finalize--> CellTable --write--> piece`.

use std::collections::{BTreeMap, BTreeSet};

use super::Survey;
use super::Tally;
use super::finish::{Coarser, Finish, conserved};
use crate::error::Result;
use crate::finalize::{Conserved, Overviews};
use crate::grid::Order;
use crate::merge::{RunPartials, Window};
use crate::piece::{Contribution, GranuleFile, PieceFacts, Pieces};
use crate::plan::GranulePath;
use crate::stat::{Encoding, Partials};
use crate::store::Sink;

/// The pieces of a run on their way.
pub(super) struct PieceLine<'a> {
    pub(super) pieces: &'a Pieces,
    finish: Finish<'a>,
    /// Overviews that are whole with each shard, finest first.
    within: Vec<Order>,
    /// Whether there are overviews with larger cells than shards.
    beyond: bool,
    /// What granules added to shards that are not whole.
    pub(super) contributions: BTreeMap<u64, Vec<Contribution>>,
    /// What the files of granules were that were read.
    pub(super) sources: BTreeMap<String, GranuleFile>,
    /// Names of the files of granules that have several.
    files: BTreeMap<String, Vec<String>>,
    /// Shards that have no piece yet.
    pub(super) to_do: BTreeSet<u64>,
    left_out: BTreeMap<u64, BTreeSet<String>>,
    /// Over all pieces of this run.
    pub(super) conserved: Conserved,
}

impl<'a> PieceLine<'a> {
    pub fn new(pieces: &'a Pieces, finish: Finish<'a>, survey: &Survey) -> Self {
        let orders = pieces.manifest().overviews();
        let shard_order = finish.schema.grid.shard_order;
        let (within, beyond): (Vec<Order>, Vec<Order>) =
            orders.into_iter().partition(|&order| order >= shard_order);
        Self {
            pieces,
            finish,
            within,
            beyond: !beyond.is_empty(),
            contributions: BTreeMap::new(),
            sources: BTreeMap::new(),
            files: files(&survey.granules),
            to_do: survey.listed.iter().flatten().map(|s| s.id).collect(),
            left_out: BTreeMap::new(),
            conserved: Conserved::new(finish.job),
        }
    }

    /// Counts photons that are in a piece of an earlier run.
    pub fn conserve(&mut self, window: &Partials) {
        self.conserved.add(window);
    }

    /// Photons of the pieces that this run wrote.
    pub fn conserved(&self) -> &Conserved {
        &self.conserved
    }

    /// Notes what files were; of what is no file nothing is known.
    pub fn know(&mut self, files: &[(String, Option<GranuleFile>)]) {
        let known = files.iter();
        let known = known.filter_map(|(name, file)| Some((name.clone(), file.clone()?)));
        self.sources.extend(known);
    }

    /// A granule was read whole; it is listed for these shards, and added photons to some.
    pub fn read(&mut self, granule: &str, listed: &[u64], photons: &BTreeMap<u64, u64>) {
        for shard in listed {
            let contribution = Contribution {
                granule: granule.to_owned(),
                photons: photons.get(shard).copied().unwrap_or_default(),
            };
            self.contributions
                .entry(*shard)
                .or_default()
                .push(contribution);
        }
    }

    /// A granule that is listed for these shards cannot be used.
    pub fn leave_out(&mut self, granule: &str, listed: &[u64]) {
        for shard in listed {
            let names = self.left_out.entry(*shard).or_default();
            names.insert(granule.to_owned());
        }
    }

    /// Writes the piece of a shard that no granule can add to any more.
    ///
    /// # Errors
    /// As [`Finish::shard`]: the piece is not done.
    pub fn write(
        &mut self,
        shard: u64,
        partials: &mut RunPartials,
        tally: &mut Tally,
    ) -> Result<()> {
        let Finish { job, schema } = self.finish;
        let mut coarser = Coarser {
            overviews: Overviews::new(&self.within, schema, job, partials.piles()),
            top: self.beyond.then(|| Window::empty(job)),
            piles: partials.piles().clone(),
        };
        let mut writer = self.pieces.write(shard)?;
        let facts = self.finish.shard(
            shard,
            partials,
            (&mut coarser, &mut self.conserved, &mut writer),
            tally,
        )?;
        let Coarser { overviews, top, .. } = coarser;
        for overview in overviews.finish()? {
            writer.append(overview.order, &overview.shard.table)?;
        }
        let granules = self.contributions.remove(&shard).unwrap_or_default();
        let merged = granules.iter().map(|granule| granule.photons).sum();
        conserved(shard, merged, facts.photons)?;
        let left_out = self.left_out.remove(&shard).unwrap_or_default();
        let names = granules.iter().flat_map(|granule| {
            let several = self.files.get(&granule.granule);
            several.map_or(std::slice::from_ref(&granule.granule), Vec::as_slice)
        });
        let source = |name: &String| Some((name.clone(), self.sources.get(name)?.clone()));
        let facts = PieceFacts {
            sources: names.filter_map(source).collect(),
            granules,
            left_out: left_out.into_iter().collect(),
            photons: facts.photons,
            cells_without_weight: facts.cells_without_weight,
            steps: facts.steps,
        };
        let encoding = Encoding::new(job, &schema.at(schema.grid.shard_order).grid);
        writer.finish(top.as_ref().map(|top| (top, &encoding)), facts)?;
        drop(top);
        partials.piles().sweep();
        self.to_do.remove(&shard);
        Ok(())
    }
}

/// The files of granules with which others are read.
fn files(granules: &[GranulePath]) -> BTreeMap<String, Vec<String>> {
    let joined = granules
        .iter()
        .filter(|granule| !granule.siblings.is_empty());
    let named = joined.map(|granule| {
        let files = granule.files().into_iter().map(|(name, _)| name);
        (granule.name.to_string(), files.collect())
    });
    named.collect()
}
