//! What an output is: how its values come about.
//!
//! Beside `outputs.rs`, which makes it of the text.

use crate::expr::CellExpr;
use crate::stat::Clock;

/// How an output's values come about.
///
/// ```
/// # fn main() -> icefold::Result<()> {
/// use icefold::config::{Definition, load};
///
/// let outputs = load("atl03")?.outputs;
/// assert!(outputs.iter().all(|output| matches!(output.definition, Definition::Scalar(_))));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Definition {
    /// One value per cell.
    Scalar(CellExpr),
    /// Counts in bins between ascending edges (last bin closed), plus counts below and above.
    Histogram { column: String, edges: Vec<f64> },
    /// The centroids of a t-digest; `coarser` is the delta of coarser orders.
    Digest {
        column: String,
        delta: u32,
        coarser: u32,
        /// What centroids say of their photons beside.
        #[doc(hidden)]
        told: Told,
    },
    /// Fractions of the photons by surface and confidence, packed in one number.
    #[doc(hidden)]
    Composition(Box<Composed>),
    /// One value of all photons of the Zarr chunk that a cell is in.
    OfChunk(CellExpr),
    /// Counts in bins of equal width, between edges that follow from the photons of the cell or of its Zarr chunk.
    Vector(Box<Anchored>),
}

/// A histogram between edges that follow from photons: of a column's values with `shifts` added to each.
#[doc(hidden)]
#[derive(Debug, Clone, PartialEq)]
pub struct Anchored {
    pub column: String,
    /// Added to each value, one after the other.
    pub shifts: Vec<Scoped>,
    pub low: Scoped,
    pub high: Scoped,
    pub bins: u32,
}

/// A number of the photons of a cell, or of those of its Zarr chunk.
#[doc(hidden)]
#[derive(Debug, Clone, PartialEq)]
pub struct Scoped {
    pub expr: CellExpr,
    pub of_chunk: bool,
}

/// Where and when the photons of a centroid are.
#[doc(hidden)]
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Told {
    pub location: bool,
    /// The column of times, and how it counts them.
    pub time: Option<(String, Clock)>,
}

/// What photons of a column are counted as, by the confidences of five surfaces.
#[doc(hidden)]
#[derive(Debug, Clone, PartialEq)]
pub struct Composed {
    pub column: String,
    pub confidences: [String; 5],
    /// Confidence from which a photon is signal.
    pub threshold: i64,
}
