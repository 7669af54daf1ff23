//! Several devices share a batch: each folds part of it, and the parts merge exactly, whatever they are.

use std::ops::Range;

use crate::backend::StageTimes;
use crate::error::Result;
use crate::stat::{Job, Partials};

use super::halve::merged;

/// Folds so many parts of a batch at the same time: `one` has the number of a part and its photons.
pub fn spread(
    (photons, parts): (usize, usize),
    job: &Job,
    times: &mut StageTimes,
    one: impl Fn(usize, Range<usize>, &mut StageTimes) -> Result<Partials> + Sync,
) -> Result<Partials> {
    let range = |part: usize| photons * part / parts..photons * (part + 1) / parts;
    let one = &one;
    let folded = times.fused.time(|| {
        std::thread::scope(|scope| {
            let one = |part| {
                scope.spawn(move || {
                    let mut times = StageTimes::default();
                    let partials = one(part, range(part), &mut times)?;
                    Ok((partials, times))
                })
            };
            let folding: Vec<_> = (0..parts).map(one).collect();
            let done = folding.into_iter().map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            });
            done.collect::<Result<Vec<_>>>()
        })
    })?;
    let mut whole = Partials::empty(job);
    for (partials, of_part) in folded {
        times.batches.add(&of_part.batches);
        times.uploaded_bytes += of_part.uploaded_bytes;
        times.in_place_bytes += of_part.in_place_bytes;
        whole = merged(&whole, &partials, job);
    }
    Ok(whole)
}
