//! Sine and cosine as one fixed sequence of IEEE 754 additions and multiplications.
//!
//! Under `latitude.rs` and `locate.rs`, so that a photon's cell has the same bits on every platform
//! and device. There is no branch, table, fused multiply-add or call into a mathematics library:
//! each line has one counterpart in CUDA (`__dadd_rn`, `__dmul_rn`) and in vector instructions.
//!
//! Method: additive range reduction by pi/2 in three parts (Cody & Waite, *Software Manual for the
//! Elementary Functions*, 1980, chapter 8), with the rounding error of the reduction carried as a
//! second word; then the Taylor polynomials on [-pi/4, pi/4]. The first omitted terms are below
//! 1e-19 (sine, relative) and 3e-18 (cosine), so rounding is what is left: 0.8 ulp at most.

use std::f64::consts::{FRAC_2_PI, FRAC_PI_2};

/// Adding 1.5 * 2^52 rounds a small value to the nearest integer, which is then in the low bits.
const TO_INTEGER: f64 = 6_755_399_441_055_744.0;

/// pi/2 = `FRAC_PI_2` + `PI_2_MIDDLE` + `PI_2_LOW` to 155 bits. The first two have 50 significant
/// bits each, so their products with |k| <= 8 are exact.
const PI_2_MIDDLE: f64 = f64::from_bits(0x3c91_a626_3314_5c00);
const PI_2_LOW: f64 = f64::from_bits(0x397b_839a_2520_49c1);

/// The Taylor coefficients of sin(r) = r + r^3 * (`SINE[0]` + `SINE[1]` r^2 + ...).
const SINE: [f64; 8] = [
    -1.0 / 6.0,
    1.0 / 120.0,
    -1.0 / 5_040.0,
    1.0 / 362_880.0,
    -1.0 / 39_916_800.0,
    1.0 / 6_227_020_800.0,
    -1.0 / 1_307_674_368_000.0,
    1.0 / 355_687_428_096_000.0,
];

/// The Taylor coefficients of cos(r) = 1 - r^2/2 + r^4 * (`COSINE[0]` + `COSINE[1]` r^2 + ...).
const COSINE: [f64; 7] = [
    1.0 / 24.0,
    -1.0 / 720.0,
    1.0 / 40_320.0,
    -1.0 / 3_628_800.0,
    1.0 / 479_001_600.0,
    -1.0 / 87_178_291_200.0,
    1.0 / 20_922_789_888_000.0,
];

/// Every number above by its name in CUDA.
pub(super) const NUMBERS: [(&str, f64); 20] = [
    ("TO_INTEGER", TO_INTEGER),
    ("TWO_OVER_PI", FRAC_2_PI),
    ("HALF_PI", FRAC_PI_2),
    ("PI_2_MIDDLE", PI_2_MIDDLE),
    ("PI_2_LOW", PI_2_LOW),
    ("SINE_0", SINE[0]),
    ("SINE_1", SINE[1]),
    ("SINE_2", SINE[2]),
    ("SINE_3", SINE[3]),
    ("SINE_4", SINE[4]),
    ("SINE_5", SINE[5]),
    ("SINE_6", SINE[6]),
    ("SINE_7", SINE[7]),
    ("COSINE_0", COSINE[0]),
    ("COSINE_1", COSINE[1]),
    ("COSINE_2", COSINE[2]),
    ("COSINE_3", COSINE[3]),
    ("COSINE_4", COSINE[4]),
    ("COSINE_5", COSINE[5]),
    ("COSINE_6", COSINE[6]),
];

/// The sine and cosine of `x` radians, each within 1 ulp, for |x| <= 2 pi.
///
/// Beyond that range the results lose accuracy, and are meaningless where x is not finite.
#[inline(always)]
pub fn sin_cos(x: f64) -> (f64, f64) {
    let shifted = x * FRAC_2_PI + TO_INTEGER;
    let k = shifted - TO_INTEGER;
    let quadrant = shifted.to_bits();

    // x - k * FRAC_PI_2 is exact (Sterbenz); `tail` is what rounding takes from `r`.
    let near = x - k * FRAC_PI_2;
    let middle = k * PI_2_MIDDLE;
    let r = near - middle;
    let tail = ((near - r) - middle) - k * PI_2_LOW;

    let sine = sin_reduced(r, tail);
    let cosine = cos_reduced(r, tail);
    let (sine, cosine) = if quadrant & 1 == 0 {
        (sine, cosine)
    } else {
        (cosine, sine)
    };
    (
        flip_sign(sine, quadrant & 2),
        flip_sign(cosine, quadrant.wrapping_add(1) & 2),
    )
}

