//! A run: granules in a folder become a Zarr store.
//!
//! ```sh
//! cargo run --example run -- granules/ land_ice.zarr
//! ```

use std::path::Path;

use icefold::{Granules, Memory, Outcome, Run, config};

fn main() -> icefold::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(granules), Some(store)) = (arguments.next(), arguments.next()) else {
        println!("name a folder of ATL03 granules, and a store to write");
        return Ok(());
    };
    println!("{}", photons(granules.as_ref(), store.as_ref())?);
    Ok(())
}

/// Photon heights of all granules in a folder, in cells of order 12 and two coarser orders.
pub fn photons(granules: &Path, store: &Path) -> icefold::Result<String> {
    let outcome = Run::new(config::load("atl03")?, Granules::found_in(granules)?)
        .into_store(store)
        .overviews([11, 10])
        .threads(2)
        .memory(Memory::mib(512))
        .tolerant(true)
        .execute()?;
    let left_out = if outcome.is_whole() {
        "nothing was left out"
    } else {
        "some of it was left out"
    };
    Ok(match outcome {
        Outcome::Store(done) | Outcome::Pieces(done) => format!(
            "{} of {} photons are in {} cells, and {left_out}",
            done.report.photons.kept, done.report.photons.read, done.report.occupied_cells
        ),
        Outcome::Standing(standing) => format!("{} was whole already", standing.store.display()),
    })
}
