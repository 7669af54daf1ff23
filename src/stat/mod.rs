//! The statistic algebra: accumulate, merge, finish; written once, used by every backend.
//!
//! Every accumulator is a commutative monoid over integers, so the order of photons, batches and merges
//! cannot change a result:
//!
//! ```text
//!   values  ->  order-preserving keys   ->  min, max, multiset   (range.rs, ordered.rs)
//!           ->  q = round(x * 2^E)      ->  n, sum q, sum q^2    (moments.rs, exact.rs)
//!           ->  what is beyond q        ->  sums of remainders   (remainder.rs, wide.rs)
//!           ->  round(term * 2^128)     ->  exact sum            (terms.rs, cut.rs, cuts.rs)
//! ```
//!
//! `job.rs` turns outputs into columns and the accumulators that each needs, `partial.rs` holds
//! accumulators of many cells and merges them, `segments.rs` makes them of values in the order of cells, `accumulate.rs` lists
//! those that a column may have, `coarsen.rs` folds them up to coarser cells,
//! `join.rs` puts many tables together at once, `fill.rs` and `gather.rs` write the values that are retained where they stay,
//! `size.rs` tells what memory they take, `encode/` writes them to bytes and reads them back,
//! `finish.rs` turns them into f64 once, by the division of `quotient.rs`, `finish_cells.rs` those of many cells. `joint.rs` is what several columns add up to together: `products.rs` for fits, which
//! `relate.rs` makes of them in fractions (`fraction.rs`), `ends.rs` for first and last, `mark.rs` for what granules are. `remains.rs` finds the values that have a remainder and sums
//! many of them, `combined.rs` puts their sums and those of whole units together. `part.rs` cuts rows with
//! many values, `choose.rs` finds order statistics of values that are not in memory, `select.rs` those of values that are, with `rank.rs` for cells of many. `tdigest.rs` makes centroids of all
//! values of a cell, parted by `scale.rs`, whose exact means `centroid.rs` and `total.rs` have, `digesting.rs` the same of values that are not in memory. `members.rs` keeps photons whole for digests that say where
//! and when, whose words `clock.rs` has. `composition.rs` packs counts of photons by surface into one word. `vector.rs` counts values
//! between edges that are known once a cell is whole.

#[macro_use]
mod accumulate;
#[cfg(test)]
mod answers;
mod centroid;
mod choose;
mod clock;
mod coarsen;
mod combined;
mod composition;
mod cut;
mod cuts;
mod derive;
mod digesting;
mod encode;
mod ends;
mod exact;
mod fill;
mod finish;
mod finish_cells;
mod fraction;
mod gather;
mod histogram;
mod job;
mod join;
mod joint;
mod mad;
mod mark;
mod members;
mod moments;
mod order;
mod ordered;
mod part;
mod partial;
mod products;
mod quotient;
mod range;
mod rank;
mod relate;
mod remainder;
mod remains;
mod resolution;
mod rows;
mod scale;
mod scan;
mod segments;
mod select;
mod size;
mod specials;
mod sums;
mod tdigest;
mod terms;
#[cfg(test)]
mod tests;
mod total;
mod unmade;
mod value;
mod vector;
mod wide;

pub use choose::{Chooser, Chosen};
pub use clock::{Clock, ClockUnit, either_time};
pub use combined::Combined;
pub use composition::Composition;
pub use cuts::Cuts;
pub use derive::{Derivation, holds};
pub use digesting::Digesting;
pub use encode::{DecodeError, Encoding, Fingerprint};
pub use ends::ends;
pub use exact::{Signed256, Unsigned256};
pub use fill::Retained;
pub use finish::{Finished, finish_expr, finish_output};
pub use finish_cells::{Rounding, finish_cells};
pub use histogram::Bins;
pub use job::{ColumnOrigin, Job, JobColumn, JobOutput, Measure, MeasureKind, Needs, Roles};
pub use joint::{Form, Joint, JointRows, MOST_COLUMNS};
pub use mad::Deviations;
pub use mark::Marks;
pub use members::{Channel, Channels, Members, Placed, Positions, without_word};
pub use moments::Moments;
pub use order::{Class, Key};
pub use ordered::{Ordered, quantile};
pub use part::KeySlice;
pub use partial::{ColumnPartials, Partials};
pub use products::{ProductSums, beyond_range};
pub use quotient::ratio;
pub use range::Range;
pub use remainder::{FINE_BITS, Remainder, RemainderRule, Remainders, Split};
pub use remains::{Part, RemainderSums, mostly_remain};
pub use resolution::Resolution;
pub use rows::{Row, RowsMut};
pub use specials::Specials;
pub use tdigest::TDigest;
pub use terms::TermSum;
pub use unmade::{Unmade, any_may_wait};
pub use value::Value;
pub use vector::{Counting, OfPhotons, Vector};
pub use wide::Wide;
