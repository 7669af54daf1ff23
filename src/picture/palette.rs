//! Colours by name.
//!
//! Under `style.rs`, which is asked for them, and `color.rs`, which gives values their places on them. The colours are those
//! of the crate colorous: viridis, magma, inferno and plasma of Smith and van der Walt (2015), cividis of Nuñez, Anderton and
//! Renslow (2018), and of `ColorBrewer` (Brewer and Harrower, 2003). They change evenly in lightness, those for
//! change from both ends to the middle; rainbows do not and are left out.

/// Colours from one end to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "picture"),
    allow(dead_code, reason = "nothing is coloured")
)]
pub struct Palette {
    /// Place in [`KNOWN`].
    index: usize,
    is_reversed: bool,
}

/// Names, and whether colours part at a middle: of change, zero.
const KNOWN: [(&str, bool); 12] = [
    ("viridis", false),
    ("cividis", false),
    ("magma", false),
    ("inferno", false),
    ("plasma", false),
    ("Greys", false),
    ("Blues", false),
    ("YlGnBu", false),
    ("RdBu", true),
    ("BrBG", true),
    ("PuOr", true),
    ("PRGn", true),
];

impl Palette {
    /// For values that are no change.
    #[cfg(feature = "picture")]
    pub const VIRIDIS: Self = Self {
        index: 0,
        is_reversed: false,
    };
    /// For change: red is less, blue is more.
    #[cfg(feature = "picture")]
    pub const RED_BLUE: Self = Self {
        index: 8,
        is_reversed: false,
    };

    /// Of a name, in whatever case; with `_r` behind it the other way round.
    pub fn named(name: &str) -> Option<Self> {
        let lower = name.to_ascii_lowercase();
        let (plain, is_reversed) = match lower.strip_suffix("_r") {
            Some(plain) => (plain, true),
            None => (lower.as_str(), false),
        };
        let index = KNOWN
            .iter()
            .position(|(own, _)| own.eq_ignore_ascii_case(plain))?;
        Some(Self { index, is_reversed })
    }

    /// All names.
    pub fn names() -> String {
        KNOWN.map(|(name, _)| name).join(", ")
    }

    /// All palettes with their names, none turned round.
    #[cfg(feature = "picture")]
    pub fn all() -> impl Iterator<Item = (&'static str, Self)> {
        let named = KNOWN.into_iter().enumerate();
        named.map(|(index, (name, _))| {
            let is_reversed = false;
            (name, Self { index, is_reversed })
        })
    }

    /// Whether the middle of the colours is to be zero.
    #[cfg(feature = "picture")]
    pub fn is_diverging(self) -> bool {
        KNOWN[self.index].1
    }

    /// The colour at a place, from 0 to 1.
    #[cfg(feature = "picture")]
    pub fn color(self, place: f64) -> [u8; 3] {
        const GRADIENTS: [colorous::Gradient; KNOWN.len()] = [
            colorous::VIRIDIS,
            colorous::CIVIDIS,
            colorous::MAGMA,
            colorous::INFERNO,
            colorous::PLASMA,
            colorous::GREYS,
            colorous::BLUES,
            colorous::YELLOW_GREEN_BLUE,
            colorous::RED_BLUE,
            colorous::BROWN_GREEN,
            colorous::PURPLE_ORANGE,
            colorous::PURPLE_GREEN,
        ];
        let place = if self.is_reversed { 1.0 - place } else { place };
        let color = GRADIENTS[self.index].eval_continuous(place.clamp(0.0, 1.0));
        [color.r, color.g, color.b]
    }
}

#[cfg(all(test, feature = "picture"))]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case_and_turned_round() {
        assert_eq!(Palette::named("VIRIDIS"), Some(Palette::VIRIDIS));
        assert_eq!(Palette::named("rdbu"), Some(Palette::RED_BLUE));
        assert_eq!(Palette::named("jet"), None);
        let reversed = Palette::named("RdBu_r").unwrap();
        assert_eq!(reversed.color(0.0), Palette::RED_BLUE.color(1.0));
        assert!(Palette::RED_BLUE.color(0.1)[0] > Palette::RED_BLUE.color(0.1)[2]);
        assert!(Palette::RED_BLUE.is_diverging() && !Palette::VIRIDIS.is_diverging());
    }

    #[test]
    fn lightness_ascends_or_parts_at_the_middle() {
        let light = |color: [u8; 3]| {
            0.2126 * f64::from(color[0])
                + 0.7152 * f64::from(color[1])
                + 0.0722 * f64::from(color[2])
        };
        for (index, (name, is_diverging)) in KNOWN.into_iter().enumerate() {
            let palette = Palette {
                index,
                is_reversed: false,
            };
            let at = |i: u32| light(palette.color(f64::from(i) / 32.0));
            let steps =
                |range: std::ops::Range<u32>| range.map(|i| at(i + 1) - at(i)).collect::<Vec<_>>();
            if is_diverging {
                assert!(steps(2..14).iter().all(|step| *step > 0.0), "{name}");
                assert!(steps(18..30).iter().all(|step| *step < 0.0), "{name}");
            } else {
                let steps = steps(0..32);
                let up = steps.iter().all(|step| *step > -0.5);
                assert!(
                    up || steps.iter().all(|step| *step < 0.5),
                    "{name}: {steps:?}"
                );
            }
        }
    }
}
