//! Pages as a file, and served.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::source::Source;
use super::{PAGE, Viewed, html, server};
use crate::error::Result;
use crate::place::write_whole;

/// A page with all that it shows.
#[derive(Debug)]
pub struct Page {
    pub html: String,
    /// Arrays that it does not show, each with the reason.
    pub left_out: Vec<(String, String)>,
}

/// The page of a store, as one text that needs nothing else.
///
/// # Errors
/// No such store, order or array; a page that would be too large.
pub fn page(viewed: &Viewed) -> Result<Page> {
    let source = Source::open(viewed)?;
    Ok(Page {
        html: html::whole(&source, viewed.max_size)?,
        left_out: source.left_out,
    })
}

/// Writes the page of a store.
///
/// # Errors
/// As [`page`]; the operating system's.
pub fn write_page(viewed: &Viewed, output: &Path) -> Result<Page> {
    let page = page(viewed)?;
    write_whole(output, PAGE, page.html.as_bytes())?;
    Ok(page)
}

/// Serves the page of a store on 127.0.0.1 until it is told to stop; a port of 0 is any that is free. `ready` is told the
/// address, which has a key in it, and which arrays are left out.
///
/// # Errors
/// No such store, order or array; a port that is taken.
pub fn serve(
    viewed: &Viewed,
    port: u16,
    stop: &AtomicBool,
    ready: impl FnOnce(&str, &[(String, String)]),
) -> Result<()> {
    let source = Source::open(viewed)?;
    let server = server::Server::bind(port)?;
    ready(&server.address(), &source.left_out);
    server.run(&source, stop);
    Ok(())
}
