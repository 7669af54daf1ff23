//! What the photons of a cell are made of, in one word: eight fractions of those that count as signal.
//!
//! Below `finish.rs`. Source: zagg's store specification, section 3. A lane is 255 times a fraction, rounded to the nearest,
//! halves to the even one; what occurs at all has 1 at least. The first lane has the lowest bits:
//!
//! ```text
//!   0..4   surfaces, a photon in as many as it has confidence for       5..7   its strongest confidence is 2, 3, 4
//! ```

use super::partial::Partials;

/// Lanes of a word.
pub const LANES: usize = 8;

/// Which columns of the job hold the photons that are counted: each has finite values for those photons alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composition {
    /// Of all signal photons.
    pub signal: usize,
    /// Of each lane; `None` of a lane that is 0 everywhere.
    pub lanes: [Option<usize>; LANES],
}

impl Composition {
    /// The word of row `i`.
    pub fn word(&self, partials: &Partials, i: usize) -> u64 {
        let counted = |column: usize| partials.columns[column].finite(i);
        let signal = counted(self.signal);
        let lanes = self.lanes.map(|lane| lane.map_or(0, counted));
        word(signal, lanes)
    }
}

/// The word of these counts, of so many photons.
fn word(signal: u64, counts: [u64; LANES]) -> u64 {
    let lanes = counts.map(|count| match (count, signal) {
        (0, _) | (_, 0) => 0,
        // Of fewer than 2^45 photons both sides are exact.
        _ => ((255.0 * count as f64 / signal as f64).round_ties_even() as u64).clamp(1, 255),
    });
    lanes
        .into_iter()
        .rev()
        .fold(0, |word, lane| word << 8 | lane)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_are_fractions_and_what_occurs_is_there() {
        // The word that the specification has of one photon.
        let one = [1, 0, 0, 1, 0, 0, 0, 1];
        assert_eq!(word(1, one), 0xFF00_0000_FF00_00FF);
        assert_eq!(word(0, [0; LANES]), 0);
        // 255 / 2 lies between two numbers, and the even one is 128; one of many is 1 of 255.
        assert_eq!(word(2, [1, 0, 0, 0, 0, 0, 0, 2]), 0xFF00_0000_0000_0080);
        assert_eq!(word(1_000_000, [1, 0, 0, 0, 0, 0, 0, 0]), 1);
        assert_eq!(word(510, [1, 3, 0, 0, 0, 0, 0, 0]), 0x0201);
    }
}
