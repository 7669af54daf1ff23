//! What finalizing leaves behind.

use std::path::PathBuf;

use crate::report::AssembledReport;

use super::Standing;

/// What came of it.
///
/// ```no_run
/// use icefold::Finalize;
///
/// # fn main() -> icefold::Result<()> {
/// let finalized = Finalize::new("photons.zarr").table("photons.parquet").execute()?;
/// assert!(!finalized.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub enum Finalized {
    /// The store, and the tables beside it.
    Store(Box<Made>),
    /// The store was made of these pieces already, and nothing was done.
    Standing(Standing),
}

/// A store that was made of pieces.
///
/// ```no_run
/// use icefold::Finalize;
/// use icefold::run::Finalized;
///
/// # fn main() -> icefold::Result<()> {
/// if let Finalized::Store(made) = Finalize::new("photons.zarr").execute()? {
///     println!("{}, whole: {}", made.store.display(), made.is_whole());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Made {
    pub store: PathBuf,
    pub report: AssembledReport,
}

impl Made {
    /// Nothing was left out by the runs that wrote the pieces.
    pub fn is_whole(&self) -> bool {
        self.report.granules.left_out.is_empty() && self.report.errors.count == 0
    }

    /// No photon was kept.
    pub fn is_empty(&self) -> bool {
        self.report.photons.kept == 0
    }
}

impl Finalized {
    /// Nothing was left out by the runs that wrote the pieces.
    pub fn is_whole(&self) -> bool {
        match self {
            Self::Store(made) => made.is_whole(),
            Self::Standing(standing) => standing.is_whole(),
        }
    }

    /// No photon was kept.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Store(made) => made.is_empty(),
            Self::Standing(standing) => standing.is_empty(),
        }
    }
}
