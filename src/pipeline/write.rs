//! Finished cells on their way into the store, and into the tables beside it.
//!
//! Last on the line: `CellTable --write--> store`.

use std::time::Instant;

use super::Tally;
use super::errors::Errors;
use super::finish::{Coarser, Finish};
use super::{Folded, Options, Survey};
use crate::error::{Error, Result};
use crate::finalize::{Conserved, Overviews};
use crate::store::{Origin, Target, Whole};

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
    } = folded;
    let Errors::Table(errors) = errors else {
        unreachable!("a run into pieces has nothing to write");
    };
    let (job, schema) = (&survey.job, &survey.schema.with_steps_of(&tally.steps));
    let finish = Finish { job, schema };
    let with_photons = tally.granules.iter().filter(|read| read.counts.kept > 0);
    let origin = Origin::of(with_photons.map(|read| read.name.as_str()));
    let mut sink = target.open(schema, options.table, &origin)?;
    let mut coarser = Coarser {
        overviews: Overviews::new(target.overviews, schema, job, partials.piles()),
        top: None,
        piles: partials.piles().clone(),
    };
    let mut conserved = Conserved::new(job);
    let shards: Vec<u64> = partials.shards().collect();
    for shard in shards {
        if options.watch.stop() {
            return Err(Error::interrupted());
        }
        let out = (&mut coarser, &mut conserved, &mut sink);
        finish.shard(shard, &mut partials, out, &mut tally)?;
    }
    conserved.check(&tally.counts, job)?;
    let writing = Instant::now();
    sink.append_all(&coarser.overviews.finish()?)?;
    tally.spilled = partials.spilled();
    let whole = sink.finish(*errors)?;
    tally.errors = whole.errors.clone();
    tally.write_seconds += writing.elapsed().as_secs_f64();
    Ok((whole, tally))
}
