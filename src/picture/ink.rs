//! Colours of what is not data: paper, water, land, ice, letters; on light and on dark ground.

use super::scene::Color;
use super::style::Theme;

#[derive(Debug, Clone, Copy)]
pub struct Ink {
    pub paper: Color,
    pub text: Color,
    pub faint: Color,
    pub frame: Color,
    pub sea: Color,
    pub land: Color,
    pub ice: Color,
    pub shelf: Color,
    pub coast: Color,
    pub ice_edge: Color,
    pub grid: Color,
    /// Cells whose value is NaN.
    pub no_value: Color,
}

impl Ink {
    pub const fn of(theme: Theme) -> Self {
        match theme {
            Theme::Light => Self {
                paper: [255, 255, 255],
                text: [24, 28, 36],
                faint: [88, 95, 108],
                frame: [70, 76, 88],
                sea: [233, 239, 244],
                land: [221, 219, 212],
                ice: [250, 251, 252],
                shelf: [243, 247, 250],
                coast: [72, 80, 92],
                ice_edge: [122, 144, 164],
                grid: [110, 122, 138],
                no_value: [152, 148, 156],
            },
            Theme::Dark => Self {
                paper: [17, 20, 27],
                text: [232, 236, 242],
                faint: [160, 168, 181],
                frame: [120, 129, 144],
                sea: [11, 14, 20],
                land: [36, 40, 49],
                ice: [52, 60, 72],
                shelf: [40, 48, 60],
                coast: [150, 160, 174],
                ice_edge: [96, 112, 132],
                grid: [150, 160, 176],
                no_value: [118, 116, 124],
            },
        }
    }
}
