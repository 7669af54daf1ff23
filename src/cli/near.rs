//! Stores that verbs look at whole, wherever they are.

use std::env::temp_dir;
use std::path::Path;
use std::sync::Arc;

use crate::error::Result;
use crate::publish::Near;
use crate::source::{Remote, is_object};

use super::signals::interrupted;

/// A store in a folder, or a copy of one that is objects, for as long as it is looked at.
///
/// # Errors
/// There is none, or it cannot be fetched.
pub fn near(store: &Path) -> Result<Near> {
    let stop = if is_object(store) {
        interrupted()?
    } else {
        Arc::default()
    };
    let remote = Remote {
        stop,
        ..Remote::default()
    };
    Near::of(store, (&temp_dir(), &remote), false)
}
