//! Photons in memory: statistics per cell without a file.
//!
//! ```sh
//! cargo run --example arrays
//! ```

use icefold::DeviceChoice;
use icefold::arrays::{Columns, Photons, Question, Start, Statistic, Timed, Values};
use icefold::config::{Latitude, Order};
use icefold::devices::Device;

fn main() -> icefold::Result<()> {
    for (cell, count, median) in heights()? {
        println!("cell {cell}: {count} photons, median {median} m");
    }
    Ok(())
}

/// Cells of order 8, with the number of photons and their median height.
pub fn heights() -> icefold::Result<Vec<(u64, u64, f64)>> {
    // Three photons close together, one far from them, and one that is nowhere.
    let lon = vec![10.0, 10.001, 10.002, -45.0, f64::NAN];
    let lat = vec![70.0, 70.001, 70.002, 72.5, 0.0];
    let h = Values::F64(vec![100.25, 101.5, 99.0, 2500.0, 0.0].into());
    let photons = Photons::new(lon, lat, vec![("h", h)])?;
    assert_eq!((photons.counts.read, photons.counts.kept), (5, 4));

    let columns = Columns {
        lon: "lon".to_owned(),
        lat: "lat".to_owned(),
        values: vec!["h".to_owned()],
        weights: None,
    };
    let cells = (Order::new(8).unwrap_or(Order::MAX), Latitude::AuthalicWgs84);
    let statistics = [Statistic::Count, Statistic::Median];
    let question = Question::new(&columns, &statistics, cells, None)?;

    let device = Device::open(&DeviceChoice::Cpu, 2)?;
    let (answer, _) = Timed::new(&question, photons)?.repeat(Start::Positions(&device))?;
    let statistics = answer.as_f64(0).into_iter().zip(answer.as_f64(1));
    let cells = answer.cells.iter().zip(statistics);
    Ok(cells
        .map(|(&cell, (count, median))| (cell, count as u64, median))
        .collect())
}
