//! What a run says on its way: nothing of it is an error, and all of it somebody may want to know.
//!
//! Beside `mod.rs`. A note is a value with the objects that it is about; its text is for people.

use std::fmt;
use std::path::PathBuf;

use crate::text::size;

/// Something that people should know of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// A granule is not read because another one takes its place.
    Superseded {
        granule: PathBuf,
        by: PathBuf,
        /// What it is to the other, in words.
        why: &'static str,
    },
    /// Files of one granule that are all read.
    Parts { paths: Vec<PathBuf> },
    /// Files that are no granules, for one reason.
    NotRead {
        first: PathBuf,
        more: usize,
        /// Reads after the path.
        reason: String,
    },
    /// Files of folders that are plainly no data.
    NotData { files: u64 },
    /// A shard map has something that no run follows, or lacks what tells that it fits.
    OddMap { what: String },
    /// What differs between granules without making them unusable together.
    Drift { what: String },
    /// Partials may need more disk than there is.
    DiskMayFill {
        most: u64,
        store: PathBuf,
        room: u64,
    },
    /// What a device did that a user should know of.
    Device { what: String },
    /// Something on the way was odd.
    Odd { what: String },
    /// A granule cannot be used and was left out.
    LeftOut { reason: String },
    /// A granule has no photons.
    NoPhotons { granule: String },
    /// What is odd in a granule.
    OddGranule { what: String },
    /// A shard map does not list a granule for shards that it has photons in.
    Unlisted { granule: String, photons: u64 },
    /// A row was left out.
    RowLeftOut { granule: String, row: String },
    /// More rows than are told one by one.
    MoreRowsLeftOut { rows: u64 },
    /// No photon was kept of those that were read; the reason that took most.
    NothingKept {
        read: u64,
        most: Option<(String, u64)>,
    },
    /// No photon was kept in any of the pieces that a store was made of.
    NothingInPieces { pieces: usize },
    /// A granule has no photon with valid coordinates, and a shard map does not list it.
    InNoShard { granule: String },
    /// A piece that is there cannot be kept.
    PieceAgain { shard: u64, why: String },
    /// What an earlier run had read cannot be taken up.
    GranulesAgain { why: String },
    /// A store was made of pieces without this granule.
    LackingGranule { granule: String },
    /// So many shards of a shard map have pieces now.
    ShardsDone {
        done: usize,
        of: usize,
        store: PathBuf,
    },
    /// The store is the one that is asked for already.
    AlreadyWhole { store: PathBuf },
    /// An earlier run had only lacked the names of what it had written.
    NamesGiven { store: PathBuf },
    /// Something that a killed run left was removed.
    Removed { path: PathBuf },
    /// Something of a run on another machine was left alone.
    OfAnotherHost { path: PathBuf, host: String },
}

/// How much a note matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// What to do next.
    Hint,
    /// Worth knowing.
    Note,
    /// The result may be other than was meant.
    Warning,
}

impl Note {
    pub fn weight(&self) -> Weight {
        match self {
            Self::ShardsDone { .. } => Weight::Hint,
            Self::Parts { .. }
            | Self::NotRead { .. }
            | Self::NotData { .. }
            | Self::Drift { .. }
            | Self::AlreadyWhole { .. }
            | Self::NamesGiven { .. }
            | Self::Removed { .. }
            | Self::OfAnotherHost { .. } => Weight::Note,
            _ => Weight::Warning,
        }
    }

    /// What comes before the text.
    fn beginning(&self) -> &'static str {
        match self.weight() {
            Weight::Hint => "",
            Weight::Note => "note: ",
            Weight::Warning => "warning: ",
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.beginning())?;
        match self {
            Self::Superseded { .. }
            | Self::Parts { .. }
            | Self::NotRead { .. }
            | Self::NotData { .. }
            | Self::OddMap { .. } => self.of_plan(f),
            Self::PieceAgain { .. }
            | Self::GranulesAgain { .. }
            | Self::LackingGranule { .. }
            | Self::ShardsDone { .. }
            | Self::NothingInPieces { .. } => self.of_pieces(f),
            Self::AlreadyWhole { .. }
            | Self::NamesGiven { .. }
            | Self::Removed { .. }
            | Self::OfAnotherHost { .. } => self.of_names(f),
            _ => self.of_line(f),
        }
    }
}

