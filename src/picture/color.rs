//! Which colour a value has: a robust range, the colours, and ticks at round numbers.

use super::palette::Palette;
use super::scene::Color;
use super::style::{MapStyle, Theme};
use crate::error::{Error, Result, Setting, phrase};

/// Positions in the colours are whole numbers up to this one, so that they average exactly.
pub const LEVELS: u32 = 4095;
/// Below so many finite values the range is that of all of them.
const FEW: usize = 50;

/// Range of the colours, and of the values.
#[derive(Debug, Clone)]
pub struct ColorScale {
    /// Values at the ends of the colours; `low < high`.
    pub low: f64,
    pub high: f64,
    /// Least and greatest finite value; `None` where there is none.
    pub extremes: Option<(f64, f64)>,
    /// Whether the lower and the higher end were found, not given.
    pub is_found: bool,
    colors: Vec<Color>,
}

impl ColorScale {
    /// From the 2nd to the 98th percentile of the finite values, around zero for change; or as the style has it.
    ///
    /// # Errors
    /// One end that is given, and values that all lie beyond it.
    pub fn new(
        values: impl Iterator<Item = f64>,
        style: &MapStyle,
        palette: Palette,
    ) -> Result<Self> {
        let mut finite: Vec<f64> = values.filter(|v| v.is_finite()).collect();
        finite.sort_unstable_by(f64::total_cmp);
        let extremes = finite.first().copied().zip(finite.last().copied());
        let mut found = match extremes {
            // Nothing is drawn: around the end that is given, if one is.
            None => match (style.low, style.high) {
                (Some(low), _) => widened((low, low)),
                (None, Some(high)) => widened((high, high)),
                (None, None) => (0.0, 1.0),
            },
            Some(all) => {
                let margin = if finite.len() < FEW {
                    0
                } else {
                    finite.len() / 50
                };
                let inner = (finite[margin], finite[finite.len() - 1 - margin]);
                widened(if inner.0 < inner.1 { inner } else { all })
            }
        };
        if palette.is_diverging() {
            let most = found.0.abs().max(found.1.abs());
            found = (-most, most);
            // One end that is given has its counterpart at the other.
            found.0 = style
                .high
                .filter(|high| *high > 0.0)
                .map_or(found.0, |high| -high);
            found.1 = style
                .low
                .filter(|low| *low < 0.0)
                .map_or(found.1, |low| -low);
        }
        let (low, high) = (style.low.unwrap_or(found.0), style.high.unwrap_or(found.1));
        if low >= high {
            let (given, value, end) = match style.low {
                Some(low) => (Setting::Vmin, low, "below"),
                None => (Setting::Vmax, high, "above"),
            };
            let (other, beyond) = if given == Setting::Vmin {
                (Setting::Vmax, found.1)
            } else {
                (Setting::Vmin, found.0)
            };
            return Err(Error::argument(phrase![
                given.to(value),
                format!(" is not {end} {beyond}, the end of the values that are drawn; give "),
                other,
                ", too"
            ]));
        }
        Ok(Self {
            low,
            high,
            extremes,
            is_found: style.low.is_none() && style.high.is_none(),
            colors: colors(palette, style.theme),
        })
    }

    /// Position of a value in the colours, 0 to [`LEVELS`]; `None` for NaN. Values beyond the range have the end's colour.
    pub fn level(&self, value: f64) -> Option<u32> {
        if value.is_nan() {
            return None;
        }
        Some((self.part(value).clamp(0.0, 1.0) * f64::from(LEVELS)).round() as u32)
    }

    /// How far from the lower end to the higher one a value is.
    pub fn part(&self, value: f64) -> f64 {
        // Halved, so that a range as wide as f64 itself does not overflow.
        (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0)
    }

    pub fn color(&self, level: u32) -> Color {
        let last = self.colors.len() - 1;
        self.colors[(level as usize * last + LEVELS as usize / 2) / LEVELS as usize]
    }

    /// True where there are values below, and above, the colours' range.
    pub fn is_clipped(&self) -> (bool, bool) {
        self.extremes.map_or((false, false), |(min, max)| {
            (min < self.low, max > self.high)
        })
    }
}

