//! A watch: counts photons while a run goes on, keeps what it says, and stops it when there are enough.
//!
//! ```sh
//! cargo run --example watch -- granules/ some.zarr 1000000
//! ```

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use icefold::{Error, Granules, Note, Run, Watch, config};

fn main() -> icefold::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [granules, store, most] = &arguments[..] else {
        println!(
            "name a folder of ATL03 granules, a store to write, and how many photons are enough"
        );
        return Ok(());
    };
    let budget = Budget::of(most.parse().unwrap_or(u64::MAX));
    let whole = run(granules.as_ref(), store.as_ref(), &budget)?;
    println!("{} photons, whole: {whole}", budget.photons());
    for note in budget.notes() {
        println!("{note}");
    }
    Ok(())
}

/// Stops a run that has read more than so many photons.
#[derive(Debug)]
pub struct Budget {
    most: u64,
    read: AtomicU64,
    notes: Mutex<Vec<Note>>,
}

impl Budget {
    /// So many photons.
    pub fn of(most: u64) -> Self {
        Self {
            most,
            read: AtomicU64::new(0),
            notes: Mutex::new(Vec::new()),
        }
    }

    /// Photons that were read.
    pub fn photons(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// What the run said.
    pub fn notes(&self) -> Vec<String> {
        let notes = self.notes.lock();
        notes.map_or(Vec::new(), |notes| {
            notes.iter().map(Note::to_string).collect()
        })
    }
}

impl Watch for Budget {
    fn batch(&self, _granule: &str, photons: usize, _share: f64) {
        self.read.fetch_add(photons as u64, Ordering::Relaxed);
    }

    fn note(&self, note: Note) {
        if let Ok(mut notes) = self.notes.lock() {
            notes.push(note);
        }
    }

    fn stop(&self) -> bool {
        self.photons() > self.most
    }
}

/// Runs under a watch; whether it came to its end. One that is stopped leaves nothing.
pub fn run(granules: &Path, store: &Path, watch: &Budget) -> icefold::Result<bool> {
    let run = Run::new(config::load("atl03")?, Granules::found_in(granules)?)
        .into_store(store)
        .batch_rows(10_000)
        .watch(watch);
    match run.execute() {
        Ok(outcome) => Ok(outcome.is_whole()),
        Err(Error::Interrupted) => Ok(false),
        Err(error) => Err(error),
    }
}
