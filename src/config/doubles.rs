//! Times as doubles: the largest that is not after the time, for bounds of a config and for times of tables alike.
//!
//! Both are rounded the same way, so a moment is never before or after itself. A double holds some 60 nanoseconds of
//! the seconds since 2018: two moments that are closer than that may be one.

/// The largest double that is not above `count / each`, where `each` is 1 to 10^9.
pub(crate) fn largest_not_above(count: i128, each: i128) -> f64 {
    let mut found = count as f64 / each as f64;
    while is_above(found, count, each) {
        found = found.next_down();
    }
    while !is_above(found.next_up(), count, each) {
        found = found.next_up();
    }
    found
}

/// Whether a double near `count / each` is above it: decided in integers.
fn is_above(x: f64, count: i128, each: i128) -> bool {
    if count == 0 || x == 0.0 || (x < 0.0) != (count < 0) {
        return x > 0.0 || (x == 0.0 && count < 0);
    }
    let bits = x.abs().to_bits();
    let exponent = (bits >> 52) as i32 - 1075;
    let digits = i128::from((bits & ((1 << 52) - 1)) | (1 << 52)) * each;
    // Both sides have some 90 bits: x is near the quotient.
    let (mine, theirs) = if exponent < 0 {
        (digits, count.abs() << (-exponent).min(120))
    } else {
        (digits << exponent.min(30), count.abs())
    };
    if x > 0.0 {
        mine > theirs
    } else {
        mine < theirs
    }
}