/// The colours, without what would not stand out from the map: the darkest eighth on dark ground, the lightest sixteenth on
/// light ground.
pub(super) fn colors(palette: Palette, theme: Theme) -> Vec<Color> {
    let light = |color: Color| color.iter().map(|part| u32::from(*part)).sum::<u32>();
    let is_up = light(palette.color(0.0)) < light(palette.color(1.0));
    let (first, last) = match (palette.is_diverging(), theme, is_up) {
        (true, ..) => (0.03, 0.97),
        (false, Theme::Dark, true) => (0.125, 1.0),
        (false, Theme::Dark, false) => (0.0, 0.875),
        (false, Theme::Light, true) => (0.0, 0.97),
        (false, Theme::Light, false) => (0.06, 1.0),
    };
    (0..=255)
        .map(|i| palette.color(first + (last - first) * f64::from(i) / 255.0))
        .collect()
}

/// A range that is not empty: one value is put in the middle.
fn widened((low, high): (f64, f64)) -> (f64, f64) {
    if low < high {
        return (low, high);
    }
    let half = (low.abs() * 0.01).clamp(0.5, f64::MAX / 4.0);
    ((low - half).max(-f64::MAX), (high + half).min(f64::MAX))
}

/// Values at round numbers within a range.
#[derive(Debug, Clone)]
pub struct Ticks {
    pub values: Vec<f64>,
    /// From one to the next.
    pub step: f64,
}

impl Ticks {
    /// At most `count` steps of 1, 2 or 5 times a power of ten.
    pub fn new(low: f64, high: f64, count: f64) -> Self {
        let rough = (high / count - low / count).max(f64::MIN_POSITIVE);
        let power = power_below(rough);
        let step = [1.0, 2.0, 5.0, 10.0]
            .map(|factor| factor * power)
            .into_iter()
            .find(|step| *step >= rough * (1.0 - 1e-9))
            .unwrap_or(rough);
        let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
        let steps = (last - first).clamp(-1.0, 2.0 * count) as i32;
        let values = (0..=steps)
            .map(|i| (first + f64::from(i)) * step + 0.0)
            .collect();
        Self { values, step }
    }
}

/// The greatest power of ten that is not above a positive number, as text has it: `pow` is not the same on every system.
fn power_below(value: f64) -> f64 {
    format!("1e{}", exponent(value)).parse().unwrap_or(value)
}

/// Its exponent of ten.
fn exponent(value: f64) -> i32 {
    let text = format!("{value:e}");
    let exponent = text
        .split_once('e')
        .and_then(|(_, exponent)| exponent.parse().ok());
    exponent.unwrap_or_default()
}

/// Decimals that a step needs, up to so many.
pub fn decimals(step: f64, most: usize) -> usize {
    let mut power = 1.0;
    for digits in 0..most {
        if step * power >= 0.999_999 {
            return digits;
        }
        power *= 10.0;
    }
    most
}