impl Note {
    /// What becomes of files that are not read, or read beside others of their granule.
    fn of_plan(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Superseded { granule, by, why } => {
                let (granule, by) = (granule.display(), by.display());
                write!(
                    f,
                    "granule {granule} is left out: {by} takes its place ({why})"
                )
            }
            Self::Parts { paths } => {
                let parts: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
                write!(
                    f,
                    "{} are parts of one granule: all are read, as none has photons of another",
                    parts.join(", ")
                )
            }
            Self::NotRead {
                first,
                more,
                reason,
            } => {
                let more = match more {
                    0 => String::new(),
                    more => format!(" (and {more} more)"),
                };
                write!(f, "not read: {}{more} {reason}", first.display())
            }
            Self::NotData { files: 1 } => f.write_str("not read: 1 file that is no data"),
            Self::NotData { files } => write!(f, "not read: {files} files that are no data"),
            Self::OddMap { what } => f.write_str(what),
            _ => Ok(()),
        }
    }

    /// What the line met.
    fn of_line(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Drift { what }
            | Self::Device { what }
            | Self::Odd { what }
            | Self::OddGranule { what } => f.write_str(what),
            Self::DiskMayFill { most, store, room } => write!(
                f,
                "partials may take up to {} on the disk of {}, which has room for {}; a larger \
                 --memory or a --store on another disk helps, should it fill up",
                size(*most),
                store.display(),
                size(*room)
            ),
            Self::LeftOut { reason } => write!(f, "left out: {reason}"),
            Self::NoPhotons { granule } => write!(
                f,
                "granule {granule} has no photons in any ground track; check that the config fits \
                 the product"
            ),
            Self::Unlisted { granule, photons } => write!(
                f,
                "granule {granule}: {photons} photons lie in shards that the shard map does not \
                 list it for, and were left out; make the map again with icefold plan"
            ),
            Self::RowLeftOut { granule, row } => write!(f, "left out: granule {granule}: {row}"),
            Self::MoreRowsLeftOut { rows } => {
                write!(f, "{rows} more rows left out; the error table lists them")
            }
            Self::InNoShard { granule } => write!(
                f,
                "granule {granule} has no photon with valid coordinates in any ground track and \
                 is in no shard"
            ),
            Self::NothingKept { read, most } => {
                let expected = "pass --allow-empty where that is expected";
                match most {
                    None => write!(
                        f,
                        "no photon was kept, as no granule that was read has any; check that the config \
                         fits the granules, or {expected}"
                    ),
                    Some((reason, photons)) => write!(
                        f,
                        "no photon was kept of {read}: {photons} were rejected as {reason}; check the \
                         config, or {expected}"
                    ),
                }
            }
            _ => Ok(()),
        }
    }

    /// How far the pieces of a store are.
    fn of_pieces(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PieceAgain { shard, why } => {
                write!(f, "the piece of shard {shard} is made again: {why}")
            }
            Self::GranulesAgain { why } => write!(f, "granules are read again: {why}"),
            Self::LackingGranule { granule } => {
                write!(f, "left out: granule {granule}; the error table says why")
            }
            Self::ShardsDone { done, of, store } if done == of => write!(
                f,
                "all {of} shards are done: icefold finalize {} makes the store",
                store.display()
            ),
            Self::ShardsDone { done, of, store } => write!(
                f,
                "{done} of {of} shards are done; when all are, icefold finalize {} makes the store",
                store.display()
            ),
            Self::NothingInPieces { pieces } => write!(
                f,
                "no photon was kept in any of {pieces} pieces, and the store has no cell; the run \
                 reports of the pieces say why; pass --allow-empty where that is expected"
            ),
            _ => Ok(()),
        }
    }

    /// What earlier runs left at a store's name.
    fn of_names(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyWhole { store } => write!(
                f,
                "{} is whole already, and its values are those of its report: nothing is left to do",
                store.display()
            ),
            Self::NamesGiven { store } => write!(
                f,
                "an earlier run was stopped while it gave {} and its files their names; all have them \
                 now",
                store.display()
            ),
            Self::Removed { path } => {
                write!(f, "removed {}, which a killed run left", path.display())
            }
            Self::OfAnotherHost { path, host } => write!(
                f,
                "{} was made by a run on {host}; if that is gone, remove it, or call icefold clean there",
                path.display()
            ),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_begins_with_how_much_it_matters() {
        let store = PathBuf::from("a.zarr");
        let hint = Note::ShardsDone {
            done: 3,
            of: 3,
            store: store.clone(),
        };
        let text = "all 3 shards are done: icefold finalize a.zarr makes the store";
        assert_eq!(
            (hint.to_string().as_str(), hint.weight()),
            (text, Weight::Hint)
        );
        let removed = Note::Removed { path: store };
        assert_eq!(
            removed.to_string(),
            "note: removed a.zarr, which a killed run left"
        );
        let odd = Note::Odd {
            what: "odd".to_owned(),
        };
        assert_eq!(odd.to_string(), "warning: odd");
        assert!(odd.weight() > removed.weight());
    }

    #[test]
    fn files_that_are_not_read_are_told_by_the_first_and_counted() {
        let not_read = |more| Note::NotRead {
            first: PathBuf::from("a.txt"),
            more,
            reason: "is no granule".to_owned(),
        };
        assert_eq!(
            not_read(0).to_string(),
            "note: not read: a.txt is no granule"
        );
        assert_eq!(
            not_read(2).to_string(),
            "note: not read: a.txt (and 2 more) is no granule"
        );
        let files = [1, 2].map(|files| Note::NotData { files }.to_string());
        assert_eq!(files[0], "note: not read: 1 file that is no data");
        assert_eq!(files[1], "note: not read: 2 files that are no data");
    }
}
