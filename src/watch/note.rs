//! What a run says on its way: nothing of it is an error, and all of it somebody may want to know.
//!
//! Beside `mod.rs`. A note is a value with the objects that it is about; its text is for people.

use std::fmt;
use std::path::PathBuf;

use crate::error::{Action, Dialect, Phrase, Setting, phrase};
use crate::text::size;

/// Something that people should know of a run.
///
/// ```
/// use icefold::Note;
/// use icefold::watch::Weight;
///
/// let note = Note::LeftOut { reason: "ATL03_a.h5 is cut off".to_owned() };
/// assert_eq!(note.weight(), Weight::Warning);
/// assert!(note.to_string().contains("ATL03_a.h5"));
/// ```
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
    /// Keys of a config that change nothing, as only other readers of its format need them.
    WithoutEffect {
        config: String,
        keys: Vec<&'static str>,
    },
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
    /// Which device a run took that asked for none, and why.
    DeviceTaken { what: Phrase },
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
    /// What an earlier run had merged is there, and this one begins anew.
    NotResumed { granules: usize, folder: PathBuf },
    /// An earlier run had merged so many of the granules.
    GoesOn { granules: usize, of: usize },
    /// What is new of a store that a run adds to, in words.
    Grows { what: String },
    /// All granules of a store are read, though it stands; why, in words.
    ReadsAll { why: String },
    /// Nothing is new of the store that a run was to add to.
    NothingNew { store: PathBuf },
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
            Self::WithoutEffect { .. }
            | Self::Parts { .. }
            | Self::NotRead { .. }
            | Self::NotData { .. }
            | Self::Drift { .. }
            | Self::DeviceTaken { .. }
            | Self::GoesOn { .. }
            | Self::Grows { .. }
            | Self::ReadsAll { .. }
            | Self::NothingNew { .. }
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

impl From<&Note> for Phrase {
    /// What the note says, after how much it matters.
    fn from(note: &Note) -> Self {
        let text = match note {
            Note::Superseded { .. }
            | Note::Parts { .. }
            | Note::NotRead { .. }
            | Note::NotData { .. }
            | Note::WithoutEffect { .. }
            | Note::OddMap { .. } => note.of_plan().into(),
            Note::PieceAgain { .. }
            | Note::GranulesAgain { .. }
            | Note::NotResumed { .. }
            | Note::GoesOn { .. }
            | Note::Grows { .. }
            | Note::ReadsAll { .. }
            | Note::NothingNew { .. }
            | Note::LackingGranule { .. }
            | Note::ShardsDone { .. }
            | Note::NothingInPieces { .. } => note.of_pieces(),
            Note::AlreadyWhole { .. }
            | Note::NamesGiven { .. }
            | Note::Removed { .. }
            | Note::OfAnotherHost { .. } => note.of_names(),
            _ => note.of_line(),
        };
        phrase![note.beginning(), text]
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Phrase::from(self).fmt(f)
    }
}

impl Note {
    /// What it says, in the words of a dialect.
    pub fn render(&self, dialect: &dyn Dialect) -> String {
        Phrase::from(self).render(dialect)
    }

    /// What becomes of files that are not read, or read beside others of their granule.
    fn of_plan(&self) -> String {
        match self {
            Self::Superseded { granule, by, why } => {
                let (granule, by) = (granule.display(), by.display());
                format!("granule {granule} is left out: {by} takes its place ({why})")
            }
            Self::Parts { paths } => {
                let parts: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
                format!(
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
                format!("not read: {}{more} {reason}", first.display())
            }
            Self::NotData { files: 1 } => "not read: 1 file that is no data".to_owned(),
            Self::NotData { files } => format!("not read: {files} files that are no data"),
            Self::WithoutEffect { config, keys } => {
                format!("config {config}: without effect here: {}", keys.join(", "))
            }
            Self::OddMap { what } => what.clone(),
            _ => String::new(),
        }
    }

    /// What the line met.
    fn of_line(&self) -> Phrase {
        match self {
            Self::DeviceTaken { what } => what.clone(),
            Self::Drift { what }
            | Self::Device { what }
            | Self::Odd { what }
            | Self::OddGranule { what } => what.into(),
            Self::DiskMayFill { most, store, room } => phrase![
                format!(
                    "partials may take up to {} on the disk of {}, which has room for {}; a larger ",
                    size(*most),
                    store.display(),
                    size(*room)
                ),
                Setting::Memory,
                " or a ",
                Setting::Store,
                " on another disk helps, should it fill up"
            ],
            Self::LeftOut { reason } => format!("left out: {reason}").into(),
            Self::NoPhotons { granule } => {
                format!("granule {granule} has no photons; check that it is of what is asked for")
                    .into()
            }
            Self::Unlisted { granule, photons } => phrase![
                format!(
                    "granule {granule}: {photons} photons lie in shards that the shard map does not \
                     list it for, and were left out; make the map again with "
                ),
                Action::MakeMap
            ],
            Self::RowLeftOut { granule, row } => {
                format!("left out: granule {granule}: {row}").into()
            }
            Self::MoreRowsLeftOut { rows } => {
                format!("{rows} more rows left out; the error table lists them").into()
            }
            Self::InNoShard { granule } => format!(
                "granule {granule} has no photon with valid coordinates in any ground track and \
                 is in no shard"
            )
            .into(),
            Self::NothingKept { read, most } => {
                let (why, check) = match most {
                    None => (
                        "no photon was kept, as no granule that was read has any".to_owned(),
                        "check that they are of what is asked for",
                    ),
                    Some((reason, photons)) => (
                        format!(
                            "no photon was kept of {read}: {photons} were rejected as {reason}"
                        ),
                        "check what is asked for",
                    ),
                };
                phrase![why, "; ", check, ", or ", if_expected()]
            }
            _ => Phrase::default(),
        }
    }
}

/// What makes no photon no failure.
pub(super) fn if_expected() -> Phrase {
    phrase![Setting::AllowEmpty.set(), " where that is expected"]
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
        let text = "all 3 shards are done: finalize a.zarr makes the store";
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
