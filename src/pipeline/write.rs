//! Finished cells on their way into the store, and into the tables beside it; or into the rows of one file alone.
//!
//! Last on the line: `CellTable --write--> store`.

use std::path::Path;
use std::time::Instant;

use super::Tally;
use super::finish::{Coarser, Finish};
use super::{Folded, Options, Survey};
use crate::error::{Error, Result};
use crate::finalize::{Conserved, Overviews};
use crate::left_out::ErrorTable;
use crate::merge::RunPartials;
use crate::store::{Origin, RowsSink, Sink, StoreSink, Target, Whole, WholeRows};

/// Finishes every shard and writes the store, and the tables beside it, which wait for their names.
///
/// # Errors
/// A violated invariant, a failed write, an interrupt: nothing is left at the target.
pub fn write(
    folded: Folded,
    survey: &Survey,
    target: Target,
    options: &Options,
) -> Result<(Whole, Tally)> {
    let Folded {
        mut partials,
        mut tally,
        errors,
        ..
    } = folded;
    let errors = errors.into_table(options.errors, survey)?;
    let (job, schema) = (&survey.job, &survey.schema.with_steps_of(&tally.steps));
    let finish = Finish { job, schema };
    let with_photons = tally.granules.iter().filter(|read| read.counts.kept > 0);
    let standing = options.carried.iter().flat_map(|of| of.granules());
    let names = with_photons.map(|read| read.name.as_str()).chain(standing);
    let standing = options.carried.iter().flat_map(|of| of.granules.values());
    let files = tally.sources.iter().chain(standing.flatten()).cloned();
    let origin = Origin::of(names).with_files(files);
    let mut sink = target.open(schema, options.table, &origin)?;
    if let Some(carried) = options.carried {
        let to = (&mut partials, &mut sink);
        finish.all_beside(carried, to, &mut tally, options)?;
        return end(sink, errors, &partials, tally);
    }
    let mut coarser = Coarser {
        overviews: Overviews::new(target.overviews, schema, job, partials.piles()),
        top: None,
        piles: partials.piles().clone(),
    };
    finish.all(
        &mut partials,
        (&mut coarser, &mut sink),
        &mut tally,
        options,
    )?;
    let writing = Instant::now();
    sink.append_all(&coarser.overviews.finish()?)?;
    tally.write_seconds += writing.elapsed().as_secs_f64();
    end(sink, errors, &partials, tally)
}

/// Makes what was written whole.
fn end(
    sink: StoreSink,
    errors: ErrorTable,
    partials: &RunPartials,
    mut tally: Tally,
) -> Result<(Whole, Tally)> {
    let writing = Instant::now();
    tally.spilled = partials.spilled();
    let whole = sink.finish(errors)?;
    tally.errors = whole.errors.clone();
    tally.write_seconds += writing.elapsed().as_secs_f64();
    Ok((whole, tally))
}

/// Finishes every shard into the rows of one file, which wait for their name; there is no store.
///
/// # Errors
/// As [`write`].
pub fn write_rows(
    folded: Folded,
    survey: &Survey,
    path: &Path,
    options: &Options,
) -> Result<(WholeRows, Tally)> {
    let Folded {
        mut partials,
        mut tally,
        ..
    } = folded;
    let (job, schema) = (&survey.job, &survey.schema.with_steps_of(&tally.steps));
    let finish = Finish { job, schema };
    let mut sink = RowsSink::create(path, schema)?;
    let mut coarser = Coarser {
        overviews: Overviews::new(&[], schema, job, partials.piles()),
        top: None,
        piles: partials.piles().clone(),
    };
    finish.all(
        &mut partials,
        (&mut coarser, &mut sink),
        &mut tally,
        options,
    )?;
    tally.spilled = partials.spilled();
    Ok((sink.finish()?, tally))
}

impl Finish<'_> {
    /// Finishes all shards, and holds what they have against what was kept.
    fn all(
        &self,
        partials: &mut RunPartials,
        (coarser, sink): (&mut Coarser, &mut impl Sink),
        tally: &mut Tally,
        options: &Options,
    ) -> Result<()> {
        let mut conserved = Conserved::new(self.job);
        let shards: Vec<u64> = partials.shards().collect();
        for shard in shards {
            if options.watch.stop() {
                return Err(Error::interrupted());
            }
            let out = (&mut *coarser, &mut conserved, &mut *sink);
            self.shard(shard, partials, out, tally)?;
        }
        conserved.check(&tally.counts, self.job)
    }
}
