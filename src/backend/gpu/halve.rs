//! Batches that a device cannot fold at once are folded in halves, whose partials merge exactly.

use std::ops::Range;

use crate::stat::{Job, Partials};

use super::fault::{Fault, Result};

/// Photons that a device folds at once.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// At most.
    pub most: usize,
    /// Of a batch that is not halved again when memory runs out.
    pub smallest: usize,
}

/// Partials of some photons: `fold` has them at once, or half of them where they are too many or memory runs out.
/// `release` gives memory back that no batch uses.
pub fn halved(
    photons: Range<usize>,
    limits: Limits,
    job: &Job,
    release: &dyn Fn(),
    fold: &mut dyn FnMut(Range<usize>) -> Result<Partials>,
) -> Result<Partials> {
    if photons.is_empty() {
        return Ok(Partials::empty(job));
    }
    if photons.len() <= limits.most {
        match fold(photons.clone()) {
            Err(Fault::Memory(_)) if photons.len() > limits.smallest => release(),
            other => return other,
        }
    }
    let half = photons.start + photons.len() / 2;
    let low = halved(photons.start..half, limits, job, release, fold)?;
    let high = halved(half..photons.end, limits, job, release, fold)?;
    Ok(merged(&low, &high, job))
}

/// Two tables of one job; values out of range are counted too.
pub fn merged(low: &Partials, high: &Partials, job: &Job) -> Partials {
    let mut merged = low.merge(high, job);
    for (i, column) in merged.columns.iter_mut().enumerate() {
        column.out_of_range = low.columns[i].out_of_range + high.columns[i].out_of_range;
    }
    merged
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// The ranges that are folded where more than `room` photons run out of memory, and how often memory was
    /// given back.
    fn folded(photons: usize, limits: Limits, room: usize) -> (Vec<Range<usize>>, usize, bool) {
        let job = Job {
            columns: Vec::new(),
            outputs: Vec::new(),
        };
        let (mut done, released) = (Vec::new(), Cell::new(0));
        let result = halved(
            0..photons,
            limits,
            &job,
            &|| released.set(released.get() + 1),
            &mut |photons| {
                if photons.len() > room {
                    return Err(Fault::Memory("full".to_owned()));
                }
                done.push(photons);
                Ok(Partials::empty(&job))
            },
        );
        (done, released.get(), result.is_ok())
    }

    #[test]
    fn batches_are_halved_until_they_fit() {
        let limits = Limits {
            most: 100,
            smallest: 10,
        };
        assert_eq!(folded(0, limits, 100), (vec![], 0, true));
        let whole = std::iter::once(0..100).collect();
        assert_eq!(folded(100, limits, 100), (whole, 0, true));
        assert_eq!(folded(101, limits, 100), (vec![0..50, 50..101], 0, true));
        // Memory is given back before each try with less.
        assert_eq!(folded(80, limits, 40), (vec![0..40, 40..80], 1, true));
        let (done, released, well) = folded(80, limits, 9);
        assert!(done.is_empty() && !well);
        // 80, 40, 20; those of 10 are not halved.
        assert_eq!(released, 3);
    }
}
