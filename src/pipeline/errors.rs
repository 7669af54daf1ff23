//! Where a run records what it leaves out: in the error table of its store, or by granule until that table is made.

use std::path::{Path, PathBuf};

use super::{Options, Survey};
use crate::error::Result;
use crate::left_out::{ErrorSummary, ErrorTable, RowSpool};
use crate::piece::KeptErrors;

/// What a tolerant run leaves out.
#[derive(Debug)]
pub enum Errors {
    Table(Box<ErrorTable>),
    /// Of a run that another may go on with; counted so far.
    Kept(KeptErrors, ErrorSummary),
}

impl Errors {
    /// Nothing yet.
    pub(super) fn new(options: &Options) -> Self {
        let kept = match (options.pieces, options.checkpoints) {
            (Some(options), _) => options.pieces.errors(),
            (None, Some(options)) => options.errors.clone(),
            (None, None) => return Self::Table(Box::new(ErrorTable::new(options.errors))),
        };
        Self::Kept(kept, ErrorSummary::default())
    }

    /// The error table at `path`, with all that was left out of granules in the order of a survey; nothing is kept of it elsewhere any more.
    ///
    /// # Errors
    /// A table of a granule that cannot be read, or written.
    pub(super) fn into_table(self, path: &Path, survey: &Survey) -> Result<ErrorTable> {
        match self {
            Self::Table(table) => Ok(*table),
            Self::Kept(kept, _) => {
                let mut table = ErrorTable::new(path);
                let failed = survey.failed.iter().map(|failed| &*failed.granule);
                let read = survey.granules.iter().map(|granule| &*granule.name);
                kept.gather(&mut table, failed.chain(read))?;
                kept.clear()?;
                Ok(table)
            }
        }
    }

    /// Beside which file rows of a granule may wait.
    pub(super) fn target(&self, granule: &str) -> PathBuf {
        match self {
            Self::Table(table) => table.target().to_path_buf(),
            Self::Kept(kept, _) => kept.of_granule(granule),
        }
    }

    /// Adds the rows of a granule that was read whole.
    ///
    /// # Errors
    /// A write fails.
    pub(super) fn rows(&mut self, granule: &str, spool: RowSpool) -> Result<()> {
        match self {
            Self::Table(table) => table.rows(spool),
            Self::Kept(kept, summary) => {
                summary.add(&kept.keep_rows(granule, spool)?);
                Ok(())
            }
        }
    }

    /// Adds a granule that is left out at this stage.
    ///
    /// # Errors
    /// A write fails.
    pub(super) fn granule(
        &mut self,
        granule: &str,
        stage: &'static str,
        reason: &str,
    ) -> Result<()> {
        match self {
            Self::Table(table) => table.granule(granule, stage, reason),
            Self::Kept(kept, summary) => {
                summary.add(&kept.keep_granule(granule, stage, reason)?);
                Ok(())
            }
        }
    }

    /// Counts what an earlier run has kept, too.
    pub(super) fn go_on(&mut self, before: &ErrorSummary) {
        if let Self::Kept(_, summary) = self {
            summary.add(before);
        }
    }

    /// Of a run that another may go on with: the rows of granules that were read whole. A granule that was left out is
    /// read again by the run that goes on.
    pub(super) fn of_rows(&self) -> ErrorSummary {
        let mut summary = self.summary();
        let granules = summary.by_code.remove("granule_failed").unwrap_or_default();
        summary.count -= granules;
        summary
    }

    /// Of a run that another may go on with: how many rows there are, by code. The table is made with the store.
    pub fn summary(&self) -> ErrorSummary {
        match self {
            Self::Table(_) => ErrorSummary::default(),
            Self::Kept(_, summary) => summary.clone(),
        }
    }
}