/// The sine of `r + tail` radians for |r| <= pi/4 and a tail below half an ulp of r.
#[inline(always)]
pub(super) fn sin_reduced(r: f64, tail: f64) -> f64 {
    let z = r * r;
    let mut p = SINE[7];
    p = SINE[6] + z * p;
    p = SINE[5] + z * p;
    p = SINE[4] + z * p;
    p = SINE[3] + z * p;
    p = SINE[2] + z * p;
    p = SINE[1] + z * p;
    p = SINE[0] + z * p;
    r + ((r * z) * p + tail * (1.0 - 0.5 * z))
}

/// The cosine of `r + tail` radians for |r| <= pi/4 and a tail below half an ulp of r.
#[inline(always)]
fn cos_reduced(r: f64, tail: f64) -> f64 {
    let z = r * r;
    let mut p = COSINE[6];
    p = COSINE[5] + z * p;
    p = COSINE[4] + z * p;
    p = COSINE[3] + z * p;
    p = COSINE[2] + z * p;
    p = COSINE[1] + z * p;
    p = COSINE[0] + z * p;
    // 1 - z/2 rounds; what it loses goes into the small terms.
    let half = 0.5 * z;
    let lead = 1.0 - half;
    lead + (((1.0 - lead) - half) + ((z * z) * p - r * tail))
}

/// `value`, negated if `bit` is 2 and unchanged if it is 0.
#[inline(always)]
fn flip_sign(value: f64, bit: u64) -> f64 {
    f64::from_bits(value.to_bits() ^ (bit << 62))
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact results are the fact under test")]
mod tests {
    use super::*;
    use std::f64::consts::{FRAC_PI_4, PI, TAU};

    /// How many f64 lie between two values of the same sign.
    fn ulps(a: f64, b: f64) -> u64 {
        a.to_bits().abs_diff(b.to_bits())
    }

    fn worst(points: impl Iterator<Item = f64>) -> u64 {
        points
            .map(|x| {
                let (s, c) = sin_cos(x);
                ulps(s, libm::sin(x)).max(ulps(c, libm::cos(x)))
            })
            .max()
            .unwrap()
    }

    #[test]
    fn sine_and_cosine_are_within_one_ulp_of_libm() {
        let n = 400_000;
        let grid = (1..=n).map(|i| TAU * (f64::from(i) / f64::from(n)));
        assert!(worst(grid.clone()) <= 1);
        assert!(worst(grid.map(|x| -x)) <= 1);
    }

    #[test]
    fn sine_and_cosine_stay_accurate_beside_multiples_of_a_quarter_turn() {
        for i in -8..=8 {
            let centre = f64::from(i) * FRAC_PI_4;
            let bits = centre.abs().max(1e-300).to_bits();
            let near = (bits - 2000..bits + 2000)
                .map(|b| f64::from_bits(b).copysign(f64::from(i) + 0.5))
                .filter(|x| x.abs() <= TAU);
            assert!(worst(near) <= 1, "near {i} * pi/4");
        }
    }

    #[test]
    fn exact_arguments_have_exact_results() {
        assert_eq!(sin_cos(0.0), (0.0, 1.0));
        assert_eq!(sin_cos(FRAC_PI_2).0, 1.0);
        assert_eq!(sin_cos(-FRAC_PI_2).0, -1.0);
        assert_eq!(sin_cos(PI).1, -1.0);
        assert_eq!(sin_cos(1e-300).0, 1e-300);
    }

    #[test]
    fn sine_is_odd_and_cosine_is_even() {
        for i in 0..1000 {
            let x = f64::from(i) * 0.006;
            let (sine, cosine) = sin_cos(-x);
            assert_eq!(sin_cos(x), (-sine, cosine));
        }
    }

    #[test]
    fn the_bits_are_pinned() {
        // Any backend and platform must give these words.
        let words = [0.5, 1.0, 2.5, 4.0, -6.0].map(|x| {
            let (s, c) = sin_cos(x);
            s.to_bits() ^ c.to_bits().rotate_left(1)
        });
        assert_eq!(words, PINNED);
    }

    const PINNED: [u64; 5] = [
        4_613_520_796_126_412_624,
        4_623_078_078_005_051_894,
        4_625_305_947_374_672_971,
        13_844_596_274_905_110_317,
        4_615_224_932_299_761_450,
    ];
}
