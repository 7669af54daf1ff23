//! Chunks that the host decodes beside a device: those that the device leaves alone, and those that failed there.
//!
//! By the reader that a run without a device has (`src/decode/host.rs`), so their values are the same, and so are the
//! words for what is wrong with one.

use rayon::prelude::*;

use crate::decode::convert::Target;
use crate::decode::host::{Defect, Kept, pieces};
use crate::decode::inflate::with_tools;
use crate::photon::Values;
use crate::photon::stored::{Kind, Source, StoredColumn};

/// A chunk of a column that has no values.
#[derive(Debug)]
pub struct Undecoded {
    /// Counted through the columns asked for.
    pub column: usize,
    /// Counted through the dataset.
    pub chunk: u64,
    why: Defect,
}

impl std::fmt::Display for Undecoded {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        self.why.fmt(f)
    }
}

/// Values of a column, all 0.
pub fn zeros<B>(column: &StoredColumn<B>) -> Values {
    let rows = (column.rows.end - column.rows.start) as usize;
    match column.form.element.kind {
        Kind::F32 => Values::F32(vec![0.0; rows].into()),
        Kind::F64 => Values::F64(vec![0.0; rows].into()),
        _ => Values::I64(vec![0; rows].into()),
    }
}

/// Decodes those chunks of a column of which `is_asked`, by their place in it, on the threads of the pool that the
/// caller runs in; other values stay as they are.
///
/// # Errors
/// The first chunk that has no values.
pub fn decode<B: Source>(
    (number, column): (usize, &StoredColumn<B>),
    values: &mut Values,
    is_asked: impl Fn(usize) -> bool + Sync,
) -> Result<(), Undecoded> {
    let target = match values {
        Values::F32(v) => Target::F32(v),
        Values::F64(v) => Target::F64(v),
        Values::I64(v) => Target::I64(v),
    };
    let mut nothing = Kept::default();
    let (pieces, _) = pieces(column, target, &mut nothing);
    let asked = pieces.into_par_iter().enumerate();
    let done = asked
        .filter(|(place, _)| is_asked(*place))
        .map(|(_, piece)| {
            let (chunk, place) = (piece.chunk.number, piece.place());
            let mut bring = |out: &mut [u8]| column.bytes.bring(place.start, out);
            let decoded = with_tools(|tools| piece.decode(tools, &mut bring));
            decoded.map(drop).map_err(|why| Undecoded {
                column: number,
                chunk,
                why,
            })
        });
    let done: Vec<Result<(), Undecoded>> = done.collect();
    done.into_iter().collect()
}
