//! Somebody who watches a run: is told how far it is and what is odd, and may wish it to stop.
//!
//! Below everything that takes time: the line and the planner tell and ask. The command line shows what it is
//! told on a terminal and wishes what signals say; others do as they like. `note.rs` has what is told in words,
//! `earlier.rs` those of earlier runs.

mod earlier;
mod note;

use std::fmt;
use std::path::Path;

pub use note::{Note, Weight};

/// A granule that is about to be read.
///
/// ```
/// use icefold::Watch;
/// use icefold::watch::ToRead;
///
/// struct Names;
///
/// impl Watch for Names {
///     fn begin(&self, granules: &[ToRead]) {
///         for granule in granules {
///             println!("{}: {}", granule.name, granule.path.display());
///         }
///     }
/// }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ToRead<'a> {
    /// What it is called from now on.
    pub name: &'a str,
    pub path: &'a Path,
}

/// Whoever watches. Every method may be called from several threads, and most of them often: they have to cost
/// nothing. None of them changes a bit of a result.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// # use icefold::demo::{Recipe, write_granules_with};
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// use icefold::{Granules, Run, Watch, config};
///
/// /// Counts photons as they are read.
/// #[derive(Default)]
/// struct Photons(AtomicUsize);
///
/// impl Watch for Photons {
///     fn batch(&self, _granule: &str, photons: usize, _share: f64) {
///         self.0.fetch_add(photons, Ordering::Relaxed);
///     }
/// }
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = folder.path();
/// # let recipe = Recipe { granules: 1, segments_per_track: 200, seed: 1 };
/// # write_granules_with(&folder.join("granules"), &recipe)?;
/// let watch = Photons::default();
/// Run::new(config::load("atl03")?, Granules::found_in(folder.join("granules"))?)
///     .into_store(folder.join("photons.zarr"))
///     .watch(&watch)
///     .execute()?;
/// assert!(watch.0.into_inner() > 0);
/// # Ok(())
/// # }
/// ```
pub trait Watch: Sync {
    /// Reading begins. A run reads its granules once; a comparison of devices once for each of them.
    fn begin(&self, _granules: &[ToRead]) {}

    /// A batch of so many photons was read from a granule, of which this part, from 0 to 1, has now been read.
    fn batch(&self, _granule: &str, _photons: usize, _share: f64) {}

    /// A granule has been read whole.
    fn granule_done(&self, _name: &str, _photons: u64) {}

    /// A granule cannot be read to its end, or an earlier run had read it.
    fn granule_left_out(&self, _name: &str) {}

    /// So many shards have partials in memory.
    fn shards_open(&self, _shards: usize) {}

    /// Reading has ended, well or not.
    fn end(&self) {}

    /// Something that people should know, and that is no error.
    fn note(&self, _note: Note) {}

    /// Whether the run is to stop. Asked between batches, between shards and between blocks of rows; a run that
    /// stops says so with an error and leaves only what it can go on with.
    fn stop(&self) -> bool {
        false
    }
}

impl fmt::Debug for dyn Watch + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

/// Nobody.
///
/// ```
/// use icefold::Watch;
/// use icefold::watch::Unwatched;
///
/// assert!(!Unwatched.stop());
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {}

/// Reading that has begun; it ends when this is dropped.
///
/// ```
/// use icefold::watch::{Reading, Unwatched};
///
/// let reading = Reading::begin(&Unwatched, &[]);
/// drop(reading);
/// ```
#[derive(Debug)]
pub struct Reading<'a>(&'a dyn Watch);

impl<'a> Reading<'a> {
    /// Tells that reading of these granules begins.
    pub fn begin(watch: &'a dyn Watch, granules: &[ToRead]) -> Self {
        watch.begin(granules);
        Self(watch)
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}