/// A number as wide as `step` needs: `2500`, `0.25`, `1.5e9`; with a true minus. Numbers a step apart read differently.
pub fn number(value: f64, step: f64) -> String {
    const MOST: i32 = 16;
    let magnitude = value.abs().max(step);
    let text = if value == 0.0 {
        "0".to_owned()
    } else if magnitude >= 1e7 || step < 1e-6 {
        let digits = (exponent(magnitude) - exponent(step)).clamp(2, MOST) as usize;
        let text = format!("{value:.digits$e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        format!(
            "{}e{exponent}",
            mantissa.trim_end_matches('0').trim_end_matches('.')
        )
    } else {
        let decimals = decimals(step, 6);
        let text = format!("{value:.decimals$}");
        let is_zero = text.bytes().all(|b| matches!(b, b'-' | b'0' | b'.'));
        if is_zero { text.replace('-', "") } else { text }
    };
    text.replace('-', "\u{2212}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(values: &[f64]) -> ColorScale {
        ColorScale::new(values.iter().copied(), &MapStyle::new(), Palette::VIRIDIS).unwrap()
    }

    #[test]
    fn ticks_are_round_numbers_inside_the_range() {
        assert_eq!(
            Ticks::new(-35.0, 2930.0, 7.0).values,
            [0.0, 500.0, 1000.0, 1500.0, 2000.0, 2500.0]
        );
        let ticks = Ticks::new(0.11, 0.34, 5.0);
        let texts: Vec<String> = ticks
            .values
            .iter()
            .map(|&v| number(v, ticks.step))
            .collect();
        assert_eq!(texts, ["0.15", "0.20", "0.25", "0.30"]);
        assert_eq!(number(-0.0001, 1.0), "0");
        assert_eq!(number(-2.5, 0.5), "\u{2212}2.5");
        assert_eq!(number(2e9, 1e9), "2e9");
        // Times in seconds, and what changes of them: all ticks read differently.
        for (low, high) in [
            (3.1e8, 3.2e8),
            (1.2e7, 1.3e7),
            (-5e11, -4.99e11),
            (1e-9, 3e-9),
            (0.3, 0.300_000_1),
        ] {
            let ticks = Ticks::new(low, high, 7.0);
            let texts: Vec<String> = (ticks.values.iter())
                .map(|&v| number(v, ticks.step))
                .collect();
            let distinct: std::collections::BTreeSet<&String> = texts.iter().collect();
            assert!(
                texts.len() > 3 && distinct.len() == texts.len(),
                "{texts:?}"
            );
            for (text, value) in texts.iter().zip(&ticks.values) {
                let read: f64 = text.replace('\u{2212}', "-").parse().unwrap();
                assert!((read - value).abs() < 1e-3 * ticks.step, "{text} {value}");
            }
        }
        assert_eq!(number(0.0, 1e9), "0");
        assert_eq!(
            [1e-300, 0.02, 1.0, 99.0, 1e9].map(power_below),
            [1e-300, 0.01, 1.0, 10.0, 1e9]
        );
    }

    #[test]
    fn a_few_outliers_do_not_stretch_the_colors() {
        let mut values: Vec<f64> = (0..1000).map(f64::from).collect();
        values.extend([1e30, f64::NAN, f64::NEG_INFINITY]);
        let scale = scale(&values);
        assert_eq!((scale.low, scale.high), (20.0, 980.0));
        assert_eq!(scale.is_clipped(), (true, true));
        assert_eq!(scale.level(f64::NAN), None);
        assert_eq!(scale.level(f64::NEG_INFINITY), Some(0));
        assert_eq!(scale.level(1e30), Some(LEVELS));
    }

    #[test]
    fn one_value_and_the_widest_values_have_a_range() {
        for values in [
            vec![5.0; 3],
            vec![f64::MAX],
            vec![-f64::MAX, f64::MAX],
            vec![f64::NAN],
        ] {
            let scale = scale(&values);
            assert!(scale.low < scale.high && scale.low.is_finite() && scale.high.is_finite());
            assert!(Ticks::new(scale.low, scale.high, 7.0).values.len() < 20);
        }
    }

    #[test]
    fn ends_are_as_given_and_change_is_around_zero() {
        let values = || (0..100).map(|i| f64::from(i) - 20.0);
        let of = |low, high, palette| {
            let style = MapStyle::new().values(low, high).unwrap();
            ColorScale::new(values(), &style, palette).map(|scale| (scale.low, scale.high))
        };
        assert_eq!(
            of(Some(0.0), Some(9.0), Palette::VIRIDIS).unwrap(),
            (0.0, 9.0)
        );
        assert_eq!(of(Some(0.0), None, Palette::VIRIDIS).unwrap(), (0.0, 77.0));
        assert_eq!(of(None, None, Palette::RED_BLUE).unwrap(), (-77.0, 77.0));
        assert_eq!(of(None, Some(5.0), Palette::RED_BLUE).unwrap(), (-5.0, 5.0));
        assert_eq!(
            of(Some(-5.0), None, Palette::RED_BLUE).unwrap(),
            (-5.0, 5.0)
        );
        let message = of(Some(90.0), None, Palette::VIRIDIS)
            .unwrap_err()
            .to_string();
        assert!(message.contains("vmin 90 is not below 77"), "{message}");
        assert!(message.contains("give vmax, too"), "{message}");
        // Where nothing is drawn no end is beyond it.
        for (low, high) in [
            (Some(90.0), None),
            (None, Some(-90.0)),
            (Some(5.0), Some(6.0)),
            (None, None),
        ] {
            let style = MapStyle::new().values(low, high).unwrap();
            for palette in [Palette::VIRIDIS, Palette::RED_BLUE] {
                let scale = ColorScale::new(std::iter::empty(), &style, palette).unwrap();
                assert!(scale.low < scale.high && scale.extremes.is_none());
                assert_eq!(low.unwrap_or(scale.low), scale.low);
                assert_eq!(high.unwrap_or(scale.high), scale.high);
            }
        }
    }
}
