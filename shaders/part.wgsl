// part: the accumulators of part of a piece, and what one value adds to them; on integers only. The
// arithmetic is that of `src/stat/key.rs`, `src/stat/moments.rs` and `src/stat/resolution.rs`, on
// the bits of float32 values. Used by `reduce.wgsl`.
//
// Why sums are exact: they are kept as 16-bit limbs in words of 32 bits. One photon adds less than
// 5 * 2^16 to a limb and one row less than 2^16, and a part has at most TILE photons or rows, so no
// limb wraps before its carry is settled; and addition modulo 2^32 does not depend on order.

const NO_KEY: u32 = 0xffffffffu;
const SIGN: u32 = 0x80000000u;
const INFINITY: u32 = 0x7f800000u;

// Accumulators of part of a piece; sums not yet carried.
struct Part {
    photons: u32,
    valid: u32,
    nan: u32,
    positive_infinity: u32,
    negative_infinity: u32,
    out_of_range: u32,
    min: u32,
    max: u32,
    // Sum of q: limbs of two's complement.
    s0: u32, s1: u32, s2: u32, s3: u32, s4: u32, s5: u32,
    // Sum of q squared.
    q0: u32, q1: u32, q2: u32, q3: u32, q4: u32, q5: u32, q6: u32, q7: u32,
}

fn no_part() -> Part {
    return Part(
        0u, 0u, 0u, 0u, 0u, 0u, NO_KEY, 0u,
        0u, 0u, 0u, 0u, 0u, 0u,
        0u, 0u, 0u, 0u, 0u, 0u, 0u, 0u,
    );
}

// The order-preserving key of a value that is not NaN; -0 has the key of +0.
fn key_of(bits: u32) -> u32 {
    if ((bits & ~SIGN) == 0u) {
        return SIGN;
    }
    return select(bits | SIGN, ~bits, (bits & SIGN) != 0u);
}

// q = round-half-even(|x| * 2^E) of a finite x by its magnitude's bits: low word, high word, and 1
// where q has more than 48 bits.
fn quantise(magnitude: u32, exponent: i32) -> vec3<u32> {
    let biased = magnitude >> 23u;
    // Subnormal numbers have no hidden bit, and the exponent of the smallest normal ones.
    let mantissa = (magnitude & 0x7fffffu) | select(0x800000u, 0u, biased == 0u);
    let shift = i32(max(biased, 1u)) - 150 + exponent;
    if (shift < 0) {
        // The mantissa is below 2^24: shifts beyond 25 all give 0.
        let by = u32(min(-shift, 31));
        let whole = mantissa >> by;
        let rest = mantissa & ((1u << by) - 1u);
        let half = 1u << (by - 1u);
        let up = rest > half || (rest == half && (whole & 1u) == 1u);
        return vec3<u32>(whole + u32(up), 0u, 0u);
    }
    if (shift > 47) {
        return vec3<u32>(0u, 0u, u32(mantissa != 0u));
    }
    let by = u32(shift);
    if (by > 24u && (mantissa >> (48u - by)) != 0u) {
        return vec3<u32>(0u, 0u, 1u);
    }
    if (by >= 32u) {
        return vec3<u32>(0u, mantissa << (by - 32u), 0u);
    }
    // A shift by 32 is two shifts by 16.
    let high = (mantissa >> ((32u - by) / 2u)) >> ((33u - by) / 2u);
    return vec3<u32>(mantissa << by, high, 0u);
}

fn add_moments(part: ptr<function, Part>, bits: u32, exponent: i32) {
    let q = quantise(bits & ~SIGN, exponent);
    if (q.z != 0u) {
        (*part).out_of_range += 1u;
        return;
    }
    let a0 = q.x & 0xffffu;
    let a1 = q.x >> 16u;
    let a2 = q.y;
    if ((bits & SIGN) == 0u) {
        (*part).s0 += a0;
        (*part).s1 += a1;
        (*part).s2 += a2;
    } else {
        (*part).s0 -= a0;
        (*part).s1 -= a1;
        (*part).s2 -= a2;
    }
    // Products of two limbs have 32 bits; each half goes to its limb.
    let p00 = a0 * a0;
    let p01 = a0 * a1;
    let p02 = a0 * a2;
    let p11 = a1 * a1;
    let p12 = a1 * a2;
    let p22 = a2 * a2;
    (*part).q0 += p00 & 0xffffu;
    (*part).q1 += (p00 >> 16u) + 2u * (p01 & 0xffffu);
    (*part).q2 += 2u * ((p01 >> 16u) + (p02 & 0xffffu)) + (p11 & 0xffffu);
    (*part).q3 += 2u * ((p02 >> 16u) + (p12 & 0xffffu)) + (p11 >> 16u);
    (*part).q4 += 2u * (p12 >> 16u) + (p22 & 0xffffu);
    (*part).q5 += p22 >> 16u;
}

// Two limbs of two's complement and the carry into them: the word, and the carry out of it.
fn carry_signed(low: u32, high: u32, carry: i32) -> vec2<u32> {
    let l = bitcast<i32>(low) + carry;
    let h = bitcast<i32>(high) + (l >> 16u);
    return vec2<u32>((bitcast<u32>(l) & 0xffffu) | (bitcast<u32>(h) << 16u), bitcast<u32>(h >> 16u));
}

fn carry_unsigned(low: u32, high: u32, carry: u32) -> vec2<u32> {
    let l = low + carry;
    let h = high + (l >> 16u);
    return vec2<u32>((l & 0xffffu) | (h << 16u), h >> 16u);
}
