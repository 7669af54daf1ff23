//! Decoding of one granule, timed against its floor: the same storage chunks read and inflated with
//! libdeflate, and discarded. `benches/decode/run.py` makes the granule, runs this and the peers,
//! and checks that all agree.
//!
//! ```text
//! decode floor GRANULE THREADS REPEATS
//! decode icefold GRANULE THREADS REPEATS
//! decode partials GRANULE THREADS REPEATS
//! ```
//!
//! Prints one JSON object: wall seconds of every repeat, photons, and sums of the values' bits.

mod floor;
mod ours;

use std::path::Path;
use std::time::Instant;

use icefold::granule::Buffers;
use icefold::{Error, Result};
use serde_json::json;

/// What was read, so that no answer goes unseen. Sums wrap.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    pub photons: u64,
    pub lat: u64,
    pub lon: u64,
    pub h: u64,
    /// Bytes of values that went through.
    pub bytes: u64,
}

fn main() {
    // Cargo gives every bench program this flag.
    let arguments: Vec<String> = std::env::args().filter(|a| a != "--bench").collect();
    if arguments.len() == 1 {
        println!("run benches/decode/run.py");
        return;
    }
    if let Err(error) = run(&arguments[1..]) {
        eprintln!("decode: {error}");
        std::process::exit(i32::from(error.exit_code()));
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let usage =
        || Error::Usage("give floor, icefold or partials, a granule, threads, repeats".to_owned());
    let [engine, granule, threads, repeats] = arguments else {
        return Err(usage());
    };
    let threads = threads.parse().map_err(|_| usage())?;
    let repeats: usize = repeats.parse().map_err(|_| usage())?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|e| Error::Usage(e.to_string()))?;
    let path = Path::new(granule);
    let mut seconds = Vec::new();
    // Not timed: it warms the file cache, and its answer is the one that is checked.
    let answer = match engine.as_str() {
        "floor" => {
            let chunks = floor::chunks(path)?;
            let answer = pool.install(|| floor::inflate(path, &chunks))?;
            for _ in 0..repeats {
                let started = Instant::now();
                pool.install(|| floor::inflate(path, &chunks))?;
                seconds.push(started.elapsed().as_secs_f64());
            }
            answer
        }
        "icefold" => {
            let mut buffers = Buffers::default();
            let answer = pool.install(|| ours::decode(path, true, &mut buffers))?;
            for _ in 0..repeats {
                let started = Instant::now();
                pool.install(|| ours::decode(path, false, &mut buffers))?;
                seconds.push(started.elapsed().as_secs_f64());
            }
            answer
        }
        "partials" => {
            let photons = ours::partials(path, threads)?;
            for _ in 0..repeats {
                let started = Instant::now();
                ours::partials(path, threads)?;
                seconds.push(started.elapsed().as_secs_f64());
            }
            Answer {
                photons,
                ..Answer::default()
            }
        }
        _ => return Err(usage()),
    };
    let Answer {
        photons,
        lat,
        lon,
        h,
        bytes,
    } = answer;
    println!(
        "{}",
        json!({"engine": engine, "threads": threads, "seconds": seconds, "photons": photons,
               "lat": lat, "lon": lon, "h": h, "bytes": bytes})
    );
    Ok(())
}
