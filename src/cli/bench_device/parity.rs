//! Bits: folds of every kind on small sizes, and the cells of very many positions.

use rayon::prelude::*;
use serde_json::json;

use crate::backend::Backend;
use crate::backend::cuda::{Launching, Results, Way};
use crate::config::GridConfig;
use crate::error::Result;
use crate::grid::Order;

use super::photons::{self, Columns, WORKLOADS, Workload, grid, job};
use super::{Bench, sorted};

/// Photons of the folds that are compared.
const COMPARED: [usize; 8] = [0, 1, 255, 4095, 4096, 4097, 100_000, 1 << 20];
/// Photons in as many cells that are compared at most: the host joins their rows one by one.
const MANY_CELLS: usize = 100_000;
/// Positions that are located at once, and the most that are compared in the step `parity`.
const STEP: u64 = 1 << 26;
const FEW_POSITIONS: u64 = 1 << 20;

/// Ways to fold that are compared: each choice once, and one that all columns have.
const WAYS: [(Way, Results, Launching); 3] = [
    (Way::Stages, Results::Mapped, Launching::Single),
    (Way::Runs, Results::Mapped, Launching::Single),
    (Way::Runs, Results::Copied, Launching::Graph),
];

/// Folds of columns of every type on every workload, the stages one by one, and some positions.
pub fn folds(bench: &mut Bench) -> Result<()> {
    for workload in WORKLOADS {
        let (mut folds, most) = (0, bench.args.photons as usize);
        for n in COMPARED.into_iter().filter(|&n| n <= most) {
            if workload == Workload::ManyCells && n > MANY_CELLS {
                continue;
            }
            for columns in [Columns::All, Columns::Unordered, Columns::Height] {
                let job = job(columns);
                let batch = bench.batch(workload, n, &job);
                let expected = bench.expected(&batch, &job)?;
                // Order statistics have one way.
                let ways = if columns == Columns::All {
                    &WAYS[..1]
                } else {
                    &WAYS
                };
                for &(way, results, launching) in ways {
                    bench.cuda.set_way(way);
                    bench.cuda.set_results(results);
                    bench.cuda.set_launching(launching);
                    let found = bench.folded(&batch, &job)?;
                    let what = json!({
                        "of": "fold", "workload": workload.name(), "photons": n,
                        "columns": columns.name(), "way": way.name(), "results": results.name(),
                        "launching": launching.name(),
                    });
                    bench.same(&what, found == expected)?;
                    folds += 1;
                }
                bench.cuda.set_way(Way::Sampled);
                bench.cuda.set_results(Results::Mapped);
                bench.cuda.set_launching(Launching::Single);
                if n > 0 && columns == Columns::Height {
                    let photons = bench.cuda.upload(&batch)?;
                    let keys = bench.cuda.locate(&photons, &grid())?;
                    let folded = bench.cuda.fold_keys(&photons, &keys, &job)?;
                    let found = sorted(bench.cuda.read_back(folded, &keys, &job)?);
                    let what = json!({
                        "of": "stages", "workload": workload.name(), "photons": n,
                    });
                    bench.same(&what, found == expected)?;
                }
            }
        }
        let done = json!({"workload": workload.name(), "folds": folds});
        bench.lines.fact("compared", &done)?;
    }
    compare_positions(bench, FEW_POSITIONS.min(bench.args.positions))
}

/// The cells of positions at order 29, on both sides.
pub fn positions(bench: &mut Bench) -> Result<()> {
    compare_positions(bench, bench.args.positions)
}

fn compare_positions(bench: &mut Bench, most: u64) -> Result<()> {
    let grid = GridConfig {
        cell_order: Order::MAX,
        ..grid()
    };
    let (job, mut compared, mut differing) = (job(Columns::Height), 0, 0);
    let mut first_difference = None;
    while compared < most {
        let step = STEP.min(most - compared);
        let mut batch = bench.batch(Workload::OneCell, 0, &job);
        batch.columns.clear();
        let made = || photons::positions(Workload::Places, compared, step as usize);
        let (lon, lat) = bench.cpu.install(made);
        (batch.lon, batch.lat) = (lon.into(), lat.into());
        let mut expected = vec![0; step as usize];
        let (lon, lat) = (&batch.lon, &batch.lat);
        bench.cpu.cells(lon, lat, &grid, &mut expected);
        let uploaded = bench.cuda.upload(&batch)?;
        let found = bench.cuda.located(&uploaded, &grid)?;
        let (differ, first) = bench.cpu.install(|| {
            let differ = |i: &usize| found[*i] != expected[*i];
            let all = (0..step as usize).into_par_iter().with_min_len(1 << 12);
            let count = all.clone().filter(differ).count();
            (count, all.filter(differ).min())
        });
        compared += step;
        differing += differ;
        if let (None, Some(i)) = (&first_difference, first) {
            first_difference = Some(json!({
                "lon": batch.lon[i], "lat": batch.lat[i], "cell": found[i], "cell_of_the_cpu": expected[i],
            }));
        }
        let so_far = json!({"positions": compared, "differ": differing});
        bench.lines.fact("located", &so_far)?;
    }
    let what = json!({
        "of": "positions", "positions": compared, "differ": differing, "first": first_difference,
    });
    bench.same(&what, differing == 0)?;
    Ok(())
}
