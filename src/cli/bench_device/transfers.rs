//! Copies, and folds with the copies inside.

use serde_json::{Value, json};

use crate::backend::cuda::{COPIES, CopyKind, CopyTime, Results};
use crate::error::Result;

use super::photons::{Columns, Workload, job};
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

/// Whole folds from arrays of the host to partials there, beside the copies that they contain.
pub fn end_to_end(bench: &mut Bench) -> Result<()> {
    copies(
        bench,
        &[CopyKind::PinnedToDevice, CopyKind::WriteCombinedToDevice],
    )?;
    let (job, n) = (job(Columns::Height), bench.args.photons as usize);
    let batch = bench.batch(Workload::AlongTrack, n, &job);
    let expected = bench.expected(&batch, &job)?;
    for (results, fact) in [(Results::Mapped, "fold"), (Results::Copied, "fold_copied")] {
        bench.cuda.set_results(results);
        let found = bench.folded(&batch, &job)?;
        let what = json!({
            "of": "end to end", "workload": "along-track", "photons": n, "bytes": n * BYTES_A_PHOTON,
            "results": results.name(),
        });
        if bench.same(&what, found == expected)? {
            let seconds = bench.times(REPEATS, || bench.folded(&batch, &job))?;
            bench.lines.measured(fact, what, rate(n, &seconds))?;
        }
    }
    bench.cuda.set_results(Results::Mapped);
    Ok(())
}
