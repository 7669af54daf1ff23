//! Numbers that granules have of themselves, as steps: cycles, reference ground tracks, and regions of these.
//!
//! Beside `axis.rs`. What tells them of a granule is in `src/read/hdf5/numbered.rs`.

use std::ops::RangeInclusive;

use super::axis::Steps;

/// A number that a granule has one of (NSIDC user guides, "File Naming Convention": `ttttccss`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbered {
    /// Of the repeat orbit: one time through all reference ground tracks, some 91 days.
    Cycle,
    /// The reference ground track.
    Rgt,
    /// The part of a reference ground track that the granule is.
    Region,
}

impl Numbered {
    pub const ALL: [Self; 3] = [Self::Cycle, Self::Rgt, Self::Region];

    /// The one of this name, as configs and stores have it.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|number| number.name() == name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Cycle => "cycle",
            Self::Rgt => "rgt",
            Self::Region => "region",
        }
    }

    /// The name in a list of names: of the dimension and its coordinate.
    pub(super) fn names(self) -> &'static [&'static str] {
        match self {
            Self::Cycle => &["cycle"],
            Self::Rgt => &["rgt"],
            Self::Region => &["region"],
        }
    }

    /// What it is, for people.
    pub fn long_name(self) -> &'static str {
        match self {
            Self::Cycle => "cycle of the satellite's repeat orbit",
            Self::Rgt => "reference ground track",
            Self::Region => "region of the granule along its reference ground track",
        }
    }

    /// The numbers that there may be: cycles have two digits of a name, a repeat orbit has 1,387 reference ground
    /// tracks, and each of them 14 regions (ATL03 ATBD).
    pub fn range(self) -> RangeInclusive<u32> {
        match self {
            Self::Cycle => 0..=99,
            Self::Rgt => 1..=1387,
            Self::Region => 1..=14,
        }
    }

    /// Whether those between two with photons are steps, too. Cycles follow one another in time; tracks that do are far
    /// from each other, and those of an area are few of many.
    pub fn is_dense(self) -> bool {
        self == Self::Cycle
    }

    /// The steps that these numbers are.
    pub(super) fn steps(self) -> Steps {
        match self {
            Self::Cycle => Steps::Cycles,
            Self::Rgt => Steps::Rgts,
            Self::Region => Steps::Regions,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_known_by_their_names_and_are_the_steps_of_these() {
        for number in Numbered::ALL {
            assert_eq!(Numbered::named(number.name()), Some(number));
            assert_eq!(number.steps().numbered(), Some(number));
            assert_eq!(number.names(), [number.name()]);
        }
        assert_eq!(Numbered::named("orbit"), None);
        // Hashes of configs have it.
        assert_eq!(format!("{:?}", Numbered::Cycle.steps()), "Cycles");
    }
}
