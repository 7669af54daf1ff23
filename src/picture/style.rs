//! How a map looks: the part that it shows, colours and their range, light or dark, size.
//!
//! Under `mod.rs`. Nothing here draws, so a build without pictures has it, too; what cannot be honoured is refused where it
//! is asked for.

use crate::error::{Error, Result, Setting, phrase};
use crate::region::Region;

use super::palette::Palette;

/// Pixels of a map's sides, at least and at most.
const SIDES: [u32; 2] = [400, 8000];

/// Light paper or dark paper.
///
/// ```
/// use icefold::picture::Theme;
///
/// assert_eq!(Theme::named("dark"), Some(Theme::Dark));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Theme {
    #[default]
    Light,
    Dark,
}

impl Theme {
    /// The theme of this name.
    pub fn named(name: &str) -> Option<Self> {
        [("light", Self::Light), ("dark", Self::Dark)]
            .into_iter()
            .find_map(|(own, theme)| own.eq_ignore_ascii_case(name).then_some(theme))
    }
}

/// How a map looks; what is not said is chosen by what is drawn.
///
/// ```
/// use icefold::picture::{MapStyle, Theme};
///
/// let style = MapStyle::new()
///     .bbox([-60.0, 58.0, -20.0, 84.0])?
///     .cmap("RdBu")?
///     .values(Some(-2.0), Some(2.0))?
///     .theme(Theme::Dark);
/// assert!(style.clone().cmap("jet").is_err());
/// assert!(style.values(Some(1.0), Some(1.0)).is_err());
/// # Ok::<(), icefold::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[cfg_attr(
    not(feature = "picture"),
    allow(dead_code, reason = "nothing draws in it")
)]
pub struct MapStyle {
    pub(super) bbox: Option<[f64; 4]>,
    pub(super) low: Option<f64>,
    pub(super) high: Option<f64>,
    pub(super) palette: Option<Palette>,
    pub(super) theme: Theme,
    pub(super) size: Option<(u32, Option<u32>)>,
    pub(super) label: Option<String>,
}

impl MapStyle {
    /// All of it chosen by what is drawn, on light paper.
    pub fn new() -> Self {
        Self::default()
    }

    /// The part of the Earth that is shown, in degrees: west, south, east, north; across the antimeridian where west is
    /// the larger.
    ///
    /// # Errors
    /// What is no box on the Earth.
    pub fn bbox(mut self, bbox: [f64; 4]) -> Result<Self> {
        let [west, south, east, north] = bbox;
        Region::of_numbers(&bbox)
            .map_err(|why| Error::argument(phrase![Setting::Bbox, " ", why]))?;
        if north - south < 1e-5 || (east - west).rem_euclid(360.0) < 1e-5 && east - west < 359.0 {
            let message = format!(
                " [{west}, {south}, {east}, {north}] is too narrow to draw; give it 0.00001 degrees or more"
            );
            return Err(Error::argument(phrase![Setting::Bbox, message]));
        }
        self.bbox = Some(bbox);
        Ok(self)
    }

    /// Values at the ends of the colours; one that is not given is found in the values that are drawn.
    ///
    /// # Errors
    /// Ends that are not finite, or not in ascending order.
    pub fn values(mut self, low: Option<f64>, high: Option<f64>) -> Result<Self> {
        for (setting, value) in [(Setting::Vmin, low), (Setting::Vmax, high)] {
            if let Some(value) = value.filter(|value| !value.is_finite()) {
                return Err(Error::argument(phrase![
                    setting.to(value),
                    " is no end of colours; give a finite number"
                ]));
            }
        }
        if let (Some(low), Some(high)) = (low, high)
            && low >= high
        {
            return Err(Error::argument(phrase![
                Setting::Vmin.to(low),
                " is not below ",
                Setting::Vmax.to(high),
                "; give a lower and a higher value"
            ]));
        }
        (self.low, self.high) = (low, high);
        Ok(self)
    }

    /// The colours, by name: `viridis`, `RdBu` and others; `_r` behind a name turns them round.
    ///
    /// # Errors
    /// A name that there is not, with those that there are.
    pub fn cmap(mut self, name: &str) -> Result<Self> {
        let Some(palette) = Palette::named(name) else {
            let message = format!(
                " is no name of colours; there are {}, and each of them the other way round with _r behind it",
                Palette::names()
            );
            return Err(Error::argument(phrase![Setting::Cmap.to(name), message]));
        };
        self.palette = Some(palette);
        Ok(self)
    }

    /// Light or dark paper.
    pub fn theme(mut self, theme: Theme) -> Self {
        self.theme = theme;
        self
    }

    /// Width of the picture in pixels, and its height where it is not to be as the data are. Of SVG and PDF they are points
    /// of 1/96 of an inch.
    ///
    /// # Errors
    /// Sides below 400 or above 8000 pixels.
    pub fn size(mut self, width: u32, height: Option<u32>) -> Result<Self> {
        let [least, most] = SIDES;
        for side in [Some(width), height].into_iter().flatten() {
            if !(least..=most).contains(&side) {
                return Err(Error::argument(phrase![
                    Setting::Size.to(side),
                    format!(" is no side of a map; give {least} to {most} pixels")
                ]));
            }
        }
        let is_strip = height.is_some_and(|height| height > 2 * width || width > 3 * height);
        if is_strip {
            return Err(Error::argument(phrase![
                Setting::Size.to(format!("{width}x{}", height.unwrap_or_default())),
                " leaves no room for a map; give sides of at most 3 to 1, or 1 to 2"
            ]));
        }
        self.size = Some((width, height));
        Ok(self)
    }

    /// Heading of the colour bar, such as `height above the ellipsoid [m]`.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(result: Result<MapStyle>, part: &str) {
        let message = result.unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        let style = MapStyle::new;
        says(
            style().bbox([-200.0, 0.0, 10.0, 10.0]),
            "bbox [-200, 0, 10, 10] has west -200",
        );
        says(style().bbox([0.0, 0.0, 10.0, 91.0]), "has north 91");
        says(
            style().bbox([0.0, 10.0, 10.0, 10.0]),
            "south is below north",
        );
        says(style().bbox([0.0, 0.0, 1e-7, 1.0]), "too narrow");
        says(
            style().values(Some(2.0), Some(1.0)),
            "vmin 2 is not below vmax 1",
        );
        says(style().values(None, Some(f64::NAN)), "vmax NaN");
        says(
            style().cmap("jet"),
            "cmap jet is no name of colours; there are viridis, ",
        );
        says(style().size(100, None), "size 100");
        says(style().size(2000, Some(500)), "size 2000x500");
        assert!(style().bbox([170.0, -80.0, -170.0, -60.0]).is_ok());
        assert!(style().bbox([-180.0, -90.0, 180.0, 90.0]).is_ok());
        assert!(style().cmap("Viridis_r").is_ok());
    }
}
