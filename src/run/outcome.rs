//! What a run leaves behind.

use std::path::{Path, PathBuf};

use crate::pipeline::Tally;
use crate::report::RunReport;

use super::Standing;

/// What came of a run.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// # use icefold::demo::{Recipe, write_granules_with};
/// use icefold::{Granules, MakeMap, Mapped, Outcome, Run, config};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = folder.path();
/// # let recipe = Recipe { granules: 1, segments_per_track: 200, seed: 1 };
/// # write_granules_with(&folder.join("granules"), &recipe)?;
/// let (atl03, map) = (config::load("atl03")?, folder.join("shards.json"));
/// MakeMap::new(atl03.clone(), Granules::found_in(folder.join("granules"))?, &map).execute()?;
/// let run = Run::new(atl03, Mapped::by(&map).in_folder(folder.join("granules")))
///     .into_store(folder.join("photons.zarr"))
///     .resume(true);
/// assert!(matches!(run.clone().execute()?, Outcome::Store(_)));
/// assert!(matches!(run.execute()?, Outcome::Standing(_)), "nothing is left to do");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub enum Outcome {
    /// The store, and the tables beside it.
    Store(Box<Done>),
    /// Pieces of the store, which waits for the others and for [`Finalize`](super::Finalize).
    Pieces(Box<Done>),
    /// The store was the one that is asked for already, and nothing was done.
    Standing(Standing),
}

/// What a run wrote.
///
/// ```no_run
/// use icefold::{Granules, Run, config};
///
/// # fn main() -> icefold::Result<()> {
/// let run = Run::new(config::load("atl03")?, Granules::found_in("granules")?);
/// let outcome = run.into_store("photons.zarr").execute()?;
/// if let Some(done) = outcome.done().filter(|done| !done.whole) {
///     println!("{} granules were left out", done.report.granules.failed.len());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Done {
    /// The store, or the folder of pieces.
    pub path: PathBuf,
    pub report: RunReport,
    pub tally: Tally,
    /// Nothing was left out.
    pub whole: bool,
}

impl Done {
    /// No photon was kept, by this run or in what was there: pieces, or cells of a store that grew.
    pub fn is_empty(&self) -> bool {
        let before = self.report.pieces.as_ref().map_or(0, |p| p.photons_kept);
        let cells = self.report.update.as_ref().map_or(0, |u| u.cells_before);
        self.tally.counts.kept + before + cells == 0
    }
}

impl Outcome {
    /// The store, or the folder of pieces.
    pub fn path(&self) -> &Path {
        match self {
            Self::Store(done) | Self::Pieces(done) => &done.path,
            Self::Standing(standing) => &standing.store,
        }
    }

    /// What the run did; nothing where the store stood already.
    pub fn done(&self) -> Option<&Done> {
        match self {
            Self::Store(done) | Self::Pieces(done) => Some(done),
            Self::Standing(_) => None,
        }
    }

    /// Nothing was left out: no granule, no row, no value.
    pub fn is_whole(&self) -> bool {
        match self {
            Self::Store(done) | Self::Pieces(done) => done.whole,
            Self::Standing(standing) => standing.is_whole(),
        }
    }

    /// No photon was kept.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Store(done) | Self::Pieces(done) => done.is_empty(),
            Self::Standing(standing) => standing.is_empty(),
        }
    }
}
