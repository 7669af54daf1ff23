//! The demo's surface: two ice domes in a frozen sea, a function of position alone.
//!
//! Granules that cross see the same heights, so cells that several granules share agree. Sines come from
//! `libm`, which has the same bits everywhere.

use super::orbit::EARTH_RADIUS;

/// Height of the big dome above its margin, in metres.
const DOME_HEIGHT: f64 = 3300.0;

/// What photons meet at a place.
#[derive(Debug, Clone, Copy)]
pub struct Ground {
    /// Height above the ellipsoid in metres, within [-50, 3500].
    pub height: f64,
    /// Ice sheet; sea ice otherwise.
    pub land_ice: bool,
}

/// The surface below the unit vector `at` (Earth-fixed, the third axis through the north pole).
pub fn ground(at: [f64; 3]) -> Ground {
    let (x, y) = (at[0] * EARTH_RADIUS / 1e3, at[1] * EARTH_RADIUS / 1e3);
    let wobble = 0.10 * libm::sin(x / 61.0 + 0.7) + 0.08 * libm::sin((y - 0.6 * x) / 37.0);
    let big = dome(x + 50.0, y - 60.0, 340.0, wobble) * DOME_HEIGHT;
    let small = dome(x - 250.0, y + 215.0, 150.0, wobble) * 1500.0;
    let ice = if big > small { big } else { small };
    let sea = -22.0 + 14.0 * libm::sin(x / 210.0) + 9.0 * libm::sin(y / 160.0 + 1.0);
    if ice <= 0.0 {
        return Ground {
            height: sea,
            land_ice: false,
        };
    }
    // Flow over the bed shows least where the ice is thickest.
    let relief = ice / (ice + 200.0) * (1.15 - ice / DOME_HEIGHT);
    Ground {
        height: sea + ice + relief * undulation(x, y),
        land_ice: true,
    }
}

/// 1 at the centre of a dome, 0 from its margin on: an ellipse in profile, with a wavy coast.
fn dome(x: f64, y: f64, radius: f64, wobble: f64) -> f64 {
    let inside = 1.0 - (x * x + y * y) / (radius * radius) + wobble;
    if inside <= 0.0 {
        return 0.0;
    }
    (inside / (1.0 + wobble)).sqrt().min(1.0)
}

/// Waves of 90, 30 and 6 km, in metres, within +-126; `x` and `y` in kilometres.
fn undulation(x: f64, y: f64) -> f64 {
    let long = 70.0 * libm::sin((x + 0.4 * y) / 14.3 + libm::sin(y / 23.0));
    let middle = 45.0 * libm::sin((y - 0.7 * x) / 4.9);
    long + middle + 11.0 * libm::sin((x + y) / 0.97)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_stay_in_their_range_and_reach_ice_and_sea() {
        let (mut low, mut high) = (f64::MAX, f64::MIN);
        for i in 0..400 {
            for j in 0..400 {
                let (x, y) = (f64::from(i) / 2500.0 - 0.08, f64::from(j) / 2500.0 - 0.08);
                let height = ground([x, y, (1.0 - x * x - y * y).sqrt()]).height;
                (low, high) = (low.min(height), high.max(height));
            }
        }
        assert!(low > -50.0 && low < 0.0, "lowest {low}");
        assert!(high < 3500.0 && high > 3000.0, "highest {high}");
    }
}
