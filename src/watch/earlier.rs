//! What notes say of earlier runs: of their pieces, of what they had merged, and of what they left at a store's name.

use super::note::{Note, if_expected};
use crate::error::{Action, Phrase, Setting, phrase};

impl Note {
    /// How far the pieces of a store are.
    pub(super) fn of_pieces(&self) -> Phrase {
        match self {
            Self::PieceAgain { shard, why } => {
                format!("the piece of shard {shard} is made again: {why}").into()
            }
            Self::GranulesAgain { why } => format!("granules are read again: {why}").into(),
            Self::NotResumed { granules, folder } => phrase![
                format!(
                    "{} has {granules} granule{} that an interrupted run had merged; this run begins anew, and the \
                     same with ",
                    folder.display(),
                    if *granules == 1 { "" } else { "s" }
                ),
                Setting::Resume,
                " goes on with them"
            ],
            Self::GoesOn { granules, of } => {
                format!(
                    "{granules} of {of} granules were merged by an interrupted run, and are not read again"
                )
                .into()
            }
            Self::Grows { what } => format!("the store grows; {what}").into(),
            Self::ReadsAll { why } => phrase![
                format!("all granules are read: {why}; "),
                Setting::KeepPartials,
                " keeps what spares that next time"
            ],
            Self::NothingNew { store } => format!(
                "{} was made of these granules as they are: nothing is left to do",
                store.display()
            )
            .into(),
            Self::LackingGranule { granule } => {
                format!("left out: granule {granule}; the error table says why").into()
            }
            Self::ShardsDone { done, of, store } => phrase![
                if done == of {
                    format!("all {of} shards are done: ")
                } else {
                    format!("{done} of {of} shards are done; when all are, ")
                },
                Action::Finalize,
                format!(" {} makes the store", store.display())
            ],
            Self::NothingInPieces { pieces } => phrase![
                format!(
                    "no photon was kept in any of {pieces} pieces, and the store has no cell; the run \
                     reports of the pieces say why; "
                ),
                if_expected()
            ],
            _ => Phrase::default(),
        }
    }

    /// What earlier runs left at a store's name.
    pub(super) fn of_names(&self) -> Phrase {
        match self {
            Self::AlreadyWhole { store } => format!(
                "{} is whole already, and its values are those of its report: nothing is left to do",
                store.display()
            )
            .into(),
            Self::NamesGiven { store } => format!(
                "an earlier run was stopped while it gave {} and its files their names; all have them \
                 now",
                store.display()
            )
            .into(),
            Self::Removed { path } => {
                format!("removed {}, which a killed run left", path.display()).into()
            }
            Self::OfAnotherHost { path, host } => phrase![
                format!(
                    "{} was made by a run on {host}; if that is gone, remove it, or call ",
                    path.display()
                ),
                Action::Clean,
                " there"
            ],
            _ => Phrase::default(),
        }
    }
}
