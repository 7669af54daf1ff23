//! Looking at a store in a browser: one page that draws its cells, as a file or served on the loopback address.
//!
//! Beside the line, on top of `src/store/` and `src/picture/`. A page asks for pieces by name (`piece.rs`): what there is to
//! see (`meta.rs`), the blocks that an order's cells are cut into (`blocks.rs`), ids, values, ranges of colours. `source.rs`
//! makes them of a store and `pack.rs` packs them. `html.rs` puts all of them into one file, `server.rs` (`request.rs`, `until.rs`)
//! hands them out one by one; `page/` is what runs in the browser, the same for both. `mark.rs` knows pages again.

#[cfg(feature = "picture")]
mod blocks;
#[cfg(feature = "picture")]
mod html;
mod mark;
#[cfg(feature = "picture")]
mod meta;
#[cfg(feature = "picture")]
mod pack;
#[cfg(feature = "picture")]
mod piece;
#[cfg(feature = "picture")]
mod request;
#[cfg(feature = "picture")]
mod server;
#[cfg(feature = "picture")]
mod source;
#[cfg(feature = "picture")]
mod until;
#[cfg(feature = "picture")]
mod write;
#[cfg(not(feature = "picture"))]
#[path = "no_write.rs"]
mod write;

use std::path::PathBuf;

use crate::grid::Order;

pub use mark::{PAGE, check_page};
pub use write::{Page, page, serve, write_page};

/// What of a store a page shows.
///
/// ```
/// use icefold::view::Viewed;
///
/// let viewed = Viewed::new("land_ice.zarr");
/// assert!(viewed.variables.is_empty() && viewed.max_size == Viewed::MAX_SIZE);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Viewed {
    pub store: PathBuf,
    /// Arrays; all that have one number for a cell where none is named.
    pub variables: Vec<String>,
    /// Orders of cells; all where none is named.
    pub orders: Vec<Order>,
    /// What stands above the map; the name of the store where nothing is said.
    pub title: Option<String>,
    /// Bytes of a page as a file, at most.
    pub max_size: u64,
}

impl Viewed {
    /// Bytes that a page has at most where nothing is said: browsers open this within seconds.
    pub const MAX_SIZE: u64 = 64 << 20;

    /// All of a store.
    pub fn new(store: impl Into<PathBuf>) -> Self {
        Self {
            store: store.into(),
            variables: Vec::new(),
            orders: Vec::new(),
            title: None,
            max_size: Self::MAX_SIZE,
        }
    }
}
