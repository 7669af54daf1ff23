//! From YAML text to [`RawConfig`], within limits, with the place of every fault. Comes before `parse.rs`.
//!
//! `tree.rs` reads the text into a tree and notes the line and column of every key and value, `nodes.rs`
//! fills the types from it. Later checks name a key by its path and get its place from here.

use serde::de::IgnoredAny;
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy};

use super::change::{Change, apply};
use super::emit::emitted;
use super::faults::{Faults, Places};
use super::foreign::foreign;
use super::nodes::fill;
use super::raw::RawConfig;
use super::tree::{MAX_DEPTH, scan};
use super::words::{EMPTY, syntax};

/// Largest text, in bytes.
pub(super) const MAX_BYTES: u64 = 1 << 20;

/// What a text holds, and what of it is wrong.
#[derive(Debug)]
pub(super) struct Read {
    /// With holes where values cannot be read; `None` where too much is wrong.
    pub raw: Option<RawConfig>,
    pub places: Places,
    pub faults: Faults,
    /// The text with the changes in it, where there are some.
    pub changed: Option<String>,
}

/// Reads the text into its raw shape, with changes.
///
/// # Errors
/// What makes the text no pipeline at all, as a message with its place; a change that cannot be made.
pub(super) fn read(text: &str, changes: &[Change]) -> Result<Read, String> {
    if text.len() as u64 > MAX_BYTES {
        return Err(format!(
            "{} bytes of YAML, the limit is {MAX_BYTES}",
            text.len()
        ));
    }
    let mut tree = scan(text)?;
    check_syntax(text)?;
    apply(&mut tree, changes)?;
    let root = tree.root.ok_or(EMPTY)?;
    if let Some(why) = foreign(&root, &tree.places) {
        return Err(why);
    }
    let raw = fill(&root, &mut tree.faults);
    let said: Vec<String> = changes.iter().map(ToString::to_string).collect();
    let head = || format!("# With {}.\n", said.join(", "));
    Ok(Read {
        changed: (!said.is_empty()).then(|| head() + &emitted(&root)),
        raw,
        places: tree.places,
        faults: tree.faults,
    })
}

/// Whether the text is YAML; the library knows most about what is wrong with text that is not.
pub(super) fn check_syntax(text: &str) -> Result<(), String> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_anchors: 0,
            max_aliases: 0,
            max_documents: 1,
        },
        // The tree has its own words for these.
        duplicate_keys: DuplicateKeyPolicy::FirstWins,
        merge_keys: MergeKeyPolicy::AsOrdinary,
        strict_booleans: true,
        with_snippet: false,
    };
    let read: Result<IgnoredAny, _> = serde_saphyr::from_str_with_options(text, options);
    read.map(|_| ()).map_err(|error| syntax(&error))
}
