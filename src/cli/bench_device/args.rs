//! The command line of `bench-device`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub struct BenchDeviceArgs {
    /// What to do
    #[arg(value_enum)]
    pub step: BenchDeviceStep,
    /// Where to append a JSON line for every fact [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub json_lines: Option<PathBuf>,
    /// What the step is called there [default: its name]
    #[arg(long)]
    pub name: Option<String>,
    /// cuda, cuda:N, cuda:N,M or cuda:all
    #[arg(long, default_value = "cuda")]
    pub device: String,
    /// Photons of a fold, or pairs of a sort; of the largest fold in parity
    #[arg(long, default_value_t = 1 << 26)]
    #[arg(value_parser = clap::value_parser!(u32).range(256..=1 << 28))]
    pub photons: u32,
    /// Positions that are located on both sides and compared
    #[arg(long, default_value_t = 1_000_000_000)]
    pub positions: u64,
    /// Geolocation segments of a ground track of granules
    #[arg(long, default_value_t = 200_000)]
    pub segments: u32,
    /// Where arrays and granules are written, and the chunks that are inflated
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Steps of `bench-device`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BenchDeviceStep {
    /// Which devices there are, and whether the first opens
    Devices,
    /// Folds of every kind against the CPU's bits, on small sizes
    Parity,
    /// The cells of positions at order 29 against the CPU's
    Locate,
    /// What copies reach
    Ceilings,
    /// Folds of photons that are on the device
    Resident,
    /// The sort of pairs of 32 bits by 16 of them
    Sort,
    /// Storage chunks inflated, beside the host
    Inflate,
    /// Folds from arrays of the host to partials there
    EndToEnd,
    /// One fold and nothing else, for a profiler
    OneFold,
    /// Writes arrays for other programs: cell.u32 and h.f32
    Arrays,
    /// Writes granules of the demo's generator
    Granule,
}

impl BenchDeviceArgs {
    /// What the step is called in the lines: by default as on the command line.
    pub fn name(&self) -> String {
        let own = self.step.to_possible_value();
        let own = own.map_or_else(String::new, |value| value.get_name().to_owned());
        self.name.clone().unwrap_or(own)
    }
}
