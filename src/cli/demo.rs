//! `icefold demo`: the whole line, on granules that it makes first.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use crate::config;
use crate::demo::write_granules;
use crate::error::Result;
use crate::left_out::errors_path;
use crate::picture::PICTURE;
use crate::pipeline::{Memory, Target};
use crate::place::{Inputs, check_file};
use crate::plan::plan;
use crate::report::{ProgressMode, RUN_REPORT};
use crate::store::Layout;

use super::args::DemoArgs;
use super::out::{note, print};
use super::run::{Run, threads};
use super::session::Session;
use super::show::draw;

/// The array that the demo draws.
const DRAWN: &str = "h_median";

pub fn demo(args: &DemoArgs, interrupted: &AtomicBool) -> Result<u8> {
    let granules = args.out.join("granules");
    let store = args.out.join("demo.zarr");
    let map = args.out.join("map.png");
    let report_path = args.out.join("run.json");
    let started = Instant::now();
    note(format_args!(
        "making synthetic granules in {} ...",
        granules.display()
    ));
    let threads = threads(args.machine.threads);
    // Making granules and drawing share these; whoever built them before had the same arguments.
    let _ = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global();
    let made = write_granules(&granules)?;
    let seconds = started.elapsed().as_secs_f64();
    note(format_args!(
        "made {} granules in {seconds:.1} s; aggregating ...",
        made.len()
    ));
    let config = config::load("atl03")?;
    let plan = plan(&made, &config, false)?;
    let inputs = Inputs::of(plan.granules.iter().map(|granule| &*granule.path));
    for (kind, path) in [(RUN_REPORT, &report_path), (PICTURE, &map)] {
        check_file(path, kind, true, &inputs)?;
    }
    let errors = errors_path(&store);
    let session = Session::begin(&store, true, &[&report_path, &map, &errors])?;
    let run = Run {
        config: &config,
        plan: &plan,
        target: Target {
            store: &store,
            // The store of an earlier demo is the demo's own.
            overwrite: true,
            overviews: &[],
            layout: Layout::Cells,
        },
        table: None,
        inputs: &inputs,
        session: &session,
        tolerant: false,
        device: args.machine.choice()?,
        threads,
        memory: Memory::DEFAULT,
        partials_memory: None,
        batch_rows: None,
        progress: ProgressMode::Auto,
        interrupted,
    };
    let (report, tally) = run.execute(&report_path)?;
    draw(
        &store,
        None,
        DRAWN,
        &map,
        Some("icefold demo: median photon height, synthetic ATL03"),
    )?;
    if args.json {
        print(&report.to_json())?;
    } else {
        print(&format!(
            "\nfolded synthetic ATL03 photons into HEALPix cells of order {} (1.6 km)\n{}{}",
            config.grid.cell_order,
            report.summary(&tally),
            next_steps(&args.out)
        ))?;
    }
    Ok(0)
}

fn next_steps(out: &Path) -> String {
    let out = out.display();
    format!(
        "
wrote
  {out}/demo.zarr   the statistics, one row per occupied cell
  {out}/map.png     a map of {DRAWN}
  {out}/run.json    the run report: every photon accounted for, every time, every hash
  {out}/granules/   the granules it was made from

try next
  icefold inspect {out}/demo.zarr
  icefold render {out}/demo.zarr h_variance -o variance.png
  icefold run atl03 {out}/granules --store again.zarr --threads 1
  icefold verify {out}/demo.zarr again.zarr          the same bits, whatever the threads
  python -c 'import xarray as xr; print(xr.open_zarr(\"{out}/demo.zarr\", group=\"12\", \
         consolidated=False))'
"
    )
}
