//! Where a run records what it leaves out: in the error table of its store, or among its pieces.

use std::path::PathBuf;

use super::Options;
use crate::error::Result;
use crate::left_out::{ErrorSummary, ErrorTable, RowSpool};
use crate::piece::Pieces;

/// What a tolerant run leaves out.
#[derive(Debug)]
pub enum Errors<'a> {
    Table(Box<ErrorTable>),
    /// Of a run over a shard map; counted so far.
    Pieces(&'a Pieces, ErrorSummary),
}

impl<'a> Errors<'a> {
    /// Nothing yet.
    pub(super) fn new(options: &Options<'a>) -> Self {
        match options.pieces {
            Some(options) => Self::Pieces(options.pieces, ErrorSummary::default()),
            None => Self::Table(Box::new(ErrorTable::new(options.errors))),
        }
    }

    /// Beside which file rows of a granule may wait.
    pub(super) fn target(&self, granule: &str) -> PathBuf {
        match self {
            Self::Table(table) => table.target().to_path_buf(),
            Self::Pieces(pieces, _) => pieces.errors_of(granule),
        }
    }

    /// Adds the rows of a granule that was read whole.
    ///
    /// # Errors
    /// A write fails.
    pub(super) fn rows(&mut self, granule: &str, spool: RowSpool) -> Result<()> {
        match self {
            Self::Table(table) => table.rows(spool),
            Self::Pieces(pieces, summary) => {
                summary.add(&pieces.keep_rows(granule, spool)?);
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
            Self::Pieces(pieces, summary) => {
                summary.add(&pieces.keep_granule(granule, stage, reason)?);
                Ok(())
            }
        }
    }

    /// Counts what an earlier run has kept, too.
    pub(super) fn go_on(&mut self, before: &ErrorSummary) {
        if let Self::Pieces(_, summary) = self {
            summary.add(before);
        }
    }

    /// Of a run into pieces: the rows of granules that were read whole. A granule that was left out is
    /// read again by the run that goes on.
    pub(super) fn of_rows(&self) -> ErrorSummary {
        let mut summary = self.summary();
        let granules = summary.by_code.remove("granule_failed").unwrap_or_default();
        summary.count -= granules;
        summary
    }

    /// Of a run into pieces: how many rows there are, by code. The table is made with the store.
    pub fn summary(&self) -> ErrorSummary {
        match self {
            Self::Table(_) => ErrorSummary::default(),
            Self::Pieces(_, summary) => summary.clone(),
        }
    }
}
