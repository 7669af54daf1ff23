//! The statistic algebra: accumulate, merge, finish; written once, used by every backend.
//!
//! Every accumulator is a commutative monoid over integers, so the order of photons, batches and merges
//! cannot change a result:
//!
//! ```text
//!   values  ->  order-preserving keys   ->  min, max, multiset   (range.rs, ordered.rs)
//!           ->  q = round(x * 2^E)      ->  n, sum q, sum q^2    (moments.rs, exact.rs)
//!           ->  what is beyond q        ->  sums of remainders   (remainder.rs, wide.rs)
//!           ->  round(term * 2^128)     ->  exact sum            (terms.rs)
//! ```
//!
//! A job (`job.rs`) says which columns and accumulators there are. `partial.rs` holds the accumulators of
//! many cells and merges them, `coarsen.rs` folds them up to coarser cells, `encode/` writes them to bytes
//! and reads them back, and `finish.rs` turns them into f64, once.

mod choose;
mod coarsen;
mod combined;
mod derive;
mod encode;
mod exact;
mod finish;
mod histogram;
mod job;
mod key;
mod moments;
mod ordered;
mod part;
mod partial;
mod range;
mod remainder;
mod remains;
mod resolution;
mod rows;
mod scan;
mod select;
mod size;
mod specials;
mod sums;
mod terms;
mod wide;

pub use choose::{Chooser, Chosen};
pub use combined::Combined;
pub use derive::Derivation;
pub use encode::{DecodeError, Encoding, Fingerprint};
pub use exact::{Signed256, Unsigned256, ratio};
pub use finish::{Finished, finish_output};
pub use histogram::Bins;
pub use job::{ColumnOrigin, Job, JobColumn, JobOutput, Measure, MeasureKind, Needs};
pub use key::{Class, Key, Value};
pub use moments::Moments;
pub use ordered::{Ordered, quantile};
pub use part::KeySlice;
pub use partial::{ColumnPartials, Partials};
pub use range::Range;
pub use remainder::{FINE_BITS, Remainder, RemainderRule, Remainders, Split};
pub use remains::{Part, RemainderSums, mostly_remain};
pub use resolution::Resolution;
pub use rows::{Row, RowsMut};
pub use specials::Specials;
pub use terms::TermSum;
pub use wide::Wide;
