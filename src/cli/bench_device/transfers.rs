//! Copies, and folds with the copies inside.

use serde_json::{Value, json};

use crate::backend::cuda::{COPIES, CopyKind, CopyTime, Results, Uploads};
use crate::backend::{Backend, StageTimes};
use crate::error::Result;
use crate::photon::PhotonBatch;
use crate::stat::{Job, Partials};

use super::super::bench::sorted;
use super::photons::{Columns, Workload, grid, job};
use super::{Bench, rate};

const REPEATS: usize = 5;
/// What the device reads from the host in a fold: longitude, latitude and height.
const BYTES_A_PHOTON: usize = 8 + 8 + 4;

/// Every kind of copy.
pub fn ceilings(bench: &mut Bench) -> Result<()> {
    copies(bench, &COPIES)
}

fn copies(bench: &mut Bench, of: &[CopyKind]) -> Result<()> {
    let mut done = Ok(());
    // Each is written as soon as it is measured.
    let (cuda, lines, differs) = (&bench.cuda, &mut bench.lines, &mut bench.differs);
    cuda.ceilings(of, &mut |time: CopyTime| {
        let what = json!({"of": time.copy.name(), "bytes": time.bytes, "same": time.same});
        *differs |= !time.same;
        let measured = if time.same {
            json!({"seconds": time.seconds})
        } else {
            Value::Null
        };
        if done.is_ok() {
            done = lines.measured("copy", what, measured);
        }
    })?;
    done
}

/// How a fold begins and ends, and what its time is called.
const FOLDS: [(Uploads, Results, &str); 3] = [
    (Uploads::Staged, Results::Mapped, "fold"),
    (Uploads::Staged, Results::Copied, "fold_copied"),
    (Uploads::Pinned, Results::Mapped, "fold_in_place"),
];

/// Whole folds from arrays of the host to partials there, beside the copies that they contain: from arrays that the
/// host copies once more, and from such that the device reads where they are.
pub fn end_to_end(bench: &mut Bench) -> Result<()> {
    copies(
        bench,
        &[CopyKind::PinnedToDevice, CopyKind::WriteCombinedToDevice],
    )?;
    let (job, n) = (job(Columns::Height), bench.args.photons as usize);
    let mut batch = bench.batch(Workload::AlongTrack, n, &job);
    let expected = bench.expected(&batch, &job)?;
    for (uploads, results, fact) in FOLDS {
        bench.cuda.set_uploads(uploads);
        bench.cuda.set_results(results);
        // As much as the columns take in whole blocks.
        if let Some(memory) = bench.cuda.columns((n * BYTES_A_PHOTON) as u64 + (1 << 20)) {
            batch = batch.moved_into(&*memory);
        }
        let (found, in_place) = fold(bench, &batch, &job)?;
        let what = json!({
            "of": "end to end", "workload": "along-track", "photons": n, "bytes": n * BYTES_A_PHOTON,
            "columns": uploads.name(), "in_place_bytes": in_place, "results": results.name(),
        });
        if bench.same(&what, found == expected)? {
            let seconds = bench.times(REPEATS, || bench.folded(&batch, &job))?;
            bench.lines.measured(fact, what, rate(n, &seconds))?;
        }
    }
    Ok(())
}

/// Partials, and the bytes that the device read where they were.
fn fold(bench: &Bench, batch: &PhotonBatch, job: &Job) -> Result<(Partials, u64)> {
    let mut times = StageTimes::default();
    let found = bench.cuda.fold(batch, &grid(), job, &mut times)?;
    Ok((sorted(found), times.in_place_bytes))
}
