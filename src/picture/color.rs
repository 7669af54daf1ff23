//! Which colour a value has: a robust range, the colour map, and ticks at round numbers.

use super::canvas::Color;

/// Colour of cells whose value is NaN.
pub const NOT_A_NUMBER: Color = [205, 208, 212];
/// Positions in the colour map are whole numbers up to this one, so that they average exactly.
pub const LEVELS: u32 = 4095;
/// Below so many finite values the range is that of all of them.
const FEW: usize = 50;

/// Range of the colours, and of the values.
#[derive(Debug, Clone)]
pub struct ColorScale {
    /// Values at the ends of the colour map; `low < high`.
    pub low: f64,
    pub high: f64,
    /// Least and greatest finite value; `None` where there is none.
    pub extremes: Option<(f64, f64)>,
    colors: Vec<Color>,
}

impl ColorScale {
    /// From the 2nd to the 98th percentile of the finite values.
    pub fn new(values: &[f64]) -> Self {
        let mut finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
        finite.sort_unstable_by(f64::total_cmp);
        let extremes = finite.first().copied().zip(finite.last().copied());
        let (low, high) = match extremes {
            None => (0.0, 1.0),
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
        let colors = (0..=255)
            .map(|i| {
                // The darkest eighth would not stand out from the map's background.
                let part = 0.125 + 0.875 * f64::from(i) / 255.0;
                let color = colorous::VIRIDIS.eval_continuous(part);
                [color.r, color.g, color.b]
            })
            .collect();
        Self {
            low,
            high,
            extremes,
            colors,
        }
    }

    /// Position of a value in the colour map, 0 to [`LEVELS`]; `None` for NaN. Values beyond the
    /// range have the end's colour.
    pub fn level(&self, value: f64) -> Option<u32> {
        if value.is_nan() {
            return None;
        }
        // Halved, so that a range as wide as f64 itself does not overflow.
        let part = (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0);
        Some((part.clamp(0.0, 1.0) * f64::from(LEVELS)).round() as u32)
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
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .map(|factor| factor * power)
            .into_iter()
            .find(|step| *step >= rough * (1.0 - 1e-9))
            .unwrap_or(rough);
        let (first, last) = ((low / step).ceil(), (high / step + 1e-9).floor());
        let steps = (last - first).clamp(-1.0, 2.0 * count) as i32;
        let values = (0..=steps)
            .map(|i| (first + f64::from(i)) * step + 0.0)
            .collect();
        Self { values, step }
    }
}

/// A number as wide as `step` needs: `2500`, `0.25`, `1.5e9`.
pub fn number(value: f64, step: f64) -> String {
    let magnitude = value.abs().max(step);
    if magnitude >= 1e7 || step < 1e-6 {
        let text = format!("{value:.2e}");
        return text.replace(".00e", "e");
    }
    let decimals = (-step.log10() - 1e-9).ceil().clamp(0.0, 6.0) as usize;
    let text = format!("{value:.decimals$}");
    let is_zero = text.bytes().all(|b| matches!(b, b'-' | b'0' | b'.'));
    if is_zero { text.replace('-', "") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(number(2e9, 1e9), "2e9");
    }

    #[test]
    fn a_few_outliers_do_not_stretch_the_colors() {
        let mut values: Vec<f64> = (0..1000).map(f64::from).collect();
        values.extend([1e30, f64::NAN, f64::NEG_INFINITY]);
        let scale = ColorScale::new(&values);
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
            let scale = ColorScale::new(&values);
            assert!(scale.low < scale.high && scale.low.is_finite() && scale.high.is_finite());
            assert!(Ticks::new(scale.low, scale.high, 7.0).values.len() < 20);
        }
    }
}
