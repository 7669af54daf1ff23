//! `icefold demo`: the whole line, on granules that it makes first.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use crate::config;
use crate::demo::write_granules;
use crate::error::Result;
use crate::features::Feature;
use crate::picture::{Drawn, PICTURE, draw};
use crate::place::{Inputs, check_file};
use crate::run::{Granules, Outcome, Run, tidy_file};

use super::args::{DemoArgs, ProgressArg};
use super::machine::{command_line, threads};
use super::out::{note, print};
use super::progress::Progress;
use super::run::show_standing;
use super::words::CommandLine;

/// The array that the demo draws.
const DRAWN: &str = "h_median";

pub fn demo(args: &DemoArgs, interrupted: Arc<AtomicBool>) -> Result<u8> {
    Feature::Hdf5.needed_for("make granules")?;
    Feature::Picture.needed_for("draw the map of the demo")?;
    let granules = args.out.join("granules");
    let store = args.out.join("demo.zarr");
    let map = args.out.join("map.png");
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
    let progress = Progress::new(ProgressArg::Auto, interrupted);
    let inputs = Inputs::of(made.iter().map(|granule| &**granule));
    check_file(&map, PICTURE, true, &inputs)?;
    tidy_file(&map, &progress)?;
    let config = config::load("atl03")?;
    let cell_order = config.grid.cell_order;
    let outcome = Run::new(config, Granules::named(made))
        .into_store(&store)
        // The store of an earlier demo is the demo's own.
        .overwrite(true)
        .report(args.out.join("run.json"))
        .device(args.machine.choice()?)
        .threads(threads)
        .command(command_line())
        .dialect(&CommandLine)
        .watch(&progress)
        .execute()?;
    let drawn = Drawn {
        variable: DRAWN,
        order: None,
        time: None,
        title: Some("icefold demo: median photon height, synthetic ATL03"),
    };
    draw(&store, drawn, &map)?;
    match &outcome {
        Outcome::Standing(standing) => show_standing(standing, args.json)?,
        Outcome::Store(done) | Outcome::Pieces(done) if args.json => {
            print(&done.report.to_json())?;
        }
        Outcome::Store(done) | Outcome::Pieces(done) => print(&format!(
            "\nfolded synthetic ATL03 photons into HEALPix cells of order {cell_order} (1.6 km)\n{}{}",
            done.report.summary(&done.tally),
            next_steps(&args.out)
        ))?,
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
  python -c 'import xarray as xr; print(xr.open_zarr(\"{out}/demo.zarr\"))'
"
    )
}
