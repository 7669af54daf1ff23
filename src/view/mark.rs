//! The mark of who made a page: the comment on its second line.
//!
//! By it icefold knows the pages that it may overwrite.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::error::{Error, Result};
use crate::features::Feature;
use crate::place::{Artefact, Folder, Inputs, check_file};

/// How pages begin.
pub(super) const START: &str = "<!doctype html>\n<!-- Software: icefold -->\n";

/// Pages as files.
pub const PAGE: Artefact = Artefact {
    noun: "page",
    needs_flag: false,
    folder: Folder::There,
    wrote: wrote_page,
};

/// A page is HTML, and its name says so; a device has no say.
///
/// # Errors
/// Another name; something is there that is not to be replaced; a build without pages.
pub fn check_page(output: &Path) -> Result<()> {
    let is_device = std::fs::metadata(output).is_ok_and(|m| !m.is_file() && !m.is_dir());
    let extension = output.extension().and_then(|extension| extension.to_str());
    let is_html = extension.is_some_and(|own| {
        ["html", "htm"]
            .iter()
            .any(|known| own.eq_ignore_ascii_case(known))
    });
    if !is_html && !is_device {
        return Err(Error::argument(format!(
            "cannot write {}: a page is HTML; name one that ends in .html",
            output.display()
        )));
    }
    Feature::Picture.needed_for("make a page")?;
    check_file(output, PAGE, true, &Inputs::default())
}

/// Whether a file is a page that icefold made.
fn wrote_page(path: &Path) -> bool {
    let mut start = Vec::new();
    let read =
        File::open(path).and_then(|file| file.take(START.len() as u64).read_to_end(&mut start));
    read.is_ok() && start == START.as_bytes()
}
